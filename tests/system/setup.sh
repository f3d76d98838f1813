#!/bin/bash
# cardseal setup: what is written for each program, that the program takes it,
# and that --undo leaves every file octet for octet as it was.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org
export CARDSEAL_SOCKET=$tmp/run/agent.sock GIT_CONFIG_NOSYSTEM=1
unset GIT_CONFIG_GLOBAL GNUPGHOME
module=$CS_BUILDDIR/.libs/cardseal-pkcs11.so

setup() {
	"$CARDSEAL" setup "$@"
}
# database FOLDER: a list of modules as NSS writes it
database() {
	mkdir -p "$1"
	printf 'library=\nname=NSS Internal PKCS #11 Module\n%s\n\n' \
	    "parameters=configdir='sql:$1'" >"$1/pkcs11.txt"
}
# The home folder: names, modes, owners, links and what is in the files.
picture() {
	tar -C "$HOME" --sort=name --mtime=@0 -cf - . | sha256sum
}

# --- homes of different people ----------------------------------------------
# Files that end with a line end and without, that are links, and none at all.
home_plain() {
	printf '[user]\n\tname = Alice\n' >"$HOME/.gitconfig"
	chmod 640 "$HOME/.gitconfig"
	echo 'set folder=~/Mail' >"$HOME/.muttrc"
	mkdir -p "$HOME/.ssh" "$XDG_CONFIG_HOME/neomutt"
	mkdir -m 700 "$HOME/.gnupg"
	echo 'default-cache-ttl 60' >"$HOME/.gnupg/gpg-agent.conf"
	printf 'Host *\n\tUser alice\n' >"$HOME/.ssh/config"
	echo 'set sort=threads' >"$XDG_CONFIG_HOME/neomutt/neomuttrc"
	database "$HOME/.thunderbird/x.default"
	database "$HOME/.thunderbird/y.other"
	database "$HOME/.mozilla/firefox/x.default"
	database "$XDG_CONFIG_HOME/mozilla/firefox/z.new"
	database "$HOME/.pki/nssdb"
	database "$XDG_DATA_HOME/evolution"
	mkdir "$XDG_CONFIG_HOME/chromium"
	mkdir -p "$XDG_CONFIG_HOME/google-chrome/NativeMessagingHosts"
}
home_odd() {
	home_plain
	mkdir "$HOME/dot"
	printf '[user]\n\tname = Alice' >"$HOME/dot/gitconfig"
	ln -sf dot/gitconfig "$HOME/.gitconfig"
	printf 'set a=b\n# no line end' >"$HOME/.muttrc"
	printf 'Host x' >"$HOME/.ssh/config"
	rm -r "$XDG_CONFIG_HOME/neomutt"
	: >"$HOME/.gnupg/gpg-agent.conf"
	: >"$HOME/.pki/nssdb/pkcs11.txt"
	printf 'library=\nname=x\n' >"$HOME/.thunderbird/x.default/pkcs11.txt"
	printf 'library=\nname=x' >"$HOME/.thunderbird/y.other/pkcs11.txt"
}
home_empty() {
	mkdir -p "$XDG_DATA_HOME/pki/nssdb"
	database "$XDG_DATA_HOME/pki/nssdb"
}
homes=0
new_home() { # KIND
	homes=$((homes + 1))
	HOME=$tmp/home-$homes
	XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share
	mkdir -p "$HOME"
	mkdir -p "$XDG_CONFIG_HOME"
	"home_$1"
	picture >"$tmp/before"
}

for kind in plain odd empty; do
	new_home $kind
	for client in git mutt neomutt gnupg ssh openssl thunderbird firefox \
	    chromium evolution owa; do
		what="$client, $kind"
		if [ $kind = empty ] && [[ $client =~ ^([tfe]|ow) ]]; then
			exits 4 "$what: no profile" setup $client
			continue
		fi
		exits 0 "$what: dry" setup --dry-run $client
		ok "$what: something would be changed" test -s "$tmp/out"
		is "$what: but nothing is" "$(picture)" "$(cat "$tmp/before")"
		exits 0 "$what: set up" setup $client
		not_ok "$what: that changes files" \
		    diff <(picture) "$tmp/before"
		picture >"$tmp/after"
		exits 0 "$what: again" setup $client
		is "$what: changes nothing" "$(picture)" "$(cat "$tmp/after")"
		exits 0 "$what: undone dry" setup --undo --dry-run $client
		is "$what: changes nothing" "$(picture)" "$(cat "$tmp/after")"
		exits 0 "$what: undone" setup --undo $client
		is "$what: as it was" "$(picture)" "$(cat "$tmp/before")"
		exits 0 "$what: undone again" setup --undo $client
		is "$what: nothing is said" "$(cat "$tmp/out")" ""
	done
