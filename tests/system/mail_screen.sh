# shellcheck shell=bash disable=SC2154
# mail_screen.sh: mutt and neomutt in a terminal of their own, for tests that
# have sourced tests/system/lib.sh. $tmp/muttrc is the settings, $tmp/body the
# text of what is sent; a mail that was sent is $tmp/sent.
printf '#!/bin/sh\ncat >"%s.new" && mv "%s.new" "%s"\n' "$tmp/sent" \
    "$tmp/sent" "$tmp/sent" >"$tmp/sendmail"
chmod +x "$tmp/sendmail"
printf 'the text of the mail\n' >"$tmp/body"

# mail_settings FROM: what does not depend on cardseal
mail_settings() {
	cat <<-END
	set from="$1" use_from=yes envelope_from=no
	set editor=true autoedit=yes edit_headers=yes abort_unmodified=no
	set copy=no sendmail="$tmp/sendmail"
	set mbox_type=mbox move=no confirmappend=no timeout=1 wait_key=no
	set folder="$tmp" record="" postponed="$tmp/postponed"
	set header_cache="" crypt_verify_sig=yes sleep_time=0
	END
}

# id_of NAME: the file that "cardseal mutt sync" made of an identity
id_of() {
	local f
	for f in "$HOME"/.smime/certificates/*.?; do
		cmp -s <(openssl x509 -in "$f" -outform DER) \
		    <(openssl x509 -in "$FIXTURE_DIR/certs/$1.pem" \
			-outform DER) && basename "$f" && return
	done
}

screen() { tmux -S "$tmp/tmux" capture-pane -p; }
screen_has() { screen | grep -qE "$1"; }
keys() { tmux -S "$tmp/tmux" send-keys "$@"; }
# run PROGRAM ARGUMENT...: in a terminal of 100 by 40
run() {
	tmux -S "$tmp/tmux" -f /dev/null new-session -d -x 100 -y 40 \
	    "TERM=screen $* 2>$tmp/tty.err"
}
end_run() {
	tmux -S "$tmp/tmux" kill-server 2>/dev/null
}
# on_screen WHAT REGEX
on_screen() {
	if wait_until 60 screen_has "$2"; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		screen 2>&1 | diag
	fi
}

# press KEY COMMAND...: until the command succeeds, four times at most. neomutt
# throws away what comes before it has drawn its screen.
press() {
	local _ key=$1
	shift
	for _ in 1 2 3 4; do
		keys "$key"
		wait_until "${PRESS_SECONDS:-5}" "$@" && return
	done
}

sent_or_asked() { [ -s "$tmp/sent" ] || screen_has 'passphrase'; }
# send PROGRAM SETTING TO: $tmp/body, signed or encrypted as the setting says;
# within $SEND_SECONDS
send() {
	rm -f "$tmp/sent"
	run "$1" -F "$tmp/muttrc" -e "'set $2'" -s subject -i "$tmp/body" "$3"
	wait_until 60 screen_has 'y:Send'
	press y sent_or_asked
	! screen_has 'passphrase' || keys Enter
	wait_until "${SEND_SECONDS:-60}" test -s "$tmp/sent" || {
		screen 2>&1 | diag
		diag "$tmp/tty.err"
	}
	end_run
}

opened_or_asked() {
	screen_has 'passphrase' || ! screen_has 'Mutt: =mbox'
}
# open_mail PROGRAM FILE: its only mail, whose subject is "subject"
open_mail() {
	{ echo "From alice Thu Jan  1 00:00:00 2026"; cat "$2"; echo; } |
	    tr -d '\r' >"$tmp/mbox"
	run "$1" -F "$tmp/muttrc" -f "$tmp/mbox"
	wait_until 60 screen_has 'subject'
	press Enter opened_or_asked
}
