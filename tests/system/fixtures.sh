#!/bin/bash
# softhsm-fixtures/make-fixtures makes what it says: judged by openssl and
# pkcs11-tool.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
make_fixtures=$CS_SRCDIR/softhsm-fixtures/make-fixtures

# verify NAME [OPTION...]: the mail certificate's path
verify() {
	local name=$1
	shift
	openssl verify -CAfile "$dir/ca.pem" -untrusted "$dir/intermediate.pem" \
	    -purpose smimesign "$@" "$dir/certs/$name.pem"
}

# refused NAME REASON [OPTION...]
refused() {
	local name=$1 reason=$2 text
	shift 2
	text=$(verify "$name" "$@" 2>&1)
	like "openssl refuses $name: $reason" "$text" "$reason"
}

# token_sign NAME MECHANISM: what the token signs, the certificate's key
# verifies
token_sign() {
	local name=$1 id opts=()
	id=$(fixture_field "$name" 4)
	openssl x509 -in "$dir/certs/$name.pem" -noout -pubkey >"$tmp/pub.pem"
	echo "some bytes to sign" >"$tmp/data"
	if [ "$2" = EDDSA ]; then
		cp "$tmp/data" "$tmp/in"
		opts=(-rawin)
	else
		openssl dgst -sha256 -binary "$tmp/data" >"$tmp/in"
	fi
	# CKM_RSA_PKCS signs a whole DigestInfo (RFC 8017, section 9.2).
	if [ "$2" = RSA-PKCS ]; then
		{
			printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01'
			printf '\x65\x03\x04\x02\x01\x05\x00\x04\x20'
			cat "$tmp/in"
		} >"$tmp/info"
		mv "$tmp/info" "$tmp/to-sign"
		opts=(-pkeyopt digest:sha256)
	else
		cp "$tmp/in" "$tmp/to-sign"
	fi
	pkcs11-tool --module "$FIXTURE_MODULE" --token-label "$FIXTURE_TOKEN" \
	    --login --pin "$FIXTURE_PIN" --sign --mechanism "$2" --id "$id" \
	    --signature-format openssl -i "$tmp/to-sign" -o "$tmp/sig" || return
	openssl pkeyutl -verify -pubin -inkey "$tmp/pub.pem" -in "$tmp/in" \
	    -sigfile "$tmp/sig" "${opts[@]}"
}

# same_cert NAME: the token has this very certificate under the id
same_cert() {
	pkcs11-tool --module "$FIXTURE_MODULE" --token-label "$FIXTURE_TOKEN" \
	    --read-object --type cert --id "$2" -o "$tmp/cert.der" &&
		openssl x509 -in "$dir/certs/$1.pem" -outform DER |
		cmp - "$tmp/cert.der"
}

cert_text() {
	openssl x509 -in "$dir/certs/$1.pem" -noout -text
}

dir=$tmp/mix
fixtures "$dir" --preset mix
for name in rsa2048 rsa3072 p256 p384 p521 ed25519 deep renewed; do
	ok "openssl accepts $name" verify "$name"
done
for name in rsa2048 rsa3072; do
	ok "$name is on the token" token_sign "$name" RSA-PKCS
done
for name in p256 p384 p521; do
	ok "$name is on the token" token_sign "$name" ECDSA
done
ok "ed25519 is on the token" token_sign ed25519 EDDSA
ok "its certificate too" same_cert p384 04
ok "renewed has the key of expired" token_sign renewed ECDSA
ok "a certificate under another id" same_cert other-id b2
refused expired "has expired"
refused future "not yet valid"
refused critical "unhandled critical"
refused encrypt "unsuitable certificate purpose"
refused tls "unsuitable certificate purpose"
refused under-expired "depth lookup: certificate has expired"
refused under-leaf "invalid CA certificate"
refused revoked "certificate revoked" -crl_check -CRLfile "$dir/crl.pem"
ok "the CRL spares the others" verify p256 -crl_check_all \
    -CRLfile "$dir/crl.pem"
