#!/bin/bash
# scd.sh: gpgsm, over its own gpg-agent, signs and decrypts with the keys that
# cardseal-agent holds: cardseal-scd is gpg-agent's scdaemon-program.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool gpgsm "gpgsm signs by cardseal-scd" || done_testing
scd=$CS_BUILDDIR/client/scd/cardseal-scd
fixtures "$tmp/fixture" --token Card --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org,usage=both \
    --identity name=big,key=rsa4096,email=big@example.org,usage=both \
    --identity name=bob,key=p256,email=bob@example.org \
    --identity name=carol,key=p384,email=carol@example.org \
    --token Second --pin 123456 \
    --identity name=dave,key=rsa3072,email=dave@example.org
certs=$FIXTURE_DIR/certs
configure_intermediates
cd "$tmp" || exit 99
cat "$FIXTURE_DIR"/{ca,intermediate}.pem >cas.pem
pinentry_answers "pin 123456"

root=$(openssl x509 -in "$FIXTURE_DIR/ca.pem" -noout -fingerprint -sha1 |
    sed 's/.*=//')
echo "$root S relax" >"$GNUPGHOME/trustlist.txt"
printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
# A pinentry of gpg-agent's would show that it asked for a PIN.
printf '#!/bin/sh\ntouch %s/asked\nexit 1\n' "$tmp" >no-pinentry
chmod +x no-pinentry
printf 'scdaemon-program %s\npinentry-program %s\n' "$scd" \
    "$tmp/no-pinentry" >"$GNUPGHOME/gpg-agent.conf"

end_gpg_agent() {
	gpgconf --kill gpg-agent
}

# --- by hand ------------------------------------------------------------------
exits 2 "without --multi-server it serves nobody" "$scd"
exits 0 "it tells its version" "$scd" --version
exits 0 "it tells how it is used" "$scd" --help
like "where to name it" "$(cat out)" 'scdaemon-program'
like "without an agent it says so" "$(CARDSEAL_SOCKET=$tmp/run/nobody \
    "$scd" --multi-server <<<'SERIALNO')" 'ERR .*no agent|ERR .*agent'
export CARDSEAL_SOCKET=$tmp/run/agent.sock
printf '%s\n' '[rule gnupg]' 'for = raw' "programs = $scd" \
    'raw = yes' >raw.ini
agent_start --config "$tmp/raw.ini"
talk() {
	printf '%s\n' "$@" | "$scd" --multi-server
}
like "a greeting" "$(talk BYE)" '^OK cardseal-scd'
like "its card has a number" "$(talk SERIALNO)" 'S SERIALNO [0-9A-F]+'
like "another card is not here" "$(talk 'SERIALNO --demand=D27600')" \
    'ERR .*that card'
like "it is no older than GnuPG" "$(talk 'GETINFO version')" 'D 2\.99'
like "a key that is not here" "$(talk 'READKEY CARDSEAL.00')" 'ERR '
like "a command it has not" "$(talk 'APDU 00')" 'ERR [0-9]+ .*[Uu]nknown'
like "data that is no hex" "$(talk 'SETDATA 0x')" 'ERR '
mapfile -t lines < <(yes "SETDATA --append $(printf '%0960d' 0)" | head -n 40)
like "data that is appended without end" "$(talk "${lines[@]}")" \
    'ERR .*[Tt]oo large'
like "nothing to sign" "$(talk "PKSIGN $(talk LEARN |
    sed -n 's/^S KEYPAIRINFO [0-9A-F]* //p' | head -n 1)")" 'ERR .*no digest'
learned=$(talk 'LEARN --force')
is "all keys of both tokens" "$(grep -c KEYPAIRINFO <<<"$learned")" 5
is "all certificates" "$(grep -c CERTINFO <<<"$learned")" 5
socket=$(talk 'GETINFO socket_name' | sed -n 's/^D //p')
ok "it had a socket for others" test -n "$socket"
ok "which is gone with it" test ! -e "$(dirname "$socket")"

many_short_ones() {
	local i
	for i in $(seq 50); do
		timeout 20 "$scd" --multi-server </dev/null >/dev/null ||
			return 1
	done
}
ok "it ends when its connection does" many_short_ones

# --- gpgsm --------------------------------------------------------------------
ok "gpgsm knows the CAs" gpgsm -q --batch --import "$FIXTURE_DIR/ca.pem" \
    "$FIXTURE_DIR/intermediate.pem"
exits 0 "gpgsm learns the card" gpgsm --batch --learn-card
for name in alice big bob carol dave; do
	like "it has $name's key" "$(gpgsm --batch --with-colons \
	    --list-secret-keys "$name@example.org" 2>/dev/null)" 'crs:'
