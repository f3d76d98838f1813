"""Odd mails, the same ones each time.

	mails.py FOLDER [COUNT]

writes them into FOLDER, one file each, COUNT of them random. As a module:
generate(COUNT) yields (name, octets, may_be_refused).
"""
import os
import random
import sys

HEAD = b"From: Bob <bob@example.org>\nTo: alice@example.org\n" \
       b"Bcc: hidden@example.org\nSubject: odd\n"
TEXT = b"Hello,\n\nthis is a text.\n-- \nBob\n"
UTF8 = "Grüße, Žluťoučký kůň, 漢字\n".encode()
LATIN1 = "Grüße\n".encode("latin-1")
BINARY = bytes(range(256)) * 3


def part(kind, body, cte=None, extra=b""):
    head = b"Content-Type: " + kind + b"\n"
    if cte:
        head += b"Content-Transfer-Encoding: " + cte + b"\n"
    return head + extra + b"\n" + body


def multi(parts, boundary=b"b", kind=b"mixed", preamble=b"", epilogue=b"",
          close=True, cte=None):
    body = preamble
    for one in parts:
        body += b"--" + boundary + b"\n" + one
        if not one.endswith(b"\n") or one.endswith(b"\n\n"):
            body += b"\n"
    if close:
        body += b"--" + boundary + b"--\n" + epilogue
    return part(b"multipart/" + kind + b'; boundary="' + boundary + b'"',
                body, cte)


def nested(depth):
    mail = part(b"text/plain", TEXT)
    for level in range(depth):
        mail = multi([mail, part(b"text/plain", b"x\n")],
                     b"level%d" % level)
    return mail


def signed_inside(text):
    return multi([part(b"text/plain", text),
                  part(b"application/pkcs7-signature", b"MIIB\n",
                       b"base64")], b"sig", b"signed")


def plain_mails():
    yield "simple", HEAD + b"\n" + TEXT
    yield "no-body", HEAD
    yield "no-body-no-eol", HEAD[:-1]
    yield "empty-body", HEAD + b"\n"
    yield "blank-lines", HEAD + b"\n\n\n\n"
    yield "no-last-eol", HEAD + b"\nthe end"
    yield "no-blank-line", HEAD + b"this is no field\nnor this\n"
    yield "one-field", b"A:b"
    yield "mime-version-only", HEAD + b"MIME-Version: 1.0\n\n" + TEXT
    yield "entity-only", part(b"text/html", b"<p>hello\n")
    yield "mbox-line", b"From bob@x Sat Jan  3 01:05:34 1996\n" + HEAD + \
        b"\n" + TEXT
    yield "from-lines", HEAD + b"\nFrom here\nFrom there 12:30 1996\n>From\n"
    yield "dots", HEAD + b"\n.\n..\n. \n"
    yield "utf8", HEAD + b"\n" + UTF8
    yield "latin1", HEAD + b"\n" + LATIN1
    yield "utf8-cut", HEAD + b"\n" + UTF8[:-3]
    yield "utf8-header", b"Subject: " + UTF8 + HEAD + b"\n" + TEXT
    yield "nul", HEAD + b"\na\0b\n"
    yield "bare-cr", HEAD + b"\na\rb\r\rc\n"
    yield "cr-at-end", HEAD + b"\nabc\r"
    yield "spaces-at-eol", HEAD + b"\nabc \ndef\t\n \n" + UTF8 + b"x  "
    yield "megabyte-line", HEAD + b"\n" + b"x" * (1 << 20)
    yield "megabyte-lines", HEAD + b"\n" + (b"x" * (1 << 20) + b"\n") * 3
    yield "megabyte-8bit", HEAD + b"\n" + b"\xe9" * (1 << 20) + b"\n"
    yield "line-998", HEAD + b"\n" + b"x" * 998 + b"\n"
    yield "line-999", HEAD + b"\n" + b"x" * 999 + b"\n"
    yield "binary-untyped", HEAD + b"\n" + BINARY
    yield "long-header", HEAD + b"X: " + b"y " * 40000 + b"\n\n" + TEXT
    yield "folded", HEAD + b"X: a\n b\n\tc\n  \n d\n\n" + TEXT
    yield "many-fields", HEAD + b"X: y\n" * 20000 + b"\n" + TEXT
    yield "space-before-colon", b"Subject : x\n" + HEAD + b"\n" + TEXT
    yield "nul-in-header", HEAD + b"X: a\0b\n\n" + TEXT
    yield "cr-in-header", HEAD + b"X: a\rBcc: x\n\n" + TEXT
    yield "content-length", HEAD + b"Content-Length: 7\n\n" + TEXT


