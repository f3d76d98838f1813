#!/bin/bash
# The real programs, as cardseal setup leaves them: each signs, and decrypts
# where it can, with the keys of one agent.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org,usage=both \
    --identity name=eve,key=p256,email=eve@example.org
configure_intermediates
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
pinentry_answers "pin $FIXTURE_PIN"
export CARDSEAL_SOCKET=$tmp/run/agent.sock GIT_CONFIG_NOSYSTEM=1
unset GIT_CONFIG_GLOBAL
scd=$CS_BUILDDIR/client/scd/cardseal-scd
gpgsm=$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm
module=$CS_BUILDDIR/.libs/cardseal-pkcs11.so
certs=$FIXTURE_DIR/certs
cd "$tmp" || exit 99
echo "a message" >data
cat "$FIXTURE_DIR"/{ca,intermediate}.pem >cas.pem

setup() {
	"$CARDSEAL" setup "$@"
}
# An agent that has read what setup wrote; a PIN, and then yes to all.
agent_anew() {
	[ -z "$agent_pid" ] || agent_stop
	pinentry_forget
	pinentry_answers "pin $FIXTURE_PIN" yes
	agent_start
}
openssl_judges() { # SIGNATURE, detached, of data
	openssl cms -verify -binary -inform DER -in "$1" -content data \
	    -out /dev/null -CAfile cas.pem -purpose any
}
ok "openssl encrypts" openssl cms -encrypt -binary -in data -aes256 \
    -outform DER -out e.p7m "$certs/alice.pem"

# --- git and mutt -----------------------------------------------------------
exits 0 "git without an agent" setup --delegate "$gpgsm" git
like "is not tried out" "$(cat "$tmp/out")" 'not tried out'
setup --undo git >/dev/null
agent_start
exits 0 "git with an agent" setup --delegate "$gpgsm" git
like "signs" "$(cat "$tmp/out")" 'git: a test signature was made'
ok "a commit is signed" bash -c 'git init -q "$1" && cd "$1" &&
	git config user.name Alice && git config user.email alice@example.org &&
	git commit -q --allow-empty -S -m x && git verify-commit HEAD' \
    - "$tmp/repo"
setup --undo git >/dev/null
exits 1 "git with what does not sign" setup --delegate /bin/false git
like "is told of" "$(cat "$tmp/err")" 'git does not sign'
setup --undo git >/dev/null
exits 0 "mutt" setup --delegate "$CARDSEAL" mutt
like "signs" "$(cat "$tmp/out")" 'mutt: a test signature was made'
for program in mutt neomutt; do
	have_tool "$program" "$program takes it" || continue
	exits 0 "$program" setup --delegate "$CARDSEAL" "$program"
	like "$program has the settings" "$("$program" -F "$HOME/.muttrc" \
	    -Q smime_sign_command 2>&1)" 'mutt sign --certificate'
done

# --- gpgsm ------------------------------------------------------------------
end_gpg_agent() {
	gpgconf --kill gpg-agent
}
if have_tool gpgsm "gpgsm takes it"; then
	exits 0 "gnupg" setup --delegate "$scd" gnupg
	like "what to do then is told" "$(cat "$tmp/out")" 'learn-card'
	agent_anew
	root=$(openssl x509 -in "$FIXTURE_DIR/ca.pem" -noout -fingerprint \
	    -sha1 | sed 's/.*=//')
	echo "$root S relax" >"$GNUPGHOME/trustlist.txt"
	printf 'disable-crl-checks\ndisable-dirmngr\n' \
	    >"$GNUPGHOME/gpgsm.conf"
	ok "gpgsm knows the CAs" gpgsm -q --batch --import \
	    "$FIXTURE_DIR/ca.pem" "$FIXTURE_DIR/intermediate.pem"
	exits 0 "gpgsm learns the card" gpgsm --batch --learn-card
	exits 0 "gpgsm signs" gpgsm --batch --yes -u alice@example.org \
	    -o s.p7s --detach-sign data
	ok "gpgsm judges it good" gpgsm --batch --verify s.p7s data
	exits 0 "gpgsm opens a message" gpgsm --batch --yes -o got \
	    --decrypt e.p7m
	ok "it is the same" cmp data got
	is "with one PIN" "$(pinentry_count)" 1
	is "and one question" "$(grep -c '^CONFIRM' "$tmp/pinentry.d/log")" 1
	ok "gpg-agent can be ended" end_gpg_agent
	setup --undo gnupg >/dev/null
