#!/bin/bash
# peers.sh: what we sign, openssl, gpgsm, certtool and NSS verify; what they
# sign, we verify. One row for each kind of key and form of message.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --preset mix
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
keys=(rsa2048 rsa3072 p256 p384 p521)

for k in "${keys[@]}" ed25519; do
	sed "s/^From:.*/From: <$k@example.org>/" "$CS_SRCDIR/doc/sample.eml" \
	    >"$tmp/$k.eml"
done
head -c 100000 /dev/urandom >"$tmp/data"

# --- judges ----------------------------------------------------------------

openssl_verify() { # FORM FILE CONTENT: openssl's content goes to $tmp/got
	case $1 in
	smime) openssl cms -verify -in "$2" -CAfile "$ca" \
	    -out "$tmp/got" ;;
	opaque) openssl cms -verify -binary -inform DER -in "$2" \
	    -CAfile "$ca" -out "$tmp/got" ;;
	detached) openssl cms -verify -binary -inform DER -in "$2" \
	    -content "$3" -CAfile "$ca" -out "$tmp/got" ;;
	esac
}

certtool_verify() { # FILE [CONTENT]
	if [ $# = 2 ]; then
		certtool --p7-verify --inder --infile "$1" \
		    --load-data "$2" --load-ca-certificate "$ca"
	else
		certtool --p7-verify --inder --infile "$1" \
		    --load-ca-certificate "$ca"
	fi
}

nss_setup() {
	mkdir "$tmp/nss"
	certutil -d "sql:$tmp/nss" -N --empty-password
	certutil -d "sql:$tmp/nss" -A -n root -t CT,CT,CT -a -i "$ca"
	for pem in "$FIXTURE_DIR"/ca/*.pem; do
		[ "$pem" = "$FIXTURE_DIR/ca/root.pem" ] ||
			certutil -d "sql:$tmp/nss" -A -n "${pem##*/}" \
			    -t ,, -a -i "$pem"
	done
}

nss_verify() { # FILE [CONTENT]
	cmsutil -D -d "sql:$tmp/nss" -i "$1" ${2:+-c "$2"} -h 0 -o /dev/null \
	    >"$tmp/nss.log" 2>&1 &&
	    cmsutil -D -d "sql:$tmp/nss" -i "$1" ${2:+-c "$2"} -n -h 0 \
		2>&1 | grep -q 'GoodSignature'
}

gpgsm_setup() {
	printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
	printf 'allow-mark-trusted\n' >"$GNUPGHOME/gpg-agent.conf"
	fpr=$(openssl x509 -in "$ca" -noout -fingerprint -sha1 |
	    sed 's/.*=//')
	echo "$fpr S relax" >"$GNUPGHOME/trustlist.txt"
	gpgsm --batch --import "$ca" 2>"$tmp/gpgsm.log"
}

gpgsm_verify() { # FILE [CONTENT]
	gpgsm --batch --status-fd 1 --verify "$1" ${2:+"$2"} \
	    2>"$tmp/gpgsm.log" | grep -q '^\[GNUPG:\] GOODSIG'
}

# The signature part of a multipart/signed, and the content it signs.
split_signed() { # FILE: $tmp/part.p7s and $tmp/part.content
	python3 - "$1" "$tmp/part.p7s" "$tmp/part.content" <<'END'
import base64, re, sys
raw = open(sys.argv[1], "rb").read()
boundary = re.search(rb'boundary="?([^";\r\n]+)', raw).group(1)
parts = re.split(rb'\r\n--' + re.escape(boundary) + rb'(?:--)?\r\n', raw)
open(sys.argv[3], "wb").write(parts[1])
body = parts[2].split(b"\r\n\r\n", 1)[1]
open(sys.argv[2], "wb").write(base64.b64decode(body))
END
}

nss_setup
gpgsm_setup

# --- we sign, they verify --------------------------------------------------

