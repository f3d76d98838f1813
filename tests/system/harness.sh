#!/bin/bash
# The test helpers do what they say: a harness that cannot fail proves
# nothing.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

# try SCRIPT: what a test of these lines prints
try() {
	{
		echo ". \"$CS_SRCDIR/tests/system/lib.sh\""
		cat
	} >"$tmp/script"
	bash "$tmp/script" 2>/dev/null
}

is "results" "$(try <<'END'
ok good true
ok bad false
not_ok good false
not_ok bad true
not_ok "a signal is no refusal" sh -c 'kill -SEGV $$'
exits 3 good sh -c 'exit 3'
exits 0 bad sh -c 'exit 3'
is good a a
is bad a b
like good abc 'b.$'
like bad abc '^b'
unlike bad abc b
unlike good abc x
skip tool absent
skip whatever bad
done_testing
END
)" "ok 1 - good
not ok 2 - bad
# status 1 of: false
ok 3 - good
not ok 4 - bad
# status 0 of: true
not ok 5 - a signal is no refusal
# status 139 of: sh -c kill -SEGV \$\$
ok 6 - good
not ok 7 - bad
# status 3, not 0, of: sh -c exit 3
ok 8 - good
not ok 9 - bad
# got: a
# want: b
ok 10 - good
not ok 11 - bad
# got: abc
# want: /^b/
not ok 12 - bad
# got: abc
# unwanted: /b/
ok 13 - good
ok 14 - absent # SKIP a program to compare with is not installed
not ok 15 - bad
# skipped for a reason that lib.sh does not list: whatever
1..15"
unlike "no plan when a test dies" "$(try <<'END'
ok good true
exit 1
END
)" '1\.\.'
where=$(try <<'END'
start_background sleep 300
echo "$background_pid" "$tmp"
[ -d "$HOME" ] && [ "$HOME" = "$tmp/home" ] || echo "no home"
END
)
ok "what was started is ended" process_is_gone "${where% *}"
not_ok "its folder is gone" test -e "${where#* }"
ok "wait_until" wait_until 5 true
not_ok "wait_until gives up" wait_until 0.1 false

# talk LINE...: to the fake pinentry
talk() {
	printf '%s\n' "$@" | "$tmp/pinentry"
}
hello="OK Pleased to meet you"
pinentry_answers "pin 12%34" cancel "error 12 x" die "pin last"
is "a PIN" "$(talk 'SETDESC PIN of%0Athe %22card%22' GETPIN BYE)" \
    "$hello
OK
D 12%2534
OK
OK closing connection"
is "cancelled" "$(talk GETPIN)" "$hello
ERR 83886179 Operation cancelled <Pinentry>"
is "an error" "$(talk GETPIN)" "$hello
ERR 12 x"
is "it dies" "$(talk GETPIN 'SETDESC x')" "$hello"
is "the last answer" "$(talk GETPIN)" "$hello
D last
OK"
is "stays" "$(talk GETPIN)" "$hello
D last
OK"
is "prompts" "$(pinentry_count)" 6
is "descriptions" "$(pinentry_descriptions)" 'PIN of\nthe "card"'
pinentry_forget
is "forgotten" "$(pinentry_count)" ""
pinentry_answers yes no
is "yes" "$(talk CONFIRM)" "$hello
OK"
is "no" "$(talk CONFIRM)" "$hello
ERR 83886194 Not confirmed <Pinentry>"
pinentry_answers hang
start_background sh -c "echo GETPIN | '$tmp/pinentry' >'$tmp/hung'"
not_ok "no answer" wait_until 0.5 grep -q '^\(ERR\|D\)' "$tmp/hung"
pinentry_answers "delay 0.2 pin 1"
is "a slow answer" "$(talk GETPIN)" "$hello
D 1
OK"
touch "$tmp/pinentry.d/absent"
is "absent" "$(talk GETPIN)" ""
done_testing
