# shellcheck shell=bash disable=SC2034
# lib.sh: what every system test shares. Source it first:
#
#	. "${CS_SRCDIR:-.}/tests/system/lib.sh"
#
# It gives TAP output, a private folder $tmp that is removed at the end (with
# HOME, XDG folders and GNUPGHOME inside it), fixtures, a private agent and a
# fake pinentry. A script ends with done_testing; one that ends earlier has
# no plan and counts as broken. Processes are ended by their process id.
set -u
CS_SRCDIR=$(cd "${CS_SRCDIR:-.}" && pwd)
CS_BUILDDIR=$(cd "${CS_BUILDDIR:-$CS_SRCDIR/build}" && pwd)
tap_count=0 tap_failed=0
agent_pid="" agent_status=""
started_pids=()

tmp=$(mktemp -d "${TMPDIR:-/tmp}/cardseal-test.XXXXXX") || exit 99
mkdir -m 700 "$tmp"/{home,run,gnupg,pinentry.d,libexec}
export HOME=$tmp/home XDG_RUNTIME_DIR=$tmp/run GNUPGHOME=$tmp/gnupg
export XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.local/state
export XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
export LC_ALL=C.UTF-8 TZ=UTC
unset DISPLAY WAYLAND_DISPLAY GPG_TTY DBUS_SESSION_BUS_ADDRESS
unset CARDSEAL_SOCKET SOFTHSM2_CONF LANGUAGE
# The programs of the build tree, found in one folder.
export CARDSEAL_LIBEXECDIR=$tmp/libexec
ln -s "$CS_BUILDDIR/agent/cardseal-agent" "$tmp/libexec/cardseal-agent"
ln -s "$CS_BUILDDIR/token/cardseal-token" "$tmp/libexec/cardseal-token"
ln -s "$CS_BUILDDIR/client/fetch/cardseal-fetch" "$tmp/libexec/cardseal-fetch"
ln -s "$CS_BUILDDIR/client/p12/cardseal-p12" "$tmp/libexec/cardseal-p12"
CARDSEAL=${CARDSEAL:-$CS_BUILDDIR/client/cli/cardseal}

test_cleanup() {
	local status=$? pid
	trap - EXIT
	[ -z "$agent_pid" ] || started_pids+=("$agent_pid")
	for pid in "${started_pids[@]}"; do
		process_is_ours "$pid" || continue
		kill -CONT "$pid" 2>/dev/null
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in "${started_pids[@]}"; do
		process_is_ours "$pid" || continue
		wait_until 5 process_is_gone "$pid" ||
			kill -KILL "$pid" 2>/dev/null
	done
	if [ -n "${KEEP:-}" ]; then
		echo "# kept: $tmp"
	else
		rm -rf "$tmp"
	fi
	exit "$status"
}
trap test_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- TAP -------------------------------------------------------------------

# tap_result STATUS DESCRIPTION
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
}

# diag [FILE]: its lines, or standard input's, as comments
diag() {
	sed 's/^/# /' "$@"
}

# ok DESCRIPTION COMMAND...: the command succeeds
ok() {
	local what=$1 status
	shift
	"$@" >"$tmp/ok.log" 2>&1
	status=$?
	tap_result $status "$what"
	[ $status = 0 ] || {
		echo "# status $status of: $(cut -c1-300 <<<"$*")"
		head -c 4000 "$tmp/ok.log" | diag
	}
	return 0
}

# not_ok DESCRIPTION COMMAND...: the command fails, but not by a signal
not_ok() {
	local what=$1 status
	shift
	"$@" >"$tmp/ok.log" 2>&1
	status=$?
	if [ $status != 0 ] && [ $status -lt 124 ]; then
		tap_result 0 "$what"
	else
		tap_result 1 "$what"
		echo "# status $status of: $(cut -c1-300 <<<"$*")"
		head -c 4000 "$tmp/ok.log" | diag
	fi
}

