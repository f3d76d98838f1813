#!/bin/bash
# memory.sh: every operation holds at most 8 MiB in the client, from files and
# pipes, and no more than 1 MiB more than for a message of 1 MiB; the agent
# stays small. MEMORY_MIB is the size of the large message; "make memory" takes
# 1024, and prints the table.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
nm "$CARDSEAL" 2>/dev/null | grep -q __asan_init && skip_all sanitizers
fixtures "$tmp/fixture" --preset quickstart --identity \
    name=curve,key=p256,email=curve@example.org,usage=encrypt
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
measure=$CS_BUILDDIR/tests/bench/measure
ca=$FIXTURE_DIR/ca.pem
certs=$FIXTURE_DIR/certs
hexadecimal=$(openssl rand -hex 32)
echo "$hexadecimal" >"$tmp/kek"
echo "a password" >"$tmp/password"
declare -A first # KiB of each operation with the small message
declare -A last
order=()

# held OPERATION KIB
held() {
	ok "$mib MiB: $1: $2 KiB at most" test "$2" -le 8192
	if [ -z "${first[$1]:-}" ]; then
		first[$1]=$2
		order+=("$1")
	else
		ok "$1: $(($2 - ${first[$1]})) KiB more than for 1 MiB" \
		    test $(($2 - ${first[$1]})) -le 1024
		last[$1]=$2
	fi
}

# small OPERATION ARGUMENT...: cardseal succeeds
small() {
	local what=$1
	shift
	ok "$mib MiB: $what" "$measure" "$tmp/usage" "$CARDSEAL" "$@" \
	    </dev/null
	held "$what" "$(cut -d' ' -f2 "$tmp/usage")"
}

# the same with the input from a pipe
small_pipe() { # OPERATION FILE ARGUMENT...
	local what="$1, from a pipe" file=$2
	shift 2
	# shellcheck disable=SC2016
	ok "$mib MiB: $what" bash -o pipefail -c 'cat "$1" | "${@:2}"' - \
	    "$file" "$measure" "$tmp/usage" "$CARDSEAL" "$@"
	held "$what" "$(cut -d' ' -f2 "$tmp/usage")"
}

both() { # OPERATION FILE ARGUMENT...: as file and as pipe
	local what=$1 file=$2
	shift 2
	small "$what" "$@" "$file"
	small_pipe "$what" "$file" "$@"
}

# opened OPERATION CONTENT ARGUMENT...: what is in $tmp/m comes out
opened() {
	local what=$1 content=$2
	shift 2
	rm -f "$tmp/content"
	both "$what" "$tmp/m" "$@" -o "$tmp/content"
	ok "$mib MiB: $what: the same" cmp -s "$content" "$tmp/content"
	small_pipe "$what to standard output" "$tmp/m" "$@" -o -
}

make_messages() {
	python3 - "$tmp/mail" "$tmp/canonical" "$mib" <<'END'
import sys
line = bytes(33 + i % 90 for i in range(76))
head = (b"Content-Type: text/plain; charset=us-ascii", b"")
for path, end, extra in ((sys.argv[1], b"\n", (
        b"From: <alice@example.org>", b"To: <bob@example.org>",
        b"Subject: large", b"MIME-Version: 1.0")), (sys.argv[2], b"\r\n", ())):
    with open(path, "wb") as f:
        f.write(end.join(extra + head + (b"",)))
        block = (line + end) * 13617
        for _ in range(int(sys.argv[3])):
            f.write(block)
END
	# Content that cannot be taken for a bomb.
	head -c "$((mib * 786432))" /dev/zero |
	    openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null |
	    base64 >"$tmp/various"
}

verify=(verify -q --anchor "$ca")

signed_mail() {
	both "sign a mail" "$tmp/mail" sign -q -o "$tmp/m"
	both "verify it" "$tmp/m" "${verify[@]}"
	opened "verify it, content" "$tmp/canonical" "${verify[@]}"
	both "read it" "$tmp/m" read -q --anchor "$ca" -o "$tmp/content"
	both "add a signer" "$tmp/m" \
	    add-signer -q -k alice@example.org -o "$tmp/m2"
	both "countersign" "$tmp/m" \
	    countersign -q -k alice@example.org -o "$tmp/m2"
	both "sign a mail opaque" "$tmp/mail" sign -q --opaque -o "$tmp/m"
	opened "verify the opaque one" "$tmp/canonical" "${verify[@]}"
	both "read the opaque one" "$tmp/m" \
	    read -q --anchor "$ca" -o "$tmp/content"
	both "add a signer to it" "$tmp/m" \
	    add-signer -q -k alice@example.org -o "$tmp/m2"
	both "sign and encrypt a mail" "$tmp/mail" sign -q --encrypt \
	    -R "$certs/alice.pem" --no-self -o "$tmp/m"
	both "read what is in it" "$tmp/m" \
	    read -q --anchor "$ca" -o "$tmp/content"
}

