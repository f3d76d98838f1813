#!/usr/bin/env python3
"""Broken, wrong and unknown frames: each is answered as it deserves, and the
agent goes on serving others."""

import random
import socket
import time

from wire import (CANCEL, DECAPSULATE, ERROR, HELLO, HELLO_OK, LIST, LIST_OK,
                  NO_TOKEN, PIN, POLICY, PROTOCOL, RAW, SIGN, SIGN_OK, STATUS,
                  STATUS_OK, UNSUPPORTED, Client, Closed, Folder, World,
                  context, integer, message, octets, ok, run, same, seq, soon,
                  tlv, utf8)

KEY = bytes([0, 1]) + bytes(30)
UNKNOWN = message(1, 30)


def refused(agent, what, data, says_hello=True):
    """Answered with PROTOCOL, then closed."""
    c = agent.client(says_hello=says_hello)
    c.send(data)
    try:
        m = c.read()
        same((m.tag, m.code), (ERROR, PROTOCOL), what)
    except Closed:
        ok(False, what, "closed without an answer")
    ok(c.is_closed(), what + ": closed")
    c.close()


def bad_frames(agent):
    refused(agent, "garbage", b"GET / HTTP/1.1\r\n\r\n")
    refused(agent, "garbage instead of hello", b"\0" * 100, False)
    refused(agent, "an indefinite length", b"\x30\x80\0\0")
    refused(agent, "a length that is not minimal", b"\x30\x81\x05" + b"a" * 5)
    refused(agent, "a frame over the limit", b"\x30\x82\x80\x01")
    refused(agent, "a frame of 4 GiB", b"\x30\x84\xff\xff\xff\xff")
    refused(agent, "a frame without id", seq(seq(tag=0xb1)))
    refused(agent, "something behind the body",
            seq(integer(1), seq(tag=0xb1), integer(1)))
    refused(agent, "an unknown field",
            message(1, STATUS, octets(b"", 0x87)))
    refused(agent, "a negative id", seq(integer(-1), seq(tag=0xb1)))
    refused(agent, "a control character in a text",
            message(1, STATUS, context(purpose="a\nb", tag=0xa0)))
    refused(agent, "a key id of 31 octets",
            message(1, SIGN, octets(KEY[1:]), octets(b""), octets(b""),
                    context()))
    refused(agent, "an answer", message(1, LIST_OK, seq(), seq(), seq(),
                                        tlv(1, b"\0")))
    refused(agent, "a request before hello", message(1, STATUS), False)
    refused(agent, "hello twice",
            message(1, HELLO, integer(1), integer(1), utf8("x")))
    refused(agent, "only newer versions",
            message(1, HELLO, integer(2), integer(9), utf8("x")), False)


def good_versions(agent):
    c = agent.client(says_hello=False)
    m = c.hello(low=1, high=200)
    same((m.tag, m.fields[0][1]), (HELLO_OK, b"\1"), "versions 1 to 200 are 1")
    c.close()


def unknown_messages(agent):
    c = agent.client()
    for tag in (27, 30):
        m = c.call(tag)
        same(m.code, UNSUPPORTED, "unknown message %d" % tag)
    m = c.call(RAW, octets(KEY), tlv(10, b"\0"), integer(1), octets(b""),
               octets(b""), context())
    same(m.code, POLICY, "raw is refused by policy")
    m = c.call(DECAPSULATE, octets(KEY), octets(b""), octets(b""), context())
    same(m.code, UNSUPPORTED, "decapsulate is reserved")
    m = c.call(PIN, utf8("pkcs11:token=x"), tlv(10, b"\0"), context())
    same(m.code, NO_TOKEN, "a PIN of no token")
    same(c.call(STATUS).tag, STATUS_OK, "the connection goes on")
    c.close()


def frame_pieces(agent):
    c = agent.client()
    data = message(1, STATUS) + message(2, STATUS) + message(3, STATUS)
    for i in range(len(data)):
        c.send(data[i:i + 1])
    same([c.read().id for _ in range(3)], [1, 2, 3],
         "frames octet by octet")
    c.send(data)
    same([c.read().id for _ in range(3)], [1, 2, 3], "three frames at once")
    big = message(5, SIGN, octets(KEY), octets(b"x"), octets(b"y" * 32600),
                  context())
    c.send(big + data)
    same(sorted(c.read().id for _ in range(4)), [1, 2, 3, 5],
         "the longest frame, with others behind it")
    c.send(data[:5])
    c.sock.shutdown(socket.SHUT_WR)
    ok(c.is_closed(), "a frame cut by the end")
    c.close()


def ids(agent, folder):
    folder.use_fake("token a 1", "key 0", "pin none", "on SIGN 1 gate")
    c = agent.client()
    c.send(message(7, SIGN, *c.sign_fields(KEY)) + message(7, STATUS))
    m = c.read()
    same((m.id, m.code), (7, PROTOCOL), "an id in use")
    ok(c.is_closed(), "an id in use: closed")
    folder.open_gate()
    c = agent.client()
    same(c.call(CANCEL, integer(99)).tag, CANCEL + 1,
         "cancelling what is not there")
    c.close()


def mutations(agent, seed=20240229, rounds=1500):
    """Whatever comes, a new client is served."""
    rng = random.Random(seed)
    probe = agent.client()
    samples = [
        message(1, HELLO, integer(1), integer(1), utf8("x")),
        message(2, SIGN, octets(KEY), octets(b"a" * 12), octets(b"b" * 32),
                context(deadline=100, purpose="test", display=":0")),
        message(3, STATUS, context(purpose="x", tag=0xa0)),
    ]
    alive = True
    for i in range(rounds):
        data = bytearray(samples[0] + rng.choice(samples[1:]))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at]
            else:
                data.insert(at, rng.randrange(256))
        c = Client(agent.socket, says_hello=False)
        try:
            c.send(bytes(data))
        except (BrokenPipeError, ConnectionResetError):
            pass
        c.close()
        if i % 100 == 0 and probe.call(STATUS).tag != STATUS_OK:
            alive = False
    ok(alive and agent.is_alive(), "%d mutated frames" % rounds)
    probe.close()


def late_frames():
    """Hello, and a frame once begun, have ten seconds, whatever comes in
    between."""
    with World("token a 1", "key 0", "pin none", "certs 480",
               "size 500") as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "it works")
        begin = time.monotonic()
        clients = {}
        for name, pieces in (("no hello", (b"",)),
                             ("half a hello", (b"\x30",)),
                             ("an unknown message, in two pieces",
                              (UNKNOWN[:-1], UNKNOWN[-1:]))):
            c = clients[name] = w.agent.client(says_hello=False)
            for piece in pieces:
                c.send(piece)
                time.sleep(0.1)
        half = message(9, STATUS)[:-1]
        c = clients["half a frame"] = w.client()
        c.send(half)
        # More than a socket takes, so that nothing is read meanwhile.
        c = clients["half a frame behind a long answer"] = w.client()
        c.send(message(8, LIST) + half)
        time.sleep(0.5)
        c.wait(8)
        for name, c in clients.items():
            ok(c.is_closed(30), name + ": closed")
        soon(begin, "in time", 11)


def main():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        agent = folder.agent(module=module)
        bystander = agent.client()
        same(bystander.sign(KEY).tag, SIGN_OK, "a signature before")
        bad_frames(agent)
        good_versions(agent)
        unknown_messages(agent)
        frame_pieces(agent)
        mutations(agent)
        ids(agent, folder)
        same(bystander.sign(KEY).tag, SIGN_OK,
             "a signature on the first connection after all that")
        same(agent.stop(), 0, "the agent ends well")


run(main, late_frames)
