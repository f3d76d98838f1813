#!/bin/bash
# seal.sh: mails signed and encrypted in one step, for all recipients, as
# openssl and we ourselves read them; with their header protected.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=to,key=rsa2048,store=file,email=to@example.org \
    --identity name=hidden,key=rsa2048,store=file,email=hidden@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
certs=$FIXTURE_DIR/certs
keys=$FIXTURE_DIR/keys
cd "$tmp" || exit 99
cat >mail.eml <<'END'
From: Alice <alice@example.org>
To: to@example.org
Subject: the real subject
Content-Type: text/plain; charset=us-ascii

hello
END
printf 'Content-Type: text/plain; charset=us-ascii\r\n\r\nhello\r\n' >entity
reads() { # DESCRIPTION FILE [ARGUMENT...]
	local what=$1 file=$2
	shift 2
	exits 0 "$what" "$CARDSEAL" read --json -o got --anchor "$ca" "$@" \
	    "$file"
	cp "$tmp/out" verdict
}
field() { # EXPRESSION on the verdict v
	python3 -c "import json, sys
v = json.load(open('verdict'))
print($1)"
}

# --- whom it goes to --------------------------------------------------------
exits 4 "a recipient without a certificate" \
    "$CARDSEAL" sign --encrypt -o none mail.eml
prompts=$(pinentry_count)
is "... is noticed before a PIN is asked for" "${prompts:-0}" 0
ok "sign and encrypt" "$CARDSEAL" sign --encrypt -r to@example.org \
    -R "$certs/to.pem" -o sealed.eml mail.eml
is "with one PIN" "$(pinentry_count)" 1
reads "we read it" sealed.eml --require-signed
is "verified, encrypted outside" "$(field \
    "v['summary'] + ' ' + ' '.join(l['kind'] for l in v['layers'])")" \
    "verified encrypted signed"
ok "byte for byte what was signed" cmp got entity
is "to the recipient and to oneself" \
    "$(field "len(v['layers'][0]['recipients'])")" 2
ok "openssl opens it" openssl cms -decrypt -in sealed.eml \
    -recip "$certs/to.pem" -inkey "$keys/to.pem" -out inner.eml
ok "... and verifies what is inside" openssl cms -verify -in inner.eml \
    -CAfile "$ca" -out got
ok "... and has the same" cmp got entity
# shellcheck disable=SC2016
ok "from a pipe to a pipe" bash -o pipefail -c \
    '"$0" sign --encrypt -R "$1" --no-self <mail.eml | cat >sealed.eml' \
    "$CARDSEAL" "$certs/to.pem"
exits 4 "which we cannot read" "$CARDSEAL" read -o none sealed.eml
ok "openssl can" openssl cms -decrypt -in sealed.eml \
    -recip "$certs/to.pem" -inkey "$keys/to.pem" -out inner.eml

# --- Bcc --------------------------------------------------------------------
sed 's/^To:/Bcc: hidden@example.org\nTo:/' mail.eml >bcc.eml
ok "Bcc beside recipients that are given" "$CARDSEAL" encrypt \
    -R "$certs/to.pem" -o sealed.eml bcc.eml
not_ok "... does not show" grep -qi hidden sealed.eml

# --- the header -------------------------------------------------------------
ok "protect the header" "$CARDSEAL" sign --headers protect -o sealed.eml \
    mail.eml
reads "read it" sealed.eml
is "the header is the same" \
    "$(field "v['header_protection']['finding']['state']")" good
sed '1,3s/^Subject:.*/Subject: pay\r/' sealed.eml >changed.eml
reads "with another subject" changed.eml
is "... the difference shows" "$(field "[h['state'] for h in
    v['header_protection']['headers'] if h['name'] == 'Subject'][0]")" differs
ok "hide the subject" "$CARDSEAL" sign --encrypt --headers hide \
    -R "$certs/to.pem" -o sealed.eml mail.eml
not_ok "... from the outside" grep -q 'the real' sealed.eml
reads "read it" sealed.eml
is "... where it shows" "$(field "v['subject']")" "the real subject"

# --- what would be passed over ----------------------------------------------
for o in "-r to@example.org" "-R $certs/to.pem" "-c aes256-gcm" "--bcc-dir ."; do
	# shellcheck disable=SC2086
	exits 2 "${o%% *} without --encrypt" "$CARDSEAL" sign $o -o none mail.eml
	like "... says so" "$(cat err)" '--encrypt'
done
exits 2 "--headers of what has none" "$CARDSEAL" sign -f cms \
    --headers protect -o none mail.eml
