"""The Python side of the benchmarks.  Usage: python3 bench.py NAME SIZE; prints nanoseconds an operation."""
import sys
import time


def fib(k):
    return k if k < 2 else fib(k - 1) + fib(k - 2)


def loop_sum(n):
    s = i = 0
    while i < n:
        s += i * 3 % 7
        i += 1
    return s


def float_loop(n):
    s, x, i = 0.0, 1.0, 0
    while i < n:
        s, x = s + x * 0.5, x * 1.0000001 - s * 1.0e-9
        i += 1
    return s


def string_build(n):
    return "".join(f"{i}," for i in range(n))


name, n = sys.argv[1], int(sys.argv[2])
function = {"fib": fib, "loop_sum": loop_sum, "float_loop": float_loop, "string_build": string_build}[name]
start = time.perf_counter_ns()
function(n)
print((time.perf_counter_ns() - start) / (1 if name == "fib" else n))