# exits STATUS DESCRIPTION COMMAND...: the command ends with STATUS. What it
# wrote is in $tmp/out and $tmp/err afterwards.
exits() {
	local want=$1 what=$2 status
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ $status = "$want" ]; then
		tap_result 0 "$what"
	else
		tap_result 1 "$what"
		echo "# status $status, not $want, of: $(cut -c1-300 <<<"$*")"
		head -c 4000 "$tmp/err" | diag
	fi
}

# is DESCRIPTION GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		printf 'got: %s\nwant: %s\n' "$2" "$3" | diag
	fi
}

# like DESCRIPTION TEXT REGEX (extended)
like() {
	if [[ $2 =~ $3 ]]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		printf 'got: %s\nwant: /%s/\n' "$2" "$3" | diag
	fi
}

# unlike DESCRIPTION TEXT REGEX
unlike() {
	if [[ $2 =~ $3 ]]; then
		tap_result 1 "$1"
		printf 'got: %s\nunwanted: /%s/\n' "$2" "$3" | diag
	else
		tap_result 0 "$1"
	fi
}

# A skipped test says why, and only for one of these reasons, so that no
# failure hides as a skip.
declare -A skip_reasons=(
	[tool]="a program to compare with is not installed"
	[root]="needs another user than root"
	[not-root]="needs root"
	[sanitizers]="the sanitizers take the memory this test measures"
	[kernel]="the kernel lacks what this test needs"
	[space]="too little disk space"
)

# skip REASON DESCRIPTION [DETAIL]
skip() {
	[ -n "${skip_reasons[$1]-}" ] || {
		tap_result 1 "$2"
		echo "# skipped for a reason that lib.sh does not list: $1"
		return 0
	}
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $2 # SKIP ${skip_reasons[$1]}${3:+: $3}"
}

# have_tool PROGRAM DESCRIPTION: true, or a skip
have_tool() {
	command -v "$1" >/dev/null && return 0
	skip tool "$2" "$1"
	return 1
}

# The whole script makes no sense here: skip_all REASON [DETAIL]
skip_all() {
	echo "1..0 # SKIP ${skip_reasons[$1]}${2:+: $2}"
	exit 0
}

done_testing() {
	echo "1..$tap_count"
	exit 0
}

# --- time and processes ----------------------------------------------------

# wait_until SECONDS COMMAND...: true as soon as the command succeeds. SECONDS
# may have a fraction.
wait_until() {
	local end
	end=$(($(date +%s%N) + $(printf '%.0f' "${1}e9")))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $end ] || return 1
		sleep 0.02
	done
}

# process_is_ours PID: a child of this script, or one that knows its folder.
# The number of one that ended may be another program's by now.
process_is_ours() {
	[ "$(ps -o ppid= -p "$1" 2>/dev/null | tr -d ' ')" = $$ ] ||
		grep -qsaF "$tmp" "/proc/$1/environ"
}

process_is_gone() {
	local state
	state=$(ps -o stat= -p "$1" 2>/dev/null) || return 0
	case $state in
	Z* | "") return 0 ;;
	esac
	return 1
}

# start_background COMMAND...: pid in $background_pid; ended with the test
start_background() {
	"$@" &
	background_pid=$!
	started_pids+=("$background_pid")
}

# --- fixtures --------------------------------------------------------------

