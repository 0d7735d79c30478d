#!/usr/bin/env bash
# Runs unit test programs, each with a time limit; sums up their "N passed, N failed" lines.
set -u
passed=0 failed=0
for t in "$@"; do
    output=$(timeout 300 "$t" 2>&1)
    code=$?
    line=$(printf '%s\n' "$output" | grep -aE '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)
    if [ -z "$line" ]; then
        printf '%s\n' "$output" | tail -n 40
        echo "FAIL $t: ended with code $code and no result"
        failed=$((failed + 1))
        continue
    fi
    p=${line%% passed*} f=${line#*, }
    f=${f%% failed*}
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$f" -ne 0 ] || [ "$code" -ne 0 ]; then
        printf '%s\n' "$output" | tail -n 40
        [ "$f" -ne 0 ] || failed=$((failed + 1))
        echo "FAIL $t (code $code)"
    else
        echo "ok   $t ($p)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
