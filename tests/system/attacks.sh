#!/bin/bash
# attacks.sh: mails that try to pass for what they are not. Each has the
# outcome that doc/threats.md lists; what is let out of a verified mail, or of
# the protected part of another, has nothing that nobody vouches for.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" \
    --identity name=to,key=rsa2048,usage=encrypt,email=to@example.org \
    --identity name=alice,key=p256,store=file,email=alice@example.org \
    --identity name=mallory,key=p256,store=file,email=mallory@example.org \
    --identity name=nobody,key=p256,store=file \
    --identity name=ceo-cn,key=p256,store=file,cn=ceo@example.org \
    --identity "name=named,key=p256,store=file,cn=\"Ceo\" \
<ceo@example.org>,email=mallory@example.org"
cd "$tmp" || exit 99
openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=selfmade -days 30 \
    -addext subjectAltName=email:alice@example.org \
    -keyout "$FIXTURE_DIR/keys/selfmade.pem" \
    -out "$FIXTURE_DIR/certs/selfmade.pem" 2>/dev/null
pinentry_answers "pin $FIXTURE_PIN"
agent_start
mkdir mails
python3 "$CS_SRCDIR/tests/system/attack_mails.py" "$FIXTURE_DIR" mails \
    "$CARDSEAL" "$CS_SRCDIR/doc/threats.md" ||
    { echo "Bail out! the mails cannot be made"; exit 99; }
while read -r result what; do
	[ "$result" = ok ]
	tap_result $? "$what"
done <mails/results
exits 0 "what only tells of something elsewhere" "$CARDSEAL" read -o got \
    --anchor "$FIXTURE_DIR/ca.pem" mails/external-body.eml
like "... is warned of" "$(cat "$tmp/err")" "part 1 only tells of something"
exits 6 "a name with a line break" "$CARDSEAL" read -o got \
    --anchor "$FIXTURE_DIR/ca.pem" mails/line-break-in-the-name.eml
not_ok "... makes no line of its own" \
    grep -q '^Good signature by EVIL' "$tmp/err"

printf 'hello\n' >hello
ok "a signer whose name shows an address" openssl smime -sign -text -in hello \
    -from mallory@example.org -signer "$FIXTURE_DIR/certs/named.pem" \
    -inkey "$FIXTURE_DIR/keys/named.pem" \
    -certfile "$FIXTURE_DIR/intermediate.pem" -out named.eml
exits 0 "... is read" "$CARDSEAL" read -o got --anchor "$FIXTURE_DIR/ca.pem" \
    named.eml
like "... and the name is told from the address" "$(cat "$tmp/err")" \
    'by "\\x22Ceo\\x22 <ceo@example.org>" <mallory@example.org>'

# --- what is held back ------------------------------------------------------
exits 0 "a gadget, unsafe" "$CARDSEAL" read --unsafe -o got \
    mails/cbc-gadget.eml
ok "... has it all" grep -q EVIL got
exits 0 "a gadget, safe" "$CARDSEAL" read -o got mails/cbc-gadget.eml
ok "... has what is harmless" grep -q GOOD got
ok "... and says so" grep -q 'held back' got
like "... here too" "$(cat "$tmp/err")" 'held back'
exits 1 "a signature is required of what has none" \
    "$CARDSEAL" read --require-signed -o none mails/cbc-gadget.eml
exits 1 "... of what has one in a part" "$CARDSEAL" read --require-signed \
    -o none --anchor "$FIXTURE_DIR/ca.pem" mails/one-part-of-many.eml
ok "... and nothing is let out" test ! -e none
exits 0 "... of what has one" "$CARDSEAL" read --require-signed \
    -o got --anchor "$FIXTURE_DIR/ca.pem" mails/honest.eml

if python3 -c 'import jsonschema' 2>/dev/null; then
	ok "every verdict keeps to the schema" \
	    python3 -c 'import json, sys, jsonschema
schema = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for line in open(sys.argv[2]):
	schema.validate(json.loads(line))' \
	    "$CS_SRCDIR/doc/verdict.schema.json" mails/verdicts
else
	skip tool "every verdict keeps to the schema" "python3-jsonschema"
fi
done_testing
