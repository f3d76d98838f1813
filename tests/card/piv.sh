#!/bin/bash
# The emulated PIV card and the private pcscd are what they claim to be:
# judged by OpenSC, yubico-piv-tool and openssl.
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
card_need
card_fixtures
run_before=$(stat -c %Y /run/pcscd 2>/dev/null)
card_make alice "guid 00112233445566778899aabbccddeeff" "yubico 12345678" \
    "slot 9a alice-rsa2048" "slot 9c alice-p256" \
    "slot 9d alice-rsa3072 gzip" "slot 9e alice-p384" \
    "slot 82 bob-p256 gzip" "slot 83 bob-rsa2048" "slot 84 bob-p384"
card_make bob "guid 0102030405060708090a0b0c0d0e0f10" "pin 654321" \
    "slot 9a bob-p256" "slot 9c bob-rsa2048" "slot 9d bob-p384"

# tool ARGUMENT...: pkcs11-tool on the token in the reader
tool() {
	timeout 60 pkcs11-tool --module "$OPENSC_MODULE" "$@"
}

token_field() {
	tool --list-token-slots | sed -n "s/^ *$1 *: *//p"
}

# read_cert ID IDENTITY: the card has the very certificate
read_cert() {
	tool --read-object --type cert --id "$1" -o "$tmp/cert.der" &&
		cmp "$tmp/cert.der" "$tmp/$2.der"
}

public_key() {
	openssl pkey -pubin -in "$FIXTURE_DIR/pub/$1.pem" -pubout \
	    -out "$tmp/pub.pem"
}

# sign_verify ID IDENTITY MECHANISM [OPTION...]: pkcs11-tool signs a file,
# openssl dgst verifies it with the OPTIONs
sign_verify() {
	local id=$1 who=$2 mechanism=$3 more=()
	shift 3
	[ "${mechanism%PSS}" = "$mechanism" ] ||
		more=(--mgf MGF1-SHA256 --salt-len 32)
	echo "what is to be signed with $id" >"$tmp/text"
	public_key "$who"
	tool --login --pin "$pin" --sign --id "$id" --mechanism "$mechanism" \
	    --signature-format openssl "${more[@]}" \
	    -i "$tmp/text" -o "$tmp/sig" &&
		openssl dgst -sha256 -verify "$tmp/pub.pem" \
		    -signature "$tmp/sig" "$@" "$tmp/text"
}

# As above, for keys that sign a digest made before.
sign_verify_ec() {
	local hash=sha256
	[ "${2#*-}" != p384 ] || hash=sha384
	echo "what is to be signed with $1" >"$tmp/text"
	public_key "$2"
	openssl dgst "-$hash" -binary "$tmp/text" >"$tmp/digest"
	tool --login --pin "$pin" --sign --id "$1" --mechanism ECDSA \
	    --signature-format openssl -i "$tmp/digest" -o "$tmp/sig" &&
		openssl dgst "-$hash" -verify "$tmp/pub.pem" \
		    -signature "$tmp/sig" "$tmp/text"
}

# derive ID IDENTITY CURVE: the same secret as openssl gets
derive() {
	public_key "$2"
	openssl ecparam -name "$3" -genkey -noout -out "$tmp/eph.pem"
	openssl pkey -in "$tmp/eph.pem" -pubout -outform DER \
	    -out "$tmp/eph.der"
	tool --login --pin "$pin" --derive --id "$1" \
	    --mechanism ECDH1-DERIVE -i "$tmp/eph.der" -o "$tmp/secret" &&
		openssl pkeyutl -derive -inkey "$tmp/eph.pem" \
		    -peerkey "$tmp/pub.pem" | cmp - "$tmp/secret"
}

# decrypt ID IDENTITY MECHANISM [OPTION...]: what openssl encrypted
decrypt() {
	local id=$1 mechanism=$3 more=()
	public_key "$2"
	shift 3
	[ "$mechanism" = RSA-PKCS ] ||
		more=(--hash-algorithm SHA256 --mgf MGF1-SHA256)
	printf 'a key of 32 octets for a message' >"$tmp/plain"
	openssl pkeyutl -encrypt -pubin -inkey "$tmp/pub.pem" \
	    -in "$tmp/plain" -out "$tmp/secret" "$@" || return
	tool --login --pin "$pin" --decrypt --id "$id" \
	    --mechanism "$mechanism" "${more[@]}" \
	    -i "$tmp/secret" -o "$tmp/got" &&
		cmp "$tmp/got" "$tmp/plain"
}

# says DESCRIPTION WANT HEX...: the last answer to these commands
says() {
	local what=$1 want=$2
	shift 2
	like "$what" "$(stranger apdu "$@" 2>&1 | tail -n 1)" "^$want\$"
}

