#!/bin/bash
# An agent at rest with a card in, unlocked: how often it and what runs below it
# wake up, and how much memory the agent holds.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"
seconds=10

# How often all threads of these processes went to sleep again: PID...
sleeps() {
	local pid
	for pid; do
		cat "/proc/$pid"/task/*/status
	done | awk '/^(non)?voluntary_ctxt_switches:/ { n += $2 } END { print n }'
}

card_agent
signs "9A" 9a alice-rsa2048
"$CARDSEAL" status >"$tmp/status"
level=$agent_pid
pids=()
while [ -n "$level" ]; do
	# shellcheck disable=SC2206 # numbers
	pids+=($level)
	level=$(pgrep -d ' ' -P "${level// /,}")
done
is "there are starter and worker" "$([ ${#pids[@]} -ge 3 ] && echo yes)" yes
sleep 2
before=$(sleeps "${pids[@]}")
ok "they did wake up before" test "$before" -gt ${#pids[@]}
sleep $seconds
woken=$(($(sleeps "${pids[@]}") - before))
echo "# $woken times in $seconds s, ${#pids[@]} processes"
ok "at rest it wakes up once a second at most" test $woken -le $seconds
kib=$(awk '/^VmRSS:/ { print $2 }' "/proc/$agent_pid/status")
echo "# $kib KiB"
grep -q __asan_init "$CS_BUILDDIR/agent/cardseal-agent" ||
	ok "the agent holds 8 MiB at most" test "$kib" -le 8192
signs "9A after that" 9a alice-rsa2048
done_testing
