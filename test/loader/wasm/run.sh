#!/usr/bin/env bash
# The test scripts of WebAssembly modules: the ones in this folder and those that instructions.py writes, converted by wast2json and run by
# `lona wast`: memory 0 behind guard pages, with explicit checks, metered, and with canonical NaNs.  Last line: "N passed, N failed".
set -u
cd "$(dirname "$0")/../../.."
LONA=${LONA:-out/lona}
OUT=out/test-wasm
FEATURES="--enable-exceptions --enable-tail-call --enable-multi-memory --enable-memory64 --enable-extended-const"
passed=0 failed=0
mkdir -p $OUT
python3 test/loader/wasm/instructions.py $OUT || exit 1
python3 test/loader/wasm/try_table.py $OUT || exit 1
cp test/loader/wasm/*.wast $OUT
for script in $OUT/*.wast; do
    if ! wast2json $FEATURES "$script" -o "${script%.wast}.json"; then
        echo "FAIL $script: wast2json does not take it"
        failed=$((failed + 1))
    fi
done
for mode in "" --no-guards --metered --deterministic; do
    output=$(timeout 120 $LONA wast $mode $OUT/*.json 2>&1)
    code=$?
    echo "${mode:-guarded}: $(tail -n 1 <<<"$output")"
    grep FAIL <<<"$output" | head -n 20
    line=$(tail -n 1 <<<"$output")
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
        echo "FAIL $mode: ended with code $code"
        failed=$((failed + 1))
    fi
done
# The same modules with proofs, memory 0 being checked where nothing is proved: what a proof removes must never be missed.
PROVED=$OUT/proved
mkdir -p $PROVED
cp $OUT/*.json $OUT/*.wasm $PROVED
valid=$(comm -23 <(ls $OUT/*.wasm | sort) <($LONA module validate $OUT/*.wasm 2>&1 | sed 's/: offset.*//' | sort))
for module in $valid; do
    timeout 60 $LONA module prove $module -o $PROVED/$(basename $module) || { echo "FAIL prove $module"; failed=$((failed + 1)); }
done | awk '/FAIL/ { print } { proved += $1; all += $3 } END { print "proved: " proved " of " all " accesses" }'
output=$(timeout 120 $LONA wast --no-guards $PROVED/*.json 2>&1)
line=$(tail -n 1 <<<"$output")
echo "with proofs: $line"
grep FAIL <<<"$output" | head -n 20
if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
else
    echo "FAIL with proofs"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
