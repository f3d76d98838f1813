#!/bin/bash
# deb-fresh.sh: in a fresh system, as its root: the packages of /srv are
# installed as apt does it, somebody uses them, and purged they leave nothing.
# deb.sh runs it, and counts its lines "ok" and "not ok"; the last is "done".
set -u
export DEBIAN_FRONTEND=noninteractive
source=/srv/source

# result STATUS WHAT
result() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
	fi
}

packages() {
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*cardseal*' |
		sed -n 's/ installed$//p'
}

# What has our name, or speaks of us where programs leave their state.
left() {
	find / -xdev \( -path /srv -o -path /proc -o -path /sys \
	    -o -path /home -o -path /tmp -o -path /var/tmp \
	    -o -path /var/cache -o -path /var/log \) -prune -o \
	    -name '*cardseal*' -print
	grep -rlI cardseal /etc /var/lib/dpkg/info /var/lib/dpkg/alternatives \
	    /var/lib/dpkg/triggers /var/lib/systemd 2>/dev/null
}

# Somebody with an account of their own.
use() {
	useradd -m -s /bin/bash tester || return
	runuser -u tester -- env -i HOME=/home/tester LC_ALL=C.UTF-8 \
	    PATH=/usr/local/bin:/usr/bin:/bin \
	    bash $source/debian/tests/installed
}

result "$([ -z "$(left)" ]; echo $?)" "there is nothing of cardseal before"
# As Debian's own apt does, and mmdebstrap's does not.
apt-get install -q -y -o APT::Install-Recommends=true /srv/*.deb
result $? "apt installs the packages"
result "$([ "$(packages | wc -l)" = 6 ]; echo $?)" "all six"
use
result $? "an ordinary user can use them"
apt-get install -q -y --reinstall /srv/cardseal-agent_*.deb
result $? "the agent is installed over itself"
result "$([ -L /etc/systemd/user/sockets.target.wants/cardseal-agent.socket ]
	echo $?)" "and its socket stays enabled"
mapfile -t ours < <(packages)
apt-get purge -q -y --autoremove "${ours[@]}"
result $? "apt purges them"
found=$(left)
result "$([ -z "$found" ]; echo $?)" "nothing is left"
[ -z "$found" ] || printf '# left: %s\n' "${found//$'\n'/, }"
echo "done"
