#!/usr/bin/env bash
# path.sh: certificate paths as path_find and openssl verify judge them. Each
# line says what both are given, and what each has to answer; where the two
# differ it says why.
. "${CS_SRCDIR:-.}/tests/system/lib.sh"

tool=$CS_BUILDDIR/tests/system/path_tool
vectors=$CS_SRCDIR/tests/vectors/pkix
when=1813060800 # 2027-06-15 12:00 UTC, as tests/unit/unit_cert.h has it

# ours ANCHORS INTERMEDIATES CRLS LEAF: the error's name, OK
ours() {
	local args=(--time "$when" --purpose sign) name
	for name in $1; do args+=(--anchor "$vectors/$name.pem"); done
	for name in $2; do args+=(--intermediate "$vectors/$name.pem"); done
	for name in $3; do
		args+=(--revocation hard --crl "$vectors/$name.pem")
	done
	"$tool" "${args[@]}" "$vectors/$4.pem" | sed 's/ .*//'
}

# theirs, the same: good or bad. Its defaults are made equal to ours: level 2
# refuses SHA-1 and RSA-1024, an intermediate may be an anchor, and policies
# are processed, any of them being asked for.
theirs() {
	local name args=(-purpose smimesign -attime "$when" -auth_level 2
		-partial_chain -policy_check -policy 2.5.29.32.0
		-no-CAfile -no-CApath -no-CAstore)
	: >"$tmp/anchors"
	: >"$tmp/others"
	: >"$tmp/crls"
	for name in $1; do cat "$vectors/$name.pem" >>"$tmp/anchors"; done
	for name in $2; do cat "$vectors/$name.pem" >>"$tmp/others"; done
	for name in $3; do
		cat "$vectors/$name.pem" >>"$tmp/crls"
	done
	[ ! -s "$tmp/anchors" ] || args+=(-trusted "$tmp/anchors")
	[ ! -s "$tmp/others" ] || args+=(-untrusted "$tmp/others")
	[ ! -s "$tmp/crls" ] ||
		args+=(-crl_check_all -CRLfile "$tmp/crls")
	if openssl verify "${args[@]}" "$vectors/$4.pem" >"$tmp/log" 2>&1; then
		echo good
	else
		echo bad
	fi
}

# LEAF | ANCHORS | INTERMEDIATES | CRLS | ours | theirs if not the same | why
while IFS='|' read -r leaf anchors others crls want differs why; do
	read -r leaf <<<"$leaf"
	read -r want <<<"$want"
	read -r differs <<<"$differs"
	[ -n "$leaf" ] || continue
	their_want=bad
	[ "$want" != OK ] || their_want=good
	what="$leaf under ${anchors// /}"
	is "$what: ours" "$(ours "$anchors" "$others" "$crls" "$leaf")" "$want"
	# Its releases differ among each other.
	[ "$differs" != either ] || continue
	is "$what: openssl's${differs:+ (differs:$why)}" \
		"$(theirs "$anchors" "$others" "$crls" "$leaf")" \
		"${differs:-$their_want}"
