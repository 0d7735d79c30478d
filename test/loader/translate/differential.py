#!/usr/bin/env python3
"""Random modules run by us and by node (V8): results, traps and memory must be the same.

Usage: differential.py [--seed N] [--modules N] [--lona PATH] [--keep FOLDER] [--option OPTION]...
Functions are random typed code with blocks, loops (a counter bounds them), branches, tables of branches, calls direct and through a table, exceptions, memory
of all widths, globals, several results, integers, floats and vectors.  V8's answers become a test script (assert_return, assert_trap) that
`lona wast` runs once for each set of options.  Last line: "N passed, N failed".
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
I32, I64, F32, F64, V128 = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B
NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64"}


def leb(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        out.append(byte | (0x80 if n else 0))
        if not n:
            return bytes(out)


def sleb(n):
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        done = (n == 0 and not byte & 0x40) or (n == -1 and byte & 0x40)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def instructions():
    """From the project's own table: signature -> list of (code, immediate, extra)."""
    by_signature = {}
    pattern = re.compile(r'WASM_OP\((\w+), "([^"]*)", (0x[0-9a-f]+), (\w+), (\d+), (\w+)\)')
    with open(os.path.join(ROOT, "spec", "wasm_ops.def")) as f:
        for name, text, code, immediate, extra, signature in pattern.findall(f.read()):
            by_signature.setdefault(signature, []).append((int(code, 16), immediate, int(extra)))
    return by_signature


LETTERS = {"i": I32, "I": I64, "f": F32, "F": F64, "v": V128, "a": I32}
OPS = {}
for signature, ops in instructions().items():
    if "_" in signature and signature != "special":
        operands, result = signature.split("_")
        if result:
            usable = [op for op in ops if op[1] in ("NONE", "LANE", "SHUFFLE", "MEMORY_ACCESS", "MEMORY_LANE")]
            OPS.setdefault(LETTERS[result], []).extend((op, [LETTERS[x] for x in operands]) for op in usable)
STORES = [(op, [LETTERS[x] for x in s.split("_")[0]]) for s, ops in instructions().items() if s.startswith("a") and s.endswith("_") for op in ops]
# results of these may differ in a NaN's bits, which others could make visible
NAN_BITS = {0xBC, 0xBD, 0x98, 0xA6, 0x213, 0x214, 0x220, 0x222} | set(range(0x38, 0x3A)) | set(range(0x2A, 0x2C))


# What exceptions carry, by tag.
TAGS = [[I32], [F64, I64], []]