check_all() { # DESCRIPTION KEY FILE [CONTENT]: DER, opaque or detached
	local what=$1 key=$2
	shift 2
	[ "$key" = ed25519 ] ||
		ok "$what: openssl" openssl_verify \
		    "$([ $# = 2 ] && echo detached || echo opaque)" "$@"
	# Ed25519 in CMS is beyond gpgsm 2.2, NSS 3.87 and openssl 3.0. gpgsm
	# 2.2 takes no P-521 signature of anybody's ("hash length").
	[ "$key" = ed25519 ] || [ "$key" = p521 ] ||
		ok "$what: gpgsm" gpgsm_verify "$@"
	[ "$key" = ed25519 ] || ok "$what: NSS" nss_verify "$@"
	ok "$what: certtool" certtool_verify "$@"
}

for k in "${keys[@]}" ed25519; do
	ok "$k: sign a mail" "$CARDSEAL" sign -q -o "$tmp/m.eml" "$tmp/$k.eml"
	if [ "$k" != ed25519 ]; then
		ok "$k: openssl reads the mail" openssl_verify smime \
		    "$tmp/m.eml"
		split_signed "$tmp/m.eml"
		ok "$k: the content is the signed part" \
		    cmp "$tmp/part.content" "$tmp/got"
	fi
	split_signed "$tmp/m.eml"
	check_all "$k: the mail's p7s" "$k" "$tmp/part.p7s" "$tmp/part.content"
	exits 0 "$k: we verify the mail" "$CARDSEAL" verify --anchor "$ca" \
	    -o "$tmp/ours" "$tmp/m.eml"
	ok "$k: same content" cmp "$tmp/ours" "$tmp/part.content"
	for form in detach opaque; do
		ok "$k: sign data, $form" "$CARDSEAL" sign -q -f cms \
		    "--$form" -k "$k@example.org" -o "$tmp/m.cms" "$tmp/data"
		if [ $form = detach ]; then
			check_all "$k: data, $form" "$k" "$tmp/m.cms" \
			    "$tmp/data"
			set -- --content "$tmp/data"
		else
			check_all "$k: data, $form" "$k" "$tmp/m.cms"
			set --
		fi
		exits 0 "$k: we verify data, $form" "$CARDSEAL" verify \
		    --anchor "$ca" "$@" -o "$tmp/ours" "$tmp/m.cms"
		ok "$k: data, $form: same content" cmp "$tmp/ours" "$tmp/data"
	done
	ok "$k: opaque from a pipe" bash -c \
	    'cat "$1" | "$0" sign -q -f cms --opaque -k "$2" -o "$3"' \
	    "$CARDSEAL" "$tmp/data" "$k@example.org" "$tmp/m.cms"
	check_all "$k: BER from a pipe" "$k" "$tmp/m.cms"
	ok "$k: an opaque mail" "$CARDSEAL" sign -q --opaque -o "$tmp/m.eml" \
	    "$tmp/$k.eml"
	exits 0 "$k: we verify the opaque mail" "$CARDSEAL" verify \
	    --anchor "$ca" "$tmp/m.eml"
	[ "$k" = ed25519 ] || ok "$k: openssl reads the opaque mail" \
	    openssl_verify smime "$tmp/m.eml"
done

for k in rsa2048 rsa3072; do
	ok "$k: PSS" "$CARDSEAL" sign -q -f cms --opaque --pss \
	    -k "$k@example.org" -o "$tmp/m.cms" "$tmp/data"
	check_all "$k: PSS" "$k" "$tmp/m.cms"
	exits 0 "$k: PSS: we verify" "$CARDSEAL" verify --anchor "$ca" \
	    "$tmp/m.cms"
done

ok "armor" "$CARDSEAL" sign -q -f cms --opaque --armor \
    -k p256@example.org -o "$tmp/m.pem" "$tmp/data"
ok "armor: openssl" openssl cms -verify -binary -inform PEM -in "$tmp/m.pem" \
    -CAfile "$ca" -out "$tmp/got"
exits 0 "armor: we verify" "$CARDSEAL" verify --anchor "$ca" "$tmp/m.pem"
ok "two signers" "$CARDSEAL" sign -q -f cms --opaque \
    -k p256@example.org -k rsa2048@example.org -o "$tmp/m.cms" "$tmp/data"
