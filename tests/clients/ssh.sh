# shellcheck shell=bash disable=SC2034,SC2154
# OpenSSH, by cardseal-ssh-agent and by the module; the server is paramiko's.
ssh_needs() {
	have_tool ssh ssh
}
ssh_begin() {
	peer_version "ssh" "$(ssh -V 2>&1 | cut -d, -f1)"
	: >keys
	for name in "${columns[@]}"; do
		use_column "$name"
		ssh_public >>keys
	done
	mkfifo hold
	"$CS_SRCDIR/tests/system/ssh_server.py" keys <hold >port &
	started_pids+=($!)
	exec 9>hold
	ok "an SSH server" wait_until 60 test -s port
}
ssh_public() {
	openssl x509 -in "$(cert "$signer")" -noout -pubkey >pub.pem
	ssh-keygen -i -m PKCS8 -f pub.pem
}
login() { # [OPTION...]; says no to whatever is asked
	local said
	said=$(timeout 60 ssh -F /dev/null -p "$(cat port)" \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	    -o LogLevel=ERROR -o ConnectTimeout=30 "$@" \
	    alice@127.0.0.1 greet </dev/null) && [ "$said" = "did greet" ]
}
with_face() {
	"$ssh_face" -a "$tmp/ssh.sock" -k "$(spki "$signer")" "$@"
}
ssh_face_lists() {
	with_face ssh-add -L | cut -d' ' -f1,2 | grep -qxF "$(ssh_public)"
}
ssh_face_logs_in() {
	export -f login
	with_face bash -c login
}
ssh_module_lists() {
	ssh-keygen -D "$module" | grep -qF "$(ssh_public)"
}
# One key alone, so that no other of the token logs in. In batch mode ssh does
# not even ask a token that has a PIN pad, or says so.
ssh_module_logs_in() {
	ssh_public >only.pub
	chmod 600 only.pub
	login -o PKCS11Provider="$module" -o IdentitiesOnly=yes -i only.pub \
	    -o IdentityAgent=none
}
ssh_column() {
	for program in "ssh, cardseal-ssh-agent" "ssh, PKCS11Provider"; do
		case $program in
		*agent)
			try list ssh_face_lists
			try sign ssh_face_logs_in
			;;
		*)
			try list ssh_module_lists
			try sign ssh_module_logs_in
			;;
		esac
	done
}
ssh_end() {
	exec 9>&-
}
