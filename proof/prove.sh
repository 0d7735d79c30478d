#!/usr/bin/env bash
# Proves kernel/core with Frama-C/WP: every run-time error and every contract of each file.  Usage: proof/prove.sh [--quick | FILE ...]
# --quick: the files that carry the promises (derive and revoke, budgets, ownership, lives of objects).  Last line: "N passed, N failed",
# a count of goals.  A goal that no prover discharges is a failure; so is a file that Frama-C does not accept.
set -u
cd "$(dirname "$0")/.."
QUICK="ownership pebbles capability object"
# page.c touches user memory through the machine's pointer: its contracts are assumed (proof/README.md)
ALL=$(ls kernel/core/*.c | sed 's|.*/||; s|\.c$||' | grep -vx page)
files=("$@")
[ $# -eq 0 ] && files=($ALL)
[ "${1:-}" = --quick ] && files=($QUICK)
out=out/proof
mkdir -p $out
# a Why3 configuration of our own, that names the provers installed here
export WHY3CONFIG=$PWD/$out/why3.conf
[ -s "$WHY3CONFIG" ] || why3 config detect >$out/why3.log 2>&1
passed=0 failed=0

# The equation of budgets is proved in pebbles.c: nobody else may write what it is about.
if grep -nE 'domain\[[^]]*\]\.(limit|used|carved|free) *([-+]?=[^=]|\+\+|--)' kernel/core/*.c | grep -v '^kernel/core/pebbles.c:' | grep -vE '/\*@|ensures'; then
    echo "FAIL a budget is written outside pebbles.c"
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi
# And the state of a region only changes in ownership.c.
if grep -nE 'region\[[^]]*\]\.state *=[^=]' kernel/core/*.c | grep -v '^kernel/core/ownership.c:'; then
    echo "FAIL the state of a region is written outside ownership.c"
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi

for file in "${files[@]}"; do
    log=$out/$file.log
    begin=$SECONDS
    # a table of transitions is proved entry by entry
    split=() && [ "$file" = ownership ] && split=(-wp-split)
    nice frama-c -machdep gcc_x86_64 -c11 -cpp-extra-args="-I. -D__FRAMAC__" kernel/core/"$file".c -wp -wp-rte -wp-model Typed \
        -wp-prover cvc4,z3 -wp-timeout "${PROVE_SECONDS:-20}" -wp-par 2 ${split[@]+"${split[@]}"} >"$log" 2>&1
    line=$(grep -a 'Proved goals:' "$log" | tail -n 1)
    proved=$(sed -E 's/.*: *([0-9]+) .*/\1/' <<<"$line") goals=$(sed -E 's/.*\/ *([0-9]+).*/\1/' <<<"$line")
    if [ -z "$line" ]; then
        echo "FAIL $file: no result (whole output: $log)"
        failed=$((failed + 1))
        continue
    fi
    printf '%-18s %4d of %4d goals (%d s)\n' "$file" "$proved" "$goals" $((SECONDS - begin))
    grep -a '\[Failed\]\|\[wp\].*Goal.*\(Unknown\|Timeout\|Failed\)' "$log" | grep -av Valid | sed 's/^/FAIL /'
    passed=$((passed + proved)) failed=$((failed + goals - proved))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
