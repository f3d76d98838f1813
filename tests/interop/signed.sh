#!/bin/bash
# Signed messages, both ways: each algorithm and each form with openssl, gpgsm,
# NSS and certtool. Rows as tests/interop/lib.sh says. Commands of cells are
# words for eval, so that they are expanded late.
# shellcheck disable=SC2016,SC2034
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/interop/lib.sh
. "${CS_SRCDIR:-.}/tests/interop/lib.sh"
# shellcheck source=tests/system/tsa.sh
. "$CS_SRCDIR/tests/system/tsa.sh"
fixtures "$tmp/token" --token Mail --pin 246810 \
    --identity name=rsa,key=rsa2048,email=rsa@example.org,usage=sign \
    --identity name=p256,key=p256,email=p256@example.org,usage=sign \
    --identity name=p384,key=p384,email=p384@example.org,usage=sign \
    --identity name=p521,key=p521,email=p521@example.org,usage=sign \
    --identity name=ed25519,key=ed25519,email=ed25519@example.org,usage=sign
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
cd "$tmp" || exit 99
our_ca=$FIXTURE_DIR/ca.pem
head -c 100000 /dev/urandom >data
sed 's/^From:.*/From: <rsa@example.org>/' "$CS_SRCDIR/doc/sample.eml" >mail.eml
tsa_make "$tmp"
web_start "$tmp"

# --- the peers' keys ---------------------------------------------------------
cat >ca.cnf <<'END'
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[user]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:$ENV::ADDRESS
END
export ADDRESS=nobody@example.org

quiet() {
	"$@" >setup.log 2>&1 || {
		diag setup.log
		echo "Bail out! $1 failed"
		exit 99
	}
}

# peer NAME ALGORITHM...: NAME.key and NAME.crt
peer() {
	local name=$1
	shift
	ADDRESS=$name@example.net
	quiet openssl genpkey -out "$name.key" "$@"
	quiet openssl req -new -key "$name.key" -subj "/CN=$name/O=Peers" \
	    -config ca.cnf -out "$name.csr"
	quiet openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key \
	    -set_serial "0x5$(openssl rand -hex 8)" -days 30 -extfile ca.cnf \
	    -extensions user -out "$name.crt"
}
quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key \
    -subj "/CN=Peers CA/O=Peers" -config ca.cnf -extensions ca -days 60 \
    -out ca.crt
peer rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
peer rsa-pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for curve in P-256 P-384 P-521; do
	peer $curve -algorithm EC -pkeyopt ec_paramgen_curve:$curve
done
peer ed25519 -algorithm ED25519
peer ed448 -algorithm ED448
quiet openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 \
    -pkeyopt dsa_paramgen_q_bits:256 -out dsa.param
peer dsa -paramfile dsa.param

# --- both sides --------------------------------------------------------------
# we_verify [OPTION...]: m, by somebody below the peers' CA, with data in it
we_verify() {
	rm -f got
	"$CARDSEAL" verify -q --anchor ca.crt --revocation off "$@" -o got m &&
		cmp got data
}

we_verify_beside() { # [OPTION...]: data is not in it
	"$CARDSEAL" verify -q --anchor ca.crt --revocation off \
	    --content data "$@" m
}

we_sign() { # KEY [OPTION...]
	"$CARDSEAL" sign -q -f cms -k "$1@example.org" -o m "${@:2}" data
}

we_sign_ber() { # KEY [OPTION...]
	# shellcheck disable=SC2002
	cat data |
		"$CARDSEAL" sign -q -f cms --opaque -k "$1@example.org" \
		    "${@:2}" >m
}

# An octet of the content, which stands in it as it is.
change_content() {
	python3 - "$@" <<'END'
message = open("m", "rb").read()
at = message.index(open("data", "rb").read(64))
open("m", "wb").write(
    message[:at] + bytes([message[at] ^ 1]) + message[at + 1:])
END
}

# judges PEER COMMAND...: one that says good to everything is no judge
judges() {
	local peer=$1
	shift
	ok "$peer: a message to judge" we_sign rsa --opaque --der
	ok "$peer: it is good" "$@"
	change_content
	not_ok "$peer: and a changed one is not" "$@"
}

