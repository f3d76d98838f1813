# shellcheck shell=bash disable=SC2154
# pki.sh: a root, an intermediate, signers and an OCSP responder with openssl,
# whose certificates say where on a web server (web.py FOLDER) the rest is.
# Source it after lib.sh.

# What was fetched is kept there.
# shellcheck disable=SC2034
cache=$XDG_CACHE_HOME/cardseal/fetched.db

# pki_make FOLDER WEB: root.pem, int.pem, and their .key; signer.pem,
# revoked.pem, lonely.pem (names no server), responder.pem; index for openssl
# ocsp; int.crl, root.crl in DER, int.der, int.p7c; changing.pem, which is
# revoked in delta.crl and not yet in int.crl, and names both. From bridged.pem, which names
# nobody, a path goes over two CAs to top.pem, each of which says whom it has
# certified: issued-by-top.p7c, issued-by-bridge.p7c.
pki_make() {
	pki=$1
	mkdir -p "$pki"
	pki_config "$2" >"$pki/pki.cnf"
	(
		cd "$pki" || exit
		pki_key root
		openssl req -x509 -new -key root.key -out root.pem -days 9000 \
		    -subj "/CN=Web Root" -config pki.cnf -extensions root
		pki_cert int root 11 "/CN=Web CA" int
		pki_cert signer int 21 "/CN=Signer" leaf
		pki_cert revoked int 22 "/CN=Revoked" leaf
		pki_cert lonely int 23 "/CN=Lonely" lonely
		pki_cert changing int 24 "/CN=Changing" changing
		pki_cert responder int 31 "/CN=Responder" responder
		pki_cert stranger root 32 "/CN=Stranger" responder
		printf '%s\t%s\t%s\t%s\tunknown\t%s\n' \
		    V 450101000000Z "" 21 /CN=Signer \
		    R 450101000000Z 240601000000Z,keyCompromise 22 /CN=Revoked \
		    V 450101000000Z "" 23 /CN=Lonely \
		    V 450101000000Z "" 24 /CN=Changing >index
		: >root-index
		echo 01 >crlnumber
		pki_crl int index int.crl
		pki_crl root root-index root.crl
		printf '%s\t%s\t%s\t%s\tunknown\t%s\n' \
		    R 450101000000Z 250701000000Z 24 /CN=Changing >delta-index
		pki_crl int delta-index delta.crl -crldays 7 -crlexts delta
		openssl req -x509 -new -key root.key -out top.pem -days 9000 \
		    -subj "/CN=Top" -config pki.cnf -extensions top
		cp root.key top.key
		pki_cert bridge top 41 "/CN=Bridge" bridge
		pki_cert far bridge 42 "/CN=Far CA" int
		pki_cert bridged far 43 "/CN=Bridged" lonely
		openssl crl2pkcs7 -nocrl -certfile bridge.pem -certfile int.pem \
		    -outform DER -out issued-by-top.p7c
		openssl crl2pkcs7 -nocrl -certfile far.pem -outform DER \
		    -out issued-by-bridge.p7c
		pki_signs responder
		openssl x509 -in int.pem -outform DER -out int.der
		openssl crl2pkcs7 -nocrl -certfile int.pem -outform DER \
		    -out int.p7c
	) >"$pki/log" 2>&1 || diag "$pki/log"
}

pki_config() {
	cat <<END
[root]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical,keyCertSign,cRLSign
[int]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical,keyCertSign,cRLSign
crlDistributionPoints = URI:$1/file/root.crl
[top]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical,keyCertSign,cRLSign
subjectInfoAccess = caRepository;URI:$1/file/issued-by-top.p7c
[bridge]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical,keyCertSign,cRLSign
subjectInfoAccess = caRepository;URI:$1/file/issued-by-bridge.p7c
[leaf]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
extendedKeyUsage = emailProtection
subjectAltName = email:signer@example.org
authorityInfoAccess = OCSP;URI:$1/ocsp, caIssuers;URI:$1/file/int.der
crlDistributionPoints = URI:$1/file/int.crl
[changing]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
crlDistributionPoints = URI:$1/file/int.crl
freshestCRL = URI:$1/file/delta.crl
[lonely]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
[responder]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
[delta]
2.5.29.27 = critical,DER:020101
[ca]
default_ca = one
[one]
default_md = sha256
crlnumber = crlnumber
[req]
distinguished_name = name
[name]
END
}

pki_key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    -out "$1.key"
}

# pki_cert NAME ISSUER SERIAL SUBJECT EXTENSIONS
pki_cert() {
	[ -e "$1.key" ] || pki_key "$1"
	openssl req -new -key "$1.key" -subj "$4" -config pki.cnf -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
	    -set_serial "0x$3" -days 8000 -extfile pki.cnf -extensions "$5" \
	    -out "$1.pem"
}

# pki_signs NAME: whose key signs web.py's OCSP answers from now on
pki_signs() {
	cp "$pki/$1.pem" "$pki/signing.pem"
	cp "$pki/$1.key" "$pki/signing.key"
}

# pki_crl CA INDEX OUT [ARGUMENT]...: in DER, for a week
pki_crl() {
	local ca=$1 index=$2 out=$3
	shift 3
	cp "$index" "$ca.db"
	echo 'unique_subject = no' >"$ca.db.attr"
	sed "s/^crlnumber/database = $ca.db\n&/" pki.cnf >"$ca.cnf"
	[ $# != 0 ] || set -- -crldays 7
	openssl ca -gencrl -config "$ca.cnf" -cert "$ca.pem" \
	    -keyfile "$ca.key" -out "$ca.crl.pem" "$@"
	openssl crl -in "$ca.crl.pem" -outform DER -out "$out"
}

# pki_ocsp CERT SIGNER OUT [ARGUMENT]...: an answer about a certificate
pki_ocsp() {
	local cert=$1 signer=$2 out=$3
	shift 3
	(
		cd "$pki" || exit
		openssl ocsp -issuer int.pem -cert "$cert.pem" -no_nonce \
		    -reqout "$cert.ask"
		openssl ocsp -index index -CA int.pem -rsigner "$signer.pem" \
		    -rkey "$signer.key" -reqin "$cert.ask" -respout "$out" \
		    -ndays 7 "$@"
	) >"$pki/log" 2>&1 || diag "$pki/log"
}

# online CERT [ARGUMENT]...: judges pki_make's CERT.pem, with what is fetched
online() {
	local cert=$1
	shift
	"$CARDSEAL" certs verify --anchor "$pki/root.pem" --fetch all \
	    --revocation hard "$@" "$pki/$cert.pem"
}

# What the last command of exits wrote.
told() { cat "$tmp/out" "$tmp/err"; }