# fixtures DIR ARGUMENT...: like softhsm-fixtures/make-fixtures, from a copy
# that other tests of the same build made before, where there is one. DIR is
# the caller's own to change. Sources DIR/env.
fixtures() {
	local dir=$1 base=$CS_BUILDDIR/tests/fixtures-cache key from
	shift
	key=$(printf '%s\0' "$@" | cat - \
		"$CS_SRCDIR"/softhsm-fixtures/{make-fixtures,*.sh} |
		sha256sum | cut -c1-16)
	from=$base/$key
	mkdir -p "$base"
	# CRLs run out after 30 days.
	find "$base" -mindepth 1 -maxdepth 1 -mtime +7 \
	    -exec rm -rf {} + 2>/dev/null
	if ! (
		flock 8
		[ -e "$from/env" ] && exit 0
		rm -rf "$from"
		"$CS_SRCDIR/softhsm-fixtures/make-fixtures" "$from" "$@" \
		    >"$tmp/fixtures.log" 2>&1 || { rm -rf "$from"; exit 1; }
	) 8>"$base.lock"; then
		diag "$tmp/fixtures.log"
		echo "Bail out! no fixtures"
		exit 99
	fi
	cp -a "$from" "$dir"
	dir=$(cd "$dir" && pwd)
	sed -i "s|$from|$dir|g" "$dir/softhsm2.conf" "$dir/env"
	# shellcheck source=/dev/null
	. "$dir/env"
}

# fixture_field NAME COLUMN: of DIR/identities.tsv (1 name, 2 token, 3 key,
# 4 CKA_ID, 5 address, 6 SHA-256 of the SPKI)
fixture_field() {
	awk -F'\t' -v n="$1" -v c="$2" '$1 == n { print $c }' \
	    "$FIXTURE_DIR/identities.tsv"
}

# Signatures carry the fixtures' intermediate CAs from here on.
configure_intermediates() {
	mkdir -p "$XDG_CONFIG_HOME/cardseal"
	cp "$FIXTURE_DIR/intermediate.pem" \
	    "$XDG_CONFIG_HOME/cardseal/intermediates.pem"
}

# --- pinentry --------------------------------------------------------------

# pinentry_answers LINE...: what the fake pinentry does at each prompt; the
# last line holds for all that follow. See fake-pinentry.
pinentry_answers() {
	printf '%s\n' "$@" >"$tmp/pinentry.d/answers"
	rm -f "$tmp/pinentry.d/next"
}

# How often a PIN was asked for.
pinentry_count() {
	grep -c '^GETPIN' "$tmp/pinentry.d/log" 2>/dev/null || true
}

# What was shown: all descriptions, one per line.
pinentry_descriptions() {
	sed -n 's/^SETDESC //p' "$tmp/pinentry.d/log" 2>/dev/null
}

pinentry_forget() {
	rm -f "$tmp/pinentry.d/log"
}

# The agent may start it with a clean environment, so that the folder is
# written into a wrapper.
printf '#!/bin/sh\nFAKE_PINENTRY_DIR=%s exec %s "$@"\n' \
    "$tmp/pinentry.d" "$CS_SRCDIR/tests/system/fake-pinentry" \
    >"$tmp/pinentry"
chmod 700 "$tmp/pinentry"

# --- agent -----------------------------------------------------------------

agent_answers() {
	"$CARDSEAL" status -q
}

# agent_start [ARGUMENT...]: an agent for $FIXTURE_MODULE on a socket of its
# own, CARDSEAL_SOCKET; log in $tmp/agent.log
agent_start() {
	export CARDSEAL_SOCKET=$tmp/run/agent.sock
	"$CARDSEAL" agent --socket "$CARDSEAL_SOCKET" \
	    --module "$FIXTURE_MODULE" --pinentry "$tmp/pinentry" "$@" \
	    >>"$tmp/agent.log" 2>&1 </dev/null &
	agent_pid=$!
	wait_until 20 agent_answers || {
		diag "$tmp/agent.log"
		echo "# the agent does not answer"
		return 1
	}
}

# Ends the agent; its exit status is in $agent_status. False if it had to be
# killed.
agent_stop() {
	local pid=$agent_pid result=0
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null
	wait_until 10 process_is_gone "$pid" || {
		kill -KILL "$pid" 2>/dev/null
		result=1
	}
	wait "$pid" 2>/dev/null
	agent_status=$?
	agent_pid=""
	return $result
}
