#!/bin/bash
# Every shell script is clean for shellcheck.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool shellcheck "shell" || done_testing
cd "$CS_SRCDIR" || exit 99

# Scripts by name or by first line.
scripts() {
	local f first
	find . \( -path ./build -o -path './build-*' -o -path ./.git -o \
	    -path ./autom4te.cache -o -path ./m4 \) -prune -o \
	    -type f -size -200k -print |
	while read -r f; do
		case $f in
		./configure | ./configure~ | ./libtool | ./config.status)
			continue ;;
		*.sh)
			echo "$f"
			continue ;;
		esac
		IFS= read -r -n 80 first 2>/dev/null <"$f" || :
		case $first in
		'#!/bin/sh'* | '#!/bin/bash'* | '#!/usr/bin/env bash'*)
			echo "$f" ;;
		esac
	done
}

check_script() {
	shellcheck -x "$1"
}

mapfile -t found < <(scripts 2>/dev/null | sort)
ok "there are scripts" test ${#found[@]} -gt 3
for f in "${found[@]}"; do
	ok "${f#./}" check_script "$f"
done
# shellcheck disable=SC2016 # the planted script's own
printf '#!/bin/bash\nrm $1/*\n' >"$tmp/planted"
not_ok "planted: an unquoted argument" check_script "$tmp/planted"
done_testing