class Function:
    def __init__(self, maker, params, results, index):
        self.m, self.r = maker, maker.r
        self.params, self.results, self.index = params, results, index
        self.locals = [self.r.choice(maker.types) for _ in range(self.r.choice([0, 1, 3, 6, 12, 20]))]
        self.types = params + self.locals + [I32]
        self.counter = len(self.types) - 1
        self.labels = []
        self.budget = self.r.randrange(20, 220)
        self.calls_left = self.r.choice([0, 1, 2, 3])

    def const(self, t):
        r = self.r
        if t == I32:
            return b"\x41" + sleb(r.choice([0, 1, -1, 2, 7, 31, 32, 255, 256, 65535, -2**31, 2**31 - 1, r.getrandbits(32) - 2**31]))
        if t == I64:
            return b"\x42" + sleb(r.choice([0, 1, -1, 63, 64, 2**31, -2**31, 2**32, -2**63, 2**63 - 1, r.getrandbits(64) - 2**63]))
        if t == F32:
            bits = r.choice([0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x4F000000, 0xCF000000, 1, r.getrandbits(32)])
            if bits & 0x7F800000 == 0x7F800000 and bits & 0x7FFFFF:
                bits = 0x7FC00000
            return b"\x43" + bits.to_bytes(4, "little")
        if t == F64:
            bits = r.choice([0, 1 << 63, 0x3FF0000000000000, 0x7FF0000000000000, 0xC1E0000000000000, 0x43E0000000000000, 1, r.getrandbits(64)])
            if bits & 0x7FF0000000000000 == 0x7FF0000000000000 and bits & (2**52 - 1):
                bits = 0x7FF8000000000000
            return b"\x44" + bits.to_bytes(8, "little")
        return b"\xfd\x0c" + bytes(r.getrandbits(8) for _ in range(16))

    def local_of(self, t):
        return [i for i, x in enumerate(self.types[:-1]) if x == t]

    def address(self, depth):
        """Mostly inside the memory of one page."""
        if self.r.random() < 0.01:
            return self.expr(I32, depth)
        return self.expr(I32, depth) + b"\x41" + sleb(self.r.choice([0xFF, 0xFFF, 0xFFF8, 0x7FFF])) + b"\x71"

    def memarg(self, extra):
        offset = self.r.choice([0, 0, 0, 1, 4, 8, 100, 65535, 65536, 2**31, 2**32 - 1]) if self.r.random() < 0.02 else self.r.choice([0, 4, 8, 16])
        return leb(self.r.randrange(extra + 1)) + leb(offset)

    def op(self, op, operands, depth):
        code, immediate, extra = op
        out = b""
        for k, t in enumerate(operands):
            out += self.address(depth + 1) if k == 0 and immediate in ("MEMORY_ACCESS", "MEMORY_LANE") else self.expr(t, depth + 1)
        out += bytes([code]) if code < 0x100 else (b"\xfc" if code < 0x200 else b"\xfd") + leb(code & 0xFF)
        if immediate in ("MEMORY_ACCESS", "MEMORY_LANE"):
            out += self.memarg(extra)
        if immediate == "MEMORY_LANE":
            out += bytes([self.r.randrange(16 >> extra)])
        if immediate == "LANE":
            out += bytes([self.r.randrange(extra)])
        if immediate == "SHUFFLE":
            style = self.r.random()
            if style < 0.3:
                out += b"".join(bytes(range(first, first + 4)) for first in (4 * self.r.randrange(4) for _ in range(4)))
            else:
                out += bytes(self.r.randrange(32 if style < 0.8 else 16) for _ in range(16))
        return out

    def block_type(self, results):
        if not results:
            return b"\x40"
        if len(results) == 1:
            return bytes([results[0]])
        return sleb(self.m.type_index([], results))

    def branch_values(self, label, depth):
        return b"".join(self.expr(t, depth + 1) for t in label)

    def expr(self, t, depth=0):
        r = self.r
        self.budget -= 1
        names = self.local_of(t)
        if depth > 7 or self.budget < 0:
            return b"\x20" + leb(r.choice(names)) if names and r.random() < 0.7 else self.const(t)
        x = r.random()
        if x < 0.15 and names:
            return b"\x20" + leb(r.choice(names))
        if x < 0.25:
            return self.const(t)
        if x < 0.32 and names:
            return self.expr(t, depth + 1) + b"\x22" + leb(r.choice(names))
        if x < 0.36:
            a, b, c = self.expr(t, depth + 1), self.expr(t, depth + 1), self.expr(I32, depth + 1)
            return a + b + c + (b"\x1b" if t != V128 or r.random() < 0.5 else b"\x1c\x01" + bytes([t]))
        if x < 0.41:
            self.labels.append([t])
            out = b"\x02" + bytes([t]) + self.statements(depth + 1, 2) + self.expr(t, depth + 1) + b"\x0b"
            self.labels.pop()
            return out
        if x < 0.46:
            c = self.expr(I32, depth + 1)
            self.labels.append([t])
            out = c + b"\x04" + bytes([t]) + self.expr(t, depth + 1) + b"\x05" + self.statements(depth + 1, 1) + self.expr(t, depth + 1) + b"\x0b"
            self.labels.pop()
            return out
        if x < 0.50:
            targets = [i for i, label in enumerate(reversed(self.labels)) if label == [t]]
            if targets:
                return self.expr(t, depth + 1) + self.expr(I32, depth + 1) + b"\x0d" + leb(r.choice(targets))
        if x < 0.56 and self.calls_left:
            callees = [f for f in self.m.signatures[self.index + 1:] if f[1] == [t]]
            if callees:
                self.calls_left -= 1
                params, results, index = r.choice(callees)
                out = b"".join(self.expr(p, depth + 1) for p in params)
                if r.random() < 0.5:
                    return out + b"\x10" + leb(index)
                slot = index if r.random() < 0.98 else r.randrange(len(self.m.signatures) + 3)
                if slot > self.index or slot >= len(self.m.signatures):
                    return out + b"\x41" + sleb(slot) + b"\x11" + leb(self.m.type_index(params, results)) + b"\x00"
                return out + b"\x10" + leb(index)
        if x < 0.60 and t != V128:
            return b"\x23" + leb(self.m.globals.index(t))
        for _ in range(20):
            op, operands = r.choice(OPS[t])
            if 0xA8 <= op[0] <= 0xB1 and op[0] not in (0xAC, 0xAD) and r.random() < 0.95 or op[0] in NAN_BITS or (V128 in operands and V128 not in self.m.types) or 0x2A <= op[0] <= 0x2B:
                continue
            if t == V128 and self.m.float_vector(op[0]):
                continue
            return self.op(op, operands, depth)
        return self.const(t)

    def statement(self, depth):
        r = self.r
        self.budget -= 1
        x = r.random()
        if self.budget < 0 or depth > 6:
            return b"\x01"
        if self.m.throws and r.random() < 0.12:
            return self.attempt(depth)
        if self.m.throws and r.random() < 0.06:
            tag = r.randrange(len(TAGS))
            condition = self.expr(I32, depth + 1)
            self.labels.append([])
            values = b"".join(self.expr(t, depth + 1) for t in TAGS[tag])
            self.labels.pop()
            return condition + b"\x04\x40" + values + b"\x08" + leb(tag) + b"\x0b"
        if x < 0.3:
            i = r.randrange(len(self.types) - 1) if len(self.types) > 1 else None
            if i is not None:
                return self.expr(self.types[i], depth + 1) + b"\x21" + leb(i)
        if x < 0.42:
            op, operands = r.choice(STORES)
            if op[0] not in NAN_BITS and (V128 in self.m.types or V128 not in operands):
                return self.op(op, operands, depth)
        if x < 0.5:
            t = r.choice(self.m.globals)
            return self.expr(t, depth + 1) + b"\x24" + leb(self.m.globals.index(t))
        if x < 0.62:
            c = self.expr(I32, depth + 1)
            self.labels.append([])
            out = c + b"\x04\x40" + self.statements(depth + 1, 3) + (b"\x05" + self.statements(depth + 1, 2) if r.random() < 0.5 else b"") + b"\x0b"
            self.labels.pop()
            return out
        if x < 0.74:  # a loop that goes round while the function's counter lasts
            self.labels.append([])
            down = b"\x20" + leb(self.counter) + b"\x41\x01\x6b\x22" + leb(self.counter)
            out = b"\x03\x40" + down + b"\x41\x58\x48\x04\x40\x00\x0b" + self.statements(depth + 1, 3)  # too often: a trap
            out += down + b"\x41\x00\x4a"
            out += self.expr(I32, depth + 1) + b"\x71\x0d\x00\x0b"
            self.labels.pop()
            return out
        if x < 0.82:
            results = [r.choice(self.m.types) for _ in range(r.choice([0, 0, 2, 3]))]
            self.labels.append(results)
            out = b"\x02" + self.block_type(results) + self.statements(depth + 1, 3) + self.branch_values(results, depth) + b"\x0b"
            self.labels.pop()
            return out + b"\x1a" * len(results)
        if x < 0.88:
            i = r.randrange(len(self.labels))
            label = self.labels[-1 - i]
            out = self.branch_values(label, depth) + self.expr(I32, depth + 1) + b"\x0d" + leb(i)
            return out + b"\x1a" * len(label)
        if x < 0.92:
            i = r.randrange(len(self.labels))
            label = self.labels[-1 - i]
            same = [k for k, other in enumerate(reversed(self.labels)) if other == label]
            count = r.randrange(5)
            # only behind a condition, or what follows would never run
            condition = self.expr(I32, depth + 1)
            self.labels.append([])
            inner = self.branch_values(label, depth) + self.expr(I32, depth + 1)
            self.labels.pop()
            inner += b"\x0e" + leb(count) + b"".join(leb(r.choice(same) + 1) for _ in range(count + 1))
            return condition + b"\x04\x40" + inner + b"\x0b"
        if x < 0.95:
            return self.bulk(depth)
        return self.expr(r.choice(self.m.types), depth + 1) + b"\x1a"

    def attempt(self, depth):
        r = self.r
        self.labels.append([])
        out = b"\x06\x40" + self.statements(depth + 1, 4)
        if r.random() < 0.2:
            self.labels.pop()
            return out + b"\x18" + leb(r.randrange(len(self.labels)))
        for tag in r.sample(range(len(TAGS)), r.randrange(1, len(TAGS) + 1)):
            out += b"\x07" + leb(tag)
            for t in reversed(TAGS[tag]):
                names = self.local_of(t)
                out += b"\x21" + leb(r.choice(names)) if names else b"\x1a"
            out += self.statements(depth + 1, 2)
            if r.random() < 0.3:
                out += self.expr(I32, depth + 1) + b"\x04\x40\x09\x01\x0b"
        if r.random() < 0.4:
            out += b"\x19" + self.statements(depth + 1, 2)
        self.labels.pop()
        return out + b"\x0b"

    def bulk(self, depth):
        small = b"\x41\xff\x01\x71"
        a, b, c = (self.expr(I32, depth + 1) + small for _ in range(3))
        return a + b + c + (b"\xfc\x0b\x00" if self.r.random() < 0.5 else b"\xfc\x0a\x00\x00")

    def statements(self, depth, most):
        return b"".join(self.statement(depth) for _ in range(self.r.randrange(most + 1)))

    def body(self):
        self.labels.append(self.results)
        code = b"\x41\x04\x21" + leb(self.counter) + self.statements(0, 8) + self.branch_values(self.results, 0)
        declared = self.locals + [I32]
        head = leb(len(declared)) + b"".join(b"\x01" + bytes([t]) for t in declared)
        whole = head + code + b"\x0b"
        return leb(len(whole)) + whole


