#!/bin/bash
# pkcs11.sh: cardseal-pkcs11.so in the hands of programs that know PKCS#11:
# OpenSC's tool, GnuTLS, NSS and ssh. One PIN, asked by the agent, is enough
# for all of them.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
module=$CS_BUILDDIR/.libs/cardseal-pkcs11.so
fixtures "$tmp/fixture" --preset mix
pinentry_answers "pin $FIXTURE_PIN"
printf 'what is signed\n' >"$tmp/data"

p11() { # ARGUMENT...
	timeout 60 pkcs11-tool --module "$module" "$@"
}

# --- before there is an agent ----------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/agent.sock
exits 0 "without an agent: slots are listed" p11 -L
like "they are empty" "$(cat "$tmp/out")" '\(empty\)'
unlike "no token is there" "$(cat "$tmp/out")" 'token label'

agent_start

# --- what is there ---------------------------------------------------------
exits 0 "slots" p11 -L
like "the token" "$(cat "$tmp/out")" 'Cardseal mix'
like "the agent asks for the PIN" "$(cat "$tmp/out")" 'PIN pad present'
exits 0 "objects" p11 -O
like "certificates without a login" "$(cat "$tmp/out")" 'Certificate Object'
unlike "no private keys without one" "$(cat "$tmp/out")" 'Private Key'
is "nobody was asked" "$(pinentry_count)" ""
exits 0 "objects, logged in" p11 --login -O
for name in rsa2048 p256 ed25519; do
	like "private key $name" "$(cat "$tmp/out")" "Private Key.*$name"
done
is "the PIN was asked for once" "$(pinentry_count)" 1
exits 0 "the certificate" p11 --read-object --type cert \
    --id "$(fixture_field rsa2048 4)" -o "$tmp/got.der"
ok "is the certificate" cmp "$tmp/got.der" \
    <(openssl x509 -in "$FIXTURE_DIR/certs/rsa2048.pem" -outform DER)

# --- signatures ------------------------------------------------------------
sign() { # NAME MECHANISM ARGUMENT...
	local name=$1 mechanism=$2
	shift 2
	rm -f "$tmp/sig"
	ok "$name: $mechanism" p11 --login --sign \
	    --id "$(fixture_field "$name" 4)" --mechanism "$mechanism" \
	    -i "${input:-$tmp/data}" -o "$tmp/sig" "$@"
}

verify() { # NAME DIGEST ARGUMENT...
	local name=$1 digest=$2
	shift 2
	openssl dgst "-$digest" -verify "$FIXTURE_DIR/pub/$name.pem" "$@" \
	    -signature "$tmp/sig" "$tmp/data"
}

for name in rsa2048 rsa3072; do
	for hash in 1 256 384 512; do
		sign $name SHA$hash-RSA-PKCS
		ok "$name: openssl agrees" verify $name sha$hash
	done
	for hash in 256 384 512; do
		sign $name SHA$hash-RSA-PKCS-PSS
		ok "$name: openssl agrees" verify $name sha$hash \
		    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
	done
done
# A DigestInfo made by the program.
{
	printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01'
	printf '\x05\x00\x04\x20'
	openssl dgst -sha256 -binary "$tmp/data"
} >"$tmp/digest-info"
input=$tmp/digest-info sign rsa2048 RSA-PKCS
ok "openssl agrees" verify rsa2048 sha256
openssl dgst -sha256 -binary "$tmp/data" >"$tmp/digest"
input=$tmp/digest sign rsa2048 RSA-PKCS-PSS --hash-algorithm SHA256
ok "openssl agrees" verify rsa2048 sha256 -sigopt rsa_padding_mode:pss
for name in p256 p384 p521; do
	input=$tmp/digest sign $name ECDSA --signature-format openssl
	ok "$name: openssl agrees" verify $name sha256
	for hash in 1 256 384 512; do
		sign $name ECDSA-SHA$hash --signature-format openssl
		ok "$name: openssl agrees" verify $name sha$hash
	done
done
# What is neither a digest nor a DigestInfo is for the policy to allow.
not_ok "anything else under RSA-PKCS" p11 --login --sign \
    --id "$(fixture_field rsa2048 4)" --mechanism RSA-PKCS \
    -i "$tmp/data" -o "$tmp/sig"
is "one PIN for all of it" "$(pinentry_count)" 1

# --- the agent and the token come and go -----------------------------------
agent_stop
exits 0 "the agent is gone: slots" p11 -L
unlike "no token" "$(cat "$tmp/out")" 'token label'
agent_start
sign rsa2048 SHA256-RSA-PKCS
ok "with the next agent" verify rsa2048 sha256
is "which asked anew" "$(pinentry_count)" 2
pinentry_answers cancel
"$CARDSEAL" lock -q
not_ok "a cancelled prompt" p11 --login --sign \
    --id "$(fixture_field rsa2048 4)" --mechanism SHA256-RSA-PKCS \
    -i "$tmp/data" -o "$tmp/sig"
pinentry_answers "pin $FIXTURE_PIN"

# --- other programs --------------------------------------------------------
if have_tool ssh-keygen "ssh"; then
	exits 0 "ssh lists the keys" ssh-keygen -D "$module"
	want=$(ssh-keygen -i -m PKCS8 -f "$FIXTURE_DIR/pub/rsa2048.pem")
	like "they are the keys" "$(cat "$tmp/out")" "${want//+/\\+}"
