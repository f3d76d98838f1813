#!/bin/bash
# What client/cms makes, openssl, gpgsm, certtool and NSS read, and the other
# way round; the verdict's JSON keeps to its schema.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

drive=$CS_BUILDDIR/tests/system/cmsdrive
cd "$tmp" || exit 99

# --- people ----------------------------------------------------------------

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
	"$@" >>"$tmp/setup.log" 2>&1 || {
		tail -5 "$tmp/setup.log" | diag
		echo "Bail out! $1 failed"
		exit 99
	}
}

# person NAME SERIAL ALGORITHM...: NAME.key, NAME.crt
person() {
	local name=$1 serial=$2
	shift 2
	ADDRESS=$name@example.org
	quiet openssl genpkey -out "$name.key" "$@"
	quiet openssl req -new -key "$name.key" -subj "/CN=$name/O=Test" \
	    -config ca.cnf -out "$name.csr"
	quiet openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key \
	    -set_serial "$serial" -days 30 -extfile ca.cnf -extensions user \
	    -out "$name.crt"
}

quiet openssl genpkey -out ca.key -algorithm RSA -pkeyopt rsa_keygen_bits:2048
quiet openssl req -new -x509 -key ca.key -subj "/CN=Peers CA/O=Test" \
    -config ca.cnf -extensions ca -days 60 -set_serial 1 -out ca.crt
person alice 0x8a01 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
person bob 0x8b01 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
person carol 0x8c01 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
person dave 0x8d01 -algorithm ED25519
person eve 0x8e01 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
cat ca.crt alice.crt bob.crt carol.crt dave.crt >all.crt

printf 'Content-Type: text/plain\r\n\r\nHello\r\n' >small
head -c 300000 /dev/urandom >large
: >empty

# --- how we read -----------------------------------------------------------

# reads FILE CONTENT [ARGUMENT...]: verified, and gives that content
reads() {
	local in=$1 content=$2
	shift 2
	rm -f got
	"$drive" verify -a ca.crt "$@" -o got "$in" 2>json ||
	    { cat json; return 1; }
	cat json >>verdicts
	cmp got "$content"
}

# The same from a pipe, and to one.
reads_piped() {
	# shellcheck disable=SC2002
	cat "$1" | "$drive" verify -a ca.crt 2>json | cat >got
	cmp got "$2"
}

reads_detached() {
	local in=$1 content=$2
	shift 2
	"$drive" verify -a ca.crt -c "$content" "$@" "$in" 2>json ||
	    { cat json; return 1; }
	cat json >>verdicts
}

opens() {
	rm -f got
	"$drive" decrypt -k alice.key,alice.crt -o got "$1" 2>json ||
	    { cat json; return 1; }
	cat json >>verdicts
	cmp got "$2" || return 1
	cp "$1" piped.in
	"$drive" decrypt -k alice.key,alice.crt <piped.in 2>json >got &&
	    cmp got "$2"
}

sign_ssl() {
	openssl cms -sign -binary -outform DER "$@"
}

# --- openssl signs, we read -------------------------------------------------

for who in alice bob carol; do
	for content in small large empty; do
		ok "openssl, opaque DER, $who, $content" sign_ssl -nodetach \
		    -in $content -signer $who.crt -inkey $who.key -out m.der
		ok "... is read" reads m.der $content
		ok "... through pipes" reads_piped m.der $content
	done
	ok "openssl, BER stream, $who" sign_ssl -nodetach -stream -in large \
	    -signer $who.crt -inkey $who.key -out m.ber
	ok "... is read" reads m.ber large
	ok "openssl, detached, $who" sign_ssl -in large -signer $who.crt \
	    -inkey $who.key -out m.p7s
	ok "... is read" reads_detached m.p7s large
	exits 1 "... and not with other content" "$drive" verify -a ca.crt \
	    -c small m.p7s
done

