#!/usr/bin/env python3
"""The Forth prompt, driven as a person would.  Usage: prompt_test.py LONA.  Last line: "N passed, N failed"."""
import os
import sys
import tempfile

import pexpect

passed = failed = 0


def check(name, condition, seen=""):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print("FAIL %s: %r" % (name, seen))


class Prompt:
    def __init__(self, *options):
        self.p = pexpect.spawn(LONA, ["forth", "--quiet", *options], encoding="latin1", timeout=8, dimensions=(24, 80))

    def says(self, name, typed, wanted, end="\r"):
        self.p.send(typed + end)
        try:
            self.p.expect_exact(wanted)
            check(name, True)
        except (pexpect.TIMEOUT, pexpect.EOF):
            check(name, False, self.p.before)

    def close(self):
        self.p.close(force=True)


def main():
    p = Prompt()
    p.says("number", "1 2 + .", "3  ok")
    p.says("definition over two lines", ": sq dup", "compiled")
    p.says("its end", "* ; 9 sq .", "81  ok")
    p.says("use", "8 sq .", "64  ok")
    p.says("history", "\x1b[A", "64  ok")
    p.says("history further", "\x1b[A\x1b[A\x1b[A\x1b[B\x1b[B", "64  ok")
    p.says("insertion", "5 .\x1b[D\x1b[D\x1b[D7", "75  ok")
    p.says("begin and end of line", "3 .\x011 \x05 2 .", "3 2  ok")
    p.says("backspace", "12\x7f\x7f4 .", "4  ok")
    p.says("delete word", "6 7 8\x17\x17. .", "6 ")
    p.says("error with caret", "1 foo 2", "^^^")
    p.says("stack is empty after it", "depth .", "0  ok")
    p.says("completion", "envi\t", "ENVIRONMENT?", end="")
    p.says("kill line", "\x154 5 + .", "9  ok")
    p.says("completion lists", "SM\x15sf\t\t", "SFLOAT+", end="")
    p.says("Ctrl-C at the prompt", "\x03", "^C", end="")
    p.says("and on", "1 .", "1  ok")
    p.p.send(": spin begin again ; spin\r")
    p.p.expect_exact("spin begin again ; spin")
    import time

    time.sleep(0.4)
    p.says("Ctrl-C stops a loop", "\x03", "user interrupt", end="")
    p.says("and on again", "2 .", "2  ok")
    p.p.send("10000 ms\r")
    time.sleep(0.3)
    p.says("Ctrl-C stops waiting", "\x03", "user interrupt", end="")
    p.p.send("recv\r")
    time.sleep(0.3)
    p.says("Ctrl-C stops receiving", "\x03", "user interrupt", end="")
    p.says("key", "key", "")
    time.sleep(0.2)
    p.says("key takes one", "x", "ok", end="")
    p.says("its code", ".", "120  ok")
    p.says("see", "see sq", ": sq DUP * ;")
    p.says("quit", "quit", "")
    p.says("after quit", "6 .", "6  ok")
    p.p.send("bye\r")
    try:
        p.p.expect(pexpect.EOF)
        p.p.wait()
        check("bye ends with 0", p.p.exitstatus == 0, p.p.exitstatus)
    except pexpect.TIMEOUT:
        check("bye ends", False)
    p.close()
    p = Prompt()
    p.says("end of input", "1 .", "1  ok")
    p.p.send("\x04")
    try:
        p.p.expect(pexpect.EOF)
        check("Ctrl-D ends", True)
    except pexpect.TIMEOUT:
        check("Ctrl-D ends", False)
    p.close()
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


LONA = os.path.abspath(sys.argv[1])
os.chdir(tempfile.mkdtemp())
sys.exit(main())
