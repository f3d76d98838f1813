#!/usr/bin/env python3
"""A card that is pulled while it signs or opens, at one command or another of
the card's, before it, at its end, or in the middle, with ATRs of three kinds.

The request ends by its deadline with the right result or a typed error;
meanwhile other clients are answered, also with signatures of another token;
once the card is in again the next request works; no PIN is tried and failed.

MOMENTS says how many of each kind of ATR ("make removals": 50), SEED which."""

import os
import random
import select
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cards import Cards, find_module, need, write_card  # noqa: E402
from sealed import key_ids, recipient  # noqa: E402
from wire import (DEVICE, ECDSA_SHA256, NO_KEY, NO_TOKEN, OPEN,  # noqa: E402
                  OPEN_OK, PIN_NEEDED, RSA_SHA256, SIGN, SIGN_OK, SOON,
                  STATUS, TIMEOUT, TOKEN_REMOVED, WORKER, Folder, context,
                  frame_len, integer, octets, ok, run, same, wait_for)

MOMENTS = int(os.environ.get("MOMENTS", "2"))
SEED = int(os.environ.get("SEED", "1"))
ATRS = ("piv", "generic", "pivkey")
TYPED = {DEVICE, NO_KEY, NO_TOKEN, PIN_NEEDED, TIMEOUT, TOKEN_REMOVED, WORKER}
DEADLINE_MS = 5000
ANSWERED_MS = 100  # others, meanwhile
DIGEST = bytes(range(32))


class Stage:
    """An agent with a card and a token of SoftHSM's."""

    def __init__(self, folder):
        soft = folder.fixtures("--token", "soft", "--identity",
                               "name=soft,key=p256", name="soft")
        files = folder.fixtures(
            "--identity", "name=a,key=rsa2048,store=file", "--identity",
            "name=d,key=rsa2048,store=file,usage=both", name="files")
        folder.env["SOFTHSM2_CONF"] = soft["SOFTHSM2_CONF"]
        card = write_card(folder, files, "alice.card", {"9a": "a", "9d": "d"},
                          "guid 00112233445566778899aabbccddeeff",
                          "pin 123456")
        self.ids = {**key_ids(soft), **key_ids(files)}
        self.sealed = recipient(os.path.join(files["FIXTURE_DIR"],
                                             "certs/d.pem"))
        self.cards = Cards(folder, card)
        folder.answers("pin 123456")
        self.agent = folder.agent("--module", find_module(),
                                  module=soft["FIXTURE_MODULE"])
        self.client, self.other = self.agent.client(), self.agent.client()
        self.right = {}
        self.latencies = {}
        # Its PIN is asked for once, before anything is measured.
        self.other.sign(self.ids["soft"], digest=DIGEST,
                        algorithm=ECDSA_SHA256)

    def fields(self, what):
        if what == "sign":
            return SIGN, (octets(self.ids["a"]), octets(RSA_SHA256),
                          octets(DIGEST), context(deadline=DEADLINE_MS))
        info, algorithm = self.sealed
        return OPEN, (octets(self.ids["d"]), octets(info), integer(0),
                      octets(algorithm), context(deadline=DEADLINE_MS))

    def post(self, what):
        tag, fields = self.fields(what)
        return self.client.post(tag, *fields)

    def call(self, what):
        return self.client.wait(self.post(what))

    def lock(self):
        """The card; the other token stays unlocked."""
        for token in self.client.list().tokens:
            if token.label != "soft":
                self.client.lock(token.uri)

    def is_right(self, what, m):
        return (m.tag == {"sign": SIGN_OK, "open": OPEN_OK}[what] and
                m.field(4) == self.right.get(what, m.field(4)))

    def works(self, what):
        """Now, or as soon as the agent has seen the card."""
        return wait_for(lambda: self.is_right(what, self.call(what)))

    def ask(self, when):
        """The other client: a status and a signature of another token."""
        begin = time.monotonic()
        m = self.other.call(STATUS)
        answered = time.monotonic()
        m = self.other.sign(self.ids["soft"], digest=DIGEST,
                            algorithm=ECDSA_SHA256)
        signed = time.monotonic()
        for what, ms in (("status", answered - begin),
                         ("a signature", signed - answered)):
            self.latencies.setdefault((what, when), []).append(ms * 1000)
        return m.tag == SIGN_OK

    def has_answer(self):
        return (frame_len(self.client.data) or
                select.select([self.client.sock], [], [], 0)[0])

    def removal(self, what, rule):
        """One moment. Gives what came of it, and complaints."""
        bad, asked = [], 0
        begin = time.monotonic()
        self.cards.card(*rule)
        ident = self.post(what)
        while not self.has_answer():
            if not self.ask("meanwhile"):
                bad.append("another token does not sign")
            time.sleep(0.005)
            asked += 1
        m = self.client.wait(ident)
        took = time.monotonic() - begin
        if took > DEADLINE_MS / 1000 + SOON:
            bad.append("ended after %.1f s" % took)
        if m.code not in TYPED and not self.is_right(what, m):
            bad.append("came to %r" % m)
        self.cards.card("clear")
        # A pull that has begun still comes.
        time.sleep(0.2)
        was_pulled = self.cards.status()["inserted"] == "0"
        if was_pulled:
            self.cards.wait("absent")
            self.cards.card("insert")
            self.cards.wait("present")
        if not self.works(what):
            bad.append("does not work after it: %r\n%s" % (
                self.call(what), self.agent.text()[-1500:]))
        for _ in range(asked):
            self.ask("at rest")
            time.sleep(0.005)
        outcome = (m.code or "good") if was_pulled else "not reached"
        return outcome, bad


