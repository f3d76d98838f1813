#!/bin/bash
# Encrypted messages, both ways: each content encryption and each kind of
# recipient with openssl, gpgsm and NSS. Rows as tests/interop/lib.sh says.
# Commands of cells are words for eval, so that they are expanded late.
# shellcheck disable=SC2016,SC2034
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/interop/lib.sh
. "${CS_SRCDIR:-.}/tests/interop/lib.sh"
fixtures "$tmp/token" --token Mail --pin 246810 \
    --identity name=rsa,key=rsa2048,email=rsa@example.org,usage=encrypt \
    --identity name=p256,key=p256,email=p256@example.org,usage=encrypt \
    --identity name=p384,key=p384,email=p384@example.org,usage=encrypt \
    --identity name=p521,key=p521,email=p521@example.org,usage=encrypt
pinentry_answers "pin $FIXTURE_PIN"
agent_start
cd "$tmp" || exit 99
certs=$FIXTURE_DIR/certs
head -c 100000 /dev/urandom >data
echo "correct horse" >password
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >kek
kek=$(cat kek)

# peer NAME USAGE ALGORITHM...: NAME.key and NAME.crt
peer() {
	local name=$1 usage=$2
	shift 2
	openssl req -x509 -nodes -keyout "$name.key" -out "$name.crt" \
	    -subj "/CN=$name" -days 30 \
	    -addext "subjectAltName=email:$name@example.org" \
	    -addext "keyUsage=critical,$usage" \
	    -addext basicConstraints=critical,CA:FALSE \
	    "$@" >setup.log 2>&1 || {
		diag setup.log
		echo "Bail out! no key for $name"
		exit 99
	}
}
peer peer keyEncipherment,digitalSignature -newkey rsa:2048
for curve in P-256 P-384 P-521; do
	peer $curve keyAgreement -newkey ec -pkeyopt ec_paramgen_curve:$curve
done

we_open() { # [FILE [OPTION...]]
	local file=${1:-m}
	rm -f got
	"$CARDSEAL" decrypt -q -o got "${@:2}" "$file" && cmp got data
}

# --- openssl ----------------------------------------------------------------
peer_version openssl "$(openssl version | cut -d' ' -f2)"
oenc=(openssl cms -encrypt -binary -outform DER -in data -out m)

openssl_to_us() { # ARGUMENT...
	"${oenc[@]}" "$@" && we_open
}

# us_to_openssl NAME OPTION...: to NAME.crt
us_to_openssl() {
	local name=$1
	shift
	"$CARDSEAL" encrypt -q -f cms -R "$name.crt" -o m "$@" data &&
		openssl_opens -recip "$name.crt" -inkey "$name.key"
}

openssl_opens() {
	rm -f got
	openssl cms -decrypt -binary -inform DER -in m -out got "$@" &&
		cmp got data
}

section "Content encryption"
for cipher in aes128-cbc aes192-cbc aes256-cbc aes128-gcm aes192-gcm \
    aes256-gcm; do
	cell "$cipher" openssl read openssl_to_us \
	    "-${cipher/aes/aes-}" "$certs/rsa.pem"
	cell "$cipher, BER" openssl read openssl_to_us -stream \
	    "-${cipher/aes/aes-}" "$certs/rsa.pem"
	cell "$cipher" openssl make us_to_openssl peer -c "$cipher"
done
lacks chacha20-poly1305 openssl read "no such content encryption"
lacks chacha20-poly1305 openssl make "no such content encryption"
legacy=(-provider legacy -provider default)
cell "des-ede3-cbc (--legacy)" openssl read eval '"${oenc[@]}" -des3 \
    "$certs/rsa.pem" && we_open m --legacy'
for bits in 40 64 128; do
	name=-rc2-$bits
	[ $bits != 128 ] || name=-rc2
	cell "rc2-cbc, $bits bits (--legacy)" openssl read eval '
	    "${oenc[@]}" "${legacy[@]}" "$name" "$certs/rsa.pem" &&
	    we_open m --legacy'
done

section "Recipients"
cell "RSA PKCS#1 v1.5" openssl read openssl_to_us -aes256 "$certs/rsa.pem"
cell "RSA PKCS#1 v1.5" openssl make us_to_openssl peer
cell "RSA by key identifier" openssl read openssl_to_us -aes256 -keyid \
    "$certs/rsa.pem"
