#!/bin/bash
# owa.sh: Outlook on the web, by the frames that Microsoft's extension sends:
# a script of them is replayed, mails are made and opened, and what does not
# belong there is answered or refused.
# shellcheck source=tests/system/lib.sh
. "${CS_SRCDIR:-.}/tests/system/lib.sh"
host=$CS_BUILDDIR/client/owa/cardseal-owa
fixtures "$tmp/fixture" --token Work --pin 123456 \
    --identity name=alice,key=rsa2048,email=alice@example.org,usage=both \
    --identity name=bob,key=p256,email=bob@example.org,usage=both,validity=20240101-20491231
configure_intermediates
cp "$FIXTURE_DIR/ca.pem" "$XDG_CONFIG_HOME/cardseal/anchors.pem"
pinentry_answers "pin 123456"
cd "$tmp" || exit 99

browser() {
	PYTHONDONTWRITEBYTECODE=1 python3 \
	    "$CS_SRCDIR/tests/system/owa_browser.py" "$@"
}
# field EXPRESSION [FILE]: of what was answered, as python has it
field() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[2]))
print(eval(sys.argv[1]))' "$1" "${2:-out}"
}
certificate() { # NAME: as Outlook has it
	openssl x509 -in "$FIXTURE_DIR/certs/$1.pem" -outform DER |
		base64 -w 0
}
frame() { # TEXT: in hex
	printf '%s' "$1" | python3 -c 'import struct, sys
data = sys.stdin.buffer.read()
print((struct.pack("=I", len(data)) + data).hex())'
}

# --- who may ------------------------------------------------------------------
exits 2 "nobody's own" "$host"
exits 0 "it tells its version" "$host" --version
exits 0 "it tells how it is used" "$host" --help
exits 8 "another extension is refused" \
    env OWA_ORIGIN=chrome-extension://abcdefghijklmnopabcdefghijklmnop/ \
    PYTHONDONTWRITEBYTECODE=1 python3 \
    "$CS_SRCDIR/tests/system/owa_browser.py" raw "$host"
exits 8 "so is a page" "$host" https://outlook.example.org/
exits 0 "Edge's is not" "$host" \
    chrome-extension://gamjhjfeblghkihfjdpmbpajhlpmobbp/ </dev/null

# --- frames -------------------------------------------------------------------
cat >script <<'END'
> {"messageType": "GetSettings"}
< {"AllowedDomainsByPolicy": []}
A request in three parts, the second with a character that counts twice.
> {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"__type": "PostPartialSmimeRequest:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartialData": "{\"__type\":\"InitializeParams:#Microsoft.Exchange.Clients.BrowserExtension.Smime\",", "StartOffset": 0, "IsLastPart": false}}
< {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"__type": "AcknowledgePartialSmimeRequestArrived:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartIndex": 0, "StartOffset": 0, "NextStartOffset": 80, "Status": 0}}
> {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"PartialData": "\"Settings\":\"{x😀", "StartOffset": 80, "IsLastPart": false}}
< {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"__type": "AcknowledgePartialSmimeRequestArrived:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartIndex": 1, "StartOffset": 80, "NextStartOffset": 96, "Status": 0}}
> {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {}}
< {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"Data": null, "ErrorCode": 2, "ErrorMessage": "there is no such result"}}
> {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"PartialData": "}\"}", "StartOffset": 96, "IsLastPart": true}}
< {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "a", "data": {"__type": "AcknowledgePartialSmimeRequestArrived:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartIndex": -1, "StartOffset": -1, "NextStartOffset": -1, "Status": 1}}
Its result, in two; then it is gone.
> {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"MaxPartSize": 152}}
< {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"__type": "ReturnPartialSmimeResult:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartIndex": 0, "StartOffset": 0, "EndOffset": 152, "IsLastPart": false, "PartialData": "{\"Data\":{\"__type\":\"SmimeControlCapabilities:#Microsoft.Exchange.Clients.Smime\",\"SupportsAsyncMethods\":true,\"Version\":\"4.0700.19.19.814.1\"},\"ErrorCode\":0", "TotalSize": 153}}
> {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"MaxPartSize": 152}}
< {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"__type": "ReturnPartialSmimeResult:#Microsoft.Exchange.Clients.BrowserExtension.Smime", "PartIndex": 1, "StartOffset": 152, "EndOffset": 153, "IsLastPart": true, "PartialData": "}", "TotalSize": 153}}
> {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {}}
< {"messageType": "DownloadPartialResult", "portId": 3, "requestId": "a", "data": {"Data": null, "ErrorCode": 2, "ErrorMessage": "there is no such result"}}
Parts that do not fit, and what nobody knows.
> {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "b", "data": {"PartialData": "{", "StartOffset": 5, "IsLastPart": true}}
< {"messageType": "UploadPartialRequest", "portId": 3, "requestId": "b", "data": {"Data": null, "ErrorCode": 2, "ErrorMessage": "the parts are not in order"}}
> {"messageType": "Dance", "portId": 4, "requestId": 1}
< {"messageType": "Dance", "portId": 4, "requestId": 1, "data": {"Data": null, "ErrorCode": 7, "ErrorMessage": "this host does not know such a message"}}
> {"messageType": "GetSettings"}
< {"AllowedDomainsByPolicy": []}
END
exits 0 "a script of frames" browser replay "$host" script
diag out
exits 0 "what is no JSON is passed over" browser raw "$host" \
    "$(frame '{]')" "$(frame '')" "$(frame '[]')" \
    "$(frame '{"messageType":"GetSettings"}')"
