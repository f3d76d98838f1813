#!/usr/bin/env python3
"""Deaths at bad moments: workers under load and all at once, clients that go
while their prompt comes up, the agent itself. What is lost is what was in
flight, and no process or descriptor stays behind."""

import os
import random
import signal
import threading
import time

from wire import (CANCEL, LOCK, MODULE, NO_KEY, PATIENCE, SIGN_OK, SOON,
                  TIMEOUT, VALGRIND, WORKER, Closed, World, children, context,
                  integer, is_running, ok, run, same, wait_for)

KEY = bytes([0, 1]) + bytes(30)
KILLS = 40
READY = 1  # agent.asn, Module's state
SEED = 7


class Target(World):
    def descriptors(self):
        """Of the agent; others than root may not look, and see 0."""
        if os.geteuid() != 0:
            return 0
        return len(os.listdir("/proc/%d/fd" % self.agent.pid))

    def workers(self):
        """The processes of all workers that run."""
        return children(self.agent.pid, "cardseal-token")


class Load(threading.Thread):
    """A client that signs all the time."""

    def __init__(self, agent, deadline):
        super().__init__()
        self.client = agent.client()
        self.deadline = deadline
        self.ends = False
        self.codes, self.longest = [], 0

    def run(self):
        while not self.ends:
            begin = time.monotonic()
            try:
                m = self.client.sign(KEY, deadline=self.deadline)
            except (Closed, OSError) as e:
                self.codes.append(repr(e))
                return
            self.longest = max(self.longest, time.monotonic() - begin)
            self.codes.append(0 if m.tag == SIGN_OK else m.code)


def under_load(what, sig, kills, *script, deadline=3000, **agent):
    rng = random.Random(SEED)
    with Target(*script, **agent) as w:
        first = w.agent.client()
        same(first.sign(KEY).tag, SIGN_OK, what + ": it works")
        before = w.descriptors()
        load = [Load(w.agent, deadline) for _ in range(3)]
        for t in load:
            t.start()
        hits = 0
        for _ in range(kills):
            wait_for(w.workers)
            # A start takes so long with valgrind that each kill would hit
            # one, and the agent soon leave the module alone.
            if VALGRIND:
                wait_for(lambda: first.status().modules[0].state == READY)
            time.sleep(rng.uniform(0.02, 0.25))
            for pid in w.workers()[:1]:
                os.kill(pid, sig)
                hits += 1
                if sig == signal.SIGSTOP:
                    wait_for(lambda p=pid: not is_running(p))
        time.sleep(0.5)
        for t in load:
            t.ends = True
        for t in load:
            t.join(PATIENCE)
            t.client.close()
        codes = [c for t in load for c in t.codes]
        bad = [c for c in codes if c != 0]
        print("# %s: %d kills, %d lost of %d" % (what, hits, len(bad),
                                                 len(codes)))
        ok(hits >= kills / 2 and len(bad) <= hits,
           "%s: at most one request each" % what, repr(bad)[:400])
        ok(set(bad) <= {WORKER, TIMEOUT}, what + ": typed", set(bad))
        longest = max(t.longest for t in load)
        ok(longest < deadline / 1000 + SOON, what + ": by the deadline",
           longest)
        same(first.sign(KEY).tag, SIGN_OK, what + ": it works again")
        ok(wait_for(lambda: w.descriptors() <= before),
           what + ": descriptors", "%d, %d before" % (w.descriptors(), before))
        same(first.status().pid, w.agent.pid, what + ": the same agent")


def while_checked():
    """The token was only asked for its flags; that can be asked again."""
    with Target("token a 1", "key 0", "on INFO 1 crash") as w:
        clients = [w.agent.client() for _ in range(3)]
        ids = [c.post_sign(KEY) for c in clients]
        same([c.wait(i).tag for c, i in zip(clients, ids)], [SIGN_OK] * 3,
             "a worker that dies before a PIN was there costs nothing")
    with Target("token a 1", "key 0", "on INFO 0 crash") as w:
        c = w.agent.client()
        same(c.sign(KEY).code, WORKER, "but not for ever")


