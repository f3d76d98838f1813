#!/bin/bash
# mutt.sh: cardseal mutt by itself, and in the hands of mutt in a terminal of
# its own.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org,usage=sign \
    --identity name=alice-enc,key=rsa2048,email=alice@example.org,usage=encrypt \
    --identity name=bob,key=p256,email=bob@example.org \
    --identity name=dave,key=rsa2048,email=dave@example.org,store=file
certs=$FIXTURE_DIR/certs
configure_intermediates
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
pinentry_answers "pin $FIXTURE_PIN"
smime=$HOME/.smime

# m ARGUMENT...: as mutt calls it, with a passphrase that no card may see
m() {
	printf '999999\n' | "$CARDSEAL" mutt "$@"
}
# shellcheck source=tests/system/mail_screen.sh
. "$CS_SRCDIR/tests/system/mail_screen.sh"

# --- mutt's folders --------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/agent.sock
mkdir -p "$smime/keys"
other='carol@example.org 12345678.0 mine ? t e'
echo "$other" >"$smime/keys/.index"
exits 0 "sync without an agent" "$CARDSEAL" mutt sync
like "says so" "$(cat "$tmp/err")" 'left as they were'
like "has the settings" "$(cat "$tmp/out")" 'set smime_sign_command="/.* mutt sign'
unlike "but no key" "$(cat "$tmp/out")" 'smime_default_key'
agent_start
has_keys() { "$CARDSEAL" keys | grep -q .; }
wait_until 60 has_keys
exits 0 "sync" "$CARDSEAL" mutt sync
like "chose the key for signing" "$(cat "$tmp/out")" \
    "smime_(sign_as=\"$(id_of alice)|default_key=\"$(id_of bob))\""
is "and says nothing" "$(cat "$tmp/err")" ""
like "keys are there" "$(cat "$smime/keys/.index")" \
    "alice@example.org $(id_of alice) cardseal-key \? t s"
like "for decrypting, too" "$(cat "$smime/keys/.index")" \
    "alice@example.org $(id_of alice-enc) cardseal-key \? t e"
like "somebody else's line stays" "$(cat "$smime/keys/.index")" '^carol@'
like "and can be encrypted to" "$(cat "$smime/certificates/.index")" \
    "alice@example.org $(id_of alice-enc) cardseal-key \? t e"
