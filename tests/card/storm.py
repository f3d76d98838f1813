#!/usr/bin/env python3
"""The storm of tests/fault with PIV cards in it: besides what happens there, the
card is pulled, inserted, another one put in its place; other programs reset it
and try wrong PINs; it hangs; pcscd is killed; the machine goes to sleep.

The card's own counter tells: no more failed tries than wrong PINs that the
person typed or that another program sent."""

import os
import shutil
import subprocess
import sys

os.environ.setdefault("STEPS", "150")  # a card is slow
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../fault")]
from cards import BIN, Cards, find_module, need, write_card  # noqa: E402
from bus import Bus  # noqa: E402
from storming import Storm, storm  # noqa: E402
from wire import SIGN_OK, ok, run, wait_for  # noqa: E402

TRIES = 3
WRONG = "0020008008393939393939ffff"  # VERIFY, a PIN that nobody typed


class CardStorm(Storm):
    SIGNERS = Storm.SIGNERS + ("ca", "ca", "ca", "cc", "cc", "cd")
    OPENERS = Storm.OPENERS + ("cd", "cd")
    CURVES = Storm.CURVES + ("cc",)

    def prepare(self):
        softhsm = self.folder.env["SOFTHSM2_CONF"]
        files = self.folder.fixtures(
            *("--identity name=ca,key=rsa2048,store=file "
              "--identity name=cc,key=p256,store=file "
              "--identity name=cd,key=rsa2048,store=file,usage=both "
              "--identity name=other,key=rsa2048,store=file").split(),
            name="files")
        self.folder.env["SOFTHSM2_CONF"] = softhsm
        self.own = write_card(
            self.folder, files, "own.card", {"9a": "ca", "9c": "cc",
                                             "9d": "cd"},
            "guid 00112233445566778899aabbccddeeff", "pin " + self.pin,
            "pin-tries %d" % TRIES)
        self.others = write_card(
            self.folder, files, "other.card", {"9a": "other"},
            "guid 0102030405060708090a0b0c0d0e0f10", "pin " + self.pin,
            "pin-tries %d" % TRIES)
        self.foreign, self.strangers = 0, []
        self.cards = Cards(self.folder, self.own)
        self.bus = Bus() if shutil.which("dbus-daemon") else None
        return ([files], ["--module", find_module()],
                self.bus.env if self.bus else {})

    def end(self):
        for p in self.strangers:
            p.wait()
        self.cards.__exit__()
        if self.bus:
            self.bus.__exit__()

    # --- steps

    def card(self, *words):
        """Whatever the card is in the middle of."""
        try:
            self.cards.card(*words)
        except RuntimeError:
            pass

    def pull(self, p, a, b):
        when = int(b * 40)
        if a < 0.4:
            self.card("remove")
        elif a < 0.7:
            self.card("pull", when, "skip=%d" % (a * 10))
        else:
            self.card("early", when, "skip=%d" % (a * 10))

    def insert(self, p, a, b):
        if a < 0.2:
            self.card("insert", 0)
        elif self.cards.status()["inserted"] == "0":
            self.card("insert")

    def swap(self, p, a, b):
        self.card("swap", self.others if a < 0.4 else self.own)

    def hang_card(self, p, a, b):
        if a < 0.5:
            self.card("hang", "ins=87")
        else:
            self.card("delay", int(b * 500), "ins=87", "times=2")

    def calm(self, p, a, b):
        super().calm(p, a, b)
        self.card("clear")

    def stranger(self, *words):
        self.strangers = [p for p in self.strangers if p.poll() is None]
        if len(self.strangers) < 3:
            self.strangers.append(subprocess.Popen(
                [os.path.join(BIN, "stranger"), *words], env=self.folder.env,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))

    def foreign_reset(self, p, a, b):
        self.stranger("reset" if a < 0.7 else "unpower")

    def foreign_pin(self, p, a, b):
        """Never so many that the card is locked by them."""
        if self.cards.value("tries") == TRIES:
            self.foreign += 1
            self.stranger("apdu", WRONG)

    def kill_pcscd(self, p, a, b):
        self.cards.launcher("kill")

    def sleep(self, p, a, b):
        if self.bus:
            self.bus.say("sleep")
            self.bus.say("wake")

    STEPS = Storm.STEPS + (
        ("pull", 4), ("insert", 6), ("swap", 2), ("hang_card", 1),
        ("foreign_reset", 3), ("foreign_pin", 2), ("kill_pcscd", 1),
        ("sleep", 1))

    # --- rest

    def rest(self):
        for p in self.strangers:
            p.wait()
        self.card("clear")
        self.card("swap", self.own)
        self.cards.wait("present")
        super().rest()
        # Where the person and other programs left it with fewer tries.
        self.card("set", "tries", TRIES)
        c = self.agent.client()
        ok(wait_for(lambda: c.sign(
            self.keys["ca"], digest=self.digest, deadline=30000,
            algorithm=self.algorithm("ca")).tag == SIGN_OK),
            "the card is seen again", self.agent.text()[-2000:])
        c.close()

    def judge_tries(self):
        super().judge_tries()
        self.card("swap", self.others)
        failed = self.cards.value("verify-failed")
        self.card("swap", self.own)
        failed += self.cards.value("verify-failed")
        print("# the cards count %d failed tries: %d wrong PINs were typed, "
              "%d sent by other programs" % (failed, self.wrong, self.foreign))
        ok(failed <= self.wrong + self.foreign,
           "no try but for what was typed")


def with_cards():
    storm(CardStorm)


need()
run(with_cards)
