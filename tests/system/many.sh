#!/bin/bash
# many.sh: all mails signed by 4 processes at once through one agent are mails
# that cardseal takes, and of which openssl, gpgsm, certtool and NSS take each
# fifth; "make many" signs 1,000 and has them judge every one.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
count=${MAILS:-400}
judged=${JUDGED:-80}
fixtures "$tmp/fixture" --preset quickstart
pinentry_answers "pin $FIXTURE_PIN"
agent_start
configure_intermediates
ca=$FIXTURE_DIR/ca.pem
mkdir "$tmp/in" "$tmp/out"

python3 - "$tmp/in" "$count" <<'END'
import random, sys
rng = random.Random(7)
for i in range(int(sys.argv[2])):
    who = ("alice", "bob")[i % 2]
    eol = ("\n", "\r\n")[rng.randrange(2)]
    lines = ["From: <%s@example.org>" % who, "To: <x@example.org>",
             "Subject: mail %d" % i, ""]
    lines += ["".join(rng.choice("abc def-=. ") for _ in range(
        rng.randrange(120))) for _ in range(rng.randrange(60))]
    with open("%s/%04d.eml" % (sys.argv[1], i), "w", newline="") as f:
        f.write(eol.join(lines) + eol)
END

ok "$count mails by 4 processes at once" bash -c '
	cd "$1" && find . -name "*.eml" -print0 |
	    xargs -0 -P 4 -n 1 sh -c "\"\$0\" sign -q -o \"../out/\$1\" \"\$1\"" \
		"$0"' "$CARDSEAL" "$tmp/in"
is "one prompt for all of them" "$(pinentry_count)" 1
is "$count signed mails" "$(find "$tmp/out" -name '*.eml' | wc -l)" "$count"

python3 - "$tmp/out" <<'END'
import base64, glob, os, re, sys
for path in glob.glob(sys.argv[1] + "/*.eml"):
    raw = open(path, "rb").read()
    b = re.search(rb'boundary="?([^";\r\n]+)', raw).group(1)
    parts = re.split(rb'\r\n--' + re.escape(b) + rb'(?:--)?\r\n', raw)
    open(path[:-4] + ".content", "wb").write(parts[1])
    open(path[:-4] + ".p7s", "wb").write(
        base64.b64decode(parts[2].split(b"\r\n\r\n", 1)[1]))
END

mkdir "$tmp/nss"
certutil -d "sql:$tmp/nss" -N --empty-password
certutil -d "sql:$tmp/nss" -A -n root -t CT,CT,CT -a -i "$ca"
printf 'disable-crl-checks\ndisable-dirmngr\n' >"$GNUPGHOME/gpgsm.conf"
echo "$(openssl x509 -in "$ca" -noout -fingerprint -sha1 | sed 's/.*=//') S relax" \
    >"$GNUPGHOME/trustlist.txt"
gpgsm --batch --import "$ca" 2>/dev/null
export ca nss=$tmp/nss

each() { # COMMAND with $f as the file's stem: how many succeeded
	find "$tmp/out" -name '*.p7s' | sort |
	    awk -v step=$((count / judged)) 'NR % step == 0' |
	    xargs -P 2 -I{} bash -c "f={}; f=\${f%.p7s}; $1" 2>/dev/null |
	    grep -c '^good$'
}

# shellcheck disable=SC2016
{
	is "valid for openssl" "$(each 'openssl cms -verify -in $f.eml \
	    -CAfile $ca -out /dev/null && echo good')" "$judged"
	is "valid for certtool" "$(each 'certtool --p7-verify --inder \
	    --infile $f.p7s --load-data $f.content \
	    --load-ca-certificate $ca >/dev/null && echo good')" "$judged"
	is "valid for NSS" "$(each 'cmsutil -D -d sql:$nss -i $f.p7s \
	    -c $f.content -n -h 0 2>&1 | grep -q GoodSignature && echo good')" \
	    "$judged"
	is "valid for gpgsm" "$(each 'gpgsm --batch --status-fd 1 \
	    --verify $f.p7s $f.content | grep -q "] GOODSIG" && echo good')" \
	    "$judged"
}
find "$tmp/out" -name '*.eml' >"$tmp/names"
"$CARDSEAL" verify --batch --anchor "$ca" <"$tmp/names" >"$tmp/verdicts"
is "valid for cardseal" "$(grep -c '"summary": *"verified"' "$tmp/verdicts")" \
    "$count"
done_testing
