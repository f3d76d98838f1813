#!/bin/bash
# stream.sh [MIB [ROUNDS]]: see stream.py. Starts the agent it needs, and
# tells the agent's own peak memory at the end.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --preset quickstart
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
python3 "$CS_SRCDIR/tests/bench/stream.py" "$CS_BUILDDIR" "$FIXTURE_DIR" "$@"
echo "agent: peak $(sed -n 's/^VmHWM:\s*//p' "/proc/$agent_pid/status")"