# variant NAME ARGUMENT...: Alice signs with openssl, and we read it
variant() {
	local name=$1
	shift
	ok "openssl signs: $name" sign_ssl -nodetach -in small \
	    -signer alice.crt -inkey alice.key -out m.der "$@"
	ok "... is read" reads m.der small -i all.crt
}
variant "key identifier" -keyid
variant "no attributes" -noattr
variant "no S/MIME capabilities" -nosmimecap
variant "no certificates" -nocerts
variant "CAdES" -cades
variant "SHA-384" -md sha384
variant "SHA-512" -md sha512
variant "SHA-224" -md sha224
variant "the CA's certificate, too" -certfile ca.crt
for salt in digest max 0 20; do
	variant "PSS, salt $salt" -keyopt rsa_padding_mode:pss \
	    -keyopt rsa_pss_saltlen:$salt
done
variant "PSS, SHA-512" -md sha512 -keyopt rsa_padding_mode:pss
variant "two signers" -signer bob.crt -inkey bob.key
variant "four signers" -signer bob.crt -inkey bob.key -signer carol.crt \
    -inkey carol.key -signer eve.crt -inkey eve.key
variant "another content type" -econtent_type 1.2.3.4

ok "openssl signs: SHA-1" sign_ssl -nodetach -in small -md sha1 \
    -signer alice.crt -inkey alice.key -out m.der
exits 6 "... is weak" "$drive" verify -a ca.crt m.der
ok "... and legacy" reads m.der small -l
ok "openssl signs: MD5" sign_ssl -nodetach -in small -md md5 \
    -signer alice.crt -inkey alice.key -out m.der
exits 1 "... is refused" "$drive" verify -a ca.crt -l m.der

ok "openssl signs in PEM" openssl cms -sign -binary -nodetach -outform PEM \
    -in large -signer alice.crt -inkey alice.key -out m.pem
ok "... is read" reads m.pem large
grep -v -e ----- m.pem >m.b64
ok "... and bare base64" reads m.b64 large

ok "openssl signs: no certificates" sign_ssl -nodetach -nocerts -in small \
    -signer alice.crt -inkey alice.key -out m.der
exits 1 "... of which none is known" "$drive" verify -a ca.crt m.der
like "... which is said" "$(cat err)" NO_SIGNER_CERT
ok "openssl, certificates only" openssl crl2pkcs7 -nocrl -certfile all.crt \
    -outform DER -out m.der
exits 1 "... is not signed" "$drive" verify -a ca.crt m.der
like "... which is said" "$(cat err)" '"summary":"unsigned"'
cat err >bare && grep -a '^{' bare >>verdicts

ok "openssl signs" sign_ssl -nodetach -in small -signer alice.crt \
    -inkey alice.key -out m.der
exits 6 "... for whom we do not know the CA" "$drive" verify m.der
grep -a '^{' err >>verdicts
sed 's/Hello/Hullo/' m.der >bad.der
exits 1 "... and was changed" "$drive" verify -a ca.crt -o bad.out bad.der
like "... which is said" "$(cat err)" DIGEST_MISMATCH
grep -a '^{' err >>verdicts
ok "... and nothing is written" test ! -e bad.out
head -c 200 m.der >cut.der
exits 7 "... and was cut off" "$drive" verify -a ca.crt cut.der
exits 7 "... and is followed by more" "$drive" verify -a ca.crt \
    <(cat m.der small)

# --- we sign, openssl reads -------------------------------------------------

verify_ssl() {
	openssl cms -verify -binary -inform DER -CAfile ca.crt \
	    -purpose smimesign "$@"
}

for who in alice bob carol; do
	for form in der ber; do
		for content in small large empty; do
			ok "we sign $form, $who, $content" "$drive" sign \
			    -f $form -k $who.key,$who.crt -o m.der $content
			ok "... openssl reads" verify_ssl -in m.der -out got
			ok "... the same" cmp got $content
		done
		ok "... from a pipe" "$drive" sign -f $form \
		    -k $who.key,$who.crt -o m.der - <large
		ok "... openssl reads" verify_ssl -in m.der -out got
		ok "... the same" cmp got large
		ok "... we, too" reads m.der large
	done
	ok "we sign detached, $who" "$drive" sign -f detached \
	    -k $who.key,$who.crt -o m.p7s large
	ok "... openssl reads" verify_ssl -in m.p7s -content large -out got
