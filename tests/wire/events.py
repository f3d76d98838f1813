#!/usr/bin/env python3
"""Events: what listeners are told of keys, and when to touch a token."""

from wire import (EVENT, EVENTS, SIGN_OK, ok, run, same, tlv, wait_for)
from world import KEY, KEY2, ONE, World

INSERTED, REMOVED, UNLOCKED, LOCKED, USED, RESTARTED, TOUCH = range(7)


class Listener:
    """Events of these kinds."""

    def __init__(self, world, *kinds):
        bits = sum(0x80 >> k for k in kinds)
        self.client = world.client()
        # So that the token is no news.
        self.client.list()
        self.ident = self.client.post(EVENTS, tlv(3, bytes([1, bits])))
        self.client.status()

    def next(self):
        m = self.client.read()
        assert (m.id, m.tag) == (self.ident, EVENT), m
        kind = m.fields[0][1][0]
        return (kind, m.field(0x80).decode(), m.field(0x81),
                m.field(0x82).decode())


def keys():
    with World(*ONE, "key 0 always") as w:
        events = Listener(w, USED)
        c = w.client()
        for key, what in ((KEY, "a key"), (KEY2, "one that wants its PIN")):
            same(c.sign(key).tag, SIGN_OK, "a signature")
            same(events.next()[:3],
                 (USED, "pkcs11:serial=0123;token=PIV", key), what)


def touch():
    for always in ("", " always"):
        with World("token PIV 0123", "key 0" + always,
                   "on SIGN %d delay 2500" % (2 if not always else 1)) as w:
            events = Listener(w, TOUCH)
            c = w.client()
            if not always:
                same(c.sign(KEY).tag, SIGN_OK, "a quick signature")
            same(c.sign(KEY).tag, SIGN_OK, "a slow one")
            kind, token, key, text = events.next()
            same((kind, key), (TOUCH, KEY), "the person is told, once")
            ok("touched" in text and "PIV" in token, "of what", text)


def pinpad():
    with World(*ONE, "pinpad") as w:
        events = Listener(w, TOUCH, UNLOCKED)
        same(w.client().sign(KEY).tag, SIGN_OK, "a pinpad")
        kind, _, _, text = events.next()
        same(kind, TOUCH, "the person is told to look at it")
        ok("reader" in text, "where", text)
        same(events.next()[0], UNLOCKED, "and that it is unlocked")


def lock():
    with World(*ONE) as w:
        events = Listener(w, UNLOCKED, LOCKED)
        c = w.client()
        c.sign(KEY)
        c.lock()
        same([events.next()[0] for _ in range(2)], [UNLOCKED, LOCKED],
             "unlocked, locked")
        ok(wait_for(w.agent.is_alive), "it lives")


run(keys, touch, pinpad, lock)
