#!/bin/bash
# The emulated PIV card and the private pcscd are what they claim to be:
# judged by OpenSC, yubico-piv-tool and openssl.
. "${CS_SRCDIR:-.}/tests/card/piv-lib.sh"

# --- a card in the reader --------------------------------------------------

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
ok "all end" card_stop
done_testing
