#!/usr/bin/env python3
"""peers.py: CPU and memory of large messages beside `openssl cms` doing the
same in the same run.

usage: peers.py BUILDDIR FIXTUREDIR [MIB [ROUNDS]]

The agent must run (CARDSEAL_SOCKET). OpenSSL has its keys in files, ours are
the token's. What is opened and verified is written nowhere by either, but
judged as a whole. OpenSSL reads and writes without its tests of certificate
paths (-noverify), ours with them. The bars are those of the project; the
detached signature's peer is `openssl dgst -sha256` and `cat` into a file.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from measuring import MIB, Table, in_folder, make_mail  # noqa: E402

FIXTURE = sys.argv[2]
SIZE = (int(sys.argv[3]) if len(sys.argv) > 3 else 1024) * MIB
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 3
CERT = FIXTURE + "/certs/alice.pem"
CIPHERS = (("CBC", "aes256-cbc", "-aes-256-cbc"),
           ("GCM", "aes256-gcm", "-aes-256-gcm"))


class Bench:
    def __init__(self, r, size, table):
        self.r, self.table = r, table
        self.mail, self.out = r.path("mail"), r.path("out")
        self.theirs = r.path("theirs")
        self.key, self.cert = r.path("key.pem"), r.path("cert.pem")
        make_mail(self.mail, size, b"\r\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
                        "-nodes", "-subj", "/CN=peer", "-keyout", self.key,
                        "-out", self.cert], check=True,
                       stderr=subprocess.DEVNULL)

    def clear(self):
        for path in (self.out, self.theirs):
            if os.path.exists(path):
                os.unlink(path)

    def row(self, name, bar, ours, theirs, is_made=False):
        """is_made: the commands write self.out and self.theirs anew."""
        def run(argv):
            if is_made:
                self.clear()
            return self.r.run(argv)

        self.table.row(name, ROUNDS, lambda: run(ours),
                       lambda: run(theirs)[0], bar)

    def pipe_row(self, name, argv, path):
        self.table.row(name + ", pipe", 1, lambda: self.r.pipe(argv, path),
                       None, 0)

    def both_made(self, ours, theirs):
        """What the next rows read: made by us and by the peer."""
        self.clear()
        self.r.run(ours)
        self.r.run(theirs)

    def encryption(self):
        openssl = ["openssl", "cms", "-encrypt", "-binary", "-stream", "-in",
                   self.mail, "-outform", "DER", "-out", self.theirs]
        opening = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER",
                   "-inkey", self.key, "-in", self.theirs, "-out",
                   "/dev/null"]
        decrypt = [self.r.cardseal, "decrypt", "-q", "-o", "/dev/null"]
        for name, ours, theirs in CIPHERS:
            encrypt = [self.r.cardseal, "encrypt", "-q", "-f", "cms", "-R",
                       CERT, "-c", ours, "-o", self.out]
            self.row("encrypt %s" % name, 1.1, encrypt + [self.mail],
                     openssl + [theirs, self.cert], True)
            self.pipe_row("encrypt %s, BER" % name, encrypt, self.mail)
            self.both_made(encrypt + [self.mail],
                           openssl + [theirs, self.cert])
            self.row("decrypt %s" % name, 0.4, decrypt + [self.out], opening)
            self.pipe_row("decrypt %s" % name, decrypt, self.out)

    def encrypted_mail(self):
        encrypt = [self.r.cardseal, "encrypt", "-q", "-R", CERT, "-o",
                   self.out, self.mail]
        theirs = ["openssl", "cms", "-encrypt", "-binary", "-stream", "-in",
                  self.mail, "-out", self.theirs, "-aes-256-cbc", self.cert]
        decrypt = [self.r.cardseal, "decrypt", "-q", "-o", "/dev/null"]
        opening = ["openssl", "cms", "-decrypt", "-inkey", self.key, "-in",
                   self.theirs, "-out", "/dev/null"]
        self.row("encrypt mail, base64", 1.1, encrypt, theirs, True)
        self.both_made(encrypt, theirs)
        self.row("decrypt mail, base64", 0.4, decrypt + [self.out], opening)
        self.pipe_row("decrypt mail, base64", decrypt, self.out)

    def signatures(self):
        r = self.r
        verify = [r.cardseal, "verify", "-q", "--anchor", FIXTURE + "/ca.pem",
                  "--revocation", "off"]
        openssl = ["openssl", "cms", "-verify", "-noverify",
                   "-out", "/dev/null", "-in"]
        sign = [r.cardseal, "sign", "-q", "-k", "alice@example.org", "-o",
                self.out]
        mail = sign + [self.mail]
        cms = sign + ["-f", "cms", self.mail]

        self.table.row("sign mail detached", ROUNDS, lambda: self.made(mail),
                       lambda: r.hashing(self.mail) + r.writing(self.mail),
                       1.1)
        self.row("verify multipart/signed", 0.1, verify + [self.out],
                 openssl + [self.out])
        self.pipe_row("verify multipart/signed", verify, self.out)
        self.made(mail + ["--opaque"])
        self.row("verify S/MIME opaque, base64", 0.35, verify + [self.out],
                 openssl + [self.out])
        self.pipe_row("verify S/MIME opaque, base64", verify, self.out)
        self.made(cms + ["--opaque", "--der"])
        self.row("verify opaque, DER", 0.35, verify + [self.out],
                 openssl + [self.out, "-inform", "DER"])
        self.pipe_row("verify opaque, DER", verify, self.out)
        self.clear()
        r.pipe(sign + ["-f", "cms", "--opaque"], self.mail)
        self.row("verify opaque, BER", 0.35, verify + [self.out],
                 openssl + [self.out, "-inform", "DER"])
        self.pipe_row("verify opaque, BER", verify, self.out)

    def made(self, argv):
        self.clear()
        return self.r.run(argv)


def bench(r, size, small):
    t = Table("%d MiB, beside openssl cms" % (size // MIB), small)
    b = Bench(r, size, t)
    b.encryption()
    b.encrypted_mail()
    b.signatures()
    return t.end()


if __name__ == "__main__":
    in_folder(sys.argv[1], bench, [SIZE])