cell "RSA by key identifier" openssl make us_to_openssl peer --key-ids
for md in sha1 sha224 sha256 sha384 sha512; do
	cell "RSA-OAEP, $md" openssl read openssl_to_us -aes256 \
	    -recip "$certs/rsa.pem" -keyopt rsa_padding_mode:oaep \
	    -keyopt rsa_oaep_md:$md
	cell "RSA-OAEP, $md" openssl make us_to_openssl peer --oaep \
	    --oaep-digest $md
done
cell "RSA-OAEP, sha256, MGF1 with sha1" openssl read openssl_to_us -aes256 \
    -recip "$certs/rsa.pem" -keyopt rsa_padding_mode:oaep \
    -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha1
cell "RSA-OAEP, sha256, MGF1 with sha1" openssl make us_to_openssl peer \
    --oaep --oaep-mgf sha1
cell "RSA-OAEP with a label" openssl read openssl_to_us -aes256 \
    -recip "$certs/rsa.pem" -keyopt rsa_padding_mode:oaep \
    -keyopt rsa_oaep_md:sha256 -keyopt rsa_oaep_label:6c6162656c
cell "RSA-OAEP with a label" openssl make us_to_openssl peer --oaep \
    --oaep-label label

for curve in P-256 P-384 P-521; do
	ours=$certs/p${curve#P-}.pem
	for kdf in sha1 sha224 sha256 sha384 sha512; do
		cell "ECDH $curve, X9.63 $kdf" openssl read openssl_to_us \
		    -aes256 -recip "$ours" -keyopt ecdh_kdf_md:$kdf
		cell "ECDH $curve, X9.63 $kdf" openssl make us_to_openssl \
		    $curve --key-agreement ecdh-$kdf
		cell "ECDH $curve, cofactor, X9.63 $kdf" openssl read \
		    openssl_to_us -aes256 -recip "$ours" \
		    -keyopt ecdh_kdf_md:$kdf -keyopt ecdh_cofactor_mode:1
		cell "ECDH $curve, cofactor, X9.63 $kdf" openssl make \
		    us_to_openssl $curve --key-agreement ecdh-cofactor-$kdf
	done
	for wrap in 128 192 256; do
		cell "ECDH $curve, aes$wrap-wrap" openssl read openssl_to_us \
		    -aes$wrap -aes$wrap-wrap -recip "$ours"
		cell "ECDH $curve, aes$wrap-wrap" openssl make us_to_openssl \
		    $curve -c aes$wrap-gcm
	done
	cell "ECDH $curve, des3-wrap (--legacy)" openssl read eval '
	    "${oenc[@]}" -des3-wrap -des3 -recip "$ours" &&
	    we_open m --legacy'
	cell "ECDH $curve by key identifier" openssl read openssl_to_us \
	    -aes256 -keyid "$ours"
	cell "ECDH $curve by key identifier" openssl make us_to_openssl \
	    $curve --key-ids
done
for curve in X25519 X448; do
	lacks "ECDH $curve" openssl read "no such recipient"
	lacks "ECDH $curve" openssl make "no such recipient"
done

for cipher in aes128-cbc aes256-cbc aes256-gcm; do
	cell "key-encryption key, $cipher" openssl read eval '"${oenc[@]}" \
	    "-${cipher/aes/aes-}" -secretkey "$kek" -secretkeyid 0a0b &&
	    we_open m --kek-file kek'
	cell "key-encryption key, $cipher" openssl make eval '
	    "$CARDSEAL" encrypt -q -f cms --kek-file kek --kek-id 0a0b \
		-c "$cipher" -o m data &&
	    openssl_opens -secretkey "$kek" -secretkeyid 0a0b'
done
for cipher in aes128-cbc aes256-cbc; do
	cell "password, $cipher" openssl read eval '"${oenc[@]}" \
	    "-${cipher/aes/aes-}" -pwri_password "correct horse" &&
	    we_open m --password-file password'
done
for cipher in aes128-cbc aes256-cbc aes256-gcm; do
	cell "password, $cipher" openssl make eval '
	    "$CARDSEAL" encrypt -q -f cms --password-file password \
		-c "$cipher" -o m data &&
	    openssl_opens -pwri_password "correct horse"'
done
defect "password, aes256-gcm" openssl read "cannot write the parameters of \
the password's cipher: it takes the content's, and has no way to write GCM's" \
    "${oenc[@]}" -aes-256-gcm -pwri_password "correct horse"
several=(-R peer.crt -R P-256.crt -R P-384.crt --kek-file kek --kek-id 0a0b
    --password-file password)
several_made() {
	"$CARDSEAL" encrypt -q -f cms "${several[@]}" -c aes256-gcm -o m data
}
cell "several recipients of every kind" openssl make eval '
    several_made && openssl_opens -recip peer.crt -inkey peer.key &&
    openssl_opens -recip P-256.crt -inkey P-256.key &&
    openssl_opens -recip P-384.crt -inkey P-384.key &&
    openssl_opens -secretkey "$kek" -secretkeyid 0a0b &&
    openssl_opens -pwri_password "correct horse"'
cell "several recipients of every kind" openssl read eval '
    "${oenc[@]}" -aes256 -secretkey "$kek" -secretkeyid 0a0b \
	-pwri_password "correct horse" peer.crt P-256.crt \
	"$certs/rsa.pem" "$certs/p384.pem" &&
    we_open m && we_open m --kek-file kek &&
    we_open m --password-file password'

# --- other types ------------------------------------------------------------
section "Other types, and recipients added"
cell "EncryptedData" openssl read eval '
    openssl cms -EncryptedData_encrypt -binary -in data -outform DER -out m \
	-aes256 -secretkey "$kek" && we_open m --kek-file kek'
lacks "EncryptedData" openssl make "cardseal reads it only"
cell "DigestedData" openssl read eval '
    openssl cms -digest_create -binary -in data -outform DER -out m \
	-md sha256 && we_open'
lacks "DigestedData" openssl make "cardseal reads it only"
if openssl cms -compress -in data -outform DER -out m 2>/dev/null; then
	cell "CompressedData" openssl read we_open
else
	lacks "CompressedData" openssl read "built without zlib"
	lacks "CompressedData" openssl make "built without zlib"
fi
rewrapped() { # NAME
	"$CARDSEAL" rewrap -q -R "$1.crt" -o m2 m && mv m2 m &&
		openssl_opens -recip "$1.crt" -inkey "$1.key"
}
for cipher in aes256-cbc aes256-gcm; do
	cell "rewrap of its $cipher" openssl make eval '
	    openssl_to_us -${cipher/aes/aes-} "$certs/rsa.pem" &&
	    rewrapped peer && rewrapped P-256 && we_open'
	cell "rewrap of its $cipher, BER" openssl make eval '
	    openssl_to_us -stream -${cipher/aes/aes-} "$certs/rsa.pem" &&
	    rewrapped peer && rewrapped P-256 && we_open'
done

# without PEER COMMAND: what it cannot open of ours, tried with COMMAND
without() {
	local peer=$1 opens=$2 name
	for name in "RSA-OAEP, sha256" "ECDH P-256, X9.63 sha256" \
	    "password, aes256-cbc" "key-encryption key, aes256-cbc"; do
		case $name in
		RSA*) set -- -R peer.crt --oaep ;;
		ECDH*) set -- -R P-256.crt ;;
		password*) set -- --password-file password ;;
		key*) set -- --kek-file kek ;;
		esac
		"$CARDSEAL" encrypt -q -f cms -c aes256-cbc -o m "$@" data ||
			continue
		lacks "$name" "$peer" make "no such recipient" eval "$opens"
		lacks "$name" "$peer" read "no such recipient"
	done
}