# The memory's contents as one number: for (i = 0; i < 65536; i += 8) h = h * 31 + word(i)
HASH = (b"\x02\x01\x7f\x01\x7e\x03\x40\x20\x01\x42\x1f\x7e\x20\x00\x29\x03\x00\x7c\x21\x01"
        b"\x20\x00\x41\x08\x6a\x22\x00\x41\x80\x80\x04\x49\x0d\x00\x0b\x20\x01\x0b")


class Module:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.types = [I32, I64, F32, F64] + ([V128] if self.r.random() < 0.4 else [])
        self.globals = [I32, I64, F32, F64] + ([V128] if V128 in self.types else [])
        self.throws = self.r.random() < 0.4
        self.signatures = []
        self.type_list = []
        for i in range(self.r.randrange(1, 6)):
            params = [self.r.choice(self.types if i else [I32, I64, F32, F64]) for _ in range(self.r.choice([0, 1, 2, 4, 8, 14]))]
            results = [self.r.choice(self.types if i else [I32, I64, F32, F64]) for _ in range(self.r.choice([1, 1, 1, 1, 2, 4]))]
            self.signatures.append((params, results, i))
        for p, q, _ in self.signatures:
            self.type_index(p, q)

    FLOAT_VECTORS = set(range(0x267, 0x26B)) | {0x274, 0x275, 0x27A, 0x294, 0x25E, 0x25F} | set(range(0x2E3, 0x2EC)) | set(range(0x2EF, 0x2F8))

    def float_vector(self, code):
        """Lanes that are NaN may have any sign: results would be compared bit by bit."""
        return code in self.FLOAT_VECTORS

    def type_index(self, params, results):
        entry = (tuple(params), tuple(results))
        if entry not in self.type_list:
            self.type_list.append(entry)
        return self.type_list.index(entry)

    def section(self, kind, items):
        body = leb(len(items)) + b"".join(items)
        return bytes([kind]) + leb(len(body)) + body

    def binary(self):
        bodies = [Function(self, p, q, i).body() for p, q, i in self.signatures]
        own = [self.type_index(p, q) for p, q, _ in self.signatures] + [self.type_index([], [I64])]
        bodies.append(leb(len(HASH)) + HASH)
        tags = [self.type_index(t, []) for t in TAGS] if self.throws else []
        vec = lambda types: leb(len(types)) + bytes(types)
        out = b"\0asm\1\0\0\0"
        out += self.section(1, [b"\x60" + vec(p) + vec(q) for p, q in self.type_list])
        out += self.section(3, [leb(t) for t in own])
        out += self.section(4, [b"\x70\x00" + leb(len(self.signatures) + 1)])
        out += self.section(5, [b"\x01\x01\x02"])
        inits = {I32: b"\x41\x07", I64: b"\x42\x09", F32: b"\x43" + bytes(4), F64: b"\x44" + bytes(8), V128: b"\xfd\x0c" + bytes(range(16))}
        if self.throws:
            out += self.section(13, [b"\x00" + leb(t) for t in tags])
        out += self.section(6, [bytes([t, 1]) + inits[t] + b"\x0b" for t in self.globals])
        exports = [b"\x01f\x00\x00", b"\x01h\x00" + leb(len(self.signatures))]
        out += self.section(7, exports)
        out += self.section(9, [b"\x00\x41\x00\x0b" + leb(len(self.signatures)) + b"".join(leb(i) for i in range(len(self.signatures)))])
        out += self.section(10, bodies)
        out += self.section(11, [b"\x00\x41\x10\x0b" + leb(200) + bytes(self.r.getrandbits(8) for _ in range(200))])
        return out


