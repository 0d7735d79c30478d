#!/usr/bin/env python3
"""Random definitions, run natively and threaded: the same results and exceptions, or one engine is wrong.

Usage: random_test.py LONA [--seed N] [--rounds N].  Last line: "N passed, N failed"."""
import argparse
import random
import subprocess
import sys

UNARY = "dup drop negate abs 1+ 1- 2* 2/ invert 0= 0<> 0< 0> cells cell+ s>d ?dup".split()
BINARY = "+ - * and or xor = <> < > <= >= u< u> min max swap over nip tuck 2dup 2drop / mod lshift rshift /mod".split()
MORE = "rot -rot 2swap 2over within um* depth * 2rot pick roll".split()


def number(r):
    return str(r.choice([r.randint(-9, 9), r.randint(-9, 9), r.randint(-70, 70), 1 << 40, -(1 << 63), (1 << 63) - 1, 8]))


def body(r, words, level, in_loop):
    out = []
    for _ in range(r.randint(1, 7)):
        k = r.random()
        if k < 0.28:
            out.append(number(r))
        elif k < 0.45:
            out.append(r.choice(UNARY))
        elif k < 0.68:
            out.append(r.choice(BINARY))
        elif k < 0.73:
            out.append(r.choice(MORE))
        elif k < 0.80:
            where = "buf %d cells +" % r.randint(0, 9) if r.random() < 0.85 else ""
            out.append(where + " " + r.choice(["@", "c@", "2@", "!", "c!", "+!", "2!", "count"]))
        elif k < 0.83 and words:
            out.append(r.choice(words))
        elif level < 3 and k < 0.88:
            out += [r.choice(["", "dup"]), "if", *body(r, words, level + 1, in_loop)]
            if r.random() < 0.5:
                out += ["else", *body(r, words, level + 1, in_loop)]
            out.append("then")
        elif level < 3 and k < 0.92:
            step = r.choice(["loop", "2 +loop", "1 +loop"])
            inner = body(r, words, level + 1, in_loop + 1)
            if r.random() < 0.3:
                inner += ["dup 5 > if leave then"]
            out += [str(r.randint(1, 5)), str(r.randint(-2, 3)), r.choice(["do", "?do"]), "spend", *inner, step]
        elif level < 3 and k < 0.94:
            out += ["begin spend", *body(r, words, level + 1, in_loop), "dup 10 > until"]
        elif k < 0.97:
            inner = [w for w in body(r, words, 3, 0) if w not in ("i", "j")]
            out += [">r", *inner, r.choice(["r>", "r@ r>", "r> drop"])]
        elif in_loop:
            out.append("i" if in_loop == 1 or r.random() < 0.6 else "j")
        elif r.random() < 0.3:
            out.append("exit")
        else:
            out.append("dup drop")
    return out


def program(r):
    lines = ["create buf 16 cells allot  variable fuel", ": spend -1 fuel +! fuel @ 0< if 77 throw then ;",
             ": show depth 0 ?do . loop ;"]
    words = []
    for i in range(r.randint(1, 6)):
        name = "w%d" % i
        code = body(r, words, 0, 0)
        if r.random() < 0.2 and "exit" not in code:
            code = ["{: a b :}", *[r.choice([w, "a", "b"]) if r.random() < 0.15 and w[:1] in set("-0123456789") else w for w in code]]
        lines.append(": %s %s ;" % (name, " ".join(w for w in code if w)))
        words.append(name)
        for _ in range(4):  # the third time it is native
            args = " ".join(number(r) for _ in range(r.randint(*r.choice([(20, 40), (0, 9)]))))
            lines.append(": go 2000 fuel ! %s %s show ; ' go catch . cr" % (args, name))
            lines.append("buf @ . buf 8 cells + @ .")
        lines.append(": again 3 0 do 2000 fuel ! ['] go catch . loop ; again")
    return "\n".join(lines) + "\n"


def run(lona, options, path):
    done = subprocess.run([lona, "forth", *options, path], capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    text = done.stdout.decode("latin1")
    return done.returncode, text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lona")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=150)
    o = parser.parse_args()
    passed = failed = 0
    for seed in range(o.seed, o.seed + o.rounds):
        path = "random-%d.fth" % seed
        with open(path, "w") as f:
            f.write(program(random.Random(seed)))
        native, threaded = run(o.lona, [], path), run(o.lona, ["--threaded"], path)
        eager = run(o.lona, ["--eager"], path)
        if " -4 " not in threaded[1] and eager != threaded:
            native = eager
        if native == threaded and native[0] in (0, 1):
            passed += 1
        elif " -4 " in native[1] and " -4 " in threaded[1] and native[0] in (0, 1):
            continue  # native code tells an underflow at the begin of a block: what happened before it differs
        else:
            failed += 1
            print("FAIL seed %d: native %d, threaded %d" % (seed, native[0], threaded[0]))
            for a, b in zip(native[1].split("\n"), threaded[1].split("\n")):
                if a != b:
                    print("  native   %s\n  threaded %s" % (a[:200], b[:200]))
                    break
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


sys.exit(main())
