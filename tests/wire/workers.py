#!/usr/bin/env python3
"""Workers that die, stop, hang, lie or do not start: it costs at most the
request in flight, which ends with a typed error by its deadline."""

import os
import signal
import time

from wire import (DEVICE, EVENT, EVENTS, NO_KEY, SIGN_OK, STATUS, STATUS_OK,
                  TIMEOUT, WORKER, Folder, is_running, ok, run, same, tlv,
                  wait_for)

KEY = bytes([0, 1]) + bytes(30)
OPEN = ("token a 1", "key 0", "pin none")


class World:
    def __init__(self, *script, args=(), **agent):
        self.folder = Folder()
        self.module = self.folder.use_fake(*script)
        self.folder.answers("pin 1234")
        self.agent = self.folder.agent(*args, module=self.module, **agent)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.folder.__exit__(*exc)

    def script(self, *lines):
        self.folder.write("script", "".join(x + "\n" for x in lines))

    def log(self, word):
        return [x for x in self.folder.fake_log() if x.startswith(word)]

    def worker(self):
        """Its pid, as soon as one is there."""
        c = self.agent.client()
        wait_for(lambda: c.status().modules[0].state == 1)
        pid = c.status().modules[0].pid
        c.close()
        return pid


def killed():
    with World(*OPEN, "on SIGN 1 delay 3000") as w:
        c = w.agent.client()
        pid = w.worker()
        ident = c.post_sign(KEY, deadline=10000)
        wait_for(lambda: w.log("SIGN"))
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        m = c.wait(ident)
        same(m.code, WORKER, "SIGKILL in flight")
        ok(time.monotonic() - begin < 1, "is told at once")
        same(c.sign(KEY).tag, SIGN_OK, "the next request is served")
        ok(w.worker() != pid, "by another worker")
        module = c.status().modules[0]
        same(module.restarts, 1, "one restart is counted")
        ok("ended" in module.last_error, "and told", module.last_error)
    with World(*OPEN) as w:
        c = w.agent.client()
        c.sign(KEY)
        for _ in range(3):
            pid = w.worker()
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not is_running(pid))
            same(c.sign(KEY, deadline=5000).tag, SIGN_OK,
                 "SIGKILL between requests costs none")


def stopped():
    with World(*OPEN, "on SIGN 1 stop") as w:
        c = w.agent.client()
        pid = w.worker()
        begin = time.monotonic()
        m = c.sign(KEY, deadline=1500)
        took = time.monotonic() - begin
        ok(m.code in (TIMEOUT, WORKER), "SIGSTOP in flight", m)
        ok(took < 2, "ends by its deadline", "%.1f s" % took)
        same(c.sign(KEY, deadline=3000).tag, SIGN_OK,
             "the next request is served")
        ok(wait_for(lambda: not is_running(pid)), "the stopped one is gone")
    with World(*OPEN) as w:
        c = w.agent.client()
        c.sign(KEY)
        pid = w.worker()
        os.kill(pid, signal.SIGSTOP)
        ids = [c.post_sign(KEY), c.post_sign(KEY, deadline=6000)]
        same(c.wait(ids[0]).code, WORKER, "stopped while idle")
        same(c.wait(ids[1]).tag, SIGN_OK,
             "costs the request in flight, not the one behind it")


    with World(*OPEN, "on START 2 stop") as w:
        c = w.agent.client()
        c.sign(KEY)
        pid = w.worker()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not is_running(pid))
        same(c.sign(KEY, deadline=6000).tag, SIGN_OK, "stopped at its start")


def short_deadline():
    """A short deadline ends its request, not at once the worker."""
    with World(*OPEN, "on SIGN 1 delay 600") as w:
        c = w.agent.client()
        pid = w.worker()
        begin = time.monotonic()
        same(c.sign(KEY, deadline=200).code, TIMEOUT, "a deadline of 200 ms")
        ok(time.monotonic() - begin < 0.5, "holds")
        same(c.sign(KEY).tag, SIGN_OK, "the next is served")
        same(w.worker(), pid, "by the same worker")


def faults():
    for action, code in (("crash", WORKER), ("close", WORKER),
                         ("garbage", WORKER), ("wrong-id", WORKER),
                         ("wrong-type", WORKER), ("error 101", DEVICE),
                         ("error 60", NO_KEY), ("error 9999", 9999)):
        with World(*OPEN, "on SIGN 1 " + action) as w:
            c = w.agent.client()
            same(c.sign(KEY).code, code, "a worker's " + action)
            same(c.sign(KEY, deadline=8000).tag, SIGN_OK,
                 "after it, a signature")
    with World(*OPEN, "on SIGN 1 hang",
               config="[agent]\ndeadline = 1\n") as w:
        c = w.agent.client()
        same(c.sign(KEY).code, TIMEOUT, "a hang, and the agent's deadline")
        same(c.sign(KEY).tag, SIGN_OK, "after it, a signature")


