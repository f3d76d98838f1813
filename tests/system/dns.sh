# shellcheck shell=bash disable=SC2154
# dns.sh: a DNS server on loopback. Source it after lib.sh.

# dns_start FOLDER: dns_server.py; $dns is its address, FOLDER/anchor the key of
# its zone.
dns_start() {
	start_background python3 "$CS_SRCDIR/tests/system/dns_server.py" \
	    "$tmp/dns-port" "$1"
	wait_until 20 test -e "$tmp/dns-port" || {
		echo "Bail out! no DNS server"
		exit 99
	}
	# shellcheck disable=SC2034
	dns=127.0.0.1:$(cat "$tmp/dns-port")
}
