#!/usr/bin/env python3
"""mime.py: CPU and memory of reading mails with structure.

usage: mime.py BUILDDIR FIXTUREDIR [MIB [ROUNDS]]

The agent must run (CARDSEAL_SOCKET). A large multipart is read and judged, and
for comparison hashed by `openssl dgst -sha256`. Mails made to be costly to read
are signed and verified: whatever the answer is, it has to come soon. Their bar
is in CPU seconds.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from measuring import MIB, Table, in_folder  # noqa: E402

FIXTURE = sys.argv[2]
SIZE = (int(sys.argv[3]) if len(sys.argv) > 3 else 1024) * MIB
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 3
HEAD = (b"From: <alice@example.org>\r\nTo: <bob@example.org>\r\n"
        b"Subject: large\r\nMIME-Version: 1.0\r\n")
MIXED = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
# What a command may say of a mail that is too much for it.
STATUSES = (0, 1, 7)
SOON = 5.0


def make_multipart(path, size):
    """Parts of 256 KiB: text, and attachments in base64."""
    text = b"".join(b"line %d of the text -- and more\r\n" % i
                    for i in range(8000))
    lines = (bytes(65 + i % 26 for i in range(76)) + b"\r\n") * 3360
    attached = (b"Content-Type: application/octet-stream\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n")
    with open(path, "wb") as f:
        f.write(HEAD + MIXED % b"b")
        while f.tell() < size:
            f.write(b"--b\r\nContent-Type: text/plain\r\n\r\n" + text +
                    b"\r\n--b\r\n" + attached + lines)
        f.write(b"\r\n--b--\r\n")


def make_nested(path, depth):
    with open(path, "wb") as f:
        f.write(HEAD + MIXED % b"b0")
        for i in range(1, depth):
            f.write(b"--b%d\r\n" % (i - 1) + MIXED % (b"b%d" % i))
        f.write(b"--b%d\r\n\r\ntext\r\n" % (depth - 1))
        for i in reversed(range(depth)):
            f.write(b"--b%d--\r\n" % i)


def make_header(path, size):
    with open(path, "wb") as f:
        f.write(HEAD)
        for i in range(size // 72):
            f.write(b"X-Field-%08d: %s\r\n" % (i, b"v" * 52))
        f.write(b"\r\ntext\r\n")


def make_folded(path, size):
    with open(path, "wb") as f:
        f.write(HEAD + b"References:\r\n" + b" <a@b>\r\n" * (size // 8) +
                b"\r\ntext\r\n")


def make_boundaries(path, n):
    with open(path, "wb") as f:
        f.write(HEAD + MIXED % b"b")
        for _ in range(n // 1000):
            f.write(b"--b\r\n\r\nx\r\n" * 1000)
        f.write(b"--b--\r\n")


def make_nearly(path, n):
    """Lines that are no delimiters until their last octet."""
    boundary = b"b" * 70
    with open(path, "wb") as f:
        f.write(HEAD + MIXED % boundary)
        for _ in range(n // 1000):
            f.write((b"--" + boundary[:-1] + b"x\r\n") * 1000)


HARD = (("10,000 nested multiparts", make_nested, 10000),
        ("a header of 10 MB", make_header, 10000000),
        ("a field of 10 MB", make_folded, 10000000),
        ("1,000,000 parts", make_boundaries, 1000000),
        ("1,000,000 lines like delimiters", make_nearly, 1000000))


def bench(r, size, small):
    mail, out = r.path("mail"), r.path("out")
    anchor = ["--anchor", FIXTURE + "/ca.pem", "--revocation", "off"]
    sign = [r.cardseal, "sign", "-q", "-o", out]
    verify = [r.cardseal, "verify", "-q"] + anchor
    t = Table("reading a multipart of %d MiB, beside openssl dgst" %
              (size // MIB), small)
    make_multipart(mail, size)

    def row(name, argv, path):
        t.row(name, ROUNDS, lambda: r.run(argv + [path]),
              lambda: r.hashing(path), 1.5)
        t.row(name + ", pipe", ROUNDS, lambda: r.pipe(argv, path),
              lambda: r.hashing(path) + r.spooling(path), 1.5)

    r.run(sign + [mail])
    row("verify, detached", verify, out)
    r.run(sign + ["--opaque", mail])
    row("verify, opaque", verify, out)
    for name, make, n in HARD if small is not None else ():
        make(mail, n)
        for verb, argv in (("sign", sign), ("verify", verify)):
            soon(t, "%s %s" % (verb, name),
                 r.run(argv + [mail], statuses=STATUSES))
    return t.end()


def soon(t, name, result):
    cpu, kib = result
    bad = cpu > SOON or kib > 8 * 1024
    t.failed += bad
    print("%-36s %7.2f %38.2f %6d%s" % (name, cpu, SOON, kib,
                                        "  OVER" if bad else ""), flush=True)


if __name__ == "__main__":
    in_folder(sys.argv[1], bench, [SIZE])
