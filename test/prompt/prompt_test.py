"""Drives the prompt on a pseudo-terminal as a person would: typing, editing keys, Ctrl-C, the vision's sessions.

Prints what failed, then "N passed, N failed".
"""
import os
import re
import sys
import tempfile
import time

import pexpect

LONA = os.path.abspath(os.environ.get("LONA", "out/lona"))
counts = {"passed": 0, "failed": 0}


def check(what, ok, detail=""):
    counts["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAIL {what}\n{detail}")


class Folder:
    """A new current folder, for the time of a with."""

    def __enter__(self):
        self.before = os.getcwd()
        self.folder = tempfile.TemporaryDirectory()
        os.chdir(self.folder.name)

    def __exit__(self, *_):
        os.chdir(self.before)
        self.folder.cleanup()


class Session:
    """One prompt; `say` types a line and waits until its output and the next prompt are there."""

    def __init__(self, arguments=(), prompt=r"lona> "):
        self.child = pexpect.spawn(LONA, list(arguments), encoding="utf-8", timeout=20, dimensions=(40, 200))
        self.prompt = prompt
        self.wait()

    def wait(self, prompt=None):
        """Output up to the next prompt that has nothing typed behind it, without escape sequences."""
        self.child.expect(re.compile(r"\r\x1b\[J" + (prompt or self.prompt) + r"(?:\r\x1b\[\d+C)?$"))
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.child.before)
        return text.replace("\r\n", "\n")

    def say(self, line, prompt=None):
        self.child.send(line + "\r")
        self.child.expect_exact("\r\n")
        return self.wait(prompt).strip()

    def close(self):
        self.child.send("\x04")
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


def expect_value(session, line, wanted):
    got = session.say(line)
    check(line, got == wanted, f"  got    {got!r}\n  wanted {wanted!r}")


def test_values_and_history():
    s = Session()
    expect_value(s, "(+ 1 2)", "3")
    expect_value(s, "*1", "3")
    expect_value(s, "(def xs [1 2 3])", "#'user/xs")
    expect_value(s, "(map inc xs)", "(2 3 4)")
    # Up arrow brings the last line back; its text can be edited before Enter.
    s.child.send("\x1b[A")
    got = s.say(" ; again")
    check("history", got == "(2 3 4)", got)
    # Ctrl-A, Ctrl-K, Ctrl-Y, backspace
    got = s.say("99)\x01(+ 1 \x05\x7f\x7f\x7f41)")
    check("editing keys", got == "42", got)
    # Completion
    got = s.say("(partition-al\t 2 [1 2 3])")
    check("completion", got == "((1 2) (3))", got)
    # A form over several lines
    s.child.send("(+ 1\r")
    s.child.expect_exact("..> ")
    got = s.say("2)")
    check("several lines", got.endswith("3"), got)
    check("exit code at Ctrl-D", s.close() == 0)


def test_interrupt():
    s = Session()
    for endless in ["(loop [] (recur))", "(reduce + (iterate inc 1))", "(receive :never 1)", "(sleep 100000)"]:
        s.child.send(endless + "\r")
        s.child.expect_exact("\r\n")
        time.sleep(0.3)
        s.child.send("\x03")
        got = s.wait()
        check("Ctrl-C ends " + endless, "interrupted" in got, got)
        expect_value(s, "(+ 20 22)", "42")
    s.child.send("(+ 1 typed half\x03")
    check("Ctrl-C gives a line up", s.wait() is not None)
    expect_value(s, "(+ 1 1)", "2")
    s.close()


def test_errors():
    s = Session()
    got = s.say("(prinltn 1)")
    check("did you mean", "did you mean" in got and "println" in got, got)
    check("a caret under the place", "\n  ^" in got or "\n   ^" in got, got)
    got = s.say(")")
    check("unexpected bracket", "syntax-error" in got, got)
    expect_value(s, "(+ 1 1)", "2")
    s.close()


def test_counter():
    s = Session()
    s.child.send("(defn counter [state]\r")
    for line in ["(receive", ":increment (recur (inc state))", ":decrement (recur (dec state))",
                 "[:get pid] (do (send pid state)", "(recur state))"]:
        s.child.expect_exact("..> ")
        s.child.send(line + "\r")
    s.child.expect_exact("..> ")
    got = s.say(":stop :ok))")
    check("counter", got.endswith("#'user/counter"), got)
    expect_value(s, "(def c (spawn counter 0))", "#'user/c")
    s.say("(send c :increment)")
    s.say("(send c :increment)")
    s.say("(send c [:get (self)])")
    expect_value(s, "(receive n n)", "2")
    s.close()


DEBUGGED = """
(def default-config {:threads 1})
(defn read-config [path]
  (restart-case
    (if (file-exists? path)
      (slurp path)
      (signal :file-not-found {:path path}))
    (:retry []
      "Try reading the file again"
      (read-config path))
    (:use-default []
      "Use default configuration"
      default-config)
    (:use-value [config]
      "Provide a configuration value"
      config)))
(defn load-settings [] (read-config "/etc/server.conf"))
(defn start-server []
  (let [settings (load-settings)]
    (println "Server started with default configuration")
    settings))
"""


