#!/usr/bin/env bash
# Installs what the build, the tests or the benchmarks need and this machine lacks, through apt, saying what and why.
# Usage: tools/install.sh build|test|modules|machine|bench|prove ...
set -eu

# package | what tells that it is there | why
needs_build='clang-19|command -v clang-19|the one compiler for every target
lld-19|command -v ld.lld-19|the linker
llvm-19|command -v llvm-ar-19|archives and inspection of objects
libc6-dev|test -e /usr/include/stdio.h|headers of the hosted port'
needs_test='libclang-rt-19-dev|test -e /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a -o -e /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-aarch64.a|sanitizers and fuzzing
clang-format-19|command -v clang-format-19|the format check
python3-pexpect|python3 -c "import pexpect"|drives the prompt as a person would
wabt|command -v wast2json|assembles the test scripts of modules; the peer that validation is compared with
dpkg-dev|command -v dpkg-source|source packages of the programs that are built as modules
tcl|command -v tclsh|sqlite is put together with it'
needs_machine='qemu-system-x86|command -v qemu-system-x86_64|the machine that the system boots on
ovmf|test -e /usr/share/OVMF/OVMF_CODE_4M.fd|its UEFI firmware
python3|command -v python3|builds the disk image
swtpm|command -v swtpm|a TPM to measure into
tpm2-tools|command -v tpm2_eventlog|replays what was measured
sbsigntool|command -v sbsign|signs the loader for Secure Boot
openssl|command -v openssl|opens the key that it is signed with
mtools|command -v mdir|checks the disk image
gdisk|test -x /usr/sbin/sgdisk|checks the disk image'
needs_modules='wasi-libc|test -e /usr/include/wasm32-wasi/stdio.h|the C library of modules
libclang-rt-19-dev-wasm32|test -e /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a|what clang calls in modules
nodejs|command -v node|what modules are compared with, results and times; a peer of the language'
needs_bench='gforth|command -v gforth-fast|peer: Forth
erlang-base|command -v erl|peer: processes, messages, maps
lua5.4|command -v lua5.4|peer: interpreted loops and calls
python3|command -v python3|peer: interpreted loops and calls
guile-3.0|command -v guile|peer: a Scheme with a compiler'

needs_prove='frama-c-base|command -v frama-c|proves the kernel core
z3|command -v z3|prover
cvc4|command -v cvc4|prover
why3|command -v why3|hands the goals to the provers'

missing=()
collect() {
    while IFS='|' read -r package test why; do
        if ! sh -c "$test" >/dev/null 2>&1; then
            missing+=("$package")
            echo "missing: $package ($why)"
        fi
    done <<<"$1"
}
for what in "$@"; do
    case $what in
    build) collect "$needs_build" ;;
    test) collect "$needs_test" ;;
    machine) collect "$needs_machine" ;;
    modules) collect "$needs_modules" ;;
    bench) collect "$needs_bench" ;;
    prove) collect "$needs_prove" ;;
    *) echo "install.sh: unknown group '$what'; one of build, test, modules, machine, bench, prove" >&2; exit 2 ;;
    esac
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: install the packages named above by hand, then run make again." >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run this as root, or install sudo." >&2; exit 1; }
    as_root=sudo
fi
echo "installing through apt: ${missing[*]}"
log=$(mktemp)
if ! { $as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt could not install them; the whole output is in $log" >&2
    exit 1
fi
rm -f "$log"
