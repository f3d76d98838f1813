# shellcheck shell=bash disable=SC2034
# piv-lib.sh: the emulated PIV card, judged by OpenSC and openssl; what the
# tests of it share.
# shellcheck source=tests/card/lib.sh
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
card_need
card_fixtures
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
pin=123456
