"""Types the examples of docs/guide/tour.md into one prompt, in order, and checks what the text promises behind `; =>`.

Prints what failed, then "N passed, N failed".
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
LONA = os.path.abspath(os.environ.get("LONA", "out/lona"))
MARK = "@@next@@"


def blocks(text):
    """The code blocks marked clojure."""
    return re.findall(r"^```clojure\n(.*?)^```", text, re.M | re.S)


def forms(block):
    """[(text of a form, what `; =>` behind it promises or None)]: a form ends where its brackets are closed."""
    found, lines, depth = [], [], 0
    for line in block.splitlines():
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
        code = re.sub(r"\\.", "", code).split(";")[0]
        if not lines and not code.strip():
            continue
        lines.append(line)
        depth += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
        if depth == 0:
            promise = re.search(r"; => (\S.*?)(?:, from .*)?$", line)
            found.append(("\n".join(lines), promise and promise.group(1).strip()))
            lines = []
    return found


def main():
    with open(os.path.join(ROOT, "docs/guide/tour.md"), encoding="utf-8") as f:
        text = f.read()
    typed = []
    with tempfile.TemporaryDirectory() as folder:
        for block in blocks(text):
            if block.startswith("(ns shop"):
                with open(os.path.join(folder, "shop.lona-s"), "w", encoding="utf-8") as f:
                    f.write(block)
            else:
                typed += forms(block)
        # people take a moment between two lines, in which a supervisor has started again what they ended
        script = "".join(f'{form}\n(do (lona.core/sleep 50) (lona.core/println "{MARK}"))\n' for form, _ in typed)
        run = subprocess.run([LONA], input=script, capture_output=True, text=True, timeout=120, cwd=folder, check=False)
    outputs = run.stdout.split(MARK + "\n")
    passed = failed = 0
    for (form, promise), output in zip(typed, outputs):
        lines = [line for line in output.splitlines() if line not in ("", "nil")]
        good = "ERROR" not in output and (promise is None or promise in lines or (promise == "nil" and not lines))
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAIL {form}\n  promised {promise}\n  got {output!r}\n  {run.stderr[-300:]}")
    if len(outputs) != len(typed) + 1 or run.returncode != 0:
        failed += 1
        print(f"FAIL {len(typed)} forms typed, {len(outputs) - 1} answered, code {run.returncode}: {run.stderr[-500:]}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
