#!/usr/bin/env python3
"""Reads a crash dump from a serial log and names what its addresses belong to.

Usage: decode-dump.py LOG [KERNEL.elf.debug]     default: out/x86_64/kernel.elf.debug
"""
import re
import subprocess
import sys

LOWEST, HIGHEST = 0xFFFFFFFF80000000, 0xFFFFFFFF81000000


def symbols(path):
    lines = subprocess.run(["llvm-nm-19", "--defined-only", path], capture_output=True, text=True, check=True).stdout.split("\n")
    table = sorted((int(line.split()[0], 16), line.split()[2]) for line in lines if " t " in line.lower())
    return table


def name(table, address):
    best = None
    for start, symbol in table:
        if start > address:
            break
        best = (start, symbol)
    return f"{best[1]}+{address - best[0]:#x}" if best else "?"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    log = open(sys.argv[1], errors="replace").read()
    table = symbols(sys.argv[2] if len(sys.argv) > 2 else "out/x86_64/kernel.elf.debug")
    panic = re.search(r"panic: (.*)", log)
    if panic:
        print(f"panic: {panic[1].strip()}")
        for word in re.findall(r"\b[0-9a-f]{16}\b", panic[1]):
            if LOWEST <= int(word, 16) < HIGHEST:
                print(f"  {word}  {name(table, int(word, 16))}")
    dump = log.partition("==== lona dump 1")[2].partition("==== end")[0]
    if not dump:
        sys.exit("decode-dump: there is no dump in the log")
    for line in dump.strip().splitlines():
        words = line.split()
        if words[:1] == ["cpu"]:
            print(f"cpu {words[1]}: context {int(words[2], 16)}, domain {int(words[3], 16)}")
        elif words[:1] == ["stack"]:
            for i, word in enumerate(words[2:]):
                if LOWEST <= int(word, 16) < HIGHEST:
                    print(f"  {int(words[1], 16) + 8 * i:x}: {word}  {name(table, int(word, 16))}")


main()
