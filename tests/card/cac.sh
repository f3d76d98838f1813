#!/bin/bash
# A Common Access Card, as libcacard makes it, behind the real OpenSC module:
# judged by OpenSC's tools, and used through the agent.
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
card_need
[ -x "$CARD_BIN/cac_card" ] || skip_all tool libcacard
command -v certutil >/dev/null || skip_all tool certutil
pin=123456
names=(alice-rsa2048 bob-rsa2048 alice-old)
args=()
for who in "${names[@]}"; do
	args+=(--identity "name=$who,key=rsa2048,store=file,\
cn=$who,email=${who%%-*}@example.org")
done
fixtures "$tmp/fixtures" "${args[@]}"
cat "$FIXTURE_DIR"/{ca,intermediate}.pem >"$tmp/anchors.pem"

# --- a card from an NSS database -------------------------------------------

mkdir "$tmp/db"
echo "$pin" >"$tmp/pin"
certutil -N -d "sql:$tmp/db" -f "$tmp/pin"
echo "db $tmp/db" >"$tmp/cac.card"
for who in "${names[@]}"; do
	openssl pkcs12 -export -inkey "$FIXTURE_DIR/keys/$who.pem" \
	    -in "$FIXTURE_DIR/certs/$who.pem" -name "$who" \
	    -passout pass:move -out "$tmp/$who.p12"
	ok "$who is in the database" pk12util -i "$tmp/$who.p12" \
	    -d "sql:$tmp/db" -k "$tmp/pin" -W move
	openssl x509 -in "$FIXTURE_DIR/certs/$who.pem" -outform DER \
	    -out "$tmp/$who.der"
	echo "cert $who" >>"$tmp/cac.card"
done
CARD_PROGRAM=$CARD_BIN/cac_card
ok "pcscd and a card" card_start cac
tool() {
	timeout 60 pkcs11-tool --module "$OPENSC_MODULE" "$@"
}
like "name" "$(opensc-tool --name 2>&1)" "Common Access Card"
n=0
for who in "${names[@]}"; do
	n=$((n + 1))
	ok "certificate 000$n" tool --read-object --type cert --id 000$n \
	    -o "$tmp/cert.der"
	ok "is $who" cmp "$tmp/cert.der" "$tmp/$who.der"
	echo "text" >"$tmp/text"
	ok "000$n signs" tool --login --pin "$pin" --sign --id 000$n \
	    --mechanism SHA256-RSA-PKCS -i "$tmp/text" -o "$tmp/sig"
	ok "000$n: a good signature" openssl dgst -sha256 \
	    -verify "$FIXTURE_DIR/pub/$who.pem" -signature "$tmp/sig" \
	    "$tmp/text"
	openssl pkeyutl -encrypt -pubin -inkey "$FIXTURE_DIR/pub/$who.pem" \
	    -in "$tmp/text" -out "$tmp/secret"
	ok "000$n decrypts" tool --login --pin "$pin" --decrypt --id 000$n \
	    --mechanism RSA-PKCS -i "$tmp/secret" -o "$tmp/got"
	ok "000$n: the same text" cmp "$tmp/got" "$tmp/text"
done

# --- through the agent -----------------------------------------------------

printf '%s\n' 'From: alice@example.org' 'To: bob@example.org' \
    'Subject: card' 'Content-Type: text/plain' '' 'A line.' >"$tmp/in.eml"
finger() {
	sha256sum "$tmp/$1.der" | cut -d' ' -f1
}
# opens DESCRIPTION IDENTITY [KEYOPT...]
opens() {
	local what=$1 who=$2 opts=() o
	shift 2
	for o in "$@"; do
		opts+=(-keyopt "$o")
	done
	openssl cms -encrypt -aes256 -binary -in "$tmp/in.eml" \
	    -out "$tmp/sealed.eml" -recip "$FIXTURE_DIR/certs/$who.pem" \
	    "${opts[@]}"
	exits 0 "$what" timeout 60 "$CARDSEAL" decrypt -q \
	    -o "$tmp/opened.eml" "$tmp/sealed.eml"
	ok "$what: the same text" grep -q '^A line.' "$tmp/opened.eml"
}
FIXTURE_MODULE=$OPENSC_MODULE
pinentry_answers "pin $pin"
printf '[agent]\ndeadline = 20\n' >"$tmp/agent.ini"
ok "the agent" agent_start --config "$tmp/agent.ini"
good=$(card_value verify-good)
for who in "${names[@]}"; do
	exits 0 "$who signs" timeout 60 "$CARDSEAL" sign \
	    -k "$(finger "$who")" -o "$tmp/signed.eml" "$tmp/in.eml"
	ok "$who: openssl agrees" openssl cms -verify \
	    -in "$tmp/signed.eml" -CAfile "$tmp/anchors.pem" \
	    -out "$tmp/content"
done
opens "PKCS#1 v1.5" alice-rsa2048
opens "OAEP with SHA-1" bob-rsa2048 rsa_padding_mode:oaep
opens "OAEP with SHA-256" alice-old rsa_padding_mode:oaep rsa_oaep_md:sha256
is "one prompt for all of it" "$(pinentry_count)" 1
is "and one PIN" "$(($(card_value verify-good) - good))" 1

# This module says CKR_GENERAL_ERROR to a wrong PIN.
ok "lock" "$CARDSEAL" lock
failed=$(card_value verify-failed)
pinentry_answers "pin 999999" cancel
exits 5 "a wrong PIN" timeout 60 "$CARDSEAL" sign \
    -k "$(finger alice-rsa2048)" -o "$tmp/signed.eml" "$tmp/in.eml"
is "was sent once" "$(($(card_value verify-failed) - failed))" 1
pinentry_answers "pin $pin"
exits 0 "the right one" timeout 60 "$CARDSEAL" sign \
    -k "$(finger alice-rsa2048)" -o "$tmp/signed.eml" "$tmp/in.eml"
ok "the agent ends" agent_stop
ok "cards and pcscd end" card_stop
done_testing
