#!/bin/bash
# receipts.sh: Enhanced Security Services (RFC 2634) with openssl on the other
# side: triple wraps, signed receipts asked for, made and matched.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=carol,key=p256,email=carol@example.org \
    --identity name=bob,key=rsa2048,store=file,email=bob@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
bob=(-signer "$FIXTURE_DIR/certs/bob.pem" -inkey "$FIXTURE_DIR/keys/bob.pem"
    -certfile "$FIXTURE_DIR/intermediate.pem")
cd "$tmp" || exit 99
cat >mail.eml <<'END'
From: Alice <alice@example.org>
To: bob@example.org
Subject: the real subject
Content-Type: text/plain; charset=us-ascii

hello
END
printf 'Content-Type: text/plain; charset=us-ascii\r\n\r\nhello\r\n' >entity
judge() { # COMMAND...: its verdict is in the file verdict
	"$CARDSEAL" "$@" --json --anchor "$ca" >verdict
}
field() { # EXPRESSION on the verdict v
	python3 -c "import json, sys
v = json.load(open('verdict'))
s = v['layers'][0].get('signers', [None])[0]
print($1)"
}
kinds="' '.join(l['kind'] for l in v['layers'])"
keeps_to_schema() {
	python3 -c "import json, jsonschema
jsonschema.validate(json.load(open('verdict')),
    json.load(open('$CS_SRCDIR/doc/verdict.schema.json')))"
}

# --- triple wraps -------------------------------------------------------------
to_bob=(-R "$FIXTURE_DIR/certs/bob.pem")
ok "sign, encrypt and sign again" "$CARDSEAL" sign --encrypt --triple \
    "${to_bob[@]}" -o triple.eml mail.eml
exits 0 "we read it" judge read -o got triple.eml
is "three layers, verified" "$(field "v['summary'] + ' ' + $kinds")" \
    "verified signed encrypted signed"
is "signed in both by the sender" "$(field "' '.join(
    s['certificate']['name'] + ' ' + s['address']['state']
    for l in v['layers'] if l['kind'] == 'signed' for s in l['signers'])")" \
    "alice good alice good"
ok "byte for byte what was signed" cmp got entity
ok "openssl verifies the outer signature" openssl cms -verify -in triple.eml \
    -CAfile "$ca" -out encrypted.eml
ok "... opens what it covers" openssl cms -decrypt -in encrypted.eml \
    -recip "$FIXTURE_DIR/certs/bob.pem" -inkey "$FIXTURE_DIR/keys/bob.pem" \
    -out inner.eml
ok "... and verifies the inner one" openssl cms -verify -in inner.eml \
    -CAfile "$ca" -out got
ok "... over the same" cmp got entity
# shellcheck disable=SC2016
ok "from a pipe to a pipe" bash -o pipefail -c \
    '"$0" sign --encrypt --triple -R "$1" <mail.eml | cat >piped.eml' \
    "$CARDSEAL" "$FIXTURE_DIR/certs/bob.pem"
exits 0 "... is the same" judge read -o got piped.eml
is "... in three layers" "$(field "$kinds")" "signed encrypted signed"
ok "hide the subject, too" "$CARDSEAL" sign --encrypt --triple \
    --headers hide "${to_bob[@]}" -o hidden.eml mail.eml
not_ok "... it does not show" grep -q "real subject" hidden.eml
exits 0 "... and is inside" judge read -o got hidden.eml
like "... protected" "$(cat got)" "Subject: the real subject"
# another letter in the encrypted entity, at the end of its fifth line
sed '/^MII/,$!b;:a;n;n;n;n;s/A\(\r*\)$/B\1/;t b;s/.\(\r*\)$/A\1/;:b;n;bb' \
    triple.eml >changed.eml
not_ok "a mail is changed" cmp -s triple.eml changed.eml
exits 1 "changed outside" judge read -o none changed.eml
exits 2 "--triple without --encrypt" "$CARDSEAL" sign --triple -o none mail.eml
# shellcheck disable=SC2016
exits 74 "nothing to write to" bash -c \
    '"$0" sign --encrypt --triple -R "$1" -o /dev/full mail.eml' \
    "$CARDSEAL" "$FIXTURE_DIR/certs/bob.pem"

