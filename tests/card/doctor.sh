#!/bin/bash
# cardseal doctor with a PIV card in a reader: what it says of reader, card,
# driver, PIN and keys, and that it costs the card nothing.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"
mkdir -p "$XDG_CONFIG_HOME/cardseal"
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
configure_intermediates

examine() { # STATUS DESCRIPTION
	exits "$1" "$2" timeout 60 "$CARDSEAL" doctor
	cp "$tmp/out" "$tmp/doctor.txt"
}
says() { # DESCRIPTION REGEX: a line of it
	ok "$1" grep -Eq "$2" "$tmp/doctor.txt"
}

card_agent
examine 0 "all is well"
says "the service" '^(good|note) +pcscd: .*answers'
says "the card" '^good +card: a card is in the reader "Virtual PCD 00 00"'
says "its driver" '^good +token: .*driver "piv_II"'
says "the tries left" '^good +PIN: .*not typed yet, tries left: 3$'
for role in 9a 9c 9d 9e 82 83; do
	says "the key $role" "key: .*role $role "
done
says "the end" '^nothing is wrong$'
presented "no PIN was sent" 0 0 0
is "no try was spent" "$(card_value tries)" 3

ok "a wrong PIN elsewhere" stranger apdu 0020008008393939393939ffff
ok "and another" stranger apdu 0020008008393939393939ffff
sleep 2.1 # so old a list is made anew
examine 0 "one try is left"
says "which is told" '^warning +PIN: only one try is left'
says "and not spent" 'be sure of the PIN'
is "by the card, too" "$(card_value tries)" 1
ok "the last one is spent" stranger apdu 0020008008393939393939ffff
sleep 2.1
examine 5 "the PIN is locked"
says "which is told" '^WRONG +PIN: .* is locked'
says "and what to do" 'cardseal pin unblock'

ok "the card is out" card remove
ok "as the agent knows" wait_until 10 agent_misses 9a
examine 4 "no card"
says "in the reader" '^note +reader: no card is in the reader'
says "and no token" '^WRONG +card: the agent has no token'
ok "a card with all its tries" card set tries 3
ok "is put in" in_again
ok "it answers no more" card hang times=100
sleep 2.1
examine 9 "is told of"
says "of its module" '^WRONG +module: opensc-pkcs11.so .* did not answer'
agent_stop
card_stop
done_testing
