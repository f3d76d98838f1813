#!/bin/bash
# certs.sh: the store of correspondents' certificates, which of them is
# encrypted to, and many messages judged in one process.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" \
    --identity name=signer,key=p256,email=signer@example.org,store=file \
    --identity name=old,key=p256,email=bob@example.org,store=file,validity=20200101-20490101 \
    --identity name=new,key=rsa2048,email=bob@EXAMPLE.org,store=file,validity=20240101-20490101 \
    --identity name=expired,key=rsa2048,email=bob@example.org,store=file,validity=expired \
    --identity name=revoked,key=rsa2048,email=carol@example.org,store=file,revoked=yes \
    --identity name=signs,key=rsa2048,email=dave@example.org,store=file,usage=sign
certs=$FIXTURE_DIR/certs
trust=(--anchor "$FIXTURE_DIR/ca.pem" --intermediate "$FIXTURE_DIR/intermediate.pem"
    --crl "$FIXTURE_DIR/crl.pem")
sha() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'; }

# --- the store -------------------------------------------------------------
exits 0 "an empty store is no error" "$CARDSEAL" certs list
is "nothing is listed" "$(cat "$tmp/out")" ""
[ -e "$XDG_DATA_HOME/cardseal" ]
is "listing makes no store" $? 1
cat "$certs"/{old,new,expired,revoked,signs}.pem >"$tmp/all.pem"
exits 0 "import a file of several" "$CARDSEAL" certs import "$tmp/all.pem"
is "five were new" "$(cat "$tmp/err")" "5 certificates added"
exits 0 "import again" "$CARDSEAL" certs import "$tmp/all.pem"
is "none is new" "$(cat "$tmp/err")" "0 certificates added"
exits 0 "standard input" "$CARDSEAL" certs import - <"$certs/new.pem"
exits 74 "a file that is not there" "$CARDSEAL" certs import "$tmp/none"
is "only the owner may read it" \
    "$(stat -c %a "$XDG_DATA_HOME/cardseal" "$XDG_DATA_HOME/cardseal/certificates.db" | tr '\n' ' ')" \
    "700 600 "
is "all are listed" "$("$CARDSEAL" certs list | wc -l)" 5
is "by address, without regard to the domain's case" \
    "$("$CARDSEAL" certs show --json bob@Example.ORG | grep -c '"sha256"')" 3
exits 0 "by fingerprint" "$CARDSEAL" certs show "$(sha "$certs/revoked.pem")"
like "it is shown" "$(cat "$tmp/out")" "carol@example.org"
ok "export" bash -c '"$0" certs export "$1" | openssl x509 -outform DER |
    cmp - <(openssl x509 -in "$2" -outform DER)' "$CARDSEAL" \
    "$(sha "$certs/signs.pem")" "$certs/signs.pem"
exits 4 "one that is not there" "$CARDSEAL" certs show eve@example.org
like "it says so" "$(cat "$tmp/err")" 'eve@example.org'
exits 2 "show what?" "$CARDSEAL" certs show

# --- whom to encrypt to ----------------------------------------------------
exits 0 "find" "$CARDSEAL" certs find "${trust[@]}" bob@example.org
like "the newest that is valid" "$(cat "$tmp/out")" \
    "$(sha "$certs/new.pem" | tr -d : | tr A-F a-f)"
exits 4 "a revoked one is refused" \
    "$CARDSEAL" certs find "${trust[@]}" carol@example.org
like "for being revoked" "$(cat "$tmp/err")" "revoked"
exits 4 "one that may only sign" \
    "$CARDSEAL" certs find "${trust[@]}" dave@example.org
exits 4 "another local part" \
    "$CARDSEAL" certs find "${trust[@]}" Bob@example.org
echo hello >"$tmp/data"
ok "encrypt takes it" "$CARDSEAL" encrypt -q -f cms "${trust[@]}" \
    -r bob@example.org -o "$tmp/m" "$tmp/data"
ok "openssl opens it" openssl cms -decrypt -inform DER -in "$tmp/m" \
    -recip "$certs/new.pem" -inkey "$FIXTURE_DIR/keys/new.pem" \
    -out "$tmp/got"
ok "the same" cmp "$tmp/data" "$tmp/got"
exits 4 "every recipient without is named" "$CARDSEAL" encrypt -f cms \
    "${trust[@]}" -r bob@example.org -r carol@example.org \
    -r eve@example.org -o "$tmp/none" "$tmp/data"
like "carol" "$(cat "$tmp/err")" "carol@example.org"
like "eve" "$(cat "$tmp/err")" "eve@example.org"
[ -e "$tmp/none" ]
is "and nothing is written" $? 1
exits 0 "imported, and no anchors at all" "$CARDSEAL" encrypt -f cms \
    -r bob@example.org -o "$tmp/m" "$tmp/data"
