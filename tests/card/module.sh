#!/bin/bash
# Programs that have cardseal-pkcs11.so loaded for long: a busy or silent card
# holds up none of their looks at tokens and keys, and they go on without a
# restart when the card is pulled and comes back, and when the agent is killed.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"
module=$CS_BUILDDIR/.libs/cardseal-pkcs11.so

# program_starts: what it answers goes to descriptor 7, it reads from 8
program_starts() {
	mkfifo "$tmp/orders" "$tmp/answers"
	"$CS_BUILDDIR/tests/card/program" "$module" <"$tmp/orders" \
	    >"$tmp/answers" 2>"$tmp/program.err" &
	started_pids+=("$!")
	program=$!
	exec 8>"$tmp/orders" 7<"$tmp/answers"
}
# order LINE: its answer in $answer
order() {
	echo "$1" >&8
	read -r -t 60 -u 7 answer
}
signs_now() {
	order "sign $key"
	[ "$answer" = ok ]
}
no_token() {
	order tokens
	[ "$answer" = 0 ]
}
# looks DESCRIPTION: nothing takes over 50 ms, but for what the machine's other
# work holds up, one call in ten: where a card is waited for, all are slow
looks() {
	order "look 1500"
	echo "# $1: $answer"
	ok "$1: nothing waits for the card" awk -v RS=';' \
	    'NR == 1 && $2 < 10 || $3 > $2 / 10 { bad = 1 }
		END { exit bad || NR != 5 }' <<<"$answer"
}

card_agent
program_starts
order tokens
is "there is a token" "$answer" 1
key='PIV AUTH key' # OpenSC's name
order certificates
before=$answer
like "it has certificates" "$before" '^[0-9]+ [0-9]'
# Its name is another until the login, and what a busy agent has to tell of that
# may take longer than a look may.
ok "it signs" wait_until 10 signs_now
order certificates
is "their handles stay as they were before the login" "$answer" "$before"
looks "at rest"

# --- what another program unlocked -------------------------------------------
"$CARDSEAL" lock -q
order state
is "nobody is logged in" "$answer" 0 # CKS_RO_PUBLIC_SESSION
ok "another program unlocks the card" "$CARDSEAL" unlock
order state
is "which counts for this one" "$answer" 1 # CKS_RO_USER_FUNCTIONS
ok "it signs with what is open" signs_now
"$CARDSEAL" lock -q
order state
is "until the card is locked" "$answer" 0
ok "it signs again" wait_until 10 signs_now

# --- a card that is busy, and one that hangs -------------------------------
card delay 300
for _ in 1 2 3; do sign 9a busy; done 2>"$tmp/err" &
job=$!
looks "busy"
wait "$job"
card clear
card hang ins=87
sign 9a gone 2>"$tmp/err" &
job=$!
ok "a card that does not answer" wait_until 10 card_is pending 87
looks "silent"
wait "$job"
card clear
ok "the card is back" wait_until 20 signs_now
looks "after that"

# --- what comes and goes ---------------------------------------------------
for i in 1 2 3; do
	card remove
	ok "$i: it sees that the card is gone" wait_until 10 no_token
	card_wait absent && card insert
	ok "$i: the card comes, and it signs" wait_until 20 signs_now
done
agent_stop
order "sign $key"
like "without an agent it is told" "$answer" '^0x'
ok "the agent comes back" agent_start --config "$tmp/agent.ini"
ok "and it signs" wait_until 20 signs_now
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
looks "with a dead agent"
ok "the agent comes back once more" agent_start --config "$tmp/agent.ini"
ok "and it signs again" wait_until 20 signs_now
ok "it is the same program" kill -0 "$program"
exec 8>&-
wait "$program"
is "it ends" $? 0
card_agent_end
done_testing
