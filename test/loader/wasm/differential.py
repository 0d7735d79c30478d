#!/usr/bin/env python3
"""Mutated modules, judged by `lona module validate` and by wabt's wasm-validate: both must say the same.

Usage: differential.py LONA SECONDS SEED FOLDER: FOLDER holds .wasm files to start from.  Last line: "N passed, N failed".
Where the two differ on purpose stands in `expected`, with the reason.
"""
import glob
import os
import random
import subprocess
import sys
import tempfile
import time

FEATURES = ['--enable-exceptions', '--enable-tail-call', '--enable-multi-memory', '--enable-memory64', '--enable-extended-const']


def mutate(data, others, random_):
    data = bytearray(data)
    for _ in range(random_.choice([1, 1, 1, 2, 4])):
        at = random_.randrange(min(8, len(data) - 1), len(data))
        kind = random_.randrange(6)
        if kind == 0:
            data[at] = random_.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << random_.randrange(8)
        elif kind == 2:  # an instruction for another one
            data[at] = random_.choice([0x00, 0x0b, 0x1a, 0x20, 0x41, 0x45, 0x6a, 0x7c, 0x92, 0xa7, 0x02, 0x03, 0x04, 0x05, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x7f, 0x7e])
        elif kind == 3:  # a byte of the same file elsewhere
            data[at] = data[random_.randrange(len(data))]
        elif kind == 4 and len(data) > 12:  # two neighbours change places
            other = min(at + 1, len(data) - 1)
            data[at], data[other] = data[other], data[at]
        else:
            data[at] = (data[at] + random_.choice([1, -1])) & 0xff
    return bytes(data)


def wabt_says(path):
    r = subprocess.run(['wasm-validate'] + FEATURES + [path], capture_output=True, text=True)
    return r.returncode == 0, r.stderr.strip().split('\n')[0]


def lona_says(lona, path):
    r = subprocess.run([lona, 'module', 'validate', path], capture_output=True, text=True)
    if r.returncode not in (0, 1):
        return None, 'ended with %d' % r.returncode
    return r.returncode == 0, r.stderr.strip()


def expected(ours, our_text, theirs, their_text):
    """A difference that is known and right."""
    reasons = [
        # wabt 1.0.32 knows neither exnref nor try_table nor tables with 64-bit indices
        ours and 'unexpected opcode: 0x1f' in their_text, ours and 'unexpected opcode: 0xa' in their_text,
        ours and 'expected valid' in their_text and '-0x17' in their_text, ours and 'tables may not be 64-bit' in their_text,
        ours and 'table may not be 64-bit' in their_text, ours and 'ref.null type' in their_text,
        # wabt lets a body end with blocks open, and a data count stand without data
        theirs and 'unexpected end of section or function (rule END)' in our_text, theirs and '(rule DATA_COUNT)' in our_text,
        # ours keeps to a limit of its own
        not ours and 'too large' in our_text,
    ]
    return any(reasons)


def main():
    lona, seconds, seed, folder = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    random_ = random.Random(seed)
    # small files: a change in a large one is mostly in the body of a function like any other
    files = sorted(f for f in glob.glob(os.path.join(folder, '*.wasm')) if 0 < os.path.getsize(f) < 6000)
    refused = subprocess.run([lona, 'module', 'validate'] + files, capture_output=True, text=True).stderr
    files = [open(f, 'rb').read() for f in files if f + ': ' not in refused] * 3 + [open(f, 'rb').read() for f in random_.sample(files, 60)]
    passed = failed = valid = 0
    end = time.time() + seconds
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, 'mutant.wasm')
        while time.time() < end and failed < 20:
            data = mutate(random_.choice(files), files, random_)
            with open(path, 'wb') as f:
                f.write(data)
            (ours, our_text), (theirs, their_text) = lona_says(lona, path), wabt_says(path)
            valid += theirs
            if ours == theirs or expected(ours, our_text, theirs, their_text):
                passed += 1
                continue
            failed += 1
            kept = 'out/differential-%d.wasm' % failed
            with open(kept, 'wb') as f:
                f.write(data)
            print('FAIL %s: lona %s (%s), wabt %s (%s)' % (kept, ours, our_text, theirs, their_text))
    print('%d of them valid' % valid)
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(failed > 0)


main()
