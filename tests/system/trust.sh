#!/bin/bash
# trust.sh: revocation by OCSP, as openssl's responder tells it, and what is
# fetched from a web server.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/pki.sh
. "${CS_SRCDIR:-.}/tests/system/pki.sh"
# shellcheck source=tests/system/tsa.sh
. "${CS_SRCDIR:-.}/tests/system/tsa.sh"

mkdir "$tmp/pki"
web_start "$tmp/pki"
pki_make "$tmp/pki" "$web"
judge() { # CERT ARGUMENT...
	local cert=$1
	shift
	"$CARDSEAL" certs verify --anchor "$pki/root.pem" \
	    --intermediate "$pki/int.pem" --crl "$pki/root.crl" \
	    --revocation hard "$@" "$pki/$cert.pem"
}

# --- answers in files ------------------------------------------------------
pki_ocsp signer int "$tmp/good"
pki_ocsp signer responder "$tmp/by-responder"
pki_ocsp signer responder "$tmp/by-key" -resp_key_id
pki_ocsp signer responder "$tmp/no-certs" -resp_no_certs
pki_ocsp signer stranger "$tmp/by-stranger"
pki_ocsp revoked responder "$tmp/revoked"
pki_ocsp responder int "$tmp/unknown"
exits 6 "nothing is at hand" judge signer
like "offline is said" "$(cat "$tmp/err" "$tmp/out")" "not checked, offline"
exits 6 "nor where to get it" judge lonely
like "this is said" "$(cat "$tmp/err" "$tmp/out")" ": no CRL of its CA is at"
exits 0 "good, by the CA itself" judge signer --ocsp "$tmp/good"
exits 0 "by a responder" judge signer --ocsp "$tmp/by-responder"
exits 0 "by a responder, named by its key" judge signer --ocsp "$tmp/by-key"
exits 6 "by a responder that is not there" judge signer --ocsp "$tmp/no-certs"
exits 0 "by a responder that is known" judge signer --ocsp "$tmp/no-certs" \
    --intermediate "$pki/responder.pem"
exits 6 "by another CA's responder" judge signer --ocsp "$tmp/by-stranger"
like "this is told" "$(cat "$tmp/out" "$tmp/err")" "did not appoint"
exits 6 "revoked" judge revoked --ocsp "$tmp/revoked"
like "since when, and why" "$(cat "$tmp/out" "$tmp/err")" \
    "revoked since 2024-06-01 \(keyCompromise\)"
exits 6 "another certificate's answer" judge signer --ocsp "$tmp/revoked"
exits 6 "an answer after it was fresh" judge signer --ocsp "$tmp/good" \
    --crl "$pki/int.crl" --time 2040-01-01T00:00:00Z
exits 0 "JSON" judge signer --json --ocsp "$tmp/good"
ok "is as the schema says" python3 - "$tmp/out" "$CS_SRCDIR" <<'END'
import json
import sys
import jsonschema
got = json.load(open(sys.argv[1]))
jsonschema.validate(got, json.load(open(sys.argv[2] + "/doc/path.schema.json")))
steps = [s for s in got["steps"] if s["step"] == "ocsp"]
assert [s["certificate"] for s in steps] == [0], steps
assert steps[0]["code"] is None and "OCSP answer" in steps[0]["text"], steps
END
exits 74 "a file that is not there" judge signer --ocsp "$tmp/none"
exits 7 "a file that is no answer" judge signer --ocsp "$pki/int.crl"

# --- answers that a message carries (RFC 5940) -----------------------------
echo hello >"$tmp/text"
for who in signer revoked; do
	openssl cms -sign -binary -nodetach -in "$tmp/text" -outform DER \
	    -signer "$pki/$who.pem" -inkey "$pki/$who.key" -out "$tmp/$who.cms"