# --- we ask, openssl answers --------------------------------------------------
for from in all first-tier bob@example.org; do
	ok "ask $from for a receipt" "$CARDSEAL" sign --receipt-request $from \
	    -o sent.eml mail.eml
	openssl cms -verify -in sent.eml -CAfile "$ca" -out /dev/null \
	    -receipt_request_print >printed 2>&1
	case $from in
	all) want="Receipts From: All" ;;
	first-tier) want="First Tier" ;;
	*) want="email:bob@example.org" ;;
	esac
	like "openssl sees whom" "$(cat printed)" "$want"
	like "... and where it goes" "$(cat printed)" \
	    "Receipts To:.*email:alice@example.org"
	exits 0 "the verdict has it" judge verify sent.eml
	ok "... as the schema says" keeps_to_schema
	case $from in
	*@*) want="good list $from" ;;
	*) want="good $from" ;;
	esac
	is "... whom, and to whom" "$(field "' '.join(
	    [s['receipt_request'][k] for k in ('state', 'from')] +
	    s['receipt_request']['from_addresses'] +
	    s['receipt_request']['to_addresses'])")" \
	    "$want alice@example.org"
done
exits 0 "a person is told" "$CARDSEAL" read -o none --anchor "$ca" sent.eml
like "... from whom and where to" "$(cat err)" \
    "receipt +asked for from bob@example.org; to go to alice@example.org"
ok "openssl makes the receipt" openssl cms -sign_receipt -in sent.eml \
    "${bob[@]}" -from bob@example.org -out receipt.eml
exits 0 "it matches" judge receipt --match sent.eml receipt.eml
ok "... as the schema says" keeps_to_schema
is "... and is told so" \
    "$(field "v['layers'][0]['receipt']['match']['state']")" good
exits 0 "read tells what it is" "$CARDSEAL" read -o none --anchor "$ca" \
    receipt.eml
like "... a receipt" "$(cat err)" "receipt: of a message"
ok "the same mail again" "$CARDSEAL" sign --receipt-request all -o again.eml \
    mail.eml
exits 1 "the receipt is not for that one" judge receipt --match again.eml \
    receipt.eml
is "... and says so" "$(field "v['code'] + ' ' +
    v['layers'][0]['receipt']['match']['state']")" "RECEIPT bad"
ok "... as the schema says" keeps_to_schema
exits 6 "without trust in who made it" "$CARDSEAL" receipt --match sent.eml \
    receipt.eml
exits 1 "a mail is no receipt" judge receipt --match sent.eml again.eml
exits 1 "... nor asks each mail for one" judge receipt --match triple.eml \
    receipt.eml
exits 2 "both from standard input" "$CARDSEAL" receipt --match - - <sent.eml
ok "asked for in a triple wrap" "$CARDSEAL" sign --encrypt --triple \
    --receipt-request all "${to_bob[@]}" -o sent.eml mail.eml
openssl cms -verify -in sent.eml -CAfile "$ca" -out encrypted.eml \
    -receipt_request_print >printed 2>&1
unlike "... it is not outside" "$(cat printed)" "Receipts From"
ok "... openssl opens it" openssl cms -decrypt -in encrypted.eml \
    -recip "$FIXTURE_DIR/certs/bob.pem" -inkey "$FIXTURE_DIR/keys/bob.pem" \
    -out inner.eml
ok "... and makes the receipt" openssl cms -sign_receipt -in inner.eml \
    "${bob[@]}" -from bob@example.org -out receipt.eml
exits 0 "... which matches what was sent" judge receipt --match sent.eml \
    receipt.eml
ok "as CMS, to the signer" "$CARDSEAL" sign -f cms --opaque \
    -k carol@example.org --receipt-request all -o sent.der entity
exits 0 "... is read" judge verify sent.der
is "... to the certificate's address" \
    "$(field "s['receipt_request']['to_addresses']")" \
    "['carol@example.org']"
exits 2 "where to, and from nobody" "$CARDSEAL" sign \
    --receipt-to bob@example.org -o none mail.eml
