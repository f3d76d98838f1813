#!/bin/bash
# What the emulated PIV card does wrong when it is told to, and the private
# pcscd: killed, stopped, two at a time, by an ordinary user.
. "${CS_SRCDIR:-.}/tests/card/piv-lib.sh"

run_before=$(stat -c %Y /run/pcscd 2>/dev/null)
ok "pcscd and a card" card_start alice

# --- faults ----------------------------------------------------------------

elapsed_ms() {
	local begin
	begin=$(date +%s%N)
	"$@" >/dev/null 2>&1
	echo $((($(date +%s%N) - begin) / 1000000))
}
card delay 600 ins=cb times=1
ms=$(elapsed_ms stranger apdu 00cb3fff055c035fc10200)
ok "delayed: $ms ms" test "$ms" -ge 600
card fail 6f00 ins=cb times=2
says "a status word once" 6f00 00cb3fff055c035fc10200
says "twice" 6f00 00cb3fff055c035fc10200
says "and no more" "53.*9000" 00cb3fff055c035fc10200
card fail 6581 skip=1
says "not the first" 9000 "$(verify_apdu "$pin")"
says "the second" 6581 00200080
card hang ins=20 skip=1
start_background stranger apdu "$(verify_apdu "$pin")" 00200080 >"$tmp/hung"
ok "it hangs" wait_until 10 card_is pending 20
card clear
ok "until it is told" wait "$background_pid"
is "and then it has the answer" "$(tail -n 1 "$tmp/hung")" 9000
before=$(card_value 9c)
card pull 50 ins=87
not_ok "pulled during a signature" stranger apdu \
    "$(verify_apdu "$pin")" "$(sign_p256 9c)"
is "it was done" "$(card_value 9c)" $((before + 1))
ok "out" card_wait absent
before=$(card_value verify-good)
card early ins=20
card insert
ok "in" card_wait present
not_ok "pulled before a PIN" stranger apdu "$(verify_apdu "$pin")"
is "it was not done" "$(card_value verify-good)" "$before"
not_ok "no such rule" card delay
not_ok "no such command" card dance
card insert
ok "in again" card_wait present

# --- ATR -------------------------------------------------------------------

card set atr generic
ok "another ATR" card_reinsert
like "unknown to OpenSC" "$(opensc-tool --atr 2>&1)" "45:6d:75:6c:61"
ok "a card nobody knows signs" sign_verify 01 alice-rsa2048 SHA256-RSA-PKCS
card set atr 3b80800101
ok "a PIVKey's" card_reinsert
ok "signs" sign_verify 01 alice-rsa2048 SHA256-RSA-PKCS
card set atr piv

# --- pcscd -----------------------------------------------------------------

first=$(launcher pid)
launcher kill
ok "pcscd was killed" process_is_gone "$first"
ok "the next client starts another" card_wait present
ok "the card works in it" sign_verify 01 alice-rsa2048 SHA256-RSA-PKCS
launcher stop
not_ok "no pcscd" stranger readers
launcher start
ok "started again" card_wait present
pids="$(launcher pid) $(launcher card-pid 0)"
ok "all end" card_stop
for p in $pids; do
	ok "none is left" process_is_gone "$p"
done

# --- several ---------------------------------------------------------------

rm -rf "$tmp/pcscd"
ok "two cards" card_start alice bob
is "two tokens" "$(token_field 'serial num' | tr '\n' ' ')" \
    "8899aabbccddeeff 090a0b0c0d0e0f10 "
card1 remove
ok "one of two removed" card_wait absent 1
is "the other one stays" "$(token_field 'serial num' | tr '\n' ' ')" \
    "8899aabbccddeeff "
first=$PCSCLITE_CSOCK_NAME
"$CARD_BIN/launch" --dir "$tmp/second" "$tmp/bob.card" &
started_pids+=($!)
ok "a second pcscd at the same time" wait_until 10 test -s "$tmp/second/env"
# shellcheck source=/dev/null
. "$tmp/second/env"
ok "has a card" card_wait present
is "of its own" "$(token_field 'serial num')" 090a0b0c0d0e0f10
PCSCLITE_CSOCK_NAME=$first
is "and the first one its own" "$(token_field 'serial num')" 8899aabbccddeeff

# --- what is no card -------------------------------------------------------

no_card() {
	card_make wrong "$@"
	"$CARD_BIN/piv_card" --port-file "$tmp/none" --control "$tmp/none.ctl" \
	    "$tmp/wrong.card"
}
exits 1 "an unknown word" no_card "colour blue"
like "says where" "$(cat "$tmp/err")" "wrong.card, line 1: not understood"
exits 1 "no such file" no_card "key 9a /nowhere/key.pem"
exits 1 "no key reference" no_card "slot 9b alice-rsa2048"
exits 1 "a key twice" no_card "slot 9a alice-rsa2048" "slot 9a alice-p256"
exits 1 "a certificate for a key" no_card "key 9a $tmp/alice-p256.der"
exits 1 "no GUID" no_card "guid 00"

# --- an ordinary user ------------------------------------------------------

if [ "$(id -u)" != 0 ]; then
	skip root "as an ordinary user" "this is one"
else
	own=$(mktemp -d "${TMPDIR:-/tmp}/cardseal-test.XXXXXX")
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups
		env HOME="$own" OPENSC_CONF="$own/opensc.conf")
	card_make nobody "slot 9a alice-rsa2048" "slot 9c alice-p256"
	sed "s|[^ ]*/||g" "$tmp/nobody.card" >"$own/nobody.card"
	cp "$tmp"/alice-{rsa2048,p256}.der "$OPENSC_CONF" \
	    "$FIXTURE_DIR"/keys/alice-{rsa2048,p256}.pem \
	    "$CARD_BIN"/{launch,piv_card,.libs/pcscd_shim.so} "$own"
	chown -R 65534:65534 "$own"
	"${user[@]}" "$own/launch" --dir "$own/pcscd" --card "$own/piv_card" \
	    --shim "$own/pcscd_shim.so" "$own/nobody.card" 2>"$tmp/own.log" &
	started_pids+=($!)
	ok "an ordinary user's pcscd" wait_until 10 test -s "$own/pcscd/env"
	# shellcheck source=/dev/null
	. "$own/pcscd/env"
	ok "has a card" card_wait present
	is "and belongs to the user" "$(ps -o uid= -p "$(launcher pid)" |
		tr -d ' ')" 65534
	ok "the user signs" "${user[@]}" pkcs11-tool \
	    --module "$OPENSC_MODULE" --login --pin 123456 --sign --id 01 \
	    --mechanism SHA256-RSA-PKCS -i "$own/nobody.card" -o "$own/sig"
	ok "a good signature" openssl dgst -sha256 \
	    -verify "$FIXTURE_DIR/pub/alice-rsa2048.pem" \
	    -signature "$own/sig" "$own/nobody.card"
	rm -rf "$own"
fi
is "the system's pcscd was left alone" \
    "$(stat -c %Y /run/pcscd 2>/dev/null)" "$run_before"
done_testing
