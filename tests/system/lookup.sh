#!/bin/bash
# lookup.sh: looking certificates up when everything is against it: settings that
# are no files of settings, names that nobody resolves, and heaps of certificates.
# What servers answer is find.sh's.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/ldap.sh
. "${CS_SRCDIR:-.}/tests/system/ldap.sh"
# shellcheck source=tests/system/dns.sh
. "${CS_SRCDIR:-.}/tests/system/dns.sh"

several=$(printf '+m%d@good.example' {1..12})
fixtures "$tmp/fixture" \
    --identity name=a,key=p256,email=a@good.example,store=file,usage=encrypt \
    --identity "name=m,key=p256,email=${several#+},store=file,usage=encrypt"
certs=$FIXTURE_DIR/certs
dir=$tmp/dir
mkdir -p "$dir" "$XDG_CONFIG_HOME/cardseal"
openssl x509 -in "$certs/a.pem" -outform DER -out "$dir/a"
openssl x509 -in "$certs/m.pem" -outform DER -out "$dir/m"
dns_start "$dir"
ldap_start "$dir"
conf=$XDG_CONFIG_HOME/cardseal/cardseal.conf
configure() { # SECONDS LINE...
	local seconds=$1
	shift
	printf '%s\n' '[trust]' "fetch-seconds = $seconds" '[lookup]' \
	    "dns-server = $dns" "dns-anchor = $dir/anchor" "$@" >"$conf"
}
look() { # ARGUMENT... ADDRESS
	timeout 120 "$CARDSEAL" certs find --lookup yes \
	    --anchor "$FIXTURE_DIR/ca.pem" \
	    --intermediate "$FIXTURE_DIR/intermediate.pem" --revocation off "$@"
}
told() { cat "$tmp/out" "$tmp/err"; }
sha() { openssl x509 -in "$1" -noout -fingerprint -sha256 |
    sed 's/.*=//' | tr -d : | tr A-F a-f; }

# --- settings that are none ------------------------------------------------
odd_fifo() { mkfifo "$1"; }
odd_folder() { mkdir "$1"; }
odd_zero() { ln -s /dev/zero "$1"; }
odd_circle() { ln -s "$1" "$1"; }
odd_huge() { truncate -s 1G "$1"; }
odd() { # HOW STATUS REGEX
	rm -rf "$conf"
	"odd_$1" "$conf"
	exits "$2" "cardseal.conf: $1" look a@good.example
	like "told" "$(told)" "cardseal\\.conf.*$3"
	rm -rf "$conf" "$dir/odd"
	"odd_$1" "$dir/odd"
	configure 300
	sed -i "s|^dns-anchor.*|dns-anchor = $dir/odd|" "$conf"
	exits "$2" "dns-anchor: $1" look a@good.example
	like "told" "$(told)" "/odd.*$3"
	rm -rf "$dir/odd"
}
printf 'a@good.example|3 0 0|a\n' >"$dir/records"
configure 300
exits 0 "a certificate in the DNS" look a@good.example
odd fifo 74 "no regular file"
odd folder 74 "no regular file"
odd zero 74 "no regular file"
odd circle 74 "Too many levels"
odd huge 7 "larger than"
: >"$dir/odd"
exits 2 "an empty file of anchors" look a@good.example
like "is not taken for none" "$(told)" "/odd has no DNSSEC trust anchor"

# --- what is no address -----------------------------------------------------
configure 60 "ldap = $ldap/dc=test"
rm -f "$dir/log"
for name in a@ nobody a@b@good.example "a b@good.example" a@good.example. \
    $'a\n@good.example' $'\xff@good.example'; do
	exits 4 "no address" look "$name"
	like "is told" "$(told)" "\(it is no address that can be looked up\)"
done
not_ok "nobody is asked about them" test -e "$dir/log"
printf '%s\n' "From: a@good.example" "To: <a.@good.example>, nobody@good.example" \
    "Subject: x" "" "hello" >"$tmp/mail"
exits 4 "nor in a header" "$CARDSEAL" encrypt --lookup yes -o "$tmp/m" "$tmp/mail"
like "where it is named" "$(told)" "a.@good.example \(it is no address that"
like "beside others" "$(told)" "nobody@good.example \(the DNS"
# what a directory has for somebody else says more than that the DNS has nothing
printf 'b@good.example' >"$dir/mail"
printf '%s\n' "cn=B,dc=test|mail|mail" \
    "cn=B,dc=test|userCertificate;binary|a" >"$dir/entries"
exits 4 "a certificate of somebody else" look b@good.example
like "is told" "$(told)" "is for another address"