NODE = r"""
const fs = require('fs');
const jobs = JSON.parse(fs.readFileSync(process.argv[2]));
const buffer = new DataView(new ArrayBuffer(8));
const out = [];
function decode(type, bits) {
  if (type == 'i32') return Number(BigInt.asIntN(32, BigInt(bits)));
  if (type == 'i64') return BigInt.asIntN(64, BigInt(bits));
  buffer.setBigUint64(0, BigInt(bits), true);
  return type == 'f32' ? buffer.getFloat32(0, true) : buffer.getFloat64(0, true);
}
function encode(type, v) {
  if (type == 'i32') return String(v >>> 0);
  if (type == 'i64') return String(BigInt.asUintN(64, v));
  if (Number.isNaN(v)) return 'nan:arithmetic';
  if (type == 'f32') { buffer.setFloat32(0, v, true); return String(buffer.getUint32(0, true)); }
  buffer.setFloat64(0, v, true); return String(buffer.getBigUint64(0, true));
}
for (const job of jobs) {
  let results = [];
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(job.file)));
    for (const call of job.calls) {
      let r;
      try {
        let v = instance.exports.f(...call.map(([t, b]) => decode(t, b)));
        if (job.results.length == 1) v = [v];
        r = { values: [...v].map((x, i) => encode(job.results[i], x)) };
      } catch (e) { r = { trap: String(e.message || e) }; }
      results.push(r);
    }
    results.push({ values: [encode('i64', instance.exports.h())] });
  } catch (e) { results = String(e); }
  out.push(results);
}
console.log(JSON.stringify(out));
"""


