#!/bin/bash
# signatures.sh: signers added, countersignatures, time stamps and CAdES, from
# the command line; openssl is the judge of what it can judge.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/tsa.sh
. "$CS_SRCDIR/tests/system/tsa.sh"
fixtures "$tmp/fixture" --preset mix
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
cd "$tmp" || exit 99
sed "s/^From:.*/From: <rsa2048@example.org>/" "$CS_SRCDIR/doc/sample.eml" \
    >mail.eml
head -c 100000 /dev/urandom >data
tsa_make "$tmp"
web_start "$tmp"

verify() { "$CARDSEAL" verify -q --anchor "$ca" --revocation off "$@"; }
json() { # FILTER FILE [OPTION...]: what python finds in the verdict
	local filter=$1
	shift
	"$CARDSEAL" verify --json --anchor "$ca" --revocation off "$@" |
		python3 -c "import json, sys
v = json.load(sys.stdin)
s = v['layers'][0]['signers']
print($filter)"
}
# intact FILE: all signers are good but for the address, which is not From's
intact() {
	[ "$(json 'all(x[f]["state"] == "good" for y in s
    for x in [y, *y["countersigners"]] for f in ("integrity", "chain"))' \
	    "$@")" = True ]
}
openssl_verify() { # FILE [OPTION...]
	openssl cms -verify -binary -CAfile "$ca" -out got "$@"
}
schema_is_kept() { # FILE [OPTION...]
	"$CARDSEAL" verify --json --anchor "$ca" --anchor tsa-ca.pem "$@" >j
	python3 - "$CS_SRCDIR/doc/verdict.schema.json" j <<'END'
import json, sys, jsonschema
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(
    json.load(open(sys.argv[2])))
END
}

# --- several signers -------------------------------------------------------
exits 0 "three signers" "$CARDSEAL" sign -q -k rsa2048@example.org \
    -k p384@example.org -k ed25519@example.org -o three.eml mail.eml
ok "all are good" intact three.eml
is "all are told" "$(json 'len(s)' three.eml)" 3
exits 0 "three signers, opaque" "$CARDSEAL" sign -q -f cms --opaque --der \
    -k p256@example.org -k p521@example.org -o two.der data
ok "all are good" verify -o got two.der
ok "the content is there" cmp got data
ok "openssl agrees" openssl_verify -inform DER -in two.der
# one bad signer
python3 - <<'END'
b = bytearray(open("two.der", "rb").read())
b[-5] ^= 1
open("bad.der", "wb").write(b)
END
exits 1 "one bad signature, bad message" verify bad.der

# --- what a signer can read ------------------------------------------------
exits 0 "a mail by a key that only signs" "$CARDSEAL" sign -q \
    -k sign@example.org -o sign.eml mail.eml
like "says what it can read" "$(json 's[0]["capabilities"]' sign.eml)" \
    "aes256-gcm.*aes256-cbc"
is "a file does not" "$(json 's[0]["capabilities"]' two.der)" "[]"
ok "openssl reads it" openssl cms -verify -in sign.eml -CAfile "$ca" -out got
is "CAdES B-B" "$(json 's[0]["profile"]' sign.eml)" "CAdES B-B"
ok "and openssl finds it so" openssl cms -verify -cades -in sign.eml \
    -CAfile "$ca" -out got
openssl cms -sign -cades -signer "$FIXTURE_DIR/certs/file.pem" \
    -inkey "$FIXTURE_DIR/keys/file.pem" -certfile \
    "$FIXTURE_DIR/intermediate.pem" -in mail.eml -out theirs.eml \
    2>openssl.log || true
[ ! -s theirs.eml ] || is "openssl's -cades is B-B" \
    "$(json 's[0]["profile"]' theirs.eml)" "CAdES B-B"

# --- add-signer ------------------------------------------------------------
"$CARDSEAL" sign -q -k rsa2048@example.org -o one.eml mail.eml
exits 0 "a signer more, multipart/signed" "$CARDSEAL" add-signer -q \
    -k p384@example.org -o more.eml one.eml
ok "both are good" intact more.eml
is "both are told" "$(json 'len(s)' more.eml)" 2
like "micalg has both" "$(cat more.eml)" 'micalg="sha-256,sha-384"|micalg="sha-384,sha-256"'
ok "openssl agrees" openssl cms -verify -in more.eml -CAfile "$ca" -out got
verify -o one.txt one.eml
verify -o more.txt more.eml
ok "the content is the same" cmp one.txt more.txt
sed 's/\r$//' one.eml >one-lf.eml
exits 0 "a mail with LF alone" "$CARDSEAL" add-signer -q \
    -k p384@example.org -o more.eml one-lf.eml
