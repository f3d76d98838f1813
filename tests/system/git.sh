#!/bin/bash
# git.sh: commits and tags signed and verified by git itself, with
# cardseal-gpgsm as its gpg.x509.program.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
have_tool git "git signs commits" || done_testing
gpgsm=$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=bob,key=p256,email=bob@example.org \
    --identity name=carol,key=p384,email=carol@example.org \
    --identity name=expired,key=rsa2048,validity=expired,email=old@example.org
configure_intermediates
mkdir -p "$XDG_CONFIG_HOME/cardseal"
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
pinentry_answers "pin $FIXTURE_PIN"

repo=$tmp/repo
export GIT_CONFIG_NOSYSTEM=1
git() { command git -C "$repo" "$@"; }
mkdir "$repo"
git init -q -b main
git config user.name "Alice Example"
git config user.email alice@example.org
git config gpg.format x509
git config gpg.x509.program "$gpgsm"

sha1_of() { # NAME
	openssl x509 -in "$FIXTURE_DIR/certs/$1.pem" -noout \
	    -fingerprint -sha1 | sed 's/.*=//; s/://g'
}
sha256_of() { # NAME
	openssl x509 -in "$FIXTURE_DIR/certs/$1.pem" -noout \
	    -fingerprint -sha256 | sed 's/.*=//; s/://g'
}
commit() { # FILE [OPTION...]
	local file=$1
	shift
	echo "$file" >"$repo/$file"
	git add "$file" && git commit -q -S -m "add $file" "$@"
}

# --- without an agent -------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/agent.sock
echo 1 >"$repo/none" && git add none
exits 128 "without an agent no commit is signed" git commit -S -m none
git rm -qf --cached none
rm "$repo/none"
agent_start

# --- commits and tags -------------------------------------------------------
ok "a commit is signed by who commits" commit one
like "the signature is what git expects" "$(git cat-file commit HEAD)" \
    $'gpgsig -----BEGIN SIGNED MESSAGE-----\n'
ok "git verifies it" git verify-commit HEAD
is "as good, of that certificate" "$(git log -1 --format='%G? %GF')" \
    "G $(sha1_of alice)"
is "with the name of the signer" "$(git log -1 --format='%GS')" \
    "$(openssl x509 -in "$FIXTURE_DIR/certs/alice.pem" -noout -subject \
	-nameopt RFC2253 | sed 's/^subject=//')"
is "fully trusted" "$(git log -1 --format='%GT')" fully
like "git log shows it" "$(git log -1 --show-signature)" 'Alice|alice@'
ok "minTrustLevel is met" git -c gpg.minTrustLevel=fully verify-commit HEAD
exits 0 "a tag is signed" git tag -s -m "version 1" v1
ok "git verifies the tag" git verify-tag v1
ok "and merges with that proof" git merge --verify-signatures -q --ff-only HEAD
is "one PIN was enough" "$(pinentry_count)" 1
like "the prompt names the program" "$(pinentry_descriptions)" 'gpgsm'

# --- which key --------------------------------------------------------------
for key in bob@example.org "0x$(sha1_of bob)" "$(sha256_of bob)" \
    "Bob <bob@example.org>"; do
	git config user.signingkey "$key"
	ok "user.signingkey $key" commit "by-${key//[^a-z0-9]/}"
	is "is that key" "$(git log -1 --format='%G? %GF')" \
	    "G $(sha1_of bob)"
done
git config user.signingkey carol@example.org
ok "P-384" commit carol
is "is good, too" "$(git log -1 --format='%G?')" G
git config user.signingkey nobody@example.org
echo x >"$repo/x" && git add x
exits 128 "a key that is not there" git commit -S -m x
exits 4 "is told of by itself" "$gpgsm" -bsau nobody@example.org "$repo/x"
like "with its name" "$(cat "$tmp/err")" 'nobody@example.org'
git config user.signingkey old@example.org
exits 128 "an expired certificate signs nothing" git commit -S -m x
git config --unset user.signingkey
git reset -q --hard
ok "openssl reads the signature" bash -c '
	command git -C "$1" cat-file commit HEAD |
	    sed -n "/^gpgsig/,/END SIGNED/p" |
	    sed "s/^gpgsig //; s/^ //; s/SIGNED MESSAGE/PKCS7/" |
	    openssl pkcs7 -print_certs -noout' - "$repo"

