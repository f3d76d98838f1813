#!/bin/bash
# Recipients of every kind from the command line: passwords, keys, OAEP, curves,
# rewrap; compressed content; what is changed on the way.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/token" --token Mail --pin 246810 \
    --identity name=rsa,key=rsa2048,email=rsa@example.org,usage=encrypt \
    --identity name=p256,key=p256,email=p256@example.org,usage=encrypt
certs=$FIXTURE_DIR/certs
cd "$tmp" || exit 99
head -c 200000 /dev/urandom >data
echo secret >pw
printf 'hush\r\n' >pw2
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >kek
head -c 16 /dev/urandom >kek2
: >nothing
enc() {
	"$CARDSEAL" encrypt -q -f cms "$@"
}

opens() { # DESCRIPTION FILE OPTION...
	local what=$1 file=$2
	shift 2
	rm -f got
	exits 0 "$what" "$CARDSEAL" decrypt -q -o got "$@" "$file"
	ok "$what: the same" cmp got data
}

# --- without any agent --------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/nobody
for c in aes256-cbc aes256-gcm chacha20-poly1305; do
	exits 0 "$c: to passwords and keys" enc -c $c --password-file pw \
	    --password-file pw2 --kek-file kek --kek-file kek2 -o m data
	opens "$c: the first password" m --password-file pw
	opens "$c: the second password" m --password-file pw2
	opens "$c: the first key" m --kek-file kek
	opens "$c: the second key" m --kek-file kek2
done
exits 1 "a wrong password" "$CARDSEAL" decrypt --password-file kek -o got m
like "is said to be one" "$(cat err)" 'password does not open'
exits 2 "an empty password" enc --password-file nothing -o x data
exits 74 "a password file that is not there" enc --password-file no -o x data
exits 2 "a key of a wrong length" enc --kek-file pw -o x data
exits 2 "a name of a key that is no hex" enc --kek-file kek --kek-id xyz \
    -o x data
exits 0 "a key with a name" enc --kek-file kek --kek-id 0a0b -o m data
opens "by that name" m --kek-file kek --kek-id 0a0b
exits 4 "and not by another" "$CARDSEAL" decrypt --kek-file kek \
    --kek-id 0c -o got m
exits 2 "OAEP's parameters alone" enc -R "$certs/rsa.pem" --oaep-digest sha1 \
    -o x data
exits 2 "no such key agreement" enc -R "$certs/p256.pem" --key-agreement dh \
    -o x data

# read opens with what decrypt opens with, and asks no agent.
printf '%s\n' 'From: a@example.org' 'To: b@example.org' \
    'MIME-Version: 1.0' 'Content-Type: text/plain' '' 'hello' >mail
printf '%s\r\n' 'Content-Type: text/plain' '' 'hello' >entity
exits 0 "a mail to a password and a key" "$CARDSEAL" encrypt -q \
    -c aes256-gcm --password-file pw --kek-file kek --kek-id 0a -o m mail
for how in "--password-file pw" "--kek-file kek" "--kek-file kek --kek-id 0a"
do
	rm -f got
	# shellcheck disable=SC2086
	exits 0 "read $how" "$CARDSEAL" read -q $how -o got m
	ok "it is what was in it" cmp entity got
done
exits 1 "read with a wrong password" "$CARDSEAL" read --password-file kek m
exits 1 "read with another key" "$CARDSEAL" read --kek-file kek2 m
exits 3 "read without any asks the agent" "$CARDSEAL" read m

# EncryptedData, whose key is the content's own
ok "openssl makes EncryptedData" openssl cms -EncryptedData_encrypt -binary \
    -in data -outform DER -out m -aes256 -secretkey "$(cat kek)"
opens "we open it" m --kek-file kek
exits 4 "not without its key" "$CARDSEAL" decrypt --kek-file kek2 -o got m
ok "openssl makes DigestedData" openssl cms -digest_create -binary -in data \
    -outform DER -out m -md sha256
opens "we check it" m --kek-file kek
python3 - <<'END'
d = bytearray(open("m", "rb").read())
d[1000] ^= 1
open("bad", "wb").write(d)
END
rm -f got
exits 1 "changed, it is bad" "$CARDSEAL" decrypt --kek-file kek -o got bad
ok "and nothing comes out" test ! -e got
exits 1 "it is not signed" "$CARDSEAL" verify m

# --- compressed ---------------------------------------------------------------
seq 100000 >text
mv data data.random
cp text data
for c in aes128-cbc aes256-gcm; do
	exits 0 "$c, compressed" enc --compress -c $c --password-file pw -o m data
	ok "it is shorter" test "$(stat -c %s m)" -lt 400000
	opens "opened as it was" m --password-file pw
	# shellcheck disable=SC2016
	ok "from a pipe to a pipe" bash -o pipefail -c '
	    cat data | "$0" encrypt -q -f cms --compress -c '$c' \
		--password-file pw | "$0" decrypt -q --password-file pw |
	    cmp - data' "$CARDSEAL"