ok "both are good" intact more.eml
exits 0 "from a pipe to a pipe" bash -c \
    "$CARDSEAL add-signer -q -k p384@example.org <one.eml >more.eml"
ok "both are good" intact more.eml
"$CARDSEAL" sign -q --opaque -k rsa2048@example.org -o opaque.eml mail.eml
exits 0 "an opaque mail" "$CARDSEAL" add-signer -q -k p256@example.org \
    -o more.eml opaque.eml
ok "both are good" intact more.eml
is "both are told" "$(json 'len(s)' more.eml)" 2
exits 0 "a file, from a pipe" bash -c \
    "cat two.der | $CARDSEAL add-signer -q -k ed25519@example.org >more.der"
ok "all are good" verify -o got more.der
ok "the content is there" cmp got data
is "three are told" "$(json 'len(s)' more.der)" 3
"$CARDSEAL" sign -q -f cms --armor -k rsa2048@example.org -o det.pem data
exits 0 "detached, PEM" "$CARDSEAL" add-signer -q -k p521@example.org \
    --content data -o more.pem det.pem
like "PEM stays PEM" "$(head -n 1 more.pem)" "^-----BEGIN CMS-----"
ok "both are good" verify --content data more.pem
is "both are told" "$(json 'len(s)' --content data more.pem)" 2
exits 2 "detached, without its content" "$CARDSEAL" add-signer -q \
    -k p521@example.org -o none det.pem
exits 1 "nothing is added to what is bad" "$CARDSEAL" add-signer -q \
    -k p521@example.org --content mail.eml -o none det.pem
exits 1 "nor to what is not signed" "$CARDSEAL" add-signer -q \
    -k p521@example.org -o none mail.eml
exits 2 "a mail needs no content" "$CARDSEAL" add-signer -q \
    -k p521@example.org --content data -o none one.eml
exits 2 "not both from standard input" "$CARDSEAL" add-signer -q \
    -k p521@example.org --content - -
exits 4 "no such key" "$CARDSEAL" add-signer -q -k nobody@example.org \
    -o none one.eml
exits 7 "no message" "$CARDSEAL" add-signer -q -k p521@example.org -o none data
not_ok "nothing was written" test -e none

# --- countersign -----------------------------------------------------------
exits 0 "countersigned, multipart/signed" "$CARDSEAL" countersign -q \
    -k p256@example.org -o counter.eml three.eml
ok "it is good" intact counter.eml
is "on each signature" \
    "$(json '[len(x["countersigners"]) for x in s]' counter.eml)" "[1, 1, 1]"
is "and good" \
    "$(json 's[2]["countersigners"][0]["integrity"]["state"]' counter.eml)" good
ok "openssl passes it over" openssl cms -verify -in more.eml -CAfile "$ca" \
    -out got
exits 0 "countersigned twice" "$CARDSEAL" countersign -q \
    -k p384@example.org -k ed25519@example.org -o twice.eml counter.eml
is "three on each" \
    "$(json '[len(x["countersigners"]) for x in s]' twice.eml)" "[3, 3, 3]"
ok "all good" intact twice.eml
exits 0 "opaque" "$CARDSEAL" countersign -q -k p256@example.org \
    -o counter.der two.der
ok "it is good" verify -o got counter.der
ok "the content is there" cmp got data
exits 6 "by one who is not trusted" "$CARDSEAL" verify -q --anchor tsa-ca.pem \
    counter.der
like "the text names countersigners" \
    "$("$CARDSEAL" verify -v --anchor "$ca" counter.der 2>&1)" "countersigner:"
ok "the schema has it" schema_is_kept counter.eml
ok "a signer more beside countersignatures" "$CARDSEAL" add-signer -q \
    -k p521@example.org -o more.eml counter.eml
is "they stay" "$(json 'sorted(len(x["countersigners"]) for x in s)' \
    more.eml)" "[0, 1, 1, 1]"
ok "all good" intact more.eml

# --- time stamps -----------------------------------------------------------
exits 0 "a stamped mail" "$CARDSEAL" sign -q -k rsa2048@example.org \
    --timestamp-url "$web/tsa" -o stamped.eml mail.eml
ok "it is good" verify stamped.eml
is "without an anchor the stamp proves nothing" \
    "$(json 's[0]["time_stamps"][0]["state"]' stamped.eml)" unknown
is "and the profile is B-B" "$(json 's[0]["profile"]' stamped.eml)" "CAdES B-B"
is "with one it is good" "$(json 's[0]["time_stamps"][0]["state"]' \
    --anchor tsa-ca.pem stamped.eml)" good
is "and the profile is B-T" "$(json 's[0]["profile"]' --anchor tsa-ca.pem \
    stamped.eml)" "CAdES B-T"
