#!/usr/bin/env bash
# Boots out/x86_64/lona.disk in QEMU: OVMF firmware, emulation, two processors, serial console on the terminal.
# Usage: tools/qemu.sh [QEMU-OPTION ...].  Ctrl-a x ends it.
set -eu
cd "$(dirname "$0")/.."
variables=$(mktemp)
trap 'rm -f "$variables"' EXIT
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$variables"
qemu-system-x86_64 -machine q35 -accel tcg -cpu max -smp 2 -m 512 -nodefaults -no-reboot -display none -vga std \
    -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
    -drive if=pflash,format=raw,unit=1,file="$variables" \
    -drive if=none,id=disk,format=raw,readonly=on,file=out/x86_64/lona.disk -device virtio-blk-pci,drive=disk,bootindex=0 \
    -chardev stdio,id=console,mux=on,signal=off -serial chardev:console -mon chardev=console "$@"