exits 2 "from all and from one" "$CARDSEAL" sign --receipt-request all \
    --receipt-request bob@example.org -o none mail.eml
exits 2 "from what is no address" "$CARDSEAL" sign --receipt-request nobody \
    -o none mail.eml

# --- openssl asks, we answer --------------------------------------------------
sed 's/^From:.*/From: bob@example.org/' mail.eml >bob.eml
asks() { # FILE OPTION...: bob signs, and asks so
	local file=$1
	shift
	openssl cms -sign -text -in entity "${bob[@]}" -from bob@example.org \
	    -to alice@example.org -subject hello \
	    -receipt_request_to bob@example.org "$@" -out "$file"
}
ok "openssl asks all" asks asked.eml -receipt_request_all
exits 0 "we make a receipt" judge receipt -k alice@example.org -o receipt.eml \
    asked.eml
like "... a mail to bob" "$(cat receipt.eml)" "To: bob@example.org"
like "... of that type" "$(cat receipt.eml)" "smime-type=signed-receipt"
ok "openssl takes it" openssl cms -verify_receipt receipt.eml -in asked.eml \
    -CAfile "$ca"
ok "and so do we" "$CARDSEAL" receipt --match asked.eml --anchor "$ca" \
    receipt.eml
ok "openssl asks carol" asks asked.eml -receipt_request_from carol@example.org
exits 0 "her key is found" judge receipt -o receipt.eml asked.eml
like "... it is from her" "$(cat receipt.eml)" "From: carol@example.org"
ok "... openssl takes it" openssl cms -verify_receipt receipt.eml \
    -in asked.eml -CAfile "$ca"
rm -f none
exits 8 "alice is not asked" judge receipt -k alice@example.org -o none \
    asked.eml
not_ok "... nothing is written" test -e none
ok "openssl asks dave" asks asked.eml -receipt_request_from dave@example.org
exits 8 "nobody here is asked" "$CARDSEAL" receipt -o none --anchor "$ca" \
    asked.eml
like "... and it is told" "$(cat err)" "asked for from others"
ok "openssl asks for it to go elsewhere" asks asked.eml -receipt_request_all \
    -receipt_request_to eve@example.org
exits 0 "it is made" "$CARDSEAL" receipt -k alice@example.org -o receipt.eml \
    --anchor "$ca" asked.eml
like "... with a warning" "$(cat err)" "eve@example.org, which is no address"
ok "nobody asks" openssl cms -sign -text -in entity "${bob[@]}" \
    -from bob@example.org -out asked.eml
exits 8 "no receipt" "$CARDSEAL" receipt -o none --anchor "$ca" asked.eml
like "... since none is asked for" "$(cat err)" "asks for one"
ok "a mail that was changed" asks asked.eml -receipt_request_all
sed -i 's/^hello/jello/' asked.eml
pinentry_forget
exits 1 "gets none" "$CARDSEAL" receipt -o none --anchor "$ca" asked.eml
ok "a mail of somebody not trusted" asks asked.eml -receipt_request_all
exits 6 "gets none, either" "$CARDSEAL" receipt -o none asked.eml
is "no PIN was asked for meanwhile" "$(pinentry_count)" ""
exits 0 "once more" "$CARDSEAL" receipt -k alice@example.org -o receipt.eml \
    --anchor "$ca" asked.eml
exits 8 "no receipt of a receipt" "$CARDSEAL" receipt -o none --anchor "$ca" \
    receipt.eml

# --- encrypted ones -----------------------------------------------------------
encrypts() { # FILE: what bob asks for in asked.eml, encrypted to alice
	openssl cms -encrypt -in asked.eml -from bob@example.org \
	    -to alice@example.org -subject hello -aes256 -out "$1" \
	    "$FIXTURE_DIR/certs/alice.pem"
}
ok "openssl asks" asks asked.eml -receipt_request_all
ok "... in an encrypted mail" encrypts hidden.eml
exits 0 "its receipt" judge receipt -k alice@example.org -o receipt.eml \
    hidden.eml
