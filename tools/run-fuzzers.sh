#!/usr/bin/env bash
# Runs libFuzzer programs, each for a number of seconds, from an empty corpus that is kept in out/fuzz/corpus.
# Usage: [FUZZ_SEED=n] tools/run-fuzzers.sh SECONDS PROGRAM...  Last line: "N passed, N failed", a count of programs.
set -u
seconds=$1
shift
passed=0 failed=0
for program in "$@"; do
    name=$(basename "$program")
    corpus=out/fuzz/corpus/$name
    mkdir -p "$corpus"
    if timeout $((seconds + 120)) "$program" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=10 -rss_limit_mb=4096 -max_len=4096 \
        -artifact_prefix="out/fuzz/$name-" "$corpus" >"out/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $name: $(grep -a 'Done' "out/fuzz/$name.log" | tail -n 1)"
    else
        failed=$((failed + 1))
        tail -n 30 "out/fuzz/$name.log"
        echo "FAIL $name: the input is in out/fuzz/$name-*"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
