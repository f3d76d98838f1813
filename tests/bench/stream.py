#!/usr/bin/env python3
"""stream.py: CPU and memory of signing and verifying a large mail or file,
beside OpenSSL hashing and cat writing the same bytes in the same run.

usage: stream.py BUILDDIR FIXTUREDIR [MIB [ROUNDS]]

The agent must run (CARDSEAL_SOCKET). What counts for the peer:
  - `openssl dgst -sha256` of what is hashed, always from the file;
  - where something is written, `cat` of as many bytes into a new file;
  - where a pipe has to be read twice, `cat` of it into a file, `cat` of that
    file, and `rm` of it.
Ours is everything that the command does: MIME, base64, CMS, certificates, the
signature itself. Memory is the peak of the process; behind it what it is over
that of the same command for 1 MiB.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from measuring import MIB, Table, in_folder, make_mail  # noqa: E402

FIXTURE = sys.argv[2]
SIZE = (int(sys.argv[3]) if len(sys.argv) > 3 else 1024) * MIB
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 3
RATIO_MAX = 1.3


class Bench:
    def __init__(self, r, size, table):
        self.r, self.size, self.table = r, size, table
        self.mail, self.out = r.path("mail"), r.path("out")
        self.content = r.path("content")
        self.sign = [r.cardseal, "sign", "-q", "-o", self.out]
        self.verify = [r.cardseal, "verify", "-q", "--anchor",
                       FIXTURE + "/ca.pem", "--revocation", "off"]

    def measure(self, name, argv, path, written=None, stdout=None):
        """From a file."""
        self.one(name, lambda: self.r.run(argv + [path], stdout=stdout), argv,
                 path, written, False)

    def from_pipe(self, name, argv, path, written=None, spools=True):
        self.one(name + ", pipe", lambda: self.r.pipe(argv, path), argv, path,
                 written, spools)

    def both(self, name, argv, path, written=None):
        self.measure(name, argv, path, written)
        self.from_pipe(name, argv, path, written)

    def one(self, name, command, argv, path, written, spools):
        r = self.r

        def ours():
            target = argv[argv.index("-o") + 1] if "-o" in argv else ""
            if os.path.exists(target):
                os.unlink(target)
            return command()

        def peer():
            cost = r.hashing(path)
            if spools:
                cost += r.spooling(path)
            if written:
                cost += r.writing(written)
            return cost

        self.table.row(name, ROUNDS, ours, peer, RATIO_MAX)

    def mails(self, eol, name):
        mail, out, content = self.mail, self.out, ["-o", self.content]
        make_mail(mail, self.size, eol)
        self.both("sign mail detached, " + name, self.sign, mail, mail)
        self.both("verify detached, " + name, self.verify, out)
        self.both("verify detached -o, " + name, self.verify + content, out,
                  mail)
        opaque = self.sign + ["--opaque"]
        self.both("sign mail opaque, " + name, opaque, mail, out)
        self.both("verify opaque, " + name, self.verify, out)
        self.both("verify opaque -o, " + name, self.verify + content, out,
                  mail)

    def files(self):
        mail, out = self.mail, self.out
        cms = self.sign + ["-f", "cms", "-k", "alice@example.org"]
        self.measure("sign file detached", cms, mail)
        self.from_pipe("sign file detached", cms, mail, None, False)
        self.measure("verify file detached",
                     self.verify + [out, "--content"], mail)
        cms += ["--opaque"]
        self.both("sign file, PEM", cms + ["--armor", "--der"], mail, out)
        self.opened("PEM")
        self.from_pipe("sign file, BER", cms, mail, out, False)
        self.opened("BER")
        self.both("sign file, DER", cms + ["--der"], mail, out)
        self.opened("DER")

    def opened(self, name):
        self.both("verify file, " + name, self.verify, self.out)
        self.measure("verify file -o, " + name,
                     self.verify + ["-o", self.content], self.out, self.mail)
        self.measure("verify file -o -, " + name, self.verify + ["-o", "-"],
                     self.out, self.mail, self.content)


def bench(r, size, small):
    t = Table("signing and verifying %d MiB, beside openssl dgst (and cat)" %
              (size // MIB), small)
    b = Bench(r, size, t)
    b.mails(b"\r\n", "CRLF")
    b.mails(b"\n", "LF")
    b.files()
    return t.end()


if __name__ == "__main__":
    in_folder(sys.argv[1], bench, [SIZE])
