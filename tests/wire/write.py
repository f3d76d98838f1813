#!/usr/bin/env python3
"""What is written to tokens: only with a person's word, by the agent's own
user, and never over the socket for other computers."""

import hashlib
import os

from wire import (BUSY, LIST_OK, NO_TOKEN, PIN_NEEDED, POLICY, REFUSED,
                  SIGN_OK, WRITE, WRITE_OK, Client, Folder, context, done,
                  integer, is_sanitized, octets, ok, parse, places_of, same,
                  seq, skip, utf8, wait_for)
from world import KEY, ONE, World

GENERATE, INSTALL, IMPORT = range(3)
TOKEN = "pkcs11:serial=0123;token=PIV"
# Nothing that a library's tables have as well.
SECRET = b"".join(hashlib.sha512(bytes([i])).digest() for i in range(8))


def write_object(label="", key_type="", private=b"", certificate=b""):
    parts = [utf8(label)]
    if key_type:
        parts.append(utf8(key_type, 0x80))
    if private:
        parts.append(octets(private, 0x81))
    if certificate:
        parts.append(octets(certificate, 0x82))
    return seq(*parts)


def write(c, operation, *objects, token=TOKEN, **claims):
    return c.call(WRITE, utf8(token), integer(operation, 0x0a),
                  seq(*objects), context(**claims))


def asked(w):
    return w.prompts("CONFIRM"), w.prompts()


def asks():
    with World(*ONE, answers=("yes", "pin 1234", "yes", "no")) as w:
        c = w.client()
        m = write(c, GENERATE, write_object("my key", "p256"),
                  purpose="to test")
        same((m.tag, asked(w)), (WRITE_OK, (1, 1)), "a yes, then the PIN")
        written = parse(parse(m.fields[0][1])[0][1])
        same((written[0][1], written[2][1]), (KEY, b"\7\x80"),
             "what was written")
        text = w.folder.pinentry_log("SETDESC")[0]
        for words in ("write to the token", "PIV", "Makes a new key, p256",
                      "my key", "wire-test", "to test"):
            ok(words in text, "the question says %s" % words, text)
        same(w.log("WRITTEN"), ["WRITTEN 0 my key p256 0 0"],
             "it came to the token")
        m = write(c, INSTALL, write_object(certificate=b"cert"))
        same((m.tag, asked(w)), (WRITE_OK, (2, 1)), "asked each time")
        m = write(c, IMPORT, write_object("k", private=SECRET))
        same((m.code, len(w.log("WRITTEN"))), (REFUSED, 2), "a no")
        ok("change of the token" in m.text, "says so", m.text)
        log = w.folder.file("home/state/cardseal/audit.jsonl")
        lines = []

        def logged():
            with open(log) as f:
                lines[:] = [x for x in f if '"event":"write"' in x]
            return len(lines) == 3

        ok(wait_for(logged), "all of it is in the log", lines)
        ok('"operation":"generate"' in lines[0] and
           '"consent":true' in lines[0] and "PIV" in lines[0],
           "with what it was", lines[0])
        ok('"REFUSED"' in lines[2] and '"import"' in lines[2],
           "and what came of it", lines[2])
        with open(log, "rb") as f:
            ok(SECRET[:16].hex().encode() not in f.read(),
               "but no private key")


def several():
    with World(*ONE, answers=("yes", "pin 1234")) as w:
        m = write(w.client(), IMPORT, *[write_object("k%d" % i, private=SECRET)
                                        for i in range(6)])
        same((m.tag, len(parse(m.fields[0][1])), asked(w)),
             (WRITE_OK, 6, (1, 1)), "several keys, one question")
        text = w.folder.pinentry_log("SETDESC")[0]
        ok("k3" in text and "k4" not in text and "and more" in text,
           "which has a few of them", text)


def rules():
    rule = "[rule a]\nfor = write\n"
    with World(*ONE, config=rule + "confirm = never") as w:
        m = write(w.client(), GENERATE, write_object("", "p256"))
        same((m.tag, asked(w)), (WRITE_OK, (0, 1)),
             "a rule for writing takes the question away")
    with World(*ONE, config="[rule a]\nconfirm = never",
               answers=("yes", "pin 1234")) as w:
        m = write(w.client(), GENERATE, write_object("", "p256"))
        same((m.tag, asked(w)), (WRITE_OK, (1, 1)), "one for all does not")
    with World(*ONE, config=rule + "deny = yes") as w:
        c = w.client()
        m = write(c, GENERATE, write_object("", "p256"))
        same((m.code, asked(w)), (POLICY, (0, 0)), "nobody may write")
        ok("token" in m.text and '"a"' in m.text, "says why", m.text)
        same(c.sign(KEY).tag, SIGN_OK, "but sign")
    with World(*ONE, config=rule + "keys = pkcs11:serial=9\ndeny = yes",
               answers=("yes", "pin 1234")) as w:
        same(write(w.client(), GENERATE, write_object("", "p256")).tag,
             WRITE_OK, "a rule for another token")


def restricted():
    with Folder() as folder:
        path = folder.file("run/restricted")
        module = folder.use_fake(*ONE)
        folder.answers("yes", "pin 1234")
        folder.agent(module=module, config="[agent]\n"
                     "restricted-socket = %s\n[rule a]\nfor = write\n"
                     "confirm = never" % path)
        c = Client(path)
        m = write(c, GENERATE, write_object("", "p256"))
        same((m.code, len(folder.fake_log()) > 0 and
              any(x.startswith("WRITE") for x in folder.fake_log())),
             (POLICY, False), "not over the restricted socket")
        same(c.list().message.tag, LIST_OK, "which goes on")


def faults():
    with World(*ONE, answers=("yes", "pin 1234", "yes")) as w:
        c = w.client()
        same(write(c, GENERATE, write_object(), token="pkcs11:token=no").code,
             NO_TOKEN, "no such token")
        same(asked(w), (0, 0), "nobody is asked")
        same(write(c, GENERATE, write_object("", "p256")).tag, WRITE_OK,
             "it works")
        w.script(*ONE, "on WRITE 2 error %d" % BUSY)
        m = write(c, GENERATE, write_object("", "p256"))
        same(m.code, BUSY, "the token's failure is told")
        w.script(*ONE, "on WRITE 3 crash")
        m = write(c, GENERATE, write_object("", "p256"))
        same((m.code, len(w.log("WRITE "))), (102, 3),
             "the process ended: it is not written twice")
    with World(*ONE, "on WRITE 1 error %d" % PIN_NEEDED,
               answers=("yes", "pin 1234")) as w:
        m = write(w.client(), GENERATE, write_object("", "p256"))
        same((m.tag, asked(w)), (WRITE_OK, (1, 1)),
             "logged out by another program: once more, unasked")


def memory():
    """The private key is nowhere once it was written."""
    if os.geteuid() != 0:
        skip("the agent's memory", "needs root")
        return
    if is_sanitized():
        skip("the agent's memory", "the sanitizers keep copies")
        return
    with World(*ONE, answers=("yes", "pin 1234")) as w:
        c = w.client()
        same(write(c, IMPORT, write_object("k", private=SECRET)).tag,
             WRITE_OK, "written")
        same(places_of(w.agent.pid, SECRET[:48]), [],
             "nothing of it is left")


def main():
    asks()
    several()
    rules()
    restricted()
    faults()
    memory()
    done()


main()
