#!/bin/bash
# agent-log.sh: policy, PIN and log as a person at the command line sees them.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

fixtures "$tmp/token" --token "Alice" --pin 123456 \
    --identity name=alice,key=p256,email=alice@example.org,usage=sign
printf '%s\n' 'From: alice@example.org' 'To: bob@example.org' \
    'Subject: log' 'Content-Type: text/plain' '' 'A line.' >"$tmp/in.eml"
log=$XDG_STATE_HOME/cardseal/audit.jsonl

sign() {
	"$CARDSEAL" sign -o "$tmp/out.eml" "$tmp/in.eml"
}

exits 0 "log before there is one" "$CARDSEAL" log
is "is empty" "$(cat "$tmp/out")" ""

# --- policy ----------------------------------------------------------------

printf '%s\n' '[rule mail]' 'for = sign' 'programs = /usr/bin/nobody' \
    >"$tmp/deny.ini"
pinentry_answers "pin 123456"
ok "an agent with a rule" agent_start --config "$tmp/deny.ini"
exits 8 "refused by policy" sign
like "by which rule" "$(cat "$tmp/err")" 'rule "mail"'
ok "it ends" agent_stop
printf '%s\n' '[rule mail]' 'confirm = always' >"$tmp/ask.ini"
ok "an agent that asks" agent_start --config "$tmp/ask.ini"
pinentry_answers no yes "pin 123456"
exits 8 "refused by the person" sign
exits 0 "allowed" sign
ok "it ends" agent_stop

# --- PIN -------------------------------------------------------------------

ok "an agent" agent_start
start_background "$CARDSEAL" events --json >"$tmp/events"
events=$background_pid
lock_and_see() {
	"$CARDSEAL" lock && grep -q '"event":"locked"' "$tmp/events"
}
ok "it tells events" wait_until 10 lock_and_see
pinentry_answers "pin 123456" "pin 7654321" "pin 7654321" "pin 7654321"
exits 0 "pin change" "$CARDSEAL" pin change Alice
exits 0 "sign with the new PIN" sign
is "five prompts by now" "$(pinentry_count)" 5
pinentry_answers "pin 123456"
exits 5 "the old PIN is none" "$CARDSEAL" pin change
exits 2 "pin without a verb" "$CARDSEAL" pin
exits 4 "no such token" "$CARDSEAL" pin change Bob
ok "events of it" wait_until 10 grep -q '"event":"unlocked"' "$tmp/events"
kill "$events"

# --- log -------------------------------------------------------------------

ok "it ends" agent_stop
exits 0 "log" "$CARDSEAL" log
like "a refusal" "$(grep ' sign ' "$tmp/out" | head -n 1)" \
    'sign POLICY key [0-9a-f]{64}'
like "a no" "$(grep ' sign ' "$tmp/out" | sed -n 2p)" 'sign REFUSED'
like "a signature" "$(grep ' sign ' "$tmp/out" | sed -n 3p)" \
    'sign OK key [0-9a-f]{64} .*digest [0-9a-f]{64} by [^ ]*cardseal pid'
like "a changed PIN" "$(grep ' pin ' "$tmp/out" | head -n 1)" \
    'pin change OK'
exits 0 "log --json" "$CARDSEAL" log --json
ok "is JSON lines" python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)' <"$tmp/out"
unlike "no PIN in it" "$(cat "$tmp/out")" '123456|7654321'
exits 0 "log --verify" "$CARDSEAL" log --verify
like "says so" "$(cat "$tmp/out")" 'the chain is whole'
exits 0 "with --json" "$CARDSEAL" log --verify --json
like "says so" "$(cat "$tmp/out")" '"whole": true'
cp "$log" "$tmp/good"
sed -i '2s/"outcome":"POLICY"/"outcome":"OK"/' "$log"
exits 1 "a changed outcome" "$CARDSEAL" log --verify
like "says where" "$(cat "$tmp/err")" 'audit.jsonl, line 2: .*changed'
sed '4d' "$tmp/good" >"$log"
exits 1 "a line that is missing" "$CARDSEAL" log --verify
like "says where" "$(cat "$tmp/err")" 'line 4: .*does not follow'
cp "$tmp/good" "$log"
exits 0 "whole again" "$CARDSEAL" log --verify
sed -n '3,$p' "$tmp/good" >"$log"
exits 0 "the beginning may be gone, it is rotated away" \
    "$CARDSEAL" log --verify
done_testing
