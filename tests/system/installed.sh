#!/bin/bash
# installed.sh: what "make install" puts in place knows nothing of where it was
# built, and what is named in it is there.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
root=$tmp/root
ok "it installs" env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
    make -s -C "$CS_BUILDDIR" install DESTDIR="$root"
mapfile -t programs < <(find "$root" -type f -perm -u+x ! -name '*.la' | sort)
is "there are programs and two libraries" \
    "$([ ${#programs[@]} -ge 9 ] && echo many)" many
for program in "${programs[@]}"; do
	name=${program#"$root"}
	like "$name is a program" "$(readelf -h "$program")" 'DYN'
	# Who can make that folder later would have programs load from it.
	is "$name looks for no library where it was built" \
	    "$(readelf -d "$program" | grep -E 'R(UN)?PATH' |
		grep -F "$CS_BUILDDIR")" ""
done
mapfile -t units < <(find "$root" -path '*systemd*' -name '*.service' \
    -o -path '*autostart*' -type f | sort)
is "there are units" "$([ ${#units[@]} -ge 5 ] && echo many)" many
for unit in "${units[@]}"; do
	program=$(sed -n 's/^Exec\(Start\)\?=\([^ ]*\).*/\2/p' "$unit")
	[ "$program" = /usr/bin/p11-kit ] || program=$root$program
	ok "${unit##*/} starts what is there" test -x "$program"
done
mapfile -t timers < <(find "$root" -path '*systemd*' -name '*.timer')
is "there is a timer" ${#timers[@]} 1
for timer in "${timers[@]}"; do
	ok "${timer##*/} has its service" test -e "${timer%.timer}.service"
done
bin=$(dirname "$(find "$root" -type f -name cardseal-gpgsm)")
lib=$(dirname "$(find "$root" -name libcardseal.so.0)")
like "cardseal runs from there" \
    "$(LD_LIBRARY_PATH=$lib "$bin/cardseal" --version)" '^cardseal '
like "cardseal-gpgsm too" \
    "$(LD_LIBRARY_PATH=$lib "$bin/cardseal-gpgsm" --version)" 'cardseal'
done_testing
