# shellcheck shell=bash disable=SC2034,SC2154
# GnuTLS: p11tool and certtool.
gnutls_needs() {
	have_tool certtool certtool
}
gnutls_begin() {
	program="GnuTLS"
	peer_version "$program" "$(certtool --version | sed -n 's/.* //;1p') (p11tool, certtool)"
}
gnutls_lists() {
	p11tool --provider "$module" --batch --list-all-certs </dev/null |
		grep -qiF "id=$(key_id "$signer")"
}
gnutls_url() { # IDENTITY TYPE
	echo "pkcs11:id=$(key_id "$1");type=$2"
}
gnutls_signs() {
	rm -f gnutls.p7s
	timeout 60 certtool --provider "$module" --p7-detached-sign --outder \
	    --hash "$hash" --load-certificate "$(cert "$signer")" \
	    --load-privkey "$(gnutls_url "$signer" private)" --infile data \
	    --outfile gnutls.p7s </dev/null && openssl_judges gnutls.p7s
}
gnutls_verifies() {
	"$CARDSEAL" sign -q -f cms -k "$(spki "$signer")" -o ours.p7s data &&
		certtool --p7-verify --inder --infile ours.p7s \
		    --load-data data --load-ca-certificate cas.pem &&
		! certtool --p7-verify --inder --infile ours.p7s \
		    --load-data cas.pem --load-ca-certificate cas.pem
}
gnutls_column() {
	try list gnutls_lists
	try sign gnutls_signs
	try verify gnutls_verifies
	has_not encrypt "GnuTLS has no tool for enveloped messages"
	has_not decrypt "GnuTLS has no tool for enveloped messages"
}
gnutls_end() {
	:
}