unlike "... does not show" "$(cat receipt.eml)" "signed-receipt"
like "... goes to bob" "$(cat receipt.eml)" "To: bob@example.org"
ok "openssl verifies the outer signature" openssl cms -verify \
    -in receipt.eml -CAfile "$ca" -out encrypted.eml
openssl cms -cmsout -print -in receipt.eml >printed
like "... which says what is inside" "$(tr -d '\n' <printed)" \
    "id-smime-aa-contentHint.{0,200}id-smime-ct-receipt"
like "... it is encrypted" "$(cat encrypted.eml)" "smime-type=enveloped-data"
ok "... to bob" openssl cms -decrypt -in encrypted.eml \
    -recip "$FIXTURE_DIR/certs/bob.pem" -inkey "$FIXTURE_DIR/keys/bob.pem" \
    -out inner.eml
like "... a receipt by itself" "$(cat inner.eml)" "smime-type=signed-receipt"
ok "... which openssl takes" openssl cms -verify_receipt inner.eml \
    -in asked.eml -CAfile "$ca"
exits 0 "in the clear, if so asked" judge receipt -k alice@example.org \
    --encrypt never -o receipt.eml hidden.eml
ok "... openssl takes it" openssl cms -verify_receipt receipt.eml \
    -in asked.eml -CAfile "$ca"
exits 0 "of a mail in the clear, in the clear" judge receipt \
    -k alice@example.org -o receipt.eml asked.eml
like "... as it was" "$(cat receipt.eml)" "smime-type=signed-receipt"
for more in "--encrypt always" "-R $FIXTURE_DIR/certs/bob.pem"; do
	# shellcheck disable=SC2086
	exits 0 "or encrypted: ${more%% *}" judge receipt \
	    -k alice@example.org $more -o receipt.eml asked.eml
	ok "... signed around that" openssl cms -verify -in receipt.eml \
	    -CAfile "$ca" -out encrypted.eml
	ok "... and to bob" openssl cms -decrypt -in encrypted.eml -out inner.eml \
	    -recip "$FIXTURE_DIR/certs/bob.pem" \
	    -inkey "$FIXTURE_DIR/keys/bob.pem"
done
exits 2 "to somebody, and not encrypted" "$CARDSEAL" receipt \
    -k alice@example.org --encrypt never -R "$FIXTURE_DIR/certs/bob.pem" \
    --anchor "$ca" -o none asked.eml
ok "openssl asks for it to go elsewhere" asks asked.eml -receipt_request_all \
    -receipt_request_to eve@example.org
ok "... in an encrypted mail" encrypts hidden.eml
rm -f none
exits 4 "nobody knows how to encrypt it" "$CARDSEAL" receipt \
    -k alice@example.org -o none --anchor "$ca" hidden.eml
like "... and it is told" "$(cat err)" \
    "would be, too.*no certificate to encrypt to is known.*eve@example.org"
not_ok "... nothing is written" test -e none
exits 4 "nor where it was asked for" "$CARDSEAL" receipt --encrypt always \
    -k alice@example.org -o none --anchor "$ca" asked.eml
# both ends are ours
ok "we ask in an encrypted mail" "$CARDSEAL" sign --encrypt \
    --receipt-request all -R "$FIXTURE_DIR/certs/carol.pem" \
    -R "$FIXTURE_DIR/certs/alice.pem" -o sent.eml mail.eml
exits 0 "we answer" judge receipt -k carol@example.org -o receipt.eml sent.eml
exits 0 "what comes matches" judge receipt --match sent.eml receipt.eml
ok "... as the schema says" keeps_to_schema
is "... through all layers" "$(field "(v['summary'], $kinds,
    v['layers'][2]['receipt']['match']['state'])")" \
    "('verified', 'signed encrypted signed', 'good')"
ok "the same mail again" "$CARDSEAL" sign --encrypt --receipt-request all \
    -R "$FIXTURE_DIR/certs/alice.pem" -o again.eml mail.eml
exits 1 "the receipt is not for that one" judge receipt --match again.eml \
    receipt.eml
is "... and says so" "$(field "v['code']")" RECEIPT
exits 2 "--json needs standard output" "$CARDSEAL" receipt --json asked.eml
done_testing
