#!/bin/bash
# together.sh: several programs at once on one emulated PIV card, each in its own
# way, for $TOGETHER_SECONDS: no operation fails, and the PIN is asked for once.
# 9C, which has the PIN typed for each use, takes part by a rule.
# "make together" runs it for five minutes.
# shellcheck disable=SC2154
# shellcheck source=tests/card/lib.sh
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
# shellcheck source=tests/clients/lib.sh
. "$CS_SRCDIR/tests/clients/lib.sh"
for program in nss thunderbird gpgsm openssl ssh mutt; do
	# shellcheck source=/dev/null
	. "$CS_SRCDIR/tests/clients/$program.sh"
done
seconds=${TOGETHER_SECONDS:-20}

card_need
thunderbird_needs || done_testing
piv_start
clients_begin '[rule together]' 'for = raw' 'raw = yes' \
    '[rule signing]' 'keys = 9c' 'confirm = never' 'pin = cached'
gpgsm_begin
openssl_begin
ssh_begin
thunderbird_begin
use_column piv-rsa
ok "unlocked" "$CARDSEAL" unlock

# --- each in a folder of its own ----------------------------------------------

cardseal_signs_9c() {
	"$CARDSEAL" sign -q -f cms -k 9c -o ours.p7s data &&
		openssl cms -verify -binary -inform DER -in ours.p7s \
		    -content data -out /dev/null -CAfile cas.pem -purpose any
}
# again NAME COMMAND...: each in turn until the time is over; how often it was
# good stands in NAME/good, what failed in NAME/bad
again() {
	local name=$1 end=$((SECONDS + seconds)) good=0 step
	shift
	mkdir "$tmp/$name" && cd "$tmp/$name" || return
	tmp=$PWD
	cp ../data ../cas.pem ../port .
	: >bad
	while [ $SECONDS -lt $end ]; do
		for step; do
			if "$step" >log 2>&1; then
				good=$((good + 1))
			else
				{ echo "$step, after $good"; cat log; } >>bad
			fi
		done
		echo $good >good
	done
}

names=(thunderbird openssl gpgsm ssh-agent ssh-module cardseal)
again thunderbird thunderbird_signs thunderbird_decrypts &
pids=($!)
again openssl openssl_signs openssl_decrypts &
pids+=($!)
again gpgsm gpgsm_signs gpgsm_decrypts &
pids+=($!)
again ssh-agent ssh_face_logs_in &
pids+=($!)
again ssh-module ssh_module_logs_in &
pids+=($!)
again cardseal cardseal_signs_9c &
pids+=($!)
wait "${pids[@]}"
for name in "${names[@]}"; do
	is "$name: nothing failed" "$(cat "$name/bad")" ""
	good=$(cat "$name/good")
	ok "$name: $good in $seconds s" test "$good" -gt 0
done
is "one PIN for all of them" "$(pinentry_count)" 1
is "no wrong one came to the card" "$(card_value verify-failed)" 0
thunderbird_end
gpgsm_end
ssh_end
openssl_end
ok "the agent ends" agent_stop
done_testing
