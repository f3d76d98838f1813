#!/bin/bash
# p12.sh: escrowed keys, from PKCS #12 files onto a token; then they open old
# mail.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --identity name=alice,key=p256,email=alice@example.org \
    --identity name=old,key=rsa2048,email=alice@example.org,usage=encrypt,store=file,validity=20200101-20240101 \
    --identity name=older,key=p384,email=alice@example.org,usage=encrypt,store=file,validity=20180101-20200101 \
    --identity name=plain,key=rsa2048,store=file
token="Cardseal test"
keys=$FIXTURE_DIR/keys certs=$FIXTURE_DIR/certs
pinentry_answers yes "pin $FIXTURE_PIN" yes
agent_start
printf 'secret\n' >"$tmp/password"
printf 'wrong\n' >"$tmp/wrong"
echo 'what was written then' >"$tmp/data"

p12() { # OUT NAME ARGUMENT...
	local out=$1 name=$2
	shift 2
	openssl pkcs12 -export -inkey "$keys/$name.pem" -in "$certs/$name.pem" \
	    -name "$name key" -passout file:"$tmp/password" -out "$out" "$@"
}
objects() { # CLASS
	pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
	    --token-label "$token" -O --type "$1" 2>/dev/null |
		grep -c " Object"
}
import() { # without a terminal, whoever runs this
	setsid -w "$CARDSEAL" keys import --token "$token" "$@"
}
typing() { # LINE... -- ARGUMENT...: the same at a terminal
	local lines=()
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	python3 "$CS_SRCDIR/tests/system/terminal.py" "${lines[@]}" -- \
	    "$CARDSEAL" keys import --token "$token" "$@"
}

# --- what cannot be done ---------------------------------------------------
ok "a file of 1999" p12 "$tmp/old.p12" old -legacy \
    -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1
ok "a file of today" p12 "$tmp/older.p12" older
ok "a file without a key" openssl pkcs12 -export -nokeys \
    -in "$certs/old.pem" -passout file:"$tmp/password" -out "$tmp/none.p12"
exits 2 "import what?" import
exits 74 "a file that is not there" import "$tmp/nothing.p12"
exits 1 "without its password" import "$tmp/old.p12"
like "says how" "$(cat "$tmp/err")" 'password-file'
exits 1 "a wrong password" import --password-file "$tmp/wrong" "$tmp/old.p12"
like "says so" "$(cat "$tmp/err")" "password is not the file's"
exits 7 "no key inside" import --password-file "$tmp/password" "$tmp/none.p12"
like "says so" "$(cat "$tmp/err")" 'no private key'
exits 7 "no such file at all" import "$tmp/data"
head -c 500 "$tmp/older.p12" >"$tmp/cut.p12"
exits 7 "one that was cut" \
    import --password-file "$tmp/password" "$tmp/cut.p12"
head -c 4194305 /dev/zero | tr '\0' '0' >"$tmp/long.p12"
exits 7 "one that is too long" import "$tmp/long.p12"
like "says so" "$(cat "$tmp/err")" 'over its limit'
# RFC 7292 4: the MAC's number of rounds is the last thing in the file.
ok "one that takes for ever" python3 - "$tmp/older.p12" "$tmp/slow.p12" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
assert data[:2] == b"\x30\x82" and data[-4:] == b"\x02\x02\x08\x00"
mac = data.rindex(b"\x30\x31\x30\x0d") - 2
assert data[mac] == 0x30 and mac + 2 + data[mac + 1] == len(data)
data[-4:] = b"\x02\x04\x7f\xff\xff\xff"
data[mac + 1] += 2
data[2:4] = (len(data) - 4).to_bytes(2, "big")
open(sys.argv[2], "wb").write(data)
END
exits 7 "is given up" import --password-file "$tmp/password" "$tmp/slow.p12"
like "says why" "$(cat "$tmp/err")" 'seconds'
ok "a key on a curve that no token of ours has" openssl req -x509 -nodes \
    -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -subj /CN=x \
    -keyout "$tmp/curve.key" -out "$tmp/curve.pem"
ok "in a file" openssl pkcs12 -export -inkey "$tmp/curve.key" \
    -in "$tmp/curve.pem" -passout file:"$tmp/password" -out "$tmp/curve.p12"
exits 1 "is refused" import --password-file "$tmp/password" "$tmp/curve.p12"
like "says why" "$(cat "$tmp/err")" 'not known|neither RSA nor EC'
exits 1 "three wrong ones at a terminal" \
    typing a b c -- "$tmp/old.p12"
is "it asked three times" "$(grep -o 'Password of' "$tmp/out" | wc -l)" 3
exits 5 "no answer at a terminal" typing -- "$tmp/old.p12"
exits 4 "a token that is not there" "$CARDSEAL" keys import --token nowhere \
    --password-file "$tmp/password" "$tmp/old.p12"
is "nobody was asked for any of it" \
    "$(grep -c '^CONFIRM\|^GETPIN' "$tmp/pinentry.d/log" 2>/dev/null)" ""
