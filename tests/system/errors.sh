#!/bin/bash
# errors.sh: each way to fail has its own message and exit status (cardseal(1),
# EXIT STATUS), and none leaves a partial output file.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

mail() { # ADDRESS: a small mail from there
	printf 'From: <%s>\nTo: <bob@example.org>\nSubject: test\n\nHello\n' "$1"
}

# fails STATUS REGEX DESCRIPTION ARGUMENT...: cardseal ends so, says so on
# standard error, and leaves nothing behind in $tmp/o
fails() {
	local status=$1 regex=$2 what=$3
	shift 3
	mkdir -p "$tmp/o"
	exits "$status" "$what: status $status" "$CARDSEAL" "$@"
	like "$what: says why" "$(cat "$tmp/err")" "$regex"
	is "$what: leaves nothing" "$(ls -A "$tmp/o")" ""
	rm -rf "$tmp/o"
}

mail alice@example.org >"$tmp/alice.eml"
: >"$tmp/empty"
head -c 3000 /dev/urandom >"$tmp/noise"

# --- usage -----------------------------------------------------------------
fails 2 'usage' "no command"
fails 2 'no command "frobnicate"' "an unknown command" frobnicate
fails 2 'no option --frob' "an unknown option" sign --frob
fails 2 'wants an argument' "an option without its argument" sign -k
fails 2 'too many operands' "two inputs" sign a b
evil=$'\e[31m%n\n\u202e'
escaped='\\x1b\[31m%n\\x0a\\xe2\\x80\\xae'
fails 2 "command \"$escaped\"" "an unknown command's escapes" "$evil"
fails 2 "option --$escaped" "an unknown option's escapes" sign "--$evil"
fails 2 "operands: \"$escaped\"" "an operand's escapes" sign a "$evil"
fails 2 "operands: \"x{117,125}\.\.\.\"" "a long operand" sign a \
    "$(printf 'x%.0s' {1..300})"
fails 2 'smime\|cms' "an unknown format" sign -f pgp "$tmp/alice.eml"
fails 2 'time' "a time that is none" verify --time yesterday "$tmp/alice.eml"
fails 2 'off\|soft\|hard' "an unknown revocation mode" \
    verify --revocation maybe "$tmp/alice.eml"
fails 2 'cipher' "an unknown cipher" encrypt -c rot13 -r a@example.org
fails 2 'address' "a recipient that is no address" encrypt -r nobody
fails 2 'standard input' "two inputs from standard input" \
    verify --content - -
fails 2 '--json' "decrypt --json without -o" decrypt --json "$tmp/noise"
ok "--help" "$CARDSEAL" sign --help
ok "--version" "$CARDSEAL" --version

# --- input -----------------------------------------------------------------
fails 74 'no-such-file' "a file that is not there" \
    verify "$tmp/no-such-file"
fails 7 '' "an empty input" verify "$tmp/empty"
fails 7 '' "noise" verify "$tmp/noise"
fails 1 'not signed' "a mail without signature" verify "$tmp/alice.eml"
fails 1 'not signed' "a mail without signature, with -o" \
    verify -o "$tmp/o/x" "$tmp/alice.eml"
exits 1 "a mail without signature, --json" \
    "$CARDSEAL" verify --json "$tmp/alice.eml"
ok "--json: an unsigned mail has a verdict, too" python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
assert v["summary"] == "unsigned" and v["code"] == "NOT_SIGNED", v
assert v["exit_status"] == 1 and "text/plain" in v["text"], v' "$tmp/out"

# --- no agent --------------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/nobody
for c in "sign -o $tmp/o/x $tmp/alice.eml" keys status unlock lock; do
	# shellcheck disable=SC2086
	fails 3 'no agent' "no agent: ${c%% *}" $c
done

# --- an agent without tokens -----------------------------------------------
mkdir -p "$tmp/none/tokens"
echo "directories.tokendir = $tmp/none/tokens" >"$tmp/none/softhsm2.conf"
export FIXTURE_MODULE=/usr/lib/softhsm/libsofthsm2.so
SOFTHSM2_CONF=$tmp/none/softhsm2.conf agent_start
fails 4 'no token' "no token" sign -o "$tmp/o/x" "$tmp/alice.eml"
agent_stop