done
new_home plain
exits 0 "all" setup all
exits 0 "all, undone" setup --undo all
is "as it was" "$(picture)" "$(cat "$tmp/before")"
is "without Outlook's host" "$(find "$XDG_CONFIG_HOME" -name '*outlook*')" ""
exits 2 "no program" setup
exits 2 "one that is not known" setup lotus
exits 2 "a delegate with quotes" setup --delegate "/a'b" git

# --- a file of its own ------------------------------------------------------
exits 0 "owa" setup --delegate /opt/host owa
manifest=$XDG_CONFIG_HOME/chromium/NativeMessagingHosts/$(
	)com.microsoft.outlook.smime.chromenativeapp.json
is "browsers have a file they can read" "$(python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
print(d["name"], d["path"], d["type"], len(d["allowed_origins"]))' \
    "$manifest")" \
    "com.microsoft.outlook.smime.chromenativeapp /opt/host stdio 2"
mapfile -t origins < <(grep -o 'chrome-extension://[a-p]*/' "$manifest")
for origin in "${origins[@]}"; do
	ok "the host admits $origin" \
	    "$CS_BUILDDIR/client/owa/cardseal-owa" "$origin" </dev/null
done
sed -i 's/stdio/other/' "$manifest"
cp "$manifest" "$tmp/kept"
exits 8 "one that was changed is not removed" setup --undo owa
exits 8 "nor written over" setup owa
ok "but left as it is" cmp "$manifest" "$tmp/kept"
echo '{}' >"$manifest"
exits 8 "another's is not written over" setup owa
exits 0 "nor is it ours to undo" setup --undo owa
is "it is there" "$(cat "$manifest")" '{}'
rm -r "${manifest%/*}"

# --- changed meanwhile ------------------------------------------------------
exits 0 "git" setup git
git config --global user.email alice@example.org
exits 0 "undone after git changed the file" setup --undo git
is "git has what it wrote" "$(git config --global user.email)" \
    alice@example.org
is "and nothing of ours" "$(git config --global gpg.format)" ""
exits 0 "another delegate" setup --delegate /usr/bin/true git
exits 0 "and another" setup --delegate /usr/bin/false git
is "is the one that counts" "$(git config --global gpg.x509.program)" \
    /usr/bin/false
is "alone" "$(grep -c 'cardseal setup git: begin' "$HOME/.gitconfig")" 1
echo '# behind' >>"$HOME/.gitconfig"
cp "$HOME/.gitconfig" "$tmp/kept"
exits 0 "the same again" setup --delegate /usr/bin/false git
ok "does not move it" cmp "$HOME/.gitconfig" "$tmp/kept"
git config --global gpg.minTrustLevel fully
exits 8 "what git wrote between is not taken out" setup --undo git
like "which is told" "$(cat "$tmp/err")" 'somebody else changed the lines'
exits 8 "nor written over" setup git
is "it is there" "$(git config --global gpg.minTrustLevel)" fully
git config --global --unset gpg.minTrustLevel
exits 0 "and when it is gone" setup --undo git
unlike "nothing is left" "$(cat "$HOME/.gitconfig")" 'cardseal'

# One file for both, without a line end, undone in either order.
new_home empty
printf 'set a=b' >"$HOME/.muttrc"
picture >"$tmp/before"
for order in "mutt neomutt" "neomutt mutt"; do
	exits 0 "mutt" setup mutt
	exits 0 "neomutt has the same file" setup neomutt
	is "with a block each" "$(grep -c begin "$HOME/.muttrc")" 2
	for client in $order; do
		exits 0 "undone for $client" setup --undo "$client"
	done
	is "as it was" "$(picture)" "$(cat "$tmp/before")"
done

# --- OpenSC's own registrations ---------------------------------------------
new_home plain
opensc=/usr/lib/x86_64-linux-gnu/pkcs11/onepin-opensc-pkcs11.so
lists=("$HOME/.thunderbird/x.default/pkcs11.txt"
	"$HOME/.mozilla/firefox/x.default/pkcs11.txt"
	"$HOME/.pki/nssdb/pkcs11.txt")
for file in "${lists[@]}"; do
	printf '%s\n' "library=$opensc" 'name=OpenSC' '' 'library=/x.so' \
	    'name=x' '' '# of others' "library=${opensc/onepin-/}" >>"$file"
