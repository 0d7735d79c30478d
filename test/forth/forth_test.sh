#!/usr/bin/env bash
# The Forth system's suite: the word sets in native and in threaded code, errors and their places, the command line.
# Last line: "N passed, N failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
lona=$here/../../out/lona
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
passed=0 failed=0

count() { # NAME OUTPUT: adds the counts that a program printed
    local line
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1)
    if [ -z "$line" ]; then
        failed=$((failed + 1))
        echo "FAIL $1: no result"
        tail -n 5 "$2"
        return
    fi
    passed=$((passed + ${line%% passed*}))
    line=${line#*, }
    if [ "${line%% failed*}" -ne 0 ]; then
        failed=$((failed + ${line%% failed*}))
        echo "$1:"
        grep -a -A1 FAIL "$2"
    fi
}
expect() { # NAME WANTED-CODE WANTED-TEXT COMMAND...: exit code, and text somewhere in the output
    local name=$1 code=$2 text=$3 got
    shift 3
    timeout 10 "$@" >out.txt 2>&1 </dev/null
    got=$?
    if [ "$got" -eq "$code" ] && grep -aqF -- "$text" out.txt; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: code $got, wanted $code; wanted text: $text"
        head -n 5 out.txt
    fi
}

for mode in "" --threaded --eager; do
    for file in "$here"/*.fth; do
        name=$(basename "$file" .fth)
        [ "$name" = tester ] && continue
        timeout 30 "$lona" forth --quiet $mode "$here/tester.fth" "$file" >out.txt 2>&1 </dev/null
        count "$name $mode" out.txt
    done
done

expect help 0 "usage: lona forth" "$lona" forth --help
expect wrong-option 2 "unknown option" "$lona" forth --nonsense
expect text 0 "7 " "$lona" forth -e '3 4 + .'
expect bye 0 "1 " "$lona" forth -e '1 . bye 1 0 /'
expect missing-file 1 "non-existent file" "$lona" forth none.fth
printf ': a 1 ;\n: b a nosuch ;\n' >bad.fth
expect place 1 "bad.fth:2:7: undefined word: nosuch (-13)" "$lona" forth bad.fth
expect caret 1 "        ^^^^^^" "$lona" forth bad.fth
printf ': c drop drop ;\n1 c\n' >under.fth
expect place-of-run 1 "under.fth:2:3: stack underflow (-4)" "$lona" forth under.fth
expect abort-text 1 "e.fth:1:26: told so" bash -c "echo ': q abort\" told so\" ;  1 q' > e.fth; $lona forth e.fth"
expect see 0 ": sq DUP * ;" "$lona" forth -e ': sq dup * ; see sq'
expect see-loop 0 "LOOP:" "$lona" forth -e ': lp 10 0 do i . loop ; see lp'
expect help-word 0 "DUP ( x -- x x )" "$lona" forth -e 'help dup'
expect words 0 "EVALUATE" "$lona" forth -e 'words'
expect dump 0 "68 65 6C 6C" "$lona" forth -e 's" hello" dump'
expect dot-s 0 "<2> 1 2" "$lona" forth -e '1 2 .s'
expect memory-small 1 "dictionary overflow (-8)" "$lona" forth --memory=1 -e '2000000 allot'
expect quit-to-console 0 "12  ok" bash -c "echo '5 + .' | $lona forth --quiet -e '7 quit'"
expect prompt-piped 0 " ok" bash -c "echo '1 2 + .' | $lona forth"
expect vm0 0 "ok" "$lona" forth --vm0 -e 'bye'
expect vm0-echo 0 "hi there" "$lona" forth --vm0 -e 'echo-vm s" hi there" msg send recv text type bye'
expect vm0-console 0 "through the service" "$lona" forth --vm0 -e 'console-vm s" through the service" msg send yield yield yield yield 20 ms bye'
expect vm0-block 0 "1024 32 ok no" "$lona" forth --vm0 -e 'create m 9 , 82 c, 3 , block-vm m send recv dup @ . cell+ c@ . create w 1033 , 87 c, 3 , 1024 allot block-vm w send recv text type space block-vm s" x" msg send recv text type bye'
expect vm0-restart 0 "echo again" "$lona" forth --vm0 -e 'echo-vm kill-vm yield yield yield yield 20 ms supervise echo-vm s" alive" msg send recv text type bye'
expect vm-console-denied 0 "3 64" "$lona" forth --vm0 -e ': img msg ; s" 65 emit" img 0 spawn-vm drop yield yield yield yield 20 ms event? . swap . . drop bye'
timeout 30 python3 "$here/random_test.py" "$lona" --rounds 40 >out.txt 2>&1
count random out.txt
timeout 40 python3 "$here/prompt_test.py" "$lona" >out.txt 2>&1
count prompt out.txt
expect interrupt 1 "user interrupt (-28)" bash -c "$lona forth -e ': spin begin again ; spin' & p=\$!; sleep 0.5; kill -INT \$p; wait \$p"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
