#!/bin/bash
# rfcs.sh: the examples of RFC 4134, people and CAs of RFC 9216, and messages of
# RFC 9788.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
drive=$CS_BUILDDIR/tests/system/cmsdrive
cd "$tmp" || exit 99
printf 'This is some sample content.' >sample
# a header that is empty, since the content of 4.8 and 4.9 is a MIME entity
printf '\r\nThis is some sample content.' >sample.mime

# --- RFC 4134 -----------------------------------------------------------------
rfc=$CS_SRCDIR/tests/vectors/rfc4134
then=(--anchor "$rfc/carl-dss.crt" --anchor "$rfc/carl-rsa.crt"
    --revocation off --time 2003-01-01T00:00:00Z)
verify() { rm -f got && "$CARDSEAL" verify "${then[@]}" -o got "$@"; }
signer() { # NAME: what the verdict said last names him
	like "RFC 4134 $n: by whom" "$(cat err)" "signer: $1 <"
}
for n in 4.1 4.2 4.4 4.5 4.6 4.7 4.10; do
	exits 0 "RFC 4134 $n" verify --legacy "$rfc/$n.pem"
	case $n in
	4.2 | 4.5) signer AliceRSA ;;
	*) signer AliceDSS ;;
	esac
	ok "RFC 4134 $n: the content" cmp got sample
	# weak; 4.6 has a key to inherit parameters from a CA's weak one
	[ $n = 4.6 ] || exits 6 "RFC 4134 $n: not without --legacy" verify \
	    "$rfc/$n.pem"
done
exits 0 "RFC 4134 4.10" verify --legacy "$rfc/4.10.pem"
like "its label" "$(cat err)" 'label +1\.2\.3\.4\.5\.6\.7\.8, unclassified \(1\), "THIS IS A PRIVACY MARK TEST"; categories 1\.2\.3\.4\.5\.6\.7\.888'
like "... its equivalents" "$(cat err)" \
    'equivalent +1\.2\.3\.4\.5\.6\.7\.10, classification 1, "EQUIVALENT'
n=4.4
exits 0 "RFC 4134 4.4" verify --legacy "$rfc/4.4.pem"
like "its countersignature, too" "$(cat err)" "countersigner: AliceRSA <"
n=4.6
exits 0 "RFC 4134 4.6" verify --legacy "$rfc/4.6.pem"
signer AliceDSS
signer DianeDSS
exits 0 "RFC 4134 4.3, detached" "$CARDSEAL" verify "${then[@]}" --legacy \
    --content sample "$rfc/4.3.pem"
exits 1 "RFC 4134 4.3, beside something else" "$CARDSEAL" verify "${then[@]}" \
    --legacy --content sample.mime "$rfc/4.3.pem"
for n in 4.8 4.9; do
	exits 0 "RFC 4134 $n" verify --legacy --from AliceDSS@example.com \
	    "$rfc/$n.eml"
	ok "RFC 4134 $n: the content" cmp got sample.mime
	# From is aliceDss@examples.com
	exits 6 "RFC 4134 $n: for its From" verify --legacy "$rfc/$n.eml"
	like "RFC 4134 $n: it says so" "$(cat err)" "aliceDss@examples.com"
done
exits 1 "RFC 4134 4.11 has no signature" verify --legacy "$rfc/4.11.pem"
exits 0 "RFC 4134 4.11 is certificates" "$CARDSEAL" certs import \
    "$rfc/4.11.pem"
like "they are in the store" "$("$CARDSEAL" certs list)" AliceDSS@example.com

opens() { # [OPTION...] FILE
	"$drive" decrypt -k "$rfc/bob.key,$rfc/bob.crt" -o got "$@"
}
sed '1,/^$/d' "$rfc/5.3.eml" >5.3
for file in "$rfc"/5.1.pem "$rfc"/5.2.pem 5.3; do
	n=$(basename "$file" .pem)
	rm -f got
	exits 0 "RFC 4134 $n" opens -l "$file"
	[ "$n" = 5.3 ] || ok "RFC 4134 $n: the content" cmp got sample
	exits 1 "RFC 4134 $n: not without --legacy" opens "$file"
done
like "RFC 4134 5.3: the content" "$(tr -d '\r' <got)" \
    "This is some sample content."
rm -f got
exits 0 "RFC 4134 6.0" opens -l "$rfc/6.0.pem"
ok "RFC 4134 6.0: the content" cmp got sample
echo 737c791f25ead0e04629254352f7dc6291e5cb26917ada32 >kek
for n in 7.1 7.2; do
	rm -f got
	exits 0 "RFC 4134 $n" "$CARDSEAL" decrypt -q --legacy --kek-file kek \
	    -o got "$rfc/$n.pem"
	ok "RFC 4134 $n: the content" cmp got sample
