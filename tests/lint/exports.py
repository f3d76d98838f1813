"""cardseal.h, the export map and cardseal(3) name the same functions, with the
same prototypes."""
import re

import lint

HEADER = "client/cardseal.h"
MAP = "client/cardseal.map"
PAGE = "doc/man/cardseal.3"


def squeeze(text):
    """Blanks as clang-format or a person may put them, made alike."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ?([*(),]) ?", r"\1", text)


def header_functions(text):
    """{name: prototype}"""
    code = lint.strip_c(text)
    code = re.sub(r"^#.*$", "", code, flags=re.M)
    code = re.sub(r"\b(struct|enum) \w+ \{.*?\};", "", code, flags=re.S)
    found = {}
    for match in re.finditer(r"([\w \t\n*]+?\b(cardseal_\w+)\s*\([^;{]*\))\s*;",
                             code):
        found[match.group(2)] = squeeze(match.group(1))
    return found


def map_functions(text):
    body = text.split("global:", 1)[-1].split("local:", 1)[0]
    return set(re.findall(r"(\w+);", body))


def page_functions(text):
    """From .Ft TYPE, .Fo NAME, .Fa "ARGUMENT" ..., .Fc"""
    found = {}
    kind = name = ""
    arguments = []
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        rest = rest.replace('"', "")
        if word == ".Ft":
            kind = rest
        elif word == ".Fo":
            name, arguments = rest, []
        elif word == ".Fa" and name:
            arguments.append(rest)
        elif word == ".Fc":
            found[name] = squeeze("%s %s(%s)" %
                                  (kind, name, ", ".join(arguments)))
            name = ""
    return found


def check(tree):
    header = header_functions(tree.get(HEADER, ""))
    exported = map_functions(tree.get(MAP, ""))
    page = page_functions(tree.get(PAGE, ""))
    complaints = []
    for name in sorted(set(header) | exported | set(page)):
        if name not in header:
            complaints.append("%s: %s is not declared" % (HEADER, name))
        if name not in exported:
            complaints.append("%s: %s is not exported" % (MAP, name))
        if name not in page:
            complaints.append("%s: %s is not described" % (PAGE, name))
        elif name in header and header[name] != page[name]:
            complaints.append("%s: %s, not %s" %
                              (PAGE, page[name], header[name]))
    return complaints


def planted(tree, what, path, old, new):
    """The tree with that one change, checked."""
    copy = dict(tree)
    assert old in copy[path], old
    copy[path] = copy[path].replace(old, new, 1)
    return check(copy)


def main():
    tree = lint.read_tree(".h", ".map", ".3")
    tap = lint.Tap()
    header = header_functions(tree[HEADER])
    tap.result(len(header) > 20, "the header has functions")
    tap.clean("header, map and page agree", check(tree))
    for what, path, old, new, place in (
            ("an undeclared export", MAP, "global:",
             "global:\n\tcardseal_planted;", "cardseal_planted"),
            ("a forgotten export", MAP, "\tcardseal_verify;\n", "",
             MAP + ": cardseal_verify"),
            ("a new function", HEADER, "/* --- jobs --- */",
             "int cardseal_planted(void);", "cardseal_planted"),
            ("a forgotten page", PAGE, ".Fo cardseal_verify\n",
             ".Fo cardseal_verifies\n", "cardseal_verif"),
            ("another prototype", PAGE, ".Fa \"const char *token\"",
             ".Fa \"char *token\"", PAGE)):
        tap.planted(what, planted(tree, what, path, old, new), place)
    tap.done()


if __name__ == "__main__":
    main()
