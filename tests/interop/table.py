#!/usr/bin/env python3
"""table.py ROWS: the rows of tests/interop/lib.sh as doc/interop.md."""
import sys

HEAD = """\
# Interoperability

Made by `make interop`, which runs every cell: do not edit. A cell holds what
happens when the peer makes a message and cardseal reads it, and when cardseal
makes one and the peer reads it.

| mark | meaning |
|---|---|
| ✔ | works |
| ✘ | fails: our fault until shown otherwise |
| ✘ and a number | fails by a fault of the peer; the note says who else judges so |
| – | the peer does not have it |
| blank | not applicable |

"""
MARKS = {"ok": "✔", "fail": "✘", "defect": "✘", "lacks": "–"}
DIRECTIONS = ("read", "make")


def load(path):
    versions, cells, algorithms = {}, {}, []
    with open(path, encoding="utf-8") as rows:
        for line in rows:
            algorithm, peer, direction, result, note = line.rstrip(
                "\n").split("|", 4)
            if algorithm == "version":
                versions[peer] = note
                continue
            if algorithm not in algorithms:
                algorithms.append(algorithm)
            key = (algorithm, peer, direction)
            # One cell may stand for several runs: the worst counts.
            old = cells.get(key)
            if old is None or (old[0] == "ok" and result != "ok") or \
                    result == "fail":
                cells[key] = (result, note)
    return versions, algorithms, cells


def render(versions, algorithms, cells):
    peers = [p for p in versions
             if any(key[1] == p for key in cells)]
    lines = ["| peer | version |", "|---|---|"]
    lines += [f"| {p} | {versions[p]} |" for p in peers]
    lines += ["", "| algorithm | " + " | ".join(
        f"{p}: we read | {p}: reads ours" for p in peers) + " |",
        "|---|" + "---|" * (2 * len(peers))]
    notes = []
    for algorithm in algorithms:
        row = [algorithm]
        for peer in peers:
            for direction in DIRECTIONS:
                result, note = cells.get(
                    (algorithm, peer, direction), ("", ""))
                mark = MARKS.get(result, "")
                if note and result != "lacks":
                    text = f"{peer}: {note}"
                    if text not in notes:
                        notes.append(text)
                    mark += f" {notes.index(text) + 1}"
                row.append(mark)
        lines.append("| " + " | ".join(row) + " |")
    if notes:
        lines.append("")
        lines += [f"{i}. {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def main():
    versions, algorithms, cells = load(sys.argv[1])
    sys.stdout.write(HEAD + render(versions, algorithms, cells))


main()
