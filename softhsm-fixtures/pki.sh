# shellcheck shell=bash disable=SC2154
# pki.sh: the CA part of make-fixtures. Works on $dir, and on the associative
# array "spec" of the CA or identity at hand.

# pki_new_key KIND FILE
pki_new_key() {
	local alg=()
	case $1 in
	rsa*) alg=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}") ;;
	p256) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
	p384) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
	p521) alg=(-algorithm EC -pkeyopt ec_paramgen_curve:P-521) ;;
	ed25519) alg=(-algorithm ed25519) ;;
	*) die "no key kind $1" ;;
	esac
	openssl genpkey "${alg[@]}" -out "$2" 2>"$dir/tmp/log" ||
		{ cat "$dir/tmp/log" >&2; die "cannot make a $1 key"; }
}

# The subject of the identity, with the characters openssl treats specially
# in -subj escaped.
pki_subject() {
	local cn=${spec[cn]}
	cn=${cn//\\/\\\\} cn=${cn//\//\\/} cn=${cn//+/\\+}
	printf '/O=Cardseal test/CN=%s' "$cn"
	[ -z "${spec[dnemail]-}" ] ||
		printf '/emailAddress=%s' "${spec[dnemail]}"
}

# The extensions of a mail certificate (RFC 8550, section 4.4).
pki_leaf_extensions() {
	local wrap=keyEncipherment ku="" eku=emailProtection
	case ${spec[key]} in
	p*) wrap=keyAgreement ;;
	ed*) wrap="" ;;
	esac
	case ${spec[usage]} in
	sign) ku=digitalSignature,nonRepudiation ;;
	encrypt) ku=$wrap ;;
	both) ku=digitalSignature,nonRepudiation${wrap:+,$wrap} ;;
	tls) ku=digitalSignature eku=serverAuth ;;
	any) eku="" ;;
	*) die "no usage ${spec[usage]}" ;;
	esac
	echo 'basicConstraints=CA:FALSE'
	echo 'subjectKeyIdentifier=hash'
	echo 'authorityKeyIdentifier=keyid'
	[ -z "$ku" ] || echo "keyUsage=critical,$ku"
	[ -z "$eku" ] || echo "extendedKeyUsage=$eku"
	[ -z "${spec[email]}" ] ||
		echo "subjectAltName=email:${spec[email]//+/,email:}"
	# An object identifier from the arc for examples, RFC 7299.
	[ "${spec[critical]}" = no ] ||
		echo '1.3.6.1.4.1.32473.1.1=critical,ASN1:NULL'
}

pki_ca_extensions() {
	local path=${spec[pathlen]}
	if [ "${spec[ca]}" = yes ]; then
		echo "basicConstraints=critical,CA:TRUE${path:+,pathlen:$path}"
	else
		echo 'basicConstraints=CA:FALSE'
	fi
	if [ "${spec[sign]}" = yes ] && [ "${spec[ca]}" = yes ]; then
		echo 'keyUsage=critical,keyCertSign,cRLSign'
	else
		echo 'keyUsage=critical,digitalSignature'
	fi
	echo 'subjectKeyIdentifier=hash'
	[ "${spec[name]}" = root ] || echo 'authorityKeyIdentifier=keyid'
}

# pki_request KEY SUBJECT: into tmp/csr. The empty configuration keeps the
# system's own out of it.
pki_request() {
	printf '[req]\ndistinguished_name=d\n[d]\n' >"$dir/tmp/req.cnf"
	openssl req -config "$dir/tmp/req.cnf" -new -utf8 -key "$1" \
	    -subj "$2" -out "$dir/tmp/csr"
}

# pki_issue PUBKEY ISSUER SUBJECT VALIDITY OUT: the extensions are in tmp/ext
pki_issue() {
	[ -e "$dir/ca/$2.pem" ] || die "no CA $2"
	# The request carries the name only (openssl x509 takes no UTF-8) and is
	# signed by the CA's key; -force_pubkey puts the right one there.
	{
		pki_request "$dir/ca/$2.key" "$3" &&
			openssl x509 -req -in "$dir/tmp/csr" \
			    -force_pubkey "$1" -days 3650 -sha256 \
			    -CA "$dir/ca/$2.pem" -CAkey "$dir/ca/$2.key" \
			    -extfile "$dir/tmp/ext" -out "$5"
	} 2>"$dir/tmp/log" ||
		{ cat "$dir/tmp/log" >&2; die "cannot issue $3"; }
	case $4 in
	now) ;;
	expired) pki_redate "$5" "$2" 200101000000Z 210101000000Z ;;
	future) pki_redate "$5" "$2" 400101000000Z 450101000000Z ;;
	[0-9]*-[0-9]*)
		pki_redate "$5" "$2" "${4:2:6}000000Z" "${4:11:6}000000Z" ;;
	*) die "no validity $4" ;;
	esac
}

# pki_der TAG FILE: the file's bytes as the content of one DER element. TAG is
# two hexadecimal digits.
pki_der() {
	local n
	n=$(stat -c %s "$2")
	if [ "$n" -lt 128 ]; then
		printf '%b' "\\x$1$(printf '\\x%02x' "$n")"
	elif [ "$n" -lt 256 ]; then
		printf '%b' "\\x$1\\x81$(printf '\\x%02x' "$n")"
	else
		printf '%b' "\\x$1\\x82$(printf '\\x%02x\\x%02x' \
			$((n >> 8)) $((n & 255)))"
	fi
	cat "$2"
}

