#!/usr/bin/env python3
"""The audit log: what is in it, and that no end of a process, no full disk
and no hand leaves a chain that looks whole and is not."""

import hashlib
import json
import os
import resource
import signal
import time

from wire import (CANCEL, NO_TOKEN, OPEN, RAW, SIGN_OK, UNLOCK,
                  children, context, done, integer, octets, ok, same, seq,
                  utf8, wait_for)
from world import KEY, ONE, World

ZEROES = "0" * 64


class Log:
    """Read without the code under test."""

    def __init__(self, world):
        self.folder = world.folder.file("home/state/cardseal")
        self.path = os.path.join(self.folder, "audit.jsonl")

    def files(self):
        old = sorted(x for x in os.listdir(self.folder)
                     if x.startswith("audit-0"))
        return [os.path.join(self.folder, x) for x in old] + [self.path]

    def lines(self):
        out = []
        for path in self.files():
            try:
                with open(path, "rb") as f:
                    out += f.read().split(b"\n")[:-1]
            except FileNotFoundError:
                pass
        return out

    def records(self, event=None):
        out = []
        for line in self.lines():
            try:
                out.append(json.loads(line))
            except ValueError:
                pass  # a test's own doing
        return [r for r in out if event in (None, r.get("event"))]

    def fault(self, first=ZEROES):
        """Where the chain is broken; None: nowhere."""
        before, seq = first, 0
        for line in self.lines():
            record = json.loads(line)
            body = line[:line.rindex(b',"hash":"')]
            if seq == 0 and first is None:
                before, seq = record["prev"], record["seq"] - 1
            if (record["prev"], record["seq"]) != (before, seq + 1) or \
                    hashlib.sha256(body).hexdigest() != record["hash"]:
                return record
            before, seq = record["hash"], record["seq"]
        return None

    def wait(self, count, event="sign", seconds=10):
        return wait_for(lambda: len(self.records(event)) >= count, seconds)


def writers(world):
    out = []
    for pid in children(world.agent.pid):
        try:
            with open("/proc/%d/comm" % pid) as f:
                if f.read().startswith("cardseal-audit"):
                    out.append(pid)
        except FileNotFoundError:
            pass
    return out


def what_is_in_it():
    with World(*ONE, answers=("pin 1234", "pin 9999"),
               config="[rule a]\nfor = raw\nraw = yes\n"
                      "[rule b]\nfor = open\nprograms = /bin/none\n") as w:
        log = Log(w)
        c = w.agent.client(program='say "hello"')
        c.sign(KEY, digest=b"\xab" * 32, purpose="a line\u00e9")
        c.call(OPEN, octets(KEY), octets(b"\x30\0"), integer(0),
               octets(b"\x30\0"), context())
        c.call(RAW, octets(KEY), integer(0, 0x0a), integer(0x1041),
               octets(b""), octets(b"secret content"), context())
        c.sign(bytes(32))
        c.unlock()
        c.lock()
        ok(log.wait(1, "lock"), "records are written", log.records())
        r = log.records("sign")[0]
        same((r["outcome"], r["key"], r["digest"], r["purpose"], r["claim"],
              r["pid"], r["uid"], r["token"]),
             ("OK", KEY.hex(), "ab" * 32, "a line\u00e9", 'say "hello"',
              os.getpid(), os.geteuid(), "pkcs11:serial=0123;token=PIV"),
             "a signature")
        same(r["program"], os.path.realpath("/proc/self/exe"),
             "by which program")
        same(log.records("open")[0]["outcome"], "POLICY", "a refusal")
        r = log.records("raw")[0]
        same((r["outcome"], r["inputSha256"], r["mechanism"]),
             ("OK", hashlib.sha256(b"secret content").hexdigest(), 0x1041),
             "a raw operation")
        same(log.records("sign")[1]["outcome"], "NO_KEY", "a failure")
        same([log.records(x)[0]["outcome"] for x in ("unlock", "lock")],
             ["OK", "OK"], "unlock and lock")
        same(log.records()[0]["event"], "start", "the start")
        same(log.fault(), None, "the chain is whole")
        text = b"\n".join(log.lines())
        ok(b"1234" not in text.replace(b"0123", b"") and
           b"secret content" not in text, "no PIN, no content")
        same(os.stat(log.path).st_mode & 0o777, 0o600, "ours alone")
        w.agent.stop()
        same(log.records()[-1]["event"], "stop", "the end")


