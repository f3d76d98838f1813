"""What the lint tests share: the tree's files, C without its comments and
strings, functions, and TAP.

A lint test is a pure function from {path: text} to a list of complaints. It
is run on the tree, and then on the tree with a planted breach each, so that
a check that finds nothing is known to be able to find something.
"""
import os
import re
import subprocess
import sys

SRCDIR = os.path.abspath(os.environ.get("CS_SRCDIR", "."))
TEXT = (".c", ".h", ".def", ".asn", ".py", ".sh", ".md", ".mk", ".am", ".ac", ".map",
        ".1", ".3", ".5", ".7", ".8", ".in", ".json", ".xml", ".yml", "")
SKIP = ("tests/vectors/", "tests/fuzz/corpus/", "m4/", "COPYING")


def list_files():
    """Paths of the sources: what git knows, else (in a tarball) all."""
    if os.path.exists(os.path.join(SRCDIR, ".git")):
        out = subprocess.run(
            ["git", "-C", SRCDIR, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, capture_output=True).stdout
        paths = [p for p in out.decode().split("\0") if p]
    else:
        paths = []
        for folder, folders, names in os.walk(SRCDIR):
            folders[:] = [f for f in folders
                          if not f.startswith((".", "autom4te", "build"))]
            rel = os.path.relpath(folder, SRCDIR)
            paths += [os.path.normpath(os.path.join(rel, n)) for n in names]
        generated = ("aclocal.m4", "configure", "Makefile.in", "config.h.in")
        paths = [p for p in paths if p not in generated]
    return sorted(p for p in paths
                  if os.path.isfile(os.path.join(SRCDIR, p)))


def read_tree(*endings):
    """{path: text} of the files with these endings; all text without any."""
    tree = {}
    for path in list_files():
        if path.startswith(SKIP):
            continue
        ending = os.path.splitext(path)[1]
        if ending in (endings or TEXT):
            with open(os.path.join(SRCDIR, path), "rb") as f:
                data = f.read()
            if b"\0" not in data:
                tree[path] = data.decode("utf-8", "replace")
    return tree


TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|"""
                   r"""'(?:\\.|[^'\\\n])*'""", re.S)


def blank(match):
    """The same number of lines and columns, without content."""
    text = match.group()
    keep = text[0] if text[0] in "\"'" else " "
    return keep + re.sub(r"[^\n]", " ", text[1:-1]) + keep


def strip_c(text):
    """C with comments and the insides of literals blanked."""
    return TOKEN.sub(blank, text)


def functions(text):
    """(name, first line, lines) of the functions of formatted C: a body's
    braces, and nothing else, stand alone in the first column."""
    lines = strip_c(text).split("\n")
    found = []
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            name = "?"
            for before in reversed(lines[max(0, start - 12):start - 1]):
                match = re.match(r"([A-Za-z_]\w*)\(", before)
                if match:
                    name = match.group(1)
                    break
            found.append((name, start, lines[start - 1:number]))
            start = None
    return found


class Tap:
    """Counts and prints results."""

    def __init__(self):
        self.count = 0

    def result(self, good, what, complaints=()):
        self.count += 1
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, what))
        for complaint in list(complaints)[:40]:
            print("# " + complaint)

    def clean(self, what, complaints):
        """No complaint is good."""
        self.result(not complaints, what, complaints)

    def planted(self, what, complaints, place):
        """A complaint at that place is good, and only there."""
        good = complaints and all(place in c for c in complaints)
        self.result(good, "planted: " + what, [] if good else
                    complaints or ["the breach was not found"])

    def skip(self, what, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, what, why))

    def done(self):
        print("1..%d" % self.count)
        sys.exit(0)


def run(check, tree, plants, what):
    """The usual test: tree is clean, and each (what, path, text) of plants,
    put at the end of that file (or a new one), is found there."""
    tap = Tap()
    tap.result(len(tree) > 0, "there are files to look at")
    tap.clean(what, check(tree))
    for name, path, text in plants:
        copy = dict(tree)
        before = set(check(copy))
        copy[path] = copy.get(path, "") + text
        tap.planted(name, [c for c in check(copy) if c not in before], path)
    tap.done()