is "its policy" "$(json 's[0]["time_stamps"][0]["policy"]' stamped.eml)" \
    "1.3.6.1.4.1.32473.1.2"
ok "openssl reads it" openssl cms -verify -cades -in stamped.eml \
    -CAfile "$ca" -out got
ok "the schema has it" schema_is_kept stamped.eml
# the authority's certificate (serial number 77) is revoked
touch tsa/index
printf 'R\t%s\t%s\t4D\tunknown\t/CN=Stamp Authority\n' 770101000000Z \
    "$(date -u +%y%m%d%H%M%SZ)" >tsa/index
printf '[ca]\ndefault_ca = c\n[c]\ndatabase = tsa/index\n%s\n' \
    'default_md = sha256' >crl.cnf
ok "its authority revokes it" openssl ca -config crl.cnf -gencrl -crldays 30 \
    -keyfile tsa/ca.key -cert tsa/ca.pem -out tsa.crl
revoked=(--anchor "$ca" --anchor tsa-ca.pem --crl tsa.crl)
"$CARDSEAL" verify --json "${revoked[@]}" stamped.eml >j
is "a stamp by a revoked authority proves nothing" "$(python3 -c 'import json
stamp = json.load(open("j"))["layers"][0]["signers"][0]["time_stamps"][0]
print(stamp["state"], stamp["code"])')" "unknown REVOKED"
exits 6 "nor any time" "$CARDSEAL" verify -q "${revoked[@]}" \
    --time 2050-01-01 stamped.eml
later=(--time 2050-01-01)
exits 6 "an expired certificate" verify "${later[@]}" one.eml
exits 6 "a stamp of nobody known does not help" verify "${later[@]}" stamped.eml
exits 0 "one that is trusted does" verify "${later[@]}" --anchor tsa-ca.pem \
    stamped.eml
exits 0 "stamped, a file" "$CARDSEAL" sign -q -f cms -k p384@example.org \
    -k p256@example.org --timestamp-url "$web/tsa" -o stamped.der data
is "each signature" "$(json '[len(x["time_stamps"]) for x in s]' \
    --content data stamped.der)" "[1, 1]"
exits 0 "stamped, a signer more" "$CARDSEAL" add-signer -q \
    -k p384@example.org --timestamp-url "$web/tsa" -o more.eml one.eml
is "the new one alone" "$(json 'sorted(len(x["time_stamps"]) for x in s)' \
    more.eml)" "[0, 1]"
exits 9 "no authority there" "$CARDSEAL" sign -q -k rsa2048@example.org \
    --timestamp-url "http://127.0.0.1:1/" -o none mail.eml
like "the message says so" "$(cat err)" "no time stamp: .*127.0.0.1:1"
exits 9 "one that says no" "$CARDSEAL" sign -q -k rsa2048@example.org \
    --timestamp-url "$web/status/503" -o none mail.eml
exits 7 "no answer of a time stamp" "$CARDSEAL" sign -q \
    -k rsa2048@example.org --timestamp-url "$web/echo" -o none mail.eml
exits 2 "a URL that is none" "$CARDSEAL" sign -q -k rsa2048@example.org \
    --timestamp-url file:///etc/hostname -o none mail.eml
not_ok "nothing was written" test -e none
# a certificate for other things, too
tsa_make "$tmp/wide" timeStamping,emailProtection
web_start "$tmp/wide"
"$CARDSEAL" sign -q -k rsa2048@example.org --timestamp-url "$web/tsa" \
    -o wide.eml mail.eml
[ ! -e wide.eml ] || is "a stamp by a certificate for other things, too" \
    "$(json 's[0]["time_stamps"][0]["state"]' --anchor wide/tsa-ca.pem \
    wide.eml)" bad

# --- certificates alone ------------------------------------------------------
exits 0 "certificates alone" "$CARDSEAL" sign -q --certs-only -f cms \
    -k p256@example.org -k rsa2048@example.org -o certs.p7c
ok "openssl reads them" openssl pkcs7 -inform DER -in certs.p7c -print_certs \
    -out got
is "both and their chain" "$(grep -c BEGIN got)" 3
exits 1 "they are no signature" verify certs.p7c
like "and it says so" "$("$CARDSEAL" verify certs.p7c 2>&1)" "has no signature"
exits 0 "as PEM" "$CARDSEAL" sign -q --certs-only -f cms --armor \
    -k p256@example.org -o certs.pem
exits 0 "as a mail" "$CARDSEAL" sign -q --certs-only -k p256@example.org \
    -k rsa2048@example.org -o certs.eml
like "it says what it is" "$(tr -d '\r' <certs.eml)" \
    'pkcs7-mime; smime-type=certs-only;.*name="smime.p7c"'