ok "two signers: openssl" openssl_verify opaque "$tmp/m.cms"
exits 0 "two signers: we verify" "$CARDSEAL" verify --anchor "$ca" \
    "$tmp/m.cms"
ok "an intermediate's certificate is sent when it is given" "$CARDSEAL" \
    sign -q -f cms --opaque -k deep@example.org \
    --intermediate "$FIXTURE_DIR/intermediate.pem" -o "$tmp/m.cms" "$tmp/data"
exits 0 "and so the path is found" "$CARDSEAL" verify --anchor "$ca" \
    "$tmp/m.cms"

# --- they sign, we verify --------------------------------------------------

we_verify() { # DESCRIPTION ARGUMENT...: and get the data back
	local what=$1
	shift
	rm -f "$tmp/ours"
	exits 0 "$what" "$CARDSEAL" verify --anchor "$ca" -o "$tmp/ours" "$@"
	ok "$what: content" cmp "$tmp/data" "$tmp/ours"
}

signer=("$FIXTURE_DIR/certs/file.pem" "$FIXTURE_DIR/keys/file.pem")
osign=(openssl cms -sign -binary -in "$tmp/data" -signer "${signer[0]}"
    -inkey "${signer[1]}"
    -certfile "$FIXTURE_DIR/intermediate.pem" -outform DER -out "$tmp/p.cms")
ok "openssl signs opaque" "${osign[@]}" -nodetach
we_verify "openssl opaque" "$tmp/p.cms"
ok "openssl signs as a stream" "${osign[@]}" -nodetach -stream
we_verify "openssl stream" "$tmp/p.cms"
ok "openssl signs detached" "${osign[@]}"
we_verify "openssl detached" --content "$tmp/data" "$tmp/p.cms"
ok "openssl without attributes" "${osign[@]}" -nodetach -noattr
we_verify "openssl without attributes" "$tmp/p.cms"
ok "openssl by key id" "${osign[@]}" -nodetach -keyid
we_verify "openssl by key id" "$tmp/p.cms"
ok "openssl SHA-512" "${osign[@]}" -nodetach -md sha512
we_verify "openssl SHA-512" "$tmp/p.cms"
ok "openssl CAdES" "${osign[@]}" -nodetach -cades
we_verify "openssl CAdES" "$tmp/p.cms"
ok "openssl with SHA-1" "${osign[@]}" -nodetach -md sha1
exits 6 "openssl with SHA-1 is weak" "$CARDSEAL" verify --anchor "$ca" \
    "$tmp/p.cms"
exits 0 "and admitted by --legacy" "$CARDSEAL" verify --legacy \
    --anchor "$ca" "$tmp/p.cms"
ok "certtool signs" certtool --p7-sign --hash sha256 --infile "$tmp/data" \
    --load-certificate "${signer[0]}" --load-privkey "${signer[1]}" \
    --outder --outfile "$tmp/p.cms"
we_verify "certtool" "$tmp/p.cms"
ok "certtool signs detached" certtool --p7-detached-sign --hash sha256 \
    --infile "$tmp/data" --load-certificate "${signer[0]}" \
    --load-privkey "${signer[1]}" --outder --outfile "$tmp/p.cms"
we_verify "certtool detached" --content "$tmp/data" "$tmp/p.cms"

ok "a PKCS#12 for the others" openssl pkcs12 -export -legacy \
    -in "${signer[0]}" -inkey "${signer[1]}" -name file -passout pass:x \
    -out "$tmp/file.p12"
ok "NSS takes it" pk12util -d "sql:$tmp/nss" -i "$tmp/file.p12" -W x -K ''
ok "NSS signs" cmsutil -S -d "sql:$tmp/nss" -N file -G -i "$tmp/data" \
    -o "$tmp/p.cms"
we_verify "NSS" "$tmp/p.cms"
ok "NSS signs detached" cmsutil -S -T -d "sql:$tmp/nss" -N file -G \
    -i "$tmp/data" -o "$tmp/p.cms"
we_verify "NSS detached" --content "$tmp/data" "$tmp/p.cms"

for tool in certtool gpgsm cmsutil openssl; do
	echo "# $tool: $("$tool" --version 2>/dev/null | head -1)"
done
done_testing
