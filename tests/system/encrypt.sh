#!/bin/bash
# encrypt.sh: what is encrypted to a key on the token is opened through the
# agent, ours and the peers'; what we encrypt, the peers open.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --preset mix \
    --identity name=peer,key=rsa2048,store=file,email=peer@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
certs=$FIXTURE_DIR/certs
peer=$FIXTURE_DIR/certs/peer.pem
head -c 100000 /dev/urandom >"$tmp/data"
sed -e 's/^From:.*/From: <p256@example.org>/' \
    -e 's/^To:.*/To: <encrypt-rsa@example.org>/' \
    "$CS_SRCDIR/doc/sample.eml" >"$tmp/mail.eml"

we_open() { # DESCRIPTION FILE WANT
	rm -f "$tmp/got"
	exits 0 "$1" "$CARDSEAL" decrypt -o "$tmp/got" "$2"
	ok "$1: content" cmp "$tmp/got" "$3"
}

# --- ours, opened by us and by them ----------------------------------------
for c in auto aes128-cbc aes256-cbc aes128-gcm aes256-gcm \
    chacha20-poly1305; do
	ok "$c: encrypt data to two" "$CARDSEAL" encrypt -q -f cms -c $c \
	    -R "$certs/encrypt-rsa.pem" -R "$peer" -o "$tmp/m" "$tmp/data"
	we_open "$c: we open it" "$tmp/m" "$tmp/data"
	[ $c = chacha20-poly1305 ] || {
		ok "$c: openssl opens it" openssl cms -decrypt -inform DER \
		    -in "$tmp/m" -recip "$peer" \
		    -inkey "$FIXTURE_DIR/keys/peer.pem" -out "$tmp/got"
		ok "$c: the same" cmp "$tmp/data" "$tmp/got"
	}
done
# shellcheck disable=SC2016
ok "from a pipe" bash -c 'cat "$1" | "$0" encrypt -q -f cms -R "$2" -o "$3"' \
    "$CARDSEAL" "$tmp/data" "$peer" "$tmp/m"
ok "openssl opens it" openssl cms -decrypt -inform DER -in "$tmp/m" \
    -recip "$peer" -inkey "$FIXTURE_DIR/keys/peer.pem" -out "$tmp/got"
ok "the same" cmp "$tmp/data" "$tmp/got"
ok "armor" "$CARDSEAL" encrypt -q -f cms --armor \
    -R "$certs/encrypt-rsa.pem" -o "$tmp/m" "$tmp/data"
we_open "armor: we open it" "$tmp/m" "$tmp/data"

ok "PKCS#12 for NSS and gpgsm" openssl pkcs12 -export -legacy -in "$peer" \
    -inkey "$FIXTURE_DIR/keys/peer.pem" -name peer -passout pass:x \
    -out "$tmp/peer.p12"
mkdir "$tmp/nss"
certutil -d "sql:$tmp/nss" -N --empty-password
certutil -d "sql:$tmp/nss" -A -n root -t CT,CT,CT -a \
    -i "$FIXTURE_DIR/ca.pem"
pk12util -d "sql:$tmp/nss" -i "$tmp/peer.p12" -W x -K '' >/dev/null
ok "encrypt data for NSS" "$CARDSEAL" encrypt -q -f cms -R "$peer" \
    -o "$tmp/m" "$tmp/data"
ok "NSS opens it" cmsutil -D -d "sql:$tmp/nss" -i "$tmp/m" -o "$tmp/got"
ok "NSS: the same" cmp "$tmp/data" "$tmp/got"
printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
printf 'pinentry-program %s\n' "$tmp/pinentry" >"$GNUPGHOME/gpg-agent.conf"
pinentry_answers 'pin x'
gpgsm_takes() {
	echo x | gpgsm --batch --pinentry-mode loopback --passphrase-fd 0 \
	    --import "$1"
}
ok "gpgsm takes the key" gpgsm_takes "$tmp/peer.p12"
ok "gpgsm opens it" gpgsm --batch -o "$tmp/got.gpgsm" --decrypt "$tmp/m"
ok "gpgsm: the same" cmp "$tmp/data" "$tmp/got.gpgsm"
gpgconf --kill all
pinentry_answers "pin $FIXTURE_PIN"

# --- theirs ----------------------------------------------------------------
to=$certs/encrypt-rsa.pem
oenc=(openssl cms -encrypt -binary -in "$tmp/data" -outform DER -out "$tmp/p")
for c in -aes128 -aes256 -aes-128-gcm -aes-256-gcm; do
	for stream in "" -stream; do
		# shellcheck disable=SC2086
		ok "openssl $c $stream" "${oenc[@]}" $c $stream "$to"
		we_open "openssl $c $stream: we open it" "$tmp/p" "$tmp/data"
	done
