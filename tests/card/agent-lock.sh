#!/bin/bash
# What is left on the card and in the processes when the agent is locked, its
# PIN expires, the card goes or the agent ends; and that cards are noticed
# without anybody asking.
. "${CS_SRCDIR:-.}/tests/card/agent-lib.sh"

# raw_9a: another program's operation with 9A, without a PIN
raw_9a() {
	stranger apdu "0087079a00010a$(
		printf '7c820106820081820100%0512d' 1)0000" | tail -n 1
}
# raw_is SW: for wait_until
raw_is() {
	[[ $(raw_9a) == *"$1" ]]
}
# workers: the processes with a module in them
workers() {
	pgrep -P "$(pgrep -d, -P "$agent_pid")" cardseal-token
}
# worker_of_cards: of them, the one that has OpenSC's module, as the agent says
# (who is not root cannot look); waits until there is one
module_pid() {
	"$CARDSEAL" status --json 2>/dev/null | python3 -c '
import json, sys
print(json.load(sys.stdin)["modules"][0]["pid"])' 2>/dev/null
}
has_worker() {
	[ "$(module_pid)" -gt 0 ] 2>/dev/null
}
worker_of_cards() {
	wait_until 20 has_worker
	module_pid
}

# has_pin: the PIN is in the memory of agent, starter or a process of theirs
has_pin() {
	local pids
	mapfile -t pids < <(
		echo "$agent_pid"
		pgrep -P "$agent_pid"
		workers
	)
	python3 - "$pin" "${pids[@]}" <<'END_OF_PROGRAM'
import sys

def memory(pid):
    with open("/proc/%s/maps" % pid) as maps, \
            open("/proc/%s/mem" % pid, "rb", 0) as mem:
        for line in maps:
            area, rights = line.split()[:2]
            if "r" not in rights or "w" not in rights or "[v" in line:
                continue
            start, end = (int(x, 16) for x in area.split("-"))
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, ValueError):
                pass

found = []
for pid in sys.argv[2:]:
    try:
        if any(sys.argv[1].encode() in m for m in memory(pid)):
            found.append(pid)
    except FileNotFoundError:
        pass
print("in", found)
sys.exit(0 if found else 1)
END_OF_PROGRAM
}
# A PIN that is nowhere by chance.
pin=83916274

card_make carol "guid a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" "pin $pin" \
    "slot 9a alice-rsa2048" "slot 9c alice-p256" "slot 9d alice-rsa3072 gzip"
ok "a card" card_start carol
FIXTURE_MODULE=$OPENSC_MODULE
pinentry_answers "pin $pin"
printf '[agent]\ndeadline = 20\n[pin]\ncache-ttl = 600\n' >"$tmp/agent.ini"
ok "the agent" agent_start --config "$tmp/agent.ini"

# --- lock ------------------------------------------------------------------

like "9A is closed before any PIN" "$(raw_9a)" '6982$'
signs "9A" 9a alice-rsa2048
like "and open while the agent is unlocked" "$(raw_9a)" '9000$'
first=$(worker_of_cards)
if [ "$(id -u)" = 0 ]; then
	ok "the PIN is found where it has to be" has_pin
fi
logouts=$(card_value logouts)
ok "lock" "$CARDSEAL" lock
like "9A is closed" "$(raw_9a)" '6982$'
ok "by VERIFY with P1 FF" test "$(card_value logouts)" -gt "$logouts"
ok "the process that knew the PIN is gone" process_is_gone "$first"
if [ "$(id -u)" = 0 ]; then
	not_ok "the PIN is in no memory" has_pin
fi
prompts_before=$(pinentry_count)
good_before=$(card_value verify-good) wrong_before=$(card_value verify-failed)
signs "9A again" 9a alice-rsa2048
presented "with a new PIN" 1 1 0
first=$(worker_of_cards)
kill -KILL "$first"
ok "the process that logged in dies" wait_until 10 process_is_gone "$first"
ok "lock" "$CARDSEAL" lock
like "9A is closed even so" "$(raw_9a)" '6982$'
signs "9C alone" 9c alice-p256
presented "one prompt; the card sees the PIN for the login, too" 1 2 0
ok "lock" "$CARDSEAL" lock
like "9A is closed after 9C" "$(raw_9a)" '6982$'
if [ "$(id -u)" = 0 ]; then
	not_ok "the PIN is in no memory" has_pin
fi

# --- tries left ------------------------------------------------------------

pinentry_answers "pin 999999" cancel
exits 5 "a wrong PIN" sign 9a
like "tells the tries left" "$(pinentry_descriptions | tail -n 5)" \
    "2 tries are left"
like "and so does status" "$("$CARDSEAL" status --json)" \
    '"triesLeft": *2'
failed=$(card_value verify-failed)
for _ in 1 2 3; do
	"$CARDSEAL" keys >"$tmp/out"
done
is "asking costs none" "$(card_value verify-failed)" "$failed"
pinentry_answers "pin $pin"
signs "the right one" 9a alice-rsa2048

# --- the card goes ---------------------------------------------------------

first=$(worker_of_cards)
card remove
ok "pulled: its process ends, though nobody asks" \
    wait_until 10 process_is_gone "$first"
if [ "$(id -u)" = 0 ]; then
	not_ok "the PIN is in no memory" has_pin
fi
ok "out" card_wait absent
apdus=$(card_value apdus)
card insert
was_looked_at() {
	[ "$(card_value apdus)" -gt $((apdus + 10)) ]
}
ok "in: it is looked at, though nobody asks" wait_until 20 was_looked_at
ok "in" wait_until 10 agent_sees 9a
prompts_before=$(pinentry_count)
good_before=$(card_value verify-good) wrong_before=$(card_value verify-failed)
signs "9A" 9a alice-rsa2048
presented "with a new PIN" 1 1 0

# --- pcscd -----------------------------------------------------------------

first=$(worker_of_cards)
launcher kill
ok "pcscd is killed: the process that used it ends" \
    wait_until 10 process_is_gone "$first"
ok "and another one comes" wait_until 10 agent_sees 9a
signs "9A" 9a alice-rsa2048

# --- expiry and end --------------------------------------------------------

ok "the agent ends" agent_stop
ok "which ends what the PIN opened" wait_until 20 raw_is 6982
printf '[agent]\ndeadline = 20\n[pin]\ncache-ttl = 2\n' >"$tmp/agent.ini"
ok "with a PIN that expires" agent_start --config "$tmp/agent.ini"
signs "9A" 9a alice-rsa2048
first=$(worker_of_cards)
ok "it expires: the process ends" wait_until 10 process_is_gone "$first"
like "and 9A is closed" "$(raw_9a)" '6982$'
if [ "$(id -u)" = 0 ]; then
	not_ok "the PIN is in no memory" has_pin
fi
is "no wrong PIN but the one" "$(card_value verify-failed)" "$failed"
card_agent_end
done_testing