# --- NSS --------------------------------------------------------------------
if have_tool cmsutil "NSS opens and is opened" &&
    openssl pkcs12 -export -legacy -in peer.crt -inkey peer.key -name peer \
	-passout pass:x -out peer.p12 && mkdir nss &&
    certutil -N -d sql:nss --empty-password &&
    pk12util -d sql:nss -i peer.p12 -W x -K '' >setup.log &&
    openssl pkcs12 -export -legacy -in P-256.crt -inkey P-256.key -name ec \
	-passout pass:x -out ec.p12 &&
    pk12util -d sql:nss -i ec.p12 -W x -K '' >setup.log &&
    certutil -A -d sql:nss -n rsa -t CT,CT,CT -a -i "$certs/rsa.pem"; then
	peer_version NSS "$(dpkg-query -W -f '${Version}' libnss3-tools)"
	nss_opens() {
		rm -f got
		cmsutil -D -d sql:nss -i m -o got && cmp got data
	}
	cell "RSA PKCS#1 v1.5" NSS read eval '
	    cmsutil -E -d sql:nss -r rsa@example.org -i data -o m &&
	    we_open m --legacy'
	for cipher in aes128-cbc aes192-cbc aes256-cbc; do
		cell "$cipher" NSS make eval '"$CARDSEAL" encrypt -q -f cms \
		    -R peer.crt -c "$cipher" -o m data && nss_opens'
	done
	cell "RSA PKCS#1 v1.5" NSS make eval '"$CARDSEAL" encrypt -q -f cms \
	    -R peer.crt -o m data && nss_opens'
	cell "RSA by key identifier" NSS make eval '"$CARDSEAL" encrypt -q \
	    -f cms -R peer.crt --key-ids -o m data && nss_opens'
	defect "several recipients of every kind" NSS make "decodes nothing \
that has other recipients than RSA keys, openssl's messages neither; openssl \
opens ours" eval 'several_made && "$CARDSEAL" encrypt -q -f cms \
	    "${several[@]}" -o m data && nss_opens'
	for cipher in aes128-gcm aes192-gcm aes256-gcm chacha20-poly1305; do
		lacks "$cipher" NSS read "no AuthEnvelopedData"
		lacks "$cipher" NSS make "no AuthEnvelopedData" eval '
		    "$CARDSEAL" encrypt -q -f cms -R peer.crt -c "$cipher" \
			-o m data && nss_opens'
	done
	without NSS nss_opens
