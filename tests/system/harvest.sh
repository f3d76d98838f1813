#!/bin/bash
# harvest.sh: what a signed mail brings along is kept in the store, and of use
# for encrypting; but not of every mail.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
soon=$(date -u -d yesterday +%Y%m%d)-$(date -u -d '20 days' +%Y%m%d)
fixtures "$tmp/fixture" \
    --identity name=alice,key=p256,email=alice@example.org,usage=sign \
    --identity name=crypt,key=rsa2048,email=alice@example.org,usage=encrypt \
    --identity "name=soon,key=p256,email=soon@example.org,validity=$soon" \
    --identity name=bob,key=rsa2048,store=file,email=bob@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
certs=$FIXTURE_DIR/certs
db=$XDG_DATA_HOME/cardseal/certificates.db
cd "$tmp" || exit 99
printf 'From: Alice <alice@example.org>\nTo: x@example.org\nSubject: s\n\nhello\n' \
    >mail.eml
ok "a signed mail" "$CARDSEAL" sign -q -o signed.eml mail.eml
exits 0 "status" "$CARDSEAL" status
like "warns of what expires soon" "$(cat "$tmp/err")" \
    'key "soon" on token .* expires on'
is "and of nothing else" "$(wc -l <"$tmp/err")" 1
exits 0 "status, quietly" "$CARDSEAL" status -q
is "does not" "$(cat "$tmp/err")" ""
exits 0 "certs expiring" "$CARDSEAL" certs expiring
like "tells it, too" "$(cat "$tmp/out")" \
    '^the certificate of soon@example.org \(key "soon" on token ".*"\) expires on 20'
is "and nothing else" "$(wc -l <"$tmp/out")" 1
exits 0 "within fewer days" "$CARDSEAL" certs expiring --days 10
is "there is none" "$(cat "$tmp/out")" ""
exits 0 "JSON" "$CARDSEAL" certs expiring --json --days 3650
is "of all that end some day" "$(grep -c '"sha256"' "$tmp/out")" 3
exits 2 "a number that is none" "$CARDSEAL" certs expiring --days 0
mkdir bin
printf '#!/bin/sh\nprintf "<%%s>\\n" "$@" >%s\n' "$tmp/shown-by" >bin/notify-send
chmod +x bin/notify-send
exits 0 "on the desktop" env PATH="$tmp/bin:$PATH" "$CARDSEAL" certs expiring \
    --notify
like "it is shown" "$(tr '\n' ' ' <"$tmp/shown-by")" \
    '<A certificate expires> <the certificate of soon@example.org '
rm "$tmp/shown-by"
exits 0 "nothing" env PATH="$tmp/bin:$PATH" "$CARDSEAL" certs expiring \
    --notify --days 10
[ -e "$tmp/shown-by" ]
is "is not shown" $? 1
agent_stop
exits 3 "without an agent" "$CARDSEAL" certs expiring
verify() { "$CARDSEAL" verify -q --anchor "$ca" "$@"; }
stored() { "$CARDSEAL" certs list | wc -l; }
sql() {
	python3 - "$db" "$1" <<'END'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
print(*[" ".join(str(f) for f in row) for row in db.execute(sys.argv[2])])
db.commit()
END
}

# --- what is not kept ------------------------------------------------------
sed s/hello/jello/ signed.eml >changed.eml
exits 1 "a mail that was changed" verify changed.eml
exits 6 "one that is not trusted" "$CARDSEAL" verify -q \
    --anchor "$certs/bob.pem" signed.eml
exits 6 "one from somebody else" verify --from bob@example.org signed.eml
echo signed.eml | "$CARDSEAL" verify --batch --anchor "$ca" >/dev/null
printf '[store]\nharvest = no\n' >"$XDG_CONFIG_HOME/cardseal/cardseal.conf"
exits 0 "one of who wants nothing kept" verify signed.eml
rm "$XDG_CONFIG_HOME/cardseal/cardseal.conf"
[ -e "$db" ]
is "leave no store" $? 1

# --- what is ---------------------------------------------------------------
exits 0 "a good one" verify signed.eml
is "one certificate is kept" "$(stored)" 1
"$CARDSEAL" certs show --json alice@example.org >shown
like "for being in a mail" "$(cat shown)" '"source": *"mail"'
want=$(openssl x509 -in "$certs/crypt.pem" -noout -fingerprint -sha256 |
    sed 's/.*=//' | tr -d : | tr A-F a-f)
like "the one to encrypt to" "$(cat shown)" "$want"
is "with what its owner can read" \
    "$(sql 'SELECT count(*) FROM capability WHERE length(list) > 0')" 1
before=$(stat -c %y "$db")
exits 0 "once more" verify signed.eml
is "nothing is written" "$(stat -c %y "$db")" "$before"
sql "UPDATE capability SET signed_at = 1, list = X'00'" >/dev/null
exits 0 "what is newer" verify signed.eml
is "takes the place of what was" \
    "$(sql "SELECT count(*) FROM capability WHERE length(list) > 1")" 1
sql "UPDATE capability SET signed_at = 9999999999, list = X'00'" >/dev/null
exits 0 "what is older" verify signed.eml
is "does not" "$(sql "SELECT length(list) FROM capability")" 1
rm "$db"
exits 0 "read keeps it, too" "$CARDSEAL" read -q --anchor "$ca" -o got signed.eml
is "it did" "$(stored)" 1

# --- what for --------------------------------------------------------------
encrypt() {
	"$CARDSEAL" encrypt -q -f cms --anchor "$ca" -o sealed "$@" mail.eml
}
cipher() {
	openssl cms -cmsout -print -inform DER -in sealed |
	    grep -o 'aes-256-[a-z]*' | head -1
}
exits 0 "it is encrypted to" encrypt -r alice@example.org
is "by what she can read" "$(cipher)" aes-256-gcm
exits 0 "to others, too" encrypt -r alice@example.org -R "$certs/bob.pem"
is "by what all can read" "$(cipher)" aes-256-cbc
exits 0 "as asked" encrypt -c aes256-cbc -r alice@example.org
is "whatever she can read" "$(cipher)" aes-256-cbc

# --- what ends soon --------------------------------------------------------
exits 0 "a recipient's certificate that ends soon" "$CARDSEAL" encrypt \
    -f cms -o sealed -R "$certs/soon.pem" mail.eml
like "a warning" "$(cat "$tmp/err")" "certificate of soon .*expires on"
exits 0 "one that does not" "$CARDSEAL" encrypt -f cms -o sealed \
    -R "$certs/bob.pem" mail.eml
is "none" "$(grep -c expires "$tmp/err")" 0

# --- a store of before -----------------------------------------------------
sql "DROP TABLE capability" >/dev/null
sql "PRAGMA user_version = 1" >/dev/null
exits 0 "is read" encrypt -r alice@example.org
is "for what it has" "$(cipher)" aes-256-cbc
exits 0 "and made one of now" verify signed.eml
is "with what is kept now" "$(sql 'SELECT count(*) FROM capability')" 1
done_testing
