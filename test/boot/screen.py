"""Reads the kernel's text from a picture of the screen, with the font that the kernel has."""
import re

from qemu import ROOT

WIDTH, HEIGHT = 8, 16


def load_font():
    source = (ROOT / "kernel" / "arch" / "x86_64" / "font.c").read_text()
    body = source.partition("glyphs[95][FONT_HEIGHT] = {")[2].partition("};")[0]
    rows = re.findall(r"\{([^{}]*)\}", body)
    glyphs = [tuple(int(n, 16) for n in re.findall(r"0x[0-9a-f]+", row)) or (0,) * HEIGHT for row in rows]
    return {glyph: chr(32 + i) for i, glyph in enumerate(glyphs)}


def read_picture(path):
    data = path.read_bytes()
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    return int(head[1]), int(head[2]), data[head.end() :]


def read_text(path):
    """The screen's rows as text; a cell that is no glyph becomes a bullet."""
    font = load_font()
    width, height, pixels = read_picture(path)
    rows = []
    for row in range(height // HEIGHT):
        text = ""
        for column in range(width // WIDTH):
            glyph = []
            for y in range(HEIGHT):
                at = 3 * ((row * HEIGHT + y) * width + column * WIDTH)
                glyph.append(sum(0x80 >> x for x in range(WIDTH) if pixels[at + 3 * x] > 128))
            text += font.get(tuple(glyph), "\u2022")
        rows.append(text.rstrip())
    return rows
