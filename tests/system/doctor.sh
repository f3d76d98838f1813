#!/bin/bash
# cardseal doctor: each thing that can be wrong is found, with what to do; no
# PIN is asked for, and nothing holds it up.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# Nobody listens there.
export PCSCLITE_CSOCK_NAME=$tmp/run/pcscd.comm
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=old,key=p256,validity=expired,email=old@example.org
configure_intermediates
pinentry_answers "pin $FIXTURE_PIN"

doctor() {
	"$CARDSEAL" doctor "$@"
}
# found LEVEL TOPIC: the texts of such findings in $tmp/out, with --json
found() {
	python3 -c '
import json, sys
for f in json.load(sys.stdin)["findings"]:
    if (f["level"], f["topic"]) == tuple(sys.argv[1:]):
        print(f["text"])' "$@" <"$tmp/out"
}
advised() { # TOPIC: what it says to do about it
	python3 -c '
import json, sys
for f in json.load(sys.stdin)["findings"]:
    if f["topic"] == sys.argv[1]:
        print(f.get("advice", ""))' "$1" <"$tmp/out"
}

# --- without an agent -------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/agent.sock
exits 9 "no pcscd, no agent" doctor --json
like "pcscd is missed" "$(found wrong pcscd)" 'does not run'
like "how to start it" "$(advised pcscd)" 'systemctl enable --now pcscd'
like "the agent is missed" "$(found wrong agent)" 'no agent answers'
like "how to start it" "$(advised agent)" 'cardseal-agent.socket'
exits 2 "an operand" doctor all
exits 9 "for people" doctor
like "says so, too" "$(cat "$tmp/out")" \
    'WRONG +pcscd: .*-> install pcscd.*things are wrong'

# --- with one ---------------------------------------------------------------
agent_start
exits 6 "nobody is trusted" doctor --json
like "pcscd is no matter where a token is" "$(found note pcscd)" 'not run'
like "the agent" "$(found good agent)" "runs as process $agent_pid"
like "its socket" "$(found good socket)" "$CARDSEAL_SOCKET"
like "its module" "$(found good module)" 'softhsm.* is ready'
like "its token" "$(found good token)" '"Work".*driver "SoftHSM'
like "the PIN" "$(found good PIN)" 'not typed yet'
like "what asks for it" "$(found good pinentry)" "by $tmp/pinentry"
like "the key that may sign" "$(found good key)" \
    'alice@example.org, until 20.*signs mail: yes; gets encrypted mail: yes'
like "the one that may not" "$(found note key)" \
    'old@example.org.*signs mail: no, '
like "since it expired" "$(found note expiry)" 'expired on 20'
like "the chain is told of" "$(found wrong chain)" 'certificate of'
like "and what to do" "$(advised chain)" 'setup anchors'
is "one chain alone" "$(found wrong chain | wc -l)" 1
like "the clock" "$(found good clock)$(found note clock)" '20[0-9-]+T'
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
exits 0 "with its anchor all is well" doctor
like "and that is said" "$(tail -n 1 "$tmp/out")" '^nothing is wrong$'
exits 0 "quietly" doctor -q
is "nothing is said" "$(cat "$tmp/out")" ""
is "no PIN was asked for" "$(pinentry_count)" ""
chmod 660 "$CARDSEAL_SOCKET"
exits 0 "a socket for others" doctor --json
like "is warned of" "$(found warning socket)" 'others may open'
chmod 600 "$CARDSEAL_SOCKET"
mv "$tmp/pinentry" "$tmp/pinentry.away"
exits 5 "no pinentry" doctor --json
like "is told of" "$(advised pinentry)" 'install pinentry'
mv "$tmp/pinentry.away" "$tmp/pinentry"
ok "the agent knows the PIN" "$CARDSEAL" unlock
exits 0 "which is told" doctor --json
like "so" "$(found good PIN)" 'known to the agent'