done
staple() { # CMS ANSWER OUT
	python3 "$CS_SRCDIR/tests/system/staple.py" "$@"
}
verify() {
	"$CARDSEAL" verify --anchor "$pki/root.pem" --json \
	    --intermediate "$pki/int.pem" --crl "$pki/root.crl" \
	    --revocation hard "$@"
}
staple "$tmp/signer.cms" "$tmp/by-responder" "$tmp/stapled"
staple "$tmp/revoked.cms" "$tmp/revoked" "$tmp/stapled-revoked"
exits 6 "a message without an answer" verify "$tmp/signer.cms"
exits 0 "with one" verify "$tmp/stapled"
exits 6 "with one that says revoked" verify "$tmp/stapled-revoked"
like "this is told" "$(cat "$tmp/out")" "revoked since 2024-06-01"
staple "$tmp/signer.cms" "$tmp/revoked" "$tmp/stapled-other"
exits 6 "with another certificate's" verify "$tmp/stapled-other"
staple "$tmp/signer.cms" "$pki/int.crl" "$tmp/stapled-odd"
exits 6 "with what is no answer" verify "$tmp/stapled-odd"

# --- from the network ------------------------------------------------------
conf=$XDG_CONFIG_HOME/cardseal/cardseal.conf
mkdir -p "$XDG_CONFIG_HOME/cardseal"
configure() { # LINE...: in [trust], with time for a machine that is busy
	printf '%s\n' '[trust]' 'fetch-seconds = 300' "$@" >"$conf"
}
configure
web_log() { python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$web/log"; }
asked() { web_log | grep -c -v '^/log$\|^$'; }
web_is() { printf '%s\n' "$@" >"$pki/map"; } # "PATH OTHER"...

is "nothing was asked for until now" "$(asked)" 0
[ -e "$cache" ]
is "there is no cache, either" $? 1
exits 0 "all that is missing is fetched" online signer
is "an issuer, an answer, and a list" "$(web_log | sort | grep -v '^/log$' |
    tr '\n' ' ')" " /file/int.der /file/root.crl /ocsp "
exits 0 "from the cache" online signer
is "without a question" "$(asked)" 3
is "only the owner may read it" "$(stat -c %a "$cache")" 600
exits 0 "offline, with what the cache has" \
    env http_proxy=http://127.0.0.1:1 "$CARDSEAL" certs verify \
    --anchor "$pki/root.pem" --fetch all --revocation hard "$pki/signer.pem"
exits 6 "without leave nothing comes, from the cache neither" \
    "$CARDSEAL" certs verify --anchor "$pki/root.pem" --revocation hard \
    --intermediate "$pki/int.pem" "$pki/signer.pem"
like "this is said" "$(told)" "not checked, offline"
exits 6 "revoked, by OCSP" online revoked
like "this is told" "$(told)" "revoked since 2024-06-01 \(keyCompromise\)"

rm "$cache"
exits 6 "public servers only" online signer --fetch public \
    --intermediate "$pki/int.pem"
like "this one is not" "$(told)" "address of this machine"
web_is "/ocsp /status/500"
exits 0 "the list, where the responder is out of order" online signer
exits 6 "revoked, by the list" online revoked
like "this is told" "$(told)" "revoked since 2024-06-01"
rm "$cache"
web_is "/ocsp /status/500" "/file/int.crl /to?$web/file/moved.crl"
cp "$pki/int.crl" "$pki/moved.crl"
exits 0 "a list that has moved" online signer
rm "$cache"
web_is "/file/int.der /file/int.p7c"
exits 0 "an issuer in a certs-only message" online signer
rm "$cache"
web_is "/file/delta.crl /status/404"
exits 0 "a complete list whose delta list is not there" online changing \
    --intermediate "$pki/int.pem"
rm "$cache"
web_is "/file/delta.crl /slow"
printf '[trust]\nfetch-seconds = 20\n' >"$conf"
exits 0 "or whose server says nothing" online changing \
    --intermediate "$pki/int.pem"
configure
web_is "/nothing /else"
exits 6 "the delta list says more than a complete one that is cached" \
    online changing --intermediate "$pki/int.pem"
