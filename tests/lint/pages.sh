#!/bin/bash
# The manual pages are clean for mandoc.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool mandoc "manual pages" || done_testing
cd "$CS_SRCDIR" || exit 99

# References to pages of other packages depend on what is installed.
page_is_clean() {
	local said
	said=$(mandoc -T lint -W warning "$1" 2>&1 |
		grep -v 'referenced manual not found')
	[ -z "$said" ] || { echo "$said"; return 1; }
}

for page in doc/man/*.[1358]; do
	ok "$page" page_is_clean "$page"
done
# Pages of our own are there.
while read -r page; do
	ok "$page is there" test -e "doc/man/$page"
done < <(sed -n 's/^\.Xr \(cardseal[a-z-]*\) \([1358]\).*/\1.\2/p' \
	doc/man/*.[1358] | sort -u)
printf '.Dd Today\n.Dt X 1\n.Os\n.Sh NAME\n.Bogus\n' >"$tmp/planted.1"
not_ok "planted: a broken page" page_is_clean "$tmp/planted.1"
done_testing
