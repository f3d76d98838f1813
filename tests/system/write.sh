#!/bin/bash
# write.sh: a key made on a token, a certificate requested for it and installed
# beside it; then it signs a mail.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --identity name=alice,key=p256,email=alice@example.org
token="Cardseal test"
pinentry_answers yes "pin $FIXTURE_PIN" yes
agent_start
trust=(--anchor "$FIXTURE_DIR/ca.pem" --intermediate "$FIXTURE_DIR/intermediate.pem")
printf 'From: bob@example.org\nTo: alice@example.org\nSubject: x\n\nhello\n' \
    >"$tmp/mail"

# objects CLASS: how many of it are on the token, as OpenSC's tool sees it
objects() {
	pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
	    --token-label "$token" -O --type "$1" 2>/dev/null |
		grep -c " Object"
}

# issue REQUEST OUT [ARGUMENT...]: a certificate by the fixtures' intermediate CA
issue() {
	local request=$1 out=$2
	shift 2
	openssl x509 -req -in "$request" -CA "$FIXTURE_DIR/ca/intermediate.pem" \
	    -CAkey "$FIXTURE_DIR/ca/intermediate.key" -days 30 \
	    -copy_extensions copyall -extfile "$tmp/ext" -out "$out" "$@"
}
cat >"$tmp/ext" <<END
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
authorityKeyIdentifier = keyid
END

# --- generate --------------------------------------------------------------
exits 2 "generate what?" "$CARDSEAL" keys generate
exits 2 "a type that there is not" "$CARDSEAL" keys generate --key dsa1024
pinentry_answers yes "pin $FIXTURE_PIN" yes
"$CARDSEAL" lock -q
pinentry_forget
exits 0 "generate" "$CARDSEAL" keys generate --token "$token" --key p256 \
    --label "bob's key"
p256=$(cat "$tmp/out")
like "tells the key" "$p256" '^[0-9a-f]{64}$'
like "a person was asked" "$(pinentry_descriptions)" \
    'write to the token .*Makes a new key, p256: "bob'
is "for the PIN once" "$(pinentry_count)" 1
exits 0 "it is listed" "$CARDSEAL" keys
like "with its label" "$(cat "$tmp/out")" "$p256
  key          P-256 \"bob's key\""
rsa2048='' p384='' ed25519=''
for type in rsa2048 rsa3072 rsa4096 p384 p521 ed25519; do
	exits 0 "generate $type" "$CARDSEAL" keys generate --key $type
	declare "$type=$(cat "$tmp/out")"
done
is "each has both halves" "$(objects privkey) $(objects pubkey)" "8 8"
pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
    --token-label "$token" -O --type privkey >"$tmp/objects" 2>&1
is "none can be taken from the token" \
    "$(grep -c 'Access:.*sensitive, always sensitive, never extractable' \
    "$tmp/objects")" 8
exits 4 "on a token that is not there" \
    "$CARDSEAL" keys generate --token nowhere --key p256
pinentry_answers no
exits 8 "without the person's word" "$CARDSEAL" keys generate --key p256
is "nothing was made" "$(objects privkey)" 8
pinentry_answers yes

# --- request ---------------------------------------------------------------
request() { # KEY ARGUMENT...
	local key=$1
	shift
	"$CARDSEAL" certs request -k "$key" "$@"
}
for type in rsa2048 rsa3072 rsa4096 p256 p384 p521 ed25519; do
	exits 0 "$type: request" request "${!type}" \
	    --subject "CN=Bob B\\C3\\B6rgesen,O=Example\\, Inc.,C=DE" \
	    --email bob@example.org --email bob@bücher.example \
	    -o "$tmp/$type.csr"
	ok "$type: openssl verifies it" openssl req -verify -noout \
	    -in "$tmp/$type.csr"
	like "$type: and has its name" "$(openssl req -noout -subject \
	    -nameopt RFC2253,-esc_msb -in "$tmp/$type.csr")" \
	    'CN=Bob Börgesen,O=Example\\, Inc.,C=DE'
done
like "the addresses" "$(openssl req -noout -text -in "$tmp/p256.csr")" \
    'email:bob@example.org, email:bob@xn--'
exits 0 "what is not ASCII" request "$p256" --usage both \
    --email jörg@Bücher.example -o "$tmp/utf8.csr"
ok "openssl verifies it" openssl req -verify -noout -in "$tmp/utf8.csr"
# RFC 9598 3: the domain as A-labels, the OID's name in openssl
openssl req -noout -text -in "$tmp/utf8.csr" >"$tmp/text"
like "is a SmtpUTF8Mailbox" "$(cat "$tmp/text")" \
    'othername:.*SmtpUTF8Mailbox.*jörg@xn--bcher-kva.example'
like "to sign and agree on keys" "$(grep -A1 'X509v3 Key Usage: critical' \
    "$tmp/text")" 'Digital Signature, Key Agreement'
like "for mail" "$(cat "$tmp/text")" 'E-mail Protection'
exits 0 "RSA to encrypt" request "$rsa2048" --usage encrypt --subject CN=Bob
like "says so" "$(openssl req -noout -text <"$tmp/out" |
	grep -A1 'Key Usage: critical')" 'Key Encipherment'
exits 4 "Ed25519 to encrypt" request "$ed25519" --usage encrypt \
    --subject CN=Bob