done
ok "we sign PSS" "$drive" sign -p -k alice.key,alice.crt -o m.der small
ok "... openssl reads" verify_ssl -in m.der -out got
ok "we sign, four people" "$drive" sign -k alice.key,alice.crt \
    -k bob.key,bob.crt -k carol.key,carol.crt -k alice.key,alice.crt \
    -o m.der small
ok "... openssl reads" verify_ssl -in m.der -out got
ok "... we, too" reads m.der small
ok "what we sign passes as CAdES" "$drive" sign -k bob.key,bob.crt -o m.der \
    small
ok "... for openssl" verify_ssl -cades -in m.der -out got
ok "we sign Ed25519" "$drive" sign -k dave.key,dave.crt -o m.der small
ok "... and read it" reads m.der small

# --- encryption -------------------------------------------------------------

encrypt_ssl() {
	openssl cms -encrypt -binary -outform DER "$@"
}

for cipher in aes-128-cbc aes-192-cbc aes-256-cbc aes-128-gcm aes-256-gcm; do
	for content in small large empty; do
		ok "openssl encrypts, $cipher, $content" encrypt_ssl \
		    -in $content -$cipher -out m.der alice.crt
		ok "... we open it" opens m.der $content
		# openssl 3.0 fails to write that
		[ $cipher-$content != "${cipher%gcm}gcm-empty" ] || continue
		ok "... as BER" encrypt_ssl -stream -in $content -$cipher \
		    -out m.ber alice.crt
		ok "... we open it" opens m.ber $content
	done
done
ok "openssl encrypts by key identifier" encrypt_ssl -keyid -aes256 \
    -in small -out m.der alice.crt
ok "... we open it" opens m.der small
ok "openssl encrypts to several" encrypt_ssl -aes256 -in small -out m.der \
    eve.crt bob.crt alice.crt carol.crt
ok "... we open it" opens m.der small
ok "openssl encrypts with a password, too" encrypt_ssl -aes256 -in small \
    -out m.der -pwri_password secret alice.crt
ok "... we open it" opens m.der small
ok "openssl encrypts to others" encrypt_ssl -aes256 -in small -out m.der \
    eve.crt bob.crt
exits 4 "... which we cannot open" "$drive" decrypt -k alice.key,alice.crt \
    m.der
like "... which is said" "$(cat err)" NO_RECIPIENT
grep -a '^{' err >>verdicts
ok "openssl encrypts, 3DES" encrypt_ssl -des3 -in small -out m.der alice.crt
exits 1 "... is refused" "$drive" decrypt -k alice.key,alice.crt m.der
grep -a '^{' err >>verdicts

decrypt_ssl() {
	openssl cms -decrypt -binary -inform DER -recip alice.crt \
	    -inkey alice.key "$@"
}

for cipher in aes128-cbc aes192-cbc aes256-cbc aes128-gcm aes192-gcm \
    aes256-gcm; do
	for form in der ber; do
		for content in small large; do
			ok "we encrypt, $cipher, $form, $content" "$drive" \
			    encrypt -e $cipher -f $form -r eve.crt \
			    -r alice.crt -o m.der $content
			ok "... openssl opens it" decrypt_ssl -in m.der \
			    -out got
			ok "... the same" cmp got $content
		done
	done
done
ok "we encrypt, chacha20-poly1305" "$drive" encrypt -e chacha20-poly1305 \
    -r alice.crt -o m.der large
ok "... and open it" opens m.der large

# One changed bit of what is authenticated: not a byte comes out.
"$drive" encrypt -e aes256-gcm -r alice.crt -o good.der small
size=$(stat -c %s good.der)
for back in 1 10 19 30 60; do
	python3 - "$back" <<'END'
