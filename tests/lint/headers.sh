#!/bin/bash
# Each header compiles alone, and twice in one file; the installed one in
# strict C11 and in C++ as well.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
read -ra cc <<<"${CC:-cc}"
read -ra flags <<<"${LINT_CFLAGS:-}"
warn=(-Wall -Wextra -Wstrict-prototypes -Werror)

# compiles FILE [OPTION...]: what it says goes to standard error
compiles() {
	local file=$1
	shift
	"${cc[@]}" -fsyntax-only "$@" -I"$CS_SRCDIR" -I"$CS_BUILDDIR" "$file"
}

# header_alone HEADER [OPTION...]
header_alone() {
	printf '#include "%s"\n#include "%s"\n' "$1" "$1" >"$tmp/alone.c"
	shift
	compiles "$tmp/alone.c" -std=gnu11 "${warn[@]}" "${flags[@]}" "$@"
}

cd "$CS_SRCDIR" || exit 99
mapfile -t headers < <(find asn1 token agent client tests -name '*.h' | sort)
for h in "${headers[@]}"; do
	ok "$h" header_alone "$h"
done
ok "there are headers" test ${#headers[@]} -gt 5
printf '#include "client/cardseal.h"\nint x;\n' | tee "$tmp/pub.c" >"$tmp/pub.cc"
ok "cardseal.h is strict C11" compiles "$tmp/pub.c" -std=c11 -pedantic \
    "${warn[@]}"
ok "the example is C11 with POSIX" compiles doc/examples/sign.c -std=c11 \
    -pedantic -D_POSIX_C_SOURCE=200809L -Iclient "${warn[@]}"
if have_tool c++ "cardseal.h is C++"; then
	cc=(c++)
	ok "cardseal.h is C++" compiles "$tmp/pub.cc" -Wall -Wextra -Werror
	read -ra cc <<<"${CC:-cc}"
fi

mkdir "$tmp/planted"
printf '#ifndef P_H\n#define P_H\nsize_t planted(void);\n#endif\n' \
    >"$tmp/planted/needy.h"
printf 'struct planted { int x; };\n' >"$tmp/planted/unguarded.h"
not_ok "planted: a header that needs another" header_alone needy.h \
    -I"$tmp/planted"
not_ok "planted: a header without guard" header_alone unguarded.h \
    -I"$tmp/planted"
done_testing