done
printf '%s' 'name=OpenSC with a cut end' >>"${lists[0]}"
printf '\n\n\n' >>"${lists[1]}"
picture >"$tmp/before"
exits 0 "thunderbird" setup thunderbird
like "OpenSC is told of" "$(cat "$tmp/out")" 'OpenSC.*twice.*setup opensc'
exits 0 "undone" setup --undo thunderbird
unlike "which says nothing of it" "$(cat "$tmp/out")" 'setup opensc'
exits 0 "opensc: dry" setup --dry-run opensc
is "tells of each place" "$(grep -c 'would' "$tmp/out")" 5
is "and changes nothing" "$(picture)" "$(cat "$tmp/before")"
exits 0 "opensc" setup opensc
for file in "${lists[@]}"; do
	unlike "no program has it: ${file#"$HOME"}" \
	    "$(grep -v '^#' "$file")" 'opensc'
	like "but others" "$(grep -v '^#' "$file")" 'library=/x.so'
done
is "it does not register itself anew" "$(grep -v '^#' \
    "$XDG_CONFIG_HOME/autostart/pkcs11-register.desktop" | grep Hidden)" \
    "Hidden=true"
exits 0 "thunderbird" setup thunderbird
unlike "has nothing to tell of" "$(cat "$tmp/out")" 'setup opensc'
exits 0 "undone" setup --undo thunderbird
picture >"$tmp/after"
exits 0 "opensc again" setup opensc
is "changes nothing" "$(picture)" "$(cat "$tmp/after")"
"$CARDSEAL" doctor >"$tmp/out" 2>&1
like "the doctor knows" "$(cat "$tmp/out")" "OpenSC's own module is put aside"
exits 0 "undone" setup --undo opensc
is "as it was" "$(picture)" "$(cat "$tmp/before")"
"$CARDSEAL" doctor >"$tmp/out" 2>&1
like "the doctor advises" "$(cat "$tmp/out")" "cardseal setup opensc"
exits 2 "it has no delegate" setup --delegate /x opensc
mkdir -p "$XDG_CONFIG_HOME/autostart"
echo '[Desktop Entry]' >"$XDG_CONFIG_HOME/autostart/pkcs11-register.desktop"
picture >"$tmp/before"
exits 0 "beside a person's own file" setup opensc
like "which is left" "$(cat "$tmp/out")" 'register.desktop: is left as it is'
is "as it is" "$(cat "$XDG_CONFIG_HOME/autostart/pkcs11-register.desktop")" \
    '[Desktop Entry]'
exits 0 "undone" setup --undo opensc
is "as it was" "$(picture)" "$(cat "$tmp/before")"
exits 0 "all" setup all
unlike "leaves OpenSC's modules alone" "$(cat "${lists[@]}")" 'setup opensc'

# --- what is not touched ----------------------------------------------------
left_alone() { # WHY: .muttrc, to both
	local before after
	before=$(picture)
	exits 8 "left alone: $1" setup mutt
	like "which is told" "$(cat "$tmp/err")" "\\.muttrc: .*$1"
	setup --undo mutt >/dev/null 2>&1
	after=$(picture)
	is "as it was" "$after" "$before"
}
printf '\000\001' >"$HOME/.muttrc"
left_alone "not a text file"
ln -f "$HOME/.muttrc" "$HOME/other"
left_alone "more than one name"
rm "$HOME/other" "$HOME/.muttrc"
ln -s nowhere "$HOME/.muttrc"
left_alone "a link to nothing"
rm "$HOME/.muttrc"
mkfifo "$HOME/.muttrc"
left_alone "not a regular file"
rm "$HOME/.muttrc"
head -c 5000000 /dev/zero | tr '\0' '\n' >"$HOME/.muttrc"
left_alone "too large"
echo '# cardseal setup mutt: begin 00000000' >"$HOME/.muttrc"
left_alone "no end"
if [ "$(id -u)" = 0 ]; then
	echo 'set a=b' >"$HOME/.muttrc"
	chown 1 "$HOME/.muttrc"
	left_alone "another user"
	rm "$HOME/.muttrc"
fi
echo 'set a=b' >"$HOME/.muttrc"
if (HOME=relative setup mutt) 2>"$tmp/err"; then
	echo "# it found a home" >"$tmp/err"
fi
like "no home" "$(cat "$tmp/err")" 'HOME does not name'
if [ "$(id -u)" != 0 ]; then
	chmod 500 "$HOME"
	exits 74 "a folder that cannot be written to" setup mutt
	chmod 700 "$HOME"
fi
is "nothing is left beside" "$(find "$HOME" -name '*.cardseal-*')" ""

