#!/usr/bin/env python3
"""Benchmarks against peers, side by side in one run.

Usage: bench/run.py [--rounds N] [--quick] [NAME ...]

Each benchmark is run by us and by its peers in turn, N rounds; the table shows medians, the spread (maximum over minimum),
and our ratio to the peer that the target names.  Then each is run at 10 and 100 times the size, to show how the cost grows.
Exit code 0 whether or not a target is met: the table is the result; 1 if a program failed.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LONA = os.path.join(HERE, "..", "out", "lona")
PEERS = os.path.join(HERE, "peers")

# name, unit, base size, sizes for growth, peers, (peer of the target or None, at most this ratio, or absolute value)
BENCHES = [
    ("idle_bytes", "bytes", 100000, [], ["erlang"], (None, 600)),
    ("live_rss_mb", "MB", 1000000, [], ["erlang"], (None, 700)),
    ("spawn", "ns", 100000, [10], ["erlang"], ("erlang", 0.7)),
    ("spawn_exit_monitor", "ns", 100000, [10], ["erlang"], ("erlang", 0.7)),
    ("ping_pong", "ns", 100000, [10], ["erlang"], ("erlang", 0.7)),
    ("ring_hop", "ns", 200000, [10], ["erlang"], ("erlang", 0.7)),
    ("echo_list", "ns", 10000, [10], ["erlang"], ("erlang", 1.0)),
    ("echo_binary", "ns", 10000, [10], ["erlang"], ("erlang", 1.0)),
    ("busy_p99", "ns", 300, [], ["erlang"], ("erlang", 1.0)),
    ("supervisor_restart", "ns", 2000, [10], ["erlang"], ("erlang", 1.0)),
    ("map_insert", "ns", 1000000, [0.01, 0.1], ["erlang"], ("erlang", 0.6)),
    ("map_lookup", "ns", 1000000, [0.01, 0.1], ["erlang"], ("erlang", 0.6)),
    ("vector_conj", "ns", 1000000, [0.01, 0.1, 10], [], (None, 90)),
    ("vector_nth", "ns", 1000000, [0.01, 0.1, 10], [], (None, 40)),
    ("fib", "ns", 30, [], ["lua", "erlang", "python", "guile", "node"], ("lua", 0.8)),
    ("loop_sum", "ns", 10000000, [10], ["lua", "erlang", "python", "guile", "node"], ("lua", 0.8)),
    ("float_loop", "ns", 10000000, [10], ["lua", "erlang", "python", "guile", "node"], ("lua", 0.8)),
    ("string_build", "ns", 300000, [10], ["lua", "erlang", "python", "guile", "node"], ("lua", 0.8)),
    ("gc_pause", "ns", 1000000, [0.01, 0.1], ["erlang"], ("erlang", 1.0)),
    ("redefinition", "ns", 1000, [10], [], (None, 100000)),
    ("start", "ms", 20, [], ["erlang_start"], (None, 10)),
]


def commands(build):
    return {
        "lona": [LONA, os.path.join(HERE, "bench.lona-s")],
        "erlang": ["erl", "+P", "5000000", "-noshell", "-pa", build, "-s", "bench", "main"],
        "lua": ["lua5.4", os.path.join(PEERS, "bench.lua")],
        "python": ["python3", os.path.join(PEERS, "bench.py")],
        "guile": ["guile", os.path.join(PEERS, "bench.scm")],
        "node": ["node", os.path.join(PEERS, "bench.js")],
    }


def run_one(command, name, size):
    done = subprocess.run(command + [name, str(size)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "GUILE_AUTO_COMPILE": "0"})
    lines = done.stdout.split()
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"{' '.join(command)} {name} {size}: code {done.returncode}\n{done.stdout}{done.stderr}")
    return float(lines[-1])


def start_time(who, times):
    command = [LONA, "-e", "1"] if who == "lona" else ["erl", "-noshell", "-eval", "halt()."]
    taken = []
    for _ in range(times):
        t0 = time.perf_counter()
        subprocess.run(command, capture_output=True, timeout=60, check=True)
        taken.append((time.perf_counter() - t0) * 1e3)
    return statistics.median(taken)


def measure(build, who, name, size):
    if name == "start":
        return start_time("lona" if who == "lona" else "erlang", size)
    return run_one(commands(build)[who], name, size)


def show(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds, no growth")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    rounds = 2 if options.quick else options.rounds
    failures = 0
    with tempfile.TemporaryDirectory() as build:
        subprocess.run(["erlc", "-o", build, os.path.join(PEERS, "bench.erl")], check=True)
        print(f"{'benchmark':20} {'unit':5} {'lona':>12} {'spread':>7}  peers (median, spread)  target")
        for name, unit, size, growth, peers, (target_peer, limit) in BENCHES:
            if options.names and name not in options.names:
                continue
            results = {}
            try:
                for _ in range(rounds):
                    for who in ["lona"] + peers:
                        results.setdefault(who, []).append(measure(build, who, name, size))
            except (RuntimeError, subprocess.SubprocessError) as error:
                print(f"{name:20} FAILED: {error}")
                failures += 1
                continue
            ours = statistics.median(results["lona"])
            cells = []
            for peer in peers:
                theirs = statistics.median(results[peer])
                cells.append(f"{peer} {show(theirs)} (x{max(results[peer]) / max(min(results[peer]), 1e-9):.2f}),"
                             f" ratio {ours / theirs:.2f}")
            reached = ours / statistics.median(results[target_peer]) if target_peer else ours
            verdict = "met" if reached <= limit else "MISSED"
            goal = f"<= {limit} x {target_peer}" if target_peer else f"<= {limit} {unit}"
            spread = max(results["lona"]) / max(min(results["lona"]), 1e-9)
            print(f"{name:20} {unit:5} {show(ours):>12} x{spread:5.2f}   {'; '.join(cells)}  [{goal}: {verdict}]", flush=True)
            if growth and not options.quick:
                parts = []
                for factor in growth:
                    try:
                        parts.append(f"x{factor}: {show(measure(build, 'lona', name, int(size * factor)))}")
                    except (RuntimeError, subprocess.SubprocessError) as error:
                        parts.append(f"x{factor}: failed ({str(error).splitlines()[0]})")
                        failures += 1
                print(f"{'':20} at other sizes: {', '.join(parts)}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
