#!/bin/bash
# find.sh: certificates of correspondents that are looked up: in LDAP directories,
# OpenLDAP's and one that is not to be relied upon, and in a zone of the DNS that
# is signed, and lies in every way.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/ldap.sh
. "${CS_SRCDIR:-.}/tests/system/ldap.sh"
# shellcheck source=tests/system/dns.sh
. "${CS_SRCDIR:-.}/tests/system/dns.sh"

lies="unsigned stripped forged expired future stranger moved denied alias loop
    failed garbage other slow drip endless many"
addresses=a@good.example
# shellcheck disable=SC2086
addresses+=$(printf '+a@%s.example' $lies)
fixtures "$tmp/fixture" \
    --identity "name=a,key=p256,email=$addresses,store=file,usage=encrypt" \
    --identity name=b,key=p256,email=b@good.example,store=file,usage=encrypt \
    --identity name=old,key=p256,email=c@good.example,store=file,usage=encrypt,validity=20200101-20490101 \
    --identity name=new,key=p256,email=c@GOOD.example,store=file,usage=encrypt,validity=20240101-20490101 \
    --identity name=signs,key=p256,email=signs@good.example,store=file,usage=sign \
    --identity name=expired,key=p256,email=expired@good.example,store=file,usage=encrypt,validity=expired \
    --identity name=revoked,key=p256,email=revoked@good.example,store=file,usage=encrypt,revoked=yes
certs=$FIXTURE_DIR/certs
dir=$tmp/dir
mkdir "$dir" "$tmp/slapd"
for name in a b old new signs expired revoked; do
	openssl x509 -in "$certs/$name.pem" -outform DER -out "$dir/$name"
done
openssl x509 -in "$FIXTURE_DIR/intermediate.pem" -outform DER -out "$dir/ca"
# a CA that nobody trusts, and who it has certified
(
	cd "$dir" || exit
	cat >own.cnf <<-END
	[req]
	distinguished_name = name
	[name]
	[ca]
	basicConstraints = critical,CA:TRUE
	subjectKeyIdentifier = hash
	keyUsage = critical,keyCertSign,cRLSign
	[leaf]
	authorityKeyIdentifier = keyid
	keyUsage = critical,keyAgreement
	extendedKeyUsage = emailProtection
	subjectAltName = email:own@good.example
	END
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout own-ca.key -subj /CN=Own -days 900 -config own.cnf \
	    -extensions ca -out own-ca.pem
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout own.key -subj "/CN=Of its own" -config own.cnf -out own.csr
	openssl x509 -req -in own.csr -CA own-ca.pem -CAkey own-ca.key \
	    -set_serial 1 -days 800 -extfile own.cnf -extensions leaf -out own.pem
	openssl x509 -in own-ca.pem -outform DER -out own-ca
	openssl x509 -in own.pem -outform DER -out own
	openssl crl2pkcs7 -nocrl -certfile "$certs/a.pem" \
	    -certfile "$FIXTURE_DIR/intermediate.pem" -outform DER -out a.p7c
) >"$tmp/log" 2>&1 || diag "$tmp/log"

dns_start "$dir"
ldap_start "$dir"
slapd_choose
conf=$XDG_CONFIG_HOME/cardseal/cardseal.conf
mkdir -p "$XDG_CONFIG_HOME/cardseal"
configure() { # SECONDS LINE...
	local seconds=$1
	shift
	printf '%s\n' '[trust]' "fetch-seconds = $seconds" '[lookup]' \
	    "dns-server = $dns" "dns-anchor = $dir/anchor" "$@" >"$conf"
}
trust=(--anchor "$FIXTURE_DIR/ca.pem" --intermediate "$FIXTURE_DIR/intermediate.pem"
    --crl "$FIXTURE_DIR/crl.pem")
look() { # ARGUMENT... ADDRESS
	"$CARDSEAL" certs find --lookup yes "${trust[@]}" "$@"
}
told() { cat "$tmp/out" "$tmp/err"; }
records() { printf '%s\n' "$@" >"$dir/records"; }
entries() { printf '%s\n' "$@" >"$dir/entries"; }
sha() { openssl x509 -in "$1" -noout -fingerprint -sha256 |
    sed 's/.*=//' | tr -d : | tr A-F a-f; }
