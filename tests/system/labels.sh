#!/bin/bash
# labels.sh: security labels (RFC 2634 3): given, shown, and enforced by
# labels.conf.
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
conf=$XDG_CONFIG_HOME/cardseal/labels.conf
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
	rm -f got
	"$CARDSEAL" "$@" --json --anchor "$ca" >verdict
}
field() { # EXPRESSION on the verdict v
	python3 -c "import json, sys
v = json.load(open('verdict'))
s = (v['layers'] or [{}])[0].get('signers', [None])[0]
label = s and s['security_label']
print($1)"
}
keeps_to_schema() {
	python3 -c "import json, jsonschema
jsonschema.validate(json.load(open('verdict')),
    json.load(open('$CS_SRCDIR/doc/verdict.schema.json')))"
}
make() { # FILE OPTION...: alice's mail with that label
	local file=$1
	shift
	"$CARDSEAL" sign "$@" -o "$file" mail.eml
}
withheld() { # NAME FILE: neither command lets any of it out
	exits 8 "$1: read" judge read -o got "$2"
	not_ok "... nothing is written" test -e got
	is "... since its label is not cleared" \
	    "$(field "(v['summary'], v['code'], v['is_withheld'])")" \
	    "('untrusted', 'LABEL', True)"
	ok "... as the schema says" keeps_to_schema
	unlike "... and nothing is told of it" "$(cat verdict)" "hello"
	exits 8 "$1: verify" judge verify -o got "$2"
	not_ok "... nothing is written" test -e got
}
shown() { # NAME FILE
	exits 0 "$1: read" judge read -o got "$2"
	ok "... it is let out" grep -q hello got
	ok "... as the schema says" keeps_to_schema
	exits 0 "$1: verify" judge verify -o got "$2"
}

# --- without rules ------------------------------------------------------------
rm -f "$conf"
ok "give it a label" make labelled.eml --label 1.2.3:secret \
    --privacy-mark "EYES ONLY" --label-category 1.2.5:0c0141 \
    --equivalent-label 1.2.4:5 --equivalent-label 1.2.6
shown "nobody enforces it" labelled.eml
exits 0 "the verdict" judge verify labelled.eml
is "has the policy" "$(field "label['policy']")" 1.2.3
is "... the classification" \
    "$(field "(label['classification'], label['classification_name'])")" \
    "(4, 'secret')"
is "... the mark" "$(field "label['privacy_mark']")" "EYES ONLY"
is "... the category" "$(field "label['categories']")" \
    "[{'type': '1.2.5', 'value': '0c0141'}]"
is "... the equivalents" "$(field "[(l['policy'], l['classification'])
    for l in s['equivalent_labels']['labels']]")" \
    "[('1.2.4', 5), ('1.2.6', None)]"
is "... and no clearance" "$(field "s['clearance']")" None
exits 0 "a person is told" "$CARDSEAL" read -o got --anchor "$ca" labelled.eml
like "... the label" "$(cat err)" \
    'label +1\.2\.3, secret \(4\), "EYES ONLY"; categories 1\.2\.5'
like "... the equivalents" "$(cat err)" "equivalent +1\.2\.6, no class"
ok "openssl verifies it" openssl cms -verify -in labelled.eml -CAfile "$ca" \
    -out got
openssl cms -cmsout -print -noout -in labelled.eml >printed 2>&1
like "... and sees the label" "$(cat printed)" \
    "id-smime-aa-securityLabel"
like "... in DER's order" "$(tr -s ' \n' '  ' <printed)" \
    "SET .*INTEGER *:04 .*OBJECT *:1\.2\.3 .*SET .*SEQUENCE .*PRINTABLESTRING *:EYES ONLY"
like "... and the equivalents" "$(cat printed)" \
    "id-smime-aa-equivalentLabels"
ok "a mark in UTF-8" make utf8.eml --label 1.2.3 --privacy-mark "geheim: ä"
shown "... comes back" utf8.eml
is "... as it was" "$(field "label['privacy_mark']")" "geheim: ä"
exits 2 "no policy" make none --label nato:secret
like "... it says so" "$(cat err)" "neither an object identifier nor a name"
exits 2 "no classification" make none --label 1.2.3:257
exits 2 "another" make none --label 1.2.3:cosmic
exits 2 "a mark without a label" make none --privacy-mark x
exits 2 "a category that is none" make none --label 1.2.3 \
    --label-category 1.2.5:0c02