fi

# --- OpenSSL ----------------------------------------------------------------
has_engine() {
	openssl engine pkcs11 >"$tmp/engine.log" 2>&1 && return
	skip tool "OpenSSL takes it" "libp11's engine"
	return 1
}
engine() {
	OPENSSL_CONF=$XDG_CONFIG_HOME/openssl/cardseal.cnf timeout 60 openssl \
	    "$@" </dev/null
}
engine_signs() {
	engine cms -sign -binary -in data -outform DER -out s.p7s \
	    -signer "$certs/alice.pem" -certfile cas.pem -engine pkcs11 \
	    -keyform engine -inkey "pkcs11:object=alice;type=private"
}
if has_engine; then
	exits 0 "openssl" setup --delegate "$module" openssl
	agent_anew
	exits 0 "OpenSSL signs, and the agent asks for the PIN" engine_signs
	ok "openssl judges it good" openssl_judges s.p7s
	exits 0 "OpenSSL opens a message" engine cms -decrypt -binary \
	    -inform DER -in e.p7m -out got -recip "$certs/alice.pem" \
	    -engine pkcs11 -keyform engine \
	    -inkey "pkcs11:object=alice;type=private"
	ok "it is the same" cmp data got
	is "with one PIN" "$(pinentry_count)" 1
	ok "the agent is locked" "$CARDSEAL" lock
	pinentry_answers cancel
	not_ok "without a PIN it fails, and does not crash" engine_signs
	agent_stop
	not_ok "without an agent neither" engine_signs
	setup --undo openssl >/dev/null
fi

# --- NSS --------------------------------------------------------------------
# As Thunderbird uses it.
nss_database() { # FOLDER
	mkdir -p "$1"
	certutil -N -d "sql:$1" --empty-password
	certutil -A -d "sql:$1" -n root -t CT,CT,CT -a -i "$FIXTURE_DIR/ca.pem"
	certutil -A -d "sql:$1" -n between -t ,, -a \
	    -i "$FIXTURE_DIR/intermediate.pem"
}
if have_tool cmsutil "NSS takes it"; then
	db=$HOME/.thunderbird/x.default
	ok "a profile" nss_database "$db"
	exits 0 "thunderbird" setup --delegate "$module" thunderbird
	agent_anew
	exits 0 "NSS lists" certutil -L -d "sql:$db" -h Work
	like "what is on the token" "$(cat "$tmp/out")" 'Work:alice'
	is "without a PIN" "$(pinentry_count)" ""
	for name in alice eve; do
		exits 0 "NSS signs as $name" timeout 60 cmsutil -S -d "sql:$db" \
		    -N "Work:$name" -G -H SHA256 -T -i data -o "$name.p7s"
		ok "openssl judges it good" openssl_judges "$name.p7s"
	done
	exits 0 "NSS opens a message" timeout 60 cmsutil -D -d "sql:$db" \
	    -i e.p7m -o got
	ok "it is the same" cmp data got
	is "with one PIN" "$(pinentry_count)" 1
	is "and one question" "$(grep -c '^CONFIRM' "$tmp/pinentry.d/log")" 1
	setup --undo thunderbird >/dev/null
	agent_anew
	unlike "undone: NSS has it no more" "$(certutil -L -d "sql:$db" \
	    -h all)" 'Work:alice'
fi

# --- without the rule -------------------------------------------------------
agent_anew
like "no rule is left" "$(cat "$XDG_CONFIG_HOME/cardseal/agent.conf" 2>&1)" \
    'No such file'
if have_tool cmsutil "NSS without the rule"; then
	ok "NSS is told by modutil" modutil -force -dbdir "sql:$db" -add \
	    cardseal -libfile "$module"
	not_ok "nothing is opened" timeout 60 cmsutil -D -d "sql:$db" \
	    -i e.p7m -o other
fi
done_testing
