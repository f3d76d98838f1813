"""Each error of asn1/err.def is in some test: what no test provokes may be
wrong for years."""
import re

import lint

LIST = "asn1/err.def"
# The list's own test, and what all of them are named by.
NO_TESTS = ("tests/unit/check_err.c", "tests/wire/wire.py",
            "tests/fault/storm.py")
# Of these there is nothing to provoke.
NONE = {
    "OK",  # no error
    "TRY_AGAIN",  # for mail filters; inside, what ends a walk early
    "PEER",  # only its number is kept: a stranger gets no answer at all
}


IMPORT = re.compile(r"^from wire import (\([^)]*\)|.*)$", re.M)


def names(text):
    return re.findall(r"^ERR\((\w+),", text, flags=re.M)


def check(tree):
    tests = {path: text for path, text in tree.items()
             if path.startswith("tests/") and path not in NO_TESTS
             and not path.startswith("tests/lint/")}
    code = "\n".join(lint.strip_c(t) for p, t in tests.items()
                     if p.endswith((".c", ".h")))
    stories = "\n".join(IMPORT.sub("", t) for p, t in tests.items()
                        if p.endswith(".py"))
    complaints = []
    for name in names(tree[LIST]):
        if name not in NONE and \
                not re.search(r"\bCS_ERR_%s\b" % name, code) and \
                not re.search(r"\b%s\b" % name, stories):
            complaints.append("%s: no test names %s" % (LIST, name))
    return complaints


def main():
    tree = lint.read_tree(".c", ".h", ".py", ".def")
    tap = lint.Tap()
    tap.result(len(names(tree[LIST])) > 50, "the list has errors")
    tap.clean("a test names each", check(tree))
    copy = dict(tree)
    copy[LIST] += 'ERR(PLANTED, 199, IO, "planted")\n'
    tap.planted("an error without a test", check(copy), "PLANTED")
    copy["tests/unit/check_err.c"] += "-CS_ERR_PLANTED"
    copy["tests/unit/check_der.c"] += "/* CS_ERR_PLANTED */"
    tap.planted("one that is only talked of", check(copy), "PLANTED")
    copy["tests/unit/check_der.c"] += "-CS_ERR_PLANTED"
    tap.clean("one that a test provokes", check(copy))
    tap.done()


if __name__ == "__main__":
    main()
