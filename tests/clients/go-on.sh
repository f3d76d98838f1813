#!/bin/bash
# go-on.sh: programs that keep running sign and decrypt with an emulated PIV card
# while the card is pulled and put back, and the agent is killed and started
# anew: they need no restart.
# shellcheck disable=SC2154
# shellcheck source=tests/card/lib.sh
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
# shellcheck source=tests/clients/lib.sh
. "$CS_SRCDIR/tests/clients/lib.sh"
for program in nss thunderbird gpgsm ssh mutt; do
	# shellcheck source=/dev/null
	. "$CS_SRCDIR/tests/clients/$program.sh"
done

card_need
thunderbird_needs || done_testing
piv_start
clients_begin '[rule go-on]' 'for = raw' 'raw = yes'
gpgsm_begin
ssh_begin
thunderbird_begin
use_column piv-rsa
# An agent for ssh that stays.
"$ssh_face" -a "$tmp/stays.sock" -k "$(spki "$signer")" 2>ssh-face.log &
started_pids+=($!)
ok "an agent for ssh" wait_until 20 test -S stays.sock
stays_logs_in() {
	SSH_AUTH_SOCK=$tmp/stays.sock login
}
stays_away() {
	! stays_logs_in
}
all_work() { # WHEN
	ok "$1: Thunderbird signs" thunderbird_signs
	ok "$1: and decrypts" thunderbird_decrypts
	ok "$1: gpgsm signs" gpgsm_signs
	ok "$1: and decrypts" gpgsm_decrypts
	ok "$1: ssh logs in" stays_logs_in
}

all_work "at first"
for i in 1 2; do
	card remove
	ok "$i: the card is out" wait_until 20 eval '! has_keys'
	not_ok "$i: gpgsm has no card" gpgsm_signs_once
	ok "$i: nor has ssh" stays_away
	card insert
	ok "$i: it is in again" wait_until 60 has_keys
	all_work "$i: after that"
done
kill -KILL "$agent_pid"
wait "$agent_pid" 2>/dev/null
not_ok "gpgsm has no agent" gpgsm_signs_once
ok "nor has ssh" stays_away
clients_agent
all_work "with a new agent"
is "no wrong PIN came to the card" "$(card_value verify-failed)" 0
thunderbird_end
gpgsm_end
ssh_end
ok "the agent ends" agent_stop
done_testing
