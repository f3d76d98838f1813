#!/bin/bash
# directory.sh: certificates whose lists and issuers are in an LDAP directory:
# OpenLDAP's server, and one of the test's own that is not to be relied upon.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/pki.sh
. "${CS_SRCDIR:-.}/tests/system/pki.sh"
# shellcheck source=tests/system/ldap.sh
. "${CS_SRCDIR:-.}/tests/system/ldap.sh"

mkdir "$tmp/ldap" "$tmp/slapd"
ldap_start "$tmp/ldap"
slapd_choose
pki_make "$tmp/pki" http://127.0.0.1:1

# directory_config NAME URL: a CA, and who signs, by what one server has
directory_config() {
	cat <<END
[$1-ca]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical,keyCertSign,cRLSign
crlDistributionPoints = @$1-arl
[$1-arl]
URI.1 = $2/cn=Root,dc=test?authorityRevocationList;binary
[$1-leaf]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
authorityInfoAccess = @$1-aia
crlDistributionPoints = @$1-crl
[$1-aia]
caIssuers;URI.1 = $2/cn=$1,dc=test?cACertificate;binary,crossCertificatePair;binary
[$1-crl]
URI.1 = $2/cn=$1,dc=test?certificateRevocationList;binary?base?objectClass=cRLDistributionPoint
[$1-changing]
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
keyUsage = critical,digitalSignature
authorityInfoAccess = @$1-aia
crlDistributionPoints = @$1-crl
freshestCRL = @$1-delta
[$1-delta]
URI.1 = $2/cn=$1,dc=test?deltaRevocationList;binary?base?objectClass=cRLDistributionPoint
[$1-top]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical,keyCertSign,cRLSign
subjectInfoAccess = @$1-issued
[$1-issued]
caRepository;URI.1 = $2/cn=Root,dc=test?crossCertificatePair;binary
END
}

directory_make() { # NAME URL SERIAL
	(
		cd "$pki" || exit
		directory_config "$1" "$2" >>pki.cnf
		pki_cert "$1" root "$3" "/CN=$1 CA" "$1-ca"
		pki_cert "$1-good" "$1" 51 "/CN=Good" "$1-leaf"
		pki_cert "$1-bad" "$1" 52 "/CN=Bad" "$1-leaf"
		pki_cert "$1-lonely" "$1" 53 "/CN=Lonely" lonely
		pki_cert "$1-changing" "$1" 55 "/CN=Changing" "$1-changing"
		printf 'R\t450101000000Z\t240601000000Z,keyCompromise\t%s' 52 \
		    >"$1-index"
		printf '\tunknown\t/CN=Bad\n' >>"$1-index"
		pki_crl "$1" "$1-index" "$1.crl"
		printf 'R\t450101000000Z\t250701000000Z\t55\tunknown\t%s\n' \
		    /CN=Changing >"$1-delta-index"
		pki_crl "$1" "$1-delta-index" "$1-delta.crl" -crldays 7 \
		    -crlexts delta
		openssl x509 -in "$1.pem" -outform DER -out "$1.der"
		openssl req -x509 -new -key root.key -out "$1-top.pem" \
		    -days 9000 -subj "/CN=Web Root" -config pki.cnf \
		    -extensions "$1-top"
		# CertificatePair, forward: what Root has issued to this CA
		python3 - "$1.der" "$1.pair" <<'END'
import sys
def tlv(tag, value):
    return bytes([tag, 0x82]) + len(value).to_bytes(2, "big") + value
with open(sys.argv[1], "rb") as der, open(sys.argv[2], "wb") as out:
    out.write(tlv(0x30, tlv(0xa0, der.read())))
END
	) >"$pki/log" 2>&1 || diag "$pki/log"
}
openssl x509 -in "$pki/root.pem" -outform DER -out "$pki/root.der"
directory_make open "$slapd" 61
directory_make own "$ldap" 62

value() { printf '%s;binary:: %s\n' "$1" "$(base64 -w0 "$pki/$2")"; }
{
	printf 'dn: dc=test\nobjectClass: domain\n'
	printf '\ndn: cn=Root,dc=test\ncn: Root\n'
	printf 'objectClass: applicationProcess\nobjectClass: pkiCA\n'
	value authorityRevocationList root.crl
	value crossCertificatePair open.pair
	printf '\ndn: cn=open,dc=test\ncn: open\n'
	printf 'objectClass: cRLDistributionPoint\nobjectClass: pkiCA\n'
	value cACertificate root.der
	value cACertificate open.der
	value certificateRevocationList open.crl
	value deltaRevocationList open-delta.crl
} >"$tmp/ldif"
ok "OpenLDAP's server runs" slapd_start "$tmp/slapd" "$tmp/ldif"

own() { # LINE...: what our own server has
	cp "$pki"/own* "$pki"/open* "$pki"/root* "$tmp/ldap"
	printf '%s\n' "$@" >"$tmp/ldap/entries"
}
arl="cn=Root,dc=test|authorityRevocationList;binary|root.crl"
issuer="cn=own,dc=test|cACertificate;binary|own.der"
crl="cn=own,dc=test|certificateRevocationList;binary|own.crl"
delta="cn=own,dc=test|deltaRevocationList;binary|own-delta.crl"
class="cn=own,dc=test|objectClass|class"
printf cRLDistributionPoint >"$tmp/ldap/class"
own "$arl" "$issuer" "$crl" "$class"

