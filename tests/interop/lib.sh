# shellcheck shell=bash
# lib.sh: what the scripts of the interop matrix share. Source it behind
# tests/system/lib.sh:
#
#	. "${CS_SRCDIR:-.}/tests/system/lib.sh"
#	. "${CS_SRCDIR:-.}/tests/interop/lib.sh"
#	peer_version openssl "$(openssl version)"
#	cell "RSA PKCS#1 v1.5" openssl read openssl_makes_and_we_read
#	cell "RSA PKCS#1 v1.5" openssl make we_make_and_openssl_reads
#	lacks "X25519" openssl read "openssl 3.0 has no such recipient" COMMAND...
#	defect "AES-256-GCM" gpgsm make "takes tags of 12 octets only; openssl
#	    opens the same message" gpgsm_opens
#
# Each appends a row ALGORITHM|PEER|DIRECTION|RESULT|NOTE to $CS_INTEROP_TABLE,
# which table.py renders into doc/interop.md, a table for each "section TITLE".
# DIRECTION: "read" is they make and we read, "make" is we make and they read.
# RESULT: ok, fail (a failed test, too), lacks (the peer does not have it),
# defect (the peer's: the note says by whose judgement). The command of the
# last two must fail.
CS_INTEROP_TABLE=${CS_INTEROP_TABLE:-$tmp/interop.rows}

interop_row() { # ALGORITHM PEER DIRECTION RESULT NOTE
	printf '%s|%s|%s|%s|%s\n' "$1" "$2" "$3" "$4" "$5" |
		tr '\t' ' ' >>"$CS_INTEROP_TABLE"
}

interop_way() {
	case $1 in
	read) echo "they make, we read" ;;
	make) echo "we make, they read" ;;
	*) echo "no such direction: $1" ;;
	esac
}

# cell ALGORITHM PEER DIRECTION COMMAND...
cell() {
	local algorithm=$1 peer=$2 direction=$3 status result=ok
	shift 3
	"$@" >"$tmp/cell.log" 2>&1
	status=$?
	[ $status = 0 ] || result=fail
	interop_row "$algorithm" "$peer" "$direction" $result ""
	tap_result $status "$algorithm: $peer: $(interop_way "$direction")"
	[ $status = 0 ] || head -c 4000 "$tmp/cell.log" | diag
	return 0
}

# known RESULT ALGORITHM PEER DIRECTION NOTE COMMAND...: fails, and not by us.
# Where it succeeds, the table would be wrong.
known() {
	local result=$1 algorithm=$2 peer=$3 direction=$4 note=$5
	shift 5
	if "$@" >"$tmp/cell.log" 2>&1; then
		interop_row "$algorithm" "$peer" "$direction" ok ""
		tap_result 1 "$algorithm: $peer: works now: $note"
	else
		interop_row "$algorithm" "$peer" "$direction" "$result" "$note"
		tap_result 0 "$algorithm: $peer: known: $note"
	fi
}

# lacks ALGORITHM PEER DIRECTION NOTE [COMMAND...]: without a command where
# the peer has no way to ask for it
lacks() {
	if [ $# = 4 ]; then
		interop_row "$1" "$2" "$3" lacks "$4"
	else
		known lacks "$@"
	fi
}

# defect ALGORITHM PEER DIRECTION NOTE COMMAND...
defect() {
	known defect "$@"
}

# section TITLE: what follows stands in a table of its own
section() {
	interop_row section "$1" "" "" ""
}

peer_version() { # PEER TEXT
	interop_row version "$1" "" "" "$2"
}
