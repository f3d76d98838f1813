#!/bin/bash
# The agent with a PIV card that is pulled, swapped or silent, and without
# pcscd: every request ends and says why, and the next one works.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"

card_agent
pid=$agent_pid
signs "9A" 9a alice-rsa2048
presented "one PIN" 1 1 0

# --- out and in ------------------------------------------------------------

card remove
ok "removed" wait_until 10 agent_misses 9a
exits 4 "no card" sign 9a
card insert
ok "inserted" wait_until 10 agent_sees 9a
signs "9A" 9a alice-rsa2048
presented "the PIN was forgotten" 1 1 0
pinentry_answers "delay 1 pin $pin"
sign 9c gone 2>"$tmp/err" &
job=$!
wait_until 10 eval '[ "$(pinentry_count)" -gt "$prompts_before" ]'
card remove
wait "$job"
is "out while the PIN is asked for" $? 4
pinentry_answers "pin $pin"
ok "in again" in_again
presented "that PIN went nowhere" 1 0 0
while read -r atr ms; do
	card set atr "$atr"
	ok "$atr" out_and_in
	signs "$atr" 9a alice-rsa2048
	card pull "$ms" ins=87
	sign 9a gone 2>"$tmp/err"
	like "out $ms ms after it began to sign" $? '^[49]$'
	is "it was pulled" "$(card_value inserted)" 0
	ok "in again" in_again
	signs "works again" 9a alice-rsa2048
done <<'END_OF_LIST'
piv 0
generic 20
pivkey 50
END_OF_LIST
card set atr piv
is "no wrong PIN in all that" "$(card_value verify-failed)" "$wrong_before"

# --- another card ----------------------------------------------------------

alice=$(openssl x509 -in "$FIXTURE_DIR/certs/alice-rsa2048.pem" -outform DER |
	sha256sum | cut -d' ' -f1)
signs "9A by its fingerprint" "$alice" alice-rsa2048
card swap "$tmp/bob.card"
ok "another card in the same reader" wait_until 10 eval \
    '"$CARDSEAL" keys | grep -q "on .Bob p256.$"'
exits 4 "the first card's key" sign "$alice"
prompts_before=$(pinentry_count) good_before=0 wrong_before=0
pinentry_answers "pin 654321"
signs "9A of the other" 9a bob-p256
presented "with its own PIN" 1 1 0
opens "9D, P-384" bob-p384
opens "with SHA-384" bob-p384 ecdh_kdf_md:sha384
signs "9C, RSA" 9c bob-rsa2048
presented "one PIN for 9C" 1 1 0
card swap "$tmp/alice.card"
ok "the first one again" wait_until 10 eval \
    '"$CARDSEAL" keys | grep -q "on .Alice rsa2048.$"'
pinentry_answers "pin $pin"
signs "9A of the first" 9a alice-rsa2048

# --- what hangs ------------------------------------------------------------

failed=$(card_value verify-failed)
card hang ins=87
sign 9a gone 2>"$tmp/err" &
job=$!
ok "a card that does not answer" wait_until 10 card_is pending 87
begin=$(date +%s%N)
exits 0 "others are answered" "$CARDSEAL" status
ms=$((($(date +%s%N) - begin) / 1000000))
ok "at once: $ms ms" test $ms -lt 1000
wait "$job"
is "it ends" $? 9
like "and says why" "$(cat "$tmp/err")" "did not answer in time"
card clear
ok "the card is back" wait_until 20 sign 9a
ok "a good signature" good_by alice-rsa2048
launcher kill
ok "pcscd is killed, and it goes on" wait_until 20 sign 9a
ok "a good signature" good_by alice-rsa2048
launcher stop
sign 9a gone 2>/dev/null
like "without pcscd" $? '^[49]$'
launcher start
ok "with it" wait_until 20 sign 9a
ok "a good signature" good_by alice-rsa2048
is "no wrong PIN in all that" "$(card_value verify-failed)" "$failed"
ok "the agent is the same" kill -0 "$pid"
card_agent_end
done_testing
