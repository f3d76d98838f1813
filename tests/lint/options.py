"""The manual pages have the options that the programs' --help has."""
import os
import re
import subprocess
import sys

import lint

BUILD = os.environ.get("CS_BUILDDIR", "build/gcc")
PROGRAM = os.environ.get("CARDSEAL", BUILD + "/client/cli/cardseal")
AGENT = BUILD + "/agent/cardseal-agent"
GPGSM = BUILD + "/client/gpgsm/cardseal-gpgsm"


def help_options(text):
    """Of lines such as "  -o, --output OUT   write there"."""
    found = set()
    for line in text.split("\n"):
        if not re.match(r"\s+-", line):
            continue
        left = re.split(r"\s{2,}", line.strip())[0]
        found |= set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", left))
    return found


def help_commands(text):
    return set(re.findall(r"^  ([a-z][a-z-]*(?: [a-z][a-z0-9-]*)?)  ", text, re.M))


def page_sections(text):
    """{section: options of its .It Fl lines}; before the first .Ss of
    COMMANDS they are those of every command, under ""."""
    found = {"": set()}
    section = None
    for line in text.split("\n"):
        if line.startswith(".Sh "):
            section = "" if line in (".Sh COMMANDS", ".Sh OPTIONS") else None
        elif line.startswith(".Ss ") and section is not None:
            section = line[4:].strip()
            found[section] = set()
        elif line.startswith(".It Fl ") and section is not None:
            found[section] |= item_options(line)
    return found


def item_options(line):
    """.It Fl o , Fl -output Ar OUT"""
    words = line.split()
    return {"-" + words[i + 1] for i, w in enumerate(words[:-1]) if w == "Fl"}


def compare(sections, helps):
    """helps: {command: its --help}"""
    complaints = []
    common = sections.get("", set())
    for command, text in sorted(helps.items()):
        if command not in sections:
            complaints.append("%s: has no section" % command)
            continue
        documented = sections[command]
        real = help_options(text)
        for option in sorted(real - documented - common):
            complaints.append("%s: %s is not in the page" % (command, option))
        for option in sorted(documented - real):
            complaints.append("%s: %s is not in --help" % (command, option))
        for option in sorted(common - real):
            complaints.append("%s: %s is not in --help" % (command, option))
    for command in sorted(set(sections) - set(helps) - {""}):
        complaints.append("%s: there is no such command" % command)
    return complaints


def ask(*command):
    return subprocess.run(command + ("--help",), capture_output=True,
                          text=True, timeout=30, check=False).stdout


def page(name):
    with open(os.path.join(lint.SRCDIR, "doc/man", name),
              encoding="utf-8") as f:
        return page_sections(f.read())


def main():
    tap = lint.Tap()
    if not os.access(PROGRAM, os.X_OK):
        tap.result(False, "there is a cardseal to ask", [PROGRAM])
        tap.done()
    commands = help_commands(ask(PROGRAM))
    tap.result({"sign", "verify", "agent"} <= commands,
               "cardseal --help lists commands")
    helps = {c: ask(PROGRAM, *c.split()) for c in commands - {"agent"}}
    sections = page("cardseal.1")
    # The agent's options are in its own page.
    sections.pop("agent", None)
    tap.clean("cardseal(1) has the options of each command",
              compare(sections, helps))
    tap.clean("cardseal-agent(8) has its options",
              compare({"": set(), "agent": page("cardseal-agent.8")[""]},
                      {"agent": ask(AGENT)}))

    tap.clean("cardseal-gpgsm(1) has its options",
              compare({"": set(), "gpgsm": page("cardseal-gpgsm.1")[""]},
                      {"gpgsm": ask(GPGSM)}))

    plant = dict(helps, sign=helps["sign"] + "\n      --planted X  words\n")
    tap.planted("an option without a page", compare(sections, plant),
                "--planted")
    plant = dict(sections, sign=sections["sign"] | {"--planted"})
    tap.planted("a page without an option", compare(plant, helps),
                "--planted")
    plant = dict(helps, planted="  -q, --quiet  say nothing\n")
    tap.planted("a command without a section", compare(sections, plant),
                "planted")
    plant = {c: o for c, o in helps.items() if c != "lock"}
    tap.planted("a section without a command", compare(sections, plant),
                "lock")
    tap.done()


if __name__ == "__main__":
    sys.exit(main())