# --- what is not good -------------------------------------------------------
raw() { # COMMIT SED-SCRIPT: a copy of the commit, changed
	git cat-file commit "$1" | sed "$2" |
	    command git -C "$repo" hash-object -t commit -w --stdin
}
bad=$(raw HEAD 's/^add carol/add Carol/')
not_ok "a changed commit" git verify-commit "$bad"
is "has a bad signature" "$(git log -1 --format='%G?' "$bad")" B
unsigned=$(git commit-tree -m plain 'HEAD^{tree}')
not_ok "a commit without a signature" git verify-commit "$unsigned"
broken=$(raw HEAD '/^gpgsig/,/END SIGNED/s/^ [A-Za-z0-9+/]\{10\}/ AAAAAAAAAA/')
not_ok "a broken signature" git verify-commit "$broken"
like "is none" "$(git log -1 --format='%G?' "$broken")" '^[EN]$'

mv "$XDG_CONFIG_HOME/cardseal/anchors.pem" "$tmp/anchors.pem"
export XDG_CONFIG_DIRS=$tmp/none
not_ok "a chain that is not trusted" git verify-commit HEAD
like "is told of" "$(cat "$tmp/ok.log")" 'trust'
is "and is an error to git" "$(git log -1 --format='%G?')" E
is "with no trust" "$(git log -1 --format='%GT')" never
cp "$tmp/anchors.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"

# --- as other programs call it ----------------------------------------------
printf 'what is signed\n' >"$tmp/data"
statuses() { sed -n 's/^\[GNUPG:\] \([A-Z_]*\).*/\1/p' "$1" | tr '\n' ' '; }
exits 0 "smimesign's options" "$gpgsm" --sign --detach-sign --armor \
    --local-user alice@example.org --include-certs=-2 --status-fd=2 \
    -o "$tmp/sig" "$tmp/data"
is "status lines of signing" "$(statuses "$tmp/err")" \
    "BEGIN_SIGNING SIG_CREATED "
like "in GnuPG's form" "$(cat "$tmp/err")" \
    "SIG_CREATED D 1 8 00 [0-9]+ $(sha1_of alice)"
exits 0 "verified" "$gpgsm" --status-fd 1 --verify "$tmp/sig" "$tmp/data"
is "status lines of verifying" "$(statuses "$tmp/out")" \
    "NEWSIG GOODSIG VALIDSIG TRUST_FULLY "
exits 1 "other content" "$gpgsm" --status-fd=1 --verify "$tmp/sig" \
    - <"$CS_SRCDIR/NEWS"
is "is a bad signature" "$(statuses "$tmp/out")" "NEWSIG BADSIG "
exits 0 "opaque, DER" "$gpgsm" -su bob@example.org -o "$tmp/opaque" \
    --status-fd=2 "$tmp/data"
like "of an EC key" "$(cat "$tmp/err")" "SIG_CREATED S 19 8 00 "
exits 0 "is verified and given out" "$gpgsm" --verify -o "$tmp/back" \
    "$tmp/opaque"
ok "as it was" cmp "$tmp/back" "$tmp/data"
exits 0 "keys are listed" "$gpgsm" --list-keys
like "those that may sign" "$(cat "$tmp/out")" "ID: $(sha1_of bob)"
unlike "and no others" "$(cat "$tmp/out")" 'old@example.org'
exits 7 "no signature at all" "$gpgsm" --status-fd=1 --verify \
    "$CS_SRCDIR/COPYING" "$tmp/data"
is "is told in a status line" "$(statuses "$tmp/out")" "NODATA FAILURE "
exits 2 "an option that is not there" "$gpgsm" --frobnicate
exits 2 "nothing to do" "$gpgsm"
exits 2 "one standard input for two" "$gpgsm" --verify - -
exits 0 "--help" "$gpgsm" --help
exits 0 "--version" "$gpgsm" --version
like "is the version" "$(cat "$tmp/out")" '^cardseal-gpgsm [0-9]'
agent_stop
exits 3 "no agent" "$gpgsm" -bsa --status-fd=2 "$tmp/data"
is "told in a status line" "$(statuses "$tmp/err")" \
    "BEGIN_SIGNING INV_SGNR FAILURE "
exits 0 "verifying needs none" "$gpgsm" --verify "$tmp/sig" "$tmp/data"
done_testing
