#!/bin/bash
# flatpak.sh: a program inside a real Flatpak sandbox reaches the agent's keys by
# the socket for it, with the words of doc/clients.md.
#
# `make check-flatpak` runs it; it is none of the ordinary tests, since a sandbox
# within a chroot or a container is mostly not allowed. The runtime is made here,
# of this machine's own programs: none has to be fetched.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/setup.sh
. "$CS_SRCDIR/tests/setup.sh"
cd "$CS_SRCDIR" || exit 99
mapfile -t missing < <(packages_missing flatpak)
[ ${#missing[@]} = 0 ] || {
	echo "Bail out! apt-get install ${missing[*]}"
	exit 99
}

# --- the runtime and the program -------------------------------------------
arch=$(flatpak --default-arch)
client=$(pkg-config --variable=p11_module_path p11-kit-1)/p11-kit-client.so
platform=org.example.Platform signer=org.example.Signer
rt=$tmp/rt app=$tmp/app
mkdir -p "$rt/usr/bin" "$rt/files" "$app/files/bin" "$app/export"

# Into the runtime, at the same place; what is linked to it, too.
put() { # FILE
	local file to
	for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
		to=$(realpath -s "$file")
		to=$rt/usr/${to#/}
		to=${to/#$rt\/usr\/usr/$rt/usr}
		mkdir -p "${to%/*}"
		cp -L "$file" "$to"
	done
}
for file in /bin/sh /usr/bin/env /usr/bin/pkcs11-tool "$client"; do
	put "$file"
done
printf '[%s]\nname=%s\nruntime=%s/%s/12\nsdk=%s/%s/12\n' Runtime \
    $platform $platform "$arch" $platform "$arch" >"$rt/metadata"
printf '[%s]\nname=%s\nruntime=%s/%s/12\nsdk=%s/%s/12\ncommand=signer\n' \
    Application $signer $platform "$arch" $platform "$arch" >"$app/metadata"
printf '#!/bin/sh\nexec pkcs11-tool --module %s "$@"\n' "$client" \
    >"$app/files/bin/signer"
chmod +x "$app/files/bin/signer"
# Flatpak asks a system bus for parental controls: a private one has none.
cat >"$tmp/on-bus" <<'END'
DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS exec flatpak "$@"
END
on_bus() {
	timeout 120 dbus-run-session -- sh "$tmp/on-bus" "$@" 2>"$tmp/flatpak.err"
}
exits 0 "the runtime is made" flatpak build-export -r "$tmp/repo" "$rt" 12
exits 0 "the program is made" flatpak build-export "$tmp/repo" "$app" 12
exits 0 "they are offered" on_bus --user remote-add --no-gpg-verify here \
    "$tmp/repo"
exits 0 "the runtime is installed" on_bus --user install -y --noninteractive \
    here "$platform"//12
exits 0 "the program is installed" on_bus --user install -y --noninteractive \
    here "$signer"//12

# --- the agent, and the socket where systemd would have it -----------------
fixtures "$tmp/fixture" --preset mix
pinentry_answers "pin $FIXTURE_PIN"
agent_start
socket=$XDG_RUNTIME_DIR/cardseal/p11-kit
mkdir -p "${socket%/*}"
python3 "$CS_SRCDIR/tests/system/p11_kit_server.py" \
    "$CS_BUILDDIR/client/pkcs11/cardseal-p11-kit@.service" \
    "$CS_BUILDDIR/.libs/cardseal-pkcs11.so" "$socket" \
    >"$tmp/served" 2>"$tmp/server.err" &
started_pids+=("$!")
ok "it listens" wait_until 10 test -S "$socket"
run() {
	on_bus run --filesystem="$tmp/data" "$signer"//12 "$@"
}
mkdir "$tmp/data"
printf 'what is signed\n' >"$tmp/data/text"
openssl dgst -sha256 -binary "$tmp/data/text" >"$tmp/data/digest"

exits 0 "in the sandbox nothing is there before" run -L
unlike "no token of ours" "$(cat "$tmp/out")" 'Cardseal mix'
exits 0 "it is let in" on_bus override --user \
    --filesystem=xdg-run/cardseal/p11-kit "$signer"
# Flatpak has p11-kit's client speak to a server of its own, with the machine's
# CAs, and takes its variable out: it is set again inside.
run() {
	on_bus run --filesystem="$tmp/data" --command=env "$signer"//12 \
	    P11_KIT_SERVER_ADDRESS="unix:path=$socket" signer "$@"
}
exits 0 "slots" run -L
like "the token" "$(cat "$tmp/out")" 'Cardseal mix'
exits 0 "objects" run -O
like "certificates" "$(cat "$tmp/out")" 'Certificate Object'
is "nobody was asked" "$(pinentry_count)" ""
exits 0 "it signs" run --login --sign --id "$(fixture_field rsa2048 4)" \
    --mechanism SHA256-RSA-PKCS -i "$tmp/data/text" -o /var/tmp/sig
sig=$HOME/.var/app/$signer/cache/tmp/sig
ok "which is good" openssl dgst -sha256 -verify \
    "$FIXTURE_DIR/pub/rsa2048.pem" -signature "$sig" "$tmp/data/text"
exits 0 "it signs with an EC key" run --login --sign --mechanism ECDSA \
    --id "$(fixture_field p256 4)" -i "$tmp/data/digest" -o /var/tmp/sig \
    --signature-format openssl
ok "which is good, too" openssl dgst -sha256 -verify \
    "$FIXTURE_DIR/pub/p256.pem" -signature "$sig" "$tmp/data/text"
is "the agent asked once" "$(pinentry_count)" 1
ok "the agent's own socket is not in the sandbox" test -z "$(on_bus run \
    --command=sh "$signer"//12 -c 'ls -d "$XDG_RUNTIME_DIR"/cardseal/*agent*' |
    grep agent)"
done_testing
