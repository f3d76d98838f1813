"""Shell completion has the commands and options that --help has. With the
argument "write" ("make completion") it makes the files anew.
"""
import os
import re
import shutil
import subprocess
import sys

import lint
import options

FOLDER = "client/cli/completion"
WORDS = re.compile(r"[a-z0-9-]+([|][a-z0-9-]+)+")
FILES = re.compile(r"FILE|CERTFILE|PATH|OUT|IN|CERT|MAIL|SIGNATURE|SENT|"
                   r"PROGRAM")
NOTE = "# Made from cardseal's tables of options by \"make completion\".\n"


def parse_options(text):
    """[(short or "", long, argument or "", help)] of a --help"""
    rows = []
    for line in text.split("\n"):
        match = re.match(r"\s+(?:-(\w), )?\s*--([\w-]+)(?: (\S+))?\s+(.*)",
                         line)
        if match and not match.group(4).startswith("--"):
            rows.append((match.group(1) or "", match.group(2),
                         match.group(3) or "", match.group(4)))
    return rows


def parse_operands(text):
    match = re.search(r"^usage: cardseal [a-z0-9 -]+ \[OPTIONS\] ?(.*)$",
                      text, re.M)
    return match.group(1) if match else ""


def kind(argument):
    """"files", "folders", a list of words, or None: nothing to offer."""
    argument = argument.strip("[]")
    if WORDS.match(argument):
        return WORDS.match(argument).group(0).split("|")
    if argument == "DIR":
        return "folders"
    return "files" if FILES.match(argument) else None


class Command:
    def __init__(self, name, summary, text):
        self.name = name
        self.words = name.split()
        self.summary = summary
        self.options = parse_options(text)
        self.operands = parse_operands(text)

    def own_words(self):
        """What it takes as its first operand, where that is from a list."""
        found = kind(self.operands)
        return found if isinstance(found, list) else []


def read_commands(ask):
    """[Command], in the order of --help"""
    return [Command(name, summary, ask(*name.split())) for name, summary in
            re.findall(r"^  ([a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)?)  +(.*)",
                       ask(), re.M)]


def first_words(commands):
    """{first word: summary}"""
    found = {}
    for command in commands:
        word = command.words[0]
        if len(command.words) == 1:
            found[word] = command.summary
        else:
            found.setdefault(word, "commands for " + word)
    return found


def second_words(commands, word):
    return [c.words[1] for c in commands
            if len(c.words) > 1 and c.words[0] == word]


def groups(commands):
    """[(first word, second words, words of the command without one)]"""
    found = []
    for word in first_words(commands):
        seconds = second_words(commands, word)
        own = [w for c in commands if c.words == [word] for w in c.own_words()]
        if seconds:
            found.append((word, seconds, own))
    return found


def names(row):
    return (["-" + row[0]] if row[0] else []) + ["--" + row[1]]


# --- bash ---

BASH = """# shellcheck shell=bash
{note}_cardseal_offer()
{{
	case $1 in
	files) compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	folders) compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	?*) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
	esac
}}

_cardseal()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
	local command=${{COMP_WORDS[1]}} options words=""

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_cardseal_offer "{first}" "$cur"
		return
	fi
	# "--option=value" comes in three words.
	if [ "$cur" = "=" ]; then
		cur=""
	elif [ "$prev" = "=" ]; then
		prev=${{COMP_WORDS[COMP_CWORD-2]}}
	fi
	case $command in
{groups}	esac
	case "$command:$prev" in
{values}	esac
	if [ -n "$words" ]; then
		[ "$words" = none ] || _cardseal_offer "$words" "$cur"
		return
	fi
	options=""
	case $command in
{rows}	esac
	case $cur in
	-*) _cardseal_offer "$options" "$cur" ;;
	*) _cardseal_offer "$words" "$cur" ;;
	esac
}}
complete -F _cardseal cardseal
"""
BASH_GROUP = """	{word})
		if [ "$COMP_CWORD" -eq 2 ] && [[ $cur != -* ]]; then
			_cardseal_offer "{offer}" "$cur"
			return
		fi
		case ${{COMP_WORDS[2]}} in
		{seconds}) command+=" ${{COMP_WORDS[2]}}" ;;
		esac
		;;
"""


def offered(argument):
    what = kind(argument)
    return " ".join(what) if isinstance(what, list) else what or ""