done
# Content types are authenticated attributes: the tag covers them.
python3 - <<'END'
d = bytearray(open("m", "rb").read())
at = d.rindex(bytes.fromhex("060b2a864886f70d0109100109"))
d[at + 12] ^= 1
open("bad", "wb").write(d)
END
rm -f got
exits 1 "an attribute is changed" "$CARDSEAL" decrypt --password-file pw \
    -o got bad
ok "nothing comes out" test ! -e got
# shellcheck disable=SC2016
exits 1 "nor to a pipe" bash -o pipefail -c \
    'cat bad | "$0" decrypt --password-file pw | cat' "$CARDSEAL"
is "not an octet" "$(stat -c %s out)" 0
ok "a bomb" bash -c 'head -c 40000000 /dev/zero |
    "$0" encrypt -q -f cms --compress --password-file pw -o m' "$CARDSEAL"
rm -f got
exits 7 "is refused" "$CARDSEAL" decrypt --password-file pw -o got m
ok "and leaves nothing" test ! -e got
mv data.random data

# --- with a token -------------------------------------------------------------
pinentry_answers "pin $FIXTURE_PIN"
agent_start
exits 0 "to an EC and an RSA key" enc -c aes256-gcm -R "$certs/p256.pem" \
    -R "$certs/rsa.pem" --oaep -o m data
opens "opened by one of them" m
opens "by the EC key" m -k p256@example.org
opens "by the RSA key" m -k rsa@example.org
exits 4 "by a key that is not here" "$CARDSEAL" decrypt -k nobody@example.org \
    -o got m

# --- rewrap -------------------------------------------------------------------
exits 0 "encrypt to RSA" enc -c aes256-gcm -R "$certs/rsa.pem" -o m data
exits 0 "rewrap adds a password and an EC key" "$CARDSEAL" rewrap -q \
    --password-file pw -R "$certs/p256.pem" -o m2 m
opens "the password" m2 --password-file pw
opens "the RSA key" m2 -k rsa@example.org
opens "the EC key" m2 -k p256@example.org
is "the content is the same" "$(tail -c 200000 m | sha256sum)" \
    "$(tail -c 200000 m2 | sha256sum)"
exits 0 "rewrap by password" "$CARDSEAL" rewrap -q --open-password-file pw \
    --kek-file kek -o m3 m2
opens "the key" m3 --kek-file kek
# shellcheck disable=SC2016
ok "from a pipe to a pipe" bash -o pipefail -c '
    cat data | "$0" encrypt -q -f cms -R "$1" |
    "$0" rewrap -q --password-file pw | "$0" decrypt -q --password-file pw |
    cmp - data' "$CARDSEAL" "$certs/rsa.pem"
exits 0 "in PEM" enc --armor -R "$certs/rsa.pem" -o m data
exits 0 "rewrapped" "$CARDSEAL" rewrap -q --password-file pw -o m2 m
like "stays PEM" "$(head -c 19 m2)" '-----BEGIN CMS-----'
opens "and opens" m2 --password-file pw
exits 0 "a mail" "$CARDSEAL" encrypt -q -R "$certs/rsa.pem" -o m.eml \
    "$CS_SRCDIR/doc/sample.eml"
exits 0 "rewrapped" "$CARDSEAL" rewrap -q --password-file pw -o m2.eml m.eml
is "keeps its headers" "$(sed '/^\r*$/q' m.eml | sort)" \
    "$(sed '/^\r*$/q' m2.eml | sort)"
ok "opened before" "$CARDSEAL" decrypt -q -o 1.eml m.eml
ok "opened after" "$CARDSEAL" decrypt -q --password-file pw -o 2.eml m2.eml
ok "they are the same" cmp 1.eml 2.eml
python3 - <<'END'
d = bytearray(open("m3", "rb").read())
d[-30] ^= 1
open("bad", "wb").write(d)
END
rm -f m2
exits 1 "what was changed gets no recipients" "$CARDSEAL" rewrap \
    --password-file pw -o m2 bad
ok "and nothing is written" test ! -e m2
exits 2 "no recipients to add" "$CARDSEAL" rewrap -o m2 m
exits 0 "a compressed mail" "$CARDSEAL" encrypt -q --compress \
    -R "$certs/rsa.pem" -o m.eml "$CS_SRCDIR/doc/sample.eml"
ok "is opened" "$CARDSEAL" decrypt -q -o 2.eml m.eml
like "has a compressed entity in it" "$(cat 2.eml)" 'compressed-data'
ok "which is opened, too" "$CARDSEAL" decrypt -q -o 3.eml 2.eml
like "and has the text" "$(cat 3.eml)" 'Content-Type: text/plain|multipart'
ok "the agent is well" agent_answers
done_testing