done
head -c 3000 /dev/urandom >data
openssl_judges() { # SIGNATURE
	openssl cms -verify -binary -inform DER -in "$1" -content data \
	    -out /dev/null -CAfile "$tmp/cas.pem" -purpose any
}
# has_zero FILE: its RSA signature is longer than the modulus
has_zero() {
	openssl asn1parse -inform DER -in "$1" |
	    grep -qE 'l= *(257|385|513) prim: OCTET STRING'
}
zeros=
for name in bob carol alice big dave alice alice; do
	# gpgsm refuses its own default with that curve.
	hash=SHA256
	[ $name = carol ] && hash=SHA384
	exits 0 "gpgsm signs as $name" gpgsm --batch --yes -u \
	    "$name@example.org" --digest-algo $hash -o s.p7s --detach-sign data
	ok "$name: gpgsm judges it good" gpgsm --batch --verify s.p7s data
	if has_zero s.p7s; then
		zeros="$zeros $name"
		continue
	fi
	ok "$name: cardseal judges it good" "$CARDSEAL" verify -q \
	    --anchor "$FIXTURE_DIR/ca.pem" --revocation off --content data \
	    s.p7s
	ok "$name: openssl judges it good" openssl_judges s.p7s
done

# What cardseal-scd gives is as long as the modulus, always. gpg-agent before 2.3
# puts a zero before an RSA signature whose first bit is set, which openssl
# refuses and gpgsm does not.
key=$(sed -n 's/^S KEYPAIRINFO [0-9A-F]* //p' <<<"$learned")
talk_all() { # one signature for each digest
	local k i
	for k in $key; do
		for i in $(seq 20); do
			printf 'SETDATA %s\nPKSIGN --hash=sha256 %s\n' \
			    "$(echo "$i" | sha256sum | cut -d' ' -f1)" "$k"
		done
	done
	echo BYE
}
is "signatures have their full length" "$(talk_all |
    "$scd" --multi-server | python3 -c '
import sys
lengths = {}
data = b""
for line in sys.stdin.buffer.read().split(b"\n"):
    if line.startswith(b"D "):
        data += line[2:]
    elif data:
        n, i = 0, 0
        while i < len(data):
            i += 3 if data[i] == 0x25 else 1
            n += 1
        lengths[n] = lengths.get(n, 0) + 1
        data = b""
print(sorted(lengths.items()))')" \
    "[(64, 20), (96, 20), (256, 20), (384, 20), (512, 20)]"

for name in alice big; do
	ok "openssl encrypts to $name" openssl cms -encrypt -binary -in data \
	    -aes256 -outform DER -out e.p7m "$certs/$name.pem"
	exits 0 "gpgsm opens it" gpgsm --batch --yes -o got --decrypt e.p7m
	ok "it is the same" cmp data got
done
id_of() { # NAME
	openssl x509 -in "$certs/$1.pem" -noout -pubkey |
		openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}
# gpgsm 2.2 has no ECDH, so that openssl alone judges what GnuPG 2.3 asks for:
# an octet 0x41, and X of the point that both sides reach.
derive() { # NAME CURVE LENGTH
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" \
	    -out eph.pem
	openssl pkey -in eph.pem -pubout -outform DER | tail -c "$3" >point
	openssl x509 -in "$certs/$1.pem" -noout -pubkey >peer.pem
	{ printf A; openssl pkeyutl -derive -inkey eph.pem -peerkey peer.pem; } \
	    >want
	talk "SETDATA $(od -An -tx1 -v point | tr -d ' \n')" \
	    "PKDECRYPT $(id_of "$1")" | python3 -c '
import sys, urllib.parse
for line in sys.stdin.buffer.read().split(b"\n"):
    if line.startswith(b"D "):
        sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(line[2:]))
' >got
	cmp want got
}
ok "ECDH on P-256" derive bob P-256 65
ok "ECDH on P-384" derive carol P-384 97
ok "gpg-agent asked for no PIN" test ! -e asked
echo "# with a zero of gpg-agent's:$zeros"

# --- at once, and again -------------------------------------------------------
pids=()
for i in 1 2 3 4; do
	gpgsm --batch --yes -u alice@example.org -o "p$i.p7s" \
	    --detach-sign data 2>"p$i.err" &
	pids+=($!)
done
for i in 1 2 3 4; do
	ok "one of four at once" wait "${pids[i - 1]}"
	ok "is good" gpgsm --batch --verify "p$i.p7s" data
done
agent_stop
pinentry_answers "pin 123456"
agent_start --config "$tmp/raw.ini"
exits 0 "after a restart of the agent gpgsm goes on" gpgsm --batch --yes \
    -u alice@example.org -o s.p7s --detach-sign data
agent_stop
agent_start
exits 2 "without the rule nothing is opened" gpgsm --batch --yes -o got \
    --decrypt e.p7m
like "what is no point" "$(talk 'SETDATA 04' "PKDECRYPT $(id_of bob)")" \
    'ERR .*no point'
like "and the reason is told" "$(talk 'SETDATA 00' "PKDECRYPT $(id_of alice)")" \
    'ERR .*Forbidden.*raw operations are off'
ok "gpg-agent can be ended" end_gpg_agent
done_testing
