#!/usr/bin/env bash
# Checks the C sources against .clang-format and the library against lona fmt.  Last line: "N passed, N failed", a count of files.
set -u
passed=0 failed=0
for file in $(find abi base boot kernel spec loader runtime forth test -name '*.c' | sort); do
    if clang-format-19 --dry-run -Werror "$file" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not formatted (make format): $file"
    fi
done
would_change=$(timeout 60 out/lona fmt --check lib 2>&1) || would_change=${would_change:-"lona fmt --check lib failed"}
if [ -z "$would_change" ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "$would_change" | sed 's/^/not formatted (lona fmt lib): /'
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
