#!/usr/bin/env python3
"""Requests that wait for one login, when one of them leaves, when the worker
goes, or when there are several workers."""

import os
import signal

from wire import (CANCEL, CANCELLED, NO_KEY, SIGN_OK, STATUS, WORKER, World,
                  integer, is_running, ok, run, same, wait_for)

KEY = bytes([0, 1]) + bytes(30)
KEY2 = bytes([0, 2]) + bytes(30)
PIN_NEEDED = 78


def kill_worker(w, client):
    """The one there is, as soon as it is ready."""
    pid = w.worker()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_running(pid) and
             client.status().modules[0].pid != pid)


def post_all(clients, key=KEY):
    return [(c, c.post_sign(key)) for c in clients]


def codes(posted):
    return sorted(c.wait(i).code for c, i in posted)


def worker_lost_with_a_pin():
    """A typed PIN that may have counted is not sent again; whoever else waits
    has the person asked anew."""
    with World("token a 1", "key 0", "on LOGIN 1 gate crash",
               answers=("pin 1234",)) as w:
        posted = post_all([w.agent.client() for _ in range(4)])
        ok(wait_for(lambda: w.log("LOGIN")), "a login that kills the worker")
        for c, _ in posted:
            c.call(STATUS)
        w.folder.open_gate()
        same(codes(posted), [0, 0, 0, WORKER],
             "costs one of those who wait for it")
        same((w.prompts(), w.pins()), (2, ["1234"] * 2),
             "and each typing went out once")


def worker_lost_with_the_proven_pin():
    with World("token a 1", "key 0", "on LOGIN 2 gate crash") as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a PIN is proven")
        kill_worker(w, c)
        posted = post_all([w.agent.client() for _ in range(3)])
        ok(wait_for(lambda: len(w.log("LOGIN")) == 2), "it goes again")
        for client, _ in posted:
            client.call(STATUS)
        w.folder.open_gate()
        same(codes(posted), [0, 0, WORKER], "is lost: one of three")
        same(w.prompts(), 2, "and is asked for again")


def workers_killed_again_and_again():
    """Deaths of a worker that was ready say nothing about its token."""
    with World("token a 1", "key 0") as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a PIN is proven")
        for _ in range(6):
            kill_worker(w, c)
        same(c.sign(KEY).tag, SIGN_OK, "after six deaths, a signature")
        same((w.prompts(), w.pins()), (1, ["1234"] * 2), "with the same PIN")
    with World("token a 1", "key 0", *["on START %d crash" % n
                                       for n in range(2, 7)]) as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a PIN is proven")
        kill_worker(w, c)
        ok(wait_for(lambda: c.sign(KEY).tag == SIGN_OK),
           "after five starts that failed, a signature")
        same((w.prompts(), w.pins()), (1, ["1234"] * 2), "with the same PIN")


def swapped_meanwhile():
    """Another card of the same name came while there was no worker."""
    with World("token a 1", "key 0") as w:
        c = w.agent.client()
        same(c.sign(KEY).tag, SIGN_OK, "a PIN is proven")
        w.script("token a 1", "key 0", "ids 1")
        kill_worker(w, c)
        wait_for(lambda: c.status().modules[0].state == 1)
        same(c.sign(KEY).code, NO_KEY, "the card was swapped")
        same(len(w.pins()), 1, "its PIN did not go to the other one")
        same((c.sign(KEY2).tag, w.prompts()), (SIGN_OK, 2),
             "which has a PIN of its own")


def one_leaves_the_queue():
    """A request with a key that always authenticates leaves while its PIN is
    in the worker's queue; others wait for a login just then."""
    with World("token a 1", "key 0", "key 0 always",
               "on SIGN 2 error %d" % PIN_NEEDED,
               "on SIGN 3 error %d" % PIN_NEEDED,
               "on SIGN 4 gate error %d" % PIN_NEEDED,
               answers=("pin 1234", "delay 1 pin 1234", "pin 1234")) as w:
        a, b = w.agent.client(), w.agent.client()
        same(b.sign(KEY).tag, SIGN_OK, "a PIN is proven")
        first = a.post_sign(KEY2)
        ok(wait_for(lambda: w.prompts() == 2), "a prompt for one signature")
        second = b.post_sign(KEY)
        ok(wait_for(lambda: len(w.log("SIGN")) == 4),
           "while its PIN waits behind another signature")
        a.post(CANCEL, integer(first))
        same(a.wait(first).code, CANCELLED, "it is cancelled")
        w.folder.open_gate()
        same(b.wait(second).tag, SIGN_OK, "the other is served")


def flags_and_pin_to_one_worker():
    with World("token a 1", "key 0", "on INFO 1 gate", "on INFO 2 gate",
               args=("--workers", "2"), answers=("delay 1 pin 1234",)) as w:
        wait_for(lambda: len(w.log("PROBE")) >= 2)
        a, b = w.agent.client(), w.agent.client()
        first = a.post_sign(KEY)
        wait_for(lambda: w.log("INFO"))
        second = b.post_sign(KEY)
        b.call(STATUS)
        w.folder.open_gate()
        ok(wait_for(w.prompts), "two wait, for two workers")
        os.unlink(w.folder.file("script.open"))
        ok(wait_for(lambda: len(w.log("INFO")) == 2), "flags are asked for")
        a.post(CANCEL, integer(first))
        same(a.wait(first).code, CANCELLED, "the first of the two leaves")
        w.folder.open_gate()
        same(b.wait(second).tag, SIGN_OK, "the other is served")
        lines = [x.split() for x in w.log("INFO", "LOGIN")]
        ok(all(x[1] == lines[i - 1][1] and lines[i - 1][0] == "INFO"
               for i, x in enumerate(lines) if x[0] == "LOGIN"),
           "each PIN went to the worker that had told the flags", lines)


def always_with_several_workers():
    """Logins of several workers, and a key that always authenticates."""
    with World("token a 1", "key 0", "key 0 always", "on PROBE 3 gate",
               args=("--workers", "2")) as w:
        wait_for(lambda: len(w.log("PROBE")) >= 2)
        clients = [w.agent.client() for _ in range(4)]
        posted = (post_all(clients[:1], KEY2) + post_all(clients) +
                  post_all(clients[1:], KEY2))
        same(codes(posted), [0] * 8, "all are served")
        ok(len(w.log("LOGIN")) <= 4, "without logging in again and again",
           w.log("LOGIN"))


run(worker_lost_with_a_pin, worker_lost_with_the_proven_pin,
    workers_killed_again_and_again, swapped_meanwhile, one_leaves_the_queue,
    flags_and_pin_to_one_worker, always_with_several_workers)