def make_bash(commands):
    parts = "".join(
        BASH_GROUP.format(word=word, offer=" ".join(seconds + own),
                          seconds=" | ".join(seconds))
        for word, seconds, own in groups(commands))
    values = rows = ""
    for command in commands:
        for row in command.options:
            if row[2]:
                values += "\t%s)\n\t\twords=\"%s\" ;;\n" % (
                    " | ".join('"%s:%s"' % (command.name, n)
                               for n in names(row)),
                    offered(row[2]) or "none")
        rows += "\t\"%s\")\n\t\toptions=\"%s\"\n\t\twords=\"%s\" ;;\n" % (
            command.name,
            " ".join(n for row in command.options for n in names(row)),
            offered(command.operands))
    return BASH.format(note=NOTE, first=" ".join(first_words(commands)),
                       groups=parts, values=values, rows=rows)


# --- zsh ---

def quote(text):
    text = re.sub(r"([:\[\]\\])", r"\\\1", text)
    return text.replace("'", "'\\''")


def zsh_action(argument):
    what = kind(argument)
    if isinstance(what, list):
        return "(%s)" % " ".join(what)
    return {"files": "_files", "folders": "_files -/", None: " "}[what]


def zsh_option(row):
    rest = "[%s]" % quote(row[3])
    short, long = ("", "")
    if row[2]:
        rest += ":%s:%s" % (quote(row[2]), zsh_action(row[2]))
        short, long = ("+", "=")
    found = ["'*-%s%s%s'" % (row[0], short, rest)] if row[0] else []
    return " ".join(found + ["'*--%s%s%s'" % (row[1], long, rest)])


ZSH = """#compdef cardseal
{note}
_cardseal()
{{
	local command=$words[2]

	if (( CURRENT == 2 )); then
		local -a commands=(
{first}		)
		_describe command commands
		return
	fi
	case $command in
{groups}	esac
	shift words
	(( CURRENT-- ))
	case $command in
{rows}	esac
}}

_cardseal "$@"
"""
ZSH_GROUP = """	{word})
		if (( CURRENT == 3 )) && [[ $words[3] != -* ]]; then
			compadd {offer}
			return
		fi
		case $words[3] in
		{seconds})
			command+=" $words[3]"
			shift words
			(( CURRENT-- ))
			;;
		esac
		;;
"""


def make_zsh(commands):
    first = "".join("\t\t\t'%s:%s'\n" % (word, quote(summary))
                    for word, summary in first_words(commands).items())
    parts = "".join(
        ZSH_GROUP.format(word=word, offer=" ".join(seconds + own),
                         seconds="|".join(seconds))
        for word, seconds, own in groups(commands))
    rows = ""
    for command in commands:
        rows += "\t'%s')\n\t\t_arguments \\\n" % command.name
        for row in command.options:
            rows += "\t\t    %s \\\n" % zsh_option(row)
        rows += "\t\t    '*:%s:%s' ;;\n" % (
            quote(command.operands.strip("[]") or "nothing"),
            zsh_action(command.operands))
    return ZSH.format(note=NOTE, first=first, groups=parts, rows=rows)


# --- fish ---

FISH = NOTE + """
# Are these the words so far, and no more?
function __cardseal_after
	set -l words (commandline -opc)
	test "$words[2..-1]" = "$argv"
end

# Are these the first of the words so far?
function __cardseal_in
	set -l words (commandline -opc)
	set -l last (math (count $argv) + 1)
	test (count $words) -ge $last
	and test "$words[2..$last]" = "$argv"
end

complete -c cardseal -f
"""


def fish_quote(text):
    return "'%s'" % text.replace("\\", "\\\\").replace("'", "\\'")


def fish_argument(argument):
    what = kind(argument)
    if isinstance(what, list):
        return " -x -a " + fish_quote(" ".join(what))
    return {"files": " -r -F", "folders": " -x -a '(__fish_complete_"
            "directories)'", None: " -x"}[what]


def fish_condition(commands, command):
    """A command of one word does not go on as one of two."""
    text = "__cardseal_in " + command.name
    if len(command.words) == 1:
        for second in second_words(commands, command.name):
            text += "; and not __cardseal_in %s %s" % (command.name, second)
    return text


def make_fish(commands):
    text = FISH
    line = "complete -c cardseal -n '%s' -a %s -d %s\n"
    for word, summary in first_words(commands).items():
        text += line % ("__cardseal_after", word, fish_quote(summary))
    for command in commands:
        if len(command.words) > 1:
            text += line % ("__cardseal_after " + command.words[0],
                            command.words[1], fish_quote(command.summary))
        seen = "complete -c cardseal -n '%s'" % \
            fish_condition(commands, command)
        for row in command.options:
            text += seen + (" -s " + row[0] if row[0] else "") + " -l " + \
                row[1] + (fish_argument(row[2]) if row[2] else "") + \
                " -d " + fish_quote(row[3]) + "\n"
        what = kind(command.operands)
        if command.own_words():
            text += "complete -c cardseal -n '__cardseal_after %s' -a %s\n" \
                % (command.name, fish_quote(" ".join(what)))
        elif what:
            text += seen + " -F\n"
    return text


# --- the test ---