# pki_redate CERT ISSUER FROM UNTIL: writes other dates into the certificate
# and signs it again, since openssl x509 only knows "from now on".
pki_redate() {
	local t=$dir/tmp/redate at when=$3
	local -a times parts
	openssl x509 -in "$1" -outform DER -out "$t.der"
	openssl asn1parse -inform DER -in "$t.der" >"$t.txt"
	mapfile -t times < <(sed -n \
		's/^ *\([0-9]*\):d=3 *hl=2 l= *13 prim: *UTCTIME.*/\1/p' \
		"$t.txt")
	[ ${#times[@]} = 2 ] || die "no dates found in $1"
	for at in "${times[@]}"; do
		printf %s "$when" | dd of="$t.der" bs=1 seek=$((at + 2)) \
		    conv=notrunc status=none
		when=$4
	done
	# Certificate ::= SEQUENCE { tbs, algorithm, signature }: each begins
	# where asn1parse shows an element at depth 1.
	mapfile -t parts < <(sed -n 's/^ *\([0-9]*\):d=1 .*/\1/p' "$t.txt")
	tail -c +$((parts[0] + 1)) "$t.der" |
		head -c $((parts[1] - parts[0])) >"$t.tbs"
	{
		printf '\0'
		openssl dgst -sha256 -sign "$dir/ca/$2.key" "$t.tbs"
	} >"$t.sig"
	{
		cat "$t.tbs"
		tail -c +$((parts[1] + 1)) "$t.der" |
			head -c $((parts[2] - parts[1]))
		pki_der 03 "$t.sig"
	} >"$t.cert"
	pki_der 30 "$t.cert" | openssl x509 -inform DER -out "$1"
}

# pki_revoke ISSUER CERT: into the list that the issuer's CRL is made from
pki_revoke() {
	local serial
	serial=$(openssl x509 -in "$2" -noout -serial)
	printf 'R\t491231235959Z\t%s,keyCompromise\t%s\tunknown\t/CN=x\n' \
	    "$(date -u -d '1 day ago' +%y%m%d%H%M%SZ)" "${serial#serial=}" \
	    >>"$dir/ca/$1.index"
}

# A CA by the "spec" at hand; the one called root signs itself.
pki_new_ca() {
	local name=${spec[name]} c
	c=$dir/ca/$name
	[ ! -e "$c.pem" ] || die "CA $name exists already"
	pki_new_key "${spec[key]}" "$c.key"
	openssl pkey -in "$c.key" -pubout -out "$c.pub"
	pki_ca_extensions >"$dir/tmp/ext"
	if [ "$name" = root ]; then
		pki_request "$c.key" "$(pki_subject)"
		openssl x509 -req -in "$dir/tmp/csr" -signkey "$c.key" \
		    -sha256 -days 3650 -extfile "$dir/tmp/ext" \
		    -out "$c.pem" 2>"$dir/tmp/log" ||
			{ cat "$dir/tmp/log" >&2; die "cannot make a root"; }
	else
		pki_issue "$c.pub" "${spec[issuer]}" "$(pki_subject)" \
		    "${spec[validity]}" "$c.pem"
		[ "${spec[revoked]}" = no ] ||
			pki_revoke "${spec[issuer]}" "$c.pem"
	fi
	: >"$c.index"
}

# pki_crl NAME: its CRL, with what pki_revoke noted
pki_crl() {
	printf '%s\n' '[ca]' 'default_ca=c' '[c]' \
	    "database=$dir/ca/$1.index" "crlnumber=$dir/ca/$1.number" \
	    'unique_subject=no' 'default_md=sha256' 'crl_extensions=x' \
	    '[x]' 'authorityKeyIdentifier=keyid' >"$dir/tmp/ca.cnf"
	[ -e "$dir/ca/$1.number" ] || echo 01 >"$dir/ca/$1.number"
	openssl ca -config "$dir/tmp/ca.cnf" -gencrl -crldays 30 \
	    -keyfile "$dir/ca/$1.key" -cert "$dir/ca/$1.pem" \
	    -out "$dir/ca/$1.crl" 2>"$dir/tmp/log" ||
		{ cat "$dir/tmp/log" >&2; die "no CRL of $1"; }
}

# The files that programs take: ca.pem, intermediate.pem, crl.pem.
pki_write_bundles() {
	local c name
	: >"$dir/tmp/int"
	: >"$dir/tmp/crl"
	for c in "$dir"/ca/*.pem; do
		name=$(basename "$c" .pem)
		[ "$name" = root ] || cat "$c" >>"$dir/tmp/int"
		! openssl x509 -in "$c" -noout -ext keyUsage |
			grep -q 'CRL Sign' || {
			pki_crl "$name"
			cat "$dir/ca/$name.crl" >>"$dir/tmp/crl"
		}
	done
	cp "$dir/ca/root.pem" "$dir/ca.pem"
	mv "$dir/tmp/int" "$dir/intermediate.pem"
	mv "$dir/tmp/crl" "$dir/crl.pem"
}
