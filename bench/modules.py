#!/usr/bin/env python3
"""Benchmarks of the loader: modules against native code and other engines, side by side in one run.

Usage: bench/modules.py [--rounds N] [PROGRAM ...]

Three tables.  Running: each program of bench/modules, built by clang -O2 for this machine and as a module, run by us, by
node (V8, its optimising compiler from the first call) and natively, in turn, N rounds; medians of what the programs themselves measured, the
spread (maximum over minimum), our ratios.  Translating: validation against V8's, validation and first tier together against V8's baseline
compiler (Liftoff, one thread), and how the time grows with the size.  Starting: an instance of a loaded module; what metering costs.
A program whose result differs between two sides is an error.
"""
import argparse
import math
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
OUT = os.path.join(ROOT, "out", "bench-modules")
LONA = os.path.join(ROOT, "out", "lona")
PEERS = os.path.join(HERE, "peers")
PROGRAMS = sorted(f[:-2] for f in os.listdir(os.path.join(HERE, "modules")) if f.endswith(".c"))
LIFTOFF = ["node", "--no-wasm-lazy-compilation", "--liftoff-only", "--single-threaded"]


def build(name):
    source = os.path.join(HERE, "modules", name + ".c")
    native, module = os.path.join(OUT, name), os.path.join(OUT, name + ".wasm")
    commands = [
        (native, ["clang-19", "-O2", "-march=x86-64-v2", source, "-lm", "-o", native]),
        (module, ["clang-19", "--target=wasm32-wasi", "-O2", "-msimd128", source, "-lm", "-o", module]),
    ]
    for target, command in commands:
        if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
            subprocess.run(command, check=True)
    return native, module


def output(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=OUT)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def sides(native, module):
    return {
        "native": [native],
        "V8": ["node", "--no-warnings", "--no-liftoff", os.path.join(PEERS, "module_run.mjs"), module],
        "lona": [LONA, "module", "run", module],
        "metered": [LONA, "module", "run", "--meter", module],
    }


def run_program(name, rounds):
    commands = sides(*build(name))
    times = {side: [] for side in commands}
    results = set()
    for _ in range(rounds):
        for side, command in commands.items():
            result, ns = output(command).split()
            results.add(result)
            times[side].append(int(ns))
    if len(results) != 1:
        sys.exit(f"{name}: results differ: {results}")
    return times


def spread(values):
    return max(values) / max(min(values), 1)


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def running(programs, rounds):
    print(f"{'program':<12}{'native ms':>11}{'V8 ms':>9}{'lona ms':>9}{'spread':>8}{'lona/native':>13}{'lona/V8':>9}{'metered':>9}")
    to_native, to_v8, metering = [], [], []
    for name in programs:
        times = run_program(name, rounds)
        native, v8, lona = (statistics.median(times[side]) for side in ("native", "V8", "lona"))
        to_native.append(lona / native)
        to_v8.append(lona / v8)
        metering.append(statistics.median(times["metered"]) / lona)
        print(f"{name:<12}{native / 1e6:>11.1f}{v8 / 1e6:>9.1f}{lona / 1e6:>9.1f}{spread(times['lona']):>8.2f}"
              f"{lona / native:>13.2f}{lona / v8:>9.2f}{metering[-1]:>9.2f}", flush=True)
    print(f"geometric mean of {len(programs)} programs: {geometric_mean(to_native):.2f} x native clang -O2, "
          f"{geometric_mean(to_v8):.2f} x V8 (wanted: first tier 2.2 x native; second 1.5 x native, 1.15 x V8)")
    print(f"with metering: {geometric_mean(metering):.2f} of the time without (wanted: 1.15)")


def lona_times(module, *options):
    """What `lona module time` prints: NAME NUMBER on each line; times in nanoseconds, medians."""
    lines = output([LONA, "module", "time", *options, module]).split("\n")
    return {line.split()[0]: float(line.split()[1]) for line in lines if line}


def translating(modules, rounds):
    print(f"\n{'module':<14}{'bytes':>9}{'validate':>11}{'V8':>9}{'ratio':>7}{'translate':>11}{'Liftoff':>9}{'ratio':>7}{'MB/s':>7}")
    for name, module in modules:
        size = os.path.getsize(module)
        validate, v8_validate, both, liftoff = [], [], [], []
        for _ in range(rounds):
            ours = lona_times(module)
            validate.append(ours["validate"])
            both.append(ours["validate"] + ours["translate"])
            v8_validate.append(float(output(["node", os.path.join(PEERS, "module_time.mjs"), "validate", module])))
            liftoff.append(float(output(LIFTOFF + [os.path.join(PEERS, "module_time.mjs"), "compile", module])))
        v, w, b, l = map(statistics.median, (validate, v8_validate, both, liftoff))
        print(f"{name:<14}{size:>9}{v / 1e6:>9.2f}ms{w / 1e6:>7.2f}ms{v / w:>7.2f}{b / 1e6:>9.2f}ms{l / 1e6:>7.2f}ms"
              f"{b / l:>7.2f}{size / b * 1e3:>7.0f}", flush=True)
    print("wanted: validate 0.7 x V8's, validate and translate together 0.5 x Liftoff's; the columns of one program at three "
          "sizes show that the time is linear")


def many_times(module, copies):
    """A module with the code of `module` that many times: what grows is the number of functions."""
    target = module.replace(".wasm", f"-{copies}.wasm")
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(module):
        with open(module, "rb") as f:
            data = f.read()
        with open(target, "wb") as f:
            f.write(repeat_functions(data, copies))
    return target


def leb(n):
    out = bytearray()
    while True:
        out.append(n & 0x7F | (0x80 if n > 0x7F else 0))
        n >>= 7
        if n == 0:
            return bytes(out)


def read_leb(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        n |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return n, at


def repeat_functions(data, copies):
    """Sections function (3) and code (10) repeated; calls keep their targets, custom sections go."""
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        kind = data[at]
        size, begin = read_leb(data, at + 1)
        body = data[begin:begin + size]
        at = begin + size
        if kind == 0:
            continue
        if kind in (3, 10):
            count, items = read_leb(body, 0)
            body = leb(count * copies) + body[items:] * copies
        out += bytes([kind]) + leb(len(body)) + body
    return bytes(out)


def starting(module):
    plain = lona_times(module)
    print(f"\nan instance of a loaded module: {plain['start'] / 1e3:.1f} us (wanted: 20)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"some of: {' '.join(PROGRAMS)}")
    options = parser.parse_args()
    unknown = set(options.programs) - set(PROGRAMS)
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    os.makedirs(OUT, exist_ok=True)
    running(options.programs or PROGRAMS, options.rounds)
    if options.programs:
        return
    _, words = build("words")
    modules = [("words", words), ("words x 10", many_times(words, 10)), ("words x 100", many_times(words, 100))]
    big = os.path.join(ROOT, "out", "programs")
    modules += [(name, os.path.join(big, name + ".wasm")) for name in ("lua", "sqlite3") if os.path.exists(os.path.join(big, name + ".wasm"))]
    translating(modules, options.rounds)
    starting(words)


main()
