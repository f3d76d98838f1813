"""measuring.py: what the benches of large messages share: commands measured
in CPU seconds and peak memory, ours and the peers' in turn, and a table.

Two figures are given for each, the median of the rounds and the least, since
other work on the machine adds to the first. A ratio is over its bar only if
both are.

A virtual machine gives memory that is free back to its host, and has to ask for
it again page by page, which is charged to the command that wants it: several
times what writing to the page costs. So before each command as much memory as
it may want is taken and freed, for ours and the peers' alike.
"""
import mmap
import os
import statistics
import subprocess
import sys
import tempfile

MIB = 1048576
# A command may need that much more memory for a large message than for one
# of 1 MiB.
GROWTH_MAX_KIB = 1024
RSS_MAX_KIB = 8 * 1024
MAP_POPULATE = 0x8000


def take_memory(size):
    """Has the kernel own that many octets of free memory, or half of what it
    says it can have."""
    with open("/proc/meminfo") as f:
        kib = next(int(line.split()[1]) for line in f
                   if line.startswith("MemAvailable:"))
    mmap.mmap(-1, min(size, kib * 512), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS |
              MAP_POPULATE).close()


class Runner:
    """Runs commands in a folder of its own."""

    def __init__(self, build, folder, size):
        self.wants = 4 * size  # a spool, what is written, a peer's heap
        self.measure = os.path.join(build, "tests/bench/measure")
        self.cardseal = os.path.join(build, "client/cli/cardseal")
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, argv, stdin=subprocess.DEVNULL, stdout=None,
            statuses=(0,)):
        """CPU seconds (user and system) and peak KiB of one command, which
        ends with one of these statuses."""
        result = self.path("result")
        if stdout is not None and os.path.exists(stdout):
            os.unlink(stdout)
        target = open(stdout, "wb") if stdout else subprocess.DEVNULL
        take_memory(self.wants)
        p = subprocess.Popen([self.measure, result] + argv, stdin=stdin,
                             stdout=target, stderr=subprocess.PIPE)
        if stdin is not subprocess.DEVNULL:
            stdin.close()
        err = p.communicate()[1]
        if target is not subprocess.DEVNULL:
            target.close()
        if p.returncode not in statuses:
            sys.exit("%s: status %d: %s" % (" ".join(argv), p.returncode,
                                            err.decode(errors="replace")))
        with open(result) as f:
            cpu, kib = f.read().split()
        return float(cpu), int(kib)

    def pipe(self, argv, path, stdout=None):
        """As run, with path's bytes through a pipe; cat's CPU is not
        counted."""
        cat = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
        result = self.run(argv, cat.stdout, stdout)
        cat.wait()
        return result

    # --- what a peer would need at least ---

    def hashing(self, path):
        return self.run(["openssl", "dgst", "-sha256", path])[0]

    def writing(self, path):
        """One read and one write."""
        cost = self.run(["cat", path], stdout=self.path("copy"))[0]
        os.unlink(self.path("copy"))
        return cost

    def spooling(self, path):
        """What comes from a pipe put aside, read again and thrown away."""
        copy = self.path("copy")
        cost = self.run(["cat", path], stdout=copy)[0]
        cost += self.run(["cat", copy])[0]
        return cost + self.run(["rm", copy])[0]


class Table:
    """Rows of one table; `small` has the peaks of the same rows with messages
    of 1 MiB, None while these are found."""

    def __init__(self, title, small):
        self.failed = 0
        self.small = small
        self.peaks = {}
        if small is not None:
            print("\n%s\n%-36s %15s %15s %13s %5s %14s" %
                  (title, "CPU seconds: median (least)", "ours", "peer",
                   "ratio", "bar", "peak KiB (+)"))

    def row(self, name, rounds, ours, peer, bar):
        """ours() gives CPU and KiB, peer() CPU; in turn, so that both see the
        same machine."""
        if self.small is None:
            self.peaks[name] = ours()[1]
            return
        got, theirs = [], []
        for _ in range(rounds):
            got.append(ours())
            if peer is not None:
                theirs.append(peer())
        self.show(name, [g[0] for g in got], theirs, bar,
                  max(g[1] for g in got))

    def end(self):
        if self.small is not None:
            print("%d over the bar" % self.failed)
        return self.peaks

    def show(self, name, cpu, theirs, bar, rss):
        growth = rss - self.small.get(name, rss)
        bad = rss > RSS_MAX_KIB or growth > GROWTH_MAX_KIB
        median, least = statistics.median(cpu), min(cpu)
        text = "%-36s %7.2f (%5.2f)" % (name, median, least)
        if theirs:
            ratio = median / statistics.median(theirs)
            best = least / min(theirs)
            bad |= min(ratio, best) > bar
            text += " %7.2f (%5.2f) %5.2f (%5.2f) %5.2f" % (
                statistics.median(theirs), min(theirs), ratio, best, bar)
        else:
            text += " %15s %13s %5s" % ("", "", "")
        self.failed += bad
        print("%s %6d (%+5d)%s" % (text, rss, growth,
                                   "  OVER" if bad else ""), flush=True)


def make_mail(path, size, eol):
    """A mail of one text part, 7-bit, lines of 76."""
    head = eol.join([b"From: <alice@example.org>", b"To: <bob@example.org>",
                     b"Subject: large", b"MIME-Version: 1.0",
                     b"Content-Type: text/plain; charset=us-ascii", b"", b""])
    line = bytes(33 + i % 90 for i in range(76)) + eol
    block = line * (MIB // len(line))
    with open(path, "wb") as f:
        f.write(head)
        for _ in range(size // len(block)):
            f.write(block)


def in_folder(build, bench, sizes):
    """bench(runner, size, small) for 1 MiB and then the size asked for. That of
    1 MiB is done twice, since the commands leave a store of certificates behind
    that all later ones open: its memory is not a large message's."""
    with tempfile.TemporaryDirectory(
            dir=os.environ.get("TMPDIR", "/var/tmp")) as d:
        os.environ["TMPDIR"] = d
        bench(Runner(build, d, MIB), MIB, None)
        small = bench(Runner(build, d, MIB), MIB, None)
        for size in sizes:
            small = bench(Runner(build, d, size), size, small)