# --- an agent with tokens --------------------------------------------------
fixtures "$tmp/fixture" --preset mix
agent_start
fails 4 'nobody@example.net' "no key for the address" \
    sign -o "$tmp/o/x" <(mail nobody@example.net)
like "it names candidates" "$(cat "$tmp/err")" 'serial .*: is for another address'
fails 2 'fingerprint' "a key name without meaning" \
    sign -k 0011223344 -o "$tmp/o/x" "$tmp/alice.eml"
fails 4 'no key' "no key of that name" \
    sign -k "$(printf '%064d' 7)" -o "$tmp/o/x" "$tmp/alice.eml"
for who in expired:expired future:'not (yet )?valid' encrypt:'usage' \
    tls:'purpose|usage'; do
	fpr=$(openssl x509 -in "$FIXTURE_DIR/certs/${who%%:*}.pem" -noout \
	    -fingerprint -sha256)
	fails 4 "${who#*:}" "a key that may not sign: ${who%%:*}" \
	    sign -k "${fpr#*=}" -o "$tmp/o/x" "$tmp/alice.eml"
done

pinentry_answers cancel
fails 5 'cancel' "a cancelled prompt" \
    sign -k p256@example.org -o "$tmp/o/x" "$tmp/alice.eml"
# More than is written at once.
{ mail alice@example.org; yes 'a line of a long mail' | head -n 20000; } \
    >"$tmp/long.eml"
exits 5 "a cancelled prompt, to a pipe" bash -c \
    '"$0" sign -k p256@example.org "$1" | cat; exit "${PIPESTATUS[0]}"' \
    "$CARDSEAL" "$tmp/long.eml"
is "a cancelled prompt, to a pipe: nothing of the mail" \
    "$(wc -c <"$tmp/out")" 0
pinentry_answers 'pin 000000' cancel
fails 5 'cancel|PIN' "a wrong PIN, then cancelled" \
    sign -k p256@example.org -o "$tmp/o/x" "$tmp/alice.eml"
touch "$tmp/pinentry.d/absent"
fails 5 'pinentry' "a pinentry that ends at once" \
    sign -k p256@example.org -o "$tmp/o/x" "$tmp/alice.eml"
rm "$tmp/pinentry.d/absent"
agent_stop
ok "an agent whose pinentry is missing starts" \
    agent_start --pinentry "$tmp/no-such-pinentry"
fails 5 'pinentry' "a missing pinentry" \
    sign -k p256@example.org -o "$tmp/o/x" "$tmp/alice.eml"
agent_stop

pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates

# --- output ----------------------------------------------------------------
sign=("$CARDSEAL" sign -k p256@example.org)
exits 74 "a full disk" "${sign[@]}" -o /dev/full "$tmp/alice.eml"
like "a full disk: says so" "$(cat "$tmp/err")" 'pace'
exits 74 "a full standard output" \
    bash -c '"$0" "$@" >/dev/full' "${sign[@]}" "$tmp/alice.eml"
exits 74 "a closed standard output" \
    bash -c '"$0" "$@" >&-' "${sign[@]}" "$tmp/alice.eml"
exits 74 "a reader that went away" \
    bash -c '"$0" "$@" | true; exit "${PIPESTATUS[0]}"' \
    bash -c 'sleep 0.3; exec "$0" "$@"' "${sign[@]}" "$tmp/alice.eml"
exits 74 "a full standard output, status" \
    bash -c '"$0" status >/dev/full' "$CARDSEAL"
fails 74 'no/such' "a folder that is not there" \
    sign -k p256@example.org -o "$tmp/no/such/folder/x" "$tmp/alice.eml"

mkdir "$tmp/o"
exits 74 "a file larger than is allowed" bash -c \
    'ulimit -f 10; exec "$0" "$@"' "${sign[@]}" -o "$tmp/o/x" "$tmp/long.eml"
