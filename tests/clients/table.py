#!/usr/bin/env python3
"""table.py ROWS FILE: puts the rows of tests/clients/lib.sh as a table into
FILE, in the place of what stands between its two marks."""
import sys

BEGIN = "<!-- make check-clients: begin -->\n"
END = "<!-- make check-clients: end -->\n"
MARKS = {"ok": "✔", "fail": "✘", "lacks": "–", "none": "not run"}
# Where one cell stands for several runs, the last of these counts.
WORSE = ("ok", "lacks", "fail")


def load(path):
    """The programs' versions, the columns, and a cell for each key."""
    versions, columns, cells = {}, {}, {}
    with open(path, encoding="utf-8") as rows:
        for line in rows:
            program, column, operation, result, note = line.rstrip(
                "\n").split("|", 4)
            if program == "version":
                versions[column] = note
                continue
            columns[column] = True
            key = (program, operation, column)
            old = cells.get(key, ("ok", ""))
            if WORSE.index(result) >= WORSE.index(old[0]):
                cells[key] = (result, note)
    return versions, list(columns), cells


def render(versions, columns, cells):
    notes = []
    lines = ["| program | version |", "|---|---|"]
    lines += [f"| {p} | {v} |" for p, v in versions.items()]
    lines += ["", "| program | | " + " | ".join(columns) + " |",
              "|---|---|" + "---|" * len(columns)]
    programs = dict.fromkeys(key[0] for key in cells)
    for program in programs:
        operations = dict.fromkeys(
            key[1] for key in cells if key[0] == program)
        for operation in operations:
            row = [program, operation]
            for column in columns:
                result, note = cells.get((program, operation, column),
                                         ("none", ""))
                if note and note not in notes:
                    notes.append(note)
                row.append(MARKS[result] +
                           (f" {notes.index(note) + 1}" if note else ""))
            lines.append("| " + " | ".join(row) + " |")
    lines.append("")
    lines += [f"{i}. {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def main():
    rows, path = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    table = render(*load(rows))
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n" + table + "\n" + END + after)


main()
