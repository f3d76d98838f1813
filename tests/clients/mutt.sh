# shellcheck shell=bash disable=SC2034,SC2154
# mutt and neomutt in a terminal, each in both of its ways: by the
# smime_*_command settings that "cardseal mutt sync" gives, and, as Debian ships
# them, by gpgme, so gpgsm with cardseal-scd, which gpgsm.sh has set up.
# shellcheck source=tests/system/mail_screen.sh
. "$CS_SRCDIR/tests/system/mail_screen.sh"
good_mail='signature successfully verified|Verification successful'
bad_mail='signature could NOT be verified|Verification failure'

mutt_needs() {
	have_tool mutt mutt && have_tool tmux "mutt in a terminal"
}
neomutt_needs() {
	have_tool neomutt neomutt && have_tool tmux "neomutt in a terminal"
}
mutt_begin() {
	peer_version mutt "$(mutt -v | sed -n '1s/^Mutt \([^ ]*\).*/\1/p')"
	mail_begin
}
neomutt_begin() {
	peer_version neomutt "$(neomutt -v | sed -n '1s/^NeoMutt //p')"
	mail_begin
}
mail_begin() {
	ok "cardseal makes mutt's folders" "$CARDSEAL" mutt sync
	! command -v gpgsm >/dev/null || [ -e "$GNUPGHOME/gpgsm.conf" ] ||
		gpgsm_begin
}

mail_rc() { # by cardseal|gpgme
	mail_settings "Somebody <$address>"
	case $1 in
	cardseal)
		echo "source \"$CARDSEAL mutt sync|\""
		echo "set smime_sign_as=\"$(id_of "$signer")\""
		echo "set smime_default_key=\"$(id_of "$opener")\""
		;;
	gpgme)
		gpgsm_digest
		echo "set crypt_use_gpgme=yes smime_is_default=yes"
		echo "set smime_sign_as=\"0x$(fingerprint "$signer")\""
		echo "set smime_default_key=\"0x$(fingerprint "$opener")\""
		;;
	esac
}
mail_text() {
	printf 'Content-Type: text/plain\n\nthe text of the mail\n'
}
mail_head() {
	printf 'From: Somebody <%s>\nTo: somebody@example.net\n' "$address"
	printf 'Subject: subject\n'
}
mail_shows() { # REGEX
	wait_until "${MAIL_SECONDS:-30}" screen_has "$1" || { screen; return 1; }
}
# read_mail FILE REGEX...: all of it is to be seen
read_mail() {
	local regex status=0
	open_mail "$mailer" "$1"
	shift
	wait_until 2 screen_has 'passphrase' && keys Enter
	for regex in "$@"; do
		mail_shows "$regex" || status=1
	done
	end_run
	return $status
}

mail_lists() {
	grep -qF "$address $(id_of "$signer")" "$HOME/.smime/keys/.index" &&
		grep -qF "$address $(id_of "$opener")" \
		    "$HOME/.smime/keys/.index"
}
mail_signs() {
	send "$mailer" crypt_autosign=yes somebody@example.net
	grep -q 'multipart/signed' sent || return
	openssl cms -verify -in sent -CAfile cas.pem -out /dev/null \
	    -signer by.pem && signed_by_signer
}
# gpg-agent puts zeros before some RSA signatures: see gpgsm.sh.
mail_signs_by_gpgsm() {
	without_zero mail_signed_with_zero mail_signs
}
mail_signed_with_zero() {
	openssl smime -pk7out -in sent |
		openssl pkcs7 -outform DER -out sent.p7s
	has_zero sent.p7s
}
mail_verifies() {
	{ mail_head; mail_text; } >plain.eml
	"$CARDSEAL" sign -q -k "$(spki "$signer")" -o made.eml plain.eml &&
		read_mail made.eml "$good_mail" 'the text of the mail' &&
		sed 's/the text/The text/' made.eml >changed.eml &&
		read_mail changed.eml "$bad_mail"
}
mail_encrypts() {
	send "$mailer" crypt_autoencrypt=yes "$address"
	[ -s sent ] && ! grep -q 'the text' sent || return
	"$CARDSEAL" decrypt -q -o opened.eml sent &&
		grep -q 'the text of the mail' opened.eml
}
mail_fails_to_encrypt() {
	PRESS_SECONDS=2 SEND_SECONDS=2 mail_encrypts
}
mail_sealed() {
	mail_head
	mail_text | openssl cms -encrypt -aes256 -recip "$(cert "$opener")" \
	    "${kdf[@]}"
}
mail_decrypts() {
	mail_sealed >sealed.eml
	read_mail sealed.eml 'the text of the mail'
}
mail_fails_to_decrypt() {
	MAIL_SECONDS=8 mail_decrypts
}
mail_column() { # PROGRAM
	local mailer=$1
	program="$mailer, cardseal mutt"
	mail_rc cardseal >muttrc
	try list mail_lists
	try sign mail_signs
	try verify mail_verifies
	try encrypt mail_encrypts
	try decrypt mail_decrypts
	command -v gpgsm >/dev/null || return 0
	program="$mailer, gpgme"
	mail_rc gpgme >muttrc
	has_not list "gpgsm lists: its row"
	try sign mail_signs_by_gpgsm
	try verify mail_verifies
	if [ "$kind" = ec ]; then
		cannot encrypt "$gpgsm_no_ecdh" mail_fails_to_encrypt \
		    gpgsm_encrypts_alone
		cannot decrypt "$gpgsm_no_ecdh" mail_fails_to_decrypt \
		    gpgsm_decrypts_alone
	else
		try encrypt mail_encrypts
		try decrypt mail_decrypts
	fi
}
mutt_column() {
	mail_column mutt
}
neomutt_column() {
	mail_column neomutt
}
mutt_end() {
	gpgconf --kill gpg-agent
}
neomutt_end() {
	mutt_end
}
