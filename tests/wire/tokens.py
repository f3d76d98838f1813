#!/usr/bin/env python3
"""Lists, long ones too, keys, status and events; then a real token."""

import hashlib
import os
import subprocess
import time

from wire import (CANCEL, CANCELLED, CANCEL_OK, EVENT, EVENTS, LIST_OK,
                  NO_KEY, NO_TOKEN, OPEN, OPEN_OK, SIGN_OK, Folder, context, integer,
                  octets, ok, run, same, tlv, wait_for)

KEY = bytes([0, 1]) + bytes(30)


def write(folder, *lines):
    folder.write("script", "".join(x + "\n" for x in lines))


def lists():
    with Folder() as folder:
        module = folder.use_fake("token PIV 0123", "token HSM 9", "key 1",
                                 "key 0", "key 0 always", "certs 3")
        agent = folder.agent(module=module)
        c = agent.client()
        listing = c.list()
        same([t.label for t in listing.tokens], ["PIV", "HSM"], "two tokens")
        same([t.serial for t in listing.tokens], ["0123", "9"], "serials")
        same(listing.tokens[0].uri, "pkcs11:serial=0123;token=PIV", "URI")
        same(listing.tokens[0].module, "script", "module")
        same([k.label for k in listing.keys], ["key 1", "key 2", "key 3"],
             "three keys")
        same([len(x.certificates) for x in listing.keys], [1] * 3,
             "each with its certificate")
        same(len(listing.certificates), 3, "and three of nobody")
        ok(not listing.more, "on one page")
        one = c.list(token="pkcs11:serial=9;token=HSM")
        same(([t.label for t in one.tokens], [k.label for k in one.keys]),
             (["HSM"], ["key 1"]), "one token's")
        same(c.list(token="pkcs11:token=nowhere").message.code, NO_TOKEN,
             "no such token's")
        same(c.sign(bytes(32)).code, NO_KEY, "a key that is not there")
        status = c.status()
        same(status.pid, agent.pid, "status: pid")
        ok(abs(status.started - time.time()) < 60, "status: since when")
        same(status.clients, 1, "status: clients")
        same([t.label for t in status.tokens], ["PIV", "HSM"],
             "status: tokens")
        m = status.modules[0]
        same((m.name, m.path, m.state, m.restarts), ("script", module, 1, 0),
             "status: module")


def pages():
    with Folder() as folder:
        module = folder.use_fake("token HSM 9", "pin none", "size 1000",
                                 "certs 400", *["key 0"] * 300)
        agent = folder.agent(module=module)
        c = agent.client()
        keys, after, count = [], b"", 0
        while count < 50:
            count += 1
            page = c.list(after=after)
            keys += page.keys
            same(len(page.tokens), 1 if count == 1 else 0,
                 "page %d: the token is on the first" % count)
            if not page.more:
                break
            after = page.keys[-1].id
        same([k.label for k in keys],
             ["key %d" % (i + 1) for i in range(300)],
             "300 keys on %d pages, each once" % count)
        ok(count > 3, "more than one page")
        ok(100 < len(page.certificates) < 400,
           "the certificates that fit are on the last",
           len(page.certificates))


def too_much_of_one():
    """What a module tells must not keep others from a list."""
    with Folder() as folder:
        module = folder.use_fake("token HSM 9", "pin none", "size 60000",
                                 "alike", *["key 0"] * 12)
        c = folder.agent(module=module).client()
        listing = c.list()
        same((listing.message.tag, len(listing.keys), listing.more),
             (LIST_OK, 2, False), "too many keys with one id: those that fit")


def comes_and_goes():
    with Folder() as folder:
        module = folder.use_fake()
        agent = folder.agent(module=module)
        c, watcher = agent.client(), agent.client()
        ident = watcher.post(EVENTS, tlv(3, b"\1\xfe"))
        same(c.sign(KEY).code, NO_KEY, "no card yet")
        write(folder, "token PIV 0123", "key 0", "pin none")
        time.sleep(2.1)
        same(c.sign(KEY).tag, SIGN_OK, "inserted: found without a list")
        m = watcher.read()
        same((m.id, m.tag, m.fields[0][1]), (ident, EVENT, b"\0"),
             "an event says so")
        same(m.field(0x80).decode(), "pkcs11:serial=0123;token=PIV",
             "with the token")
        same(watcher.read().fields[0][1], b"\4", "and that the key was used")
        write(folder)
        same(c.sign(KEY).code, NO_KEY, "pulled: no such key")
        same(watcher.read().fields[0][1], b"\1", "an event says so")
        same(c.list().tokens, [], "no token is listed")
        same(watcher.call(CANCEL, integer(ident)).tag, CANCEL_OK,
             "events are cancelled")
        watcher = agent.client()
        ident = watcher.post(EVENTS, tlv(3, b"\7\x80"))
        watcher.post(CANCEL, integer(ident))
        same(watcher.read().code, CANCELLED, "and end with an error")


