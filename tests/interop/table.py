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
| – | the peer does not have it, as the note says |
| blank | nothing of that kind is made |

certtool neither makes nor reads encrypted messages.

"""
MARKS = {"ok": "✔", "fail": "✘", "defect": "✘", "lacks": "–"}
DIRECTIONS = ("read", "make")


def load(path):
    """The peers' versions, and for each section what its cells hold."""
    versions, sections, cells = {}, {}, None
    with open(path, encoding="utf-8") as rows:
        for line in rows:
            algorithm, peer, direction, result, note = line.rstrip(
                "\n").split("|", 4)
            if algorithm == "version":
                versions[peer] = note
                continue
            if algorithm == "section":
                cells = sections.setdefault(peer, {})
                continue
            # A row may be of an earlier section: its peer comes later.
            if cells is None or not any(k[0] == algorithm for k in cells):
                cells_of = next((c for c in sections.values() if any(
                    k[0] == algorithm for k in c)), cells)
            else:
                cells_of = cells
            key = (algorithm, peer, direction)
            # One cell may stand for several runs: the worst counts.
            old = cells_of.get(key)
            if old is None or (old[0] == "ok" and result != "ok") or \
                    result == "fail":
                cells_of[key] = (result, note)
    return versions, sections


def render_cell(result, note, notes):
    if note and note not in notes:
        notes.append(note)
    number = f" {notes.index(note) + 1}" if note else ""
    return MARKS.get(result, "") + number


def render_section(title, peers, cells, notes):
    peers = [p for p in peers if any(key[1] == p for key in cells)]
    lines = ["", f"## {title}", "", "| algorithm | " + " | ".join(
        f"{p}: we read | {p}: reads ours" for p in peers) + " |",
        "|---|" + "---|" * (2 * len(peers))]
    for algorithm in dict.fromkeys(key[0] for key in cells):
        row = [algorithm]
        for peer in peers:
            for direction in DIRECTIONS:
                result, note = cells.get(
                    (algorithm, peer, direction), ("", ""))
                row.append(render_cell(
                    result, note and f"{peer}: {note}", notes))
        lines.append("| " + " | ".join(row) + " |")
    return lines


def render(versions, sections):
    lines = ["| peer | version |", "|---|---|"]
    lines += [f"| {p} | {v} |" for p, v in versions.items()]
    notes = []
    for title, cells in sections.items():
        lines += render_section(title, versions, cells, notes)
    if notes:
        lines += ["", "## Notes", ""]
        lines += [f"{i}. {note}" for i, note in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


def main():
    versions, sections = load(sys.argv[1])
    sys.stdout.write(HEAD + render(versions, sections))


main()