# --- the programs -----------------------------------------------------------
setup() {
	"$CARDSEAL" setup "$@" >"$tmp/setup.out" 2>&1
}
mkdir -p "$HOME/.thunderbird/"{a,b}
for profile in a b; do
	printf 'library=\nname=NSS\n\n' \
	    >"$HOME/.thunderbird/$profile/pkcs11.txt"
done
exits 0 "who is set up" doctor --json
like "nobody yet" "$(found note client)" \
    'mutt is not set up.*ssh is not set up.*thunderbird is not set up'
unlike "what has no profile is not missed" "$(found note client)" 'firefox'
like "and what to do" "$(advised client)" '"cardseal setup mutt"'
setup mutt
setup thunderbird
exits 0 "some are" doctor --json
like "as is told" "$(found good client)" \
    'mutt is set up.*thunderbird is set up'
printf 'library=\nname=NSS\n\n' >"$HOME/.thunderbird/b/pkcs11.txt"
exits 0 "not in all profiles" doctor --json
like "as is told" "$(found note client)" 'thunderbird is not set up in all'
ln -s nowhere "$HOME/.gitconfig"
exits 0 "a link to nothing" doctor --json
like "is told of" "$(found warning client)" 'git is not one that setup takes'
rm "$HOME/.gitconfig"
mkdir -p "$XDG_CONFIG_HOME/pkcs11/modules"
echo 'module: /nowhere.so' >"$XDG_CONFIG_HOME/pkcs11/modules/cardseal.module"
exits 0 "p11-kit with a wrong path" doctor --json
like "is told of" "$(found warning client)" 'not there: /nowhere.so'
echo "module: $CS_BUILDDIR/.libs/cardseal-pkcs11.so" \
    >"$XDG_CONFIG_HOME/pkcs11/modules/cardseal.module"
exits 0 "p11-kit with the right one" doctor --json
like "has it" "$(found good client)" 'p11-kit has the agent'

# --- what hangs -------------------------------------------------------------
kill -STOP "$agent_pid"
exits 9 "an agent that hangs" timeout 60 "$CARDSEAL" doctor --json
like "is told of" "$(found wrong agent)" 'no answer in 10 seconds'
like "and the rest is there" "$(found good clock)$(found note clock)" '20'
kill -CONT "$agent_pid"

# A PC/SC service that answers with a code, or not at all.
cat >"$tmp/service.py" <<'END_OF_SERVICE'
import os, socket, struct, sys
code = int(sys.argv[2], 16)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
while True:
    c = s.accept()[0]
    while code:
        head = c.recv(8)
        if len(head) < 8:
            break
        size, command = struct.unpack("=II", head)
        body = c.recv(size)
        if command == 0x11:
            c.sendall(body[:8] + struct.pack("=I", 0))
        else:
            c.sendall(body[:8] + struct.pack("=I", code))
    while not code and c.recv(4096):
        pass
END_OF_SERVICE
service() { # CODE
	rm -f "$PCSCLITE_CSOCK_NAME"
	start_background python3 "$tmp/service.py" "$PCSCLITE_CSOCK_NAME" "$1"
	wait_until 10 test -S "$PCSCLITE_CSOCK_NAME"
}
agent_stop
service 8010006a
exits 9 "polkit says no" doctor --json
like "which is told" "$(found wrong pcscd)" 'polkit does not let'
like "and what to do" "$(advised pcscd)" 'org.debian.pcsc-lite.access_pcsc'
service 80100001
exits 9 "another fault" doctor --json
like "is told of" "$(found wrong pcscd)" 'does not work: '
service 0
exits 9 "a service that hangs" timeout 60 "$CARDSEAL" doctor --json
like "is told of" "$(found wrong pcscd)" 'no answer in 10 seconds'
rm "$PCSCLITE_CSOCK_NAME"

# --- what libexec lacks -------------------------------------------------------
rm "$tmp/libexec/cardseal-token"
exits 3 "no cardseal-token" doctor --json
like "is told of" "$(found warning pcscd)" 'does not tell of readers'
done_testing