import sys
data = bytearray(open("good.der", "rb").read())
data[-int(sys.argv[1])] ^= 4
open("bad.der", "wb").write(data)
END
	exits 1 "bit changed $back of $size from the end" "$drive" decrypt \
	    -k alice.key,alice.crt -o bad.out bad.der
	ok "... no output" test ! -e bad.out
	"$drive" decrypt -k alice.key,alice.crt <bad.der >piped.out 2>/dev/null
	is "... nor on a pipe" "$(stat -c %s piped.out)" 0
done

# --- gpgsm ------------------------------------------------------------------

gpgsm_setup() {
	local fingerprint
	fingerprint=$(openssl x509 -in ca.crt -noout -fingerprint -sha1 |
	    sed 's/.*=//')
	echo "$fingerprint S relax" >"$GNUPGHOME/trustlist.txt"
	printf 'disable-crl-checks\ndisable-dirmngr\n' \
	    >"$GNUPGHOME/gpgsm.conf"
	printf 'allow-loopback-pinentry\n' >"$GNUPGHOME/gpg-agent.conf"
	openssl pkcs12 -export -in alice.crt -inkey alice.key -out alice.p12 \
	    -passout pass:x -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES \
	    -macalg sha1 &&
	    gpgsm --batch --import ca.crt bob.crt &&
	    echo x | gpgsm --batch --pinentry-mode loopback \
		--passphrase-fd 0 --import alice.p12
}

gpgsm_as_alice() {
	gpgsm --batch --yes --pinentry-mode loopback --passphrase-fd 9 "$@" \
	    9< <(echo x)
}

if have_tool gpgsm "gpgsm reads and is read" &&
    have_tool gpg-agent "gpg-agent holds gpgsm's key"; then
	ok "gpgsm has Alice's key" gpgsm_setup
	gpg_agent_pid=$(gpg-connect-agent --no-autostart 'getinfo pid' /bye \
	    2>/dev/null | sed -n 's/^D //p')
	[ -z "$gpg_agent_pid" ] || started_pids+=("$gpg_agent_pid")
	for content in small large; do
		ok "gpgsm signs $content" gpgsm_as_alice -u alice@example.org \
		    --output m.ber --sign $content
		ok "... we read" reads m.ber $content
		ok "gpgsm signs $content, detached" gpgsm_as_alice \
		    -u alice@example.org --output m.p7s --detach-sign $content
		ok "... we read" reads_detached m.p7s $content
		ok "gpgsm signs $content, armored" gpgsm_as_alice --armor \
		    -u alice@example.org --output m.pem --sign $content
		ok "... we read" reads m.pem $content
		for who in alice bob; do
			ok "we sign $content, $who" "$drive" sign -f detached \
			    -k $who.key,$who.crt -o m.p7s $content
			ok "... gpgsm reads" gpgsm --batch --verify m.p7s \
			    $content
			ok "... opaque" "$drive" sign -f ber \
			    -k $who.key,$who.crt -o m.ber $content
			ok "... gpgsm reads" gpgsm --batch --yes --output got \
			    --verify m.ber
		done
		ok "gpgsm encrypts $content" gpgsm --batch --yes \
		    --output m.ber -r alice@example.org --encrypt $content
		ok "... we open it" opens m.ber $content
		ok "we encrypt $content" "$drive" encrypt -e aes256-cbc \
		    -f ber -r alice.crt -o m.ber $content
		ok "... gpgsm opens it" gpgsm_as_alice --output got \
		    --decrypt m.ber
		ok "... the same" cmp got $content
	done
	gpgconf --kill gpg-agent >/dev/null 2>&1
fi

# --- certtool ---------------------------------------------------------------

