#!/usr/bin/env python3
"""The Forth system against gforth and gforth-fast, side by side in one run.

Usage: bench/forth.py [--rounds N] [NAME ...]

Times are seconds of processor time (user), medians; the spread is maximum over minimum of ours; the ratio is to gforth-fast, the
target for programs at most 0.5.  All sides print what they computed, and it has to agree.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LONA = os.path.join(HERE, "..", "out", "lona")
SOURCE = os.path.join(HERE, "forth", "bench.fth")
PROGRAMS = [("fib", 35), ("sieve", 2000), ("matrix", 150), ("bubble", 100), ("string", 150), ("empty", 400000000)]


def run(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
    wall = time.monotonic() - begin
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, wall, done


def median(values):
    return statistics.median(values)


def program(name, size, rounds):
    text = "%d bench-%s bye" % (size, name)
    commands = {
        "lona": [LONA, "forth", SOURCE, "-e", text],
        "lona --threaded": [LONA, "forth", "--threaded", SOURCE, "-e", text],
        "gforth-fast": ["gforth-fast", SOURCE, "-e", text],
        "gforth": ["gforth", SOURCE, "-e", text],
    }
    times = {c: [] for c in commands}
    printed = {}
    for _ in range(rounds):
        for c, command in commands.items():
            seconds, _, done = run(command)
            times[c].append(seconds)
            printed[c] = done.stdout.split()
    if any(p != printed["lona"] for p in printed.values()):
        print("%s: results differ: %s" % (name, printed))
        return False
    ours = times["lona"]
    print("%-12s %8.3f  %5.2f  %10.3f  %11.3f  %8.3f   %5.2f  %s" % (
        name, median(ours), max(ours) / max(min(ours), 1e-9), median(times["lona --threaded"]), median(times["gforth-fast"]),
        median(times["gforth"]), median(ours) / median(times["gforth-fast"]),
        "met" if median(ours) <= 0.5 * median(times["gforth-fast"]) else "not met"))
    return True


def dictionary(rounds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "words.fth")
        with open(path, "w") as f:
            for i in range(100000):
                f.write(": word%d dup %d + swap drop if 1 else 2 then ;\n" % (i, i))
        ours = [run([LONA, "forth", path, "-e", "bye"])[0] for _ in range(rounds)]
        peer = [run(["gforth", "-m", "128M", path, "-e", "bye"])[0] for _ in range(rounds)]
    print("100,000 words compiled: %.3f s, gforth %.3f s (%.2f)" % (median(ours), median(peer), median(ours) / median(peer)))


def start(rounds):
    ours = [run([LONA, "forth", "--quiet", "-e", ".( ok) bye"])[1] for _ in range(rounds * 5)]
    peer = [run(["gforth", "-e", "bye"])[1] for _ in range(rounds * 5)]
    print("start to ok: %.1f ms, gforth %.1f ms (wall time, the start of a program included)" % (min(ours) * 1000, min(peer) * 1000))


def heat(rounds):
    text = "35 bench-fib 1000 bench-sieve bye"
    with_heat, without = [], []
    for _ in range(rounds * 2):
        with_heat.append(run([LONA, "forth", SOURCE, "-e", text])[0])
        without.append(run([LONA, "forth", "--no-heat", SOURCE, "-e", text])[0])
    print("gathering heat: %.3f s with, %.3f s without (best of each): %+.1f %%" % (
        min(with_heat), min(without), (min(with_heat) / min(without) - 1) * 100))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    good = True
    print("%-12s %8s  %5s  %10s  %11s  %8s   %5s" % ("Forth", "lona s", "spread", "threaded s", "gforth-fast", "gforth", "ratio"))
    for name, size in PROGRAMS:
        if not o.names or name in o.names:
            good = program(name, size, o.rounds) and good
    if not o.names:
        dictionary(min(o.rounds, 3))
        start(o.rounds)
        heat(o.rounds)
    return 0 if good else 1


sys.exit(main())
