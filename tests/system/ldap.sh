# shellcheck shell=bash disable=SC2154
# ldap.sh: LDAP servers on loopback. Source it after lib.sh.

# ldap_start FOLDER: ldap_server.py; $ldap is its URL. With LDAP_TLS=FILE it
# speaks TLS, with FILE.pem and FILE.key.
ldap_start() {
	local port
	port=$(mktemp -u "$tmp/ldap-port.XXXXXX")
	start_background env LDAP_TLS="${LDAP_TLS-}" python3 \
	    "$CS_SRCDIR/tests/system/ldap_server.py" "$port" "$1"
	wait_until 20 test -e "$port" || {
		echo "Bail out! no LDAP server"
		exit 99
	}
	# shellcheck disable=SC2034
	ldap=ldap://127.0.0.1:$(cat "$port")
}

# slapd_choose: $slapd, a URL that no server has yet.
slapd_choose() {
	# shellcheck disable=SC2034
	slapd=ldap://127.0.0.1:$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
}

# slapd_start FOLDER LDIF: OpenLDAP's server at $slapd, with what the LDIF has
# below dc=test.
slapd_start() {
	local dir=$1
	mkdir -p "$dir/db"
	cat >"$dir/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $dir/pid
database mdb
maxsize 16777216
suffix dc=test
directory $dir/db
END
	slapadd -f "$dir/slapd.conf" -l "$2" >"$dir/log" 2>&1 || {
		diag "$dir/log"
		return 1
	}
	# -d: in the foreground
	start_background slapd -d 0 -f "$dir/slapd.conf" -h "$slapd" \
	    2>>"$dir/log"
	wait_until 20 slapd_listens
}
slapd_listens() {
	: <>"/dev/tcp/127.0.0.1/${slapd##*:}"
} 2>/dev/null