sed 's/^Content-Type:.*/Content-Type: what?/' mail.eml >unclear.eml
exits 2 "... and where nobody would look for them" "$CARDSEAL" sign \
    --headers protect -o none unclear.eml
ok "... nothing is made" test ! -e none

# --- sendmail ---------------------------------------------------------------
cat >sendmail <<'END'
#!/bin/bash
printf '%s\n' "$*" >>"$MAILED/calls"
cat >"$MAILED/$(wc -l <"$MAILED/calls").eml"
END
chmod +x sendmail
export MAILED=$tmp/mailed CARDSEAL_SENDMAIL=$tmp/sendmail
mkdir mailed
mails() { # EXPECTED DESCRIPTION ARGUMENT...
	local want=$1 what=$2
	shift 2
	rm -f mailed/*
	touch mailed/calls
	exits "$want" "$what" "$CARDSEAL" sendmail "$@" <bcc.eml
}
mails 0 "to one without a certificate" -oem -f me to@example.org
is "... goes to sendmail as it was called" "$(cat mailed/calls)" \
    "-oem -f me -i -- to@example.org"
reads "... signed" mailed/1.eml --require-signed
mails 8 "the same, always encrypted" --encrypt always to@example.org
is "... is not sent" "$(cat mailed/calls)" ""
mails 0 "to one whom the header names and one whom it does not" \
    --encrypt=always --recipient-file "$certs/to.pem" \
    --recipient-file "$certs/hidden.pem" -- to@example.org hidden@example.org
is "... are two mails" "$(cat mailed/calls)" \
    $'-i -- to@example.org\n-i -- hidden@example.org'
ok "... each reads its own" openssl cms -decrypt -in mailed/2.eml \
    -recip "$certs/hidden.pem" -inkey "$keys/hidden.pem" -out inner.eml
not_ok "... and not the other's" openssl cms -decrypt -in mailed/1.eml \
    -recip "$certs/hidden.pem" -inkey "$keys/hidden.pem" -out inner.eml
not_ok "... and sees nothing of the other" grep -qi hidden mailed/1.eml
mails 0 "recipients of the header" -t --recipient-file "$certs/to.pem" \
    --recipient-file "$certs/hidden.pem"
is "... are two mails" "$(cat mailed/calls)" \
    $'-i -t --\n-i -- hidden@example.org'
mails 0 "... asked for as -ti" -ti --recipient-file "$certs/to.pem" \
    --recipient-file "$certs/hidden.pem"
is "... are the same mails" "$(cat mailed/calls)" \
    $'-i -t --\n-i -- hidden@example.org'
mails 0 "and others beside" -t --encrypt always \
    --recipient-file "$certs/to.pem" --recipient-file "$certs/hidden.pem" \
    hidden@example.org
mails 0 "a local user" --encrypt never root
is "... gets the mail" "$(cat mailed/calls)" "-i -- root"
mails 0 "a local user, encrypted if that can be" root
is "... gets it, too" "$(cat mailed/calls)" "-i -- root"
mails 8 "a local user, always encrypted" --encrypt always root
is "... gets nothing" "$(cat mailed/calls)" ""
mails 2 "nobody to send to"
mails 2 "an option that there is not" --wrong to@example.org
CARDSEAL_SOCKET=$tmp/none mails 75 "no agent" to@example.org
is "... nothing is sent" "$(cat mailed/calls)" ""

# --- memory -----------------------------------------------------------------
if nm "$CARDSEAL" 2>/dev/null | grep -q __asan_init; then
	skip sanitizers "constant memory" "the sanitizers take their own"
else
	python3 -c "
line = bytes(33 + i % 90 for i in range(76)) + b'\n'
with open('large.eml', 'wb') as f:
    f.write(open('mail.eml', 'rb').read())
    for _ in range(32):
        f.write(line * 13617)"
	measure=$CS_BUILDDIR/tests/bench/measure
	small() {
		local what=$1 kib
		shift
		ok "$what" "$measure" usage "$@"
		kib=$(cut -d' ' -f2 usage)
		ok "$what: $kib KiB at most" test "$kib" -le 8192
	}
	small "sign and encrypt 32 MiB" "$CARDSEAL" sign -q --encrypt \
	    -c aes256-gcm -R "$certs/to.pem" -o sealed.eml large.eml
	small "read them" "$CARDSEAL" read -q --anchor "$ca" -o got sealed.eml
	# shellcheck disable=SC2094
	small "... from a pipe" bash -c \
	    'cat sealed.eml | "$@" | cmp - got' - "$CARDSEAL" read -q \
	    --anchor "$ca"
fi
done_testing