def typed_mails():
    for cte in (None, b"7bit", b"8bit", b"binary", b"quoted-printable",
                b"base64", b"x-odd", b"8bit (c)", b"BINARY"):
        name = (cte or b"none").decode().replace(" ", "")
        for what, body in (("text", TEXT), ("utf8", UTF8), ("bin", BINARY),
                           ("from", b"From x\n"), ("empty", b"")):
            for kind in (b"text/plain; charset=utf-8", b"image/png",
                         b"message/rfc822"):
                yield "cte-%s-%s-%s" % (name, what, kind[:4].decode()), \
                    HEAD + part(kind, body, cte)
    yield "two-types", HEAD + b"Content-Type: text/plain\n" + \
        part(b"image/png", UTF8)
    yield "two-ctes", HEAD + b"Content-Transfer-Encoding: base64\n" + \
        part(b"text/plain", UTF8, b"8bit")
    yield "type-unclear", HEAD + part(b"what?", UTF8)
    yield "type-text", HEAD + part(b"text", UTF8)
    yield "type-8bit", HEAD + part(b"text/plain; name=" + UTF8[:-1], TEXT)
    yield "type-long", HEAD + part(b"text/plain; x=" + b"y" * 2000, TEXT)
    yield "type-comment", HEAD + part(
        b"(a (b\\) c)) text (d) / (e) plain (f); (g) charset=utf-8", UTF8)


def multipart_mails():
    text, utf8 = part(b"text/plain", TEXT), part(b"text/plain", UTF8, b"8bit")
    image = part(b"image/png", BINARY, b"binary")
    yield "mixed", HEAD + multi([text, utf8, image])
    yield "mixed-8bit", HEAD + multi([text, utf8], cte=b"8bit")
    yield "mixed-binary", HEAD + multi([text, image, image], cte=b"binary")
    yield "no-parts", HEAD + multi([])
    yield "no-parts-open", HEAD + multi([], close=False)
    yield "open", HEAD + multi([text, utf8], close=False)
    yield "open-binary", HEAD + multi([text, image], close=False)
    yield "empty-parts", HEAD + multi([b"", b"\n", b"\n\n", b"A: b\n"])
    yield "empty-file", HEAD + multi([text, part(
        b"application/x; name=empty", b"", b"binary")])
    yield "preamble", HEAD + multi([text], preamble=b"pre\n\n",
                                   epilogue=b"\npost\n")
    yield "preamble-8bit", HEAD + multi([text], preamble=UTF8)
    yield "epilogue-8bit", HEAD + multi([text], epilogue=UTF8)
    yield "epilogue-from", HEAD + multi([text], epilogue=b"From x\n")
    yield "lookalikes", HEAD + multi([part(
        b"text/plain", b"--bb\n--b x\n --b\n--\n---b\n--b-\n-b\nx--b\n" +
        UTF8)])
    yield "padded", HEAD + multi([utf8, utf8]).replace(
        b"--b\n", b"--b \t\n")
    yield "prefixes", HEAD + multi([multi([multi([utf8], b"bcd"), utf8],
                                          b"bc"), utf8])
    yield "same-boundary", HEAD + multi([multi([utf8], b"b"), utf8], b"b")
    yield "dash-boundary", HEAD + multi([multi([utf8], b"b--"), utf8], b"b")
    yield "closed-twice", HEAD + multi([utf8]) + multi([utf8])
    yield "outer-ends-inner", HEAD + multi(
        [multi([utf8], b"inner", close=False), utf8])
    yield "no-boundary", HEAD + part(b"multipart/mixed", b"--b\n\n" + UTF8)
    yield "two-boundaries", HEAD + part(
        b"multipart/mixed; boundary=b; boundary=c", b"--b\n\n" + UTF8)
    yield "long-boundary", HEAD + multi([utf8], b"l" * 300)
    yield "boundary-69", HEAD + multi([utf8], b"l" * 69)
    yield "odd-boundary", HEAD + multi([utf8], b"'()+_,-./:=? x")
    yield "boundary-2231", HEAD + multi([utf8]).replace(
        b'boundary="b"', b"boundary*0*=us-ascii''%62")
    yield "bad-part-header", HEAD + multi([b"X: y\nno field\n\n" + UTF8])
    yield "8bit-part-header", HEAD + multi([b"X: " + UTF8 + b"\n" + TEXT])
    yield "long-part-header", HEAD + multi([b"X: " + b"y" * 5000 + b"\n\nz"])
    yield "huge-part-header", HEAD + multi(
        [b"X: y\n" * 300000 + b"\n" + TEXT, utf8])
    yield "digest", HEAD + multi([b"\nA: b\n\n" + TEXT, text], kind=b"digest")
    yield "digest-8bit", HEAD + multi([b"\nA: b\n\n" + UTF8],
                                      kind=b"digest")
    yield "forwarded", HEAD + multi([text, part(
        b"message/rfc822", HEAD + b"\n" + TEXT)])
    yield "forwarded-8bit", HEAD + multi([utf8, part(
        b"message/rfc822", HEAD + b"\n" + UTF8, b"8bit")])
    yield "signed-again", HEAD + signed_inside(TEXT)
    yield "signed-inside", HEAD + multi([utf8, signed_inside(TEXT)])
    yield "signed-inside-8bit", HEAD + multi([utf8, signed_inside(UTF8)])
    yield "parts-10000", HEAD + multi([utf8] * 10000)
    yield "parts-21000", HEAD + multi([b"\nx\n"] * 21000)
    yield "depth-30", HEAD + nested(30)
    yield "depth-100", HEAD + nested(100)
    yield "depth-100-8bit", HEAD + nested(100).replace(TEXT, UTF8)