done
ok "openssl by key id" "${oenc[@]}" -aes256 -keyid "$to"
we_open "openssl by key id: we open it" "$tmp/p" "$tmp/data"
for md in sha1 sha256 sha512; do
	ok "openssl OAEP $md" "${oenc[@]}" -aes256 -recip "$to" \
	    -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:$md
	we_open "openssl OAEP $md: we open it" "$tmp/p" "$tmp/data"
done
ok "NSS encrypts" bash -c "certutil -d sql:$tmp/nss -A -n to -t ,, -a -i '$to' &&
    cmsutil -E -d sql:$tmp/nss -r encrypt-rsa@example.org -i '$tmp/data' \
    -o '$tmp/p'"
we_open "NSS: we open it" "$tmp/p" "$tmp/data"
ok "openssl to somebody else" "${oenc[@]}" -aes256 "$peer"
exits 4 "it is not for us" "$CARDSEAL" decrypt -o "$tmp/got" "$tmp/p"

# --- mails -----------------------------------------------------------------
ok "encrypt a mail to whom it is for" "$CARDSEAL" encrypt -q \
    -R "$certs/encrypt-rsa.pem" -o "$tmp/m.eml" "$tmp/mail.eml"
exits 0 "we open the mail" "$CARDSEAL" decrypt -o "$tmp/got.eml" "$tmp/m.eml"
like "its headers are there" "$(cat "$tmp/got.eml")" 'Subject: The contract'
ok "the body is the same" bash -c '
	sed "s/\r\$//" "$1" | grep -n "1.200" >"$1.x"
	grep -n "1.200" "$2" >"$2.x"
	[ "$(wc -l <"$1.x")" = "$(wc -l <"$2.x")" ]' - \
    "$tmp/got.eml" "$tmp/mail.eml"
ok "openssl encrypts a mail" openssl cms -encrypt -aes256 \
    -in "$CS_SRCDIR/doc/sample.eml" -out "$tmp/p.eml" "$to"
exits 0 "we open that" "$CARDSEAL" decrypt -o "$tmp/got.eml" "$tmp/p.eml"
ok "recipients from the header" "$CARDSEAL" encrypt -q -o "$tmp/m.eml" \
    "$tmp/mail.eml"
exits 0 "we open that, too" "$CARDSEAL" decrypt -o "$tmp/got.eml" "$tmp/m.eml"
exits 4 "a recipient without certificate is named" "$CARDSEAL" encrypt \
    -r nobody@example.net -o "$tmp/x" "$tmp/mail.eml"
like "by address" "$(cat "$tmp/err")" 'nobody@example.net'
exits 4 "a recipient that may only sign" "$CARDSEAL" encrypt \
    -R "$certs/sign.pem" -o "$tmp/x" "$tmp/mail.eml"

sed 's/^To:/Bcc: <rsa3072@example.org>, <rsa2048@example.org>\nTo:/' \
    "$tmp/mail.eml" >"$tmp/bcc.eml"
exits 2 "Bcc is refused" "$CARDSEAL" encrypt -o "$tmp/m.eml" "$tmp/bcc.eml"
mkdir "$tmp/bcc"
exits 0 "--bcc-dir takes the copies" "$CARDSEAL" encrypt \
    --bcc-dir "$tmp/bcc" -o "$tmp/m.eml" "$tmp/bcc.eml"
is "one for each" "$(cd "$tmp/bcc" && echo *)" \
    "rsa2048@example.org.eml rsa3072@example.org.eml"
unlike "nobody sees Bcc" "$(cat "$tmp/m.eml" "$tmp"/bcc/*.eml)" '[Bb]cc:|rsa[0-9]+@'
for f in "$tmp/m.eml" "$tmp"/bcc/*.eml; do
	is "${f##*/}: one recipient" "$(openssl cms -cmsout -print -in "$f" |
	    grep -c d.ktri)" 1
	exits 0 "${f##*/}: we open it" "$CARDSEAL" decrypt -o "$tmp/got.eml" "$f"
done

# --- broken ----------------------------------------------------------------
flip() { # FILE OFFSET-FROM-END
	python3 - "$1" "$2" <<'END'
import sys
d = bytearray(open(sys.argv[1], "rb").read())
d[-int(sys.argv[2])] ^= 1
open(sys.argv[1], "wb").write(d)
END
}
"${oenc[@]}" -aes-256-gcm "$to"
for at in 1 100 5000 60000; do
	cp "$tmp/p" "$tmp/q"
	flip "$tmp/q" $at
	rm -f "$tmp/got"
	exits 1 "a flipped bit $at from the end" "$CARDSEAL" decrypt \
	    -o "$tmp/got" "$tmp/q"
	ok "nothing came out" test ! -e "$tmp/got"
	# shellcheck disable=SC2016
	exits 1 "from a pipe to a pipe" bash -o pipefail -c \
	    'cat "$1" | "$0" decrypt | cat' "$CARDSEAL" "$tmp/q"
	is "nothing came out there" "$(wc -c <"$tmp/out")" 0
done
ok "the agent is well" agent_answers
done_testing