done

# --- RFC 9216 -----------------------------------------------------------------
rfc=$CS_SRCDIR/tests/vectors/rfc9216
certs_verify() {
	"$CARDSEAL" certs verify -q --revocation off "$@"
}
head -c 100000 /dev/urandom >data
for who in alice bob carlos dana; do
	case $who in
	alice | bob) ca=rsa other=ed25519 ;;
	*) ca=ed25519 other=rsa ;;
	esac
	for use in sign encrypt; do
		cert=$rfc/$who-$use.crt
		exits 0 "RFC 9216 $who, $use" certs_verify \
		    --anchor "$rfc/$ca-ca.crt" --purpose $use "$cert"
		exits 0 "... below the other CA" certs_verify \
		    --anchor "$rfc/$other-ca.crt" \
		    --intermediate "$rfc/$ca-ca-cross.crt" --purpose $use \
		    "$cert"
		exits 6 "... not without what joins them" certs_verify \
		    --anchor "$rfc/$other-ca.crt" --purpose $use "$cert"
	done
	exits 0 "RFC 9216 $who signs" "$drive" sign \
	    -k "$rfc/$who-sign.key,$rfc/$who-sign.crt" -o m data
	exits 0 "... and is read" "$CARDSEAL" verify -q --revocation off \
	    --anchor "$rfc/$ca-ca.crt" -o got m
	ok "... the same" cmp got data
	ok "RFC 9216 $who is encrypted to" "$CARDSEAL" encrypt -q -f cms \
	    -R "$rfc/$who-encrypt.crt" -o m data
	case $who in
	alice | bob)
		exits 0 "... and opens it" "$drive" decrypt -k \
		    "$rfc/$who-encrypt.key,$rfc/$who-encrypt.crt" -o got m
		ok "... the same" cmp got data
		;;
	esac
done

# --- RFC 9788 -----------------------------------------------------------------
mails=$CS_SRCDIR/tests/vectors/rfc9788
judge() { # FILE [OPTION...]: its verdict is in the file verdict
	"$CARDSEAL" read --json --anchor "$rfc/rsa-ca.crt" --revocation off \
	    -o got "$@" >verdict
}
field() { # EXPRESSION on the verdict v
	python3 -c "import json
v = json.load(open('verdict'))
p = v['header_protection']
print($1)"
}
states="sorted(set(f['state'] for f in p['headers']))"
for n in smime-one-part-hp smime-multipart-hp smime-one-part-complex-hp \
    smime-multipart-complex-hp; do
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... its header is signed" \
	    "$(field "(v['summary'], p['kind'], p['finding']['state'], $states)")" \
	    "('verified', 'clear', 'good', ['same'])"
	is "... with the subject" "$(field "v['subject']")" $n
	ok "... all parts are signed" test \
	    "$(field "all(x['is_signed'] for x in v['parts'])")" = True
	sed "1,/^\$/s/^Subject: .*/Subject: another/" "$mails/$n.eml" >changed.eml
	exits 0 "... another subject outside" judge changed.eml
	is "... is told" \
	    "$(field "(v['subject'], p['finding']['state'], [f['name']
	        for f in p['headers'] if f['state'] != 'same'])")" \
	    "('$n', 'bad', ['Subject'])"
	case $n in smime-one-part*) continue ;; esac # its text is in base64
	sed 's/^alice@smime.example/Alice@smime.example/' "$mails/$n.eml" \
	    >changed.eml
	exits 1 "... another text" judge changed.eml
done
for n in no-crypto no-crypto-complex; do
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... is a mail that nothing protects" "$(field "(v['summary'],
	    v['layers'], p['kind'], v['subject'], any(x['is_signed']
	        or x['is_encrypted'] for x in v['parts']))")" \
	    "('unsigned', [], None, '$n', False)"
done
for n in smime-one-part smime-multipart smime-one-part-complex \
    smime-multipart-complex; do
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... has a header that nothing protects" \
	    "$(field "(v['summary'], p['kind'], v['subject'],
	        all(x['is_signed'] for x in v['parts']))")" \
	    "('verified', None, '$n', True)"
