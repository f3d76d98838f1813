#!/usr/bin/env python3
"""verify.py: CPU of judging signatures and their paths.

usage: verify.py BUILDDIR [ROUNDS [rsa|ec [MAILS [SIGNERS]]]]

Many mails in one process (`cardseal verify --batch`) beside libcrypto doing the
same in one process (bench_batch.c); and one mail in a process of its own beside
certtool, with one anchor named, and with the anchors of a large bundle named or
configured. mails.py makes the mails: 10,000 of 1,000 signers below 10 CAs,
shuffled, which takes minutes with RSA keys.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from measuring import Runner  # noqa: E402

BUILD = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
KIND = sys.argv[3] if len(sys.argv) > 3 else "rsa"
MAILS = sys.argv[4] if len(sys.argv) > 4 else "10000"
SIGNERS = sys.argv[5] if len(sys.argv) > 5 else "1000"
CAS = 10
PROCESSES = 50  # of one mail each, in each round
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def row(name, bar, ours, peer):
    """Both in turn, so that they see the same machine; is it over the bar?"""
    got, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(peer())
        got.append(ours())
    ratio = statistics.median(got) / statistics.median(theirs)
    best = min(got) / min(theirs)
    over = min(ratio, best) > bar
    print("%-44s %8.2f %8.2f %5.2f (%4.2f) %5.2f%s" %
          (name, statistics.median(got), statistics.median(theirs), ratio,
           best, bar, "  OVER" if over else ""), flush=True)
    return over


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.r = Runner(BUILD, folder, 1)
        self.root = os.path.join(folder, "root.pem")
        self.names = os.path.join(folder, "names")
        subprocess.run([sys.executable, os.path.join(HERE, "mails.py"),
                        folder, MAILS, SIGNERS, str(CAS), KIND], check=True)
        with open(self.names) as f:
            self.mail = f.readline().strip()

    def each(self, argv):
        """CPU ms of one of many processes."""
        return sum(self.r.run(argv)[0] for _ in range(PROCESSES)) * \
            1e3 / PROCESSES

    def batch(self):
        verify = [self.r.cardseal, "verify", "--batch", "--anchor", self.root,
                  "--revocation", "off"]
        peer = [os.path.join(BUILD, "tests/bench/bench_batch"), self.root]
        return row("%s mails of %s signers, %s: s" % (MAILS, SIGNERS, KIND),
                   0.5, lambda: self.r.run(verify, open(self.names))[0],
                   lambda: self.r.run(peer, open(self.names))[0])

    def taken_apart(self):
        """The mail's signed part and its signature, for certtool."""
        data = os.path.join(self.folder, "data")
        signature = os.path.join(self.folder, "signature.pem")
        subprocess.run(["openssl", "cms", "-verify", "-noverify", "-binary",
                        "-in", self.mail, "-out", data], check=True,
                       stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "smime", "-pk7out", "-in", self.mail,
                        "-out", signature], check=True)
        return ["--load-data", data, "--infile", signature]

    def one(self, name, anchors, options):
        verify = [self.r.cardseal, "verify", "-q", "--revocation", "off"]
        certtool = ["certtool", "--p7-verify", "--load-ca-certificate",
                    anchors] + self.taken_apart()
        return row(name, 0.8, lambda: self.each(verify + options +
                                                [self.mail]),
                   lambda: self.each(certtool))

    def run(self):
        print("%-44s %8s %8s %5s %6s %5s" %
              ("CPU", "ours", "peer", "ratio", "(best)", "bar"))
        over = self.batch()
        over += self.one("one mail, one anchor: ms", self.root,
                         ["--anchor", self.root])
        bundle = os.path.join(self.folder, "bundle.pem")
        with open(bundle, "wb") as out:
            for path in [BUNDLE, self.root]:
                with open(path, "rb") as f:
                    out.write(f.read())
        over += self.one("one mail, a bundle named: ms", bundle,
                         ["--anchor", bundle])
        configured = os.path.join(os.environ["XDG_CONFIG_HOME"], "cardseal")
        os.makedirs(configured)
        os.rename(bundle, os.path.join(configured, "anchors.pem"))
        time.sleep(3)  # until then it is read each time
        over += self.one("one mail, a bundle configured: ms",
                         os.path.join(configured, "anchors.pem"), [])
        print("%d over the bar" % over)


with tempfile.TemporaryDirectory(
        dir=os.environ.get("TMPDIR", "/var/tmp")) as d:
    for variable in ("DATA", "CONFIG", "CACHE"):
        os.environ["XDG_%s_HOME" % variable] = os.path.join(
            d, variable.lower())
    Bench(d).run()