finds() { # NAME DESCRIPTION ARGUMENT... ADDRESS
	local name=$1 what=$2
	shift 2
	exits 0 "$what" look "$@"
	like "$what: the one" "$(cat "$tmp/out")" "$(sha "$certs/$name.pem")"
}
refuses() { # REGEX DESCRIPTION ARGUMENT... ADDRESS
	local regex=$1 what=$2
	shift 2
	exits 4 "$what" look "$@"
	like "$what: told" "$(told)" "$regex"
}

# --- the DNS ---------------------------------------------------------------
configure 300
records "a@good.example|3 0 0|a"
exits 4 "nobody is asked without leave" "$CARDSEAL" certs find "${trust[@]}" \
    a@good.example
[ -e "$dir/log" ]
is "and nothing looked up" $? 1
finds a "a certificate in the DNS" a@good.example
is "without a warning" "$(cat "$tmp/err")" ""
like "by its hashed local part" "$(head -1 "$dir/log")" \
    "^$(printf a | sha256sum | cut -c1-56)\._smimecert\.good\.example\. 53$"
refuses "no records" "an address of which there is none" b@good.example
refuses "no records" "another local part" A@good.example
finds a "a domain in capitals" a@GOOD.example
refuses "is no name" "no domain of the DNS" "a@[192.0.2.1]"
records "b@good.example|3 0 0|a"
refuses "for another address" "another address in the certificate" b@good.example
records "c@good.example|3 0 0|old" "c@good.example|3 0 0|new"
finds new "the newest of two" c@good.example
records "signs@good.example|3 0 0|signs"
refuses "usage does not allow" "one to sign with" signs@good.example
records "expired@good.example|3 0 0|expired"
refuses "expired on" "one that has expired" expired@good.example
records "revoked@good.example|3 0 0|revoked"
refuses "revoked since" "one that was revoked" revoked@good.example
finds revoked "if somebody looks" --revocation off revoked@good.example
records "own@good.example|3 0 0|own"
exits 0 "without a path" look own@good.example
like "by the domain's word" "$(cat "$tmp/err")" "its domain vouches for it"
records "own@good.example|1 0 0|own"
refuses "is missing" "usage 1 wants a path" own@good.example
records "own@good.example|2 0 0|own-ca" "own@good.example|1 0 0|own"
exits 0 "a CA, and who it has certified" look own@good.example
like "by the domain's word, too" "$(cat "$tmp/err")" "its domain vouches for it"
records "a@good.example|4 0 0|a" "a@good.example|3 2 0|a" "a@good.example|3 0 3|a"
refuses "no certificate" "records that nobody understands" a@good.example

# --- what the DNS says about what a directory has --------------------------
slapd_entry() { # NAME ADDRESS LINE...
	printf '\ndn: cn=%s,dc=test\nobjectClass: inetOrgPerson\n' "$1"
	printf 'cn: %s\nsn: %s\nmail: %s\n' "$1" "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}
value() { printf '%s:: %s\n' "$1" "$(base64 -w0 "$dir/$2")"; }
{
	printf 'dn: dc=test\nobjectClass: domain\n'
	slapd_entry A a@good.example "$(value 'userCertificate;binary' b)" \
	    "$(value 'userCertificate;binary' a)"
	slapd_entry P a@alias.example "$(value 'userSMIMECertificate' a.p7c)"
	slapd_entry B b@good.example "$(value 'userSMIMECertificate' b)"
	slapd_entry C c@good.example "$(value 'userCertificate;binary' new)" \
	    "$(value 'userCertificate;binary' old)"
	slapd_entry Own own@good.example "$(value 'userCertificate;binary' own)" \
	    "$(value 'userCertificate;binary' own-ca)"
	slapd_entry Revoked revoked@good.example \
	    "$(value 'userCertificate;binary' revoked)"
	slapd_entry Wrong wrong@good.example "$(value 'userCertificate;binary' a)"
} >"$tmp/ldif"
ok "OpenLDAP's server runs" slapd_start "$tmp/slapd" "$tmp/ldif"
configure 300 "ldap = $slapd/dc=test"
for selector in 0 1; do
	for matching in 0 1 2; do
		how="$selector $matching"
		for usage in 0 1 2 3; do
			case $usage in [02]) by=ca ;; *) by=a ;; esac
			records "a@good.example|$usage $how|$by"
			finds a "usage $usage, $how" a@good.example
			is "no warning" "$(cat "$tmp/err")" ""
			records "a@good.example|$usage $how|b"
			refuses "another|is missing" \
			    "usage $usage, $how, of another" a@good.example
		done
		records "own@good.example|2 $how|own-ca"
		exits 0 "an anchor from the DNS, $how" look own@good.example
		like "told" "$(cat "$tmp/err")" "its domain vouches for it"
		records "own@good.example|0 $how|own-ca"
		refuses "trust anchor" "which is none for usage 0, $how" \
		    own@good.example
	done
