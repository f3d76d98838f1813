# shellcheck shell=bash disable=SC2034,SC2154
# lib.sh: what the matrix of programs and tokens shares. Sourced by matrix.sh,
# behind tests/card/lib.sh. $CLIENTS_TOKEN is the medium: softhsm, piv or cac.
#
# A column of the table is a pair of keys: one that signs and one that opens.
# use_column sets $column, $signer and $opener (identities of the fixtures) and
# $address. A row is PROGRAM|COLUMN|OPERATION|RESULT|NOTE, as that of
# tests/interop/lib.sh; table.py puts them into doc/clients.md.
# shellcheck source=tests/interop/lib.sh
. "$CS_SRCDIR/tests/interop/lib.sh"
# Nothing but a name for what is tried.
interop_way() {
	echo "$1"
}
module=$CS_BUILDDIR/.libs/cardseal-pkcs11.so
scd=$CS_BUILDDIR/client/scd/cardseal-scd
gpgsm_face=$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm
ssh_face=$CS_BUILDDIR/client/ssh/cardseal-ssh-agent
pin=123456

# --- the media ----------------------------------------------------------------

# identity NAME KEY ADDRESS [MORE]: an argument of make-fixtures
identity() {
	echo "name=$1,key=$2,email=$3@example.org${4:+,$4}"
}

softhsm_start() {
	local args=() kind
	columns=(rsa2048 rsa3072 p256 p384)
	for kind in "${columns[@]}"; do
		args+=(--identity "$(identity "$kind" "$kind" "$kind")")
	done
	fixtures "$tmp/fixture" --token Work --pin $pin "${args[@]}"
}

piv_start() {
	columns=(piv-rsa piv-ec)
	fixtures "$tmp/fixture" \
	    --identity "$(identity auth rsa2048 piv-rsa store=file,usage=sign)" \
	    --identity "$(identity open rsa3072 piv-rsa store=file,usage=encrypt)" \
	    --identity "$(identity sign p256 piv-ec store=file,usage=sign)" \
	    --identity "$(identity old p256 piv-ec store=file,usage=encrypt)"
	card_make piv "guid 00112233445566778899aabbccddeeff" \
	    "slot 9a auth" "slot 9c sign" "slot 9d open gzip" "slot 82 old gzip"
	ok "the PIV card" card_start piv
	FIXTURE_MODULE=$OPENSC_MODULE
}

cac_start() {
	columns=(cac)
	fixtures "$tmp/fixture" \
	    --identity "$(identity id rsa2048 id store=file,usage=sign)" \
	    --identity "$(identity sign rsa2048 cac store=file,usage=sign)" \
	    --identity "$(identity open rsa2048 cac store=file,usage=encrypt)"
	cac_make id sign open
	CARD_PROGRAM=$CARD_BIN/cac_card
	ok "the CAC" card_start cac
	FIXTURE_MODULE=$OPENSC_MODULE
}

# cac_make IDENTITY IDENTITY IDENTITY: a card of their keys, from an NSS database
cac_make() {
	local who
	mkdir "$tmp/cac.db"
	echo $pin >"$tmp/pin"
	certutil -N -d "sql:$tmp/cac.db" -f "$tmp/pin"
	echo "db $tmp/cac.db" >"$tmp/cac.card"
	for who in "$@"; do
		openssl pkcs12 -export -inkey "$FIXTURE_DIR/keys/$who.pem" \
		    -in "$(cert "$who")" -name "$who" -passout pass:move \
		    -out "$tmp/$who.p12"
		ok "the CAC's key $who" pk12util -i "$tmp/$who.p12" \
		    -d "sql:$tmp/cac.db" -k "$tmp/pin" -W move
		echo "cert $who" >>"$tmp/cac.card"
	done
}