exits 2 "an equivalent of the same policy" make none --label 1.2.3:1 \
    --equivalent-label 1.2.3:2
exits 2 "certificates have no label" make none --label 1.2.3 --certs-only
not_ok "... nothing is written" test -e none

# --- rules --------------------------------------------------------------------
cat >"$conf" <<'END'
[labels]
unknown = withhold

[policy 1.2.3]
name = ACME
names = 0 open, 1 staff,
    4 secret
clearance = staff
categories = 1.2.5, 1.2.7
encrypt-from = 4

[policy 1.2.4]
name = Partner
clearance = confidential
equivalents = yes

[policy 1.2.6]
clearance = any

[policy 1.2.8]
name = Nothing

[policy 1.2.10]
END
ok "no label" make plain.eml
shown "no label" plain.eml
ok "by name" make staff.eml --label ACME:staff --label-category 1.2.7:0500
shown "cleared" staff.eml
is "... by name" "$(field "(label['policy_name'],
    label['classification_name'], s['clearance']['state'])")" \
    "('ACME', 'staff', 'good')"
withheld "above the clearance" labelled.eml
exits 8 "a person is told" "$CARDSEAL" read -o got --anchor "$ca" labelled.eml
like "... that it is withheld" "$(cat err)" \
    "withheld for its security label: .* above the clearance: ACME, secret"
unlike "... and nothing of it" "$(cat err)" hello
exits 8 "... not by --unsafe" judge read --unsafe -o got labelled.eml
not_ok "... either" test -e got
exits 8 "to a pipe" bash -o pipefail -c \
    '"$0" read --anchor "$1" labelled.eml | cat >got' "$CARDSEAL" "$ca"
is "... nothing" "$(cat got)" ""
ok "without a classification" make bare.eml --label Partner
withheld "without a classification" bare.eml
ok "one that the policy does not name" make odd.eml --label 1.2.4:3
shown "RFC's names where there are none" odd.eml
ok "a category" make category.eml --label ACME:open --label-category 1.2.9:0500
withheld "a category that is not allowed" category.eml
ok "any" make any.eml --label 1.2.6
shown "any clearance needs no classification" any.eml
ok "none" make nothing.eml --label Nothing:0
withheld "no clearance" nothing.eml
ok "... and a receipt asked for" make asked.eml --label Nothing:0 \
    --receipt-request all
exits 8 "no receipt for what is withheld" "$CARDSEAL" receipt -o none \
    --anchor "$ca" asked.eml
like "... it says why" "$(cat err)" "withheld for its security label"
not_ok "... nothing is written" test -e none
# shellcheck disable=SC2016
exits 8 "from a pipe, too" bash -o pipefail -c \
    'cat nothing.eml | "$0" read --anchor "$1" >got' "$CARDSEAL" "$ca"
is "... nothing" "$(cat got)" ""
ok "an unknown policy" make unknown.eml --label 1.2.9:0
withheld "an unknown policy" unknown.eml
ok "... with an equivalent" make equivalent.eml --label 1.2.9:0 \
    --equivalent-label Partner:confidential
shown "... with an equivalent" equivalent.eml
ok "... that is not cleared" make above.eml --label 1.2.9:0 \
    --equivalent-label Partner:4
withheld "... that is not cleared" above.eml
ok "... of a policy that takes none" make takes.eml --label 1.2.9:0 \
    --equivalent-label 1.2.6:0
withheld "... of a policy that takes none" takes.eml
exits 8 "... by somebody not trusted" "$CARDSEAL" read -o got --json \
    equivalent.eml
not_ok "... not either" test -e got
ok "an equivalent of a known policy" make known.eml --label ACME:staff \
    --equivalent-label Partner:5
shown "... counts for nothing" known.eml
sed -i 's/^unknown.*/unknown = show/' "$conf"
shown "unknown policies are shown" unknown.eml
exits 0 "... and" judge verify unknown.eml
is "... and told so" "$(field "s['clearance']['state']")" unknown
withheld "... and the known are withheld" nothing.eml
ok "a policy of which only the section is there" make section.eml \
    --label 1.2.10:0 --equivalent-label Partner:0
withheld "... is known" section.eml
sed -i '/^unknown/d' "$conf"
withheld "withheld unless it says otherwise" unknown.eml

