#!/usr/bin/env python3
"""stream.py: CPU and memory of signing and verifying a large mail or file,
beside OpenSSL hashing (and cat writing) the same bytes in the same run.

usage: stream.py BUILDDIR FIXTUREDIR [MIB [ROUNDS]]

The agent must run (CARDSEAL_SOCKET). Prints a table: our CPU seconds, the
peer's, their ratio (medians of the rounds), and our peak resident memory. A
pipe that must be spooled counts one more write and read for the peer.
"""
import os
import statistics
import subprocess
import sys
import tempfile

CARDSEAL = os.path.join(sys.argv[1], "client/cli/cardseal")
MEASURE = os.path.join(sys.argv[1], "tests/bench/measure")
FIXTURE = sys.argv[2]
MIB = int(sys.argv[3]) if len(sys.argv) > 3 else 1024
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 3
RATIO_MAX = 1.3
RSS_MAX_KIB = 8 * 1024


def run(argv, stdin=subprocess.DEVNULL, stdout=None):
    """CPU seconds (user and system) and peak KiB of one command."""
    target = open(stdout, "wb") if stdout else subprocess.DEVNULL
    with tempfile.NamedTemporaryFile("r") as result:
        p = subprocess.Popen([MEASURE, result.name] + argv, stdin=stdin,
                             stdout=target, stderr=subprocess.PIPE)
        if stdin is not subprocess.DEVNULL:
            stdin.close()
        err = p.communicate()[1]
        if p.returncode != 0:
            sys.exit("stream.py: %s: status %d: %s" %
                     (" ".join(argv), p.returncode, err.decode()))
        cpu, kib = result.read().split()
    return float(cpu), int(kib)


def pipe(argv, path, stdout=None):
    """As run, with path's bytes through a pipe; cat's CPU is not counted."""
    cat = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
    result = run(argv, cat.stdout, stdout)
    cat.wait()
    return result


def make_mail(path, eol):
    head = eol.join([b"From: <alice@example.org>", b"To: <bob@example.org>",
                     b"Subject: large", b"MIME-Version: 1.0",
                     b"Content-Type: text/plain; charset=us-ascii", b"", b""])
    line = bytes(33 + i % 90 for i in range(76)) + eol
    block = line * (1048576 // len(line))
    with open(path, "wb") as f:
        f.write(head)
        for _ in range(MIB * 1048576 // len(block)):
            f.write(block)


class Table:
    def __init__(self):
        self.failed = 0
        print("%-34s %8s %8s %6s %9s" %
              ("operation", "ours s", "peer s", "ratio", "peak KiB"))

    def row(self, name, ours, peer):
        cpu = statistics.median(o[0] for o in ours)
        rss = max(o[1] for o in ours)
        peer = statistics.median(peer)
        bad = cpu / peer > RATIO_MAX or rss > RSS_MAX_KIB
        self.failed += bad
        print("%-34s %8.2f %8.2f %6.2f %9d%s" %
              (name, cpu, peer, cpu / peer, rss, "  OVER" if bad else ""),
              flush=True)


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR",
                                                        "/var/tmp")) as d:
        os.environ["TMPDIR"] = d
        bench(d)
    return 0


def bench(d):
    t = Table()
    out, copy = d + "/out", d + "/copy"

    def hashing(path):
        return run(["openssl", "dgst", "-sha256", path])[0]

    def writing(path):
        return run(["cat", path], stdout=copy)[0]

    def spooling(path):
        """one write and one read more"""
        return writing(path) + run(["cat", path])[0]

    def measure(name, argv, path, written=None, is_pipe=False, spools=False,
                stdout=None):
        ours, peer = [], []
        for _ in range(ROUNDS):
            cost = hashing(path)
            if is_pipe:
                ours.append(pipe(argv, path, stdout))
                if spools:
                    cost += spooling(path)
            else:
                ours.append(run(argv + [path], stdout=stdout))
            if written:
                cost += writing(written)
            peer.append(cost)
        t.row(name, ours, peer)

    anchor = ["--anchor", FIXTURE + "/ca.pem", "--revocation", "off"]
    sign = [CARDSEAL, "sign", "-q", "-o", out]
    verify = [CARDSEAL, "verify", "-q"] + anchor
    mail = d + "/mail"
    for eol, name in ((b"\r\n", "CRLF"), (b"\n", "LF")):
        make_mail(mail, eol)
        measure("sign mail detached, " + name, sign, mail, mail)
        measure("  from a pipe", sign, mail, mail, True, True)
        measure("verify it", verify, out)
        measure("  from a pipe", verify, out, None, True, True)
        measure("verify it, content out", verify + ["-o", copy + "2"], out,
                mail)
        os.unlink(copy + "2")
        measure("sign mail opaque, " + name, sign + ["--opaque"], mail, out)
        measure("verify it", verify, out)
        measure("  from a pipe", verify, out, None, True, True)
    measure("sign file detached", sign + ["-f", "cms", "-k",
                                          "alice@example.org"], mail)
    measure("  from a pipe", sign + ["-f", "cms", "-k", "alice@example.org"],
            mail, None, True, False)
    measure("verify it", verify + [out, "--content"], mail)
    cms = sign + ["-f", "cms", "--opaque", "-k", "alice@example.org"]
    measure("sign file opaque (DER)", cms, mail, mail)
    measure("verify it", verify, out)
    measure("verify it, content out", verify + ["-o", copy + "2"], out, mail)
    measure("verify it, content to stdout", verify + ["-o", "-"], out, mail,
            stdout=copy + "2")
    os.unlink(copy + "2")
    measure("sign file opaque, pipe (BER)", cms, mail, mail, True, False)
    measure("verify it", verify, out)
    measure("  from a pipe", verify, out, None, True, True)
    print("%d over the bar (ratio %.1f, %d KiB)" %
          (t.failed, RATIO_MAX, RSS_MAX_KIB))


if __name__ == "__main__":
    sys.exit(main())