# --- a directory that hangs, and another that has them all ---------------------
configure 10 "smimea = no" "ldap = $ldap/cn=slow" "ldap = $ldap/dc=test"
echo "cn=M,dc=test|userCertificate;binary|m" >"$dir/entries"
recipients=()
for i in {1..12}; do
	echo "cn=M,dc=test|mail|mail.$i" >>"$dir/entries"
	printf 'm%d@good.example' "$i" >"$dir/mail.$i"
	recipients+=(-r "m$i@good.example")
done
echo hello >"$tmp/data"
exits 0 "12 recipients: it is waited for once" "$CARDSEAL" encrypt -v \
    --lookup yes -f cms --anchor "$FIXTURE_DIR/ca.pem" --revocation off \
    --intermediate "$FIXTURE_DIR/intermediate.pem" "${recipients[@]}" \
    -o "$tmp/m" "$tmp/data"
is "and is told about" "$(grep -c 'cn=slow has not answered before' "$tmp/err")" 11

# --- a resolver that says nothing -------------------------------------------
# libcurl waits for its resolver's thread, unless it is told not to.
configure 2 "smimea = no" "ldap = ldap://one.example/dc=test" \
    "ldap = ldap://two.example/dc=test" "ldap = ldap://three.example/dc=test"
begun=$(date +%s)
exits 4 "names that hang" env \
    LD_PRELOAD="$CS_BUILDDIR/tests/system/.libs/resolver_shim.so" \
    "$CARDSEAL" encrypt --lookup yes -f cms -r a@good.example \
    -r b@good.example -r c@good.example -o "$tmp/m" "$tmp/data"
ok "take no more than the time for all" test $(($(date +%s) - begun)) -lt 8
like "each is named" "$(told)" "one.example.*did not answer within [0-9]+ ms"
like "the last, too" "$(told)" "c@good.example \(ldap://one.* not answered"
configure 2
exits 4 "a domain that hangs" "$CARDSEAL" encrypt --lookup yes -f cms \
    -r a@slow.example -r b@slow.example -o "$tmp/m" "$tmp/data"
like "leaves no time" "$(told)" "b@slow.example \(the time .* was over\)"

# --- heaps -------------------------------------------------------------------
python3 "$CS_SRCDIR/tests/system/heap_certs.py" "$dir" a@good.example
printf 'a@good.example' >"$dir/mail"
entries() { # FILE...: values of one entry
	echo "cn=A,dc=test|mail|mail"
	printf 'cn=A,dc=test|userSMIMECertificate|%s\n' "$@"
}
finds() { # FILE DESCRIPTION
	begun=$(date +%s)
	exits 0 "$2" look --anchor "$dir/heap-ca.pem" a@good.example
	like "$2: the one" "$(cat "$tmp/out")" \
	    "$(sha256sum "$dir/$1" | cut -d' ' -f1)"
	ok "$2: soon" test $(($(date +%s) - begun)) -lt 30
}
configure 60 "smimea = no" "ldap = $ldap/dc=test"
# shellcheck disable=SC2046
entries $(printf 'mine.%d ' {0..69}) good >"$dir/entries"
finds good "behind 70 that are newer, and nobody's"
entries own good >"$dir/entries"
finds good "behind 2,000 of them"
entries valid good >"$dir/entries"
finds newest "the newest of 2,000 that are good"
entries strangers good >"$dir/entries"
finds good "behind 64 that might be by 1,500 CAs"
# by a CA that the domain names, and that nobody sends since it is an anchor
openssl x509 -in "$dir/heap-ca.pem" -outform DER -out "$dir/heap-ca"
configure 60 "ldap = $ldap/dc=test"
entries good >"$dir/entries"
for usage in 0 2; do
	echo "a@good.example|$usage 0 1|heap-ca" >"$dir/records"
	finds good "usage $usage, about an anchor"
	is "without a warning" "$(cat "$tmp/err")" ""
	echo "a@good.example|$usage 0 1|mine.0" >"$dir/records"
	exits 4 "usage $usage, about another" look \
	    --anchor "$dir/heap-ca.pem" a@good.example
done
# and with a domain that names CAs of its own
for i in {0..59}; do echo "a@good.example|2 0 1|mine.$i"; done >"$dir/records"
configure 60 "ldap = $ldap/dc=test"
entries strangers >"$dir/entries"
begun=$(date +%s)
exits 4 "64 that might be by 1,500 CAs, and 60 records" look a@good.example
like "are given up" "$(told)" "too long to be judged"
ok "soon" test $(($(date +%s) - begun)) -lt 30
done_testing
