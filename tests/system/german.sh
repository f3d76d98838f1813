#!/bin/bash
# german.sh: what people read is in their language, what programs read is not.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
export CARDSEAL_LOCALEDIR=$CS_BUILDDIR/po
fixtures "$tmp/fixture" --token Work \
    --identity name=alice,key=rsa2048,email=alice@example.org \
    --identity name=bob,key=p256,store=file,email=bob@example.org
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
cd "$tmp" || exit 99
# As on a machine that has C.UTF-8 and no other locale.
german() { LANGUAGE=de "$@"; }
cat >mail.eml <<'END'
From: Alice <alice@example.org>
To: bob@example.org
Subject: Gruss
Content-Type: text/plain; charset=us-ascii

hello
END
ok "a mail is signed" env -u LC_ALL LANG=C.UTF-8 LC_MESSAGES=de_DE.UTF-8 \
    "$CARDSEAL" sign -o signed.eml mail.eml
like "and the prompt was in the caller's language" \
    "$(pinentry_descriptions)" 'Bitte geben Sie die PIN des Tokens .*Programm:'
sed 's/^hello/Hello/' signed.eml >changed.eml

# --- people -------------------------------------------------------------------
exits 0 "in English" "$CARDSEAL" verify -v --anchor "$ca" signed.eml
like "... as ever" "$(cat err)" 'Good signature by "?alice'
exits 0 "in German" german "$CARDSEAL" verify -v --anchor "$ca" signed.eml
like "the summary" "$(cat err)" '^Gute Signatur von "?alice'
like "each finding" "$(cat err)" $'\n +Signatur +gut: die Signatur passt'
unlike "no word of English" "$(cat err)" \
    '(good|bad|signer|chain|signature|fits|address|covered)'
exits 1 "a changed one" german "$CARDSEAL" verify --anchor "$ca" changed.eml
like "says so" "$(cat err)" 'ist nicht gut: der Inhalt ist nicht der'
exits 74 "an error" german "$CARDSEAL" verify missing.eml
like "has the command's name first" "$(cat err)" '^cardseal: verify: missing'
exits 2 "a wrong call" german "$CARDSEAL" verify --wrong
like "is told in German" "$(cat err)" 'eine Option --wrong gibt es nicht'
exits 0 "help" german "$CARDSEAL" --help
like "is German" "$(cat out)" $'^Aufruf: cardseal .*\n  sign +eine Mail'
exits 0 "the options" german "$CARDSEAL" sign --help
like "are explained" "$(cat out)" '--output OUT +dorthin schreiben'
exits 0 "the agent's keys" german "$CARDSEAL" keys
like "are described" "$(cat out)" 'Schlüssel +RSA-2048'
exits 0 "the status" german "$CARDSEAL" status
like "too" "$(cat out)" 'gesperrt|entsperrt'
german "$CARDSEAL" doctor >out 2>err
like "and the doctor" "$(cat out)" "der Agent .* läuft als Prozess"
like "... its topics, too" "$(cat out)" "gut +Schlüssel:"
exits 0 "the log's proof" german "$CARDSEAL" log --verify
like "is told" "$(cat out)" "die Kette ist vollständig"

mkdir "$tmp/locales"
# It has warnings of its own sources, and a status for them.
localedef -i de_DE -f UTF-8 "$tmp/locales/de_DE.UTF-8" >said 2>&1
LOCPATH=$tmp/locales LC_ALL=de_DE.UTF-8 "$CARDSEAL" verify \
    --anchor "$ca" signed.eml 2>err
like "in a German locale by itself" "$(cat err)" '^Gute Signatur von'
diag said
LC_ALL=C LANGUAGE=de "$CARDSEAL" verify --anchor "$ca" signed.eml 2>err
like "in the locale C nothing is translated" "$(cat err)" '^Good signature by'

# --- programs -----------------------------------------------------------------
# alike WHAT COMMAND...: the same octets and status in both languages
alike() {
	local what=$1
	shift
	"$@" >english 2>english.err
	echo "status $?" >>english
	german "$@" >deutsch 2>deutsch.err
	echo "status $?" >>deutsch
	ok "$what: the same output" cmp english deutsch
}
mkdir folders
for mail in signed changed missing; do
	alike "verify --json, $mail" "$CARDSEAL" verify --json --anchor "$ca" \
	    $mail.eml
	ok "... and messages" cmp english.err deutsch.err
done
alike "read --json" "$CARDSEAL" read --json --anchor "$ca" -o /dev/null \
    signed.eml
alike "certs verify --json" "$CARDSEAL" certs verify --json --anchor "$ca" \
    "$FIXTURE_DIR/certs/bob.pem"
alike "keys --json" "$CARDSEAL" keys --json
printf 'signed.eml\nchanged.eml\nmissing.eml\n' >names
batch() { "$CARDSEAL" verify --batch --anchor "$ca" <names; }
alike "verify --batch" batch
alike "log" "$CARDSEAL" log
timeless() { # what the doctor says, but for the clock's time
	"$CARDSEAL" doctor --json | sed 's/[0-9T:-]*Z/now/'
}
alike "doctor --json" timeless
alike "mutt verify-opaque" "$CARDSEAL" mutt verify-opaque signed.eml
ok "... and what mutt reads" cmp english.err deutsch.err
openssl smime -pk7out -in signed.eml -out signature.pem
sed -n '/^Content-Type: text/,/^hello/p' signed.eml | head -c -1 >content
gpgsm() {
	"$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm" --status-fd 1 --verify \
	    signature.pem content
}
alike "cardseal-gpgsm" gpgsm
ok "... and its messages" cmp english.err deutsch.err
mkdir -p "$HOME"
: >"$HOME/.gitconfig"
"$CARDSEAL" setup git --delegate \
    "$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm" >out 2>&1
cp "$HOME/.gitconfig" english
: >"$HOME/.gitconfig"
exits 0 "setup" german "$CARDSEAL" setup git --delegate \
    "$CS_BUILDDIR/client/gpgsm/cardseal-gpgsm"
like "tells it in German" "$(cat out)" "bekommt diese Zeilen"
ok "... and writes the same" cmp english "$HOME/.gitconfig"

# --- the library --------------------------------------------------------------
cat >library.py <<'END'
import ctypes, locale, sys
lib = ctypes.CDLL(sys.argv[1])
for name in ("job_new", "input_open", "verdict_get_json", "verdict_get_text"):
    getattr(lib, "cardseal_" + name).restype = ctypes.c_void_p
locale.setlocale(locale.LC_ALL, "")

def judge():
    job = ctypes.c_void_p(lib.cardseal_job_new())
    opened = ctypes.c_void_p(lib.cardseal_input_open(job, b"signed.eml"))
    verdict = ctypes.c_void_p()
    lib.cardseal_verify(job, opened, None, None, ctypes.byref(verdict))
    return verdict

def text(of):
    return ctypes.string_at(lib.cardseal_verdict_get_text(of, 0)).decode()

def json(of):
    return ctypes.string_at(lib.cardseal_verdict_get_json(of)).decode()

first = judge()
print("signature by" in text(first), json(first)[:1])
lib.cardseal_translate(1)
second = judge()
print("Signatur von" in text(second), repr(json(second)), repr(json(first)))
lib.cardseal_translate(0)
print(repr(json(second)), json(first)[:1])
END
is "libcardseal speaks English until it is told, and gives no German JSON" \
    "$(german python3 library.py "$CS_BUILDDIR/.libs/libcardseal.so")" \
    "True {
True '' ''
'' {"
done_testing
