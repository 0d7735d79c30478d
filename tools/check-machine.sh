#!/usr/bin/env bash
# Compiles everything that will run on the bare machine for the bare machine, and checks what the design promises of it:
# freestanding (no libc header is found), warning free, no writable data.  Last line: "N passed, N failed".
set -u
passed=0 failed=0
for target in x86_64-unknown-none-elf aarch64-unknown-none-elf; do
    for source in "$@"; do
        object=out/machine/$target/${source%.c}.o
        mkdir -p "$(dirname "$object")"
        if [ ! -e "$object" ] || [ -n "$(find $source $(cat "${object%.o}.d" 2>/dev/null | tr -d '\\' | sed 's/^[^:]*://') -newer "$object" 2>/dev/null | head -n 1)" ]; then
            if ! clang-19 --target=$target -std=gnu11 -O1 -ffreestanding -nostdlibinc -fno-pic -fno-strict-aliasing -fwrapv \
                -I. -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -MMD -MF "${object%.o}.d" -c "$source" -o "$object"; then
                echo "FAIL $source does not compile for $target"
                failed=$((failed + 1))
                continue
            fi
        fi
        writable=$(llvm-readelf-19 -S --wide "$object" | awk '
            { sub(/^ *\[ *[0-9]+\]/, "") }
            $7 ~ /W/ && $7 ~ /A/ && $5 !~ /^0+$/ { print $1 " (" $5 " bytes)" }')
        if [ -n "$writable" ]; then
            echo "FAIL $source has writable data for $target: $writable"
            failed=$((failed + 1))
        else
            passed=$((passed + 1))
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
