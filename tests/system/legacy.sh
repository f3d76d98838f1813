#!/bin/bash
# legacy.sh: Legacy Display elements (RFC 9788): what Python's email package
# finds in mails that we sealed, in every encoding; the RFC's own sample made
# again; and the text as mutt shows it.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=smime,key=rsa2048,email=alice@smime.example \
    --identity name=to,key=rsa2048,store=file,email=to@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
to=$FIXTURE_DIR/certs/to.pem
mails() { python3 "$CS_SRCDIR/tests/system/legacy_mails.py" "$@"; }
cd "$tmp" || exit 99

seals() { # FILE [ARGUMENT...]
	"$CARDSEAL" sign --encrypt --headers hide -R "$to" -o sealed.eml "$@"
}
reads() { # what is inside is got; the verdict is in the file verdict
	"$CARDSEAL" read --json --anchor "$ca" -o got sealed.eml >verdict
}
field() { # EXPRESSION on the verdict v
	python3 -c "import json
v = json.load(open('verdict'))
print($1)"
}
told() { # what is told of each part that has an element
	field "' '.join(x['legacy_display'] for x in v['parts']
	    if x['legacy_display']) + ' '.join(v['warnings'])"
}

# --- every encoding ---------------------------------------------------------
ok "mails are made" mails make made
for mail in made/*.eml; do
	name=$(basename "$mail" .eml)
	seals "$mail"
	exits 0 "$name: is read" reads
	ok "... is the text with the header" mails check "$mail" got
	like "... as we read it" "$(told)" '^matches( matches)?$'
done
# encrypted alone, 8-bit text may stay
for name in plain-utf-8-8bit-japanese html-iso-8859-1-8bit-long \
    mixed-8bit-german; do
	ok "$name: encrypted alone" "$CARDSEAL" encrypt --headers hide -R "$to" \
	    -o sealed.eml "made/$name.eml"
	ok "... openssl opens it" openssl cms -decrypt -in sealed.eml \
	    -recip "$to" -inkey "$FIXTURE_DIR/keys/to.pem" -out got
	ok "... and it is that" mails check "made/$name.eml" got
done
mail=made/mixed-base64-long.eml
ok "from a pipe" seals <"$mail"
ok "is read" reads
ok "is that" mails check "$mail" got
ok "openssl opens it" openssl cms -decrypt -in sealed.eml -recip "$to" \
    -inkey "$FIXTURE_DIR/keys/to.pem" -out inner.eml
ok "... and verifies what is inside" openssl cms -verify -in inner.eml \
    -CAfile "$ca" -out opened
ok "... which is what we read" cmp opened got
ok "compressed" "$CARDSEAL" encrypt --compress --headers hide -R "$to" \
    -o sealed.eml "$mail"

# --- when there is none -----------------------------------------------------
none() { # DESCRIPTION
	ok "$1" reads
	is "... none" "$(told)" ""
}
mail=made/plain-utf-8-8bit-long.eml
ok "not wanted" seals --legacy-display no "$mail"
none "... is read"
ok "signed only" "$CARDSEAL" sign --headers hide -o sealed.eml "$mail"
none "... is read"
ok "signed only, compressed" "$CARDSEAL" sign --compress --headers hide \
    -o sealed.eml "$mail"
none "... is read"
ok "nothing hidden" "$CARDSEAL" sign --encrypt --headers protect -R "$to" \
    -o sealed.eml "$mail"
none "... is read"
printf '[mail]\nlegacy-display = no\n' \
    >"$XDG_CONFIG_HOME/cardseal/cardseal.conf"
ok "not by the configuration" seals "$mail"
none "... is read"
ok "but by the option" seals --legacy-display yes "$mail"
ok "... is read" reads
is "... one" "$(told)" matches
echo 'legacy-display = perhaps' >>"$XDG_CONFIG_HOME/cardseal/cardseal.conf"
exits 2 "perhaps" seals "$mail"
rm "$XDG_CONFIG_HOME/cardseal/cardseal.conf"
printf '#!/bin/sh\ncat >"%s/sealed.eml"\n' "$tmp" >sendmail
chmod +x sendmail
ok "sendmail makes one" "$CARDSEAL" sendmail --sendmail "$tmp/sendmail" \
    --encrypt always --headers hide --recipient-file "$to" to@example.org \
    <"$mail"
ok "... is read" reads
is "... one" "$(told)" matches

# --- the RFC's sample -------------------------------------------------------
rfc=$CS_SRCDIR/tests/vectors
n=smime-signed-enc-hp-baseline-legacy
openssl cms -decrypt -in "$rfc/rfc9788/$n.eml" -out inner.eml \
    -recip "$rfc/rfc9216/bob-encrypt.crt" \
    -inkey "$rfc/rfc9216/bob-encrypt.key" &&
    openssl cms -verify -noverify -in inner.eml -out theirs 2>"$tmp/log"
mails strip theirs >mail.eml
ok "$n: as it was before is sealed" seals \
    -R "$rfc/rfc9216/bob-encrypt.crt" mail.eml
ok "... is opened" reads
ok "... and is what the RFC made of it" mails compare theirs got

# --- mutt -------------------------------------------------------------------
# shellcheck source=tests/system/mail_screen.sh
. "$CS_SRCDIR/tests/system/mail_screen.sh"
if have_tool mutt "mutt" && have_tool tmux "mutt in a terminal"; then
	mail_settings alice@example.org >muttrc
	for name in plain-us-ascii-7bit-german plain-utf-8-base64-german; do
		ok "$name" seals "made/$name.eml"
		ok "... is read" reads
		sed '1,/^\r*$/s/^Subject:.*/Subject: [...] subject/' got >shown
		{ echo "From alice Thu Jan  1 00:00:00 2026"; cat shown; } |
		    tr -d '\r' >mbox
		run mutt -F "$tmp/muttrc" -f "$tmp/mbox"
		wait_until 60 screen_has 'subject'
		press Enter screen_has 'From: Alice'
		on_screen "mutt shows the subject in the text of $name" \
		    '^Subject: +Grüße aus Köln'
		end_run
	done
fi
done_testing
