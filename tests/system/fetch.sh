#!/bin/bash
# cardseal-fetch against a web server on loopback: what it fetches, and every
# limit.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
tool=$CS_BUILDDIR/tests/system/fetch_tool
start_background python3 "$CS_SRCDIR/tests/system/web.py" "$tmp/port"
wait_until 20 test -e "$tmp/port" || { echo "Bail out! no server"; exit 99; }
web=http://127.0.0.1:$(cat "$tmp/port")

exits 0 "a page" "$tool" "$web/hello"
is "its body" "$(cat "$tmp/out")" "hello"
like "its status and type" "$(cat "$tmp/err")" "^OK 200 text/plain $web/hello"
exits 0 "two, from one process" "$tool" "$web/hello" "$web/hello"
is "both bodies" "$(cat "$tmp/out")" "hello
hello"
exits 1 "after a failure the next one is still served" "$tool" \
    "$web/status/500" "$web/hello"
is "with its body alone" "$(cat "$tmp/out")" "hello"
exits 0 "1 MiB" "$tool" -m 1048576 "$web/size/1048576"
is "all of it" "$(wc -c <"$tmp/out")" 1048576
exits 0 "a post" "$tool" -d query -T application/timestamp-query "$web/echo"
is "what was posted" "$(cat "$tmp/out")" query
like "with its type" "$(cat "$tmp/err")" " application/timestamp-query "
exits 0 "a post that is redirected stays one" "$tool" -d q -T a/b "$web/moved"
is "with its body" "$(cat "$tmp/out")" q
exits 0 "redirects" "$tool" -r 3 "$web/redirect/3"
like "end elsewhere" "$(cat "$tmp/err")" "^OK 200 text/plain $web/hello"

fails() {
	local code=$1 what=$2
	shift 2
	exits 1 "$what" "$tool" "$@"
	like "$what: $code" "$(cat "$tmp/err")" "^$code "
}
fails NETWORK "too many redirects" -r 2 "$web/redirect/3"
fails NETWORK "no redirects wanted" -r 0 "$web/redirect/1"
fails NETWORK "a redirect to a file" "$web/to?file:///etc/hostname"
fails NETWORK "a redirect to another protocol" "$web/to?ftp://127.0.0.1/"
fails NETWORK "a server that says no" "$web/status/404"
like "its status" "$(cat "$tmp/err")" "^NETWORK 404 "
is "a page for people is no body" "$(cat "$tmp/out")" ""
fails NETWORK "nobody listens" "http://127.0.0.1:1/"
fails ARGUMENT "a file" "file:///etc/hostname"
fails ARGUMENT "another protocol" "ftp://127.0.0.1/"
fails ARGUMENT "no URL" "hello"
fails ARGUMENT "a URL with a line end" "$web/hello"$'\r\n'"Host: x"
fails NETWORK "a URL with a password" "http://a:b@127.0.0.1:1/"
fails ARGUMENT "a header with a line end" -d x -T $'a/b\r\nX: y' "$web/echo"
fails TOO_LARGE "too large, as announced" -m 1000 "$web/size/1001"
is "and nothing of it" "$(wc -c <"$tmp/out")" 0
fails TOO_LARGE "without end" -m 300000 "$web/endless"
fails TIMEOUT "too slow" -t 300 "$web/slow"
fails REFUSED "loopback, where only public addresses will do" -p "$web/hello"

# --- what it cannot do ---
fetch=$CS_BUILDDIR/client/fetch/cardseal-fetch
exits 0 "--version" "$fetch" --version
exits 2 "arguments" "$fetch" x
exits 70 "nonsense on its input" bash -c "echo hello | $fetch | cat; exit \${PIPESTATUS[1]}"
exits 0 "an end" bash -c "$fetch </dev/null | cat"

# It stays there while its input is open: what has the kernel of it?
mkfifo "$tmp/in"
start_background bash -c "exec $fetch <$tmp/in >/dev/null"
pid=$background_pid
exec 7>"$tmp/in"
confined() {
	grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" &&
		grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$pid/status"
}
ok "system calls are filtered" wait_until 10 confined
exec 7>&-
ok "it ends when nobody is there any more" wait_until 10 process_is_gone "$pid"
done_testing
