#!/bin/bash
# check counts what happened: nothing that went wrong is lost.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/count.sh
. "$CS_SRCDIR/tests/count.sh"

# recorded NAME KIND...: what the driver leaves of a test program
recorded() {
	local name=$1 kind
	shift
	mkdir -p "$tmp/build/tests/unit"
	for kind in "$@"; do
		echo ":test-result: $kind a case"
	done >"$tmp/build/tests/unit/$name.trs"
	echo ":global-test-result: $1" >>"$tmp/build/tests/unit/$name.trs"
	echo "tests/unit/$name" >>"$tmp/build/expected"
}

begin() {
	rm -rf "$tmp/build"
	mkdir "$tmp/build"
	: >"$tmp/build/expected"
	passed=0 failed=0 skipped=0
}

counted() {
	count "$tmp/build" "$2" what >"$tmp/said"
	is "$1" "$passed passed, $failed failed, $skipped skipped" "$3"
}

begin
recorded a PASS PASS SKIP
recorded b PASS
counted "good results" 0 "3 passed, 0 failed, 1 skipped"
begin
recorded a PASS FAIL
recorded b ERROR
counted "failed and broken tests" 2 "1 passed, 2 failed, 0 skipped"
begin
recorded a XPASS XFAIL
counted "a pass that should not be" 2 "1 passed, 1 failed, 0 skipped"
begin
recorded a PASS
echo tests/unit/b >>"$tmp/build/expected"
counted "a program that never ran" 0 "1 passed, 1 failed, 0 skipped"
begin
recorded a PASS
echo tests/unit/b >>"$tmp/build/expected"
: >"$tmp/build/tests/unit/b.trs"
counted "a program that recorded nothing" 0 "1 passed, 1 failed, 0 skipped"
begin
recorded a PASS
counted "make ended badly without a failed test" 2 \
    "1 passed, 1 failed, 0 skipped"
begin
counted "nothing at all, and make failed" 2 "0 passed, 1 failed, 0 skipped"
begin
one 0 good >/dev/null
one 1 bad >/dev/null
is "single results" "$passed $failed" "1 1"

# The whole script: what breaks early is counted too.
cp -r "$CS_SRCDIR/tests" "$CS_SRCDIR/check" "$tmp" 2>/dev/null
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 1\n' | tee "$tmp/bin/apt-get" >"$tmp/bin/dpkg-query"
printf '#!/bin/sh\nexec "$@"\n' >"$tmp/bin/sudo"
chmod +x "$tmp"/bin/*
PATH=$tmp/bin:$PATH "$tmp/check" gcc >"$tmp/out" 2>&1
is "packages that cannot be had: status" $? 1
is "packages that cannot be had: last line" "$(tail -n 1 "$tmp/out")" \
    "0 passed, 1 failed, 0 skipped"
printf '#!/bin/sh\necho installed\n' >"$tmp/bin/dpkg-query"
PATH=$tmp/bin:$PATH "$tmp/check" gcc >"$tmp/out" 2>&1
is "a tree that does not build: status" $? 1
is "a tree that does not build: last line" "$(tail -n 1 "$tmp/out")" \
    "1 passed, 1 failed, 0 skipped"
done_testing
