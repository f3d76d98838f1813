#!/usr/bin/env python3
"""A storm: clients sign, open, cancel and go, while workers are killed and
stopped, a module fails, hangs and crashes, its token comes and goes, and the
person types wrong PINs or none.

Whatever happens, the agent stays the same process; each request ends by its
deadline with the right result or a typed error; no PIN costs more than one
try; after the last fault the next request succeeds; and nothing piles up.

SEED and STEPS choose the storm; "make storm" runs a long one."""

import fcntl
import hashlib
import os
import random
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../wire"))
from wire import (BUILD, BUSY, CANCEL, CANCELLED, DEVICE, ECDSA_SHA256, LIST,
                  LIST_OK, LOCK, LOCK_OK, MODULE, NO_KEY, NO_PINENTRY,
                  NO_TOKEN, OPEN, OPEN_OK, PIN_FINAL, PIN_LOCKED, PIN_NEEDED,
                  PIN_WRONG, RSA_SHA256, SIGN, SIGN_OK, SOON, STATUS,
                  STATUS_OK, TIMEOUT, TOKEN_REMOVED, UNLOCK, UNLOCK_OK, WORKER,
                  Closed, Folder, children, context, frame_len, integer,
                  is_sanitized, octets, ok, parse, proc_read, run, same, skip,
                  tlv, wait_for)

SEED = int(os.environ.get("SEED", "1"))
STEPS = int(os.environ.get("STEPS", "400"))
CLIENTS = 6
ROOT = os.geteuid() == 0

# What a request may come to when the world is like this.
TYPED = {BUSY, CANCELLED, DEVICE, MODULE, NO_KEY, NO_PINENTRY, NO_TOKEN,
         PIN_FINAL, PIN_LOCKED, PIN_NEEDED, PIN_WRONG, TIMEOUT,
         TOKEN_REMOVED, WORKER}

# Rules of tests/fault/module.c. None of them says that a PIN was wrong.
FAULTS = ("C_Sign 0x30 1", "C_SignInit 0x32 2", "C_Sign 0x5 3",
          "C_DecryptInit 0x30 1", "C_Login 0x5 1", "C_OpenSession 0x30 2",
          "C_GetTokenInfo 0x30 2", "C_GetSlotList 0x5 1",
          "C_FindObjects 0x30 2", "C_Initialize 0x5 2", "hang C_Sign",
          "hang C_Login", "hang C_GetTokenInfo", "hang C_GetSlotList",
          "crash C_Sign", "crash C_Login", "crash C_DecryptInit",
          "delay C_Sign 300", "delay C_Login 300",
          "sizes", "absent", "absent", "absent", "", "", "", "")


def recipient(path):
    """A RecipientInfo and the content's algorithm, made by openssl."""
    der = subprocess.run(
        ["openssl", "cms", "-encrypt", "-aes-256-cbc", "-binary", "-outform",
         "DER", path], input=b"some bytes", stdout=subprocess.PIPE,
        check=True).stdout
    (_, info), = parse(der)
    _, (_, wrapped) = parse(info)
    (_, enveloped), = parse(wrapped)
    fields = [f for f in parse(enveloped) if f[0] != 0xa0]
    infos, content = parse(fields[1][1]), parse(fields[2][1])
    return tlv(*infos[0]), tlv(*content[1])


class Request:
    def __init__(self, what, key, ends):
        self.what, self.key, self.ends = what, key, ends


class Peer:
    """A client, and what it waits for."""

    def __init__(self, storm):
        self.storm = storm
        self.client = storm.agent.client()
        self.waiting = {}

    def post(self, what, key, deadline, tag, *fields):
        ident = self.client.post(tag, *fields)
        self.waiting[ident] = Request(what, key,
                                      time.monotonic() + deadline / 1000)
        return ident

    def take(self):
        """All answers that are there."""
        while (frame_len(self.client.data) or
               select.select([self.client.sock], [], [], 0)[0]):
            self.take_one()

    def take_one(self):
        try:
            m = self.client.read()
        except Closed:
            self.storm.fail("the agent closed a connection")
            self.reset()
            return
        request = self.waiting.pop(m.id, None)
        if request is not None:
            self.storm.answered(request, m)

    def reset(self):
        self.client.close()
        self.__init__(self.storm)