SHELLS = {"bash/cardseal": make_bash, "zsh/_cardseal": make_zsh,
          "fish/cardseal.fish": make_fish}


def compare(commands, texts):
    return ["%s: is not what the options say: \"make completion\"" % name
            for name, make in SHELLS.items()
            if make(commands) != texts.get(name)]


def ask(*command):
    run = (options.AGENT,) if command == ("agent",) else \
        (options.PROGRAM,) + command
    return options.ask(*run)


def place(name):
    return os.path.join(lint.SRCDIR, FOLDER, name)


BASH_ASK = """. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cardseal
printf "%s\\n" "${COMPREPLY[@]}" """
# zsh's own functions, which only a line editor has, tell what they get.
ZSH_ASK = """file=$1; shift; words=("$@"); CURRENT=$#
compadd() { print -l -- $@ }
_describe() { print -l -- ${${(P)2}%%:*} }
_arguments() { print -l -- $@ }
source $file """


def run_shell(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=60, check=False).stdout.split("\n")


def complete_bash(*words):
    return set(run_shell("bash", "-c", BASH_ASK, place("bash/cardseal"),
                         *words)) - {""}


def complete_fish(*words):
    script = 'source $argv[1]; complete -C "$argv[2..-1]"'
    return {line.split("\t")[0] for line in run_shell(
        "fish", "--no-config", "-c", script, place("fish/cardseal.fish"),
        *words)} - {""}


def complete_zsh(*words):
    """Of options the whole specifications."""
    return set(run_shell("zsh", "-fc", ZSH_ASK, "zsh",
                         place("zsh/_cardseal"), *words)) - {""}


CASES = (("sig", "sign"), ("sign --intermed", "--intermediate"),
         ("sign -f ", "smime cms"), ("sign --headers p", "plain protect"),
         ("mutt ver", "verify verify-opaque"), ("agent --pi", "--pinentry"),
         ("certs verify --purpose s", "sign"), ("pin u", "unblock"),
         ("certs verify --requ", "--require-explicit-policy"))


def check_offers(tap, shell, complete):
    if shutil.which(shell) is None:
        tap.skip("%s completes" % shell, "%s is not installed" % shell)
        return
    for words, offers in CASES:
        found = complete("cardseal", *words.split(" "))
        good = found == set(offers.split())
        tap.result(good, "%s completes %s" % (shell, words),
                   [] if good else sorted(found))


def check_zsh(tap):
    if shutil.which("zsh") is None:
        tap.skip("zsh completes", "zsh is not installed")
        return
    tap.result({"sign", "certs"} <= complete_zsh("cardseal", ""),
               "zsh has the commands")
    tap.result({"list", "verify"} <= complete_zsh("cardseal", "certs", ""),
               "zsh has the second words")
    purpose = re.compile(r"\*--purpose=\[.*\(any sign encrypt\)$")
    found = complete_zsh("cardseal", "certs", "verify", "")
    tap.result(any(purpose.match(row) for row in found),
               "zsh has the options")
    found = complete_zsh("cardseal", "verify", "")
    tap.result(found and not any(purpose.match(row) for row in found),
               "zsh has only those of the command")


def check_syntax(tap):
    for name, command in (("bash/cardseal", ["shellcheck"]),
                          ("zsh/_cardseal", ["zsh", "-n"]),
                          ("fish/cardseal.fish", ["fish", "-n"])):
        what = "%s has nothing against %s" % (command[0], name)
        if shutil.which(command[0]) is None:
            tap.skip(what, "%s is not installed" % command[0])
            continue
        run = subprocess.run(command + [place(name)], capture_output=True,
                             text=True, timeout=60, check=False)
        tap.result(run.returncode == 0, what,
                   (run.stdout + run.stderr).split("\n")[:-1])


def main():
    tap = lint.Tap()
    commands = read_commands(ask)
    if sys.argv[1:] == ["write"]:
        for name, make in SHELLS.items():
            with open(place(name), "w", encoding="utf-8") as f:
                f.write(make(commands))
        return
    texts = {}
    for name in SHELLS:
        with open(place(name), encoding="utf-8") as f:
            texts[name] = f.read()
    tap.result(len(commands) > 30 and all(c.options for c in commands),
               "every command has options")
    tap.clean("completion has what --help has", compare(commands, texts))
    check_syntax(tap)
    check_offers(tap, "bash", complete_bash)
    check_offers(tap, "fish", complete_fish)
    check_zsh(tap)
    plant = read_commands(ask)
    plant[0].options.append(("", "planted", "", "words"))
    tap.planted("an option without completion", compare(plant, texts),
                "make completion")
    tap.planted("completion without a command", compare(commands[1:], texts),
                "make completion")
    tap.done()


if __name__ == "__main__":
    main()