# --- encrypted ----------------------------------------------------------------
to_alice=(--no-self -R "$FIXTURE_DIR/certs/alice.pem")
exits 8 "a label that wants encryption" make none --label ACME:secret
like "... says so" "$(cat err)" "encrypted only"
not_ok "... nothing is written" test -e none
exits 8 "... as an equivalent" make none --label 1.2.6 \
    --equivalent-label ACME:4
exits 8 "... without classification" make none --label ACME
exits 8 "... as CMS" "$CARDSEAL" sign -f cms --label ACME:secret -o none entity
ok "... and gets it" make sealed.eml --label ACME:secret --encrypt \
    --headers hide "${to_alice[@]}"
exits 8 "withheld inside" judge read -o got sealed.eml
not_ok "... nothing is written" test -e got
unlike "... nor told" "$(cat verdict)" "the real subject"
exits 8 "a person is not told" "$CARDSEAL" read -o got --anchor "$ca" \
    sealed.eml
unlike "... the subject" "$(cat err)" "the real subject"
to_bob=(-R "$FIXTURE_DIR/certs/bob.pem")
exits 8 "decrypt withholds it as well" "$CARDSEAL" decrypt -o got sealed.eml
like "... and says why" "$(cat err)" "withheld for its security label"
unlike "... and not what" "$(cat err)" "the real subject"
not_ok "... nothing is written" test -e got
exits 8 "... with JSON" "$CARDSEAL" decrypt --json -o got sealed.eml
cp out verdict
is "... that says it" "$(field "(v['code'], v['is_withheld'])")" \
    "('LABEL', True)"
ok "... as the schema says" keeps_to_schema
# shellcheck disable=SC2016
exits 8 "... to a pipe" bash -o pipefail -c \
    '"$0" decrypt sealed.eml | cat >got' "$CARDSEAL"
is "... nothing" "$(cat got)" ""
rm got
exits 8 "nobody is added to it" "$CARDSEAL" rewrap "${to_bob[@]}" -o got \
    sealed.eml
not_ok "... nothing is written" test -e got
mv "$conf" elsewhere
exits 0 "without rules it is opened" "$CARDSEAL" decrypt -o got sealed.eml
mv elsewhere "$conf"
rm got
echo secret >password
exits 0 "with a password" "$CARDSEAL" encrypt --password-file password \
    -f cms -o sealed.cms labelled.eml
exits 8 "... likewise" "$CARDSEAL" decrypt --password-file password -o got \
    sealed.cms
exits 8 "... and rewrapped" "$CARDSEAL" rewrap "${to_bob[@]}" \
    --open-password-file password -o got sealed.cms
not_ok "... nothing is written" test -e got
exits 0 "what has no label" "$CARDSEAL" encrypt --password-file password \
    -f cms -o sealed.cms entity
exits 0 "... is opened" "$CARDSEAL" decrypt --password-file password -o got \
    sealed.cms
ok "... as ever" cmp got entity
ok "one that is cleared" make sealed.eml --label ACME:staff --encrypt \
    "${to_alice[@]}"
exits 0 "... is shown" judge read -o got sealed.eml
ok "... whole" grep -q hello got
exits 0 "... and decrypted" "$CARDSEAL" decrypt -o got sealed.eml
ok "... whole" grep -q hello got
exits 0 "... and rewrapped" "$CARDSEAL" rewrap "${to_bob[@]}" -o got \
    sealed.eml
sed 's/^hello/jello/' plain.eml >changed.eml
openssl cms -encrypt -in changed.eml -out bad.eml -aes256 \
    -recip "$FIXTURE_DIR/certs/alice.pem"
rm got
exits 1 "what may have had any label is not opened" "$CARDSEAL" decrypt \
    -o got bad.eml
not_ok "... nothing is written" test -e got
sed 's/./A/100' sealed.eml | sed '20s/[b-z]/c/g' >broken.eml
exits 1 "what does not open is told by decrypt" "$CARDSEAL" decrypt -o got \
    broken.eml
ok "a triple wrap" make triple.eml --label ACME:staff --encrypt --triple \
    "${to_alice[@]}"
exits 0 "... is read" judge read -o got triple.eml
is "... the label is in both signatures" "$(field "[
    s['security_label']['classification'] for l in v['layers']
    if l['kind'] == 'signed' for s in l['signers']]")" "[1, 1]"
ok "a triple wrap that is withheld" make triple.eml --label ACME:secret \
    --encrypt --triple "${to_alice[@]}"
