"""Sizes, widths, guards and words that the conventions rule out."""
import re

import lint

FILE_MAX = 600
FUNCTION_MAX = 100
WIDTH_MAX = 80
NESTING_MAX = 3
# Split, so that this file is clean itself.
WORDS = re.compile(r"\b(%s)\b" % "|".join(
    a + b for a, b in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"),
                       ("HA", "CK"))))
OPENS = re.compile(r"(\)|\belse|\bdo|:)\s*$")


def is_c(path):
    return path.endswith((".c", ".h"))


def width(line):
    return len(line.expandtabs(8))


def check_lines(path, text):
    lines = text.split("\n")
    found = []
    if path.endswith((".c", ".h", ".py", ".sh")) and \
            len(lines) - 1 > FILE_MAX:
        found.append("%s: %d lines, more than %d" %
                     (path, len(lines) - 1, FILE_MAX))
    for number, line in enumerate(lines, 1):
        place = "%s:%d: " % (path, number)
        if is_c(path) and width(line) > WIDTH_MAX:
            found.append(place + "wider than %d columns" % WIDTH_MAX)
        if line != line.rstrip() and not path.endswith(".md"):
            found.append(place + "blanks at the end")
        if WORDS.search(line):
            found.append(place + "an open doubt belongs elsewhere")
    if text and not text.endswith("\n"):
        found.append("%s: no line end at its end" % path)
    return found


def nesting(lines):
    """Deepest block of a body, its own braces not counted."""
    stack = []
    deepest = 0
    before = ")"
    for line in lines:
        for char in line:
            if char == "{":
                stack.append(bool(OPENS.search(before)))
                deepest = max(deepest, sum(stack) - 1)
                before = ""
            elif char == "}":
                if stack:
                    stack.pop()
                before = ""
            elif char == ";":
                before = ""
            else:
                before = (before + char)[-40:]
        before += " "
    return deepest


def check_jumps(path, name, start, lines):
    """No goto to a label above it."""
    labels = {}
    found = []
    for offset, line in enumerate(lines):
        match = re.match(r"(\w+):\s*$", line)
        if match:
            labels[match.group(1)] = offset
    for offset, line in enumerate(lines):
        for label in re.findall(r"\bgoto\s+(\w+)", line):
            if labels.get(label, len(lines)) < offset:
                found.append("%s:%d: %s: goto %s goes back" %
                             (path, start + offset, name, label))
    return found


def check_functions(path, text):
    found = []
    for name, start, lines in lint.functions(text):
        place = "%s:%d: %s: " % (path, start, name)
        if len(lines) > FUNCTION_MAX:
            found.append(place + "%d lines, more than %d" %
                         (len(lines), FUNCTION_MAX))
        deep = nesting(lines)
        if deep > NESTING_MAX:
            found.append(place + "%d blocks deep, more than %d" %
                         (deep, NESTING_MAX))
        found += check_jumps(path, name, start, lines)
    return found


def check_c(path, text):
    found = []
    code = lint.strip_c(text)
    for number, line in enumerate(code.split("\n"), 1):
        if re.search(r"\btypedef\s+(struct|union|enum)\b", line):
            found.append("%s:%d: a typedef of a struct" % (path, number))
    if path.endswith(".h"):
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper())
        if path == "client/cardseal.h":
            guard = "CARDSEAL_H"
        if "#ifndef %s\n#define %s" % (guard, guard) not in text:
            found.append("%s: no guard %s" % (path, guard))
    return found + check_functions(path, text)


def check(tree):
    complaints = []
    for path, text in sorted(tree.items()):
        complaints += check_lines(path, text)
        if is_c(path):
            complaints += check_c(path, text)
    return complaints


def body(text):
    return "\nstatic void\nplanted(void)\n{\n" + text + "}\n"


PLANTS = [
    ("a long file", "asn1/planted.c", "int x;\n" * (FILE_MAX + 1)),
    ("a long function", "asn1/planted.c", body("\tx();\n" * FUNCTION_MAX)),
    ("a wide line", "asn1/planted.c", "/* %s */\n" % ("x" * 80)),
    ("a wide line of tabs", "asn1/planted.c", "\t" * 10 + "x;\n"),
    ("deep nesting", "asn1/planted.c", body(
        "\tif (a) {\n\tfor (;;) {\n\twhile (b) {\n\tdo {\n\tx();\n"
        "\t} while (c);\n\t}\n\t}\n\t}\n")),
    ("a jump back", "asn1/planted.c",
     body("again:\n\tx();\n\tgoto again;\n")),
    ("a typedef", "asn1/planted.c", "typedef struct x x_t;\n"),
    ("no guard", "asn1/planted.h", "int x;\n"),
    ("an open doubt", "doc/planted.md", "TO" + "DO: later\n"),
    ("blanks at the end", "asn1/planted.c", "int x; \n"),
    ("no line end", "asn1/planted.c", "int x;"),
]

if __name__ == "__main__":
    lint.run(check, lint.read_tree(), PLANTS, "the tree keeps the style")
