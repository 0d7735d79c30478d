#!/usr/bin/env bash
# Checks that docs/reference says what the tables say.  Last line: "N passed, N failed", a count of pages.
set -u
passed=0 failed=0
for file in docs/reference/*.md; do
    if out/reference "$(basename "$file" .md)" | cmp -s - "$file"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $file is not what the tables say (make reference)"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
