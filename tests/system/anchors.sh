#!/bin/bash
# anchors.sh: trust anchors that p11-kit has, from its own `trust` and from one
# that tells what the test wants.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
# shellcheck source=tests/system/pki.sh
. "${CS_SRCDIR:-.}/tests/system/pki.sh"

pki_make "$tmp/pki" http://127.0.0.1:9
cache=$XDG_CACHE_HOME/cardseal/system-anchors
configured=$XDG_CONFIG_HOME/cardseal/cardseal.conf
mkdir -p "${configured%/*}"
rule() { printf '[trust]\np11-kit = %s\n' "$1" >"$configured"; }
judge() { # ARGUMENT...
	"$CARDSEAL" certs verify --intermediate "$pki/int.pem" \
	    --revocation off "$@" "$pki/lonely.pem"
}
said() { cat "$tmp/out" "$tmp/err"; }

# --- p11-kit's own program -------------------------------------------------
trust extract --filter=ca-anchors --format=pem-bundle \
    --purpose=email --overwrite \
    "$tmp/system.pem"
openssl x509 -in "$tmp/system.pem" -out "$tmp/one.pem"
exits 6 "the system's anchors are not for mail" "$CARDSEAL" certs verify \
    --revocation off "$tmp/one.pem"
ok "what it told is kept" test -s "$cache"
rule all
exits 0 "unless that is configured" "$CARDSEAL" certs verify --purpose any \
    --revocation off --time 2024-01-01T00:00:00Z "$tmp/one.pem"
like "and it is said" "$(said)" \
    "^trusted; the trust anchor .* is the system's, which does not say that"
rm "$configured"

# --- one that tells what the test wants ------------------------------------
mkdir "$tmp/bin"
cat >"$tmp/bin/trust" <<END
#!/bin/sh
echo "\$@" >>"$tmp/asked"
for file; do :; done
[ -e "$tmp/bundle" ] && cp "$tmp/bundle" "\$file"
END
chmod +x "$tmp/bin/trust"
PATH=$tmp/bin:$PATH
asked() { # HOW-OFTEN: since the last time
	is "asked $1 times" "$(wc -l <"$tmp/asked")" "$1"
	: >"$tmp/asked"
}
: >"$tmp/asked"
marked() { # ARGUMENT OF openssl x509...: the root, so marked; nothing is kept
	openssl x509 -in "$pki/root.pem" -trustout "$@" >"$tmp/bundle"
	rm -f "$cache"
}

marked -addtrust emailProtection
exits 0 "an anchor that is marked for e-mail" judge
is "nothing is remarked" "$(said)" trusted
is "the question" "$(cut -d ' ' -f 1-4 "$tmp/asked")" \
    "extract --filter=ca-anchors --format=openssl-bundle --overwrite"
asked 1
exits 0 "again" judge
exits 0 "and again" judge
asked 0

# The cache
folder=$HOME/.config/pkcs11/modules
mkdir -p "$folder"
exits 0 "p11-kit's configuration changes" judge
asked 1
mkdir "$tmp/ours"
echo "x-init-reserved: paths='$tmp/none:$tmp/ours'" \
    >"$folder/p11-kit-trust.module"
exits 0 "it has a folder of its own" judge
asked 1
mkdir "$tmp/ours/anchors"
exits 0 "there a folder comes" judge
asked 1
touch "$tmp/ours/anchors/one"
exits 0 "in it a file" judge
asked 1
echo more >"$tmp/ours/anchors/one"
exits 0 "that changes" judge
asked 1
exits 0 "nothing changes" judge
asked 0
touch -d "2 days ago" "$cache"
exits 0 "what is kept is old" judge
asked 1
touch -d "2 days" "$cache"
exits 0 "or from tomorrow" judge
asked 1
for damage in "truncate -s -1" "truncate -s 40" "truncate -s 0"; do
	$damage "$cache"
	exits 0 "what is kept is damaged: $damage" judge
	asked 1
done
printf '\377' | dd of="$cache" bs=1 seek=59 conv=notrunc 2>/dev/null
exits 0 "a mark that there is not" judge
asked 1
chmod 500 "${cache%/*}"
rm -f "$cache"
exits 0 "nothing can be kept" judge
chmod 700 "${cache%/*}"
: >"$tmp/asked"
exits 0 "without a home nothing is kept" env -u HOME -u XDG_CACHE_HOME \
    "$CARDSEAL" certs verify --intermediate "$pki/int.pem" --revocation off \
    "$pki/lonely.pem"
asked 1
is "nothing is left behind" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 \
    -name 'cardseal-??????' -newer "$tmp/bin/trust" -user "$(id -un)" \
    -path "$tmp/*")" ""