like "a file larger than is allowed: says so" "$(cat "$tmp/err")" '[Tt]oo large'
is "a file larger than is allowed: leaves nothing" "$(ls -A "$tmp/o")" ""
rm -r "$tmp/o"

mail 'broken@' >"$tmp/broken.eml"
fails 7 'From' "a From that cannot be understood" \
    sign -o "$tmp/o/x" "$tmp/broken.eml"
exits 0 "but with -k it is signed" "${sign[@]}" -o "$tmp/x" "$tmp/broken.eml"

# --- the input is the output too -------------------------------------------
mail p256@example.org >"$tmp/good-in.eml"
# more than a reader takes in at once
for ((i = 0; i < 40000; i++)); do echo "line $i"; done >>"$tmp/good-in.eml"
cp "$tmp/good-in.eml" "$tmp/self.eml"
ln -s self.eml "$tmp/self.link"
exits 2 "onto a link to the input" "$CARDSEAL" sign -k p256@example.org \
    -o "$tmp/self.link" "$tmp/self.eml"
like "onto a link to the input: says so" "$(cat "$tmp/err")" 'also where'
ok "the input is as it was" cmp "$tmp/good-in.eml" "$tmp/self.eml"
exits 2 "appended to the input" bash -c '"$0" sign -k p256@example.org \
    "$1" >>"$1"' "$CARDSEAL" "$tmp/self.eml"
ok "it is as it was, still" cmp "$tmp/good-in.eml" "$tmp/self.eml"
exits 0 "the input itself is replaced" "$CARDSEAL" sign \
    -k p256@example.org -o "$tmp/self.eml" "$tmp/self.eml"
exits 0 "by what is signed" "$CARDSEAL" verify \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/self.eml"

# --- verdicts --------------------------------------------------------------
mkdir -p "$tmp/o"
mail p256@example.org | "$CARDSEAL" sign -o "$tmp/good.eml"
sed 's/^Hello/Hallo/' "$tmp/good.eml" >"$tmp/bad.eml"
fails 1 'changed' "content changed after signing" \
    verify --anchor "$FIXTURE_DIR/ca.pem" -o "$tmp/o/x" "$tmp/bad.eml"
exits 0 "a good signature" "$CARDSEAL" verify \
    --anchor "$FIXTURE_DIR/ca.pem" -o "$tmp/content" "$tmp/good.eml"
like "its content" "$(cat "$tmp/content")" 'Hello'
{ cat "$tmp/good.eml"; echo; } | sed 's/^MI/!!/' >"$tmp/broken.eml"
fails 7 'broken.eml: ' "a broken signature part: named" \
    verify -o "$tmp/o/x" "$tmp/broken.eml"
exits 6 "no anchor" "$CARDSEAL" verify -o "$tmp/content2" "$tmp/good.eml"
ok "untrusted content is written" cmp "$tmp/content" "$tmp/content2"
sed 's/^From:.*/From: <mallory@example.net>/' "$tmp/good.eml" \
    >"$tmp/other.eml"
exits 6 "another sender" "$CARDSEAL" verify \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/other.eml"
like "another sender: named" "$(cat "$tmp/err")" 'mallory@example.net'
exits 6 "--from another" "$CARDSEAL" verify --from x@example.org \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/good.eml"
exits 0 "--from the signer" "$CARDSEAL" verify --from p256@example.org \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/other.eml"
exits 6 "judged in another century" "$CARDSEAL" verify \
    --time 2099-01-01T00:00:00Z --anchor "$FIXTURE_DIR/ca.pem" \
    "$tmp/good.eml"
exits 0 "-q says nothing on success" "$CARDSEAL" verify -q \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/good.eml"
is "-q: nothing on standard error" "$(cat "$tmp/err")" ""
is "-q: nothing on standard output" "$(cat "$tmp/out")" ""
exits 0 "--json" "$CARDSEAL" verify --json \
    --anchor "$FIXTURE_DIR/ca.pem" "$tmp/good.eml"
ok "--json: it is JSON" python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
assert v["summary"] == "verified", v' "$tmp/out"
ok "the agent lived through all of it" agent_answers
ok "and ends in order" agent_stop
is "with status 0" "$agent_status" 0
done_testing
