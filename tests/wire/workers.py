#!/usr/bin/env python3
"""Workers that die, stop, hang, lie or do not start: it costs at most the
request in flight, which ends with a typed error by its deadline."""

import os
import signal
import time

import wire
from tap import proc_stat
from wire import (DEVICE, EVENT, EVENTS, NO_KEY, SIGN_OK, STATUS, STATUS_OK,
                  TIMEOUT, WORKER, Folder, children, is_running, ok, run,
                  same, soon, tlv, wait_for)

KEY = bytes([0, 1]) + bytes(30)
OPEN = ("token a 1", "key 0", "pin none")


class World(wire.World):
    def tokens(self):
        return [p for p in children(self.agent.pid, "cardseal-token")
                if is_running(p)]


class Crew(World):
    signed = 0

    def signing(self):
        """How many workers got a SIGN after the first "signed" of them."""
        return len({x.split()[1] for x in self.log("SIGN")[self.signed:]})


def killed():
    with World(*OPEN, "on SIGN 1 hang") as w:
        c = w.agent.client()
        pid = w.worker()
        ident = c.post_sign(KEY, deadline=60000)
        wait_for(lambda: w.log("SIGN"))
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        m = c.wait(ident)
        same(m.code, WORKER, "SIGKILL in flight")
        soon(begin, "is told at once")
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
            same(c.sign(KEY).tag, SIGN_OK,
                 "SIGKILL between requests costs none")


def stopped():
    with World(*OPEN, "on SIGN 1 stop") as w:
        c = w.agent.client()
        pid = w.worker()
        begin = time.monotonic()
        m = c.sign(KEY, deadline=1500)
        soon(begin, "SIGSTOP in flight: ends by its deadline", 1.5)
        ok(m.code in (TIMEOUT, WORKER), "with a typed error", m)
        same(c.sign(KEY).tag, SIGN_OK, "the next request is served")
        ok(wait_for(lambda: not is_running(pid)), "the stopped one is gone")
    with World(*OPEN) as w:
        c = w.agent.client()
        c.sign(KEY)
        pid = w.worker()
        os.kill(pid, signal.SIGSTOP)
        ids = [c.post_sign(KEY), c.post_sign(KEY)]
        same([c.wait(i).tag for i in ids], [SIGN_OK, SIGN_OK],
             "stopped while idle: what it did not read, the next one does")
        ok("was stopped by a signal" in w.agent.text(), "which is told")
    with World(*OPEN, "on START 2 stop") as w:
        c = w.agent.client()
        c.sign(KEY)
        pid = w.worker()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not is_running(pid))
        same(c.sign(KEY).tag, SIGN_OK, "stopped at its start")


def starter(agent):
    """Its child that starts the others."""
    return [p for p in children(agent.pid)
            if proc_stat(p)[1] == str(agent.pid)][0]


