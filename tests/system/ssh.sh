#!/bin/bash
# ssh.sh: OpenSSH's own programs, and git, with the keys that cardseal-agent
# holds: cardseal-ssh-agent is their SSH_AUTH_SOCK. The server is paramiko's.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool ssh-add "OpenSSH asks cardseal-ssh-agent" || done_testing
face=$CS_BUILDDIR/client/ssh/cardseal-ssh-agent
fixtures "$tmp/fixture" --token Card --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org,usage=any \
    --identity name=bob,key=p256,email=bob@example.org,usage=any \
    --identity name=carol,key=p384,email=carol@example.org,usage=any \
    --identity name=dave,key=p521,email=dave@example.org,usage=any \
    --identity name=erin,key=ed25519,email=erin@example.org,usage=any \
    --identity name=mail,key=p256,email=mail@example.org,usage=both
cd "$tmp" || exit 99
pinentry_answers "pin 123456"

# --- by hand ------------------------------------------------------------------
exits 0 "it tells its version" "$face" --version
exits 0 "it tells how it is used" "$face" --help
exits 2 "an option it has not" "$face" --nonsense
exits 2 "a key's name that is none" "$face" --key alice true
exits 1 "a place where no socket can be" "$face" -a "$tmp/none/socket" true
like "it says where" "$(cat err)" 'none/socket'
exits 7 "the command's status is its own" "$face" -a "$tmp/s" sh -c 'exit 7'
ok "the socket is gone with it" test ! -e "$tmp/s"
exits 127 "a command that is not there" "$face" -a "$tmp/s" "$tmp/no-program"
echo keep >file
exits 1 "a file stands where the socket should be" "$face" -a "$tmp/file" true
is "it is left alone" "$(cat file)" keep
export CARDSEAL_SOCKET=$tmp/run/nobody
exits 1 "without an agent there are no keys" "$face" ssh-add -l
like "it says so" "$(cat out err)" 'no identities'
like "and why" "$(cat err)" 'cardseal-ssh-agent: .*agent'
export CARDSEAL_SOCKET=$tmp/run/agent.sock

# --- keys ---------------------------------------------------------------------
agent_start
start_background "$face"
face_pid=$background_pid
export SSH_AUTH_SOCK=$tmp/run/cardseal/ssh
ok "it listens where it says" wait_until 10 ssh-add -l
is "only its user reaches it" "$(stat -c %a "$SSH_AUTH_SOCK")" 600
exits 1 "another one does not take its place" "$face"
like "it says why" "$(cat err)" 'in use'
is "nobody asked for a PIN" "$(pinentry_count)" ""
ssh-add -L >keys
is "all keys but the one that is for mail" "$(wc -l <keys)" 5
for type in ssh-rsa ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 \
    ecdsa-sha2-nistp521 ssh-ed25519; do
	is "a key of type $type" "$(grep -c "^$type " keys)" 1
done
# A child that ends is seen even where SIGCHLD was ignored before.
start_background bash -c "trap '' CHLD; exec '$face' -a '$tmp/ignoring'"
wait_until 10 test -S "$tmp/ignoring"
answered=0
for _ in $(seq 70); do
	SSH_AUTH_SOCK=$tmp/ignoring ssh-add -l >/dev/null 2>&1 &&
		answered=$((answered + 1))
done
is "it serves more than there may be at once" $answered 70
public_of() { # NAME: as OpenSSH writes it
	openssl x509 -in "$FIXTURE_DIR/certs/$1.pem" -noout -pubkey >pub.pem
	ssh-keygen -i -m PKCS8 -f pub.pem
}
for name in alice bob carol dave; do
	ok "$name's is the certificate's" grep -qF "$(public_of $name)" keys
done
mail_id=$(fixture_field mail 6)
one_key() {
	"$face" -a "$tmp/one" -k "${mail_id:0:12}" ssh-add -L
}
is "a key that is named is offered, and no other" "$(one_key |
    cut -d' ' -f1,2)" "$(public_of mail)"
exits 1 "keys are not added" ssh-add -q ./no-such-key
ssh-keygen -q -t ed25519 -N '' -f soft
exits 1 "nor those of files" ssh-add -q soft
exits 1 "nor removed" ssh-add -D

# --- signatures of files ------------------------------------------------------
echo "some text" >text
for type in ssh-rsa ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 \
    ecdsa-sha2-nistp521 ssh-ed25519; do
	grep "^$type " keys >one.pub
	echo "alice@example.org $(cat one.pub)" >allowed
	rm -f text.sig
	ok "$type signs a file" ssh-keygen -q -Y sign -n file -f one.pub text
	ok "$type: and it is good" ssh-keygen -Y verify -n file -f allowed \
	    -I alice@example.org -s text.sig <text
	exits 255 "$type: of no other text" ssh-keygen -Y verify -n file \
	    -f allowed -I alice@example.org -s text.sig <keys
done
is "the PIN was asked for once" "$(pinentry_count)" 1
like "and what for was told" "$(pinentry_descriptions)" \
    'SSH signature for file'
like "and for whom" "$(pinentry_descriptions)" 'ssh-keygen'

