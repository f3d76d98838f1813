# shellcheck shell=bash disable=SC2034,SC2154
# git, whose gpg.x509.program is cardseal-gpgsm.
git_needs() {
	have_tool git git
}
git_begin() {
	program="git"
	peer_version "$program" "$(git --version | sed 's/.* //')"
	export GIT_CONFIG_NOSYSTEM=1
	ok "setup tells git" "$CARDSEAL" setup --delegate "$gpgsm_face" git
	git init -q repo
	git -C repo config user.name Somebody
}
git_lists() {
	"$gpgsm_face" --list-keys | grep -q "$(fingerprint "$signer")"
}
git_signs() {
	git -C repo config user.email "$address"
	git -C repo config user.signingkey "$(fingerprint "$signer")"
	timeout 60 git -C repo commit -q --allow-empty -S -m "$name"
}
git_verifies() {
	git -C repo verify-commit HEAD && [ "$(git -C repo log -1 \
	    --format='%G? %GF')" = "G $(fingerprint "$signer")" ]
}
git_column() {
	try list git_lists
	try sign git_signs
	try verify git_verifies
	has_not encrypt "git encrypts nothing"
	has_not decrypt "git encrypts nothing"
}
git_end() {
	"$CARDSEAL" setup --undo git >/dev/null
}