exits 0 "Ed25519 to sign" request "$ed25519" --usage sign --subject CN=Bob
exits 2 "for what there is not" request "$p256" --usage nothing --subject CN=x
exits 0 "RSA-PSS" request "$rsa2048" --pss --subject CN=Bob -o "$tmp/pss.csr"
ok "openssl verifies it" openssl req -verify -noout -in "$tmp/pss.csr"
exits 0 "DER" request "$p256" --subject CN=Bob --der -o "$tmp/der.csr"
ok "is DER" openssl req -verify -noout -inform DER -in "$tmp/der.csr"
exits 0 "an address alone" request "$p256" --email "bob@example.org"
openssl req -noout -text <"$tmp/out" >"$tmp/text"
like "is critical then" "$(cat "$tmp/text")" 'Alternative Name: critical'
if have_tool certtool "GnuTLS"; then
	for type in rsa2048 rsa3072 rsa4096 p256 p384 p521 ed25519 utf8; do
		exits 0 "$type: GnuTLS reads it" certtool --crq-info \
		    --infile "$tmp/$type.csr"
		like "$type: and the signature is good" "$(cat "$tmp/out")" \
		    'Self signature: verified'
	done
fi
exits 2 "no name at all" request "$p256"
exits 2 "no name but nonsense" request "$p256" --subject /CN=x
like "says where" "$(cat "$tmp/err")" '/CN=x'
exits 2 "no address" request "$p256" --subject CN=x --email bob
exits 4 "no such key" request \
    "$(printf '0%.0s' {1..64})" --subject CN=x
exits 2 "which key?" "$CARDSEAL" certs request --subject CN=x

# --- install ---------------------------------------------------------------
ok "the CA issues" issue "$tmp/p256.csr" "$tmp/bob.pem"
exits 0 "install" "$CARDSEAL" certs install "$tmp/bob.pem"
is "is told" "$(cat "$tmp/err")" "1 certificate installed"
exits 0 "once more" "$CARDSEAL" certs install --token "$token" "$tmp/bob.pem"
like "it is there already" "$(cat "$tmp/err")" already
is "there are two certificates" "$(objects cert)" 2
pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
    --token-label "$token" -O >"$tmp/objects" 2>&1
awk '/ Object/ { mine = 0 } /label:.*bob/ { mine = 1 }
    mine && / ID:/ { print $2 }' "$tmp/objects" >"$tmp/ids"
is "key and certificate have one id" \
    "$(wc -l <"$tmp/ids") $(sort -u "$tmp/ids" | wc -l)" "3 1"
ok "a stranger's certificate" openssl req -x509 -newkey rsa:2048 -nodes \
    -keyout /dev/null -subj /CN=x -out "$tmp/stranger.pem"
exits 4 "is refused" "$CARDSEAL" certs install "$tmp/stranger.pem"
exits 4 "by name of the token, too" \
    "$CARDSEAL" certs install --token "$token" "$tmp/stranger.pem"
exits 4 "another key's" \
    "$CARDSEAL" certs install -k "$p384" "$tmp/bob.pem"
exits 74 "a file that is not there" "$CARDSEAL" certs install "$tmp/none"
exits 0 "a mail signed with it" "$CARDSEAL" sign -o "$tmp/signed" "$tmp/mail"
cat "$FIXTURE_DIR/ca.pem" "$FIXTURE_DIR/intermediate.pem" >"$tmp/cas.pem"
ok "openssl verifies it" openssl cms -verify -in "$tmp/signed" \
    -CAfile "$tmp/cas.pem" -out /dev/null
exits 0 "and cardseal does" "$CARDSEAL" verify "${trust[@]}" "$tmp/signed"

# A place-holder goes when the real one comes; an older real one stays.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/self.key" \
    -subj /CN=Bob -out "$tmp/self-ca.pem" 2>/dev/null
exits 0 "a request" request "$p384" --subject CN=Bob -o "$tmp/self.csr"
ok "issued as if by itself" openssl x509 -req -in "$tmp/self.csr" \
    -CA "$tmp/self-ca.pem" -CAkey "$tmp/self.key" -days 30 -out "$tmp/self.pem"
ok "the real one" issue "$tmp/p384.csr" "$tmp/real.pem"
ok "a newer one" issue "$tmp/p384.csr" "$tmp/newer.pem"
exits 0 "the place-holder is installed" \
    "$CARDSEAL" certs install "$tmp/self.pem"
is "there are three" "$(objects cert)" 3
exits 0 "the real one" "$CARDSEAL" certs install "$tmp/real.pem"
is "took its place" "$(objects cert)" 3
exits 0 "the newer one" "$CARDSEAL" certs install - <"$tmp/newer.pem"
is "stands beside it: mail names both" "$(objects cert)" 4

# --- an agent that was started a moment ago ----------------------------------
agent_stop
printf 'delay C_Initialize 1500\n' >"$tmp/rules"
pinentry_answers yes "pin $FIXTURE_PIN" yes
export FAULT_MODULE=$FIXTURE_MODULE FAULT_SCRIPT=$tmp/rules
FIXTURE_MODULE=$CS_BUILDDIR/tests/fault/.libs/fault.so
agent_start
exits 0 "its token is waited for" "$CARDSEAL" keys generate --key p256

done_testing