fi
if have_tool certutil "NSS"; then
	mkdir "$tmp/nss"
	ok "NSS: a database" certutil -N -d "$tmp/nss" --empty-password
	# shellcheck disable=SC2016
	ok "NSS: the module" bash -c 'echo | modutil -dbdir "$1" -force \
	    -add cardseal -libfile "$2"' - "$tmp/nss" "$module"
	certutil -A -d "$tmp/nss" -n root -t CT,CT,CT -a \
	    -i "$FIXTURE_DIR/ca.pem"
	for pem in "$FIXTURE_DIR"/ca/*.pem; do
		[ "$pem" = "$FIXTURE_DIR/ca/root.pem" ] || certutil -A -d "$tmp/nss" -n "${pem##*/}" -t ,, -a -i "$pem"
	done
	exits 0 "NSS: certificates" certutil -L -d "$tmp/nss" \
	    -h "Cardseal mix"
	like "NSS has the token's" "$(cat "$tmp/out")" 'Cardseal mix:rsa2048'
	for name in rsa2048 p256; do
		rm -f "$tmp/sig"
		ok "NSS: a signature with $name" timeout 60 cmsutil -S \
		    -d "$tmp/nss" -N "Cardseal mix:$name" -G -H SHA256 -T \
		    -i "$tmp/data" -o "$tmp/sig"
		ok "NSS: openssl agrees" openssl cms -verify -inform DER \
		    -in "$tmp/sig" -content "$tmp/data" -binary \
		    -CAfile "$FIXTURE_DIR/ca.pem" \
		    -certfile "$FIXTURE_DIR/intermediate.pem" -out /dev/null
	done
fi

# --- ECDH, with and without a KDF ---------------------------------------------
agent_stop
printf '[rule raw]\nfor = raw\nraw = yes\n' >"$tmp/raw.ini"
agent_start --config "$tmp/raw.ini"
hex() {
	od -An -v -tx1 | tr -d ' \n'
}
openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/eph.pem"
point=$(openssl ec -in "$tmp/eph.pem" -pubout -outform DER 2>/dev/null |
	tail -c 65 | hex)
secret=$(openssl pkeyutl -derive -inkey "$tmp/eph.pem" \
	-peerkey "$FIXTURE_DIR/pub/p256.pem" | hex)
derive() { # KDF [NAME=VALUE...]
	timeout 60 "$CS_SRCDIR/tests/system/p11_derive.py" "$module" \
	    id="$(fixture_field p256 4)" point="$point" kdf="$1" "${@:2}"
}
is "ECDH" "$(derive 1)" "$secret"
is "its last octets" "$(derive 1 length=16)" "${secret:32}"
is "the point in an OCTET STRING" "$(derive 1 point="0441$point")" "$secret"
x963() { # HASH LENGTH [INFO]
	openssl kdf -keylen "$2" -kdfopt "digest:$1" \
	    -kdfopt "hexkey:$secret" ${3:+-kdfopt "hexinfo:$3"} \
	    -binary X963KDF | hex
}
kdf=1
for hash in "" SHA1 "" "" SHA224 SHA256 SHA384 SHA512; do
	[ -n "$hash" ] && for shared in "" 000102030405; do
		is "X9.63 with $hash, info '$shared'" \
		    "$(derive $kdf shared="$shared" length=80)" \
		    "$(x963 "$hash" 80 "$shared")"
	done
	kdf=$((kdf + 1))
done
# CKR_MECHANISM_PARAM_INVALID, CKR_TEMPLATE_INCOMPLETE, _INCONSISTENT
is "info without a KDF" "$(derive 1 shared=00)" "CKR_ 0x71"
for kdf in 0 3 4 9 1000000; do
	is "no such KDF: $kdf" "$(derive $kdf length=32)" "CKR_ 0x71"
done
is "a KDF, and no length" "$(derive 6)" "CKR_ 0xd0"
is "none at all" "$(derive 6 length=0)" "CKR_ 0xd1"
is "too many" "$(derive 6 length=40000)" "CKR_ 0xd1"
is "more than there are, without a KDF" "$(derive 1 length=33)" "CKR_ 0xd1"

# --- and a key that is unwrapped with what comes of it ------------------------
wrapped=$(printf 'a key of twenty-four now' | openssl enc -id-aes256-wrap \
	-K "$(x963 SHA256 32)" -iv A6A6A6A6A6A6A6A6 | hex)
unwrapped() { # [NAME=VALUE...]
	derive 6 length=32 type=31 wrapped="$wrapped" "$@"
}
is "AES key wrap" "$(unwrapped)" "$(printf 'a key of twenty-four now' | hex)"
is "its length is told" "$(unwrapped unwrapped_length=24)" "$(unwrapped)"
# CKR_WRAPPED_KEY_INVALID, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
# _HANDLE_INVALID, CKR_MECHANISM_INVALID, CKR_TEMPLATE_INCONSISTENT
is "changed" "$(unwrapped wrapped="00${wrapped:2}")" "CKR_ 0x110"
is "cut" "$(unwrapped wrapped="${wrapped:2}")" "CKR_ 0x110"
is "by another key" "$(unwrapped shared=00)" "CKR_ 0x110"
is "by no AES key" "$(unwrapped type=16)" "CKR_ 0xf2"
is "by a private key" "$(unwrapped kdf=none)" "CKR_ 0xf0"
is "by another mechanism" "$(unwrapped mechanism=4229)" "CKR_ 0x70"
is "another length" "$(unwrapped unwrapped_length=32)" "CKR_ 0xd1"
done_testing