def all_at_once():
    with Target("token a 1", "key 0", "pin none", "on SIGN 0 delay 20",
               args=("--workers", "4")) as w:
        clients = [w.agent.client() for _ in range(6)]
        codes = set()
        for _ in range(12):
            for c in clients * 4:
                c.post_sign(KEY, deadline=4000)
            wait_for(w.workers, 2)
            time.sleep(0.03)
            for pid in w.workers():
                os.kill(pid, signal.SIGKILL)
            codes |= {c.read().code for c in clients * 4}
        ok(w.agent.is_alive(), "all workers killed at once, again and again")
        ok(codes <= {0, WORKER, TIMEOUT, MODULE, NO_KEY}, "typed", codes)
        ok(wait_for(lambda: clients[0].sign(KEY).tag == SIGN_OK),
           "and it signs again")


def cancelled_at_once():
    """A prompt's process may come after nobody wants it any more."""
    with Target("token a 1", "key 0") as w:
        w.folder.answers("hang")
        c = w.agent.client()
        c.status()
        wait_for(lambda: w.workers())
        steady = set(children(w.agent.pid))
        for i in range(20):
            for pause in (0, 0.002 * i):
                ident = c.post_sign(KEY)
                time.sleep(pause)
                c.call(CANCEL, integer(ident))
        ok(wait_for(lambda: set(children(w.agent.pid)) <= steady),
           "prompts cancelled at once leave no process",
           set(children(w.agent.pid)) - steady)


def agent_killed():
    with Target("token a 1", "key 0") as w:
        w.folder.answers("hang")
        c = w.agent.client()
        c.post_sign(KEY)
        wait_for(lambda: w.folder.pinentry_log("GETPIN"))
        below = children(w.agent.pid)
        ok(len(below) >= 4, "starter, worker, dialogue, pinentry", below)
        w.agent.process.kill()
        w.agent.process.wait()
        ok(wait_for(lambda: not any(is_running(p) for p in below)),
           "SIGKILL of the agent ends them all",
           [p for p in below if is_running(p)])


def ended_while_it_locks():
    """With the sanitizers: nothing is left behind."""
    with Target("token a 1", "key 0", "on LOGOUT 1 hang") as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a login")
        c.post(LOCK, context(tag=0xa1))
        ok(wait_for(lambda: w.log("LOGOUT")), "a lock that hangs")
        same(w.agent.stop(), 0, "the agent ends well meanwhile")


def longest_time():
    """cache-max counts from the typing, whatever logs in again."""
    with Target("token a 1", "key 0",
               config="[pin]\ncache-ttl = 60\ncache-max = 2\n") as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a PIN is typed")
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            for pid in w.workers():
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: c.status().modules[0].state == 1)
            c.sign(KEY)
            time.sleep(0.7)
        ok(wait_for(lambda: c.sign(KEY).tag == SIGN_OK),
           "a signature after cache-max")
        ok(len(w.folder.pinentry_log("GETPIN")) >= 2,
           "new logins do not prolong the PIN's life",
           w.folder.pinentry_log("GETPIN"))


def killed_under_load():
    under_load("SIGKILL", signal.SIGKILL, KILLS, "token a 1", "key 0",
               "pin none")


def killed_with_pin():
    under_load("SIGKILL with PIN", signal.SIGKILL, KILLS, "token a 1",
               "key 0")


def stopped_under_load():
    under_load("SIGSTOP", signal.SIGSTOP, 3, "token a 1", "key 0", "pin none",
               deadline=6000, config="[agent]\ndeadline = 1\n")


run(while_checked, cancelled_at_once, agent_killed, ended_while_it_locks,
    longest_time, killed_under_load, killed_with_pin, stopped_under_load,
    all_at_once)