# --- openssl -----------------------------------------------------------------
peer_version openssl "$(openssl version | cut -d' ' -f2)"
section "Signatures"
openssl_signs() { # NAME [OPTION...]
	openssl cms -sign -binary -nodetach -outform DER -in data -out m \
	    -signer "$1.crt" -inkey "$1.key" "${@:2}"
}
openssl_to_us() { # NAME [OPTION...]
	openssl_signs "$@" && we_verify
}
openssl_verifies() { # [OPTION...]
	rm -f got
	openssl cms -verify -binary -inform DER -CAfile "$our_ca" -in m \
	    -out got "$@" && cmp got data
}
us_to_openssl() { # KEY [OPTION...]
	we_sign "$@" --opaque --der && openssl_verifies
}
judges openssl openssl_verifies

pss=(-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest)
for md in sha224 sha256 sha384 sha512; do
	cell "RSA PKCS#1, $md" openssl read openssl_to_us rsa -md $md
	cell "RSA-PSS, $md" openssl read openssl_to_us rsa -md $md "${pss[@]}"
	for curve in P-256 P-384 P-521; do
		cell "ECDSA $curve, $md" openssl read openssl_to_us $curve \
		    -md $md
	done
done
for md in sha3-224 sha3-256 sha3-384 sha3-512; do
	cell "RSA PKCS#1, $md" openssl read openssl_to_us rsa -md $md
	lacks "RSA-PSS, $md" openssl read "signs so by PKCS#1 v1.5 alone" \
	    openssl_to_us rsa -md $md "${pss[@]}"
	lacks "ECDSA P-256, $md" openssl read \
	    "signs so by PKCS#1 v1.5 alone" openssl_to_us P-256 -md $md
done
cell "RSA PKCS#1, sha1 (--legacy)" openssl read eval '
    openssl_signs rsa -md sha1 && we_verify --legacy'
cell "ECDSA P-256, sha1 (--legacy)" openssl read eval '
    openssl_signs P-256 -md sha1 && we_verify --legacy'
for salt in max 0 20; do
	cell "RSA-PSS, sha256, salt $salt" openssl read openssl_to_us rsa \
	    -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:$salt
done
cell "RSA-PSS, sha512, MGF1 with sha256" openssl read openssl_to_us rsa \
    -md sha512 "${pss[@]}" -keyopt rsa_mgf1_md:sha256
cell "RSA-PSS by a key for it alone" openssl read openssl_to_us rsa-pss \
    "${pss[@]}"
defect "RSA-PSS by a key for it alone, unless told -keyopt" openssl read \
    "signs with PSS and names PKCS#1 v1.5, and refuses such a message itself" \
    openssl_to_us rsa-pss
own_refused() {
	openssl_signs rsa-pss &&
		! openssl cms -verify -binary -inform DER -CAfile ca.crt \
		    -in m -out got
}
ok "openssl refuses it itself" own_refused
for md in sha1 sha224 sha256; do
	cell "DSA, $md (--legacy)" openssl read eval '
	    openssl_signs dsa -md $md && we_verify --legacy'
done
cell "RSA PKCS#1, sha256" openssl make us_to_openssl rsa
cell "RSA-PSS, sha256" openssl make us_to_openssl rsa --pss
cell "ECDSA P-256, sha256" openssl make us_to_openssl p256
cell "ECDSA P-384, sha384" openssl make us_to_openssl p384
cell "ECDSA P-521, sha512" openssl make us_to_openssl p521
lacks "Ed25519" openssl read "no such signatures in CMS" openssl_to_us ed25519
lacks "Ed25519" openssl make "no such signatures in CMS" us_to_openssl ed25519
lacks "Ed448" openssl read "no such signatures in CMS" openssl_to_us ed448

section "Forms of signed messages"
cell "opaque, DER" openssl read openssl_to_us rsa
cell "opaque, DER" openssl make us_to_openssl rsa
cell "opaque, BER" openssl read openssl_to_us rsa -stream
cell "opaque, BER" openssl make eval 'we_sign_ber rsa && openssl_verifies'
cell "detached" openssl read eval 'openssl cms -sign -binary -outform DER \
    -in data -out m -signer rsa.crt -inkey rsa.key && we_verify_beside'