exits 1 "it is no signature" verify certs.eml
ok "openssl reads it" bash -c "sed '1,/^.\?\$/d' certs.eml | openssl base64 -d |
    openssl pkcs7 -inform DER -print_certs -out got"
is "both and their chain" "$(grep -c BEGIN got)" 3
exits 0 "it is imported" "$CARDSEAL" certs import certs.eml
like "all of it" "$("$CARDSEAL" certs list)" "p256@example.org"
not_ok "a signed mail is not" "$CARDSEAL" certs import one.eml
not_ok "nor any other" "$CARDSEAL" certs import mail.eml
exits 0 "they help to find paths" "$CARDSEAL" verify -q --anchor "$ca" \
    --intermediate certs.p7c --revocation off two.der

# --- what others sign with ---------------------------------------------------
# peer_cert NAME: for NAME.key, by the stamp authority's CA
peer_cert() {
	openssl req -new -key "$1.key" -subj "/CN=$1" -config tsa/tsa.cnf \
	    -out "$1.csr"
	openssl x509 -req -in "$1.csr" -CA tsa/ca.pem -CAkey tsa/ca.key \
	    -set_serial "0x$(openssl rand -hex 8)" -days 100 -extfile peer.cnf \
	    -out "$1.crt"
}
theirs() { # NAME DIGEST
	openssl cms -sign -binary -nodetach -outform DER -md "$2" \
	    -signer "$1.crt" -inkey "$1.key" -in data -out theirs.der
}
echo "keyUsage = critical,digitalSignature" >peer.cnf
{
	openssl genpkey -genparam -algorithm DSA \
	    -pkeyopt dsa_paramgen_bits:2048 -pkeyopt dsa_paramgen_q_bits:256 \
	    -out dsa.param
	openssl genpkey -paramfile dsa.param -out dsa.key
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
	peer_cert dsa
	peer_cert rsa
} >openssl.log 2>&1 || diag openssl.log
peer=(--anchor tsa-ca.pem --revocation off)
for digest in sha256 sha512 sha3-256 sha3-384 sha3-512; do
	ok "openssl signs, $digest" theirs rsa $digest
	exits 0 "... good" "$CARDSEAL" verify -q "${peer[@]}" -o got theirs.der
	ok "... the same" cmp got data
done
ok "openssl signs, DSA" theirs dsa sha256
exits 6 "... weak" "$CARDSEAL" verify -q "${peer[@]}" theirs.der
like "... by its name" "$(cat err)" "dsa"
exits 0 "... good with --legacy" "$CARDSEAL" verify -q --legacy "${peer[@]}" \
    theirs.der
ok "openssl signs, SHA-1" theirs rsa sha1
exits 6 "... weak" "$CARDSEAL" verify -q "${peer[@]}" theirs.der
like "... by its name" "$(cat err)" "sha1"
exits 0 "... good with --legacy" "$CARDSEAL" verify -q --legacy "${peer[@]}" \
    theirs.der
ok "openssl signs, MD5" theirs rsa md5
exits 1 "... refused" "$CARDSEAL" verify -q --legacy "${peer[@]}" theirs.der
like "... by its name" "$(cat err)" "md5"

# --- CRLs inside -----------------------------------------------------------
exits 6 "no CRL is known" "$CARDSEAL" verify -q --anchor "$ca" \
    --revocation hard two.der
python3 - "$FIXTURE_DIR/crl.pem" <<'END'
import base64, re, sys


def tlv(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else \
        bytes([0x80 | (n.bit_length() + 7) // 8]) + \
        n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + body


def parts(b):
    at = 0
    while at < len(b):
        n, head = b[at + 1], 2
        if n & 0x80:
            head += n & 0x7f
            n = int.from_bytes(b[at + 2:at + head], "big")
        yield b[at], b[at + head:at + head + n], b[at:at + head + n]
        at += head + n


crls = b"".join(base64.b64decode(x) for x in re.findall(
    "BEGIN X509 CRL-----(.*?)-----END", open(sys.argv[1]).read(), re.S))
whole = list(parts(open("two.der", "rb").read()))[0][1]
oid, content = [x for x in parts(whole)]
data = list(parts(list(parts(content[1]))[0][1]))
body = b"".join(x[2] for x in data[:-1]) + tlv(0xa1, crls) + data[-1][2]
open("crls.der", "wb").write(
    tlv(0x30, oid[2] + tlv(0xa0, tlv(0x30, body))))
END
exits 0 "those in the message are used" "$CARDSEAL" verify -q --anchor "$ca" \
    --revocation hard crls.der
exits 0 "and stay when a signer is added" "$CARDSEAL" add-signer -q \
    -k ed25519@example.org -o more.der crls.der
exits 0 "for all signers" "$CARDSEAL" verify -q --anchor "$ca" \
    --revocation hard more.der
done_testing