def long_claims():
    """Texts of strangers must not make a record too long to be written."""
    with World(*ONE) as w:
        log = Log(w)
        long = '"' * 1024
        m = w.agent.client(program=long).call(
            UNLOCK, utf8(long, 0x80), seq(utf8(long, 0x81), utf8(long, 0x88),
                                          tag=0xa1))
        same(m.code, NO_TOKEN, "a request with the longest texts")
        ok(log.wait(1, "unlock"), "has its record", log.records())
        same(log.records("lost"), [], "nothing is lost")
        r = (log.records("unlock") + [{}])[0]
        same([r.get(x, "")[:500] for x in ("claim", "purpose", "onBehalfOf",
                                           "token")], ['"' * 500] * 4,
             "with the beginning of each")
        same(log.fault(), None, "the chain is whole")


def clients_that_leave():
    with World(*ONE, answers=("hang",)) as w:
        log = Log(w)
        c = w.client()
        target = c.post_sign(KEY)
        c.call(CANCEL, integer(target))
        c.post_sign(KEY)
        wait_for(w.pinentries)
        c.close()
        ok(log.wait(2), "both are there")
        same([r["outcome"] for r in log.records("sign")],
             ["CANCELLED", "CLOSED"], "cancelled, and gone")


def eddsa_is_content():
    with World(*ONE) as w:
        log = Log(w)
        w.client().call(5, octets(KEY), octets(bytes.fromhex("300506032b6570")),
                        octets(b"short mail"), context())
        log.wait(1)
        r = log.records("sign")[0]
        same((r.get("digest"), r["inputSha256"]),
             (None, hashlib.sha256(b"short mail").hexdigest()),
             "what EdDSA signs is hashed first")


def rotation():
    with World(*ONE, config="[audit]\nsize = 16\nkeep = 2\n") as w:
        log = Log(w)
        c = w.client()
        for _ in range(120):
            c.sign(KEY, purpose="x" * 300)
        ok(wait_for(lambda: log.records()[-1]["seq"] == 121), "121 records")
        same(len(log.files()), 3, "two old files and the present one")
        ok(all(os.path.getsize(x) < 50000 for x in log.files()), "small ones")
        ok(log.records()[0]["seq"] > 1, "the oldest are gone")
        same(log.fault(None), None, "the chain goes through the files")
        w.agent.stop()
        os.unlink(log.path)
        agent = w.folder.agent(module=w.module)
        ok(log.wait(1, "start"), "a file that is missing")
        same(log.fault(None), None, "goes on behind the last one")
        agent.stop()


def the_agent_is_killed():
    with World(*ONE) as w:
        log = Log(w)
        c = w.client()
        signed = sum(c.sign(KEY).tag == SIGN_OK for _ in range(30))
        left = writers(w)
        w.agent.process.kill()
        w.agent.process.wait()
        ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % p)
                                    for p in left)), "the writer ends too")
        same(len(log.records("sign")), signed, "every answer has its record")
        same(log.fault(), None, "the chain is whole")
        w.folder.agent(module=w.module).client().sign(KEY)
        ok(log.wait(signed + 1), "the next agent goes on")
        same(log.fault(), None, "with the same chain")


def the_writer_is_killed():
    with World(*ONE) as w:
        log = Log(w)
        c = w.client()
        c.sign(KEY)
        ok(log.wait(1), "one record")
        old = writers(w)
        os.kill(old[0], signal.SIGKILL)
        ok(wait_for(lambda: not os.path.exists("/proc/%d" % old[0])),
           "it is gone")
        for _ in range(5):
            same(c.sign(KEY).tag, SIGN_OK, "nobody waits for it")
        ok(wait_for(lambda: writers(w) not in ([], old)),
           "another one is started")
        ok(log.wait(6), "and writes all", log.records("sign"))
        same(log.fault(), None, "the chain is whole")
        os.kill(writers(w)[0], signal.SIGTERM)
        c.sign(KEY)
        ok(log.wait(len(log.records("sign"))), "a polite signal is ignored")


# The writer tells the agent what is on the disk when it has been quiet for a
# while; what it did not tell yet comes twice if it is killed.
TOLD_S = 1


def killed_with_records():
    """What the writer had taken and not written is not lost with it."""
    with World(*ONE) as w:
        log = Log(w)
        c = w.client()
        c.sign(KEY)
        ok(log.wait(1), "one record")
        for round_ in range(2):
            ok(wait_for(lambda: len(writers(w)) == 1), "a writer")
            time.sleep(TOLD_S)
            os.kill(writers(w)[0], signal.SIGSTOP)
            same([c.sign(KEY).tag for _ in range(5)], [SIGN_OK] * 5,
                 "five that it takes and does not write")
            os.kill(writers(w)[0], signal.SIGKILL)
            ok(log.wait(6 + 5 * round_), "the next one writes them",
               log.records("sign"))
            same([r["count"] for r in log.records("resent")],
                 [5] * (round_ + 1), "and says so")
        same(len(log.records("sign")), 11, "each once")
        same(log.fault(), None, "the chain is whole")
        os.kill(writers(w)[0], signal.SIGSTOP)
        c.sign(KEY)
        os.kill(writers(w)[0], signal.SIGKILL)
        wait_for(lambda: not writers(w))
        w.agent.stop()
        ok("last records could not be written" in w.agent.text(),
           "without a writer at the end: that is told")


