#!/usr/bin/env python3
"""Records `talkform plan` for a changed quickstart in a terminal with colours and draws it as a picture.

terminal.py PICTURE.svg

Needs a built binary ($TALKFORM, or target/debug/talkform) and git. The picture loads no font and no other file.
"""

import html
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TALKFORM = pathlib.Path(os.environ.get("TALKFORM", ROOT / "target/debug/talkform")).resolve()
COMMAND = ["talkform", "plan", "--sandbox", "--base", "HEAD"]
COLUMNS, CELL, LINE, MARGIN = 92, 8.4, 19, 18
COLOURS = {
    30: "#484f58", 31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 34: "#58a6ff", 35: "#bc8cff", 36: "#39c5cf", 37: "#b1bac4",
    90: "#8b949e", 91: "#ffa198", 92: "#56d364", 93: "#e3b341", 94: "#79c0ff", 95: "#d2a8ff", 96: "#56d4dd", 97: "#f0f6fc",
}  # fmt: skip


def record(folder):
    """What the plan prints on a terminal, after an apply and three edits."""
    project = folder / "quickstart"
    shutil.copytree(ROOT / "examples/quickstart", project, ignore=shutil.ignore_patterns(".talkform"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm-256color"}

    def run(*command):
        subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)

    def edit(name, old, new):
        path = project / name
        text = path.read_text()
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new))

    run("git", "init", "--quiet")
    run("git", "add", ".")
    run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "before")
    run(TALKFORM, "apply", "--sandbox", "--auto-approve")
    edit("users/customers.yaml", "seats: 12", "seats: 15")
    edit("users/customers.yaml", "tags: [vip/gold, beta]", "tags: [vip/gold]")
    staff = project / "users/staff.yaml"
    staff.write_text(staff.read_text().split("\n---\n")[0] + "\n")
    customers = project / "users/customers.yaml"
    customers.write_text(
        customers.read_text().rstrip() + '\n\n  - memberId: "u-1011"\n    profile: { email: haruto@example.jp, plan: pro }\n'
    )
    chunks = []
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(project)
        os.execve(TALKFORM, COMMAND, environment | {"COLUMNS": str(COLUMNS)})
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    _, status = os.waitpid(process, 0)
    text = b"".join(chunks).decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    return text.replace("\r\n", "\n")


def spans(line, style):
    """The pieces of a line, each with its column and its style; the style goes on from the line before."""
    column = 0
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            for code in (int(code or 0) for code in piece[2:-1].split(";")):
                if code == 0:
                    style.clear()
                elif code in (1, 2):
                    style["weight" if code == 1 else "dim"] = True
                elif code == 22:
                    style.pop("weight", None), style.pop("dim", None)
                elif code == 39:
                    style.pop("colour", None)
                elif code in COLOURS:
                    style["colour"] = COLOURS[code]
                else:
                    sys.exit(f"unknown colour {code}")
            continue
        # Runs of spaces would be drawn as one.
        for words in re.finditer(r"\S+(?: \S+)*", piece):
            yield column + words.start(), words[0], dict(style)
        column += len(piece)


def draw(text):
    style, out = {}, []
    lines = ["$ " + " ".join(COMMAND), *text.rstrip().split("\n")]
    for row, line in enumerate(lines):
        for column, piece, look in spans(line, style):
            attributes = f'x="{MARGIN + column * CELL:.1f}" y="{MARGIN + 32 + row * LINE}" textLength="{len(piece) * CELL:.1f}"'
            if "colour" in look:
                attributes += f' fill="{look["colour"]}"'
            if "weight" in look:
                attributes += ' font-weight="bold"'
            if "dim" in look:
                attributes += ' opacity="0.65"'
            out.append(f"<text {attributes}>{html.escape(piece)}</text>")
    width, height = 2 * MARGIN + COLUMNS * CELL, 2 * MARGIN + 22 + len(lines) * LINE
    dots = "".join(
        f'<circle cx="{20 + 18 * number}" cy="18" r="5.5" fill="{colour}"/>'
        for number, colour in enumerate(["#ff5f57", "#febc2e", "#28c840"])
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', \'Liberation Mono\', monospace" '
        'font-size="14" fill="#e6edf3">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117" stroke="#30363d"/>\n{dots}\n' + "\n".join(out) + "\n</svg>\n"
    )


with tempfile.TemporaryDirectory() as name:
    recorded = record(pathlib.Path(name))
pathlib.Path(sys.argv[1]).write_text(draw(recorded))
print(recorded)
