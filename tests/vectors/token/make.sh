#!/bin/bash
# Made the certificates here with OpenSSL 3.0.22. Running it again makes new
# keys; the tests take any.
set -eu
cd "$(dirname "$0")"
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

# cert NAME KEY EXTENSION...: self-signed, from a key made before or now
cert() {
	local name=$1 key=$2 ext=()
	shift 2
	for e in "$@"; do ext+=(-addext "$e"); done
	openssl req -x509 -key "$t/$key" -subj "/CN=$name" -days 36500 \
	    -config /dev/null -outform DER -out "$name.der" "${ext[@]}"
}

printf '[req]\ndistinguished_name=dn\n[dn]\n' >"$t/req.cnf"
export OPENSSL_CONF=$t/req.cnf
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$t/rsa"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$t/p256"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$t/ca"
openssl genpkey -algorithm ed25519 -out "$t/ed"
leaf=basicConstraints=critical,CA:FALSE
cert rsa-both rsa "$leaf" keyUsage=digitalSignature,keyEncipherment
cert rsa-encrypt rsa "$leaf" keyUsage=keyEncipherment
cert p256-sign p256 "$leaf" keyUsage=digitalSignature
cert p256-any p256
cert ca ca basicConstraints=critical,CA:TRUE,pathlen:0 \
    keyUsage=keyCertSign,cRLSign
cert ed25519 ed "$leaf"
