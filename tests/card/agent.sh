#!/bin/bash
# The agent with a PIV card: what each key does, and how often the card sees a
# PIN, right or wrong, whatever other programs do with it.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"

# --- each key --------------------------------------------------------------

card_agent
is "keys by role, before any PIN" "$(roles)" "82 83 9a 9c 9d 9e "
signs "9A" 9a alice-rsa2048
presented "9A takes one PIN" 1 1 0
signs "9A again" 9a alice-rsa2048
presented "and no other" 0 0 0
signs "9C" 9c alice-p256
presented "9C takes one" 1 1 0
signs "9C again" 9c alice-p256
presented "each time" 1 1 0
opens "9D, PKCS#1" alice-rsa3072
opens "9D, OAEP" alice-rsa3072 rsa_padding_mode:oaep rsa_oaep_md:sha256
presented "9D takes none" 0 0 0
signs "9E" 9e alice-p384
presented "nor does 9E" 0 0 0
opens "a retired RSA key" bob-rsa2048
opens "a retired EC key" bob-p256
opens "with SHA-256" bob-p256 ecdh_kdf_md:sha256
is "keys by role, unlocked" "$(roles)" "82 83 9a 9c 9d 9e "

# --- other programs --------------------------------------------------------

presented "so far" "$(($(pinentry_count) - prompts_before))" \
    "$(($(card_value verify-good) - good_before))" 0
ok "another program resets the card" stranger reset
signs "9A after that" 9a alice-rsa2048
presented "with the PIN that is known" 0 1 0
ok "again" stranger reset
signs "9C after that" 9c alice-p256
presented "with a new one" 1 1 0
ok "another program logs out" stranger apdu 0020ff80
signs "9A after that" 9a alice-rsa2048
presented "with the PIN that is known" 0 1 0
ok "another program has a wrong PIN" \
    stranger apdu 0020008008393939393939ffff
signs "9A after that" 9a alice-rsa2048
presented "one wrong try is the other's" 0 1 1
stranger hold 2 >"$tmp/held" &
holder=$!
started_pids+=("$holder")
ok "another program has a transaction" wait_until 5 grep -q held "$tmp/held"
signs "9A waits for it" 9a alice-rsa2048
wait "$holder"
presented "and takes nothing" 0 0 0
ok "another program changes the PIN" stranger apdu \
    0024008010313233343536ffff333435363738ffff
good_before=$(card_value verify-good)
ok "and resets the card" stranger reset
pin=345678
pinentry_answers "pin $pin"
signs "9A after that" 9a alice-rsa2048
presented "the known PIN failed once" 1 1 1

# --- eight at once ---------------------------------------------------------

jobs=()
for n in 1 2 3 4 5 6 7 8; do
	case $((n % 4)) in
	0 | 2) sign 9c "at-once-$n" ;;
	1) sign 9a "at-once-$n" ;;
	3) sign 9e "at-once-$n" ;;
	esac 2>>"$tmp/at-once.log" &
	jobs+=($!)
done
for n in "${jobs[@]}"; do
	ok "one of eight" wait "$n"
done
for n in 1 5; do ok "9A of eight" good_by alice-rsa2048 at-once-$n; done
for n in 2 4 6 8; do ok "9C of eight" good_by alice-p256 at-once-$n; done
for n in 3 7; do ok "9E of eight" good_by alice-p384 at-once-$n; done
presented "four PINs for four 9C" 4 4 0

# --- wrong PINs ------------------------------------------------------------

ok "out and in" out_and_in
pinentry_answers "pin 999999" "pin 12" "pin $pin"
signs "wrong, too short, right" 9a alice-rsa2048
presented "only the wrong one cost a try" 3 1 1
like "the prompt says so" "$(grep '^SETERROR' "$tmp/pinentry.d/log" |
	head -n 1)" "wrong"
pinentry_answers "pin 999999" "pin $pin"
signs "9C: wrong, right" 9c alice-p256
is "one wrong try" "$(($(card_value verify-failed) - wrong_before))" 1
presented "two prompts" 2 "$(($(card_value verify-good) - good_before))" 1
ok "out and in" out_and_in
pinentry_answers "pin 999999" "pin 888888" no
exits 5 "wrong, wrong, and no at the last try" sign 9a
presented "one try each" 2 0 2
is "one is left" "$(card_value tries)" 1
like "the question" "$(pinentry_descriptions | tail -n 1)" \
    "Only one try is left"
pinentry_answers cancel
exits 5 "cancelled" sign 9a
presented "nothing was sent" 0 0 0
pinentry_answers yes "pin 777777"
exits 5 "the last one" sign 9a
presented "one try" 1 0 1
exits 5 "locked" sign 9a
like "says so" "$(cat "$tmp/err")" "PIN is locked"
exits 5 "locked for 9C" sign 9c
presented "nobody is asked" 0 0 0
ok "unblocked by another program" stranger apdu \
    002c0080103132333435363738313233343536ffff
pin=123456
pinentry_answers "pin $pin"
ok "out and in" out_and_in
signs "9A" 9a alice-rsa2048
presented "one PIN" 1 1 0
card_agent_end
done_testing
