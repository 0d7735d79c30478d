#!/usr/bin/env python3
"""Writes a test script for the current encoding of exceptions (try_table, throw_ref, exnref), which wast2json does not know.

Usage: try_table.py OUT-DIRECTORY.  The module is assembled here, byte by byte.
"""
import json
import os
import sys

I32, I64, EXNREF, EMPTY = 0x7f, 0x7e, 0x69, 0x40


def u(n):
    out = b''
    while n >= 0x80:
        out, n = out + bytes([n & 0x7f | 0x80]), n >> 7
    return out + bytes([n])


def s(n):
    out = b''
    while not -64 <= n < 64:
        out, n = out + bytes([n & 0x7f | 0x80]), n >> 7
    return out + bytes([n & 0x7f])


def vector(items):
    return u(len(items)) + b''.join(items)


def section(number, data):
    return bytes([number]) + u(len(data)) + data


def text(name):
    return u(len(name)) + name.encode()


def func_type(params, results):
    return b'\x60' + u(len(params)) + bytes(params) + u(len(results)) + bytes(results)


GET = lambda i: b'\x20' + u(i)
SET = lambda i: b'\x21' + u(i)
CONST = lambda n: b'\x41' + s(n)
CALL = lambda f: b'\x10' + u(f)
BR = lambda l: b'\x0c' + u(l)
BR_IF = lambda l: b'\x0d' + u(l)
THROW = lambda t: b'\x08' + u(t)
THROW_REF, END, RETURN, DROP, UNREACHABLE, ADD, SUB, EQZ, AND, EQ = (bytes([b]) for b in (
    0x0a, 0x0b, 0x0f, 0x1a, 0x00, 0x6a, 0x6b, 0x45, 0x71, 0x46))
BLOCK = lambda t: b'\x02' + bytes([t])
LOOP = lambda t: b'\x03' + bytes([t])
IF = lambda t: b'\x04' + bytes([t])
CATCH = lambda tag, label: b'\x00' + u(tag) + u(label)
CATCH_REF = lambda tag, label: b'\x01' + u(tag) + u(label)
CATCH_ALL = lambda label: b'\x02' + u(label)
CATCH_ALL_REF = lambda label: b'\x03' + u(label)
TRY_TABLE = lambda t, *clauses: b'\x1f' + bytes([t]) + vector(list(clauses))
NULL_EXN = b'\xd0\x69'

# types: 0 [i32] -> [i32], 1 [i32] -> [], 2 [] -> [], 3 [] -> [i32 exnref], 4 [] -> [i64 i32], 5 [i64 i32] -> []
TYPES = [func_type([I32], [I32]), func_type([I32], []), func_type([], []), func_type([], [I32, EXNREF]), func_type([], [I64, I32]),
         func_type([I64, I32], [])]
INT, NONE, PAIR = 0, 1, 2  # tags
# function 0: 0 throws NONE, 1 throws INT 41, 2 throws PAIR 5 6, anything else returns
THROWER = (GET(0) + EQZ + IF(EMPTY) + THROW(NONE) + END + GET(0) + CONST(1) + EQ + IF(EMPTY) + CONST(41) + THROW(INT) + END +
           GET(0) + CONST(2) + EQ + IF(EMPTY) + b'\x42\x05' + CONST(6) + THROW(PAIR) + END + END)
RISKY = GET(0) + CALL(0)

