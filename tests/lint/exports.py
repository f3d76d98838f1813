"""cardseal.h, the export map and cardseal(3) name the same functions, with the
same prototypes; and Debian's symbols file has what the map exports."""
import re

import lint

HEADER = "client/cardseal.h"
MAP = "client/cardseal.map"
PAGE = "doc/man/cardseal.3"
# git has it, a tarball has not
SYMBOLS = "debian/libcardseal0.symbols"


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


def map_symbols(text):
    """{"name@VERSION"}, with a symbol of its own for each version, as
    dpkg-gensymbols(1) has them."""
    found = set()
    for version, body in re.findall(r"(\w+)\s*\{(.*?)\}", text, re.S):
        names = re.findall(r"(\w+);", body.split("local:", 1)[0])
        found |= {"%s@%s" % (name, version) for name in names + [version]}
    return found


def check_symbols(tree):
    exported = map_symbols(tree.get(MAP, ""))
    listed = set(re.findall(r"^ (\S+) \S+$", tree.get(SYMBOLS, ""), re.M))
    return ["%s: %s is not there" % (SYMBOLS, symbol)
            for symbol in sorted(exported - listed)] + \
        ["%s: %s is not exported" % (SYMBOLS, symbol)
         for symbol in sorted(listed - exported)]


def planted(check_tree, tree, path, old, new):
    """The tree with that one change, checked."""
    copy = dict(tree)
    assert old in copy[path], old
    copy[path] = copy[path].replace(old, new, 1)
    return check_tree(copy)


def try_symbols(tap, tree):
    tap.clean("Debian's symbols are those of the map", check_symbols(tree))
    for what, path, old, new, place in (
            ("a symbol that Debian forgot", MAP, "global:",
             "global:\n\tcardseal_planted;",
             "cardseal_planted@CARDSEAL_0 is not there"),
            ("a symbol that only Debian has", SYMBOLS, " cardseal_verify@",
             " cardseal_planted@CARDSEAL_0 0.1.0\n cardseal_verify@",
             "cardseal_planted@CARDSEAL_0 is not exported"),
            ("a symbol of another version", SYMBOLS,
             " cardseal_verify@CARDSEAL_0", " cardseal_verify@CARDSEAL_1",
             "cardseal_verify@CARDSEAL_")):
        tap.planted(what, planted(check_symbols, tree, path, old, new), place)


def main():
    tree = lint.read_tree(".h", ".map", ".3", ".symbols")
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
        tap.planted(what, planted(check, tree, path, old, new), place)
    if SYMBOLS in tree:
        try_symbols(tap, tree)
    else:
        tap.skip("Debian's symbols", "a tarball has no debian/")
    tap.done()


if __name__ == "__main__":
    main()