cell "detached" openssl make eval 'we_sign rsa && openssl_verifies \
    -content data'
cell "PEM" openssl read eval 'openssl cms -sign -binary -nodetach \
    -outform PEM -in data -out m -signer rsa.crt -inkey rsa.key && we_verify'
cell "PEM" openssl make eval 'we_sign rsa --opaque --armor && rm -f got &&
    openssl cms -verify -binary -inform PEM -CAfile "$our_ca" -in m -out got &&
    cmp got data'
cell "without signed attributes" openssl read openssl_to_us rsa -noattr
cell "without signed attributes, ECDSA" openssl read openssl_to_us P-256 -noattr
cell "signer by key identifier" openssl read openssl_to_us P-256 -keyid
cell "several signers" openssl read openssl_to_us rsa -signer P-256.crt \
    -inkey P-256.key -signer P-521.crt -inkey P-521.key
cell "several signers" openssl make us_to_openssl rsa -k p256@example.org \
    -k p521@example.org
cell "signer's certificate known beforehand" openssl read eval '
    openssl_signs rsa -nocerts && we_verify --intermediate rsa.crt'
cell "another content type" openssl read openssl_to_us rsa \
    -econtent_type 1.2.3.4
cell "signed twice, by openssl's -resign" openssl read eval '
    openssl_signs rsa && openssl cms -resign -binary -nodetach -inform DER \
	-in m -outform DER -out m2 -signer P-384.crt -inkey P-384.key &&
    mv m2 m && we_verify'
cell "CAdES B-B (signingCertificateV2)" openssl read openssl_to_us rsa -cades
cell "CAdES B-B (signingCertificateV2)" openssl make eval '
    we_sign p256 --opaque --der && openssl_verifies -cades'
profile_of_m() {
	"$CARDSEAL" verify --json --anchor "$our_ca" --anchor tsa-ca.pem \
	    --revocation off -o got m |
	    python3 -c 'import json, sys
print(json.load(sys.stdin)["layers"][0]["signers"][0]["profile"])'
}
stamped() {
	we_sign rsa --opaque --der --timestamp-url "$web/tsa" &&
		[ "$(profile_of_m)" = "CAdES B-T" ]
}
cell "CAdES B-T: openssl ts makes the time stamp" openssl read stamped
cell "CAdES B-T: openssl ts makes the time stamp" openssl make eval '
    stamped && openssl_verifies -cades'
# edited COMMAND OPTION...: a message that somebody signed, signed more
edited() {
	"$CARDSEAL" "$1" -q -k p384@example.org -o m2 "${@:2}" m && mv m2 m
}
cat ca.crt "$our_ca" >both.pem
both_verify() {
	rm -f got
	openssl cms -verify -binary -inform DER -CAfile both.pem -in m \
	    -out got "$@" && cmp got data
}
we_verify_both() {
	we_verify --anchor "$our_ca"
}
for form in DER BER; do
	stream=()
	[ $form = DER ] || stream=(-stream)
	cell "a signer added to its message, $form" openssl make eval '
	    openssl_signs rsa "${stream[@]}" && edited add-signer &&
	    we_verify_both && both_verify'
	cell "its message countersigned, $form" openssl make eval '
	    openssl_signs P-256 "${stream[@]}" && edited countersign &&
	    we_verify_both && both_verify'
done
certificates_in_got() {
	[ "$(grep -c BEGIN got)" = "$1" ]
}
cell "certificates alone" openssl read eval '
    openssl crl2pkcs7 -nocrl -certfile both.pem -outform DER -out m &&
    openssl_signs rsa -nocerts && mv m signed &&
    openssl crl2pkcs7 -nocrl -certfile rsa.crt -outform DER -out p7c &&
    mv signed m && we_verify --intermediate p7c'
cell "certificates alone" openssl make eval '
    "$CARDSEAL" sign -q -f cms --certs-only -k rsa@example.org -o m &&
    openssl pkcs7 -inform DER -in m -print_certs -out got &&
    certificates_in_got 2'
