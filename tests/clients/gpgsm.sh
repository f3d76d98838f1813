# shellcheck shell=bash disable=SC2034,SC2154
# gpgsm with its own gpg-agent, whose card daemon is cardseal-scd; and, as a
# control, in a home of its own without any card daemon.
gpgsm_no_ecdh="gpgsm 2.2 neither encrypts to a key on a curve nor opens what is
 encrypted to one, its own key neither"
gpgsm_needs() {
	have_tool gpgsm gpgsm
}
gpgsm_home() { # FOLDER
	openssl x509 -in "$FIXTURE_DIR/ca.pem" -noout -fingerprint -sha1 |
		sed 's/.*=//; s/$/ S relax/' >"$1/trustlist.txt"
	printf 'disable-crl-checks\ndisable-dirmngr\n' >"$1/gpgsm.conf"
}
gpgsm_begin() {
	program="gpgsm"
	peer_version "$program" "$(gpgsm --version | sed -n 's/.* //;1p')"
	gpgsm_home "$GNUPGHOME"
	printf 'scdaemon-program %s\npinentry-program /bin/false\n' "$scd" \
	    >"$GNUPGHOME/gpg-agent.conf"
	ok "gpgsm knows the CAs" gpgsm -q --batch --import \
	    "$FIXTURE_DIR/ca.pem" "$FIXTURE_DIR/intermediate.pem"
	ok "gpgsm learns the card" timeout 60 gpgsm --batch --learn-card
	mkdir -m 700 "$tmp/alone"
	gpgsm_home "$tmp/alone"
	printf 'disable-scdaemon\nenable-ssh-support\n' \
	    >"$tmp/alone/gpg-agent.conf"
	ok "gpgsm alone has a key on P-256" gpgsm_own 256
	ok "and one on P-384" gpgsm_own 384
}
# gpgsm_own BITS: a key of gpg-agent's own, and a certificate for it, own-BITS
gpgsm_own() {
	local grip
	[ -e own-ca.crt ] || {
		openssl req -x509 -nodes -subj /CN=own -days 30 \
		    -newkey rsa:2048 -keyout own-ca.key -out own-ca.crt
		openssl x509 -in own-ca.crt -noout -fingerprint -sha1 |
			sed 's/.*=//; s/$/ S relax/' >>"$tmp/alone/trustlist.txt"
	}
	touch own.log
	GNUPGHOME=$tmp/alone gpg-connect-agent \
	    "/let p (genkey(ecc(curve \"NIST P-$1\")))" \
	    '/definq KEYPARAM p' 'GENKEY --no-protection' /bye
	grip=$(find alone/private-keys-v1.d -newer own.log -name '*.key')
	echo "$(basename "$grip" .key) 0" >alone/sshcontrol
	SSH_AUTH_SOCK=$tmp/alone/S.gpg-agent.ssh ssh-add -L >"own-$1.pub" &&
		ssh-keygen -e -m PKCS8 -f "own-$1.pub" >"own-$1.pem" &&
		openssl x509 -new -force_pubkey "own-$1.pem" -days 30 \
		    -subj "/CN=own-$1" -CA own-ca.crt -CAkey own-ca.key \
		    -out "own-$1.crt" &&
		gpgsm_alone --import own-ca.crt "own-$1.crt" &&
		gpgsm_alone -u "own-$1" --digest-algo "SHA$1" -o own.p7s \
		    --detach-sign data
}
gpgsm_alone() { # ARGUMENT...
	GNUPGHOME=$tmp/alone gpgsm --batch --yes "$@"
}
# gpgsm refuses its own default with P-384, and who uses gpgme cannot name
# another.
gpgsm_digest() {
	sed -i '/^digest-algo/d' "$GNUPGHOME/gpgsm.conf"
	echo "digest-algo ${hash^^}" >>"$GNUPGHOME/gpgsm.conf"
}
gpgsm_lists() {
	gpgsm --batch --with-colons --list-secret-keys |
		grep -q "^fpr:.*$(fingerprint "$signer")"
}
# gpg-agent before 2.3 puts a zero before every RSA signature whose first bit is
# set, which openssl refuses and gpgsm does not: cardseal-scd(1).
has_zero() { # SIGNATURE
	openssl asn1parse -inform DER -in "$1" |
		grep -qE 'l= *(257|385) prim: OCTET STRING'
}
# without_zero CHECK COMMAND: again until it has none; one in 4096 may keep it
without_zero() {
	local _
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		"$2" && return
		"$1" || return 1
		sleep 1
	done
}
gpgsm_signs_once() {
	rm -f gpg.p7s
	timeout 60 gpgsm --batch --yes -u "$(fingerprint "$signer")" \
	    --digest-algo "${hash^^}" -o gpg.p7s --detach-sign data &&
		gpgsm --batch --verify gpg.p7s data &&
		openssl_judges gpg.p7s
}
gpgsm_signed_with_zero() {
	has_zero gpg.p7s
}
gpgsm_signs() {
	without_zero gpgsm_signed_with_zero gpgsm_signs_once
}
gpgsm_verifies() {
	"$CARDSEAL" sign -q -f cms -k "$(spki "$signer")" -o ours.p7s data &&
		gpgsm --batch --verify ours.p7s data &&
		! gpgsm --batch --verify ours.p7s cas.pem
}
gpgsm_encrypts() {
	gpgsm --batch --yes -r "$(fingerprint "$opener")" -o gpg.p7m \
	    --encrypt data && we_open gpg.p7m
}
gpgsm_encrypts_alone() {
	gpgsm_alone -r "own-${hash#sha}" -o own.p7m --encrypt data
}
gpgsm_decrypts_alone() {
	openssl cms -encrypt -binary -in data -aes256 -outform DER \
	    -out own.p7m -recip "own-${hash#sha}.crt" "${kdf[@]}" &&
		gpgsm_alone -o got --decrypt own.p7m && cmp got data
}
gpgsm_decrypts() {
	rm -f got
	openssl_seals && timeout 60 gpgsm --batch --yes -o got \
	    --decrypt sealed.p7m && cmp got data
}
gpgsm_column() {
	try list gpgsm_lists
	try sign gpgsm_signs
	try verify gpgsm_verifies
	if [ "$kind" = ec ]; then
		cannot encrypt "$gpgsm_no_ecdh" gpgsm_encrypts \
		    gpgsm_encrypts_alone
		cannot decrypt "$gpgsm_no_ecdh" gpgsm_decrypts \
		    gpgsm_decrypts_alone
	else
		try encrypt gpgsm_encrypts
		try decrypt gpgsm_decrypts
	fi
}
gpgsm_end() {
	ok "gpg-agent ends" gpgconf --kill gpg-agent
	GNUPGHOME=$tmp/alone gpgconf --kill gpg-agent
}
