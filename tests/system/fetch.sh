#!/bin/bash
# cardseal-fetch against a web server on loopback: what it fetches, and every
# limit.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/ldap.sh
. "${CS_SRCDIR:-.}/tests/system/ldap.sh"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
tool=$CS_BUILDDIR/tests/system/fetch_tool
start_background python3 "$CS_SRCDIR/tests/system/web.py" "$tmp/port"
wait_until 20 test -e "$tmp/port" || { echo "Bail out! no server"; exit 99; }
web=http://127.0.0.1:$(cat "$tmp/port")

exits 0 "a page" "$tool" "$web/hello"
is "its body" "$(cat "$tmp/out")" "hello"
like "its status and type" "$(cat "$tmp/err")" "^OK 200 text/plain $web/hello"
exits 0 "two, from one process" "$tool" "$web/hello" "$web/hello"
is "both bodies" "$(cat "$tmp/out")" "hello
hello"
exits 1 "after a failure the next one is still served" "$tool" \
    "$web/status/500" "$web/hello"
is "with its body alone" "$(cat "$tmp/out")" "hello"
exits 0 "1 MiB" "$tool" -m 1048576 "$web/size/1048576"
is "all of it" "$(wc -c <"$tmp/out")" 1048576
exits 0 "a post" "$tool" -d query -T application/timestamp-query "$web/echo"
is "what was posted" "$(cat "$tmp/out")" query
like "with its type" "$(cat "$tmp/err")" " application/timestamp-query "
exits 0 "a post that is redirected stays one" "$tool" -d q -T a/b "$web/moved"
is "with its body" "$(cat "$tmp/out")" q
exits 0 "redirects" "$tool" -r 3 "$web/redirect/3"
like "end elsewhere" "$(cat "$tmp/err")" "^OK 200 text/plain $web/hello"

fails() {
	local code=$1 what=$2
	shift 2
	exits 1 "$what" "$tool" "$@"
	like "$what: $code" "$(cat "$tmp/err")" "^$code "
}
fails NETWORK "too many redirects" -r 2 "$web/redirect/3"
fails NETWORK "no redirects wanted" -r 0 "$web/redirect/1"
fails NETWORK "a redirect to a file" "$web/to?file:///etc/hostname"
fails NETWORK "a redirect to another protocol" "$web/to?ftp://127.0.0.1/"
fails NETWORK "a server that says no" "$web/status/404"
like "its status" "$(cat "$tmp/err")" "^NETWORK 404 "
is "a page for people is no body" "$(cat "$tmp/out")" ""
fails NETWORK "nobody listens" "http://127.0.0.1:1/"
fails ARGUMENT "a file" "file:///etc/hostname"
fails ARGUMENT "another protocol" "ftp://127.0.0.1/"
fails ARGUMENT "no URL" "hello"
fails ARGUMENT "a URL with a line end" "$web/hello"$'\r\n'"Host: x"
fails NETWORK "a URL with a password" "http://a:b@127.0.0.1:1/"
fails ARGUMENT "a header with a line end" -d x -T $'a/b\r\nX: y' "$web/echo"
fails TOO_LARGE "too large, as announced" -m 1000 "$web/size/1001"
is "and nothing of it" "$(wc -c <"$tmp/out")" 0
fails TOO_LARGE "without end" -m 300000 "$web/endless"
fails TIMEOUT "too slow" -t 300 "$web/slow"
fails REFUSED "loopback, where only public addresses will do" -p "$web/hello"

# --- LDAP ---
mkdir "$tmp/ldap"
printf 'first\0' >"$tmp/ldap/first"
printf 'second, \377' >"$tmp/ldap/second"
cat >"$tmp/ldap/entries" <<END
cn=a b,dc=test|cACertificate;binary|first
cn=a b,dc=test|cACertificate;binary|second
cn=a b,dc=test|description|first
cn=c,dc=test|certificateRevocationList;binary|second
END
echo "${web/http/ldap}/referred" >"$tmp/ldap/referral"
ldap_start "$tmp/ldap"
values() {
	python3 - "$tmp/out" <<'END'
import sys
with open(sys.argv[1], "rb") as body:
    octets = body.read()
while octets:
    assert octets[0] == 4 and octets[1] < 128
    print(octets[2:2 + octets[1]])
    octets = octets[2 + octets[1]:]
END
}
exits 0 "LDAP" "$tool" "$ldap/cn=a%20b,dc=test?cACertificate;binary"
is "each value of the attribute is an OCTET STRING" "$(values)" \
    "b'first\\x00'
b'second, \\xff'"
is "one search, for that entry" "$(cat "$tmp/ldap/log")" \
    "base cn=a b,dc=test (objectclass=*) cACertificate;binary"
exits 0 "over a filter" "$tool" \
    "$ldap/dc=test?CERTIFICATERevocationlist?sub?(certificaterevocationlist=*)"
is "the value of another entry" "$(values)" "b'second, \\xff'"
exits 0 "a bare server" "$tool" \
    "$ldap/?description?sub?(description=*)?x-unknown=1"
