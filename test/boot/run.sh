#!/usr/bin/env bash
# The tests that need QEMU.  Last line: the sum, "N passed, N failed".
set -u
cd "$(dirname "$0")"
passed=0 failed=0
for test in user_test.py boot_test.py; do
    output=$(timeout 600 python3 "$test" 2>&1)
    printf '%s\n' "$output"
    line=$(printf '%s\n' "$output" | grep -aE '^[0-9]+ passed, [0-9]+ failed$' | tail -n 1)
    if [ -z "$line" ]; then
        failed=$((failed + 1))
        continue
    fi
    passed=$((passed + ${line%% passed*}))
    line=${line#*, }
    failed=$((failed + ${line%% failed*}))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
