#!/bin/bash
# quickstart shows what it promises, leaves nothing, and can run twice.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
cd "$CS_SRCDIR" || exit 99
mkdir "$tmp/t"

# run N: into $tmp/out.N
run() {
	CARDSEAL_BUILD=$CS_BUILDDIR TMPDIR=$tmp/t ./quickstart \
	    >"$tmp/out.$1" 2>&1
}

run 1 &
first=$!
ok "runs" run 2
ok "runs beside another" wait $first
diag "$tmp/out.2"
for n in 1 2; do
	is "run $n: OpenSSL agrees twice" \
	    "$(grep -c '^CMS Verification successful' "$tmp/out.$n")" 2
	is "run $n: cardseal agrees twice" \
	    "$(grep -c '^Good signature by' "$tmp/out.$n")" 2
	ok "run $n: shows the signed mail" \
	    grep -q 'protocol="application/pkcs7-signature"' "$tmp/out.$n"
	ok "run $n: says what is next" grep -q 'cardseal agent &' "$tmp/out.$n"
done
is "leaves no file" "$(ls -A "$tmp/t")" ""
is "leaves HOME alone" "$(ls -A "$HOME")" ""
is "leaves no process" "$(pgrep -f -- "$tmp/t/" | wc -l)" 0
printf '#!/bin/sh\nexit 1\n' >"$tmp/run/openssl"
chmod +x "$tmp/run/openssl"
not_ok "fails when something fails" env PATH="$tmp/run:$PATH" \
    CARDSEAL_BUILD="$CS_BUILDDIR" TMPDIR="$tmp/t" ./quickstart
is "and leaves no file" "$(ls -A "$tmp/t")" ""
done_testing
