"""Every text that the programs show to people is in po/de.po: translated, not
fuzzy, with the same directives; and nothing else is."""
import os
import re
import subprocess
import tempfile

import lint

RULES = "po/local.mk"
CATALOGUE = "po/de.po"
ELSEWHERE = re.compile(r"client/(fetch/main|gpgsm|p12|pkcs11|scd|ssh)")
STRING = r'"(?:\\.|[^"\\\n])*"'
ENTRY = re.compile(r"^msgid ((?:%s\n)+)" % STRING, re.M)


def words(tree, name="XGETTEXT_WORDS"):
    """{function: which argument} from a list in the rules"""
    text = tree[RULES].split(name + " =", 1)[1]
    found = {}
    for word in re.match(r"(?:.*\\\n)*.*\n", text).group() \
            .replace("\\\n", " ").split():
        name, _, argument = word.partition(":")
        found[name] = int(argument)
    return found


def sources(tree):
    return {p: t for p, t in tree.items()
            if p.startswith(("asn1/", "client/")) and
            p.endswith((".c", ".h", ".def")) and not ELSEWHERE.match(p)}


def agent_sources(tree):
    return {p: t for p, t in tree.items()
            if p.startswith("agent/") and p.endswith(".c")}


def unquote(text):
    return "".join(s[1:-1] for s in re.findall(STRING, text))


def entries(text):
    """The msgids of a catalogue, without its header."""
    return {unquote(m) for m in ENTRY.findall(text)} - {""}


def extract_from(files, calls, folder):
    """What xgettext finds in them."""
    for path, text in files.items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
            f.write(text)
    keys = ["-k%s:%d" % call for call in calls.items()]
    out = subprocess.run(
        ["xgettext", "-L", "C", "--from-code=UTF-8", "--no-location", "-k"] +
        keys + ["-o", "-"] + sorted(files), cwd=folder,
        capture_output=True, text=True, check=True).stdout
    return entries(out)


def extract(tree, folder):
    return extract_from(sources(tree), words(tree), folder) | extract_from(
        agent_sources(tree), words(tree, "XGETTEXT_AGENT_WORDS"), folder)


def arguments(text, start):
    """The arguments of a call, from behind its parenthesis."""
    found = [""]
    depth = 0
    for token in re.finditer(r"%s|'(?:\\.|[^'\\])*'|." % STRING, text[start:],
                             re.S):
        one = token.group()
        if one in ")]}":
            if depth == 0:
                break
            depth -= 1
        depth += one in ("(", "[", "{")
        if one == "," and depth == 0:
            found.append("")
        else:
            found[-1] += one
    return found


def literals(text):
    """Strings, neighbours joined; those with a macro between are the
    compiler's to join."""
    if "PRI" in text:
        return []
    return [unquote(s) for s in
            re.findall(r"%s(?:\s*%s)*" % (STRING, STRING), text)]


def unseen(files, places, known):
    """Texts that xgettext passes over: the second of two alternatives."""
    call = re.compile(r"\b(%s)\(" % "|".join(places))
    complaints = []
    for path, text in sorted(files.items()):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for match in call.finditer(text):
            given = arguments(text, match.end())
            place = places[match.group(1)]
            for one in literals(given[place - 1]) if len(given) >= place else []:
                if one and one not in known:
                    complaints.append("%s: xgettext does not see \"%s\": mark "
                                      "it with N_" % (path, one))
    return complaints


def catalogue(text, folder):
    """What msgfmt says, and what it lets pass."""
    path = os.path.join(folder, "de.po")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run(
        ["msgfmt", "--check", "--statistics", "-o", "/dev/null", path],
        capture_output=True, text=True, check=False,
        env=dict(os.environ, LC_ALL="C"))
    if done.returncode != 0:
        return ["%s: %s" % (CATALOGUE, line) for line in
                done.stderr.replace(path, "").strip().split("\n")]
    if not re.fullmatch(r"\d+ translated messages?[.]", done.stderr.strip()):
        return ["%s: %s" % (CATALOGUE, done.stderr.strip())]
    return []


def check(tree):
    with tempfile.TemporaryDirectory() as folder:
        known = extract(tree, folder)
        have = entries(tree[CATALOGUE])
        return (
            ["%s: has not \"%s\"; \"make update-po\"" % (CATALOGUE, one)
             for one in sorted(known - have)] +
            ["%s: nobody says \"%s\" any more" % (CATALOGUE, one)
             for one in sorted(have - known)] +
            unseen(sources(tree), words(tree), known) +
            unseen(agent_sources(tree), words(tree, "XGETTEXT_AGENT_WORDS"),
                   known) + catalogue(tree[CATALOGUE], folder))


def main():
    tree = lint.read_tree(".c", ".h", ".def", ".mk")
    with open(os.path.join(lint.SRCDIR, CATALOGUE), encoding="utf-8") as f:
        tree[CATALOGUE] = f.read()
    tap = lint.Tap()
    tap.result(len(entries(tree[CATALOGUE])) > 1000, "there are texts")
    tap.clean("all are translated", check(tree))

    def planted(what, path, text, where, old=""):
        copy = dict(tree)
        copy[path] = copy[path].replace(old, text, 1) if old else \
            copy[path] + text
        assert copy[path] != tree[path], what
        tap.planted(what, check(copy), where)
    code = "int f(struct err *e)\n{\n\treturn err_set(e, -1, %s);\n}\n"
    planted("a text that the catalogue lacks", "client/cms/label.c",
            code % '"a planted text"', CATALOGUE)
    planted("one in a macro's list", "asn1/err.def",
            'ERR(PLANTED, 199, IO, "a planted text")\n', CATALOGUE)
    planted("the second of two alternatives", "client/cms/label.c",
            code % 'e ? "wrong PIN" : "a planted text"', "client/cms/label.c")
    planted("one of a prompt's", "agent/consent.c",
            "int f(struct buf *b)\n{\n\treturn buf_say(b, \"planted\");\n}\n",
            CATALOGUE)
    entry = 'msgid "wrong PIN"\nmsgstr "falsche PIN"\n'
    planted("one without a translation", CATALOGUE,
            'msgid "wrong PIN"\nmsgstr ""\n', CATALOGUE, entry)
    planted("a fuzzy one", CATALOGUE, "#, fuzzy\n" + entry, CATALOGUE, entry)
    planted("one that nobody says", CATALOGUE,
            '\nmsgid "planted"\nmsgstr "planted"\n', CATALOGUE)
    planted("another directive", CATALOGUE, 'msgstr "Token %d"',
            CATALOGUE, 'msgstr "Token %s"')
    tap.done()


if __name__ == "__main__":
    main()
