#!/bin/bash
# codespell finds nothing in code and documents, but for what is German.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool codespell "spelling" || done_testing
cd "$CS_SRCDIR" || exit 99
# Words of the field that look like mistakes.
words=crypted,te,nd,ot,fo,fpr,hel,ser

spelled() {
	local found
	found=$(codespell --builtin clear,rare --ignore-words-list "$words" \
	    "$@" 2>&1)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

mapfile -t files < <(find asn1 token agent client tests doc softhsm-fixtures \
	-type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.md' -o \
	-name '*.sh' -o -name '*.py' -o -name '*.[1358]' -o -name '*.mk' -o \
	-name 'make-fixtures' -o -name '*.asn' \) ! -path '*/vectors/*' \
	! -name german.sh | sort)
files+=(README.md NEWS CONTRIBUTING.md configure.ac Makefile.am)
files+=(debian/{changelog,control,copyright,rules,tests/installed})
for f in "${!files[@]}"; do
	[ -e "${files[$f]}" ] || unset "files[$f]"
done
ok "there are files" test ${#files[@]} -gt 10
ok "no misspelt word" spelled "${files[@]}"
printf 'the message was rec%sved\n' ie >"$tmp/planted"
not_ok "planted: a misspelt word" spelled "$tmp/planted"
done_testing