like "this is told" "$(told)" "revoked since 2025-07-01"
exits 6 "from the cache" env http_proxy=http://127.0.0.1:1 "$CARDSEAL" \
    certs verify --anchor "$pki/root.pem" --intermediate "$pki/int.pem" \
    --fetch all --revocation hard "$pki/changing.pem"
like "as well" "$(told)" "revoked since 2025-07-01"
over_bridges() {
	"$CARDSEAL" certs verify --anchor "$pki/top.pem" --revocation off \
	    "$@" "$pki/bridged.pem"
}
exits 6 "a path over CAs that nobody has" over_bridges
exits 0 "they are found from the anchor downwards" over_bridges --fetch all -v
like "over all of them" "$(told)" "Bridge"

# --- what goes wrong -------------------------------------------------------
fails_by() { # WHAT REGEX MAP...
	local what=$1 regex=$2
	shift 2
	rm -f "$cache"
	web_is "$@"
	exits 6 "$what" online signer
	like "$what: told" "$(told)" "$regex"
	exits 0 "$what: soft" online signer --revocation soft
}
fails_by "no server is right" "status 404" \
    "/ocsp /none" "/file/int.crl /none"
exits 6 "told in the record, too" online signer --json
like "as in the summary" "$(told)" '"section":"6.3.3","code":"UNTRUSTED","text":"not checked, [^"]*status 404'
fails_by "a redirect to a file" "not checked" \
    "/ocsp /to?file:///etc/hostname" "/file/int.crl /to?file:///etc/hostname"
fails_by "an endless body" "not checked" \
    "/ocsp /endless" "/file/int.crl /none"
fails_by "what is no answer" "not checked" \
    "/ocsp /hello" "/file/int.crl /hello"
configure 'fetch-seconds = 1'
begun=$(date +%s)
fails_by "servers that hang" "not checked" "/ocsp /slow" "/file/int.crl /slow"
[ $(($(date +%s) - begun)) -lt 120 ]
is "nobody is waited for" $? 0
configure
pki_signs stranger
fails_by "an answer by a stranger" "did not appoint" "/file/int.crl /none"
python3 - "$cache" >"$tmp/cached" <<'END'
import sqlite3
import sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT url FROM fetched"):
    print(bytes(row[0]).decode())
END
like "what is genuine is kept" "$(cat "$tmp/cached")" "/file/root.crl"
is "and nothing else" "$(grep -c ocsp "$tmp/cached")" 0
pki_signs responder
exits 0 "so that the true one is asked for at once" online signer

# A genuine list of another CA, in the place of the one that was asked for.
rm "$cache"
web_is "/ocsp /none" "/file/int.crl /file/root.crl"
exits 6 "another CA's list does not tell" online signer
exits 0 "nor, if nobody insists" online signer --revocation soft
web_is "/ocsp /none"
exits 0 "the true one is asked for when it is there again" online signer
exits 6 "and says who is revoked" online revoked
python3 - "$cache" "$web/file/int.crl" "$pki/root.crl" <<'END'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
with open(sys.argv[3], "rb") as crl, db:
    assert db.execute("UPDATE fetched SET body = ? WHERE url = ?",
                      (crl.read(), sys.argv[2].encode())).rowcount == 1
END
exits 6 "whatever the cache has in its place" online revoked
like "revoked" "$(told)" "revoked since"
rm "$cache"

