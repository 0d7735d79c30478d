#!/usr/bin/env python3
"""Writes the boot manifest and the header with its hash that is compiled into the loader.

Usage: make-manifest.py MANIFEST HEADER ROOT ROLE:FILE ...   (docs/design/boot.md has the format)
"""
import hashlib
import pathlib
import sys


def main():
    manifest, header, root = sys.argv[1:4]
    lines = ["lona-manifest 1", f"root {root}"]
    for item in sys.argv[4:]:
        role, path = item.split(":", 1)
        data = pathlib.Path(path).read_bytes()
        lines.append(f"{pathlib.Path(path).name} {role} {len(data)} {hashlib.sha256(data).hexdigest()}")
    text = "".join(line + "\n" for line in lines).encode()
    pathlib.Path(manifest).write_bytes(text)
    digest = ", ".join(f"0x{byte:02x}" for byte in hashlib.sha256(text).digest())
    source = f"#define MANIFEST_SHA256 {{{digest}}}\n"
    target = pathlib.Path(header)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_text() != source:
        target.write_text(source)


main()