text() { # what a mail holds, apart from its line ends
	tr -d '\r' <"$1"
}
cell "multipart/signed" openssl read eval '
    openssl cms -sign -in mail.eml -out m -signer rsa.crt -inkey rsa.key \
	-from rsa@example.net &&
    "$CARDSEAL" verify -q --anchor ca.crt --revocation off -o got m &&
    cmp <(text got) <(text mail.eml)'
cell "multipart/signed" openssl make eval '
    "$CARDSEAL" sign -q -k rsa@example.org -o m mail.eml &&
    openssl cms -verify -CAfile "$our_ca" -in m -out got &&
    grep -q . got'
cell "application/pkcs7-mime, signed" openssl read eval '
    openssl cms -sign -nodetach -in mail.eml -out m -signer rsa.crt \
	-inkey rsa.key -from rsa@example.net &&
    "$CARDSEAL" verify -q --anchor ca.crt --revocation off -o got m &&
    cmp <(text got) <(text mail.eml)'
cell "application/pkcs7-mime, signed" openssl make eval '
    "$CARDSEAL" sign -q --opaque -k rsa@example.org -o m mail.eml &&
    openssl cms -verify -CAfile "$our_ca" -in m -out got &&
    grep -q . got'

# peer_forms PEER: what each of the others has to read as well. PEER_verifies
# and PEER_verifies_beside judge.
peer_forms() {
	local peer=$1
	judges "$peer" "${peer}_verifies"
	cell "opaque, DER" "$peer" make eval 'we_sign rsa --opaque --der &&
	    ${peer}_verifies'
	cell "opaque, BER" "$peer" make eval 'we_sign_ber rsa &&
	    ${peer}_verifies'
	cell "detached" "$peer" make eval 'we_sign rsa &&
	    ${peer}_verifies_beside'
	cell "several signers" "$peer" make eval 'we_sign rsa --opaque --der \
	    -k p256@example.org -k p384@example.org && ${peer}_verifies'
	cell "CAdES B-T: openssl ts makes the time stamp" "$peer" make eval '
	    stamped && ${peer}_verifies'
}

# --- gpgsm -------------------------------------------------------------------
gpgsm_setup() {
	local ca
	printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
	printf 'allow-loopback-pinentry\n' >"$GNUPGHOME/gpg-agent.conf"
	for ca in ca.crt "$our_ca"; do
		openssl x509 -in "$ca" -noout -fingerprint -sha1 |
		    sed 's/.*=//; s/$/ S relax/'
	done >"$GNUPGHOME/trustlist.txt"
	openssl pkcs12 -export -legacy -in rsa.crt -inkey rsa.key \
	    -passout pass:x -out rsa.p12 &&
	    gpgsm --batch --import ca.crt "$our_ca" \
		"$FIXTURE_DIR/intermediate.pem" &&
	    echo x | gpgsm --batch --pinentry-mode loopback \
		--passphrase-fd 0 --import rsa.p12
}
gpgsm_signs() { # OPTION...
	gpgsm --batch --yes --pinentry-mode loopback --passphrase-fd 9 \
	    -u rsa@example.net --output m "$@" data 9< <(echo x)
}
gpgsm_verifies() {
	rm -f got
	gpgsm --batch --yes --output got --verify m && cmp got data
}
gpgsm_verifies_beside() {
	gpgsm --batch --verify m data
}