def random_bits(r, t):
    if t == I32:
        return r.choice([0, 1, 2**32 - 1, 2**31, r.getrandbits(32), r.randrange(100)])
    if t == I64:
        return r.choice([0, 1, 2**64 - 1, 2**63, r.getrandbits(64), r.randrange(100)])
    if t == F32:
        return r.choice([0, 0x80000000, 0x3F800000, 0x7F800000, 0x42280000, r.getrandbits(30)])
    return r.choice([0, 1 << 63, 0x3FF0000000000000, 0x4045000000000000, r.getrandbits(62) & ~(1 << 61)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modules", type=int, default=200)
    parser.add_argument("--lona", default=os.path.join(ROOT, "out", "lona") + " wast")
    parser.add_argument("--keep", default=None)
    parser.add_argument("--option", action="append", default=[])
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    jobs = []
    for i in range(options.modules):
        m = Module(options.seed * 1000003 + i)
        name = os.path.join(folder, f"m{i}.wasm")
        with open(name, "wb") as f:
            f.write(m.binary())
        params, results, _ = m.signatures[0]
        calls = [[[NAMES[t], str(random_bits(m.r, t))] for t in params] for _ in range(4)]
        jobs.append({"file": name, "calls": calls, "results": [NAMES[t] for t in results]})
    with open(os.path.join(folder, "jobs.json"), "w") as f:
        json.dump(jobs, f)
    with open(os.path.join(folder, "run.js"), "w") as f:
        f.write(NODE)
    done = subprocess.run(["node", os.path.join(folder, "run.js"), os.path.join(folder, "jobs.json")], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"node: {done.stderr[:500]}\n0 passed, 1 failed")
    commands, line, bad = [], 0, 0
    for job, answers in zip(jobs, json.loads(done.stdout)):
        if isinstance(answers, str):
            print(f"FAIL the generator made an invalid module: {job['file']}: {answers[:300]}")
            bad += 1
            continue
        line += 1
        commands.append({"type": "module", "line": line, "filename": os.path.basename(job["file"])})
        hashing = {"type": "assert_return", "line": line, "action": {"type": "invoke", "field": "h", "args": []},
                   "expected": [{"type": "i64", "value": answers[-1]["values"][0]}]}
        for call, answer in zip(job["calls"], answers):
            line += 1
            action = {"type": "invoke", "field": "f", "args": [{"type": t, "value": b} for t, b in call]}
            if "trap" in answer:
                kind = "assert_exhaustion" if "stack" in answer["trap"] else "assert_trap"
                commands.append({"type": kind, "line": line, "action": action, "text": "", "expected": []})
            else:
                expected = [{"type": t, "value": v} for t, v in zip(job["results"], answer["values"])]
                commands.append({"type": "assert_return", "line": line, "action": action, "expected": expected})
        commands.append(hashing)
    script = os.path.join(folder, "script.json")
    with open(script, "w") as f:
        json.dump({"source_filename": "random", "commands": commands}, f)
    passed, failed = 0, bad
    sets = [options.option] if options.option else [[], ["--checked"], ["--metered"], ["--deterministic"], ["--plain"]]
    traps = sum(c["type"] != "assert_return" for c in commands)
    print(f"{len(jobs)} modules, {traps} traps among {sum(len(j['calls']) for j in jobs)} calls")
    for extra in sets:
        ran = subprocess.run(options.lona.split() + ["--any-text"] + extra + [script], capture_output=True, text=True, timeout=60)
        lines = ran.stdout.strip().split("\n")
        counts = re.match(r"(\d+) passed, (\d+) failed", lines[-1])
        if not counts or (ran.returncode != 0 and counts[2] == "0"):
            print(f"FAIL {extra}: ended with {ran.returncode}: {ran.stdout[-300:]}{ran.stderr[-600:]}")
            failed += 1
            continue
        passed += int(counts[1])
        failed += int(counts[2])
        if int(counts[2]):
            print(f"FAIL with {extra} (in {folder}):", *lines[:6], sep="\n")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
