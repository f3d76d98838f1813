# shellcheck shell=bash disable=SC2034
# agent-lib.sh: the agent with an emulated PIV card behind the real OpenSC
# module; what the tests of it share.
# shellcheck source=tests/card/lib.sh
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
card_need
card_fixtures
cat "$FIXTURE_DIR"/{ca,intermediate}.pem >"$tmp/anchors.pem"
pin=123456
card_make alice "guid 00112233445566778899aabbccddeeff" \
    "slot 9a alice-rsa2048" "slot 9c alice-p256" \
    "slot 9d alice-rsa3072 gzip" "slot 9e alice-p384" \
    "slot 82 bob-p256 gzip" "slot 83 bob-rsa2048"
card_make bob "guid 0102030405060708090a0b0c0d0e0f10" "pin 654321" \
    "slot 9a bob-p256" "slot 9c bob-rsa2048" "slot 9d bob-p384"
printf '%s\n' 'From: alice@example.org' 'To: bob@example.org' \
    'Subject: card' 'Content-Type: text/plain' '' 'A line.' >"$tmp/in.eml"

# sign KEY [NAME]: into $tmp/NAME.eml
sign() {
	timeout 60 "$CARDSEAL" sign -k "$1" -o "$tmp/${2:-signed}.eml" \
	    "$tmp/in.eml"
}

# good_by IDENTITY [NAME]: openssl's verdict on what was signed
good_by() {
	openssl cms -verify -in "$tmp/${2:-signed}.eml" \
	    -CAfile "$tmp/anchors.pem" -signer "$tmp/signer.pem" -out "$tmp/content" &&
		cmp <(openssl x509 -in "$tmp/signer.pem" -outform DER) \
		    "$tmp/$1.der"
}

# signs DESCRIPTION KEY IDENTITY: works, and openssl agrees
signs() {
	exits 0 "$1" sign "$2"
	ok "$1: a good signature" good_by "$3"
}

# opens DESCRIPTION IDENTITY [KEYOPT...]: what openssl encrypted for it
opens() {
	local what=$1 who=$2 opts=() o
	shift 2
	for o in "$@"; do
		opts+=(-keyopt "$o")
	done
	openssl cms -encrypt -aes256 -binary -in "$tmp/in.eml" \
	    -out "$tmp/sealed.eml" -recip "$FIXTURE_DIR/certs/$who.pem" \
	    "${opts[@]}"
	exits 0 "$what" timeout 60 "$CARDSEAL" decrypt -q \
	    -o "$tmp/opened.eml" "$tmp/sealed.eml"
	ok "$what: the same text" grep -q '^A line.' "$tmp/opened.eml"
}

# presented DESCRIPTION PROMPTS GOOD WRONG: how many prompts there were, and
# PINs that reached the card, since the last call
prompts_before=0 good_before=0 wrong_before=0
presented() {
	local prompts good wrong
	prompts=$(pinentry_count)
	good=$(card_value verify-good)
	wrong=$(card_value verify-failed)
	is "$1" "$((${prompts:-0} - prompts_before)) prompts, $((good -
		good_before)) good, $((wrong - wrong_before)) wrong" \
	    "$2 prompts, $3 good, $4 wrong"
	prompts_before=${prompts:-0} good_before=$good wrong_before=$wrong
}

agent_sees() {
	"$CARDSEAL" keys 2>/dev/null | grep -q "^  role  *$1\$"
}
agent_misses() {
	! agent_sees "$1"
}

roles() {
	"$CARDSEAL" keys | sed -n 's/^  role  *//p' | sort | tr '\n' ' '
}

# The card is out: until the agent knows it, in again, until it knows that.
in_again() {
	wait_until 10 agent_misses 9a && card_wait absent && card insert &&
		wait_until 10 agent_sees 9a
}
out_and_in() {
	card remove && in_again
}

# The first card, and an agent that gives a card five seconds.
card_agent() {
	ok "a card" card_start alice
	FIXTURE_MODULE=$OPENSC_MODULE
	pinentry_answers "pin $pin"
	printf '[agent]\ndeadline = 5\n' >"$tmp/agent.ini"
	ok "the agent" agent_start --config "$tmp/agent.ini"
}

# Ends all of it, and sees that it is gone.
card_agent_end() {
	local workers p
	workers=$(pgrep -P "$(pgrep -d, -P "$agent_pid")")
	ok "it has workers" test -n "$workers"
	ok "the agent ends" agent_stop
	is "well" "$agent_status" 0
	for p in $workers; do
		ok "no worker is left" wait_until 5 process_is_gone "$p"
	done
	unlike "no PIN in its log" "$(cat "$tmp/agent.log")" \
	    "123456|345678|999999"
	ok "cards and pcscd end" card_stop
}