# --- what the programs say to it --------------------------------------------
list_modules() {
	modutil -force -dbdir "sql:$db" -list 2>&1
}
if have_tool modutil "NSS takes it"; then
	new_home plain
	db=$HOME/.thunderbird/x.default
	rm "$db/pkcs11.txt"
	ok "a database of NSS" certutil -N -d "sql:$db" --empty-password
	cp "$db/pkcs11.txt" "$tmp/kept"
	exits 0 "thunderbird" setup --delegate "$module" thunderbird
	like "NSS has the module" "$(list_modules)" \
	    "cardseal.*library name: $module"
	ok "NSS writes the file anew" modutil -force -dbdir "sql:$db" \
	    -add other -libfile "$FIXTURE_MODULE"
	like "and keeps it" "$(list_modules)" "library name: $module"
	exits 0 "undone after that" setup --undo thunderbird
	unlike "it is gone" "$(list_modules)" "cardseal"
	unlike "wholly" "$(cat "$db/pkcs11.txt")" "cardseal setup"
	like "what NSS wrote is there" "$(list_modules)" "other"
	exits 0 "set up again" setup --delegate "$module" thunderbird
	ok "NSS takes the other out" modutil -force -dbdir "sql:$db" \
	    -delete other
	exits 0 "undone" setup --undo thunderbird
	ok "as it was" cmp "$db/pkcs11.txt" "$tmp/kept"
	ok "by modutil" modutil -force -dbdir "sql:$db" -add cardseal \
	    -libfile "$module"
	cp "$db/pkcs11.txt" "$tmp/kept"
	exits 0 "what modutil added" setup --delegate "$module" thunderbird
	like "is known" "$(cat "$tmp/out")" 'x.default.*setup did not write'
	exits 0 "and not taken out" setup --undo thunderbird
	ok "nor changed" cmp "$db/pkcs11.txt" "$tmp/kept"
fi
if have_tool modutil "NSS and OpenSC"; then
	new_home plain
	db=$HOME/.pki/nssdb
	rm "$db/pkcs11.txt"
	ok "a database of NSS" certutil -N -d "sql:$db" --empty-password
	ok "with OpenSC's module" modutil -force -dbdir "sql:$db" \
	    -add "OpenSC smartcard framework" -libfile opensc-pkcs11.so
	cp "$db/pkcs11.txt" "$tmp/kept"
	exits 0 "opensc" setup opensc
	unlike "NSS has it no more" "$(list_modules)" "OpenSC"
	ok "NSS writes the file anew" modutil -force -dbdir "sql:$db" \
	    -add other -libfile "$FIXTURE_MODULE"
	ok "twice" modutil -force -dbdir "sql:$db" -delete other
	unlike "it has it no more" "$(list_modules)" "OpenSC"
	exits 0 "undone" setup --undo opensc
	ok "as it was" cmp "$db/pkcs11.txt" "$tmp/kept"
	like "NSS has it" "$(list_modules)" "OpenSC"
fi
if have_tool p11-kit "p11-kit and OpenSC"; then
	# Of root it reads no configuration of his own.
	someone=()
	[ "$(id -u)" != 0 ] || someone=(setpriv --reuid=65534 --regid=65534
		--clear-groups)
	cp "$CS_BUILDDIR/token/cardseal-token" "$tmp/cardseal-token"
	new_home plain
	exits 0 "opensc" setup opensc
	chmod -R a+rX "$tmp"
	unlike "programs do not have it" \
	    "$("${someone[@]}" p11-kit list-modules 2>&1)" "opensc-pkcs11"
	like "the agent does" \
	    "$("${someone[@]}" "$tmp/cardseal-token" --list-modules 2>&1)" \
	    "opensc-pkcs11"
	exits 0 "undone" setup --undo opensc
	like "programs have it" \
	    "$("${someone[@]}" p11-kit list-modules 2>&1)" "opensc-pkcs11"
fi
if have_tool ssh "ssh takes it"; then
	ssh_agent() { # of which agent ssh asks for keys
		ssh -F "$HOME/.ssh/config" -G host |
			sed -n 's/^identityagent //p'
	}
	exits 0 "ssh" setup ssh
	is "is told of the socket" "$(ssh_agent)" \
	    "$XDG_RUNTIME_DIR/cardseal/ssh"
	exits 0 "as it was" setup --undo ssh
	is "is told of none" "$(ssh_agent)" ""
	exits 0 "where login made the usual folder" \
	    env -u XDG_RUNTIME_DIR "$CARDSEAL" setup ssh
	is "the user's number stands for it" \
	    "$(env -u XDG_RUNTIME_DIR ssh -F "$HOME/.ssh/config" -G host |
		sed -n 's/^identityagent //p')" "/run/user/$(id -u)/cardseal/ssh"
	exits 0 "as it was once more" setup --undo ssh
	exits 0 "a place of one's own" setup --delegate "$tmp/place" ssh
	is "is kept whole" "$(ssh_agent)" "$tmp/place"
	exits 0 "and taken out" setup --undo ssh
fi

done_testing
