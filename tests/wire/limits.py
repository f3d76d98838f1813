#!/usr/bin/env python3
"""Many connections, connections that are stuck, and greedy ones: others are
answered meanwhile, and the agent's memory stays within 32 MiB."""

import os
import time

from wire import (BUSY, EVENTS, HELLO, LIST, OPEN, SIGN, SIGN_OK, STATUS,
                  STATUS_OK, Client, Closed, Folder, context, integer,
                  is_sanitized, message, octets, ok, run, same, skip, soon,
                  tlv, utf8, wait_for)

KEY = bytes([0, 1]) + bytes(30)
MEMORY_KIB = 32 * 1024
HELLO_FRAME = message(1, HELLO, integer(1), integer(1), utf8("x"))


def descriptors(agent):
    """Of the agent; others than root may not look, and see 0."""
    if os.geteuid() != 0:
        return 0
    return len(os.listdir("/proc/%d/fd" % agent.pid))


def answers_quickly(agent, what):
    begin = time.monotonic()
    c = agent.client()
    tag = c.sign(KEY).tag
    c.close()
    same(tag, SIGN_OK, "%s: others are answered" % what)
    soon(begin, "%s: at once" % what)


def stays_small(agent, what):
    if is_sanitized():
        skip(what + ": memory", "the sanitizers take the memory")
        return
    used = agent.memory_max()
    ok(used <= MEMORY_KIB, "%s: at most 32 MiB" % what, "%d KiB" % used)


def close_all(agent, clients, before):
    for c in clients:
        c.close()
    ok(wait_for(lambda: descriptors(agent) <= before),
       "their descriptors are closed",
       "%d, before %d" % (descriptors(agent), before))


def half_open(agent):
    before = descriptors(agent)
    clients = [Client(agent.socket, says_hello=False) for _ in range(500)]
    for c in clients[::2]:
        c.send(b"\x30\x82")
    answers_quickly(agent, "500 connections without hello")
    same(agent.client().status().clients >= 500, True, "they are counted")
    close_all(agent, clients, before)


def half_frames(agent):
    """The longest frame, but for its last octet, 1000 times: 32 MiB."""
    before = descriptors(agent)
    big = message(2, SIGN, octets(KEY), octets(b""), octets(b"x" * 32600),
                  context())
    clients = []
    for i in range(1000):
        c = Client(agent.socket, says_hello=False)
        clients.append(c)
        try:
            c.send(HELLO_FRAME + big[:-1])
        except (BrokenPipeError, ConnectionResetError):
            pass
        if i % 250 == 249:
            answers_quickly(agent, "%d frames half sent" % (i + 1))
    stays_small(agent, "frames half sent")
    close_all(agent, clients, before)


def never_reading(agent):
    """Listings of 100 KiB that nobody reads."""
    before = descriptors(agent)
    clients = [agent.client() for _ in range(300)]
    for c in clients:
        c.sock.setblocking(False)
    for _ in range(20):
        for c in clients:
            c.next += 1
            try:
                c.sock.send(message(c.next, LIST) * 20)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
    answers_quickly(agent, "300 clients that never read")
    stays_small(agent, "clients that never read")
    close_all(agent, clients, before)


def pending(agent, folder):
    """Long requests that all wait for a slow worker."""
    folder.use_fake("token a 1", "key 0", "pin none", "certs 200",
                    "size 500", "on OPEN 0 gate")
    c = agent.client()
    slow = c.post(OPEN, octets(KEY), octets(b"r"), integer(0), octets(b"a"),
                  context(deadline=60000))
    for i in range(70):
        c.post_sign(KEY, deadline=60000)
    answers = [c.read() for _ in range(7)]
    folder.open_gate()
    answers += [c.read() for _ in range(64)]
    same((sum(m.tag == SIGN_OK for m in answers),
          sum(m.code == BUSY for m in answers)), (63, 7),
         "64 requests at once are served, more are too much")
    same(answers[-64].id, slow, "answers overtake each other")
    os.unlink(folder.file("script.open"))
    clients = [agent.client() for _ in range(200)]
    big = [octets(KEY), octets(b"r" * 32000), integer(0), octets(b"a"),
           context(deadline=60000)]
    for c in clients:
        for i in range(10):
            c.send(message(100 + i, OPEN, *big))
    c = agent.client()
    same(c.call(STATUS).tag, STATUS_OK, "60 MiB of requests that wait: "
         "others are answered")
    stays_small(agent, "requests that wait")
    for client in clients:
        client.close()
    folder.open_gate()
    same(c.sign(KEY).tag, SIGN_OK, "and served, once the worker goes on")
    folder.use_fake("token a 1", "key 0", "pin none", "certs 200",
                    "size 500")


def over_the_limit(agent):
    """Beyond 1024, the oldest without hello go first; one with hello and
    idle goes only then."""
    before = descriptors(agent)
    old = agent.client()
    clients = [Client(agent.socket, says_hello=False) for _ in range(1100)]
    answers_quickly(agent, "1100 connections")
    ok(clients[0].is_closed(), "the oldest without hello was closed")
    try:
        same(old.call(STATUS).tag, STATUS_OK,
             "an idle one with hello was not")
    except Closed:
        ok(False, "an idle one with hello was not")
    clients.append(old)
    more = [agent.client() for _ in range(1100)]
    answers_quickly(agent, "1100 idle connections")
    ok(more[0].is_closed(), "the longest idle one was closed")
    close_all(agent, clients + more, before)
    stays_small(agent, "2200 connections")


def listeners(agent):
    """Those that only wait for events give way last."""
    before = descriptors(agent)
    first = agent.client()
    ident = first.post(EVENTS, tlv(3, b"\1\xfe"))
    first.call(STATUS)
    clients = [agent.client() for _ in range(1023)]
    for c in clients:
        c.post(EVENTS, tlv(3, b"\1\xfe"))
        c.call(STATUS)
    answers_quickly(agent, "1024 that wait for events")
    same(first.wait(ident).code, BUSY, "the oldest of them is told")
    ok(first.is_closed(), "and closed")
    same(clients[-1].call(STATUS).tag, STATUS_OK, "the youngest is not")
    close_all(agent, clients + [first], before)


def main():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none",
                                 "certs 200", "size 500")
        agent = folder.agent(module=module)
        same(agent.client().sign(KEY).tag, SIGN_OK, "a signature")
        half_open(agent)
        half_frames(agent)
        never_reading(agent)
        pending(agent, folder)
        over_the_limit(agent)
        listeners(agent)
        answers_quickly(agent, "after all that")
        ok(agent.is_alive(), "the agent is the same")
        same(agent.stop(), 0, "the agent ends well")


run(main)
