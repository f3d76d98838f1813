#!/bin/bash
# Where a PIN is not: after lock, removal and expiry it is in no
# memory, argument or environment of agent, starter, workers, the log's writer
# and the PIN dialog, and never in a log. The scan needs root, since none of
# them can be looked into by the user.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"
[ "$(id -u)" = 0 ] || skip_all not-root
if grep -q __asan_init "$CS_BUILDDIR/agent/cardseal-agent"; then
	skip_all sanitizers
fi
# A number that is nowhere by chance.
pin=83920157
card_make carol "guid 00112233445566778899aabbccddee00" "pin $pin" \
    "slot 9a alice-rsa2048" "slot 9c alice-p256"

# The agent and all below it, but for the scripted pinentry.
all_pids() {
	local list=$agent_pid level=$agent_pid p
	while level=$(pgrep -d ' ' -P "${level// /,}"); do
		list="$list $level"
	done
	for p in $list; do
		case $(cat "/proc/$p/comm" 2>/dev/null) in
		cardseal* | pinentry) echo "$p" ;;
		esac
	done
}

# It has the PIN nowhere: NEEDLE
nowhere() {
	local pids
	mapfile -t pids < <(all_pids)
	[ ${#pids[@]} -ge 4 ] &&
		"$CS_SRCDIR/tests/card/scan.py" "$1" "${pids[@]}"
}
is_locked() {
	"$CARDSEAL" status | grep -q '^token.*: locked'
}

ok "a card" card_start carol
FIXTURE_MODULE=$OPENSC_MODULE
printf '[agent]\ndeadline = 5\n' >"$tmp/agent.ini"
ok "the agent" agent_start --config "$tmp/agent.ini"
pinentry_answers "pin $pin"

exits 0 "9A" sign 9a
not_ok "the scan finds a PIN that is there" nowhere "$pin"
like "in the agent" "$(nowhere "$pin")" 'cardseal-agent'
ok "lock" "$CARDSEAL" lock
ok "after lock it is nowhere" wait_until 10 nowhere "$pin"
exits 0 "9C" sign 9c
ok "lock" "$CARDSEAL" lock
ok "after lock it is nowhere, 9C" wait_until 10 nowhere "$pin"
exits 0 "9A again" sign 9a
ok "the card goes" card remove
ok "the agent knows" wait_until 10 agent_misses 9a
ok "after removal it is nowhere" wait_until 10 nowhere "$pin"
card_wait absent && card insert
ok "the card comes" wait_until 10 agent_sees 9a
pinentry_answers "pin 73519460" cancel
exits 5 "a wrong PIN" sign 9a
ok "lock" "$CARDSEAL" lock
ok "a wrong PIN is nowhere then" wait_until 10 nowhere 73519460
pinentry_answers "pin $pin"
exits 0 "the right one" sign 9a
ok "it ends" agent_stop

printf '[agent]\ndeadline = 5\n[pin]\ncache-ttl = 1\n' >"$tmp/agent.ini"
ok "an agent that forgets soon" agent_start --config "$tmp/agent.ini"
exits 0 "9A" sign 9a
ok "the token is locked" wait_until 20 is_locked
ok "after expiry it is nowhere" wait_until 10 nowhere "$pin"
ok "it ends" agent_stop
not_ok "in no log" grep -rqE "$pin|73519460" "$tmp/agent.log" \
    "$XDG_STATE_HOME/cardseal"
ok "in no core file" test -z "$(find "$tmp" -name 'core*')"
ok "cards and pcscd end" card_stop
done_testing
