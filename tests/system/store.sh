#!/bin/bash
# store.sh: the certificate store, made and written by two programs at once,
# survives that they are killed at random moments; "make kills" kills 200 times.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
moments=${MOMENTS:-30}
seed=${SEED:-$RANDOM}
store=$XDG_DATA_HOME/cardseal/certificates.db
mkdir "$tmp/certs"
exits 0 "killed $moments times, it is whole" python3 \
    "$CS_SRCDIR/tests/system/store_kill.py" "$CARDSEAL" "$store" "$tmp/certs" \
    "$moments" "$seed"
diag "$tmp/out"
echo "# SEED=$seed"
like "each time" "$(cat "$tmp/out")" "^$moments kills, "
exits 0 "what is left is of use" "$CARDSEAL" certs import "$tmp/certs/a.pem"
exits 0 "all of it" "$CARDSEAL" certs show --json a@example.org
is "is there" "$(grep -o '"sha256"' "$tmp/out" | wc -l)" 60

# Both find that there is no store, and make it.
good=0
for _ in $(seq 40); do
	rm -rf "$XDG_DATA_HOME/cardseal"
	"$CARDSEAL" certs import -q "$tmp/certs/a.pem" & pid=$!
	"$CARDSEAL" certs import -q "$tmp/certs/b.pem" && wait $pid &&
		good=$((good + 1))
done
is "two make it at once, 40 times" $good 40

# What is no file is not waited for.
for make in "mkfifo" "mkdir" "ln -s /dev/zero"; do
	rm -rf "$store"
	$make "$store"
	for what in "import $tmp/certs/a.pem" list; do
		# shellcheck disable=SC2086
		timeout 20 "$CARDSEAL" certs $what >"$tmp/out" 2>"$tmp/err"
		is "$make, $what" $? 74
		like "$make, $what: told" "$(cat "$tmp/err")" "is no regular file for the certificate store"
	done
done
done_testing