# A large file of one's own (SECTION FILES of the manual)
own=$XDG_CONFIG_HOME/cardseal/anchors.pem
rule off
other() { # NUMBER: another root
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout /dev/null -subj "/CN=root of number $1" 2>/dev/null
}
compiled=${cache%/*}/own-anchors
for i in $(seq 30); do other "$i"; done >"$tmp/thirty.pem"
cat "$tmp/thirty.pem" "$pki/root.pem" >"$own"
exits 0 "a large file of anchors" judge
ok "one that has just been written is not compiled" test ! -e "$compiled"
settle() { touch -d "1 hour ago" "$own"; sleep 2.1; }
settle
exits 0 "when it has settled" judge
ok "it is" test -s "$compiled"
before=$(stat -c %y "$compiled")
exits 0 "and again" judge
is "once" "$(stat -c %y "$compiled")" "$before"
if command -v strace >/dev/null; then
	strace -f -o "$tmp/trace" "$CARDSEAL" certs verify --revocation off \
	    --intermediate "$pki/int.pem" "$pki/lonely.pem" >/dev/null 2>&1
	is "the file itself is not opened" \
	    "$(grep -c "open.*$own" "$tmp/trace")" 0
fi
printf 'x' | dd of="$compiled" bs=1 seek=700 conv=notrunc 2>/dev/null
exits 0 "what was compiled is damaged" judge
ok "it is made again" test "$(stat -c %y "$compiled")" != "$before"
if [ "$(id -u)" = 0 ]; then
	chown nobody "$compiled"
	before=$(stat -c %i "$compiled")
	exits 0 "or is another's" judge
	ok "then, too" test "$(stat -c %i "$compiled")" != "$before"
fi
cp -p "$compiled" "$tmp/compiled"
cp "$tmp/thirty.pem" "$own"
exits 6 "an anchor that is taken out counts no longer" judge
settle
exits 6 "nor when the rest has settled" judge
cp "$tmp/compiled" "$compiled"
exits 6 "nor if what was compiled comes back" judge
echo broken >>"$own"
sed -i 's/^MII/!!!/' "$own"
exits 7 "a file that is broken is told" judge
like "by name" "$(said)" anchors.pem
rm "$own"
mkfifo "$own"
exits 74 "a FIFO is not waited for" timeout 20 "$CARDSEAL" certs verify \
    --revocation off "$pki/lonely.pem"
like "what is wrong" "$(said)" "anchors.pem is no regular file"
rm "$own"
rule email
rm -f "$cache"
mkfifo "$cache"
exits 0 "nor where something was kept" timeout 20 "$CARDSEAL" certs verify \
    --intermediate "$pki/int.pem" --revocation off "$pki/lonely.pem"
ok "it is left alone" test -p "$cache"
rm "$cache"
: >"$tmp/asked"

# Marks
marked
exits 6 "an anchor without purposes" judge
like "then there is none" "$(said)" "no trust anchors are configured"
rule all
exits 0 "if all count" judge
like "it is told" "$(said)" "root.*is the system's, which does not say|\
Web Root.*is the system's, which does not say"
asked 1
exits 0 "as JSON" judge --json
ok "is as the schema says" python3 - "$tmp/out" "$CS_SRCDIR" <<'END'
import json
import sys
import jsonschema
got = json.load(open(sys.argv[1]))
jsonschema.validate(got, json.load(open(sys.argv[2] + "/doc/path.schema.json")))
assert "is the system's" in json.dumps(got), got
END
marked -addtrust serverAuth
exits 6 "one for servers never counts" judge
marked -addtrust emailProtection -addreject emailProtection
exits 6 "nor one that is rejected for e-mail" judge
marked -addtrust serverAuth -addtrust emailProtection
exits 0 "one for both does" judge
is "without a remark" "$(said)" trusted
{
	printf -- '-----BEGIN TRUSTED CERTIFICATE-----\nMAMCAQU=\n'
	printf -- '-----END TRUSTED CERTIFICATE-----\n'
	openssl x509 -in "$pki/root.pem" -trustout -addtrust emailProtection
} >"$tmp/bundle"
rm "$cache"
exits 0 "beside one that is broken" judge

# Whose program fails
: >"$tmp/asked"
rm "$tmp/bundle" "$cache"
exits 2 "p11-kit cannot tell, and all were to count" judge
like "what to do" "$(said)" "install p11-kit"
asked 1
rule email
exits 6 "else nothing is found" judge
exits 6 "which is kept" judge
asked 1
rule all
exits 2 "but not for those who want all" judge
asked 1
openssl x509 -in "$pki/root.pem" -out "$tmp/bundle"
exits 0 "and then it can tell" judge
rm "$cache"
rule off
: >"$tmp/asked"
exits 6 "p11-kit is left alone" judge
rule email
exits 0 "as it is for --anchor" judge --anchor "$pki/root.pem"
asked 0
rule maybe
exits 2 "an unknown rule" judge
like "what it takes" "$(said)" "p11-kit = .*maybe.*: it takes off, email or all"
done_testing