done
records "a@good.example|3 1 1|b" "a@good.example|3 1 1|a"
finds a "one of two records is enough" a@good.example
records "a@forged.example|3 0 0|a"
refuses "not genuine" "a record that is not genuine" a@forged.example

# --- the DNS when it lies --------------------------------------------------
configure 300
# shellcheck disable=SC2046,SC2086
records $(printf 'a@%s.example|3_0_0|a\n' good $lies)
sed -i 's/_/ /g' "$dir/records"
refuses "not signed" "a zone that is not signed" a@unsigned.example
for lie in stripped forged expired future stranger moved denied; do
	refuses "not genuine" "$lie" a@$lie.example
done
finds a "an alias" a@alias.example
refuses "has no answer" "aliases without end" a@loop.example
refuses "has no answer" "a server that fails" a@failed.example
records "a@many.example|3 1 1|a"
refuses "without having it" "400 records" a@many.example
# shellcheck disable=SC2046,SC2086
records $(printf 'a@%s.example|3_0_0|a\n' good $lies)
sed -i 's/_/ /g' "$dir/records"
configure 2
begun=$(date +%s)
for lie in garbage other slow drip endless; do
	refuses "did not answer|has no answer" "$lie" a@$lie.example
done
ok "nobody is waited for" test $(($(date +%s) - begun)) -lt 120
configure 300
echo 'example. IN TXT hello' >"$dir/bad"
sed -i "s|$dir/anchor|$dir/bad|" "$conf"
refuses "no DS or DNSKEY" "an anchor that is none" a@good.example
sed -i "s|$dir/bad|$dir/nowhere|" "$conf"
exits 74 "an anchor that is not there" look a@good.example
# The machine's anchor is the real root's, under which nothing here is signed.
configure 300
sed -i '/^dns-anchor/d' "$conf"
: >"$dir/log"
if [ -e /usr/share/dns/root.key ] || [ -e /etc/trusted-key.key ]; then
	refuses "not genuine" "a zone that is not below the root's anchor" \
	    a@good.example
	ok "the root's key was asked for" grep -q '^\. 48$' "$dir/log"
else
	refuses "there is no trust anchor for DNSSEC: .*dns-root-data" \
	    "no anchor of the machine" a@good.example
	is "then nobody is asked" "$(cat "$dir/log")" ""
fi
configure 300 "smimea = no"
: >"$dir/log"
exits 4 "no DNS" look a@good.example
is "is asked" "$(cat "$dir/log")" ""

# --- directories -----------------------------------------------------------
configure 300 "smimea = no" "ldap = $slapd/dc=test"
finds a "a person in a directory" a@good.example
finds a "a domain in capitals" a@GOOD.EXAMPLE
finds new "the newest of two" c@good.example
finds b "userSMIMECertificate" b@good.example
exits 0 "a chain" "$CARDSEAL" certs find --lookup yes \
    --anchor "$FIXTURE_DIR/ca.pem" --revocation off a@alias.example
refuses "revoked since" "one that was revoked" revoked@good.example
refuses "for another address" "one of somebody else" wrong@good.example
refuses "trust anchor" "one of a CA that nobody trusts" own@good.example
refuses "no value" "nobody" nobody@good.example
refuses "no value" "everybody" "*@good.example"
refuses "no value" "another local part" '"b)(mail=*"@good.example'
refuses "no address" "no address" "b)(mail=*@good.example"
configure 300 "smimea = no" "ldap = $ldap/dc=test" "ldap = $slapd/dc=test"
printf 'b@good.example' >"$dir/mail"
entries "cn=B,dc=test|mail|mail" "cn=B,dc=test|userCertificate;binary|mail" \
    "cn=B,dc=test|userCertificate;binary|a" \
    "cn=B,dc=test|userCertificate;binary|b"
