# shellcheck shell=bash disable=SC2034,SC2154
# OpenSSL with libp11's engine, as cardseal setup leaves it. Debian 12 has no
# provider for PKCS#11.
openssl_needs() {
	openssl engine pkcs11 >/dev/null 2>&1 ||
		{ skip tool "OpenSSL engine" libp11; return 1; }
}
openssl_begin() {
	program="OpenSSL engine"
	peer_version "$program" "$(openssl version | cut -d' ' -f2), libp11 $(
		dpkg-query -W -f '${Version}' libengine-pkcs11-openssl)"
	ok "setup makes a file for OpenSSL" "$CARDSEAL" setup \
	    --delegate "$module" openssl
}
engine() {
	OPENSSL_CONF=$XDG_CONFIG_HOME/openssl/cardseal.cnf timeout 60 openssl "$@" </dev/null
}
engine_key() { # IDENTITY
	echo "pkcs11:id=$(key_id "$1");type=private"
}
openssl_signs() {
	engine cms -sign -binary -in data -outform DER -out engine.p7s \
	    -md "$hash" -signer "$(cert "$signer")" -certfile cas.pem \
	    -engine pkcs11 -keyform engine -inkey "$(engine_key "$signer")" &&
		openssl_judges engine.p7s
}
openssl_decrypts() {
	rm -f got
	openssl_seals && engine cms -decrypt -binary -inform DER \
	    -in sealed.p7m -out got -recip "$(cert "$opener")" \
	    -engine pkcs11 -keyform engine -inkey "$(engine_key "$opener")" &&
		cmp got data
}
openssl_column() {
	has_not list "the engine lists nothing"
	try sign openssl_signs
	has_not verify "verifying needs no private key: openssl is the judge of
 the other rows"
	has_not encrypt "encrypting needs no private key"
	try decrypt openssl_decrypts
}
openssl_end() {
	"$CARDSEAL" setup --undo openssl >/dev/null
}