if have_tool gpgsm "gpgsm verifies and is verified" && gpgsm_setup >setup.log \
    2>&1; then
	gpg_agent_pid=$(gpg-connect-agent --no-autostart 'getinfo pid' /bye \
	    2>/dev/null | sed -n 's/^D //p')
	[ -z "$gpg_agent_pid" ] || started_pids+=("$gpg_agent_pid")
	peer_version gpgsm "$(gpgsm --version | sed -n '1s/.* //p')"
	peer_forms gpgsm
	for md in sha224 sha256 sha384 sha512; do
		cell "RSA PKCS#1, $md" gpgsm read eval '
		    gpgsm_signs --sign --digest-algo $md && we_verify'
	done
	cell "RSA PKCS#1, sha1 (--legacy)" gpgsm read eval '
	    gpgsm_signs --sign --digest-algo sha1 && we_verify --legacy'
	cell "opaque, BER" gpgsm read eval 'gpgsm_signs --sign && we_verify'
	cell "detached" gpgsm read eval 'gpgsm_signs --detach-sign &&
	    we_verify_beside'
	cell "PEM" gpgsm read eval 'gpgsm_signs --armor --sign && we_verify'
	cell "PEM" gpgsm make eval 'we_sign rsa --opaque --armor &&
	    gpgsm_verifies'
	gpgsm_reads() { # KEY [OPTION...]
		we_sign "$@" --opaque --der && gpgsm_verifies
	}
	cell "RSA PKCS#1, sha256" gpgsm make gpgsm_reads rsa
	cell "RSA-PSS, sha256" gpgsm make gpgsm_reads rsa --pss
	cell "ECDSA P-256, sha256" gpgsm make gpgsm_reads p256
	cell "ECDSA P-384, sha384" gpgsm make gpgsm_reads p384
	defect "ECDSA P-521, sha512" gpgsm make "wants a hash of as many bits \
as the curve has; openssl, NSS and certtool verify the same message" \
	    gpgsm_reads p521
	ok "openssl verifies that message" openssl_verifies
	lacks "Ed25519" gpgsm make "knows no such signatures" \
	    gpgsm_reads ed25519
	cell "a signer added to its message, BER" gpgsm make eval '
	    gpgsm_signs --sign && edited add-signer && we_verify_both &&
	    gpgsm_verifies'
	cell "its message countersigned, BER" gpgsm make eval '
	    gpgsm_signs --sign && edited countersign && we_verify_both &&
	    gpgsm_verifies'
	gpgconf --kill gpg-agent >/dev/null 2>&1
fi

# --- NSS ---------------------------------------------------------------------
nss_setup() {
	local name
	mkdir nss &&
	    certutil -N -d sql:nss --empty-password &&
	    certutil -A -d sql:nss -n ca -t CT,C,C -i ca.crt &&
	    certutil -A -d sql:nss -n ours -t CT,C,C -i "$our_ca" || return
	for name in rsa P-256 P-384 P-521; do
		openssl pkcs12 -export -legacy -in $name.crt \
		    -inkey $name.key -name $name -passout pass:x \
		    -out $name.p12 &&
		    pk12util -d sql:nss -i $name.p12 -W x -K '' || return
	done
}
nss_signs() { # NAME [OPTION...]
	cmsutil -S -d sql:nss -N "$1" -G -i data -o m "${@:2}"
}
NSS_verifies() {
	rm -f got
	cmsutil -D -d sql:nss -i m -o got && cmp got data
}
NSS_verifies_beside() {
	cmsutil -D -d sql:nss -c data -i m -o got
}

if have_tool cmsutil "NSS verifies and is verified" && nss_setup >setup.log \
    2>&1; then
	peer_version NSS "$(dpkg-query -W -f '${Version}' libnss3-tools)"
	peer_forms NSS
	for md in SHA256 SHA384 SHA512; do
		cell "RSA PKCS#1, ${md,,}" NSS read eval '
		    nss_signs rsa -H $md && we_verify'
		for curve in P-256 P-384 P-521; do
			cell "ECDSA $curve, ${md,,}" NSS read eval '
			    nss_signs $curve -H $md && we_verify'
		done
	done
	cell "RSA PKCS#1, sha1 (--legacy)" NSS read eval '
	    nss_signs rsa -H SHA1 && we_verify --legacy'
	cell "opaque, BER" NSS read eval 'nss_signs rsa && we_verify'
	cell "detached" NSS read eval 'nss_signs rsa -T && we_verify_beside'
	cell "with SMIMECapabilities and encryptionKeyPreference" NSS read \
	    eval 'nss_signs rsa -P -Y rsa && we_verify'
	cell "certificates alone" NSS read eval '
	    cmsutil -O -d sql:nss -r rsa@example.net -o p7c &&
	    openssl_signs rsa -nocerts && we_verify --intermediate p7c'
	NSS_reads() { # KEY [OPTION...]
		we_sign "$@" --opaque --der && NSS_verifies
	}
	cell "RSA PKCS#1, sha256" NSS make NSS_reads rsa
	cell "RSA-PSS, sha256" NSS make NSS_reads rsa --pss
	cell "ECDSA P-256, sha256" NSS make NSS_reads p256
	cell "ECDSA P-384, sha384" NSS make NSS_reads p384
	cell "ECDSA P-521, sha512" NSS make NSS_reads p521
	lacks "Ed25519" NSS make "knows no such signatures" NSS_reads ed25519
	cell "a signer added to its message, BER" NSS make eval '
	    nss_signs rsa && edited add-signer && we_verify_both &&
	    NSS_verifies'
	cell "its message countersigned, BER" NSS make eval '
	    nss_signs P-256 && edited countersign && we_verify_both &&
	    NSS_verifies'