pinentry_answers no
exits 8 "without the person's word" \
    import --password-file "$tmp/password" "$tmp/old.p12"
pinentry_answers yes cancel
exits 5 "without the PIN" \
    import --password-file "$tmp/password" "$tmp/old.p12"
is "nothing is on the token" "$(objects privkey) $(objects cert)" "1 1"

# --- what is ---------------------------------------------------------------
pinentry_answers yes "pin $FIXTURE_PIN" yes
pinentry_forget
exits 0 "import" import --password-file "$tmp/password" "$tmp/old.p12"
is "tells the key" "$(cat "$tmp/out")" "$(fixture_field old 6)"
is "and nothing else" "$(cat "$tmp/err")" ""
like "a person was asked" "$(pinentry_descriptions)" \
    'Puts a private key there: "old key".*cardseal-p12'
exits 0 "from standard input" import --password-file "$tmp/password" \
    - <"$tmp/older.p12"
is "both are there" "$(objects privkey) $(objects pubkey) $(objects cert)" \
    "3 3 3"
pkcs11-tool --module "$FIXTURE_MODULE" --login --pin "$FIXTURE_PIN" \
    --token-label "$token" -O >"$tmp/objects" 2>&1
is "with the file's name, key and certificate" \
    "$(grep -c 'label: *old key' "$tmp/objects")" 3
is "cannot be taken out" \
    "$(awk '/^[A-Z]/ { is_key = /^Private Key.*RSA/ }
	is_key && /Access:.*sensitive/' "$tmp/objects" | wc -l)" 1
exits 0 "they are listed" "$CARDSEAL" keys
like "with their certificates" "$(cat "$tmp/out")" \
    "$(openssl x509 -in "$certs/old.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//' | tr -d : | tr A-F a-f)"
for name in old older; do
	ok "$name: a mail of old" openssl cms -encrypt -binary -aes-256-cbc \
	    -in "$tmp/data" -outform DER -out "$tmp/$name.cms" \
	    "$certs/$name.pem"
	exits 0 "$name: is opened" "$CARDSEAL" decrypt -q -o "$tmp/opened" \
	    "$tmp/$name.cms"
	ok "$name: and is what was written" cmp "$tmp/data" "$tmp/opened"
done

# --- a process that ends in the middle ---------------------------------------
mkdir "$tmp/crash"
printf '#!/bin/sh\n"%s/cardseal-p12" "$@"\nkill -KILL $$\n' \
    "$CARDSEAL_LIBEXECDIR" >"$tmp/crash/cardseal-p12"
chmod +x "$tmp/crash/cardseal-p12"
exits 9 "what it told need not be all" \
    env CARDSEAL_LIBEXECDIR="$tmp/crash" setsid -w "$CARDSEAL" keys import \
    --token "$token" --password-file "$tmp/password" "$tmp/old.p12"
like "this is said" "$(cat "$tmp/err")" 'ended before it had told all'
like "beside what it told" "$(cat "$tmp/out")" "$(fixture_field old 6)"

# --- once more -------------------------------------------------------------
exits 0 "import once more, with what is typed" \
    typing wrong secret -- "$tmp/old.p12"
like "as it asks" "$(cat "$tmp/out")" \
    'Password of .*old.p12: .*That is not its password.*Password of'
unlike "unseen" "$(cat "$tmp/out")" 'wrong|secret'
exits 0 "and once more" import --password-file "$tmp/password" \
    "$tmp/old.p12"
like "it is there already" "$(cat "$tmp/err")" 'the token had it'
is "nothing was added" "$(objects privkey) $(objects cert)" "3 3"
ok "a file without a password" openssl pkcs12 -export -passout pass: \
    -inkey "$keys/plain.pem" -in "$certs/plain.pem" -out "$tmp/plain.p12"
exits 0 "is imported" import "$tmp/plain.p12"
is "and is there" "$(objects privkey)" 4

# --- many at once ----------------------------------------------------------
if have_tool certtool "several keys in a file"; then
	comment=$(printf 'long %.0s' {1..400})
	for i in {1..10}; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -subj "/CN=many $i" -addext "nsComment=$comment" \
		    -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
		cat "$tmp/key" >>"$tmp/many.key"
		cat "$tmp/cert" >>"$tmp/many.pem"
	done
	ok "a file with ten keys" certtool --to-p12 --p12-name many \
	    --load-privkey "$tmp/many.key" --load-certificate "$tmp/many.pem" \
	    --password secret --outder --outfile "$tmp/many.p12"
	pinentry_answers yes yes
	pinentry_forget
	exits 0 "is imported" import --password-file "$tmp/password" \
	    "$tmp/many.p12"
	is "all of them" "$(sort -u "$tmp/out" | wc -l)" 10
	is "in two steps" "$(pinentry_descriptions |
		grep -c 'write to the token')" 2
	is "with their certificates" "$(objects privkey) $(objects cert)" \
	    "14 14"
fi
is "the file is what it was" "$(openssl pkcs12 -in "$tmp/plain.p12" -nokeys \
    -passin pass: 2>/dev/null | grep -c BEGIN)" 1
done_testing