def not_started():
    """A starter that does not answer: no worker is waited for without end."""
    with World(*OPEN) as w:
        c = w.agent.client()
        c.sign(KEY)
        pid, parent = w.worker(), starter(w.agent)
        os.kill(parent, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        ok(wait_for(lambda: c.status().modules[0].restarts > 1),
           "the starter is stopped: the worker that does not come is given up")
        ok("was not started in time" in w.agent.text(), "and that is told",
           w.agent.text())
        os.kill(parent, signal.SIGCONT)
        same(c.sign(KEY).tag, SIGN_OK, "after it, a signature")
        wait_for(lambda: len(w.tokens()) == 1)
        same(len(w.tokens()), 1, "and no more workers than are wanted")


def short_deadline():
    """A short deadline ends its request, not at once the worker."""
    with World(*OPEN, "on SIGN 1 gate") as w:
        c = w.agent.client()
        pid = w.worker()
        same(c.sign(KEY, deadline=200).code, TIMEOUT, "a deadline of 200 ms")
        w.folder.open_gate()
        same(c.sign(KEY).tag, SIGN_OK, "the next is served")
        same(w.worker(), pid, "by the same worker")
    with World(*OPEN, "on SIGN 1 gate") as w:
        c = w.agent.client()
        pid = w.worker()
        same(c.sign(KEY, deadline=1200).code, TIMEOUT, "one of 1.2 s")
        time.sleep(0.3)
        w.folder.open_gate()
        same(c.sign(KEY).tag, SIGN_OK, "the next is served")
        same(w.worker(), pid, "by the same worker, which was merely slow")


def faults():
    for action, code in (("crash", WORKER), ("close", WORKER),
                         ("garbage", WORKER), ("wrong-id", WORKER),
                         ("wrong-type", WORKER), ("error 101", DEVICE),
                         ("error 60", NO_KEY), ("error 9999", 9999)):
        with World(*OPEN, "on SIGN 1 " + action) as w:
            c = w.agent.client()
            same(c.sign(KEY).code, code, "a worker's " + action)
            same(c.sign(KEY).tag, SIGN_OK,
                 "after it, a signature")
    with World(*OPEN, "on SIGN 1 hang",
               config="[agent]\ndeadline = 1\n") as w:
        c = w.agent.client()
        same(c.sign(KEY).code, TIMEOUT, "a hang, and the agent's deadline")
        same(c.sign(KEY, deadline=30000).tag, SIGN_OK,
             "after it, a signature")


def no_start():
    with World(*OPEN, "on START 0 error 103") as w:
        c = w.agent.client()
        begin = time.monotonic()
        m = c.sign(KEY)
        same(m.code, NO_KEY, "a module that cannot be loaded")
        soon(begin, "is told soon")
        ok("cannot be used" in m.text, "with the text", m.text)
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
        ok(wait_for(lambda: len(w.log("START")) >= 8), "but now and then")
        w.script(*OPEN)
        begin = time.monotonic()
        wait_for(lambda: c.sign(KEY).tag == SIGN_OK)
        took = time.monotonic() - begin
        ok(took < 5, "and soon for who needs it", "%.1f s" % took)
    folder = Folder()
    with folder:
        os.unlink(folder.file("libexec/cardseal-token"))
        agent = folder.agent(module="/nowhere/module.so")
        c = agent.client()
        same(c.sign(KEY).code, NO_KEY, "no cardseal-token at all")
        same(c.status().modules[0].state, 2, "status says so")
        same(agent.stop(), 0, "the agent ends well")


def failed_a_moment_ago():
    """Who needs the key waits for the next start, and is not told what is
    over."""
    with World(*OPEN) as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a signature")
        w.script(*OPEN, "on START 0 error 103")
        os.kill(w.worker(), signal.SIGKILL)
        ok(wait_for(lambda: c.status().modules[0].state == 2),
           "a module that does not start again has failed")
        w.script(*OPEN)
        same(c.sign(KEY).tag, SIGN_OK, "the next request waits for the start")


def failing_when_asked():
    """A start that began before the request says nothing of the next one."""
    with World(*OPEN) as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a signature")
        w.script(*OPEN, "on START 0 hang")
        starts = len(w.log("START"))
        os.kill(w.worker(), signal.SIGKILL)
        for i in range(4):
            ok(wait_for(lambda: len(w.log("START")) == starts + i + 1),
               "start %d hangs" % (i + 1))
            if i == 3:
                ident = c.post_sign(KEY)
                c.status()
                w.script(*OPEN)
            os.kill(int(w.log("START")[-1].split()[1]), signal.SIGKILL)
        same(c.wait(ident).tag, SIGN_OK, "who came after its begin is served")


def slow_start():
    """A module that never comes up holds up nobody for long."""
    with World(*OPEN, "on START 0 hang") as w:
        c, other = w.agent.client(), w.agent.client()
        begin = time.monotonic()
        ident = c.post(3)
        same(other.call(STATUS).tag, STATUS_OK, "status meanwhile")
        soon(begin, "at once")
        c.wait(ident)
        soon(begin, "a list comes without it", 5)


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
        soon(begin, "at once")


def several_workers():
    script = ("token hsm 9", "key 0", "on SIGN 0 gate")
    with Crew(*script, args=("--workers", "4")) as w:
        c = w.agent.client()
        c.unlock()
        ok(wait_for(lambda: len(w.log("PROBE")) >= 4), "four workers start")
        clients = [w.agent.client() for _ in range(8)]
        ids = [c.post_sign(KEY) for c in clients]
        ok(wait_for(lambda: w.signing() == 4), "they work side by side",
           w.log("SIGN"))
        w.folder.open_gate()
        same([c.wait(i).tag for c, i in zip(clients, ids)], [SIGN_OK] * 8,
             "eight requests")
        same(len(w.folder.pinentry_log("GETPIN")), 1, "one prompt")
        same(len(w.log("LOGIN")), 4, "each logs in once")
        os.unlink(w.folder.file("script.open"))
        w.signed = len(w.log("SIGN"))
        ids = [c.post_sign(KEY) for c in clients]
        wait_for(lambda: w.signing() == 4)
        os.kill(int(w.log("SIGN")[-1].split()[1]), signal.SIGKILL)
        wait_for(lambda: "by signal 9" in w.agent.text())
        w.folder.open_gate()
        codes = [c.wait(i).code for c, i in zip(clients, ids)]
        same(sorted(codes), [0] * 7 + [WORKER], "one of four is killed: "
             "only what it did is lost")
    with Crew(*script, args=("--workers", "4")) as w:
        ok(wait_for(lambda: len(w.log("PROBE")) >= 4), "four workers")
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


run(killed, stopped, not_started, short_deadline, faults, no_start,
    failed_a_moment_ago, failing_when_asked, slow_start, two_modules, several_workers,
    told_by_events)