is "and the next one answered" "$(cat out)" '{"AllowedDomainsByPolicy": []}'
exits 74 "a frame that is too long" browser raw "$host" ffffffff
like "is told" "$(cat err)" 'most'
exits 74 "one that is cut" browser raw "$host" 05000000 7b
python3 - >many <<'END'
import json, struct
for i in range(40):
    data = json.dumps({"messageType": "UploadPartialRequest", "portId": i,
                       "requestId": i, "data": {
                           "PartialData": "{}", "IsLastPart": True}}).encode()
    print((struct.pack("=I", len(data)) + data).hex())
END
# shellcheck disable=SC2046 # words
exits 0 "results that nobody fetches" browser raw "$host" $(cat many)
is "are all answered" "$(wc -l <out)" 40

# --- without an agent ---------------------------------------------------------
export CARDSEAL_SOCKET=$tmp/run/nobody
exits 0 "without an agent" browser ask "$host" 1000 GetSigningCertificateParams
is "there is an answer" "$(field 'd["ErrorCode"], d["Data"]')" "(3, None)"
agent_start

# --- making mails -------------------------------------------------------------
exits 0 "the certificate to sign with" browser ask "$host" 1000 \
    GetSigningCertificateParams
is "is the key's" "$(field 'd["Data"]')" "$(certificate alice)"
python3 - "$tmp" <<'END'
import base64, json, os, sys
picture = base64.b64encode(bytes(range(256))).decode()
json.dump({
    "From": {"Mailbox": {"Name": "Alice, Änne", "EmailAddress":
                         "alice@example.org"}},
    "ToRecipients": [{"Name": "Bob\r\nBcc: x@example.org",
                      "EmailAddress": "bob@example.org"},
                     {"Name": "", "EmailAddress": "carol@example.org"}],
    "CcRecipients": [{"Name": "Dave", "EmailAddress": "dave@example.org"}],
    "Subject": "Grüße 😀\r\nX-Planted: yes " + "und viel mehr " * 10,
    "Importance": "High", "Sensitivity": "Normal\r\nX-Planted: yes",
    "Body": {"BodyType": "HTML",
             "Value": "<p>Grüße 😀 <img src=\"cid:pic@1\"></p>"},
    "Attachments": [
        {"Name": "pic.png", "ContentType": "image/png", "IsInline": True,
         "ContentId": "pic@1", "Content": picture},
        {"Name": "Größe \"1\".bin", "ContentType": "a/b\r\nX-Planted: yes",
         "IsInline": False, "Content":
         base64.b64encode(os.urandom(400000)).decode()}],
}, open("mail.json", "w"))
json.dump({
    "From": {"Mailbox": {"Name": "Alice", "EmailAddress":
                         "alice@example.org"}},
    "ToRecipients": [{"Name": "Bob", "EmailAddress": "bob@example.org>,<x@y"}],
    "Body": {"BodyType": "Text", "Value": "."},
}, open("bad.json", "w"))
END
make() { # PART SIGNER RECIPIENT...
	local part=$1 signer=$2 list="" name
	shift 2
	for name; do
		list+="${list:+, }\"$(certificate "$name")\""
	done
	[ -z "$signer" ] || signer=$(certificate "$signer")
	printf '%s' "$signer" >signer
	printf '%s' "${list:+[$list]}" >recipients
	browser ask "$host" "$part" CreateSmimeFromMessageParams \
	    EmailMessage=@mail.json SigningCertificate=@signer \
	    EncryptionCertificates=@recipients
}
result() { # FILE: the mail that was made
	python3 -c 'import json, sys
open(sys.argv[1], "w", newline="").write(json.load(open("out"))["Data"])' "$1"
}
exits 0 "signed" make 100000 alice
is "without an error" "$(field 'd["ErrorCode"]')" 0
result signed.eml
exits 0 "and good" "$CARDSEAL" verify -o content signed.eml
ok "OpenSSL says so too" openssl cms -verify -in signed.eml -out content2 \
    -CAfile "$FIXTURE_DIR/ca.pem"