fi

# --- gpgsm ------------------------------------------------------------------
gpgsm_setup() {
	printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
	printf 'allow-loopback-pinentry\n' >"$GNUPGHOME/gpg-agent.conf"
	openssl x509 -in "$FIXTURE_DIR/ca.pem" -noout -fingerprint -sha1 |
	    sed 's/.*=//; s/$/ S relax/' >"$GNUPGHOME/trustlist.txt"
	gpgsm --batch --import "$FIXTURE_DIR/ca.pem" \
	    "$FIXTURE_DIR/intermediate.pem" "$certs/rsa.pem" &&
	    echo x | gpgsm --batch --pinentry-mode loopback \
		--passphrase-fd 0 --import peer.p12
}

gpgsm_opens() {
	rm -f got
	gpgsm --batch --yes --pinentry-mode loopback --passphrase-fd 9 \
	    --output got --decrypt m 9< <(echo "${1:-x}") && cmp got data
}

if have_tool gpgsm "gpgsm opens and is opened" && [ -e peer.p12 ] &&
    gpgsm_setup >setup.log 2>&1; then
	gpg_agent_pid=$(gpg-connect-agent --no-autostart 'getinfo pid' /bye \
	    2>/dev/null | sed -n 's/^D //p')
	[ -z "$gpg_agent_pid" ] || started_pids+=("$gpg_agent_pid")
	peer_version gpgsm "$(gpgsm --version | sed -n '1s/.* //p')"
	cell "RSA PKCS#1 v1.5" gpgsm read eval '
	    gpgsm --batch --yes -r rsa@example.org --output m \
		--encrypt data && we_open m'
	for cipher in aes128-cbc aes192-cbc aes256-cbc; do
		cell "$cipher" gpgsm make eval '"$CARDSEAL" encrypt -q -f cms \
		    -R peer.crt -c "$cipher" -o m data && gpgsm_opens'
	done
	cell "RSA PKCS#1 v1.5" gpgsm make eval '"$CARDSEAL" encrypt -q \
	    -f cms -R peer.crt -o m data && gpgsm_opens'
	defect "RSA by key identifier" gpgsm make "does not find the recipient; \
openssl and NSS do, and RFC 5652 6.2.1 asks for both names" eval '
	    "$CARDSEAL" encrypt -q -f cms -R peer.crt --key-ids -o m data &&
	    gpgsm_opens'
	defect "aes256-gcm" gpgsm make "takes tags of 12 octets only; openssl \
opens the same message, and RFC 5084 allows 12 to 16" eval '
	    "$CARDSEAL" encrypt -q -f cms -R peer.crt -c aes256-gcm -o m data &&
	    gpgsm_opens'
	for cipher in aes128-gcm aes192-gcm aes256-gcm chacha20-poly1305; do
		lacks "$cipher" gpgsm read "makes no AuthEnvelopedData"
	done
	lacks "chacha20-poly1305" gpgsm make "no such content encryption" \
	    eval '"$CARDSEAL" encrypt -q -f cms -R peer.crt \
		-c chacha20-poly1305 -o m data && gpgsm_opens'
	without gpgsm gpgsm_opens
	gpgconf --kill gpg-agent >/dev/null 2>&1
fi
done_testing
