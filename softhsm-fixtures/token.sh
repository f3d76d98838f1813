# shellcheck shell=bash disable=SC2154
# token.sh: the token part of make-fixtures. Works on $dir, $token, $pin,
# $so_pin, and on the associative array "spec" of the identity at hand.

# SubjectPublicKeyInfo up to the point, per curve (RFC 5480, RFC 8410).
declare -A token_spki=(
	[p256]=3059301306072a8648ce3d020106082a8648ce3d030107034200
	[p384]=3076301006072a8648ce3d020106052b81040022036200
	[p521]=30819b301006072a8648ce3d020106052b8104002303818600
	[ed25519]=302a300506032b6570032100
)
declare -A token_key_type=(
	[rsa2048]=rsa:2048 [rsa3072]=rsa:3072 [rsa4096]=rsa:4096
	[p256]=EC:prime256v1 [p384]=EC:secp384r1 [p521]=EC:secp521r1
	[ed25519]=EC:edwards25519
)

token_find_module() {
	local m
	for m in ${FIXTURE_MODULE:-} /usr/lib/softhsm/libsofthsm2.so \
	    /usr/lib/*/softhsm/libsofthsm2.so \
	    /usr/lib64/pkcs11/libsofthsm2.so; do
		[ ! -e "$m" ] || { FIXTURE_MODULE=$m; return 0; }
	done
	die "libsofthsm2.so not found: install softhsm2"
}

token_write_conf() {
	SOFTHSM2_CONF=$dir/softhsm2.conf
	export SOFTHSM2_CONF
	[ ! -e "$SOFTHSM2_CONF" ] || return 0
	printf '%s\n' "directories.tokendir = $dir/tokens" \
	    'objectstore.backend = file' 'log.level = ERROR' \
	    'slots.removable = false' >"$SOFTHSM2_CONF"
}

# token_run COMMAND...: quiet unless it fails
token_run() {
	"$@" >"$dir/tmp/log" 2>&1 || {
		cat "$dir/tmp/log" >&2
		die "$1 failed"
	}
}

# The PIN that $token was made with.
token_pin() {
	awk -F'\t' -v t="$token" '$1 == t { print $3 }' "$dir/tokens.tsv"
}

token_tool() {
	token_run pkcs11-tool --module "$FIXTURE_MODULE" \
	    --token-label "$token" --login --pin "$(token_pin)" "$@"
}

# Makes $token, or goes on with the one of that name.
token_init() {
	if cut -f1 "$dir/tokens.tsv" | grep -qxF -- "$token"; then
		return 0
	fi
	token_run softhsm2-util --init-token --free --label "$token" \
	    --pin "$pin" --so-pin "$so_pin"
	softhsm2-util --show-slots | awk -v want="$token" -v pin="$pin" '
		/Serial number:/ { serial = $3 }
		/^ *Label:/ {
			sub(/^ *Label: */, ""); sub(/ *$/, "")
			if ($0 == want) print want "\t" serial "\t" pin
		}' >>"$dir/tokens.tsv"
}

# The next free CKA_ID of $token: 01, 02, ...
token_next_id() {
	printf '%02x' $(($(awk -F'\t' -v t="$token" '$2 == t' \
		"$dir/identities.tsv" | wc -l) + 1))
}

# Makes the key of "spec" on the token and writes pub/NAME.pem.
token_new_key() {
	local type=${token_key_type[${spec[key]}]-} usage=(--usage-sign)
	[ -n "$type" ] || die "no key kind ${spec[key]}"
	case ${spec[key]} in
	rsa*) usage+=(--usage-decrypt) ;;
	p*) usage+=(--usage-derive) ;;
	esac
	[ "${spec[always-auth]}" = no ] || usage+=(--always-auth)
	token_tool --keypairgen --key-type "$type" --id "${spec[id]}" \
	    --label "${spec[label]}" "${usage[@]}"
	token_read_public
}

# pkcs11-tool exports RSA keys and some curves; what its listing shows of a
# point serves every curve.
token_read_public() {
	local pub=$dir/pub/${spec[name]}.pem point
	if [ "${spec[key]#rsa}" != "${spec[key]}" ]; then
		token_tool --read-object --type pubkey --id "${spec[id]}" \
		    --output-file "$dir/tmp/pub.der"
	else
		point=$(sed -n 's/^ *EC_POINT: *//p' "$dir/tmp/log")
		case $point in
		0481*) point=${point#??????} ;;
		*) point=${point#????} ;;
		esac
		point=${token_spki[${spec[key]}]}$point
		# shellcheck disable=SC2001 # not a plain substring
		printf '%b' "$(sed 's/../\\x&/g' <<<"$point")" \
		    >"$dir/tmp/pub.der"
	fi
	openssl pkey -pubin -inform DER -in "$dir/tmp/pub.der" -out "$pub"
}

token_put_cert() {
	openssl x509 -in "$dir/certs/${spec[name]}.pem" -outform DER \
	    -out "$dir/tmp/cert.der"
	token_tool --write-object "$dir/tmp/cert.der" --type cert \
	    --id "${spec[cert-id]:-${spec[id]}}" --label "${spec[label]}"
}