python3 - <<'END' >seen
import email, email.policy, hashlib, json, base64
want = json.load(open("mail.json"))
outer = email.message_from_binary_file(open("signed.eml", "rb"),
                                       policy=email.policy.default)
inner = email.message_from_binary_file(open("content2", "rb"),
                                       policy=email.policy.default)
print("planted", "X-Planted" in outer, "Bcc" in outer)
print("from", outer["From"].addresses[0].display_name,
      outer["From"].addresses[0].addr_spec)
print("to", ",".join(a.addr_spec for a in outer["To"].addresses),
      outer["Cc"].addresses[0].addr_spec)
print("subject", outer["Subject"].startswith("Grüße 😀"),
      outer["Importance"], outer["Sensitivity"])
print("type", inner.get_content_type())
parts = [p for p in inner.walk() if not p.is_multipart()]
print("body", parts[0].get_content().strip() == want["Body"]["Value"])
for p, w in zip(parts[1:], want["Attachments"]):
    print("file", p.get_filename() == w["Name"], p.get_content_type(),
          p.get_payload(decode=True) == base64.b64decode(w["Content"]))
END
is "with all that was in it, and nothing planted" "$(cat seen)" \
    "planted False False
from Alice, Änne alice@example.org
to bob@example.org,carol@example.org dave@example.org
subject True High None
type multipart/mixed
body True
file True image/png True
file True application/octet-stream True"
exits 0 "signed and encrypted, in small parts" make 5000 alice alice bob
result both.eml
like "is encrypted outside" "$(cat both.eml)" 'enveloped-data|authEnveloped'
exits 0 "and opens" "$CARDSEAL" read --require-signed -o content both.eml
exits 0 "encrypted" make 100000 "" alice
result secret.eml
exits 0 "and opens" "$CARDSEAL" decrypt -o content secret.eml
exits 0 "neither" make 100000 ""
is "is refused" "$(field 'd["ErrorCode"], d["Data"]')" "(2, None)"
cp mail.json kept.json
cp bad.json mail.json
exits 0 "an address that is two" make 1000 alice
is "is refused" "$(field 'd["ErrorCode"], d["Data"]')" "(2, None)"
like "and named" "$(field 'd["ErrorMessage"]')" 'no address'
cp kept.json mail.json
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=x \
    -out "$FIXTURE_DIR/certs/other.pem" 2>/dev/null
exits 0 "a certificate without a key here" make 100000 other
is "signs nothing" "$(field 'd["ErrorCode"], d["Data"]')" "(4, None)"

