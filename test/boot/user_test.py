#!/usr/bin/env python3
"""Runs the kernel's user-mode suite in QEMU, and checks what kernel paths cost, in instructions, against their limits.

Usage: user_test.py     Last line: "N passed, N failed".
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from qemu import OUT, Machine  # noqa: E402

SECONDS = 240
# What the instruction counter may say: a little above what it said last, so that a path that grows is seen.
LIMITS = {"null-word": 130, "signal-nobody-waits": 240, "signal-to-waiting": 520, "call-reply-round-trip-with-user-code": 1300,
          "revoke-each": 200, "domain-create-and-start": 400000}


def run(disk, extra=(), cpus=2):
    with Machine(OUT / disk, extra=extra, cpus=cpus) as machine:
        machine.expect([" failed\n", " failed\r\n", "panic:"], SECONDS)
        machine.expect(["\n==== end"], 2) if "panic:" in machine.text else None
        machine.ended(10)
        return machine.text.partition("kernel: Lona")[2]


def counts(text):
    found = re.findall(r"(\d+) passed, (\d+) failed", text)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 1)


def main():
    text = run("suite.disk")
    print(text)
    passed, failed = counts(text)
    if passed < 150:
        failed += 1
        print("FAIL the suite did not run to its end")
    text = run("measure.disk", ["-icount", "shift=0,sleep=off"], cpus=1)
    measured = {m[1]: int(m[2]) for m in re.finditer(r"measure (\S+) (\d+)", text)}
    print(measured)
    for name, limit in LIMITS.items():
        good = name in measured and measured[name] <= limit
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok  ' if good else 'FAIL'} {name}: {measured.get(name)} instructions, at most {limit}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