is "has it" "$(values)" "b'first\\x00'"
exits 0 "after a page, from one process" "$tool" "$web/hello" \
    "$ldap/cn=a%20b,dc=test?description"
fails NETWORK "no such entry" "$ldap/cn=d,dc=test?description"
fails NETWORK "no such attribute" "$ldap/cn=c,dc=test?description"
like "this is told" "$(cat "$tmp/err")" "no value of the attribute"
fails ARGUMENT "no server" "ldap:///cn=c,dc=test?description"
like "this is told" "$(cat "$tmp/err")" "names no server"
fails ARGUMENT "no attribute" "$ldap/cn=c,dc=test"
fails ARGUMENT "a critical extension" \
    "$ldap/cn=c,dc=test?a??(a=b)?!bindname=cn=x"
fails ARGUMENT "a post by LDAP" -d x "$ldap/cn=c,dc=test?description"
fails NETWORK "an LDAP URL with a password" \
    "${ldap/127/a:b@127}/cn=c,dc=test?description"
fails REFUSED "LDAP on loopback, where only public addresses will do" -p \
    "$ldap/cn=c,dc=test?certificateRevocationList"
fails TOO_LARGE "values that are too large" -m 10 \
    "$ldap/cn=a%20b,dc=test?cACertificate"
fails TOO_LARGE "entries without end" -m 300000 "$ldap/cn=endless?x"
fails TOO_LARGE "a long value" "$ldap/cn=long?x"
fails TIMEOUT "a server that says nothing" -t 300 "$ldap/cn=slow?x"
fails TIMEOUT "an octet in a second" -t 1300 "$ldap/cn=drip?x"
fails NETWORK "a message of 2 GiB" "$ldap/cn=huge?x"
exits 1 "a message of 512 MiB" "$tool" -t 30000 "$ldap/cn=giant?x"
like "is no answer" "$(cat "$tmp/err")" "^(NETWORK|NO_MEMORY) "
wait_until 20 test -s "$tmp/ldap/giant"
ok "there is no memory for it" test "$(cat "$tmp/ldap/giant")" -lt 64
fails NETWORK "no BER" "$ldap/cn=garbage?x"
fails NETWORK "nested BER" "$ldap/cn=nested?x"
fails NETWORK "half of an entry" "$ldap/cn=cut?x"
fails NETWORK "a value, and then a refusal" "$ldap/cn=denied?x"
fails NETWORK "another attribute" "$ldap/cn=other?x"
fails NETWORK "a referral" "$ldap/cn=referral?x"
fails NETWORK "a continuation" "$ldap/cn=continued?x"
is "neither is followed" "$(python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$web/log" |
    grep -c referred)" 0
exits 0 "a name with a line end does no harm" "$tool" \
    "$ldap/cn=injected?x" "$web/hello"
fails NETWORK "no LDAP server listens" "ldap://127.0.0.1:1/?x"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$tmp/tls.key" -out "$tmp/tls.pem" -subj "/CN=127.0.0.1" \
    -addext subjectAltName=IP:127.0.0.1 2>"$tmp/err"
LDAP_TLS=$tmp/tls ldap_start "$tmp/ldap"
fails NETWORK "a server that nobody vouches for" \
    "${ldap/ldap/ldaps}/cn=c,dc=test?certificateRevocationList"
like "this is told" "$(cat "$tmp/err")" "certificate"
# With authorities of its own for one command.
mkdir "$tmp/authorities"
cp "$tmp/tls.pem" "$tmp/authorities/ca-certificates.crt"
trusting() {
	# shellcheck disable=SC2016
	unshare -rm bash -c 'mount --bind "$0" /etc/ssl/certs && exec "$@"' \
	    "$tmp/authorities" "$@"
}
if trusting true 2>"$tmp/err"; then
	exits 0 "a server that the machine trusts" trusting "$tool" \
	    "${ldap/ldap/ldaps}/cn=c,dc=test?certificateRevocationList"
	is "its value" "$(values)" "b'second, \\xff'"
	exits 1 "trusted, by another name" trusting "$tool" \
	    "${ldap/ldap:\/\/127.0.0.1/ldaps://localhost}/cn=c,dc=test?x"
	like "this is told" "$(cat "$tmp/err")" "^NETWORK .*(name|certificate)"
else
	skip kernel "a server that the machine trusts" "user namespaces"
fi

# --- what it cannot do ---
fetch=$CS_BUILDDIR/client/fetch/cardseal-fetch
exits 0 "--version" "$fetch" --version
exits 2 "arguments" "$fetch" x
exits 70 "nonsense on its input" bash -c "echo hello | $fetch | cat; exit \${PIPESTATUS[1]}"
exits 0 "an end" bash -c "$fetch </dev/null | cat"

# It stays there while its input is open: what has the kernel of it?
mkfifo "$tmp/in"
start_background bash -c "exec $fetch <$tmp/in >/dev/null"
pid=$background_pid
exec 7>"$tmp/in"
confined() {
	grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" &&
		grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
}
ok "system calls are filtered" wait_until 10 confined
exec 7>&-
ok "it ends when nobody is there any more" wait_until 10 process_is_gone "$pid"
done_testing