done <<'END'
leaf           | root       | int                    | | OK
leaf           | root       |                        | | NO_PATH
leaf           |            | int root               | | NO_PATH
leaf           | int        |                        | | OK
leaf           | leaf       |                        | | OK
leaf-rsa2048   | root       | int                    | | OK
leaf-expired   | root       | int                    | | EXPIRED
leaf-expired   | leaf-expired |                      | | EXPIRED
leaf-future    | root       | int                    | | EXPIRED
leaf-by-expired | root      | int-expired            | | EXPIRED
leaf-by-expired | int-expired |                      | | OK | bad | an anchor's dates do not count, RFC 5280 6.1
leaf           | root-twin  | int                    | | PATH
leaf           | root       | int-twin               | | PATH
leaf           | root root-twin | int int-twin       | | OK
leaf-no-hints  | root       | int-twin int           | | OK
leaf-no-hints  | root       | int int-twin           | | OK
leaf-new       | root       | int-new root-new-by-old | | OK
leaf-new       | root-new   | int-new                | | OK
leaf-new       | root-new-by-old | int-new root-new  | | OK
leaf-by-no-ca  | root       | int-no-ca              | | PATH
leaf-by-no-ca  | int-no-ca  |                        | | PATH
leaf-by-no-constraints | root | int-no-constraints   | | PATH
leaf-by-no-sign | root      | int-no-sign            | | PATH
leaf-by-v1     | root       | int-v1                 | | PATH
leaf-by-v1     | int-v1     |                        | | PATH
leaf-by-root-v1 | root-v1   |                        | | OK
leaf-critical  | root       | int                    | | CRITICAL
leaf-critical  | leaf-critical |                     | | CRITICAL
leaf-by-critical | root     | int-critical           | | CRITICAL
leaf-sha1      | root       | int                    | | WEAK
leaf-rsa1024   | root       | int                    | | WEAK
leaf-by-sha1   | root       | int-sha1               | | WEAK
leaf-by-rsa1024 | root      | int-rsa1024            | | WEAK
leaf-by-rsa1024 | int-rsa1024 |                      | | WEAK
leaf-tls       | root       | int                    | | PATH
leaf-any-eku   | root       | int                    | | OK | bad | any purpose is no mail to it, RFC 8550 4.4.4 says it is
leaf-no-eku    | root       | int                    | | OK
leaf-encrypt   | root       | int                    | | PATH
leaf-by-tls    | root       | int-tls                | | PATH
leaf-by-mail   | root       | int-mail               | | OK
leaf-len0      | root       | int-len0               | | OK
leaf-below-len0 | root      | int-len0 int-below-len0 | | PATH
leaf-len0-self | root       | int-len0 int-len0-self | | OK
leaf-root-len0 | root-len0  | int-root-len0          | | PATH
leaf-mesh      | root       | mesh-a mesh-b mesh-a-by-b mesh-b-by-a | | NO_PATH
leaf-mesh      | root       | mesh-a-by-b mesh-b-by-a mesh-b-by-root | | OK | bad | it does not go back and try another way
leaf-mesh      | root       | mesh-a mesh-b mesh-a-by-b mesh-b-by-a mesh-b-by-root | | OK | bad | it does not go back and try another way
leaf-mesh      | mesh-b     | mesh-a-by-b mesh-b-by-a | | OK
leaf-names     | root       | int-names              | | OK
leaf-names-outside | root   | int-names              | | PATH
leaf-names-excluded | root  | int-names              | | PATH
leaf-names-directory | root | int-names              | | PATH
leaf-names-subject | root   | int-names              | | PATH
leaf-policy    | root       | int-policy             | | OK
leaf-policy-other | root    | int-policy             | | PATH
leaf-policy-none | root     | int-policy             | | PATH
leaf-negative  | root       | int                    | | OK
leaf           | root       | int                    | crl-root crl-int | OK
leaf-revoked   | root       | int                    | crl-root crl-int | REVOKED
leaf-held      | root       | int                    | crl-root crl-int | REVOKED
leaf           | root       | int                    | crl-root-revokes crl-int | REVOKED
leaf           | root       | int                    | crl-int | UNTRUSTED
leaf           | root       | int                    | crl-root crl-int-stale | UNTRUSTED
leaf           | root       | int                    | crl-root crl-twin | UNTRUSTED
leaf           | root       | int                    | crl-root crl-int-critical | UNTRUSTED
leaf           | root       | int                    | crl-root crl-int-delta | UNTRUSTED | either | 3.0.20 takes a delta list for a whole one
leaf           | root       | int                    | crl-root crl-int-scope | OK
leaf           | root       | int                    | crl-root crl-int-sha1 | UNTRUSTED | good | it does not ask how lists are signed
leaf           | root       | int                    | crl-root crl-int-future | UNTRUSTED
END
done_testing