# --- logins -------------------------------------------------------------------
mkfifo hold
"$CS_SRCDIR/tests/system/ssh_server.py" keys <hold >port &
started_pids+=($!)
exec 9>hold
ok "a server" wait_until 20 test -s port
login() { # [OPTION...]
	ssh -F /dev/null -p "$(cat port)" -o BatchMode=yes \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	    -o LogLevel=ERROR -o ConnectTimeout=30 "$@" \
	    alice@127.0.0.1 greet
}
for type in ssh-rsa ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 \
    ecdsa-sha2-nistp521 ssh-ed25519; do
	grep "^$type " keys >one.pub
	is "ssh logs in with $type" \
	    "$(login -o IdentitiesOnly=yes -i one.pub 2>&1)" "did greet"
done
grep "^ssh-rsa " keys >one.pub
for algorithm in rsa-sha2-256 rsa-sha2-512; do
	is "with RSA, $algorithm" "$(login -o IdentitiesOnly=yes -i one.pub \
	    -o PubkeyAcceptedAlgorithms=$algorithm 2>&1)" "did greet"
done
unlike "not with RSA and SHA-1" "$(login -o IdentitiesOnly=yes -i one.pub \
    -o PubkeyAcceptedAlgorithms=ssh-rsa 2>&1)" "did greet"
is "with whatever it finds" "$(login 2>&1)" "did greet"
six_at_once() {
	local i pids=() bad=0
	for i in 1 2 3 4 5 6; do
		login >"login.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || bad=1
	done
	return "$bad"
}
ok "six at once" six_at_once

# --- what is not signed -------------------------------------------------------
cat >talk.py <<'END'
"""What an agent answers: the octets given in hexadecimal digits, each a
request without its length; prints each answer's first octet."""
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ["SSH_AUTH_SOCK"])
for argument in sys.argv[1:]:
    raw = bytes.fromhex(argument)
    s.sendall(struct.pack(">I", len(raw)) + raw)
    head = s.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        print("end")
        break
    body = s.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
    print(body[0])
END
request_of() { # FILE: asks for a signature over it with bob's key
	python3 - "$1" <<'END'
import base64, struct, sys
with open("keys") as f:
    blob = next(base64.b64decode(line.split()[1]) for line in f
                if "nistp256" in line)
with open(sys.argv[1], "rb") as f:
    data = f.read()
print((b"\x0d" + struct.pack(">I", len(blob)) + blob +
       struct.pack(">I", len(data)) + data + bytes(4)).hex())
END
}
is "any text is not signed" "$(python3 talk.py "$(request_of text)")" 5
printf '\x31\x18\x30\x16\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03' >attrs
is "nor are CMS's attributes" "$(python3 talk.py "$(request_of attrs)")" 5
is "odd requests are refused, and the next is answered" "$(python3 talk.py \
    0d 0dffffffff 0d00000001 1b 1b00000000 63 01 16 0b | tr '\n' ' ')" \
    "5 5 5 5 5 5 5 5 12 "
is "an empty one ends the connection" "$(python3 talk.py '' 0b)" "end"
ok "others are answered still" ssh-add -l

# --- the agent goes and comes ---------------------------------------------------
agent_stop
exits 1 "without the agent the list is empty" ssh-add -l
agent_start
ok "with it the keys are there again" ssh-add -l
grep "^ecdsa-sha2-nistp256 " keys >one.pub
is "and log in" "$(login -o IdentitiesOnly=yes -i one.pub 2>&1)" "did greet"

# --- git ----------------------------------------------------------------------
if have_tool git "git signs with ssh's agent"; then
	export GIT_CONFIG_NOSYSTEM=1
	mkdir repo
	git() { command git -C "$tmp/repo" "$@"; }
	git init -q -b main
	git config user.name "Alice Example"
	git config user.email alice@example.org
	git config gpg.format ssh
	git config user.signingKey "key::$(cut -d' ' -f1,2 one.pub)"
	echo "alice@example.org $(cat one.pub)" >allowed
	git config gpg.ssh.allowedSignersFile "$tmp/allowed"
	ok "git signs a commit" git commit -q -S --allow-empty -m first
	like "and finds it good" "$(git log -1 --show-signature 2>&1)" \
	    'Good "git" signature for alice@example.org'
fi

kill -TERM "$face_pid"
ok "it ends when it is told to" wait_until 10 process_is_gone "$face_pid"
ok "and its socket with it" test ! -e "$SSH_AUTH_SOCK"
exec 9>&-
# --- an interrupt from the terminal --------------------------------------------
cat >interrupt.py <<'EOF'
import os, signal, subprocess, sys
run = subprocess.Popen(sys.argv[1:], start_new_session=True,
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
assert run.stdout.readline() == "ready\n"
os.killpg(run.pid, signal.SIGINT)
out, _ = run.communicate("go on\n", timeout=60)
sys.stdout.write(out)
sys.exit(run.returncode)
EOF
# shellcheck disable=SC2016 # the inner shell's
exits 0 "a command that goes on after it" python3 interrupt.py "$face" \
    -a "$tmp/s" sh -c 'trap "" INT; echo ready; read -r line; ssh-add -l'
like "still has its keys" "$(cat out)" 'ECDSA'

done_testing
