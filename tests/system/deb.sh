#!/bin/bash
# deb.sh: Debian's packages: built from the tarball and debian/, judged by
# lintian, and installed into a fresh Debian 12, where somebody signs with them.
# "make deb" makes the tarball and runs it, in a quarter of an hour; it is none
# of the ordinary tests.
#
# The packages stay in deb/ in the build folder, and the logs. DEBIAN_MIRROR is
# where the fresh system comes from, DEB_BUILD_OPTIONS is dpkg-buildpackage's.
# An ordinary user needs uidmap and lines in /etc/subuid and /etc/subgid, as
# adduser makes them.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/setup.sh
. "$CS_SRCDIR/tests/setup.sh"
cd "$CS_SRCDIR" || exit 99
deb=$CS_BUILDDIR/deb
version=$(sed -n 's/^AC_INIT(\[cardseal\], \[\([^]]*\)\].*/\1/p' configure.ac)
tarball=$CS_BUILDDIR/cardseal-$version.tar.xz
source=$deb/cardseal-$version
mirror=(${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"})

# bail WHY
bail() {
	echo "Bail out! $1"
	exit 99
}

needed() {
	local -a missing
	[ -e debian/rules ] || bail "debian/ is in git, and in no tarball"
	[ -e "$tarball" ] || bail "there is no $tarball: make deb makes it"
	mapfile -t missing < <(packages_missing deb)
	[ ${#missing[@]} = 0 ] || bail "apt-get install ${missing[*]}"
}

unpack() {
	rm -rf "$deb"
	mkdir -p "$deb"
	cp "$tarball" "$deb/cardseal_$version.orig.tar.xz"
	tar -C "$deb" -xf "$tarball"
	cp -r debian "$source/debian"
}

# The sources, too. Nothing of the caller's make or compiler flags gets into it.
build() {
	(cd "$source" && env -i HOME="$HOME" PATH="$PATH" LC_ALL=C.UTF-8 \
	    DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" \
	    ${CCACHE_DIR:+CCACHE_DIR="$CCACHE_DIR"} \
	    dpkg-buildpackage -us -uc >"$deb/build.log" 2>&1) && return
	tail -n 40 "$deb/build.log"
	return 1
}

# What it says is in its log, and is nothing.
lintian_is_content() {
	local as_root=()
	[ "$(id -u)" != 0 ] || as_root=(--allow-root)
	lintian "${as_root[@]}" "$deb"/*.changes >"$deb/lintian.log" 2>&1 &&
		[ ! -s "$deb/lintian.log" ] && return
	cat "$deb/lintian.log"
	return 1
}

# Which package has what, where that is more than its name says. dh_missing sees
# to it that none forgets a file.
contents() {
	cat <<'END'
cardseal usr/bin/cardseal
cardseal usr/bin/cardseal-gpgsm
cardseal usr/bin/cardseal-scd
cardseal usr/bin/cardseal-ssh-agent
cardseal usr/libexec/cardseal/cardseal-owa
cardseal usr/lib/systemd/user/cardseal-ssh-agent.socket
cardseal usr/lib/systemd/user/cardseal-ssh-agent.service
cardseal usr/share/bash-completion/completions/cardseal
cardseal usr/share/zsh/vendor-completions/_cardseal
cardseal usr/share/fish/vendor_completions.d/cardseal.fish
cardseal usr/share/man/man1/cardseal.1.gz
cardseal usr/share/man/man1/cardseal-scd.1.gz
cardseal usr/share/doc/cardseal/examples/sample.eml
cardseal-agent usr/libexec/cardseal/cardseal-agent
cardseal-agent usr/libexec/cardseal/cardseal-token
cardseal-agent usr/lib/systemd/user/cardseal-agent.socket
cardseal-agent usr/lib/systemd/user/cardseal-agent.service
cardseal-agent usr/lib/systemd/user/cardseal-agent-restricted.socket
cardseal-agent lib/systemd/system/cardseal-gateway.service
cardseal-agent usr/share/man/man8/cardseal-agent.8.gz
cardseal-agent usr/share/doc/cardseal-agent/examples/gateway.conf
cardseal-agent usr/share/doc/cardseal-agent/examples/cardseal-agent.desktop
cardseal-pkcs11 usr/lib/[^/]*/pkcs11/cardseal-pkcs11.so
cardseal-pkcs11 usr/share/p11-kit/modules/cardseal.module
libcardseal0 usr/lib/[^/]*/libcardseal.so.0
libcardseal-bin usr/libexec/cardseal/cardseal-fetch
libcardseal-bin usr/libexec/cardseal/cardseal-p12
libcardseal-bin usr/share/man/man8/cardseal-fetch.8.gz
libcardseal-dev usr/include/cardseal.h
libcardseal-dev usr/lib/[^/]*/libcardseal.so
libcardseal-dev usr/lib/[^/]*/pkgconfig/cardseal.pc
libcardseal-dev usr/share/man/man3/cardseal.3.gz
libcardseal-dev usr/share/doc/libcardseal-dev/examples/sign.c
END
}

has_contents() {
	local package path bad=0
	for package in $(contents | cut -d' ' -f1 | sort -u); do
		dpkg-deb -c "$deb/${package}_$version"-*.deb |
			awk '{ print $6 }' >"$tmp/$package.list"
	done
	while read -r package path; do
		grep -qx "./$path" "$tmp/$package.list" && continue
		echo "$package has no $path"
		bad=1
	done < <(contents)
	return "$bad"
}

# What debian/tests/control asks for, but for our own packages.
test_packages() {
	sed -n '/^Depends:/,/^Restrictions:/p' debian/tests/control |
	    grep -v '^Restrictions:' | sed 's/^Depends://' | tr -d ' \n' |
	    tr ',' '\n' | grep -v cardseal | paste -sd, -
}

# How this machine reaches a mirror, and what it takes from one.
apt_options() {
	apt-config dump --format '%f "%v";%n' |
		grep -E '^Acquire::(Check|https?::.*Proxy)'
}

# Hooks run in the fresh system while it is made; nothing of it is kept. They
# cannot run anything that is not below chroot(8).
fresh_system() {
	mkdir "$tmp/srv"
	cp "$deb"/*.deb tests/system/deb-fresh.sh "$tmp/srv/"
	rm -f "$tmp"/srv/*-dbgsym_*
	mkdir "$tmp/srv/source"
	tar -C "$tmp/srv/source" --strip-components=1 -xf "$tarball"
	cp -r debian "$tmp/srv/source/"
	apt_options >"$tmp/apt.conf"
	# shellcheck disable=SC2016 # $1 is mmdebstrap's
	TMPDIR=${TMPDIR:-/var/tmp} mmdebstrap --quiet --variant=minbase \
	    --include="$(test_packages)" --aptopt="$tmp/apt.conf" \
	    --customize-hook="copy-in '$tmp/srv' /" \
	    --customize-hook='chroot "$1" bash /srv/deb-fresh.sh' \
	    bookworm /dev/null "${mirror[@]}" >"$deb/fresh.log" 2>&1 && return
	tail -n 40 "$deb/fresh.log"
	return 1
}

needed
ok "tarball and debian/" unpack
ok "what it is built with is here" env -C "$source" dpkg-checkbuilddeps
ok "the packages are built" build
ok "lintian has nothing to say" lintian_is_content
ok "each package has what is its own" has_contents
ok "a fresh Debian takes and leaves them" fresh_system
grep -aE '^(not )?ok - |^# ' "$deb/fresh.log" | sed 's/^/# /'
is "it went through" "$(grep -acx 'done' "$deb/fresh.log")" 1
is "and everything in it works" "$(grep -ac '^not ok' "$deb/fresh.log")" 0
done_testing
