#!/bin/bash
# memory.sh: signing, verifying, encrypting, decrypting, compressing and
# rewrapping hold at most 8 MiB in the client whatever the size of the message,
# from files and pipes, and the agent stays small.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
nm "$CARDSEAL" 2>/dev/null | grep -q __asan_init && skip_all sanitizers
mib=${MEMORY_MIB:-96}
fixtures "$tmp/fixture" --preset quickstart
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
measure=$CS_BUILDDIR/tests/bench/measure
ca=$FIXTURE_DIR/ca.pem

python3 - "$tmp/mail" "$mib" <<'END'
import sys
line = bytes(33 + i % 90 for i in range(76)) + b"\n"
with open(sys.argv[1], "wb") as f:
    f.write(b"From: <alice@example.org>\nTo: <bob@example.org>\n"
            b"Subject: large\nMIME-Version: 1.0\n"
            b"Content-Type: text/plain; charset=us-ascii\n\n")
    block = line * 13617
    for _ in range(int(sys.argv[2])):
        f.write(block)
END

# small DESCRIPTION ARGUMENT...: cardseal succeeds within 8 MiB; standard
# input is $input
input=/dev/null
small() {
	local what=$1 kib
	shift
	ok "$what" "$measure" "$tmp/usage" "$CARDSEAL" "$@" <"$input"
	kib=$(cut -d' ' -f2 "$tmp/usage")
	ok "$what: $kib KiB at most" test "$kib" -le 8192
}

# the same with the input from a pipe
small_pipe() {
	local what=$1 file=$2 kib
	shift 2
	# shellcheck disable=SC2016
	ok "$what" bash -o pipefail -c 'cat "$1" | "${@:2}"' - "$file" \
	    "$measure" "$tmp/usage" "$CARDSEAL" "$@"
	kib=$(cut -d' ' -f2 "$tmp/usage")
	ok "$what: $kib KiB at most" test "$kib" -le 8192
}

both() { # DESCRIPTION FILE ARGUMENT...: as file and as pipe
	local what=$1 file=$2
	shift 2
	small "$what" "$@" "$file"
	small_pipe "$what, from a pipe" "$file" "$@"
}

verify=(verify -q --anchor "$ca")
both "sign a mail" "$tmp/mail" sign -q -o "$tmp/m"
both "verify it" "$tmp/m" "${verify[@]}"
small_pipe "verify it, content to standard output" "$tmp/m" \
    "${verify[@]}" -o -
both "sign a mail opaque" "$tmp/mail" sign -q --opaque -o "$tmp/m"
both "verify it" "$tmp/m" "${verify[@]}" -o "$tmp/content"
small_pipe "verify it, content to standard output" "$tmp/m" \
    "${verify[@]}" -o -
both "sign a file opaque" "$tmp/mail" \
    sign -q -f cms --opaque -k alice@example.org -o "$tmp/m"
both "verify it" "$tmp/m" "${verify[@]}"
for c in aes256-cbc aes256-gcm; do
	both "encrypt a mail, $c" "$tmp/mail" \
	    encrypt -q -c $c -R "$FIXTURE_DIR/certs/alice.pem" -o "$tmp/m"
	both "decrypt it" "$tmp/m" decrypt -q -o "$tmp/content"
	small_pipe "decrypt it to standard output" "$tmp/m" decrypt -q
	both "encrypt a file, $c" "$tmp/mail" encrypt -q -f cms -c $c \
	    -R "$FIXTURE_DIR/certs/alice.pem" -o "$tmp/m"
	both "decrypt it" "$tmp/m" decrypt -q -o "$tmp/content"
	ok "it is the same" cmp "$tmp/mail" "$tmp/content"
done
# Content that cannot be taken for a bomb.
head -c "$((mib * 786432))" /dev/zero |
    openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null |
    base64 >"$tmp/various"
alice=$FIXTURE_DIR/certs/alice.pem
hexadecimal=$(openssl rand -hex 32)
echo "$hexadecimal" >"$tmp/kek"
both "compress and encrypt a file" "$tmp/various" \
    encrypt -q -f cms --compress -R "$alice" -o "$tmp/m"
both "decrypt it" "$tmp/m" decrypt -q -o "$tmp/content"
small_pipe "decrypt it to standard output" "$tmp/m" decrypt -q
ok "it is the same" cmp "$tmp/various" "$tmp/content"
both "add a recipient" "$tmp/m" rewrap -q --kek-file "$tmp/kek" -o "$tmp/m2"
both "it is opened" "$tmp/m2" \
    decrypt -q --kek-file "$tmp/kek" -o "$tmp/content"
ok "it is the same" cmp "$tmp/various" "$tmp/content"
for c in -EncryptedData_encrypt -digest_create; do
	openssl cms $c -binary -stream -in "$tmp/various" -outform DER \
	    -out "$tmp/m" -aes256 -secretkey "$hexadecimal"
	both "read what openssl cms $c makes" "$tmp/m" \
	    decrypt -q --kek-file "$tmp/kek" -o "$tmp/content"
	ok "it is the same" cmp "$tmp/various" "$tmp/content"
done
kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$agent_pid/status")
ok "the agent: $kib KiB at most" test "$kib" -le 8192
done_testing
