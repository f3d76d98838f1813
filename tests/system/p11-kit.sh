#!/bin/bash
# p11-kit.sh: programs that cannot load the module, as those in Flatpak, reach
# the agent's keys by p11-kit's protocol over a socket (cardseal-p11-kit.socket).
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
unit=$CS_BUILDDIR/client/pkcs11/cardseal-p11-kit@.service
socket=$tmp/run/p11-kit
client=$(pkg-config --variable=p11_module_path p11-kit-1)/p11-kit-client.so
fixtures "$tmp/fixture" --preset mix
pinentry_answers "pin $FIXTURE_PIN"
agent_start
python3 "$CS_SRCDIR/tests/system/p11_kit_server.py" "$unit" \
    "$CS_BUILDDIR/.libs/cardseal-pkcs11.so" "$socket" \
    >"$tmp/served" 2>"$tmp/server.err" &
started_pids+=("$!")
ok "it listens" wait_until 10 test -S "$socket"
export P11_KIT_SERVER_ADDRESS=unix:path=$socket
printf 'what is signed\n' >"$tmp/data"

p11() { # ARGUMENT...
	timeout 60 pkcs11-tool --module "$client" "$@"
}
sign() { # NAME MECHANISM ARGUMENT...: of p11
	p11 --login --sign --id "$(fixture_field "$1" 4)" --mechanism "$2" \
	    -i "$tmp/data" -o "$tmp/sig" "${@:3}"
}

# --- what a program in a sandbox can do ------------------------------------
exits 0 "slots" p11 -L
like "the token" "$(cat "$tmp/out")" 'Cardseal mix'
like "the agent asks for the PIN" "$(cat "$tmp/out")" 'PIN pad present'
exits 0 "objects" p11 -O
like "certificates" "$(cat "$tmp/out")" 'Certificate Object'
is "nobody was asked" "$(pinentry_count)" ""
exits 0 "it signs" sign rsa2048 SHA256-RSA-PKCS
ok "which is good" openssl dgst -sha256 -verify \
    "$FIXTURE_DIR/pub/rsa2048.pem" -signature "$tmp/sig" "$tmp/data"
openssl dgst -sha256 -binary "$tmp/data" >"$tmp/digest"
exits 0 "it signs with an EC key" p11 --login --sign --mechanism ECDSA \
    --id "$(fixture_field p256 4)" -i "$tmp/digest" -o "$tmp/sig" \
    --signature-format openssl
ok "which is good, too" openssl dgst -sha256 -verify \
    "$FIXTURE_DIR/pub/p256.pem" -signature "$tmp/sig" "$tmp/data"
is "the agent asked once" "$(pinentry_count)" 1
exits 0 "GnuTLS, too" p11tool --provider "$client" --list-all-certs
like "sees the certificates" "$(cat "$tmp/out")" 'token=Cardseal%20mix'
"$CARDSEAL" log >"$tmp/log" 2>/dev/null
like "the log tells which program it was" "$(cat "$tmp/log")" 'p11-kit-remote'

# --- and what not ----------------------------------------------------------
exits 1 "keys are not made" p11 --login --keypairgen --key-type rsa:2048
exits 1 "objects are not removed" p11 --login --delete-object --type cert \
    --id "$(fixture_field rsa2048 4)"
like "there is no other module's token" "$(p11 -L | grep -c 'token label')" 1

# --- several at once, and a restart ----------------------------------------
for i in 1 2 3 4 5 6; do
	p11 --login --sign --id "$(fixture_field rsa2048 4)" \
	    --mechanism SHA256-RSA-PKCS -i "$tmp/data" -o "$tmp/sig.$i" \
	    >"$tmp/sign.$i" 2>&1 &
	signs[i]=$!
done
for i in 1 2 3 4 5 6; do
	wait "${signs[i]}"
	ok "$i: one of six at once" openssl dgst -sha256 -verify \
	    "$FIXTURE_DIR/pub/rsa2048.pem" -signature "$tmp/sig.$i" \
	    "$tmp/data"
done
is "nobody was asked again" "$(pinentry_count)" 1

# --- one that is hostile ---------------------------------------------------
ok "what is no request ends that connection" python3 - "$socket" <<'END'
import os
import socket
import struct
import sys

HELLO = b"\0"
SENT = [os.urandom(4096), HELLO + b"\xff" * 64,
        HELLO + struct.pack(">III", 1, 0xffffff00, 0xffffff00) + b"x" * 4096,
        HELLO + struct.pack(">III", 1, 24, 1 << 30) + b"PRIVATE-GNOME-KEYRING",
        HELLO + struct.pack(">III", 1, 4, 64) + b"\0" * 68, b""]
for octets in SENT:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(sys.argv[1])
    try:
        s.sendall(octets)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    s.close()
END
exits 0 "others go on" sign rsa2048 SHA256-RSA-PKCS
gone() {
	local pid
	while read -r pid; do
		[ ! -d "/proc/$pid" ] || return 1
	done <"$tmp/served"
}
ok "none is left of what served them" wait_until 10 gone
is "the server had no trouble" "$(grep -c Traceback "$tmp/server.err")" 0
done_testing
