"""What storms are made of: clients, steps drawn at random, and what has to
hold in the end. storm.py is one of them, on SoftHSM; tests/card/storm.py
another, with cards."""

import fcntl
import glob
import hashlib
import os
import random
import select
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../wire"))
from sealed import key_ids, recipient  # noqa: E402
from wire import (BUILD, BUSY, CANCEL, CANCELLED, DEVICE, ECDSA_SHA256, LIST,
                  LIST_OK, LOCK, LOCK_OK, MODULE, NO_KEY, NO_PINENTRY,
                  NO_TOKEN, OPEN, OPEN_OK, PIN_FINAL, PIN_LOCKED, PIN_NEEDED,
                  PIN_WRONG, RSA_SHA256, SIGN, SIGN_OK, SOON, STATUS,
                  STATUS_OK, TIMEOUT, TOKEN_REMOVED, UNLOCK, UNLOCK_OK, WORKER,
                  Closed, Folder, children, context, frame_len, integer,
                  is_sanitized, octets, ok, proc_read, same, skip, tlv,
                  wait_for)

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


def read_bytes(path):
    with open(path, "rb") as f:
        return f.read()


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
    """On a token of SoftHSM's and one behind a module with faults."""

    # Names are those of the fixtures' identities; how often each is drawn.
    SIGNERS = ("ar", "ap", "br", "br", "bp", "bx")
    OPENERS = ("ar", "br")
    CURVES = ("ap", "bp")

    def __init__(self, folder):
        self.folder, self.rng = folder, random.Random(SEED)
        self.failures, self.history = [], []
        self.counts = {}
        self.wrong = self.mended = 0
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
        fixtures, modules, env = self.prepare()
        self.agent = folder.agent(
            "--module", os.path.join(BUILD, "tests/fault/.libs/fault.so"),
            *modules, module=plain["FIXTURE_MODULE"], env=env,
            config="[agent]\ndeadline = 3\n[pin]\nprompt-timeout = 5\n")
        self.learn([plain, faulty] + fixtures)
        self.whole = {path: read_bytes(path)
                      for env in (plain, faulty)
                      for path in glob.glob(os.path.join(
                          env["FIXTURE_DIR"], "**/token.object"),
                          recursive=True)}
        same(len(self.whole), 2, "the files of SoftHSM's tokens")
        self.peers = [Peer(self) for _ in range(CLIENTS)]

    def prepare(self):
        """What there is besides, before the agent starts: more fixtures, more
        of its arguments, and its environment."""
        return [], [], {}

    def end(self):
        """Ends what prepare started."""

    def learn(self, fixtures):
        """The right results; RSA's are always the same."""
        c = self.agent.client()
        self.uris = {t.label: t.uri for t in c.list().tokens}
        self.keys, certificates = {}, {}
        for env in fixtures:
            for name, ident in key_ids(env).items():
                self.keys[name] = ident
                certificates[name] = os.path.join(
                    env["FIXTURE_DIR"], "certs/%s.pem" % name)
        self.digest = hashlib.sha256(b"storm").digest()
        self.right, self.opens = {}, {}
        for name in sorted(set(self.SIGNERS)):
            m = c.sign(self.keys[name], digest=self.digest, deadline=30000,
                       algorithm=self.algorithm(name))
            if name not in self.CURVES:
                self.right[name, "sign"] = m.field(4)
            same(m.tag, SIGN_OK, "before the storm: %s signs" % name)
        for name in self.OPENERS:
            self.opens[name] = recipient(certificates[name])
            m = c.call(OPEN, *self.open_fields(name, 30000))
            self.right[name, "open"] = m.field(4)
            same(m.tag, OPEN_OK, "%s opens" % name)
        c.close()

    def algorithm(self, name):
        return ECDSA_SHA256 if name in self.CURVES else RSA_SHA256

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
        name = self.SIGNERS[int(a * len(self.SIGNERS))]
        deadline = int(200 + b * 4000)
        p.post("sign", name, deadline, SIGN, octets(self.keys[name]),
               octets(self.algorithm(name)), octets(self.digest),
               context(deadline=deadline))

    def open(self, p, a, b):
        name = self.OPENERS[int(a * len(self.OPENERS))]
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

    def mend(self):
        """SoftHSM 2.6 writes its token's file anew with each login: first it
        is empty. Who ends the process there ends the token, which no card
        does; so it is put back, and read again. Gives if there was any."""
        cut = []
        for path in self.whole:
            end = time.monotonic() + 0.05
            while os.path.getsize(path) == 0:
                if time.monotonic() > end:
                    cut.append(path)
                    break
                time.sleep(0.005)
        for path in cut:
            with open(path, "r+b") as f:
                f.write(self.whole[path])
            self.mended += 1
        if cut:
            for pid in children(self.agent.pid, "cardseal-token"):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        return bool(cut)

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
        choice = int(a * 8)
        if choice == 0:
            self.wrong += 1
        line = ("pin 9%05d" % self.wrong, "cancel", "hang", "die",
                "delay 0.3 " + right, right, right, right)[choice]
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
        labels = sorted(self.uris)
        label = labels[int(a * len(labels))]
        p.post("unlock", "", deadline, UNLOCK,
               tlv(0x80, self.uris[label].encode()),
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
        self.mend()

    # --- rest

    def rest(self):
        """No more faults; all that waits is answered."""
        self.calm(None, 0, 0)
        self.say("pin " + self.pin)
        end = time.monotonic() + 60
        while (any(p.waiting for p in self.peers) or
               self.mend()) and time.monotonic() < end:
            self.take(0.1)

    def succeeds(self):
        """The next request of each kind, at the first attempt."""
        c = self.agent.client()
        for name in sorted(set(self.SIGNERS)):
            m = c.sign(self.keys[name], digest=self.digest, deadline=30000,
                       algorithm=self.algorithm(name))
            ok(m.tag == SIGN_OK and m.field(4) == self.right.get(
                (name, "sign"), m.field(4)), "after it: %s signs" % name,
               "%r\n%r\n%s" % (m, [(x.name, x.state, x.last_error) for x in
                                  c.status().modules],
                               self.agent.text()[-2000:]))
        for name in self.OPENERS:
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

    def judge_tries(self):
        failed = self.tries()
        ok(all(n == 1 for n in failed.values()) and self.pin not in failed,
           "each PIN typed cost one try at most", failed)

    # --- all of it

    def rage(self):
        """The steps. Gives what the agent held after a quarter of them."""
        before = None
        for i in range(STEPS):
            if i == STEPS // 4:
                self.rest()
                self.succeeds()
                before = self.measure()
            self.step()
            if len(self.failures) >= 20 or not self.agent.is_alive():
                break
        self.rest()
        return before

    def judge(self, before):
        ok(self.agent.is_alive(), "the agent lives", self.agent.text()[-2000:])
        ok(not self.failures, "%d steps: each request ended well" % STEPS,
           "\n".join(self.failures + self.history[-20:]) +
           self.agent.text()[-3000:])
        print("# outcomes: %s; SoftHSM's files put back: %d" % (
            sorted(self.counts.items(), key=str), self.mended))
        ok(self.counts.get("good", 0) > STEPS / 20, "and many with a result",
           self.counts)
        self.succeeds()
        wait_for(lambda: self.measure()[:2] == before[:2], SOON)
        after = self.measure()
        print("# descriptors, processes, KiB: %r, %r before" % (after, before))
        same(after[:2], before[:2], "as many descriptors and processes")
        if is_sanitized():
            skip("memory", "instrumented")
        else:
            ok(after[2] <= before[2] * 1.05, "no more memory",
               "%d KiB, %d KiB before" % (after[2], before[2]))
        self.judge_tries()
        text = self.agent.text()
        ok(self.pin not in text, "no PIN in the log")
        same(self.agent.stop(), 0, "the agent ends well")


def storm(kind):
    """kind: Storm, or a class made of it."""
    with Folder() as folder:
        print("# SEED=%d STEPS=%d" % (SEED, STEPS))
        s = kind(folder)
        try:
            s.judge(s.rage())
        finally:
            s.end()
