# shellcheck shell=bash disable=SC2034,SC2154
# NSS by its own tools, in the form of a profile of Thunderbird's that cardseal
# setup has told of the module. As a control, a database with keys of its own and
# no module.
nss_needs() {
	have_tool cmsutil "NSS's tools"
}
nss_begin() {
	local curve
	program="NSS"
	peer_version "$program" \
	    "$(dpkg-query -W -f '${Version}' libnss3-tools) (its tools)"
	db=sql:$HOME/.thunderbird/x.default own=sql:$tmp/own
	mkdir -p "${db#sql:}" "${own#sql:}"
	nss_database "$db"
	nss_database "$own"
	ok "setup tells NSS of the module" "$CARDSEAL" setup \
	    --delegate "$module" thunderbird
	nss_own rsa -newkey rsa:2048
	for curve in P-256 P-384; do
		nss_own $curve -newkey ec -pkeyopt ec_paramgen_curve:$curve
	done
	ok "NSS opens with a key of its own" nss_opens_alone rsa
}
nss_database() { # DATABASE
	certutil -N -d "$1" --empty-password
	certutil -A -d "$1" -n root -t CT,CT,CT -a -i "$FIXTURE_DIR/ca.pem"
	certutil -A -d "$1" -n between -t ,, -a \
	    -i "$FIXTURE_DIR/intermediate.pem"
}
nss_own() { # NAME ARGUMENT...: a key for the control
	local name=$1
	shift
	openssl req -x509 -nodes -subj "/CN=$name" -days 30 "$@" \
	    -addext basicConstraints=critical,CA:FALSE \
	    -keyout "$name.key" -out "$name.crt" 2>/dev/null &&
		openssl pkcs12 -export -legacy -in "$name.crt" \
		    -inkey "$name.key" -name "$name" -passout pass:x \
		    -out "$name.p12"
	ok "NSS has a key of its own: $name" pk12util -d "$own" \
	    -i "$name.p12" -W x -K ''
}
# nickname IDENTITY: what NSS calls its certificate
nickname() {
	local line
	certutil -L -d "$db" -h all |
		sed -n 's/ *[a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]* *$//p' |
		while read -r line; do
			cmp -s <(certutil -L -d "$db" -n "$line" -r) \
			    <(openssl x509 -in "$(cert "$1")" -outform DER) ||
				continue
			echo "$line"
			break
		done
}
nss_lists() {
	[ -n "$(nickname "$signer")" ] && [ -n "$(nickname "$opener")" ]
}
# With an RSA key that only signs, cmsutil wants to be told which one is for
# encryption.
nss_signs() {
	local other=()
	[ "$kind" = ec ] || other=(-Y "$(nickname "$opener")")
	rm -f nss.p7s
	timeout 60 cmsutil -S -d "$db" -N "$(nickname "$signer")" \
	    "${other[@]}" -G -H "${hash^^}" -T -i data -o nss.p7s &&
		openssl_judges nss.p7s
}
nss_verifies() {
	"$CARDSEAL" sign -q -f cms -k "$(spki "$signer")" -o ours.p7s data &&
		timeout 60 cmsutil -D -d "$db" -c data -i ours.p7s -o got &&
		! timeout 60 cmsutil -D -d "$db" -c cas.pem -i ours.p7s -o got
}
nss_encrypts() {
	timeout 60 cmsutil -E -d "$db" -r "$(nickname "$opener")" -i data \
	    -o nss.p7m && we_open nss.p7m
}
nss_encrypts_alone() {
	certutil -A -d "$own" -n "other-$opener" -t ,, -a \
	    -i "$(cert "$opener")" &&
		timeout 60 cmsutil -E -d "$own" -r "other-$opener" -i data \
		    -o nss.p7m
}
nss_decrypts() {
	rm -f got
	openssl_seals && timeout 60 cmsutil -D -d "$db" -i sealed.p7m \
	    -o got && cmp got data
}
nss_opens_alone() { # NAME
	local derivation=()
	[ "$1" = rsa ] || derivation=(-keyopt ecdh_kdf_md:sha256)
	rm -f got
	openssl cms -encrypt -binary -in data -aes256 -outform DER \
	    -out own.p7m -recip "$1.crt" "${derivation[@]}" &&
		timeout 60 cmsutil -D -d "$own" -i own.p7m -o got &&
		cmp got data
}
nss_decrypts_alone() {
	case $hash in
	sha384) nss_opens_alone P-384 ;;
	*) nss_opens_alone P-256 ;;
	esac
}
nss_column() {
	try list nss_lists
	try sign nss_signs
	try verify nss_verifies
	if [ "$kind" = ec ]; then
		cannot encrypt "NSS's cmsutil encrypts to no key on a curve,
 with or without a module" nss_encrypts nss_encrypts_alone
		cannot decrypt "NSS's cmsutil opens no message to a key on a
 curve, its own keys' neither" nss_decrypts nss_decrypts_alone
	else
		try encrypt nss_encrypts
		try decrypt nss_decrypts
	fi
}
nss_end() {
	"$CARDSEAL" setup --undo thunderbird >/dev/null
}
