# shellcheck shell=bash disable=SC2034
# count.sh: how check counts. Sourced; adds to passed, failed and skipped.
passed=0 failed=0 skipped=0

# one GOOD WHAT: a result that is no test program's
one() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		echo "PASS: $2"
	else
		failed=$((failed + 1))
		echo "FAIL: $2"
	fi
	return "$1"
}

# results FOLDER KIND...: how many results of these kinds
results() {
	local folder=$1 kinds
	shift
	kinds=$(IFS='|' && echo "$*")
	find "$folder" -name '*.trs' -exec cat {} + |
		grep -cE "^:test-result: ($kinds)( |$)"
}

# count FOLDER STATUS WHAT: adds what the tests of one run recorded. STATUS
# is what "make check" ended with.
count() {
	local folder=$1 status=$2 bad expected run
	passed=$((passed + $(results "$folder" PASS XFAIL)))
	bad=$(results "$folder" FAIL ERROR XPASS)
	skipped=$((skipped + $(results "$folder" SKIP)))
	# A test program without any result did not run at all.
	expected=$(wc -l <"$folder/expected")
	run=$(find "$folder" -name '*.trs' \
		-exec grep -l '^:test-result:' {} + | wc -l)
	if [ "$run" -lt "$expected" ]; then
		echo "FAIL: $3: $((expected - run)) test programs have no result"
		bad=$((bad + expected - run))
	elif [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		echo "FAIL: $3: make check ended with $status"
		bad=1
	fi
	failed=$((failed + bad))
}
