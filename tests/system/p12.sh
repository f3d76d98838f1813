#!/bin/bash
# p12.sh: escrowed keys, from PKCS #12 files onto a token; then they open old
# mail.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --identity name=alice,key=p256,email=alice@example.org \
    --identity name=old,key=rsa2048,email=alice@example.org,usage=encrypt,store=file,validity=20200101-20240101 \
    --identity name=older,key=p384,email=alice@example.org,usage=encrypt,store=file,validity=20180101-20200101 \
    --identity name=plain,key=rsa2048,store=file
token="Cardseal test"
keys=$FIXTURE_DIR/keys certs=$FIXTURE_DIR/certs
pinentry_answers yes "pin $FIXTURE_PIN" yes
agent_start
printf 'secret\n' >"$tmp/password"
printf 'wrong\n' >"$tmp/wrong"
echo 'what was written then' >"$tmp/data"

p12() { # OUT NAME ARGUMENT...
	local out=$1 name=$2
	shift 2
	openssl pkcs12 -export -inkey "$keys/$name.pem" -in "$certs/$name.pem" \
	    -name "$name key" -passout file:"$tmp/password" -out "$out" "$@"
}
objects() { # CLASS
	pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
	    --token-label "$token" -O --type "$1" 2>/dev/null |
		grep -c " Object"
}
import() {
	"$CARDSEAL" keys import --token "$token" "$@"
}

# --- what cannot be done ---------------------------------------------------
ok "a file of 1999" p12 "$tmp/old.p12" old -legacy \
    -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1
ok "a file of today" p12 "$tmp/older.p12" older
ok "a file without a key" openssl pkcs12 -export -nokeys \
    -in "$certs/old.pem" -passout file:"$tmp/password" -out "$tmp/none.p12"
exits 2 "import what?" import
exits 74 "a file that is not there" import "$tmp/nothing.p12"
exits 1 "without its password" import "$tmp/old.p12"
like "says how" "$(cat "$tmp/err")" 'password-file'
exits 1 "a wrong password" import --password-file "$tmp/wrong" "$tmp/old.p12"
like "says so" "$(cat "$tmp/err")" "password is not the file's"
exits 7 "no key inside" import --password-file "$tmp/password" "$tmp/none.p12"
like "says so" "$(cat "$tmp/err")" 'no private key'
exits 7 "no such file at all" import "$tmp/data"
exits 4 "a token that is not there" "$CARDSEAL" keys import --token nowhere \
    --password-file "$tmp/password" "$tmp/old.p12"
is "nobody was asked for any of it" \
    "$(grep -c '^CONFIRM\|^GETPIN' "$tmp/pinentry.d/log" 2>/dev/null)" ""
pinentry_answers no
exits 8 "without the person's word" \
    import --password-file "$tmp/password" "$tmp/old.p12"
pinentry_answers yes cancel
exits 5 "without the PIN" \
    import --password-file "$tmp/password" "$tmp/old.p12"
is "nothing is on the token" "$(objects privkey) $(objects cert)" "1 1"

# --- what is ---------------------------------------------------------------
pinentry_answers yes "pin $FIXTURE_PIN" yes
pinentry_forget
exits 0 "import" import --password-file "$tmp/password" "$tmp/old.p12"
is "tells the key" "$(cat "$tmp/out")" "$(fixture_field old 6)"
like "a person was asked" "$(pinentry_descriptions)" \
    'Puts a private key there: "old key".*cardseal-p12'
exits 0 "from standard input" import --password-file "$tmp/password" \
    - <"$tmp/older.p12"
is "both are there" "$(objects privkey) $(objects pubkey) $(objects cert)" \
    "3 3 3"
pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
    --token-label "$token" -O >"$tmp/objects" 2>&1
is "with the file's name, key and certificate" \
    "$(grep -c 'label: *old key' "$tmp/objects")" 3
is "cannot be taken out" \
    "$(grep -A9 '^Private Key.*RSA' "$tmp/objects" | grep -c 'Access:.*sensitive')" 1
exits 0 "they are listed" "$CARDSEAL" keys
like "with their certificates" "$(cat "$tmp/out")" \
    "$(openssl x509 -in "$certs/old.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//' | tr -d : | tr A-F a-f)"
for name in old older; do
	ok "$name: a mail of old" openssl cms -encrypt -binary -aes-256-cbc \
	    -in "$tmp/data" -outform DER -out "$tmp/$name.cms" \
	    "$certs/$name.pem"
	exits 0 "$name: is opened" "$CARDSEAL" decrypt -q -o "$tmp/opened" \
	    "$tmp/$name.cms"
	ok "$name: and is what was written" cmp "$tmp/data" "$tmp/opened"
done

# --- once more -------------------------------------------------------------
exits 0 "import once more" import --password-file "$tmp/password" \
    "$tmp/old.p12"
like "it is there already" "$(cat "$tmp/err")" 'the token had it'
is "nothing was added" "$(objects privkey) $(objects cert)" "3 3"
ok "a file without a password" openssl pkcs12 -export -passout pass: \
    -inkey "$keys/plain.pem" -in "$certs/plain.pem" -out "$tmp/plain.p12"
exits 0 "is imported" import "$tmp/plain.p12"
is "and is there" "$(objects privkey)" 4
is "the file is what it was" "$(openssl pkcs12 -in "$tmp/plain.p12" -nokeys \
    -passin pass: 2>/dev/null | grep -c BEGIN)" 1
done_testing
