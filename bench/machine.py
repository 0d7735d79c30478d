#!/usr/bin/env python3
"""The machine's part of `make bench`: instructions of kernel paths (exact, under QEMU's -icount), sizes, time to the prompt."""
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test" / "boot"))
from qemu import OUT, Machine  # noqa: E402

WANTED = {"null-word": 40, "signal-to-waiting": 150, "call-reply-round-trip-with-user-code": 300, "revoke-each": 200,
          "domain-create-and-start": 400000}


def row(what, value, wanted=""):
    print(f"| {what} | {value} | {wanted} |")


def main():
    with Machine(OUT / "measure.disk", extra=["-icount", "shift=0,sleep=off"], cpus=1) as machine:
        machine.expect([" failed\r\n"], 240)
        measured = {m[1]: int(m[2]) for m in re.finditer(r"measure (\S+) (\d+)", machine.text)}
    with Machine(OUT / "lona.disk") as machine:
        machine.expect(["kernel: Lona"], 240)
        start = time.monotonic()
        up = machine.expect(["lona> "], 240)
        seconds = time.monotonic() - start
    print("| machine (QEMU, emulated) | measured | wanted at most |\n|---|---|---|")
    for name, value in measured.items():
        row(f"{name}, instructions", value, WANTED.get(name, ""))
    row("kernel image, KiB", (OUT / "kernel.elf").stat().st_size // 1024, 256)
    row("kernel entry to prompt, s", f"{seconds:.2f}" if up else "-", 1)


main()