def test_debugger():
    with Folder():
        with open("server.lona-s", "w") as file:
            file.write("(ns server)\n" + DEBUGGED)
        s = Session()
        s.say('(load "server")')
        s.say("(in-ns 'server)")
        got = s.say("(start-server)", prompt="lona:debug> ")
        wanted = """;; ERROR: :file-not-found at read-config
;;
;; Condition: {:type :file-not-found :path "/etc/server.conf"}
;;
;; Available restarts:
;;   0: [:retry] Try reading the file again
;;   1: [:use-default] Use default configuration
;;   2: [:use-value] Provide a configuration value
;;   3: [:abort] Abort to REPL
;;
;; Stack:
;;   0: (read-config "/etc/server.conf")
;;   1: (load-settings)
;;   2: (start-server)"""
        check("the debugger shows the vision's frames", got == wanted, got)
        got = s.say("(frame 0)", prompt="lona:debug> ")
        check("frame 0", got.startswith(';; Frame 0: read-config\n;; Locals: {path "/etc/server.conf"}'), got)
        got = s.say("(restart 1)")
        check("restart 1", got == "Server started with default configuration\n{:threads 1}", got)
        got = s.say("(start-server)", prompt="lona:debug> ")
        got = s.say("(restart 2 {:threads 9})")
        check("restart with a value", got.endswith("{:threads 9}"), got)
        got = s.say("(start-server)", prompt="lona:debug> ")
        got = s.say("(restart 3)")
        check("abort", "Server" not in got, got)
        expect_value(s, "(+ 1 1)", "2")
        s.close()


BROKEN_INTO = """(ns brk)

;; The area, and one.
(defn area [w h]
  (let [a (* w h)]
    (println "computing")
    (inc a)))
"""


def test_breakpoints():
    with Folder():
        with open("brk.lona-s", "w") as file:
            file.write(BROKEN_INTO)
        s = Session()
        s.say('(load "brk")')
        expect_value(s, "(break-on 'brk/area 6)", "#'brk/area")
        got = s.say("(brk/area 4 5)", prompt="lona:debug> ")
        check("a breakpoint on a line stops there", ":breakpoint at brk/area" in got and "computing" not in got, got)
        got = s.say("(frame 0)", prompt="lona:debug> ")
        check("its place and locals", "At: brk.lona-s:6:5" in got and "a 20" in got and "w 4" in got, got)
        got = s.say("(eval-in-frame 0 '(* a 100))", prompt="lona:debug> ")
        check("evaluation in the frame", got == "2000", got)
        s.say("(set-frame-local! 0 :a 1000)", prompt="lona:debug> ")
        got = s.say("(next)", prompt="lona:debug> ")
        check("a step over the call", "computing" in got and ":step at brk/area" in got, got)
        got = s.say("(continue)")
        check("the local that was set counts", got == "1001", got)
        expect_value(s, "(clear-break 'brk/area)", "#'brk/area")
        got = s.say("(brk/area 1 1)")
        check("no breakpoint any more", got == "computing\n2", got)
        s.say("(break-on 'brk/area)")
        got = s.say("(map (fn [x] (brk/area x x)) [1])", prompt="lona:debug> ")
        check("a breakpoint inside map", ":breakpoint at brk/area" in got, got)
        got = s.say("(return-from 0 :instead)")
        check("return-from", got == "(:instead)", got)
        s.close()


HELLO = """(ns hello-world)

;; Greets a user by name
(defn greet [name]
  (str "Hello, " name))

;; Says farewell
(defn farewell [name]
  (str "Goodbye, " name))
"""


def test_source_and_provenance():
    with Folder():
        with open("hello-world.lona-s", "w") as file:
            file.write(HELLO)
        s = Session()
        s.say('(load "hello-world")')
        expect_value(s, '(hello-world/greet "Ada")', '"Hello, Ada"')
        expect_value(s, '(defn hello-world/greet [name] (str "Hi there, " name "!"))', "#'hello-world/greet")
        expect_value(s, '(hello-world/greet "Ada")', '"Hi there, Ada!"')
        got = s.say("(source hello-world/greet)")
        check("source says where it comes from", re.match(
            r";; Source: REPL session-\S+ at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*\n"
            r";; Previously: hello-world.lona-s:4\n"
            r'\(defn hello-world/greet \[name\] \(str "Hi there, " name "!"\)\)', got), got)
        got = s.say("(source hello-world/farewell)")
        check("source of the unmodified", got.startswith(
            ';; Source: hello-world.lona-s:8\n;; Says farewell\n(defn farewell [name]\n  (str "Goodbye, " name))'), got)
        got = s.say("(provenance hello-world/greet)")
        check("provenance", ":origin :repl" in got and ':previous {:origin :file' in got and ":line 4" in got, got)
        got = s.say("(ns-definitions 'hello-world)")
        check("ns-definitions", "greet {:origin :repl" in got and ":modified true" in got
              and 'farewell {:origin :file, :file "hello-world.lona-s"}' in got, got)
        s.say("(export-ns 'hello-world \"hello-world-v2.lona-s\")")
        with open("hello-world-v2.lona-s") as file:
            text = file.read()
        check("export-ns", "Hi there" in text and ";; Says farewell" in text and "(ns hello-world" in text, text)
        expect_value(s, "(revert 'hello-world/greet)", "#'hello-world/greet")
        expect_value(s, '(hello-world/greet "Ada")', '"Hello, Ada"')
        s.close()


def main():
    names = sys.argv[1:]
    for name, test in list(globals().items()):
        if name.startswith("test_") and callable(test) and (not names or name in names):
            try:
                test()
            except pexpect.ExceptionPexpect as error:
                check(name, False, f"{type(error).__name__}: {str(error)[:1500]}")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return counts["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
