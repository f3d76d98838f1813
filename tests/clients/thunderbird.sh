# shellcheck shell=bash disable=SC2034,SC2154
# Thunderbird itself, without a screen: thunderbird.py and thunderbird.js have
# it send and show mails, in a profile that cardseal setup has told of the
# module. The only server it reaches is one on this machine that takes what it
# sends.
thunderbird_needs() {
	have_tool thunderbird Thunderbird
}
thunderbird_begin() {
	program="Thunderbird"
	peer_version "$program" "$(dpkg-query -W -f '${Version}' thunderbird)"
	thunderbird_profile=$HOME/.thunderbird/t.default
	mkdir -p "$thunderbird_profile"
	nss_database "sql:$thunderbird_profile"
	own=sql:$thunderbird_profile nss_own own-rsa -newkey rsa:2048
	thunderbird_settings >"$thunderbird_profile/user.js"
	ok "setup tells Thunderbird of the module" "$CARDSEAL" setup \
	    --delegate "$module" thunderbird
	thunderbird --headless --no-remote --profile "$thunderbird_profile" \
	    --marionette --remote-allow-system-access \
	    >thunderbird.log 2>&1 </dev/null &
	thunderbird_pid=$!
	started_pids+=("$thunderbird_pid")
	ok "Thunderbird starts" wait_until 90 test -s \
	    "$thunderbird_profile/MarionetteActivePort"
	ok "it has the module" thunderbird_has_module
}
# Nothing is asked for on the network, no question is asked at the start, and a
# mail in a file is shown in a window of its own.
thunderbird_settings() {
	cat <<-'END'
	user_pref("marionette.port", 0);
	user_pref("network.proxy.type", 1);
	user_pref("network.proxy.http", "127.0.0.1");
	user_pref("network.proxy.http_port", 9);
	user_pref("network.proxy.ssl", "127.0.0.1");
	user_pref("network.proxy.ssl_port", 9);
	user_pref("app.update.enabled", false);
	user_pref("datareporting.policy.dataSubmissionEnabled", false);
	user_pref("datareporting.healthreport.uploadEnabled", false);
	user_pref("mail.provider.suppress_dialog_on_startup", true);
	user_pref("mail.spotlight.firstRunDone", true);
	user_pref("mail.shell.checkDefaultClient", false);
	user_pref("mailnews.start_page.enabled", false);
	user_pref("mail.openMessageBehavior", 0);
	user_pref("security.OCSP.enabled", 0);
	END
}
thunderbird_does() { # COMMAND [NAME=VALUE...]
	timeout 120 "$CS_SRCDIR/tests/clients/thunderbird.py" \
	    "$thunderbird_profile" "$@"
}
thunderbird_has_module() {
	thunderbird_does modules >loaded || return
	cat loaded
	grep -qF "$module " loaded
}
sha256_of() { # IDENTITY
	fingerprint "$1" sha256
}
thunderbird_lists() {
	thunderbird_does certificates >listed &&
		grep "^$(sha256_of "$signer")" listed &&
		grep "^$(sha256_of "$opener")" listed
}
# thunderbird_sends NAME=yes...: sign, encrypt or both; sent.eml
thunderbird_sends() {
	rm -f sent.eml
	thunderbird_does send from="$address" to="$address" subject=subject \
	    text=$'the text of the mail\n' out="$tmp/sent.eml" \
	    signer="$(sha256_of "$signer")" opener="$(sha256_of "$opener")" \
	    "$@"
}
# we_read SUMMARY LAYER...: sent.eml, and it is what was sent
we_read() {
	rm -f opened
	"$CARDSEAL" read --json -o opened sent.eml >verdict &&
		cat verdict && grep -q 'the text of the mail' opened || return
	python3 - "$@" <<-'END'
	import json, sys
	v = json.load(open("verdict"))
	got = [v["summary"]] + [l["kind"] for l in v["layers"]]
	sys.exit(got != sys.argv[1:] and f"{got}")
	END
}
thunderbird_signs() {
	thunderbird_sends sign=yes && openssl cms -verify -in sent.eml \
	    -CAfile cas.pem -out /dev/null -signer by.pem &&
		signed_by_signer && we_read verified signed
}
thunderbird_encrypts() {
	thunderbird_sends encrypt=yes && ! grep -q 'the text' sent.eml &&
		we_read decrypted encrypted
}
thunderbird_does_both() {
	thunderbird_sends sign=yes encrypt=yes &&
		we_read verified encrypted signed
}
# thunderbird_shows FILE LINE...: each of them in what it tells
thunderbird_shows() {
	local line
	thunderbird_does show path="$tmp/$1" >shown || return
	cat shown
	shift
	for line in "$@"; do
		grep -qx "$line" shown || return
	done
}
by_signer() {
	echo "signer: $(sha256_of "$signer")"
}
thunderbird_mail() {
	mail_head
	echo "Date: $(date -R)"
	mail_text
}
# we_make COMMAND OPTION...: made.eml of it, with this column's keys
we_make() {
	local command=$1
	shift
	thunderbird_mail | "$CARDSEAL" "$command" -q -o made.eml "$@" -
}
thunderbird_verifies() {
	local way
	for way in --detach --opaque "--headers=protect"; do
		we_make sign -k "$(spki "$signer")" "$way" &&
			thunderbird_shows made.eml 'signed: ok' "$(by_signer)" \
			    'text:.*the text of the mail.*' || return
	done
	sed 's/the text/The text/' made.eml >changed.eml
	thunderbird_shows changed.eml 'signed: none' 'signature: 10.*'
}
thunderbird_decrypts() {
	mail_sealed >sealed.eml && thunderbird_shows sealed.eml \
	    'encrypted: ok' 'signed: none' 'text:.*the text of the mail.*' &&
		we_make encrypt -R "$(cert "$opener")" &&
		thunderbird_shows made.eml 'encrypted: ok' \
		    'text:.*the text of the mail.*'
}
thunderbird_opens_both() {
	we_make sign -k "$(spki "$signer")" --encrypt --no-self \
	    -R "$(cert "$opener")" &&
		thunderbird_shows made.eml 'encrypted: ok' 'signed: ok' \
		    "$(by_signer)" 'text:.*the text of the mail.*'
}
thunderbird_shows_hidden() {
	we_make sign -k "$(spki "$signer")" --encrypt --no-self \
	    -R "$(cert "$opener")" --headers hide &&
		thunderbird_shows made.eml 'encrypted: ok' 'signed: ok' \
		    'subject: subject' 'text:.*the text of the mail.*'
}
# The same by openssl alone, to a key that Thunderbird has itself: false if it
# shows only the subject outside, and true if it does not even open the mail.
thunderbird_shows_hidden_alone() {
	{
		mail_head | sed 's/^Subject:.*/Subject: [...]/'
		{
			echo 'Content-Type: text/plain; hp="cipher"'
			mail_head
			printf 'HP-Outer: Subject: [...]\n\nthe text\n'
		} | openssl cms -encrypt -aes256 -recip own-rsa.crt
	} >alone.eml
	thunderbird_shows alone.eml 'encrypted: ok' 'text:.*the text.*' ||
		return 0
	grep -x 'subject: subject' shown
}
thunderbird_column() {
	try list thunderbird_lists
	try sign thunderbird_signs
	try verify thunderbird_verifies
	try encrypt thunderbird_encrypts
	try decrypt thunderbird_decrypts
	try "sign and encrypt" thunderbird_does_both
	try "decrypt and verify" thunderbird_opens_both
	cannot "hidden subject" "Thunderbird 153 shows the subject that stands
 outside of an S/MIME mail, whatever is inside (RFC 9788)" \
	    thunderbird_shows_hidden thunderbird_shows_hidden_alone
}
thunderbird_end() {
	ok "Thunderbird ends" thunderbird_does quit
	wait_until 30 process_is_gone "$thunderbird_pid" ||
		kill "$thunderbird_pid"
	"$CARDSEAL" setup --undo thunderbird >/dev/null
}