class Storm:
    def __init__(self, folder):
        self.folder, self.rng = folder, random.Random(SEED)
        self.failures, self.history = [], []
        self.counts = {}
        self.wrong = 0
        plain = folder.fixtures(
            "--token", "plain", "--identity", "name=ar,key=rsa2048,usage=both",
            "--identity", "name=ap,key=p256", name="plain")
        faulty = folder.fixtures(
            "--token", "faulty", "--identity",
            "name=br,key=rsa2048,usage=both", "--identity",
            "name=bp,key=p256", "--identity",
            "name=bx,key=rsa2048,always-auth=yes", name="faulty")
        self.pin = plain["FIXTURE_PIN"]
        folder.env.update(
            SOFTHSM2_CONF=plain["SOFTHSM2_CONF"],
            FAULT_CONF=faulty["SOFTHSM2_CONF"],
            FAULT_MODULE=plain["FIXTURE_MODULE"],
            FAULT_SCRIPT=folder.write("rules", ""),
            FAULT_LOGINS=folder.write("logins", ""))
        folder.answers("pin " + self.pin)
        self.agent = folder.agent(
            "--module", os.path.join(BUILD, "tests/fault/.libs/fault.so"),
            module=plain["FIXTURE_MODULE"],
            config="[agent]\ndeadline = 3\n[pin]\nprompt-timeout = 5\n")
        self.learn(plain, faulty)
        self.peers = [Peer(self) for _ in range(CLIENTS)]

    def learn(self, plain, faulty):
        """The right results; RSA's are always the same."""
        c = self.agent.client()
        self.keys = {k.label: k.id for k in c.list().keys}
        self.digest = hashlib.sha256(b"storm").digest()
        self.right, self.opens = {}, {}
        for name in ("ar", "br", "bx"):
            m = c.sign(self.keys[name], digest=self.digest,
                       algorithm=RSA_SHA256)
            self.right[name, "sign"] = m.field(4)
            same(m.tag, SIGN_OK, "before the storm: %s signs" % name)
        for name, env in (("ar", plain), ("br", faulty)):
            self.opens[name] = recipient(os.path.join(
                env["FIXTURE_DIR"], "certs/%s.pem" % name))
            m = c.call(OPEN, *self.open_fields(name, 30000))
            self.right[name, "open"] = m.field(4)
            same(m.tag, OPEN_OK, "%s opens" % name)
        c.close()

    def open_fields(self, name, deadline):
        info, algorithm = self.opens[name]
        return (octets(self.keys[name]), octets(info), integer(0),
                octets(algorithm), context(deadline=deadline))

    def fail(self, text):
        if len(self.failures) < 20:
            self.failures.append("step %d: %s" % (len(self.history), text))

    # --- answers

    def answered(self, request, m):
        late = time.monotonic() - request.ends
        if late > SOON:
            self.fail("%s was %.1f s late" % (request.what, late))
        outcome = m.code if m.code else "good"
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if m.code:
            if m.code not in TYPED:
                self.fail("%s: %r" % (request.what, m))
            return
        expected = {"sign": SIGN_OK, "open": OPEN_OK, "list": LIST_OK,
                    "lock": LOCK_OK, "unlock": UNLOCK_OK,
                    "status": STATUS_OK}[request.what]
        if m.tag != expected:
            self.fail("%s: %r" % (request.what, m))
        right = self.right.get((request.key, request.what))
        if right is not None and m.field(4) != right:
            self.fail("%s with %s: a wrong result" % (request.what,
                                                      request.key))
        if request.what == "status" and (
                m.fields[1][1] != integer(self.agent.pid)[2:]):
            self.fail("another agent answers")

    def take(self, seconds):
        end = time.monotonic() + seconds
        while True:
            socks = [p.client.sock for p in self.peers]
            left = end - time.monotonic()
            ready = select.select(socks, [], [], max(0, left))[0]
            for p in self.peers:
                if p.client.sock in ready:
                    p.take()
            if left <= 0:
                break
        now = time.monotonic()
        for p in self.peers:
            for ident, r in list(p.waiting.items()):
                if now > r.ends + SOON:
                    self.fail("%s has no answer" % r.what)
                    del p.waiting[ident]

    # --- steps; each draws the same number of random values whatever the
    # world is like, so that a seed is one storm

    def sign(self, p, a, b):
        name = ("ar", "ap", "br", "br", "bp", "bx")[int(a * 6)]
        deadline = int(200 + b * 4000)
        p.post("sign", name, deadline, SIGN, octets(self.keys[name]),
               octets(ECDSA_SHA256 if name in ("ap", "bp") else RSA_SHA256),
               octets(self.digest), context(deadline=deadline))

    def open(self, p, a, b):
        name = ("ar", "br")[int(a * 2)]
        deadline = int(200 + b * 4000)
        p.post("open", name, deadline, OPEN,
               *self.open_fields(name, deadline))

    def cancel(self, p, a, b):
        if p.waiting:
            ids = sorted(p.waiting)
            p.client.post(CANCEL, integer(ids[int(a * len(ids))]))

    def leave(self, p, a, b):
        p.reset()

    def kill(self, p, a, b):
        self.signal(signal.SIGKILL, a)

    def stop(self, p, a, b):
        self.signal(signal.SIGSTOP, a)

    def signal(self, sig, a):
        pids = children(self.agent.pid, "cardseal-token")
        if pids:
            try:
                os.kill(pids[int(a * len(pids))], sig)
            except ProcessLookupError:
                pass

    def fault(self, p, a, b):
        self.rule(FAULTS[int(a * len(FAULTS))])

    def calm(self, p, a, b):
        self.rule("")

    def rule(self, text):
        self.folder.write("rules.new", text + "\n")
        os.rename(self.folder.file("rules.new"), self.folder.file("rules"))

    def person(self, p, a, b):
        """What is typed at the next prompts."""
        right = "pin " + self.pin
        self.wrong += 1
        line = ("pin wrong-%d" % self.wrong, "cancel", "hang", "die",
                "delay 0.3 " + right, right, right, right)[int(a * 8)]
        # At most one wrong PIN at a time, each of them only once.
        self.say(line, right)

    def say(self, *lines):
        """fake-pinentry holds the same lock while it reads."""
        with open(self.folder.file("pinentry.d/lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.folder.answers(*lines)

    def lock(self, p, a, b):
        p.post("lock", "", 3000, LOCK, context(tag=0xa1, deadline=3000))

    def unlock(self, p, a, b):
        deadline = int(500 + b * 3000)
        label = ("plain", "faulty")[int(a * 2)]
        p.post("unlock", "", deadline, UNLOCK,
               tlv(0x80, self.uris.get(label, "pkcs11:token=x").encode()),
               context(tag=0xa1, deadline=deadline))

    def list(self, p, a, b):
        p.post("list", "", 3000, LIST, context(tag=0xa2, deadline=3000))

    def status(self, p, a, b):
        p.post("status", "", 3000, STATUS)

    STEPS = (("sign", 34), ("open", 10), ("cancel", 6), ("leave", 3),
             ("kill", 4), ("stop", 1), ("fault", 7), ("calm", 9),
             ("person", 8), ("lock", 3), ("unlock", 4), ("list", 5),
             ("status", 4))

    def step(self):
        names, weights = zip(*self.STEPS)
        name = self.rng.choices(names, weights)[0]
        p = self.peers[self.rng.randrange(CLIENTS)]
        a, b, pause = (self.rng.random() for _ in range(3))
        self.history.append("%s %.3f %.3f" % (name, a, b))
        try:
            getattr(self, name)(p, a, b)
        except (BrokenPipeError, ConnectionResetError):
            self.fail("the agent closed a connection")
            p.reset()
        self.take(pause * pause * 0.08)

    # --- rest

    def rest(self):
        """No more faults; all that waits is answered."""
        self.calm(None, 0, 0)
        self.say("pin " + self.pin)
        end = time.monotonic() + 60
        while any(p.waiting for p in self.peers) and time.monotonic() < end:
            self.take(0.1)

    def succeeds(self):
        """The next request of each kind, at the first attempt."""
        c = self.agent.client()
        for name in ("ar", "ap", "br", "bp", "bx"):
            m = c.sign(self.keys[name], digest=self.digest, deadline=30000,
                       algorithm=ECDSA_SHA256 if name in ("ap", "bp")
                       else RSA_SHA256)
            ok(m.tag == SIGN_OK and m.field(4) == self.right.get(
                (name, "sign"), m.field(4)), "after it: %s signs" % name,
               "%r\n%r\n%s" % (m, [(x.name, x.state, x.last_error) for x in
                                  c.status().modules],
                               self.agent.text()[-2000:]))
        for name in ("ar", "br"):
            m = c.call(OPEN, *self.open_fields(name, 30000))
            same(m.field(4), self.right[name, "open"], "%s opens" % name)
        c.close()

    def measure(self):
        """(descriptors, processes, KiB) at rest."""
        for p in self.peers:
            p.reset()
        c = self.agent.client()
        wait_for(lambda: all(m.state == 1 for m in c.status().modules))
        wait_for(lambda: c.status().clients == CLIENTS + 1)
        # The starter and the dialogues have the agent's own command line.
        wait_for(lambda: not children(self.agent.pid, "fake-pinentry") and
                 not children(self.agent.pid, "sleep"))
        files = len(os.listdir("/proc/%d/fd" % self.agent.pid)) if ROOT else 0
        rss = [int(x.split()[1]) for x in proc_read(
            self.agent.pid, "status").decode().splitlines()
               if x.startswith("VmRSS:")][0]
        c.close()
        return files, len(children(self.agent.pid)), rss

    def tries(self):
        """Failed tries at the token, by PIN."""
        failed = {}
        with open(self.folder.file("logins")) as f:
            for line in f:
                pin, code = line.rsplit(" ", 1)
                # CKR_OK, CKR_USER_ALREADY_LOGGED_IN
                if int(code, 16) not in (0, 0x100):
                    failed[pin] = failed.get(pin, 0) + 1
        return failed


def storm():
    with Folder() as folder:
        s = Storm(folder)
        c = s.agent.client()
        s.uris = {t.label: t.uri for t in c.list().tokens}
        c.close()
        print("# SEED=%d STEPS=%d" % (SEED, STEPS))
        before = None
        for i in range(STEPS):
            if i == STEPS // 4:
                s.rest()
                s.succeeds()
                before = s.measure()
            s.step()
            if len(s.failures) >= 20 or not s.agent.is_alive():
                break
        s.rest()
        ok(s.agent.is_alive(), "the agent lives", s.agent.text()[-2000:])
        ok(not s.failures, "%d steps: each request ended well" % STEPS,
           "\n".join(s.failures + s.history[-20:]) + s.agent.text()[-3000:])
        print("# outcomes: %s" % sorted(s.counts.items(), key=str))
        ok(s.counts.get("good", 0) > STEPS / 20, "and many with a result",
           s.counts)
        s.succeeds()
        wait_for(lambda: s.measure()[:2] == before[:2], SOON)
        after = s.measure()
        same(after[:2], before[:2], "as many descriptors and processes")
        if is_sanitized():
            skip("memory", "instrumented")
        else:
            ok(after[2] <= before[2] * 1.05, "no more memory",
               "%d KiB, %d KiB before" % (after[2], before[2]))
        failed = s.tries()
        ok(all(n == 1 for n in failed.values()) and s.pin not in failed,
           "each PIN typed cost one try at most", failed)
        text = s.agent.text()
        ok(s.pin not in text, "no PIN in the log")
        same(s.agent.stop(), 0, "the agent ends well")


run(storm)