def refused_mails():
    yield "empty", b""
    yield "newline", b"\n"
    yield "no-field", b"hello\n"
    yield "mbox", (b"From bob@x Sat Jan  3 01:05:34 1996\n" + HEAD + b"\n" +
                   TEXT + b"\n") * 2


def with_line_ends(name, mail, rng):
    yield name + ".lf", mail
    yield name + ".crlf", mail.replace(b"\n", b"\r\n")
    if b"\r" not in mail and len(mail) < 100000 and \
            not name.startswith("cte-"):
        yield name + ".cr", mail.replace(b"\n", b"\r")
        pieces = mail.split(b"\n")
        yield name + ".mixed", b"".join(
            piece + (rng.choice((b"\n", b"\r\n"))) for piece in pieces)


def random_mail(rng, depth=0):
    if depth < 4 and rng.random() < 0.5:
        boundary = rng.choice((b"b", b"bb", b"b-", b"b b", b"=_b"))
        return multi([random_mail(rng, depth + 1)
                      for _ in range(rng.randrange(4))], boundary,
                     rng.choice((b"mixed", b"alternative", b"digest")),
                     rng.choice((b"", b"", TEXT, b"--x\n", UTF8)),
                     rng.choice((b"", b"", TEXT, b"--b\n", UTF8)),
                     rng.random() < 0.9,
                     rng.choice((None, None, b"8bit", b"binary")))
    body = b"".join(rng.choice(
        (TEXT, UTF8, LATIN1, b"--b\n", b"--bb--\n", b"From x\n", b"\r", b"x",
         b"\n", b" \n", b"\0", b"y" * 1200, b"=\n", b"=41"))
        for _ in range(rng.randrange(6)))
    return part(rng.choice((b"text/plain", b"text/html", b"image/png",
                            b"message/rfc822", b"x", b"text/plain; a")),
                body, rng.choice((None, b"7bit", b"8bit", b"binary",
                                  b"quoted-printable", b"base64")))


def mutate(rng, mail):
    mail = bytearray(mail)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(mail) + 1)
        to = min(len(mail), at + rng.randrange(40))
        what = rng.randrange(5)
        if what == 0:
            del mail[at:to]
        elif what == 1:
            mail[at:at] = mail[to:to + rng.randrange(60)]
        elif what == 2:
            mail[at:at] = rng.choice(
                (b"\n", b"\r", b"\r\n", b"--b", b"\n--b\n", b"\n--b--\n",
                 b"\0", b"\xff", b'"', b"(", b";", b"\n\n"))
        elif what == 3 and at < len(mail):
            mail[at] = rng.randrange(256)
        elif what == 4:
            del mail[rng.randrange(len(mail) + 1):]
    return bytes(mail)


def generate(count):
    rng = random.Random(20240229)
    small = []
    for maker in (plain_mails, typed_mails, multipart_mails):
        for name, mail in maker():
            if len(mail) < 20000:
                small.append(mail)
            for variant in with_line_ends(name, mail, rng):
                yield variant + (False,)
    for name, mail in refused_mails():
        yield name, mail, True
    for number in range(count):
        mail = HEAD + random_mail(rng) if number % 2 else rng.choice(small)
        if number % 4 != 1:
            mail = mutate(rng, mail)
        if number % 3 == 0:
            mail = mail.replace(b"\n", b"\r\n")
        yield "random-%04d" % number, mail, True


def main():
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    os.makedirs(folder, exist_ok=True)
    for name, mail, _ in generate(count):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(mail)


if __name__ == "__main__":
    main()