mkdir -p "$XDG_CONFIG_HOME/cardseal"
printf '[trust]\nfetch-seconds = 300\n' >"$XDG_CONFIG_HOME/cardseal/cardseal.conf"

for who in open own; do
	exits 6 "$who: without leave nothing is asked" "$CARDSEAL" certs verify \
	    --anchor "$pki/root.pem" --revocation hard "$pki/$who-good.pem"
	exits 0 "$who: an issuer and two lists" online "$who-good"
	exits 6 "$who: revoked" online "$who-bad"
	like "$who: since when, and why" "$(told)" \
	    "revoked since 2024-06-01 \(keyCompromise\)"
done
is "the searches" "$(sort "$tmp/ldap/log")" \
    "base cn=Root,dc=test (objectclass=*) authorityRevocationList;binary
base cn=own,dc=test (objectClass=cRLDistributionPoint) certificateRevocationList;binary
base cn=own,dc=test (objectclass=*) cACertificate;binary,crossCertificatePair;binary"
rm "$tmp/ldap/log"
exits 0 "all of it is in the cache" online own-good
[ -e "$tmp/ldap/log" ]
is "and nothing is asked for again" $? 1
rm "$cache"
exits 6 "public servers only" online own-good --fetch public \
    --intermediate "$pki/own.pem"
like "this one is not" "$(told)" "address of this machine"
exits 0 "downwards from an anchor, by pairs" "$CARDSEAL" certs verify \
    --anchor "$pki/open-top.pem" --fetch all --revocation off \
    "$pki/open-lonely.pem"

# --- what has changed since (freshestCRL) ----------------------------------
exits 6 "open: revoked by the delta list alone" online open-changing
like "open: since when" "$(told)" "revoked since 2025-07-01"
again() { # LINE...
	rm -f "$cache"
	own "$@"
}
again "$arl" "$issuer" "$crl" "$class" "$delta"
rm -f "$tmp/ldap/log"
exits 6 "own: revoked by the delta list alone" online own-changing
like "own: since when" "$(told)" "revoked since 2025-07-01"
is "it was asked for" "$(grep -c 'deltaRevocationList;binary$' "$tmp/ldap/log")" 1
rm "$tmp/ldap/log"
exits 6 "revoked, from the cache" online own-changing
[ -e "$tmp/ldap/log" ]
is "which has all of it" $? 1
again "$arl" "$issuer" "$crl" "$class"
exits 0 "without the delta list it is not" online own-changing
again "$arl" "$issuer" "$class" "$delta"
exits 6 "the delta list alone says nothing" online own-changing
like "this is told" "$(told)" "not checked"
again "$arl" "$issuer" "$crl" "$class" \
    "cn=own,dc=test|deltaRevocationList;binary|open-delta.crl"
exits 0 "nor does another CA's" online own-changing
again "$arl" "$issuer" "$crl" "$class" \
    "cn=own,dc=test|deltaRevocationList;binary|own.der" "$delta"
exits 6 "one among what is none" online own-changing
like "revokes" "$(told)" "revoked since 2025-07-01"

# --- many values: 256 of them are looked at --------------------------------
many() { # HOW-MANY ATTRIBUTE FILE: as many lines
	for _ in $(seq "$1"); do echo "cn=own,dc=test|$2;binary|$3"; done
}
lists() { # HOW-MANY others before the list
	mapfile -t others < <(many "$1" certificateRevocationList open.crl)
	again "$arl" "$issuer" "${others[@]}" "$crl" "$class"
}
lists 255
exits 0 "the 256th list" online own-good
lists 256
exits 6 "the 257th" online own-good
issuers() { # HOW-MANY others before the issuer
	mapfile -t others < <(many "$1" cACertificate open.der)
	again "$arl" "${others[@]}" "$issuer" "$crl" "$class"
}
issuers 255
exits 0 "the 256th certificate" online own-good
issuers 256
exits 6 "the 257th" online own-good

# --- what goes wrong -------------------------------------------------------
again "$arl" "$class" "$crl" "cn=own,dc=test|crossCertificatePair;binary|own.pair"
exits 0 "an issuer in a pair" online own-good
again "$arl" "$class" "$crl" "cn=own,dc=test|cACertificate;binary|own.crl" \
    "cn=own,dc=test|cACertificate;binary|root.der" "$issuer"
exits 0 "an issuer among others, and what is none" online own-good
again "$arl" "$class" "$issuer" "$crl" \
    "cn=own,dc=test|certificateRevocationList;binary|root.crl" \
    "cn=own,dc=test|certificateRevocationList;binary|root.der"
exits 0 "a list among others, and what is none" online own-good
exits 6 "revoked by it" online own-bad
exits 0 "and again" online own-good
again "$arl" "$class" "$issuer" \
    "cn=own,dc=test|certificateRevocationList;binary|open.crl"
exits 6 "another CA's list does not tell" online own-good
again "$arl" "$class" "$issuer"
exits 6 "no list" online own-good
like "this is told" "$(told)" "not checked.*no value of the attribute"
exits 0 "nor, if nobody insists" online own-good --revocation soft
(
	cd "$pki" || exit
	directory_config none "ldap://" >>pki.cnf
	pki_cert none-good own 54 "/CN=None" none-leaf
) >"$pki/log" 2>&1
again "$arl" "$class" "$issuer" "$crl"
exits 6 "URLs that name no server" online none-good \
    --intermediate "$pki/own.pem"
like "this is told" "$(told)" "names no server"
done_testing