exits 8 "... is" judge read -o got triple.eml
not_ok "... nothing is written" test -e got
openssl cms -verify -in triple.eml -CAfile "$ca" -out inner.eml 2>/dev/null
exits 8 "... by the inner label alone" judge read -o got inner.eml
not_ok "... nothing is written" test -e got

# --- a part of a mail ---------------------------------------------------------
put_outer() { # MAIL...: each a part of a mail
	printf 'From: Alice <alice@example.org>\nMIME-Version: 1.0\n'
	printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nclear\n'
	for mail; do
		printf -- '--b\nContent-Type: message/rfc822\n\n'
		cat "$mail"
		printf '\n'
	done
	printf -- '--b--\n'
}
put_outer labelled.eml >outer.eml
exits 8 "a part is withheld" judge read -o got outer.eml
not_ok "... and so is all" test -e got
is "... it says so" \
    "$(field "(v['code'], v['is_withheld'])")" "('LABEL', True)"
exits 8 "... by its number" judge read --part 2 -o got outer.eml
not_ok "... nothing is written" test -e got
sed 's/^hello/jello/' labelled.eml >changed.eml
put_outer labelled.eml changed.eml >outer.eml
exits 1 "a part is withheld, and another bad" judge read -o got outer.eml
is "... it is both" "$(field "(v['summary'], v['is_withheld'])")" \
    "('bad', True)"
not_ok "... nothing is written" test -e got

# --- attacks ------------------------------------------------------------------
# the label's classification: 4 becomes 0, in the DER of the signature
cms_edit() { # FROM TO IN OUT: octets in hexadecimal, once
	python3 -c "import sys
data = open(sys.argv[3], 'rb').read()
old, new = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2])
assert data.count(old) == 1, data.count(old)
open(sys.argv[4], 'wb').write(data.replace(old, new))" "$@"
}
mv "$conf" saved.conf
ok "a message" "$CARDSEAL" sign -f cms --opaque --label 1.2.3:secret \
    -o secret.der entity
mv saved.conf "$conf"
withheld "as CMS" secret.der
ok "another classification" cms_edit 02010406022a03 02010006022a03 \
    secret.der forged.der
exits 1 "... breaks the signature" judge verify -o got forged.der
not_ok "... nothing is written" test -e got
ok "another attribute's type" cms_edit 2a864886f70d0109100202 \
    2a864886f70d0109100204 secret.der forged.der
exits 1 "... breaks the signature" judge verify -o got forged.der
not_ok "... nothing is written" test -e got

for line in 'x = 1' '[labels]
unknown = maybe' '[policy 1.2.3]
clearance = high' '[policy NATO]
clearance = any' '[policy NATO]' '[policy 1.2.3]
clearance = any
clearance = none' '[policy 1.2.3]
clearance = 1
names = 1 one' '[policy 1.2.3]
names = 1 one, 1 two' '[policy 1.2.3]
names = one' '[policy 1.2.3]
categories = staff' '[policy 1.2.3]
equivalents = perhaps' '[policy 1.2.3]
encrypt-from = none' '[policy 1.2.3]
colour = red' '[policy 1.2.3]
name = a:b' '[policy 1.2.3]
name = 1.2.4' '[policy 1.2.3]
name = A
[policy 1.2.4]
name = A' 'nonsense' '[policy 1.2.3
clearance = any' "[policy 1.2.3]
categories = $(printf '1.2.%d, ' {100..140})
    1.2.3"; do
	printf '%s\n' "$line" >"$conf"
	rm -f got
	exits 2 "a broken file stops reading: ${line##*
}" "$CARDSEAL" read -o got --anchor "$ca" plain.eml
	like "... with the line" "$(cat err)" "labels.conf, line [0-9]+: "
	not_ok "... nothing is written" test -e got
done
# what is no file of rules stops it, too, and is not waited for
odd_fifo() { mkfifo "$conf"; }
odd_folder() { mkdir "$conf"; }
odd_zero() { ln -s /dev/zero "$conf"; }
odd_huge() { truncate -s 1G "$conf"; }
odd() { # HOW STATUS REGEX
	rm -rf "$conf"
	"odd_$1"
	exits "$2" "a $1 stops reading" timeout 20 "$CARDSEAL" read -o got \
	    --anchor "$ca" plain.eml
	like "... and is told" "$(cat err)" "labels.conf.*$3"
	not_ok "... nothing is written" test -e got
	rm -rf "$conf"
}
odd fifo 74 "no regular file"
odd folder 74 "no regular file"
odd zero 74 "no regular file"
odd huge 7 "larger than"
done_testing
