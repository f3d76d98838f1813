#!/bin/bash
# The emulated PIV card's edge, command by command; its PINs; out of the reader
# and in again.
. "${CS_SRCDIR:-.}/tests/card/piv-lib.sh"

ok "pcscd and a card" card_start alice

# --- the card edge ---------------------------------------------------------

says "SELECT by the RID" "61.*9000" 00a4040005a00000030800
says "another application" 6a82 00a4040007a000000151000000
says "and PIV is still selected" "7e124f0b.*9000" 00cb3fff035c017e00
says "CHUID" "53.*34108899.*9000|53.*00112233445566778899.*9000" \
    00cb3fff055c035fc10200
says "key history" "5308c10103c20100fe009000" 00cb3fff055c035fc10c00
says "an object that is not there" 6a82 00cb3fff055c035fc10300
says "extended length: a certificate in one answer" "5382.*9000" \
    00cb3fff0000055c035fc1050000
says "no such command" 6d00 00010000
says "no such class" 6e00 80cb3fff055c035fc10200
says "no command" 6700 00cb3fff055c03
says "GET RESPONSE for nothing" 6985 00c0000000
says "a chain that breaks off" 6883 10cb3fff025c03 00200080
says "no such key" 6a88 "00871193$(sign_p256 9a | cut -c9-)"
says "wrong algorithm" 6a86 "$(sign_p256 9a)"
says "no PIN: the tries" 63c3 00200080 002000ff 0020ff80 00200080
says "not verified: 9A is refused" 6982 0020ff80 \
    "0087079a0c7c0a82008106$(printf %012d 1)"
says "with PIN" 9000 "$(verify_apdu "$pin")" 00200080
says "PIN of a wrong form" 6a80 0020008008313233ffffffffff
says "PIN too short" 6a80 002000800431323334
is "no try was used" "$(card_value tries)" 3
says "9C with a fresh PIN" "7c.*9000" "$(verify_apdu "$pin")" \
    "$(sign_p256 9c)"
says "9C a second time" 6982 "$(verify_apdu "$pin")" "$(sign_p256 9c)" \
    "$(sign_p256 9c)"
says "9C with a command between" 6982 "$(verify_apdu "$pin")" \
    00cb3fff055c035fc10200 "$(sign_p256 9c)"
says "9E at any time" "7c.*9000" 0020ff80 \
    "0087149e367c3482008130$(printf %096d 7)00"
says "a point off the curve" 6a80 "$(verify_apdu "$pin")" \
    "00871182477c4582008541$(printf 04%0128d 7)00"
says "agreement with a signature key" 6a80 "$(verify_apdu "$pin")" \
    "0087119c477c4582008541$(printf 04%0128d 7)00"
ok "reset by another program" stranger reset
is "ends what the PIN opened" "$(card_value verified)" 0

# --- wrong PINs ------------------------------------------------------------

before=$(card_value verify-failed)
for left in 2 1 0; do
	not_ok "a wrong PIN" tool --login --pin 999999 --list-objects
	is "tries left" "$(card_value tries)" $left
done
is "each was presented once" "$(card_value verify-failed)" $((before + 3))
like "locked" "$(tool --login --pin "$pin" --list-objects 2>&1)" \
    CKR_PIN_LOCKED
says "which the card says itself" 6983 "$(verify_apdu "$pin")"
says "wrong PUK" 63c2 "002c008010$(padded 00000000)$(padded 123456)"
says "right PUK" 9000 "002c008010$(padded 12345678)$(padded 345678)"
pin=345678
ok "unblocked" sign_verify 01 alice-rsa2048 SHA256-RSA-PKCS
says "change the PIN: old one wrong" 63c2 \
    "0024008010$(padded 111111)$(padded 123456)"
says "change the PUK" 9000 \
    "0024008110$(padded 12345678)$(padded 87654321)"

# --- out, in, another one --------------------------------------------------

says "verified" 9000 "$(verify_apdu "$pin")"
card remove
ok "removed" card_wait absent
like "OpenSC finds no token" "$(tool --list-token-slots 2>&1)" \
    "^Available slots:$|No slot"
card insert
ok "inserted" card_wait present
is "the PIN is forgotten" "$(card_value verified)" 0
is "the counter is not" "$(card_value tries)" 3
not_ok "a wrong PIN" tool --login --pin 999999 --list-objects
card swap "$tmp/bob.card"
ok "swapped" wait_until 10 eval \
    '[ "$(token_field "serial num")" = 090a0b0c0d0e0f10 ]'
pin=654321
is "another label" "$(token_field 'token label')" "Bob p256"
ok "9A is EC" sign_verify_ec 01 bob-p256
ok "9C is RSA" sign_verify 02 bob-rsa2048 SHA256-RSA-PKCS
ok "9D agrees" derive 03 bob-p384 secp384r1
card swap "$tmp/alice.card"
ok "swapped back" wait_until 10 eval \
    '[ "$(token_field "serial num")" = 8899aabbccddeeff ]'
is "the first card remembers the wrong PIN" "$(card_value tries)" 2
pin=345678
ok "all end" card_stop
done_testing