like "a warning says so" "$(cat "$tmp/err")" "because it was imported"

exits 0 "remove" "$CARDSEAL" certs remove "$(sha "$certs/new.pem")"
exits 0 "find the next" "$CARDSEAL" certs find "${trust[@]}" bob@example.org
like "the older one" "$(cat "$tmp/out")" \
    "$(sha "$certs/old.pem" | tr -d : | tr A-F a-f)"

# --- several at once, and killed -------------------------------------------
pids=()
for i in 1 2 3 4; do
	"$CARDSEAL" certs import -q "$tmp/all.pem" & pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
is "four at once" $failed 0
is "nothing is there twice" "$("$CARDSEAL" certs list | wc -l)" 5
good=0
for i in $(seq 20); do
	"$CARDSEAL" certs remove -q bob@example.org 2>/dev/null
	"$CARDSEAL" certs import -q "$tmp/all.pem" & pid=$!
	sleep "0.00$((RANDOM % 10))"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	# all three of bob's are there, or none
	n=$("$CARDSEAL" certs list | wc -l)
	case $n in 2 | 5) good=$((good + 1)) ;; *) echo "# $n" ;; esac
done
is "killed 20 times, it is whole" $good 20
echo 'no database' >"$XDG_DATA_HOME/cardseal/certificates.db"
exits 74 "a store that is broken" "$CARDSEAL" certs list
like "it is named" "$(cat "$tmp/err")" "store"
rm "$XDG_DATA_HOME/cardseal/certificates.db"

# --- trust anchors ---------------------------------------------------------
openssl crl2pkcs7 -nocrl -certfile "$FIXTURE_DIR/ca.pem" -outform DER \
    -out "$tmp/bundle.p7b"
hash=$(sha256sum <"$tmp/bundle.p7b" | cut -d' ' -f1)
own=$XDG_CONFIG_HOME/cardseal/anchors.pem
exits 2 "a bundle without its hash" "$CARDSEAL" setup anchors "$tmp/bundle.p7b"
like "the hash is shown" "$(cat "$tmp/err")" "$hash"
exits 8 "another hash" "$CARDSEAL" setup anchors --sha256 "${hash/?/x}" \
    "$tmp/bundle.p7b"
[ -e "$own" ]
is "nothing was installed" $? 1
exits 0 "the right one" "$CARDSEAL" setup anchors --sha256 "${hash^^}" \
    "$tmp/bundle.p7b"
is "one was added" "$(cat "$tmp/err")" "1 trust anchor added"
exits 0 "again" "$CARDSEAL" setup anchors --sha256 "$hash" "$tmp/bundle.p7b"
is "none was added" "$(cat "$tmp/err")" "0 trust anchors added"
exits 0 "it is trusted" "$CARDSEAL" certs verify --revocation off \
    --intermediate "$FIXTURE_DIR/intermediate.pem" "$certs/signer.pem"
rm "$own"

# --- many messages ---------------------------------------------------------
printf 'From: signer@example.org\r\nSubject: x\r\n\r\nhello\r\n' >"$tmp/plain"
for i in 1 2 3; do
	openssl cms -sign -in "$CS_SRCDIR/doc/sample.eml" -text -md sha256 \
	    -signer "$certs/signer.pem" -inkey "$FIXTURE_DIR/keys/signer.pem" \
	    -certfile "$FIXTURE_DIR/intermediate.pem" \
	    -from signer@example.org -subject "$i" -out "$tmp/$i.eml"
done
printf '%s\n' "$tmp/1.eml" "$tmp/2.eml" "$tmp/1.eml" >"$tmp/names"
exits 0 "all are good" "$CARDSEAL" verify --batch "${trust[@]}" <"$tmp/names"
is "a line each" "$(wc -l <"$tmp/out")" 3
is "verified" "$(grep -c '"summary": *"verified"' "$tmp/out")" 3
printf '%s\n' "$tmp/1.eml" "$tmp/plain" "$tmp/none" "$tmp/3.eml" >"$tmp/names"
exits 1 "the first that is not counts" \
    "$CARDSEAL" verify --batch "${trust[@]}" <"$tmp/names"
is "a line each, still" "$(wc -l <"$tmp/out")" 4
# shellcheck disable=SC2016
ok "each is JSON with its status" python3 -c '
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert [l["exit_status"] for l in lines] == [0, 1, 74, 0], lines
assert lines[2]["verdict"] is None and lines[2]["error"]
assert lines[3]["verdict"]["summary"] == "verified"' "$tmp/out"
exits 6 "paths are kept, and lists count" "$CARDSEAL" verify --batch \
    --anchor "$certs/old.pem" <<<"$tmp/1.eml"
exits 2 "no IN beside it" "$CARDSEAL" verify --batch "$tmp/1.eml"
done_testing
