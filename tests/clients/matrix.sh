#!/bin/bash
# matrix.sh: each program with each token, for real: the rows of
# doc/clients.md. CLIENTS_TOKEN is softhsm, piv or cac; CLIENTS chooses
# programs, CLIENTS_COLUMNS columns of lib.sh.
# shellcheck disable=SC2154
# shellcheck source=tests/card/lib.sh
. "${CS_SRCDIR:-.}/tests/card/lib.sh"
# shellcheck source=tests/clients/lib.sh
. "$CS_SRCDIR/tests/clients/lib.sh"
clients=(nss thunderbird gpgsm git openssl gnutls ssh mutt)
for program in "${clients[@]}"; do
	# shellcheck source=/dev/null
	. "$CS_SRCDIR/tests/clients/$program.sh"
done
token=${CLIENTS_TOKEN:-softhsm}
[ "$token" = softhsm ] || card_need
"${token}_start"
clients_begin '[rule matrix]' 'for = raw' 'raw = yes'
for client in ${CLIENTS:-nss thunderbird gpgsm git openssl gnutls ssh mutt
	neomutt}; do
	"${client}_needs" || continue
	"${client}_begin"
	for name in ${CLIENTS_COLUMNS:-${columns[@]}}; do
		use_column "$name"
		"${client}_column"
	done
	"${client}_end"
done
# A PIV card wants one for each signature of 9C.
[ "$token" = piv ] ||
	is "$token: one PIN for all programs" "$(pinentry_count)" 1
[ "$token" = softhsm ] ||
	is "$token: no wrong PIN came to the card" "$(card_value verify-failed)" 0
agent_stop
done_testing
