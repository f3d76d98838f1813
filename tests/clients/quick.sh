#!/bin/bash
# A few cells of the matrix: a PIV card with the programs that start quickest.
CLIENTS_TOKEN=piv CLIENTS="git gnutls openssl"
export CLIENTS_TOKEN CLIENTS
# shellcheck source=tests/clients/matrix.sh
. "${CS_SRCDIR:-.}/tests/clients/matrix.sh"