# name -> (extra locals, body); each takes an i32 and gives one
FUNCTIONS = {
    'catch': ([], BLOCK(I32) + TRY_TABLE(I32, CATCH(INT, 0)) + RISKY + CONST(100) + END + END + END),
    'catch all': ([], BLOCK(EMPTY) + BLOCK(I32) + TRY_TABLE(I32, CATCH(INT, 0), CATCH_ALL(1)) + RISKY + CONST(100) + END + END + RETURN + END +
                  CONST(200) + END),
    'two values': ([I64], BLOCK(4) + TRY_TABLE(EMPTY, CATCH(PAIR, 0)) + RISKY + END + b'\x42\x00' + CONST(1) + END +
                   SET(0) + b'\xa7' + GET(0) + ADD + END),
    'rethrow': ([EXNREF],
                BLOCK(I32) + TRY_TABLE(EMPTY, CATCH(INT, 0)) + BLOCK(3) + TRY_TABLE(EMPTY, CATCH_REF(INT, 0)) + RISKY + END + CONST(7) + RETURN + END +
                SET(1) + SET(0) + GET(1) + THROW_REF + END + UNREACHABLE + END + END),
    'keep reference': ([EXNREF],
                       BLOCK(EXNREF) + TRY_TABLE(EMPTY, CATCH_ALL_REF(0)) + RISKY + CONST(9) + RETURN + END + UNREACHABLE + END + SET(1) +
                       BLOCK(I32) + TRY_TABLE(EMPTY, CATCH(INT, 0)) + GET(1) + THROW_REF + END + UNREACHABLE + END + END),
    'throw null': ([], NULL_EXN + THROW_REF + END),
    'parameters': ([], GET(0) + b'\x1f\x00' + vector([]) + CONST(1) + ADD + END + END),
    'first clause': ([], BLOCK(EMPTY) + BLOCK(EMPTY) + TRY_TABLE(EMPTY, CATCH_ALL(0), CATCH_ALL(1)) + RISKY + END + CONST(1) + RETURN + END +
                     CONST(2) + RETURN + END + CONST(3) + END),
    'branch out': ([], BLOCK(I32) + TRY_TABLE(EMPTY, CATCH(INT, 0)) + CONST(5) + BR(1) + END + UNREACHABLE + END + END),
    # the sum of 41 for each odd number from the parameter down to 1
    'loop': ([I32], LOOP(EMPTY) + BLOCK(EMPTY) + BLOCK(I32) + TRY_TABLE(EMPTY, CATCH(INT, 0)) +
             CONST(4) + GET(0) + CONST(1) + AND + CONST(3) + b'\x6c' + SUB + CALL(0) + END + BR(1) + END + GET(1) + ADD + SET(1) + END +
             GET(0) + CONST(1) + SUB + b'\x22\x00' + BR_IF(0) + END + GET(1) + END),
    'operands survive': ([], CONST(1000) + GET(0) + BLOCK(I32) + TRY_TABLE(I32, CATCH(INT, 0)) + RISKY + CONST(1) + END + END + ADD + ADD + END),
}
# name, argument, result: a number, 'throws', or a trap's message
CASES = [
    ('catch', 1, 41), ('catch', 3, 100), ('catch', 0, 'throws'), ('catch', 2, 'throws'),
    ('catch all', 0, 200), ('catch all', 1, 41), ('catch all', 2, 200), ('catch all', 3, 100),
    ('two values', 2, 11), ('two values', 3, 1), ('two values', 1, 'throws'),
    ('rethrow', 1, 41), ('rethrow', 3, 7), ('rethrow', 0, 'throws'),
    ('keep reference', 1, 41), ('keep reference', 0, 'throws'), ('keep reference', 5, 9),
    ('throw null', 0, 'null exception reference'), ('parameters', 6, 7),
    ('first clause', 0, 2), ('first clause', 1, 2), ('first clause', 4, 1), ('branch out', 0, 5),
    ('loop', 10, 205), ('loop', 1, 41), ('operands survive', 1, 1042), ('operands survive', 9, 1010),
]


def body(local_types, code):
    data = vector([b'\x01' + bytes([t]) for t in local_types]) + code
    return u(len(data)) + data


def module():
    names = list(FUNCTIONS)
    return (b'\0asm\1\0\0\0' + section(1, vector(TYPES)) + section(3, vector([u(1)] + [u(0)] * len(names))) +
            section(13, vector([b'\0' + u(1), b'\0' + u(2), b'\0' + u(5)])) +
            section(7, vector([text(name) + b'\0' + u(i + 1) for i, name in enumerate(names)])) +
            section(10, vector([body([], THROWER)] + [body(*FUNCTIONS[name]) for name in names])))


def command(line, name, argument, result):
    action = {'type': 'invoke', 'field': name, 'args': [{'type': 'i32', 'value': str(argument)}]}
    c = {'line': line, 'action': action, 'expected': [{'type': 'i32'}]}
    if result == 'throws':
        return dict(c, type='assert_exception')
    if isinstance(result, str):
        return dict(c, type='assert_trap', text=result)
    return dict(c, type='assert_return', expected=[{'type': 'i32', 'value': str(result)}])


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, 'try_table.wasm'), 'wb') as f:
        f.write(module())
    commands = [{'type': 'module', 'line': 0, 'filename': 'try_table.wasm'}]
    commands += [command(i + 1, *case) for i, case in enumerate(CASES)]
    with open(os.path.join(out, 'try_table.json'), 'w') as f:
        json.dump({'source_filename': 'try_table.py', 'commands': commands}, f, indent=1)


main()