is "address" "$(openssl x509 -in "$dir/certs/p256.pem" -noout -email)" \
    p256@example.org
is "no address" "$(openssl x509 -in "$dir/certs/no-address.pem" -noout \
	-email)" ""
is "two addresses" "$(openssl x509 -in "$dir/certs/two-addresses.pem" \
	-noout -email | tr '\n' ' ')" "first@example.org second@example.org "
like "address in the subject" "$(cert_text dn-address)" \
    "emailAddress = dn@example.org"
unlike "and in no other place" "$(cert_text dn-address)" \
    "Subject Alternative Name"
like "key usage of sign" "$(cert_text sign)" \
    "Digital Signature, Non Repudiation"$'\n'
like "key usage of encrypt" "$(cert_text encrypt)" "Key Agreement"$'\n'
like "key usage of encrypt-rsa" "$(cert_text encrypt-rsa)" \
    "Key Encipherment"$'\n'
like "extended key usage" "$(cert_text sign)" "E-mail Protection"
unlike "no certificate for bare-key" "$(ls "$dir/certs")" bare-key
ok "the key in a file matches" diff "$dir/pub/file.pem" \
    <(openssl pkey -in "$dir/keys/file.pem" -pubout)
is "the table's fingerprint" "$(fixture_field p256 6)" \
    "$(openssl x509 -in "$dir/certs/p256.pem" -noout -pubkey |
	openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)"

# Options, order, and a second call on the same folder.
dir=$tmp/own
ok "own token, PIN and names" "$make_fixtures" "$dir" --pin 4711-x \
    --token "Alice's card" --identity \
    "name=a,cn=Alice / A+B \\ Müller,key=p256,email=a@example.org,id=0102" \
    --pin 9999 --token Second --identity name=b,key=p256,always-auth=yes
# shellcheck source=/dev/null
. "$dir/env"
is "two tokens" "$(cut -f1,3 "$dir/tokens.tsv" | tr '\t\n' '=;')" \
    "Alice's card=4711-x;Second=9999;"
# openssl shows a backslash as two.
is "common name" "$(openssl x509 -in "$dir/certs/a.pem" -noout -subject \
	-nameopt multiline,utf8,-esc_msb | sed -n 's/ *commonName *= //p')" \
    'Alice / A+B \\ Müller'
like "the key that wants the PIN each time" \
    "$(pkcs11-tool --module "$FIXTURE_MODULE" --token-label Second --login \
	--pin 9999 --list-objects --type privkey)" "always authenticate"
ok "a second call adds" "$make_fixtures" "$dir" --token Second \
    --identity name=c,key=p256
is "its id is the next" "$(awk -F'\t' '$1 == "c" { print $2, $4 }' \
	"$dir/identities.tsv")" "Second 02"
ok "dates by hand" "$make_fixtures" "$dir" \
    --identity name=d,key=p256,store=file,validity=19990102-20110304
like "not before" "$(cert_text d)" "Not Before: Jan  2 00:00:00 1999 GMT"
like "not after" "$(cert_text d)" "Not After : Mar  4 00:00:00 2011 GMT"
not_ok "a name twice" "$make_fixtures" "$dir" --identity name=c
not_ok "no name" "$make_fixtures" "$dir" --identity key=p256
not_ok "a name that is a path" "$make_fixtures" "$dir" --identity name=../x
not_ok "an unknown word" "$make_fixtures" "$dir" --identity name=x,kee=p256
not_ok "an unknown kind of key" "$make_fixtures" "$dir" \
    --identity name=x,key=dsa
not_ok "an unknown issuer" "$make_fixtures" "$dir" \
    --identity name=y,key=p256,issuer=nobody

# Two at once do not disturb each other.
"$make_fixtures" "$tmp/p1" --preset quickstart &
p1=$!
"$make_fixtures" "$tmp/p2" --preset quickstart &
p2=$!
ok "one of two at once" wait $p1
ok "the other" wait $p2
dir=$tmp/p1
ok "and it is whole" verify bob
is "HOME stays empty" "$(ls -A "$HOME")" ""
done_testing