# verify_apdu PIN; pin_pair TEXT TEXT: padded, as hexadecimal digits
padded() {
	local hex
	hex=$(printf %s "$1" | od -An -tx1 -v | tr -d ' \n')ffffffffffffffff
	echo "${hex:0:16}"
}
verify_apdu() {
	echo "0020008008$(padded "$1")"
}

# The command that signs a SHA-256 digest with a P-256 key.
sign_p256() {
	printf '008711%s267c2482008120%064d00' "$1" 7
}

# --- a card in the reader --------------------------------------------------

pin=123456
ok "pcscd and a card" card_start alice
is "the reader" "$(stranger readers | head -n 1)" "Virtual PCD 00 00"
like "name" "$(piv-tool --name 2>&1)" "Personal Identity Verification Card"
like "serial" "$(piv-tool --serial 2>&1)" "88 99 AA BB CC DD EE FF"
is "token's label" "$(token_field 'token label')" "Alice rsa2048"
is "token's serial" "$(token_field 'serial num')" 8899aabbccddeeff
ok "pkcs11-tool --test" tool --test --login --pin "$pin"
like "it found no errors" "$(cat "$tmp/ok.log")" "No errors"

while read -r id who; do
	ok "certificate $id, $who" read_cert "$id" "$who"
done <<'END_OF_LIST'
01 alice-rsa2048
02 alice-p256
03 alice-rsa3072
04 alice-p384
05 bob-p256
06 bob-rsa2048
07 bob-p384
END_OF_LIST

pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
while read -r id who; do
	ok "sign with $id, $who" sign_verify "$id" "$who" SHA256-RSA-PKCS
	ok "PSS with $id" sign_verify "$id" "$who" SHA256-RSA-PKCS-PSS \
	    "${pss[@]}"
	ok "decrypt PKCS#1 with $id" decrypt "$id" "$who" RSA-PKCS
	ok "decrypt OAEP with $id" decrypt "$id" "$who" RSA-PKCS-OAEP \
	    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
done <<'END_OF_LIST'
01 alice-rsa2048
03 alice-rsa3072
06 bob-rsa2048
END_OF_LIST
ok "sign with 02, the PIN each time" sign_verify_ec 02 alice-p256
ok "sign with 04, without PIN" sign_verify_ec 04 alice-p384
ok "agree with 05" derive 05 bob-p256 prime256v1
ok "agree with 07" derive 07 bob-p384 secp384r1

# --- yubico-piv-tool -------------------------------------------------------

yubico() {
	timeout 60 yubico-piv-tool --reader Virtual "$@"
}
if have_tool yubico-piv-tool "yubico-piv-tool"; then
	status=$(yubico --action status 2>&1)
	like "version" "$status" "Version:"$'\t'"5.4.3"
	like "its serial" "$status" "Serial Number:"$'\t'"12345678"
	for who in alice-rsa2048 alice-p256 alice-p384 bob-rsa2048; do
		like "it shows $who" "$status" "$(sha256sum "$tmp/$who.der" |
			cut -d' ' -f1)"
	done
	ok "read-certificate" yubico --action read-certificate --slot 9c \
	    --output "$tmp/cert.pem"
	ok "the right one" cmp <(openssl x509 -in "$tmp/cert.pem" -outform DER) \
	    "$tmp/alice-p256.der"
	ok "verify-pin" yubico --action verify-pin --pin "$pin"
	not_ok "verify-pin: a wrong one" yubico --action verify-pin \
	    --pin 999999
	is "which costs a try" "$(card_value tries)" 2
	ok "change-pin" yubico --action change-pin --pin "$pin" \
	    --new-pin 234567
	pin=234567
	is "the counter is full again" "$(card_value tries)" 3
	ok "unblock-pin" yubico --action unblock-pin --pin 12345678 \
	    --new-pin 123456
	pin=123456
	ok "sign with the new PIN" sign_verify 01 alice-rsa2048 SHA256-RSA-PKCS
fi

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
card insert 0
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
card hang ins=20
start_background stranger apdu 00200080 >"$tmp/hung"
ok "it hangs" wait_until 5 card_is pending 20
card clear
ok "until it is told" wait "$background_pid"
is "and then it has the answer" "$(cat "$tmp/hung")" 9000
before=$(card_value 9c)
card pull 50 ins=87
not_ok "pulled during a signature" stranger apdu \
    "$(verify_apdu "$pin")" "$(sign_p256 9c)"
is "it was done" "$(card_value 9c)" $((before + 1))
ok "out" card_wait absent
before=$(card_value verify-good)
card early ins=20
card insert 0
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
