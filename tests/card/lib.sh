# shellcheck shell=bash disable=SC2034
# lib.sh: emulated cards for a test. Source it instead of tests/system/lib.sh:
#
#	. "${CS_SRCDIR:-.}/tests/card/lib.sh"
#
# card_fixtures makes keys and certificates, card_make a card of them, and
# card_start puts cards into the readers of a private pcscd.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
CARD_BIN=$CS_BUILDDIR/tests/card
CARD_PROGRAM=$CARD_BIN/piv_card
launch_pid=""

# OpenSC without its caches, and without what the system's administrator set.
export OPENSC_CONF=$tmp/opensc.conf
printf 'app default {\n\tframework pkcs15 {\n\t\t%s;\n\t}\n}\n' \
    'use_file_caching = no' >"$OPENSC_CONF"

card_find_module() {
	local m
	for m in /usr/lib/*/opensc-pkcs11.so /usr/lib/*/pkcs11/opensc-pkcs11.so \
	    /usr/lib64/pkcs11/opensc-pkcs11.so; do
		[ ! -e "$m" ] || { OPENSC_MODULE=$m; return 0; }
	done
	return 1
}

# The whole script makes no sense without these.
card_need() {
	[ -x /usr/sbin/pcscd ] || skip_all tool pcscd
	ls /usr/lib*/pcsc/drivers/serial/libifdvpcd.so >/dev/null 2>&1 ||
		skip_all tool vsmartcard-vpcd
	card_find_module || skip_all tool opensc-pkcs11
}

# card_fixtures: the keys and certificates of two people, in $FIXTURE_DIR
card_fixtures() {
	local args=() who kind
	for who in alice bob; do
		for kind in rsa2048 rsa3072 p256 p384; do
			args+=(--identity "name=$who-$kind,key=$kind,store=file,\
cn=${who^} $kind,email=$who@example.org")
		done
	done
	fixtures "$tmp/fixtures" "${args[@]}"
}

# card_make NAME LINE...: the file $tmp/NAME.card. A LINE is one of piv.h's,
# or "slot REF IDENTITY [gzip] [pin=...]", whose key and certificate come from
# the fixtures.
card_make() {
	local file=$tmp/$1.card line ref who more cert
	shift
	: >"$file"
	for line in "$@"; do
		case $line in
		slot\ *)
			read -r _ ref who more <<<"$line"
			cert=$tmp/$who.der
			openssl x509 -in "$FIXTURE_DIR/certs/$who.pem" \
			    -outform DER -out "$cert" || return
			case $more in
			gzip*)
				gzip -9nkf "$cert"
				cert=$cert.gz
				;;
			esac
			line="key $ref $FIXTURE_DIR/keys/$who.pem $cert $more"
			;;
		esac
		echo "$line" >>"$file"
	done
}

# stranger ARGUMENT...: another program on the card; see stranger.c
stranger() {
	"$CARD_BIN/stranger" "$@"
}

# card_wait present|absent [READER]: until PC/SC says so, ten seconds at most
card_wait() {
	stranger --reader "${2:-0}" wait "$1" 10
}

# card_start NAME...: a pcscd with these cards in its readers
card_start() {
	local dir=$tmp/pcscd name files=() n=0
	for name in "$@"; do
		files+=("$tmp/$name.card")
	done
	"$CARD_BIN/launch" --dir "$dir" --card "$CARD_PROGRAM" \
	    "${files[@]}" >"$tmp/launch.log" 2>&1 &
	launch_pid=$!
	started_pids+=("$launch_pid")
	wait_until 10 test -s "$dir/env" || {
		diag "$tmp/launch.log" "$dir"/*.log
		return 1
	}
	# shellcheck source=/dev/null
	. "$dir/env"
	for name in "$@"; do
		card_wait present $n || {
			tail -n 50 "$dir"/*.log | diag
			return 1
		}
		n=$((n + 1))
	done
}

card_stop() {
	kill -TERM "$launch_pid" 2>/dev/null
	wait_until 10 process_is_gone "$launch_pid"
}

# card WORD...: to the control socket of the first card; card1 of the second
card() {
	"$CARD_BIN/ctl" "$CARD_0" "$@"
}
card1() {
	"$CARD_BIN/ctl" "$CARD_1" "$@"
}
# launcher WORD...: to the launcher
launcher() {
	"$CARD_BIN/ctl" "$CARD_LAUNCH" "$@"
}

# card_value NAME: of the first card's status
card_value() {
	card status | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# card_is NAME VALUE: for wait_until
card_is() {
	[ "$(card_value "$1")" = "$2" ]
}

# card_reinsert: takes the card out and puts it in again, noticed by PC/SC
card_reinsert() {
	card remove && card_wait absent && card insert && card_wait present
}