use_column() { # NAME
	address=$1@example.org
	case $1 in
	rsa2048) column="SoftHSM RSA-2048" ;;
	rsa3072) column="SoftHSM RSA-3072" ;;
	p256) column="SoftHSM P-256" ;;
	p384) column="SoftHSM P-384" ;;
	piv-rsa) column="PIV 9A RSA-2048, 9D RSA-3072" ;;
	piv-ec) column="PIV 9C and 82 P-256" ;;
	cac) column="CAC RSA-2048" ;;
	esac
	case $1 in
	piv-rsa) signer=auth opener=open ;;
	piv-ec) signer=sign opener=old ;;
	cac) signer=sign opener=open ;;
	*) signer=$1 opener=$1 ;;
	esac
	kind=rsa hash=sha256
	case $1 in
	p384) kind=ec hash=sha384 ;;
	p256 | piv-ec) kind=ec ;;
	esac
	# openssl's own choice, SHA-1, is not everybody's.
	kdf=()
	[ $kind = rsa ] || kdf=(-keyopt ecdh_kdf_md:sha256)
}

# clients_begin RULE...: in $tmp, with data to sign, the CAs, and the agent,
# which has these lines in its configuration
clients_begin() {
	cd "$tmp" || exit 99
	configure_intermediates
	cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
	cat "$FIXTURE_DIR"/{ca,intermediate}.pem >cas.pem
	printf 'what is signed and sealed\n' >data
	pinentry_answers "pin $pin"
	printf '%s\n' '[agent]' 'deadline = 20' "$@" >agent.ini
	clients_agent
}
clients_agent() {
	ok "the agent" agent_start --config "$tmp/agent.ini"
	ok "it has keys" wait_until 60 has_keys
}
has_keys() {
	"$CARDSEAL" keys | grep -q .
}

# --- what a cell holds ----------------------------------------------------------

# try OPERATION COMMAND...: of $program, with this column's keys
try() {
	cell "$program" "$column" "$@"
}
# cannot OPERATION NOTE COMMAND CONTROL: the program itself does not have it:
# the control, which has nothing of ours in it, fails as well
cannot() {
	local operation=$1 note=${2//$'\n'/}
	lacks "$program" "$column" "$operation" "$note" "$3"
	not_ok "$program: $column: $operation: nor without cardseal" "$4"
}
# has_not OPERATION NOTE: the program has no such operation
has_not() {
	local note=${2//$'\n'/}
	lacks "$program" "$column" "$1" "$note"
}

cert() { # IDENTITY
	echo "$FIXTURE_DIR/certs/$1.pem"
}
fingerprint() { # IDENTITY [sha1|sha256]
	openssl x509 -in "$(cert "$1")" -noout -fingerprint "-${2:-sha1}" |
		sed 's/.*=//; s/://g'
}
# spki IDENTITY: the id that cardseal has for its key
spki() {
	openssl x509 -in "$(cert "$1")" -noout -pubkey |
		openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}
key_id() { # IDENTITY: CKA_ID as the module shows it, %-escaped
	pkcs11-tool --module "$module" -O --type cert 2>/dev/null |
		sed -n 's/^ *ID: *//p' | while read -r id; do
			pkcs11-tool --module "$module" --read-object \
			    --type cert --id "$id" -o "$tmp/id.der" 2>/dev/null
			cmp -s "$tmp/id.der" <(openssl x509 -outform DER \
			    -in "$(cert "$1")") || continue
			echo "$id"
			break
		done | sed 's/../%&/g'
}

# openssl_judges SIGNATURE: detached, of data, by this column's signer
openssl_judges() {
	openssl cms -verify -binary -inform DER -in "$1" -content data \
	    -out /dev/null -CAfile cas.pem -purpose any -signer by.pem &&
		signed_by_signer
}
# by.pem, as openssl gave it, is the signer's
signed_by_signer() {
	cmp <(openssl x509 -in by.pem) <(openssl x509 -in "$(cert "$signer")")
}
# openssl_seals: data for this column's opener, in sealed.p7m
openssl_seals() {
	openssl cms -encrypt -binary -in data -aes256 -outform DER \
	    -out sealed.p7m -recip "$(cert "$opener")" "${kdf[@]}"
}
# we_open FILE: cardseal opens what the program made, and it is data
we_open() {
	rm -f opened
	"$CARDSEAL" decrypt -q -o opened "$1" && cmp opened data
}
