#!/bin/bash
# Changing and unblocking the PIN of a PIV card: what the card sees, and that
# each typed PIN or PUK costs one try at most.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"

card_agent
signs "9A" 9a alice-rsa2048
presented "one PIN" 1 1 0

pinentry_answers "pin 123456" "pin 345678" "pin 345678" "pin 345678"
exits 0 "pin change" "$CARDSEAL" pin change
wrong_before=$(card_value verify-failed)
signs "9A with the new PIN" 9a alice-rsa2048
is "no try was lost" "$(($(card_value verify-failed) - wrong_before))" 0
like "which is asked for" "$(pinentry_descriptions | tail -n 1)" \
    'enter the PIN of'
pinentry_answers "pin 999999" "pin 123456" "pin 123456"
exits 5 "a wrong old PIN" "$CARDSEAL" pin change
is "costs one try" "$(($(card_value verify-failed) - wrong_before))" 1
like "is told" "$(cat "$tmp/err")" 'wrong PIN'

pinentry_answers "pin 999999" "pin 888888" yes "pin 777777"
exits 5 "wrong, wrong, and wrong at the last try" sign 9a
exits 5 "locked" sign 9a
exits 5 "a locked PIN cannot be changed" "$CARDSEAL" pin change
like "what to do is said" "$(cat "$tmp/err")" 'pin unblock'
pinentry_answers "pin 11111111" "pin 456789" "pin 456789"
exits 5 "a wrong PUK" "$CARDSEAL" pin unblock
like "is told" "$(cat "$tmp/err")" 'PUK was wrong'
pinentry_answers "pin 12345678" "pin 45a789" "pin 45a789"
exits 5 "a new PIN that the card does not take" "$CARDSEAL" pin unblock
like "is told" "$(cat "$tmp/err")" 'does not take'
pinentry_answers "pin 12345678" "pin 456789" "pin 456789" "pin 456789"
exits 0 "pin unblock" "$CARDSEAL" pin unblock
like "the PUK was asked for" "$(pinentry_descriptions | tail -n 3)" 'PUK'
signs "9A" 9a alice-rsa2048
signs "9C" 9c alice-p256
for n in 2 1; do
	pinentry_answers "pin 11111111" "pin 456789" "pin 456789"
	exits 5 "a wrong PUK" "$CARDSEAL" pin unblock
	like "costs one of its tries" "$(cat "$tmp/err")" "tries left for it: $n"
done
pinentry_answers "pin 11111111" "pin 456789" "pin 456789"
exits 5 "the last of them" "$CARDSEAL" pin unblock
is "is taken" "$(card_value puk-tries)" 0
like "is told" "$(cat "$tmp/err")" 'PUK is locked'
pinentry_answers "pin 12345678" "pin 456789" "pin 456789"
exits 5 "a locked PUK" "$CARDSEAL" pin unblock
like "is told" "$(cat "$tmp/err")" 'PUK is locked'
exits 0 "the log has it" "$CARDSEAL" log
like "each of them" "$(grep -c ' pin ' "$tmp/out")" '^10$'
unlike "without PINs" "$(cat "$tmp/out")" '345678|456789|12345678'
card_agent_end
done_testing
