#!/bin/bash
# cardseal-token --list-modules: what p11-kit has configured, and no module
# that would lead in a circle.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

# p11-kit reads a user's configuration only for users other than root.
program=$tmp/cardseal-token
cp "$CS_BUILDDIR/token/cardseal-token" "$program"
run=("$program")
if [ "$(id -u)" = 0 ]; then
	have_tool setpriv "modules as another user" || done_testing
	run=(setpriv --reuid=65534 --regid=65534 --clear-groups "$program")
fi
conf=$XDG_CONFIG_HOME/pkcs11
mkdir -p "$conf/modules"
echo 'user-config: only' >"$conf/pkcs11.conf"
for softhsm in /usr/lib/softhsm/libsofthsm2.so \
    /usr/lib/*/softhsm/libsofthsm2.so; do
	[ ! -e "$softhsm" ] || break
done

# module NAME LINE...: a module file
module() {
	local name=$1
	shift
	printf '%s\n' "$@" >"$conf/modules/$name.module"
}

# list: the program's output in $tmp/out, exit status 0
list() {
	chmod -R a+rX "$tmp"
	exits 0 "$1" "${run[@]}" --list-modules
}

list "no module at all"
is "nothing is listed" "$(cat "$tmp/out")" ""

module soft "module: $softhsm"
list "one module"
is "its name and path" "$(cat "$tmp/out")" "soft	$softhsm"

# Copies, since p11-kit leaves out a module that it has already.
for f in first last cardseal-pkcs11 p11-kit-trust p11-kit-proxy \
    p11-kit-client; do
	cp "$softhsm" "$tmp/$f.so"
done
rm "$conf/modules/soft.module"
module last "module: $tmp/last.so" "priority: 1"
module first "module: $tmp/first.so" "priority: 9"
module far "remote: unix:path=$tmp/nothing" "priority: 5"
module ours "module: $tmp/cardseal-pkcs11.so"
module trust "module: $tmp/p11-kit-trust.so"
module proxy "module: $tmp/p11-kit-proxy.so"
module client "module: $tmp/p11-kit-client.so"
module gone "module: $tmp/nonexistent.so"
list "several modules"
is "by priority, without those that lead back" "$(cat "$tmp/out")" \
"first	$tmp/first.so
far	p11-kit:far
last	$tmp/last.so"

module first "module: $tmp/first.so" "enable-in: firefox"
module last "module: $tmp/last.so" "disable-in: cardseal"
list "modules for other programs"
is "enable-in and disable-in know cardseal" "$(cat "$tmp/out")" \
    "far	p11-kit:far"
module first "module: $tmp/first.so" "enable-in: firefox, cardseal"
list "a module for cardseal"
is "it is listed" "$(sort "$tmp/out")" \
"far	p11-kit:far
first	$tmp/first.so"

module gone "module: $tmp/nonexistent.so" "critical: yes"
exits 1 "a critical module that is missing" "${run[@]}" --list-modules
like "the message names it" "$(cat "$tmp/err")" \
    "^cardseal-token: p11-kit's configuration cannot be used: .*gone"
is "and nothing is listed" "$(cat "$tmp/out")" ""

exits 2 "a wrong option" "$program" --nonsense
exits 2 "descriptor 3 is no socket" "$program" 3</dev/null
like "the message says who starts it" "$(cat "$tmp/err")" cardseal-agent
done_testing