# --- stale and replayed ----------------------------------------------------
list() { # INDEX OUT LAST NEXT
	(cd "$pki" && pki_crl int "$1" "$2" \
	    -crl_lastupdate "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" \
	    -crl_nextupdate "$(date -u -d "$4" +%Y%m%d%H%M%SZ)") \
	    >"$pki/log" 2>&1 || diag "$pki/log"
}
grep -v /CN=Revoked "$pki/index" >"$pki/index-before"
list index-before before.crl '2 days ago' '7 days'
list index after.crl '1 day ago' '1 hour ago'
web_is "/ocsp /none" "/file/int.crl /file/after.crl"
exits 6 "a list that is stale revokes" online revoked
like "revokes" "$(told)" "revoked since"
exits 6 "and makes nobody good" online signer
like "stale" "$(told)" "stale since"
web_is "/ocsp /none" "/file/int.crl /file/before.crl"
exits 6 "an older list, replayed, takes nothing back" online revoked
like "still revoked" "$(told)" "revoked since"
exits 6 "again" online revoked
rm "$cache"
exits 0 "which it would, alone" online revoked
python3 - "$web/ocsp" "$pki" <<'END'
import subprocess
import sys
import urllib.request
url, pki = sys.argv[1:]
subprocess.run(["openssl", "ocsp", "-issuer", "int.pem", "-cert", "signer.pem",
                "-reqout", "nonce.ask"], cwd=pki, check=True)
with open(pki + "/nonce.ask", "rb") as ask:
    query = ask.read()
open(pki + "/map", "w").close()
with open(pki + "/replayed", "wb") as out:
    out.write(urllib.request.urlopen(urllib.request.Request(
        url, query, {"Content-Type": "application/ocsp-request"})).read())
END
fails_by "an answer replayed, with its nonce" "nonce" \
    "/ocsp /file/replayed" "/file/int.crl /none"

# --- several at once, messages, configuration ------------------------------
rm -f "$cache" "$pki/map"
for i in 1 2 3 4; do
	(online signer >/dev/null 2>&1; echo $? >"$tmp/status.$i") &
done
wait_until 300 test -s "$tmp/status.1" -a -s "$tmp/status.2" \
    -a -s "$tmp/status.3" -a -s "$tmp/status.4"
is "four at once" "$(cat "$tmp"/status.? | tr '\n' ' ')" "0 0 0 0 "
is "the cache is whole" "$(python3 - "$cache" <<'END'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
print(*db.execute("PRAGMA integrity_check").fetchone(),
      *db.execute("SELECT count(*) FROM fetched").fetchone())
END
)" "ok 3"
echo 'not a cache' >"$cache"
exits 0 "a broken cache is done without" online signer
rm "$cache"
exits 0 "a message" "$CARDSEAL" verify --anchor "$pki/root.pem" --fetch all \
    --revocation hard "$tmp/signer.cms"
exits 6 "one by who is revoked" "$CARDSEAL" verify --fetch all --anchor \
    "$pki/root.pem" "$tmp/revoked.cms"
exits 0 "soft and offline" "$CARDSEAL" verify --json \
    --anchor "$pki/root.pem" --intermediate "$pki/int.pem" "$tmp/signer.cms"
like "the verdict says so" "$(told)" "not checked, offline"
printf '%s\n' "$tmp/signer.cms" "$tmp/revoked.cms" "$tmp/signer.cms" >"$tmp/names"
"$CARDSEAL" verify --batch --anchor "$pki/root.pem" --fetch all \
    --revocation hard <"$tmp/names" >"$tmp/out" 2>"$tmp/err"
is "a batch" "$(sed 's/.*"exit_status":\([0-9]*\).*/\1/' "$tmp/out" |
    tr '\n' ' ')" "0 6 0 "
configure 'fetch = all'
exits 0 "as configured" "$CARDSEAL" verify --anchor "$pki/root.pem" \
    --revocation hard "$tmp/signer.cms"
exits 6 "the option counts more" "$CARDSEAL" verify --fetch off \
    --anchor "$pki/root.pem" --revocation hard "$tmp/signer.cms"
printf '[trust]\nfetch = maybe\n' >"$conf"
exits 2 "a value that is none" "$CARDSEAL" verify "$tmp/signer.cms"
like "file and line are told" "$(told)" "cardseal.conf, line 2: fetch = maybe"
printf '[trust]\nfetches = all\n' >"$conf"
exits 2 "a key that is none" "$CARDSEAL" verify "$tmp/signer.cms"
done_testing