def opens():
    with Folder() as folder:
        module = folder.use_fake("token PIV 0123", "key 0")
        folder.answers("pin 1234")
        agent = folder.agent(module=module)
        m = agent.client().call(OPEN, octets(KEY), octets(b"recipient"),
                                integer(0), octets(b"algorithm"), context())
        same((m.tag, m.field(4)), (OPEN_OK, KEY), "open")


def openssl_verifies(folder, key, signature, digest):
    for name, data in (("spki", key.spki), ("sig", signature),
                       ("digest", digest)):
        with open(folder.file(name), "wb") as f:
            f.write(data)
    return subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER",
         "-inkey", folder.file("spki"), "-sigfile", folder.file("sig"),
         "-in", folder.file("digest"), "-pkeyopt", "digest:sha256"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def real_token():
    with Folder() as folder:
        fixtures = folder.fixtures("--preset", "quickstart")
        folder.answers("pin " + fixtures["FIXTURE_PIN"])
        agent = folder.agent(module=fixtures["FIXTURE_MODULE"])
        c = agent.client()
        keys = c.list().keys
        same(len(keys), 2, "SoftHSM: two keys")
        digest = hashlib.sha256(b"some bytes").digest()
        for key in keys:
            algorithm = bytes.fromhex(
                "300a06082a8648ce3d040302"
                if bytes.fromhex("2a8648ce3d0201") in key.spki
                else "300d06092a864886f70d01010b0500")
            same(hashlib.sha256(key.spki).digest(), key.id,
                 "%s: the key's name" % key.label)
            m = c.call(5, octets(key.id), octets(algorithm), octets(digest),
                       context())
            ok(m.tag == SIGN_OK and openssl_verifies(
                folder, key, m.field(4), digest),
               "%s: openssl verifies" % key.label, m)
        same(len(folder.pinentry_log("GETPIN")), 1, "one prompt for both")
        # As issues with several processes on one SoftHSM token would show.
        clients = [agent.client() for _ in range(4)]
        good = 0
        for _ in range(50):
            ids = [x.post_sign(key.id, digest=digest,
                               algorithm=algorithm) for x in clients]
            good += sum(x.wait(i).tag == SIGN_OK
                        for x, i in zip(clients, ids))
        same(good, 200, "200 signatures for four clients at once")
        os.kill(c.status().modules[0].pid, 9)
        ok(wait_for(lambda: c.sign(key.id, digest=digest,
                                   algorithm=algorithm).tag == SIGN_OK),
           "after SIGKILL it signs again")


def real_always():
    """A key of SoftHSM that wants its PIN for each use, which shows only
    after login: the first time there is a second prompt."""
    with Folder() as folder:
        fixtures = folder.fixtures(
            "--token", "always", "--identity", "name=always,key=p256,"
            "email=always@example.org,always-auth=yes", "--identity",
            "name=plain,key=p256,email=plain@example.org")
        pin = "pin " + fixtures["FIXTURE_PIN"]
        folder.answers(pin, pin, pin, "pin 000000", pin)
        agent = folder.agent(module=fixtures["FIXTURE_MODULE"])
        c = agent.client()
        keys = {k.label: k for k in c.list().keys}
        digest = hashlib.sha256(b"some bytes").digest()
        for n in (2, 3):
            m = c.sign(keys["always"].id, digest=digest)
            ok(m.tag == SIGN_OK and openssl_verifies(
                folder, keys["always"], m.field(4), digest),
               "a key that always authenticates", m)
            same(len(folder.pinentry_log("GETPIN")), n, "prompt %d" % n)
        same(c.sign(keys["plain"].id).tag, SIGN_OK, "another key")
        same(len(folder.pinentry_log("GETPIN")), 3, "needs no prompt")
        same(c.sign(keys["always"].id).tag, SIGN_OK, "wrong PIN, then right")
        same(len(folder.pinentry_log("GETPIN")), 5, "two prompts")
        same(c.sign(keys["plain"].id).tag, SIGN_OK, "the other key signs")


run(lists, pages, too_much_of_one, comes_and_goes, opens, real_token, real_always)