signed_cms() {
	local sign=(sign -q -f cms -k alice@example.org)
	both "sign a file" "$tmp/various" "${sign[@]}" -o "$tmp/m"
	small "verify it with the file" "${verify[@]}" \
	    --content "$tmp/various" "$tmp/m"
	both "sign a file opaque in DER" "$tmp/various" "${sign[@]}" \
	    --opaque --der -o "$tmp/m"
	opened "verify DER" "$tmp/various" "${verify[@]}"
	small_pipe "sign a file opaque in BER" "$tmp/various" "${sign[@]}" \
	    --opaque -o "$tmp/m"
	opened "verify BER" "$tmp/various" "${verify[@]}"
	both "sign a file opaque in PEM" "$tmp/various" "${sign[@]}" \
	    --opaque --armor -o "$tmp/m"
	opened "verify PEM" "$tmp/various" "${verify[@]}"
	both "compress and sign a file" "$tmp/various" "${sign[@]}" \
	    --opaque --compress -o "$tmp/m"
	both "verify it" "$tmp/m" "${verify[@]}"
}

encrypted() {
	local c r
	for c in aes256-cbc aes256-gcm chacha20-poly1305; do
		both "encrypt a mail, $c" "$tmp/mail" encrypt -q -c $c \
		    -R "$certs/alice.pem" -o "$tmp/m"
		both "decrypt the mail, $c" "$tmp/m" \
		    decrypt -q -o "$tmp/content"
		for r in der ber armor; do
			encrypted_file "$c" "$r"
		done
	done
	c=aes256-gcm
	both "encrypt a file, P-256" "$tmp/various" \
	    encrypt -q -f cms -c $c -R "$certs/curve.pem" -o "$tmp/m"
	opened "decrypt it, P-256" "$tmp/various" decrypt -q
	both "encrypt a file, password" "$tmp/various" encrypt -q -f cms \
	    --password-file "$tmp/password" -o "$tmp/m"
	opened "decrypt it, password" "$tmp/various" decrypt -q \
	    --password-file "$tmp/password"
	both "compress and encrypt a file" "$tmp/various" encrypt -q -f cms \
	    --compress -R "$certs/alice.pem" -o "$tmp/m"
	opened "decrypt the compressed one" "$tmp/various" decrypt -q
	both "add a recipient" "$tmp/m" \
	    rewrap -q --kek-file "$tmp/kek" -o "$tmp/m2"
	mv "$tmp/m2" "$tmp/m"
	opened "decrypt it, KEK" "$tmp/various" \
	    decrypt -q --kek-file "$tmp/kek"
}

encrypted_file() { # CIPHER FORM
	local -a form=()
	[ "$2" = ber ] || form=("--$2")
	both "encrypt a file, $1, $2" "$tmp/various" encrypt -q -f cms \
	    -c "$1" "${form[@]}" -R "$certs/alice.pem" -o "$tmp/m"
	opened "decrypt the file, $1, $2" "$tmp/various" decrypt -q
}

peers() {
	local c
	for c in -EncryptedData_encrypt -digest_create; do
		openssl cms $c -binary -stream -in "$tmp/various" \
		    -outform DER -out "$tmp/m" -aes256 \
		    -secretkey "$hexadecimal"
		opened "read what openssl cms $c makes" "$tmp/various" \
		    decrypt -q --kek-file "$tmp/kek"
	done
}

for mib in 1 "${MEMORY_MIB:-24}"; do
	make_messages
	signed_mail
	signed_cms
	encrypted
	peers
done
kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$agent_pid/status")
ok "the agent: $kib KiB at most" test "$kib" -le 8192
if [ -n "${MEMORY_MIB:-}" ]; then
	echo "# KiB for 1 MiB, for $mib MiB"
	for what in "${order[@]}"; do
		printf '# %6d %6d  %s\n' "${first[$what]}" "${last[$what]}" \
		    "$what"
	done
fi
done_testing
