#!/bin/bash
# The sample certificates of RFC 9216 (tests/vectors/rfc9216), and messages
# that other programs sign with their keys.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
cd "$tmp" || exit 99
rfc=$CS_SRCDIR/tests/vectors/rfc9216
printf 'Content-Type: text/plain\r\n\r\nThis is some sample content.\r\n' >data
verify() {
	"$CARDSEAL" verify -q --revocation off --anchor "$rfc/alice.crt" \
	    --anchor "$rfc/carlos.crt" --time 2026-01-01 "$@"
}
alice=(-signer "$rfc/alice.crt" -inkey "$rfc/alice.key")
for form in "" -nodetach; do
	openssl cms -sign -in data -from alice@smime.example \
	    -subject sample "${alice[@]}" $form -out m.eml 2>log || diag log
	exits 0 "Alice, RSA${form:+, opaque}" verify m.eml
	exits 6 "not by Bob" verify --from bob@smime.example m.eml
done
exits 0 "Alice, RSA-PSS" bash -c "openssl cms -sign -binary -nodetach \
    -outform DER -in data -out m -signer $rfc/alice.crt -inkey $rfc/alice.key \
    -keyopt rsa_padding_mode:pss"
exits 0 "is good" verify -o got m
ok "its content" cmp got data
if have_tool certtool "Carlos, Ed25519"; then
	for option in "" --p7-time; do
		certtool --p7-sign --outder --infile data --outfile m $option \
		    --load-certificate "$rfc/carlos.crt" \
		    --load-privkey "$rfc/carlos.key" 2>log || diag log
		exits 0 "Carlos, Ed25519 ${option:-without signed attributes}" \
		    verify -o got m
		ok "its content" cmp got data
		sed 's/sample/simple/' m >bad
		exits 1 "changed" verify bad
	done
fi
openssl crl2pkcs7 -nocrl -certfile "$rfc/alice.crt" -certfile \
    "$rfc/carlos.crt" -outform DER -out certs.p7c
exits 1 "certificates alone are no signature" verify certs.p7c
like "and it says so" "$(cat err)" "has no signature"
exits 0 "but certificates" "$CARDSEAL" verify -q --revocation off \
    --anchor certs.p7c --time 2026-01-01 m.eml
done_testing