if have_tool certtool "certtool reads and is read"; then
	for who in alice bob dave; do
		ok "certtool signs, $who" certtool --p7-sign --p7-time \
		    --load-privkey $who.key --load-certificate $who.crt \
		    --infile large --outfile m.pem
		ok "... we read" reads m.pem large
		ok "certtool signs detached, $who" certtool \
		    --p7-detached-sign --p7-time --load-privkey $who.key \
		    --load-certificate $who.crt --infile small \
		    --outfile m.pem
		ok "... we read" reads_detached m.pem small
		ok "we sign, $who" "$drive" sign -k $who.key,$who.crt \
		    -o m.der large
		ok "... certtool reads" certtool --p7-verify --inder \
		    --load-ca-certificate ca.crt --infile m.der
		ok "we sign detached, $who" "$drive" sign -f detached \
		    -k $who.key,$who.crt -o m.der large
		ok "... certtool reads" certtool --p7-verify --inder \
		    --load-ca-certificate ca.crt --load-data large \
		    --infile m.der
	done
fi

# --- NSS --------------------------------------------------------------------

nss_setup() {
	mkdir nss &&
	    certutil -N -d sql:nss --empty-password &&
	    certutil -A -d sql:nss -n ca -t CT,C,C -i ca.crt &&
	    openssl pkcs12 -export -in alice.crt -inkey alice.key \
		-name alice -out alice.nss.p12 -passout pass:x &&
	    pk12util -d sql:nss -i alice.nss.p12 -W x -K '' &&
	    certutil -A -d sql:nss -n bob -t ,, -i bob.crt
}

if have_tool cmsutil "NSS reads and is read"; then
	ok "NSS has Alice's key" nss_setup
	for content in small large; do
		ok "NSS signs $content" cmsutil -S -d sql:nss -N alice -G \
		    -i $content -o m.ber
		ok "... we read" reads m.ber $content
		ok "NSS signs $content, detached" cmsutil -S -T -G \
		    -d sql:nss -N alice -i $content -o m.p7s
		ok "... we read" reads_detached m.p7s $content
		for who in alice bob; do
			for form in der ber; do
				ok "we sign $content, $form, $who" "$drive" \
				    sign -f $form -k $who.key,$who.crt \
				    -o m.der $content
				ok "... NSS reads" cmsutil -D -d sql:nss \
				    -i m.der -o got
				ok "... the same" cmp got $content
			done
			ok "we sign $content, detached, $who" "$drive" sign \
			    -f detached -k $who.key,$who.crt -o m.p7s $content
			ok "... NSS reads" cmsutil -D -d sql:nss -c $content \
			    -i m.p7s -o got
		done
		ok "NSS encrypts $content" cmsutil -E -d sql:nss \
		    -r alice@example.org -i $content -o m.ber
		# 3DES, which NSS takes for recipients it knows nothing of
		ok "... we open it" "$drive" decrypt -l \
		    -k alice.key,alice.crt -o got m.ber
		ok "... the same" cmp got $content
		ok "we encrypt $content" "$drive" encrypt -e aes256-cbc \
		    -r alice.crt -o m.der $content
		ok "... NSS opens it" cmsutil -D -d sql:nss -i m.der -o got
		ok "... the same" cmp got $content
	done
fi

# --- the schema -------------------------------------------------------------

check_schema() {
	python3 - "$CS_SRCDIR/doc/verdict.schema.json" "$1" <<'END'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
count = 0
for line in open(sys.argv[2]):
    validator.validate(json.loads(line))
    count += 1
print(count)
sys.exit(0 if count > 0 else 1)
END
}

if python3 -c 'import jsonschema' 2>/dev/null; then
	ok "every verdict keeps to the schema" check_schema verdicts
	sed -n '1s/"summary":"[a-z]*"/"summary":"wonderful"/p' verdicts >wrong
	not_ok "... and a wrong one does not" check_schema wrong
	sed -n '1s/"sid":/"said":/p' verdicts >wrong
	not_ok "... nor one with another name" check_schema wrong
else
	skip tool "every verdict keeps to the schema" "python3-jsonschema"
fi
done_testing