# --- opening mails ------------------------------------------------------------
show() { # FILE TYPE
	printf 'data:%s;base64,%s' "$2" "$(base64 -w 0 "$1")" >smime
	browser ask "$host" 100000 CreateMessageFromSmimeParams Smime=@smime
}
facts='d["Data"]["SmimeType"],
d["Data"]["SmimeSignature"]["IsHashMatched"],
d["Data"]["SmimeSignature"]["IsCertValidToClient"],
d["Data"]["NormalizedBody"]["BodyType"], d["Data"]["HasAttachments"]'
facts=${facts//$'\n'/ }
body_of() { # FILE: the octets of its base64 body
	sed '1,/^\r*$/d' "$1" | tr -d '\r\n' | base64 -d
}
for kind in signed both secret; do
	body_of $kind.eml >$kind.p7m
	exits 0 "$kind: shown" show $kind.p7m application/pkcs7-mime
	cp out $kind.json
done
is "signed: what it is" "$(field "$facts" signed.json)" \
    "(11, True, True, 'HTML', True)"
is "both: what it is" "$(field "$facts" both.json)" \
    "(13, True, True, 'HTML', True)"
like "encrypted: what it is" "$(field "$facts" secret.json)" \
    "^\(6, False, False, "
is "who signed" \
    "$(field 'd["Data"]["SmimeSignature"]["CertRawData"]' both.json)" \
    "$(certificate alice)"
python3 - <<'END' >seen
import base64, json
want = json.load(open("mail.json"))
got = json.load(open("both.json"))["Data"]
html = got["NormalizedBody"]["Value"]
print("cid:" in html, "Grüße 😀" in html,
      "data:image/png;base64," + want["Attachments"][0]["Content"] in html)
for g, w in zip(got["Attachments"], want["Attachments"]):
    print(g["Name"] == w["Name"], g["ContentType"], g["IsInline"],
          g["Content"] == w["Content"],
          g["Size"] == len(base64.b64decode(w["Content"])))
END
is "what is in it, the picture in its place" "$(cat seen)" \
    "False True True
True image/png True True True
True application/octet-stream False True True"
cat >plain.eml <<'END'
From: Alice Example <alice@example.org>
To: bob@example.org
Subject: plain
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--y
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

<p>Gr=FC=DFe</p>
--y--

--x
Content-Type: text/plain

a list's footer
--x
Content-Type: message/rfc822

Subject: inside

x
--x--
END
"$CARDSEAL" sign -q -o clear.eml plain.eml
exits 0 "multipart/signed" show clear.eml multipart/signed
is "what it is" "$(field "$facts")" "(11, True, True, 'HTML', True)"
is "HTML goes before text" \
    "$(field 'd["Data"]["NormalizedBody"]["Value"].strip()')" \
    "<p>Grüße</p>"
is "what else there is comes as files" \
    "$(field '[a["Name"] for a in d["Data"]["Attachments"]]')" \
    "['text.txt', 'message.eml']"
sed 's/Gr=FC/Gr=FD/' clear.eml >changed.eml
exits 0 "one that was changed" show changed.eml multipart/signed
is "is not shown" "$(field 'd["ErrorCode"], d["Data"]')" "(1, None)"
sed '/^From:/d' clear.eml >anonymous.eml
exits 0 "one that does not say from whom" show anonymous.eml multipart/signed
is "is trusted as far as it goes" "$(field "$facts")" \
    "(11, True, True, 'HTML', True)"
sed 's/^From:.*/From: bob@example.org/' clear.eml >other.eml
exits 0 "one that says it is another's" show other.eml multipart/signed
is "is not" "$(field "$facts")" "(11, True, False, 'HTML', True)"
rm "$XDG_CONFIG_HOME/cardseal/anchors.pem"
exits 0 "one that is not trusted" show clear.eml multipart/signed
is "is shown, and said to be so" "$(field "$facts")" \
    "(11, True, False, 'HTML', True)"
exits 0 "no message" browser ask "$host" 9 CreateMessageFromSmimeParams Smime=x
is "is an error" "$(field 'd["ErrorCode"]')" 2
done_testing
