# shellcheck shell=bash
# setup.sh: what quickstart and check share: packages, and a build folder.
# Source it with the current folder at the top of the tree.

# packages_missing PURPOSE...: one a line
packages_missing() {
	local purpose package state
	for purpose in "$@"; do
		sed -n "s/^$purpose //p" tests/packages
	done | tr ' ' '\n' | sort -u | while read -r package; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) || state=missing
		[ "$state" = installed ] || echo "$package"
	done
}

# packages_install PURPOSE...: asks for nothing that is there already
packages_install() {
	local -a missing as_root=()
	if ! command -v dpkg-query >/dev/null; then
		echo "This is no Debian: tests/packages names what is needed."
		return 0
	fi
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	echo "Installing ${missing[*]}"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	    apt-get update -qq || return
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends "${missing[@]}" \
	    >/dev/null
}

# configure_in FOLDER [ARGUMENT...]: an out-of-tree build, configured anew
# only where something changed. libtool starts its shell for each file, and
# dash starts in half the time of bash.
configure_in() {
	local folder=$1 top=$PWD shell
	shift
	if [ ! -e configure ] || [ -n "$(find configure.ac Makefile.am \
		agent asn1 client doc po softhsm-fixtures tests token \
		\( -name local.mk -o -name configure.ac -o \
		-name Makefile.am \) -newer configure)" ]; then
		autoreconf -fi >/dev/null || return
	fi
	mkdir -p "$folder"
	[ -e "$folder/Makefile" ] && [ "$folder/Makefile" -nt configure ] &&
		[ "$(cat "$folder/.configured" 2>/dev/null)" = "$*" ] &&
		return 0
	shell=$(command -v dash bash | head -n 1)
	(cd "$folder" && CONFIG_SHELL=$shell "$shell" "$top/configure" -q \
	    "$@") || return
	echo "$*" >"$folder/.configured"
}