def no_start():
    with World(*OPEN, "on START 0 error 103") as w:
        c = w.agent.client()
        begin = time.monotonic()
        same(c.sign(KEY).code, NO_KEY, "a module that cannot be loaded")
        ok(time.monotonic() - begin < 5, "is told soon")
        module = c.status().modules[0]
        same(module.state, 2, "status: it failed")
        ok(module.last_error != "", "and why", module.last_error)
    with World(*OPEN, "on START 0 crash") as w:
        c = w.agent.client()
        same(c.sign(KEY).code, NO_KEY, "a module that crashes")
        n = len(w.log("START"))
        time.sleep(1)
        ok(len(w.log("START")) - n <= 3, "is not started over and over",
           len(w.log("START")))
        w.script(*OPEN)
        time.sleep(1.1)
        same(c.sign(KEY).tag, SIGN_OK, "but once more for who needs it")
    folder = Folder()
    with folder:
        os.unlink(folder.file("libexec/cardseal-token"))
        agent = folder.agent(module="/nowhere/module.so")
        c = agent.client()
        same(c.sign(KEY).code, NO_KEY, "no cardseal-token at all")
        same(c.status().modules[0].state, 2, "status says so")
        same(agent.stop(), 0, "the agent ends well")


def slow_start():
    """A module that never comes up holds up nobody for long."""
    with World(*OPEN, "on START 0 hang") as w:
        c, other = w.agent.client(), w.agent.client()
        begin = time.monotonic()
        ident = c.post(3)
        same(other.call(STATUS).tag, STATUS_OK, "status meanwhile")
        ok(time.monotonic() - begin < 1, "at once")
        c.wait(ident)
        ok(time.monotonic() - begin < 8, "a list comes without it",
           time.monotonic() - begin)


def two_modules():
    """The trouble of one is not the other's."""
    folder = Folder()
    with folder:
        good = folder.use_fake(*OPEN)
        bad = folder.write("bad", "token b 2\nkey 0\npin none\n"
                           "on PROBE 2 hang\n")
        agent = folder.agent("--module", bad, module=good)
        c = agent.client()
        same(len(c.list().tokens), 2, "two modules")
        time.sleep(2.1)
        slow = agent.client()
        slow.post(3)
        wait_for(lambda: len([x for x in folder.fake_log("bad")
                              if x.startswith("PROBE")]) == 2)
        begin = time.monotonic()
        same(c.sign(KEY).tag, SIGN_OK, "one hangs, the other signs")
        ok(time.monotonic() - begin < 1, "at once")


def several_workers():
    script = ("token hsm 9", "key 0", "on SIGN 0 delay 400")
    with World(*script, args=("--workers", "4")) as w:
        c = w.agent.client()
        c.unlock()
        ok(wait_for(lambda: len(w.log("PROBE")) >= 4), "four workers start")
        clients = [w.agent.client() for _ in range(8)]
        ids = [c.post_sign(KEY) for c in clients]
        same([c.wait(i).tag for c, i in zip(clients, ids)], [SIGN_OK] * 8,
             "eight requests")
        same(len(w.folder.pinentry_log("GETPIN")), 1, "one prompt")
        begin = time.monotonic()
        ids = [c.post_sign(KEY) for c in clients]
        for client, ident in zip(clients, ids):
            client.wait(ident)
        took = time.monotonic() - begin
        ok(took < 2, "they work side by side", "%.1f s" % took)
        same(len({x.split()[1] for x in w.log("SIGN")}), 4, "all four do")
        same(len(w.log("LOGIN")), 4, "each logs in once")
        pid = int(w.log("SIGN")[-1].split()[1])
        ids = [c.post_sign(KEY) for c in clients]
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        codes = [c.wait(i).code for c, i in zip(clients, ids)]
        same(sorted(codes), [0] * 7 + [WORKER], "one of four is killed: "
             "only what it did is lost")
    with World(*script, args=("--workers", "4")) as w:
        wait_for(lambda: len(w.log("PROBE")) >= 4)
        order = [x.split()[:2] for x in w.folder.fake_log()
                 if x.startswith(("START", "PROBE"))]
        ok(all(order[i][0] == "START" and order[i + 1][0] == "PROBE" and
               order[i][1] == order[i + 1][1] for i in range(0, 8, 2)),
           "workers start one after the other", order)


def told_by_events():
    with World(*OPEN) as w:
        c, watcher = w.agent.client(), w.agent.client()
        c.sign(KEY)
        watcher.post(EVENTS, tlv(3, b"\1\xfe"))
        watcher.call(STATUS)
        os.kill(w.worker(), signal.SIGKILL)
        m = watcher.read()
        same((m.tag, m.fields[0][1]), (EVENT, b"\5"), "a restart is an event")
        c.sign(KEY)
        same(watcher.read().fields[0][1], b"\4", "so is the use of a key")


run(killed, stopped, short_deadline, faults, no_start, slow_start, two_modules,
    several_workers, told_by_events)
