#!/usr/bin/env bash
# Real programs as modules: the same work done by the native build and by the module; output and exit code must be the same.
# Last line: "N passed, N failed".  RUN says how a module is run (default: out/lona module run).
set -u
cd "$(dirname "$0")/../.."
root=$PWD
built=$root/out/programs
test/programs/build.sh "$built" || { echo "0 passed, 1 failed"; exit 1; }
run=${RUN:-$root/out/lona module run --dir=.}
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compare NAME INPUT ARGUMENT...: in two equal folders
compare() {
    local name=$1 input=$2 what=$1 native module
    shift 2
    what="$name $*"
    for kind in native module; do
        mkdir -p "$scratch/$kind" && cp "$root"/test/programs/inputs/* "$scratch/$kind/" && cp -f "$scratch"/data.* "$scratch/$kind/" 2>/dev/null
        if [ $kind = native ]; then
            (cd "$scratch/$kind" && timeout 60 "$built/$name" "$@" <"$input" >../$kind.out 2>../$kind.err; echo "exit $?" >>../$kind.out)
        else
            (cd "$scratch/$kind" && timeout 120 $run "$built/$name.wasm" "$@" <"$input" >../$kind.out 2>../$kind.err; echo "exit $?" >>../$kind.out)
        fi
    done
    if cmp -s "$scratch/native.out" "$scratch/module.out" && diff -rq "$scratch/native" "$scratch/module" >"$scratch/difference" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        diff "$scratch/native.out" "$scratch/module.out" | head -n 8
        cat "$scratch/module.err" "$scratch/difference" 2>/dev/null | head -n 8
    fi
    rm -rf "$scratch/native" "$scratch/module"
}

{ for i in $(seq 1 9000); do echo "line $((i * i % 7919)) of $i, $((i % 13)) and $((i * 48271 % 65537))"; done; head -c 200000 /dev/zero; } >"$scratch/data.txt"
cp "$scratch/data.txt" "$scratch/data.again"
bzip2_native() { "$built/bzip2" "$@"; }
bzip2_native -k "$scratch/data.again"

compare lua /dev/null run.lua one "two words"
compare lua "$root"/test/programs/inputs/run.lua - from-input
compare lua /dev/null -e 'error("at top")'
compare mujs /dev/null run.js one two
compare bzip2 /dev/null -k data.txt
compare bzip2 "$scratch/data.txt" -9 -c
compare bzip2 /dev/null -t data.again.bz2
compare bzip2 /dev/null -dkf data.again.bz2
compare bzip2 /dev/null -t run.lua
compare sqlite3 "$root"/test/programs/inputs/run.sql :memory:
compare sqlite3 "$root"/test/programs/inputs/run.sql -vfs unix-none -batch -csv new.db
compare sqlite3 /dev/null :memory: "select * from nothing"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