rm -f "$dir/log"
finds b "one among others, and what is none" b@good.example
finds a "in the second directory" a@good.example
is "the searches" "$(cut -d' ' -f1-3 "$dir/log" | sort)" \
    "sub dc=test (mail=a@good.example)
sub dc=test (mail=b@good.example)"
rm "$dir/log"
exits 4 "signs that mean something" look '"*)(mail=\\*"@good.example'
exits 4 "and others" look "*@good.example"
is "are but what they are" "$(cut -d' ' -f3 "$dir/log" | sort)" \
    "(mail=\"*)(mail=\\\\*\"@good.example)
(mail=*@good.example)"
configure 300 "smimea = no" "ldap = $ldap/dc=test"
for _ in $(seq 256); do echo "cn=B,dc=test|userCertificate;binary|a"; done \
    >"$tmp/others"
{
	echo "cn=B,dc=test|mail|mail"
	cat "$tmp/others"
	echo "cn=B,dc=test|userCertificate;binary|b"
} >"$dir/entries"
refuses "another address|more than 256 values" "the 257th value" b@good.example
like "it is told" "$(look -v b@good.example 2>&1)" "more than 256 values"
sed -i 2d "$dir/entries"
finds b "the 256th" b@good.example
lied() { # BASE REGEX
	configure 60 "smimea = no" "ldap = $ldap/cn=$1"
	refuses "$2" "cn=$1" a@good.example
}
printf '%s/dc=test' "$slapd" >"$dir/referral"
lied endless "larger than"
lied long "larger than|no value|cannot be fetched"
lied huge "cannot be fetched"
lied garbage "cannot be fetched"
lied nested "cannot be fetched"
lied other "no value"
lied referral "cannot be fetched"
lied continued "cannot be fetched|no value"
lied cut "cannot be fetched"
lied denied "cannot be fetched"
lied injected "no value|not understood|no certificate"
configure 4 "smimea = no" "ldap = $ldap/cn=slow" "ldap = $slapd/dc=test"
finds a "one that hangs leaves time for the next" a@good.example
configure 300 "ldap = ldap://127.0.0.1:1/dc=test" "ldap = $slapd/dc=test"
records "a@slow.example|3 0 0|a"
finds a "one that is not there is passed over" a@good.example
like "with -v it is told" "$(look -v a@good.example 2>&1)" "127.0.0.1:1"

# --- what for --------------------------------------------------------------
configure 300 "ldap = $slapd/dc=test"
: >"$dir/records"
echo hello >"$tmp/data"
encrypt() { # ARGUMENT...
	"$CARDSEAL" encrypt -q -f cms "${trust[@]}" "$@" -o "$tmp/m" "$tmp/data"
}
exits 4 "encrypt does not look up by itself" encrypt -r a@good.example
exits 0 "it does when asked" encrypt --lookup yes -r a@good.example \
    -r b@good.example
for name in a b; do
	ok "$name opens it" openssl cms -decrypt -inform DER -in "$tmp/m" \
	    -recip "$certs/$name.pem" -inkey "$FIXTURE_DIR/keys/$name.pem" \
	    -out "$tmp/got"
done
exits 4 "who has none is named" encrypt --lookup yes -r a@good.example \
    -r nobody@good.example
like "nobody" "$(cat "$tmp/err")" "nobody@good.example \("
configure 300 "ldap = $slapd/dc=test" "lookup = yes"
exits 0 "as configured" encrypt -r a@good.example
exits 4 "the option counts more" encrypt --lookup no -r a@good.example
exits 0 "nothing was kept" "$CARDSEAL" certs list
is "nothing" "$(cat "$tmp/out")" ""
exits 0 "find keeps it when asked" look --import a@good.example
like "as imported" "$(cat "$tmp/out")" "added .*\(import\)"
exits 0 "so that it is at hand" encrypt --lookup no -r a@good.example

# --- configuration ---------------------------------------------------------
wrong() { # LINE
	configure 300 "$1"
	exits 2 "$1" look a@good.example
	like "$1: told" "$(told)" "cardseal.conf, line 6: "
}
wrong "ldap = http://127.0.0.1/"
wrong "ldap = ldap:///dc=test"
wrong "ldap = ldap://127.0.0.1/dc=test?mail"
wrong "dns-server = ns.example"
wrong "dns-anchor = anchor"
wrong "smimea = maybe"
wrong "lookup = maybe"
wrong "lookups = yes"
done_testing
