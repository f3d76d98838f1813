#!/bin/bash
# stream.sh [MIB [ROUNDS]]: the benches of large messages: stream.py, peers.py
# and mime.py, or those that $BENCHES names. Starts the agent they need, and
# tells the agent's own peak memory at the end.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --preset quickstart
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
for bench in ${BENCHES:-stream peers mime}; do
	nice python3 "$CS_SRCDIR/tests/bench/$bench.py" "$CS_BUILDDIR" \
	    "$FIXTURE_DIR" "$@"
done
echo "agent: peak $(sed -n 's/^VmHWM:\s*//p' "/proc/$agent_pid/status")"