fi

# --- certtool ----------------------------------------------------------------
certtool_signs() { # NAME MODE [OPTION...]
	certtool "$2" --p7-time --load-privkey "$1.key" \
	    --load-certificate "$1.crt" --infile data --outfile m "${@:3}"
}
certtool_verifies() { # [OPTION...]
	certtool --p7-verify --inder --load-ca-certificate both.pem \
	    --infile m "$@"
}
certtool_verifies_beside() {
	certtool_verifies --load-data data
}

if have_tool certtool "certtool verifies and is verified"; then
	peer_version certtool "$(certtool --version | sed -n '1s/.* //p')"
	peer_forms certtool
	for md in SHA224 SHA256 SHA384 SHA512; do
		cell "RSA PKCS#1, ${md,,}" certtool read eval '
		    certtool_signs rsa --p7-sign --hash $md && we_verify'
		cell "RSA-PSS, ${md,,}" certtool read eval '
		    certtool_signs rsa --p7-sign --sign-params RSA-PSS \
			--hash $md && we_verify'
		for curve in P-256 P-384 P-521; do
			cell "ECDSA $curve, ${md,,}" certtool read eval '
			    certtool_signs $curve --p7-sign --hash $md &&
			    we_verify'
		done
	done
	cell "RSA PKCS#1, sha1 (--legacy)" certtool read eval '
	    certtool_signs rsa --p7-sign --hash SHA1 && we_verify --legacy'
	cell "Ed25519" certtool read eval '
	    certtool_signs ed25519 --p7-sign && we_verify'
	lacks "Ed448" certtool read "makes no such signatures in PKCS#7" \
	    certtool_signs ed448 --p7-sign
	cell "PEM" certtool read eval '
	    certtool_signs rsa --p7-sign && we_verify'
	cell "opaque, DER" certtool read eval '
	    certtool_signs rsa --p7-sign --outder && we_verify'
	cell "detached" certtool read eval '
	    certtool_signs rsa --p7-detached-sign && we_verify_beside'
	cell "certificates alone" certtool read eval '
	    certtool --p7-generate --load-certificate rsa.crt --outfile p7c &&
	    openssl_signs rsa -nocerts && we_verify --intermediate p7c'
	certtool_reads() { # KEY [OPTION...]
		we_sign "$@" --opaque --der && certtool_verifies
	}
	cell "RSA PKCS#1, sha256" certtool make certtool_reads rsa
	cell "RSA-PSS, sha256" certtool make certtool_reads rsa --pss
	cell "ECDSA P-256, sha256" certtool make certtool_reads p256
	cell "ECDSA P-384, sha384" certtool make certtool_reads p384
	cell "ECDSA P-521, sha512" certtool make certtool_reads p521
	cell "Ed25519" certtool make certtool_reads ed25519
	cell "a signer added to its message, DER" certtool make eval '
	    certtool_signs rsa --p7-sign --outder && edited add-signer &&
	    we_verify_both && certtool_verifies'
	cell "its message countersigned, DER" certtool make eval '
	    certtool_signs ed25519 --p7-sign --outder && edited countersign &&
	    we_verify_both && certtool_verifies'
fi
done_testing
