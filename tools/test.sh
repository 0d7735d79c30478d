#!/usr/bin/env bash
# The whole test suite.  Each stage prints what it did; its last line "N passed, N failed" is counted; the sum is the last
# line of all.  Usage: tools/test.sh [STAGE ...]; without arguments every stage in order.  tools/test.sh --list names them.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0
LOGS=out/test-logs
mkdir -p $LOGS

# stage NAME SECONDS COMMAND...
stage() {
    local name=$1 seconds=$2
    shift 2
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
    local log=$LOGS/$name.log begin=$SECONDS line code p f
    timeout "$seconds" "$@" >"$log" 2>&1 </dev/null
    code=$?
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    if [ -z "$line" ]; then
        p=0 f=1
        tail -n 30 "$log"
        echo "$name: ended with code $code and no result (whole output: $log)"
    else
        p=${line%% passed*}
        f=${line#*, } f=${f%% failed*}
        if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
        [ "$f" -eq 0 ] || { grep -aE 'FAIL|ERROR|not true|failed|error:|broken|would change|not formatted' "$log" | head -n 40; tail -n 15 "$log"; }
    fi
    printf '%-18s %6d passed, %d failed (%d s)\n' "$name" "$p" "$f" $((SECONDS - begin))
    passed=$((passed + p)) failed=$((failed + f))
}

list() { sed -nE 's/^stage ([a-z-]+) .*# (.*)$/\1\t\2/p' "$0" | expand -t 20; }
[ "${1:-}" = --list ] && { list; exit 0; }
wanted=("$@")

MAKE="make -s -j2"
stage build 900 bash -c "$MAKE lona && echo '1 passed, 0 failed'" # out/lona with its image
stage lint 300 $MAKE lint # include rules, formatting
stage machine 600 $MAKE machine # freestanding, no writable data, for both machine targets
stage unit 900 $MAKE unit # C unit tests
stage unit-asan 1500 $MAKE unit V=asan # the same under AddressSanitizer and UBSan
stage unit-tsan 1200 $MAKE unit-tsan # scheduler tests under ThreadSanitizer
stage language 600 out/lona test test/lona # the language suite
stage vision 300 out/lona test test/vision # the vision's examples
stage prompt 300 python3 test/prompt/prompt_test.py # the prompt, driven as a person would
stage guide 200 python3 test/guide/guide_test.py # the tour, typed from the first line to the last
stage tools 300 bash test/tools/tools_test.sh # the command line
stage forth 60 bash test/forth/forth_test.sh # Forth: word sets, errors, VMs, prompt
stage wasm 300 bash test/loader/wasm/run.sh # WebAssembly: every instruction, every rule, linking, exceptions
stage modules-random 120 python3 test/loader/translate/differential.py --modules 250 # random modules: results, traps, memory as V8 has them
stage wasi 120 bash test/loader/wasi/wasi_test.sh # what a command-line module was given works, what it was not is refused
stage programs 900 bash test/programs/programs_test.sh # programs of Debian as modules, compared with native builds
stage wasm-differential 60 python3 test/loader/wasm/differential.py out/lona 10 1 out/test-wasm # mutated modules: wabt's validator must say the same
stage hostile 600 bash test/hostile/hostile_test.sh # input made to do harm
stage language-stress 1500 $MAKE language-stress # the language suite, collecting and switching all the time
stage language-asan 1500 $MAKE language-asan # the language suite under the sanitizers
stage failalloc 600 $MAKE failalloc-short # each allocation failing once
stage boot 1200 $MAKE boot-test # the machine in QEMU: every refusal of the loader, TPM, the kernel from user mode
stage prove 900 bash proof/prove.sh --quick # the promises of the kernel core, by Frama-C/WP (make prove: all files)
stage fuzz 400 $MAKE fuzz-short # libFuzzer, a bounded time each

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
