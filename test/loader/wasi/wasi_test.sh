#!/usr/bin/env bash
# `lona module run` as a program's whole world: what it was given works, what it was not given is refused.  Last line: "N passed, N failed".
set -u
cd "$(dirname "$0")/../../.."
root=$PWD
lona=${LONA:-$root/out/lona}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
clang-19 --target=wasm32-wasi -O1 -Wno-infinite-recursion test/loader/wasi/probe.c -o "$work/probe.wasm" || { echo "0 passed, 1 failed"; exit 1; }
mkdir -p "$work/box/folder"
echo secret >"$work/secret"
echo inside >"$work/box/inside"
ln -s ../secret "$work/box/link"
ln -s .. "$work/box/out"

# expect NAME WANTED-CODE WANTED-TEXT ARGUMENT...: the text must be the whole output, or stand in the messages if it begins with "~"
expect() {
    local name=$1 code=$2 text=$3 got
    shift 3
    timeout 60 "$lona" module run "$@" >"$work/got" 2>"$work/messages" </dev/null
    got=$?
    if [ "$got" -eq "$code" ] && { if [ "${text:0:1}" = "~" ]; then grep -qF -- "${text:1}" "$work/messages"; else [ "$(cat "$work/got")" = "$text" ]; fi; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: code $got, wanted $code"
        diff <(echo "$text") "$work/got" | head -n 10
        head -n 5 "$work/messages"
    fi
}

probe=$work/probe.wasm
expect arguments 0 $'1 [arguments]\n2 [two words]\n3 []\nFOO=1=2 BAR=-' --env=FOO=1=2 "$probe" arguments "two words" ""
expect "no arguments" 71 "" --deny=arguments "$probe" arguments
expect "exit code" 37 "" "$probe" exit 37
expect clock 0 $'clock ok\nslept ok' "$probe" clock
expect "no clock" 0 $'clock refused\nslept not' --deny=clock "$probe" clock
expect random 0 "random ok" "$probe" random
expect "no random" 0 "random refused" --deny=random "$probe" random
expect "no console" 0 "" --deny=console "$probe" random
expect "a trap" 134 "~unreachable" "$probe" trap
expect "too deep" 134 "~trap: " "$probe" deep
expect "a wild pointer" 134 "~out of bounds memory access" "$probe" wild
expect "a wild pointer, checked" 134 "~out of bounds memory access" --checked "$probe" wild
expect "out of fuel" 134 "~out of fuel" --fuel=10000000 "$probe" forever
expect "not deterministic" 1 "~unknown import" --deterministic "$probe" exit 0
expect "no folder" 0 $'open ../secret: refused\nopen /etc/passwd: refused\nopen link: refused\nopen folder/../../secret: refused\nopen out/secret: refused\nopen ./../secret: refused\nopen folder/../inside: refused\nrename refused\nunlink refused\nmkdir refused\nsymlink refused\ncreate through a link refused' "$probe" escapes
expect "a folder and no more" 0 $'open ../secret: refused\nopen /etc/passwd: refused\nopen link: refused\nopen folder/../../secret: refused\nopen out/secret: refused\nopen ./../secret: refused\nopen folder/../inside: opened\nrename refused\nunlink refused\nmkdir refused\nsymlink refused\ncreate through a link refused' "--dir=$work/box:." "$probe" escapes
[ -e "$work/secret" ] && [ ! -e "$work/new" ] && [ ! -e "$work/made" ] && [ ! -e "$work/stolen" ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAIL something happened outside the folder"; }
files=$'open ok\nwrite 11\nseek 6\nread 5\ntext world\npread 4 ello\npwrite 1\nfstat ok\nsize 11 regular 1\ntruncate ok\nclose ok\nappend 1\nclose ok\nmkdir ok\nrename ok\ncontents Jell!\nentries 303\nrmdir of a full one Directory not empty\nunlink ok\nrmdir ok\nmissing No such file or directory\nexclusive File exists\nfolder as file Is a directory\nopen files 252'
expect files 0 "$files" "--dir=$work/box:." "$probe" files
expect "a missing folder" 1 "~No such file or directory" "--dir=$work/nowhere" "$probe" files
expect "no module" 1 "~magic header" "$root/README.md" 
expect "no file" 1 "~No such file" "$work/nothing.wasm"
expect "unknown option" 2 "~usage" --nonsense "$probe"
head -c 300000 /dev/urandom >"$work/in"
timeout 60 "$lona" module run "$probe" copy <"$work/in" >"$work/copy"
if cmp -s "$work/in" "$work/copy"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL copy of standard input"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