sum() { cat "$smime"/*/.index "$smime"/certificates/* | sha256sum; }
before=$(sum)
ok "again" "$CARDSEAL" mutt sync
is "changes nothing" "$(sum)" "$before"
exits 0 "a correspondent is imported" m import "$certs/bob.pem"
like "into the index" "$(cat "$smime/certificates/.index")" \
    "bob@example.org $(id_of bob) cardseal \? t e"
# An address that would be several if it were split at its comma.
cat >"$tmp/split.cnf" <<'END'
[req]
distinguished_name = none
x509_extensions = split
[none]
[split]
keyUsage = keyEncipherment
subjectAltName = @names
[names]
email.1 = "\"x, bob@example.org ,y\"@example.net"
email.2 = mallory@example.net
END
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/split.key" -days 99 \
    -subj /CN=Mallory -config "$tmp/split.cnf" -out "$tmp/split.pem" \
    2>"$tmp/log"
exits 0 "get-cert-email" m get-cert-email "$tmp/split.pem"
is "an address that is several is none" "$(cat "$tmp/out")" \
    mallory@example.net
bobs() { grep -c '^bob@' "$smime/certificates/.index"; }
before=$(bobs)
exits 0 "import" m import "$tmp/split.pem"
like "its other address is there" "$(cat "$smime/certificates/.index")" \
    'mallory@example.net '
is "and nothing of the odd one" "$(bobs)" "$before"
exits 0 "another folder" "$CARDSEAL" mutt sync --folder "$tmp/other"
ok "is made" test -s "$tmp/other/keys/.index"

# --- the commands ----------------------------------------------------------
printf 'Content-Type: text/plain\n\nfirst line\nsecond line\n' >"$tmp/entity"
sed 's/$/\r/' "$tmp/entity" >"$tmp/entity.crlf"
openssl_verify() { # CONTENT
	openssl smime -verify -inform DER -in "$tmp/p7s" -content "$1" \
	    -CAfile "$FIXTURE_DIR/ca.pem"
}
exits 0 "sign" m sign --certificate "$smime/certificates/$(id_of alice)" \
    --digest sha256 "$tmp/entity"
cp "$tmp/out" "$tmp/p7s"
is "not one octet on standard error" "$(wc -c <"$tmp/err")" 0
is "the passphrase went nowhere" "$(pinentry_count)" 1
ok "is a signature of the canonical form" openssl_verify "$tmp/entity.crlf"
like "with the digest that micalg names" \
    "$(openssl cms -cmsout -print -inform DER -in "$tmp/p7s")" \
    'digestAlgorithm: *'$'\n'' *algorithm: sha256'
exits 0 "SHA-512, where mutt says so" m sign --digest sha512 \
    --certificate "$certs/alice.pem" "$tmp/entity"
cp "$tmp/out" "$tmp/p7s.512"
like "is SHA-512" "$(openssl cms -cmsout -print -inform DER \
    -in "$tmp/p7s.512")" 'algorithm: sha512'
exits 2 "MD5 is refused" m sign --digest md5 \
    --certificate "$certs/alice.pem" "$tmp/entity"
is "with nothing on standard output" "$(wc -c <"$tmp/out")" 0

first_line() { head -n 1 "$tmp/err"; }
for content in entity entity.crlf; do
	exits 0 "verify, $content" "$CARDSEAL" mutt verify \
	    --content "$tmp/$content" "$tmp/p7s"
	is "says what mutt compares" "$(first_line)" "Verification successful"
done
like "and who signed" "$(cat "$tmp/err")" 'alice@example.org'
exits 1 "other content" "$CARDSEAL" mutt verify --content "$CS_SRCDIR/NEWS" \
    "$tmp/p7s"
is "is told in the first line" "$(first_line)" "Verification failure"
mv "$XDG_CONFIG_HOME/cardseal/anchors.pem" "$tmp/anchors.pem"
exits 6 "a chain that is not trusted" "$CARDSEAL" mutt verify \
    --content "$tmp/entity" "$tmp/p7s"
is "is no success either" "$(first_line)" "Verification failure"
mv "$tmp/anchors.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
"$CARDSEAL" sign -f cms --opaque -k bob@example.org -o "$tmp/opaque" \
    "$tmp/entity.crlf"
exits 0 "verify-opaque" "$CARDSEAL" mutt verify-opaque "$tmp/opaque"
is "says so" "$(first_line)" "Verification successful"
ok "and gives the entity" cmp "$tmp/out" "$tmp/entity.crlf"

exits 0 "encrypt" "$CARDSEAL" mutt encrypt --cipher aes256 "$tmp/entity" \
    "$certs/alice-enc.pem" "$certs/dave.pem"
cp "$tmp/out" "$tmp/p7m"
is "in silence" "$(wc -c <"$tmp/err")" 0
ok "openssl opens it" openssl cms -decrypt -inform DER -in "$tmp/p7m" \
    -recip "$certs/dave.pem" -inkey "$FIXTURE_DIR/keys/dave.pem" \
    -out "$tmp/opened"
exits 0 "decrypt" m decrypt "$tmp/p7m"
ok "gives the canonical entity" cmp "$tmp/out" "$tmp/entity.crlf"
exits 2 "DES is refused" "$CARDSEAL" mutt encrypt --cipher des "$tmp/entity" \
    "$certs/bob.pem"
head -c 300 "$tmp/p7m" >"$tmp/cut"
not_ok "what is cut off is not opened" m decrypt "$tmp/cut"
is "still one PIN" "$(pinentry_count)" 1

printf 'From: alice@example.org\nTo: bob@example.org\nSubject: x\n\nbody\n' |
    "$CARDSEAL" sign -o "$tmp/mail"
exits 0 "get-signer-cert" "$CARDSEAL" mutt get-signer-cert "$tmp/mail" \
    "$tmp/signer"
ok "writes the signer's" cmp <(openssl x509 -in "$tmp/signer" -outform DER) \
    <(openssl x509 -in "$certs/alice.pem" -outform DER)
exits 0 "pk7out" "$CARDSEAL" mutt pk7out "$tmp/mail"
cp "$tmp/out" "$tmp/pk7"
ok "is PEM that openssl reads" openssl pkcs7 -in "$tmp/pk7" -print_certs -noout
exits 0 "get-cert" "$CARDSEAL" mutt get-cert "$tmp/pk7"
ok "has the signer's" grep -qF "$(sed -n 3p "$tmp/signer")" "$tmp/out"
exits 0 "get-cert-email" "$CARDSEAL" mutt get-cert-email "$tmp/signer"
is "is the address" "$(cat "$tmp/out")" alice@example.org
exits 2 "no operand" "$CARDSEAL" mutt decrypt
exits 2 "no content" "$CARDSEAL" mutt verify "$tmp/p7s"

# --- in the mail programs --------------------------------------------------
cat >"$tmp/muttrc" <<END
$(mail_settings "Alice <alice@example.org>")
source "$CARDSEAL mutt sync|"
set smime_sign_as="$(id_of alice)" smime_default_key="$(id_of alice-enc)"
END

mail_program() { # PROGRAM
	local program=$1
	have_tool "$program" "$program" || return 0
	have_tool tmux "$program in a terminal" || return 0
	send "$program" crypt_autosign=yes bob@example.org
	exits 0 "$program: sends signed mail" "$CARDSEAL" verify "$tmp/sent"
	like "$program: multipart/signed" "$(cat "$tmp/sent")" \
	    'micalg="?sha-?256'
	open_mail "$program" "$tmp/sent"
	on_screen "$program: reads it as good" \
	    'S/MIME signature successfully verified|Verification successful'
	on_screen "$program: and shows the text" 'the text of the mail'
	end_run
	sed 's/the text/The text/' "$tmp/sent" >"$tmp/tampered"
	open_mail "$program" "$tmp/tampered"
	on_screen "$program: changed text is told of" \
	    'signature could NOT be verified|Verification failure'
	end_run
	send "$program" crypt_autoencrypt=yes alice@example.org
	ok "$program: sends encrypted mail" test -s "$tmp/sent"
	unlike "$program: without the text" "$(cat "$tmp/sent")" 'the text'
	exits 0 "$program: that can be opened" "$CARDSEAL" decrypt "$tmp/sent"
	open_mail "$program" "$tmp/sent"
	wait_until 60 screen_has 'passphrase' && keys Enter
	on_screen "$program: reads it" 'the text of the mail'
	end_run
}
mail_program mutt
mail_program neomutt
is "no wrong PIN was tried, and one asked for" "$(pinentry_count)" 1
done_testing