done
# shown as mails whose header is protected, as 4.10 allows
for n in smime-one-part-complex-rfc8551hp smime-multipart-complex-rfc8551hp; do
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... is a whole message in a signed one" \
	    "$(field "(v['summary'], p['kind'], p['finding']['state'], $states,
	        v['subject'], [(i['is_message'], i['subject'])
	            for i in v['inner']])")" \
	    "('verified', 'wrapped', 'good', ['same'], '$n', [(True, '$n')])"
	sed "1,/^\$/s/^Subject: .*/Subject: another/" "$mails/$n.eml" >changed.eml
	exits 0 "... another subject outside" judge changed.eml
	is "... is told" "$(field "(v['subject'], p['finding']['state'])")" \
	    "('$n', 'bad')"
	sed "1,/^\$/s/^Message-ID: .*/Message-ID: <1@example>/" \
	    "$mails/$n.eml" >changed.eml
	exits 0 "... in another mail" judge changed.eml
	is "... is forwarded" "$(field "p['kind']")" None
done
# Bob's key on a token, as RFC 9216 has it
fixtures "$tmp/fixture" --identity name=other,key=p256
pinentry_answers yes "pin $FIXTURE_PIN" yes
agent_start
echo secret >password
openssl pkcs12 -export -inkey "$rfc/bob-encrypt.key" \
    -in "$rfc/bob-encrypt.crt" -passout file:password -out bob.p12
ok "Bob's key is on a token" setsid -w "$CARDSEAL" keys import \
    --password-file password bob.p12
for n in smime-signed-enc smime-signed-enc-complex; do
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... is signed inside and encrypted, but for its header" \
	    "$(field "(v['summary'], [l['kind'] for l in v['layers']],
	        p['kind'], v['subject'])")" \
	    "('verified', ['encrypted', 'signed'], None, '$n')"
done
n=smime-enc-signed-complex-rfc8551hp-baseline
exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
is "... is a whole message in a signed and encrypted one" \
    "$(field "(v['summary'], [l['kind'] for l in v['layers']], p['kind'],
        p['finding']['state'], v['subject'], [(f['name'], f['outer'])
            for f in p['headers'] if f['state'] != 'same'])")" \
    "('verified', ['encrypted', 'signed'], 'wrapped', 'good', '$n', [('Subject', '[...]')])"
for what in hp-{baseline,shy}{,-legacy}{,-reply} \
    complex-hp-{baseline,shy}{,-legacy} complex-hp-{baseline,shy}-reply \
    complex-hp-baseline-lgc-rpl complex-hp-shy-legacy-reply; do
	n=smime-signed-enc-$what
	hidden="Subject=[...]"
	case $what in # hcp_shy (3.2.2): no names, and the date in UTC
	*shy*)
		hidden+=" From=alice@smime.example To=bob@smime.example"
		hidden+=" Date=$(sed -n 's/^Date: //p' "$mails/$n.eml")"
		;;
	esac
	exits 0 "RFC 9788 $n" judge "$mails/$n.eml"
	is "... is signed inside and encrypted" \
	    "$(field "(v['summary'], [l['kind'] for l in v['layers']])")" \
	    "('verified', ['encrypted', 'signed'])"
	is "... of the header that is hidden" "$(field "' '.join(
	    f['name'] + '=' + f['outer'] for f in p['headers']
	    if f['state'] == 'confidential')")" "$hidden"
	is "... what is inside counts" "$(field "(v['subject'], v['from'],
	    p['kind'], p['finding']['state'])")" \
	    "('$n', 'Alice <alice@smime.example>', 'cipher', 'good')"
	is "... and nothing else differs" "$(field "$states")" \
	    "['confidential', 'same']"
	replied=$(sed -n '1,/^$/{/^In-Reply-To:/{N;s/.*\(<.*>\).*/\1/p}}' \
	    "$mails/$n.eml")
	is "... with what it answers" "$(field "' '.join(f['inner']
	    for f in p['headers'] if f['name'] == 'In-Reply-To')")" "$replied"
	case $what in complex*) parts=3 ;; *) parts=1 ;; esac
	is "... in all its parts" "$(field "(v['parts_count'],
	    all(x['is_signed'] and x['is_encrypted'] for x in v['parts']))")" \
	    "($parts, True)"
	ok "... the text is what was signed" grep -q '^This is the' got
	case $what in
	*-legacy* | *-lgc-*) legacy=matches ;;
	*) legacy=None ;;
	esac
	case $what in complex*) legacy="$legacy $legacy None" ;; esac
	is "... the header in the text" "$(field "' '.join(
	    str(x['legacy_display']) for x in v['parts'])")" "$legacy"
	for name in Subject From; do
		sed "s/^$name: .*/$name: another@smime.example/" \
		    "$mails/$n.eml" >changed.eml
		judge changed.eml
		is "... another $name outside is told" \
		    "$(field "(v['subject'], p['finding']['state'])")" \
		    "('$n', 'bad')"
	done
done
done_testing