def moment(rng, length):
    """A rule of the card's (rule.h)."""
    skip = "skip=%d" % rng.randrange(length)
    ms = rng.choice((0, 0, 5, 20, 60))
    return (rng.choice(("pull", "early")), ms, skip, "times=1")


def commands(stage, what, is_cold):
    """How many the card gets for one, in a worker that is ready (cold: that
    has to start and to log in)."""
    if is_cold:
        stage.lock()
    before = stage.cards.value("apdus")
    stage.call(what)
    return max(1, stage.cards.value("apdus") - before)


def with_atr(stage, atr, rng):
    stage.cards.card("set", "atr", atr)
    stage.cards.card("remove")
    stage.cards.wait("absent")
    stage.cards.card("insert")
    stage.cards.wait("present")
    outcomes, complaints, lengths = {}, [], {}
    for what in ("sign", "open"):
        ok(stage.works(what), "%s: %s works" % (atr, what),
           stage.agent.text()[-2000:])
        stage.right.setdefault(what, stage.call(what).field(4))
        for is_cold in (False, True):
            lengths[what, is_cold] = commands(stage, what, is_cold)
    for i in range(MOMENTS):
        what, is_cold = ("sign", "open")[i % 2], i % 6 > 3
        rule = moment(rng, lengths[what, is_cold])
        if is_cold:
            stage.lock()
        outcome, bad = stage.removal(what, rule)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        complaints += ["%s, %r: %s" % (what, rule, b) for b in bad]
    print("# %s: commands %s, outcomes %s" % (
        atr, sorted(lengths.items()), sorted(outcomes.items(), key=str)))
    ok(not complaints, "%s: %d removals" % (atr, MOMENTS),
       "\n".join(complaints[:10]))


def tell(latencies):
    """Beside what the same machine needs when nothing is pulled. Not judged but
    for the sake of a hang: 100 ms are for a machine with nothing else to do."""
    for (what, when), ms in sorted(latencies.items()):
        ms.sort()
        late = sum(1 for x in ms if x > ANSWERED_MS)
        print("# others, %s %s: %d answers, median %.1f ms, 99 in 100 within "
              "%.1f ms, longest %.1f ms, %d over %d ms" %
              (what, when, len(ms), statistics.median(ms),
               ms[len(ms) * 99 // 100], ms[-1], late, ANSWERED_MS))
    ok(max(ms[-1] for ms in latencies.values()) < SOON * 1000,
       "others are answered meanwhile")


def removals():
    print("# MOMENTS=%d SEED=%d" % (MOMENTS, SEED))
    with Folder() as folder:
        stage = Stage(folder)
        rng = random.Random(SEED)
        with stage.cards:
            for atr in ATRS:
                with_atr(stage, atr, rng)
            tell(stage.latencies)
            same(stage.cards.value("verify-failed"), 0, "no wrong PIN")
            ok(stage.agent.is_alive(), "the agent lives")
            same(stage.agent.stop(), 0, "and ends well")


need()
run(removals)
