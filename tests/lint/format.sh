#!/bin/bash
# The C of the whole tree is as clang-format writes it.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool clang-format "format" || done_testing
cd "$CS_SRCDIR" || exit 99
[ -e .clang-format ] || skip_all tool "no .clang-format in a tarball"

formatted() {
	clang-format --dry-run -Werror "$@"
}

mapfile -t files < <(find asn1 token agent client doc tests -name '*.[ch]' | sort)
ok "there are files" test ${#files[@]} -gt 5
ok "the tree is formatted" formatted "${files[@]}"
printf 'int planted(void) {\n  return 0; }\n' >"$tmp/planted.c"
cp .clang-format "$tmp"
not_ok "planted: a function not in this style" formatted "$tmp/planted.c"
done_testing