def half_a_line():
    with World(*ONE) as w:
        log = Log(w)
        w.client().sign(KEY)
        log.wait(1)
        w.agent.stop()
        with open(log.path, "ab") as f:
            f.write(b'{"v":1,"seq":4,"prev":"')
        w.folder.agent(module=w.module).client().sign(KEY)
        ok(log.wait(2), "half a line")
        same(log.records("repaired")[0]["cut"], 23, "is cut off, and told")
        same(log.fault(), None, "the chain is whole")


def other_hands():
    with World(*ONE) as w:
        log = Log(w)
        for _ in range(3):
            w.client().sign(KEY)
        log.wait(3)
        w.agent.stop()
        text = open(log.path).read()
        with open(log.path, "w") as f:
            f.write(text[:-20] + '0"}\n')
        w.folder.agent(module=w.module).client().sign(KEY)
        ok(log.wait(1), "a log that is not its own")
        aside = log.records("broken")[0]["aside"]
        ok(os.path.exists(os.path.join(log.folder, aside)),
           "is put aside, and told")
        w.folder.agents[-1].stop()
        with open(log.path, "w") as f:
            f.write("this is no log\n")
        w.folder.agent(module=w.module)
        ok(log.wait(1, "broken"), "so is one that is none")


def a_full_disk():
    with World(*ONE) as w:
        log = Log(w)
        c = w.client()
        c.sign(KEY)
        log.wait(1)
        writer = writers(w)[0]
        size = os.path.getsize(log.path)
        soft, hard = resource.prlimit(writer, resource.RLIMIT_FSIZE)
        # A record fits in part.
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (size + 100, hard))
        for _ in range(20):
            same(c.sign(KEY).tag, SIGN_OK, "the disk takes no more")
        ok(wait_for(lambda: "audit log: NO_SPACE" in w.agent.text()),
           "that is told, by its type", w.agent.text())
        same(w.agent.text().count("audit log:"), 1, "once")
        same(os.path.getsize(log.path), size, "no half record is left")
        same(log.fault(), None, "the chain is whole")
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (soft, hard))
        ok(log.wait(21), "when there is room again all are written")
        same(log.fault(), None, "and the chain is whole")
        ok(wait_for(lambda: "audit log: OK" in w.agent.text()), "is told")


def a_stopped_writer():
    """It stands for a disk that hangs."""
    with World(*ONE, config="[agent]\ndeadline = 30\n") as w:
        log = Log(w)
        c = w.agent.client(program="y" * 1000)
        c.sign(KEY)
        log.wait(1)
        writer = writers(w)[0]
        os.kill(writer, signal.SIGSTOP)
        count = 2000
        good = sum(c.sign(KEY, purpose="x" * 1000).tag == SIGN_OK
                   for _ in range(count))
        same(good, count, "nobody waits for the disk")
        ok("records are being lost" in w.agent.text(),
           "what waits has a limit")
        os.kill(writer, signal.SIGCONT)
        ok(wait_for(lambda: len(log.records("sign")) > 100), "it goes on")
        # The count comes with the next record that finds room.
        ok(wait_for(lambda: c.sign(KEY) and log.records("lost"), 20),
           "what was lost is counted")
        log.wait(count + 1, seconds=1)
        total = len(log.records("sign")) + sum(
            r["count"] for r in log.records("lost"))
        ok(wait_for(lambda: len(log.records("sign")) + sum(
            r["count"] for r in log.records("lost")) > count),
           "every record is there or counted", total)
        same(log.fault(), None, "the chain is whole")


def off():
    with World(*ONE, config="[audit]\nkeep = 0\n") as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "without a log")
        same(writers(w), [], "nobody writes")
        ok(not os.path.exists(Log(w).path), "and nothing is there")


def main():
    what_is_in_it()
    long_claims()
    clients_that_leave()
    eddsa_is_content()
    rotation()
    the_agent_is_killed()
    the_writer_is_killed()
    killed_with_records()
    half_a_line()
    other_hands()
    a_full_disk()
    a_stopped_writer()
    off()
    done()


main()
