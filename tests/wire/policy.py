#!/usr/bin/env python3
"""Policy and consent: who may use which key for what, and what a person is
asked before."""

import os
import time

from wire import (CANCEL, CANCEL_OK, CANCELLED, LOCK_OK, NO_PINENTRY, POLICY,
                  RAW, RAW_OK, REFUSED, SIGN_OK, TIMEOUT, context,
                  done, integer, octets, ok, same, wait_for)
from world import KEY, KEY2, ONE, World

ALWAYS = ("token PIV 0123", "key 0 always")
CKM_ECDSA = 0x1041
ME = os.path.realpath("/proc/self/exe")


def raw(client, key, operation=0, mechanism=CKM_ECDSA, data=b"\1" * 32):
    return client.call(RAW, octets(key), integer(operation, 0x0a),
                       integer(mechanism), octets(b""), octets(data),
                       context(purpose="to test"))


def world(rules, *script, answers=("pin 1234",), extra="", **kw):
    return World(*(script or ONE), answers=answers,
                 config="%s\n%s" % (extra, rules), **kw)


def asked(w):
    """How often a button was to be pressed, and a PIN typed."""
    return w.prompts("CONFIRM"), w.prompts()


def raw_operations():
    with World(*ONE) as w:
        m = raw(w.client(), KEY)
        same((m.code, asked(w)), (POLICY, (0, 0)), "raw is off")
        ok("raw" in m.text and "yes" in m.text, "says how", m.text)
    with world("[rule a]\nkeys = *\nraw = yes") as w:
        m = raw(w.client(), KEY)
        same((m.tag, m.field(4)), (RAW_OK, b"\1" * 32), "a rule allows it")
        same(asked(w), (0, 1), "with the PIN")
        ok(any(x.startswith("RAW ") for x in w.folder.fake_log()),
           "it went to the token")
    with world("[rule a]\nraw = yes\n[rule b]\nfor = raw\n"
               "programs = /usr/bin/nobody\n") as w:
        m = raw(w.client(), KEY)
        same(m.code, POLICY, "for another program only")
        ok('"b"' in m.text and ME in m.text, "says who and which", m.text)
        same(w.client().sign(KEY).tag, SIGN_OK, "signing is another matter")


def programs():
    with world("[rule a]\nkeys = " + KEY2.hex() + "\nprograms = /bin/false, "
               + os.path.dirname(ME) + "/*\n[rule b]\nkeys = "
               + KEY.hex() + "\nprograms = /bin/false", *ONE, "key 0") as w:
        c = w.client()
        same(c.sign(KEY).code, POLICY, "a key that is not for us")
        same(w.prompts(), 0, "nobody is asked for the PIN")
        same(c.sign(KEY2).tag, SIGN_OK, "one that is")
    uid = os.geteuid()
    with world("[rule a]\nusers = %d" % (uid + 1)) as w:
        same(w.client().sign(KEY).code, POLICY, "another user's key")
    with world("[rule a]\nusers = %d, %d" % (uid + 1, uid)) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "ours")


def confirm_always():
    with world("[rule a]\nconfirm = always",
               answers=("yes", "pin 1234", "no", "yes")) as w:
        c = w.agent.client(program="liar")
        m = c.sign(KEY, purpose="pay \"nothing\"")
        same((m.tag, asked(w)), (SIGN_OK, (1, 1)), "a yes, then the PIN")
        text = w.folder.pinentry_log("SETDESC")[0]
        for words, what in (
                ("Allow a program", "the question"), ("PIV", "the token"),
                ("key 1", "the key"), ("to sign", "the verb"),
                ("Program: %s (process %d)" % (ME, os.getpid()),
                 "what the kernel knows"),
                ('It calls itself "liar"', "and apart from it"),
                ('It says what for: "pay \'nothing\'"', "what it claims")):
            ok(words in text, what, text)
        ok(w.folder.pinentry_log("SETOK")[0].endswith("Allow"), "a button")
        m = c.sign(KEY)
        same((m.code, asked(w)), (REFUSED, (2, 1)), "a no")
        same((c.sign(KEY).tag, asked(w)), (SIGN_OK, (3, 1)), "asked anew")


def confirm_once():
    with world("[rule a]\nconfirm = once", *ONE, "key 0",
               answers=("delay 0.5 yes", "pin 1234", "no")) as w:
        clients = [w.client() for _ in range(5)]
        ids = [c.post_sign(KEY) for c in clients]
        same({c.wait(i).tag for c, i in zip(clients, ids)}, {SIGN_OK},
             "five at once")
        same(asked(w), (1, 1), "share the question and the PIN")
        same((w.client().sign(KEY).tag, asked(w)), (SIGN_OK, (1, 1)),
             "later ones are not asked")
        same((w.client().sign(KEY2).code, asked(w)), (REFUSED, (2, 1)),
             "another key is another question")
        same(w.client().lock().tag, LOCK_OK, "lock")
        same(w.client().sign(KEY).code, REFUSED, "forgets the answers")
    with world("[rule a]\nconfirm = once\nconfirm-window = 1",
               answers=("yes", "pin 1234", "no")) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "good for a second")
        time.sleep(1.1)
        same(w.client().sign(KEY).code, REFUSED, "and then no more")


def no_answer():
    with world("[rule a]\nconfirm = always", answers=("hang",),
               extra="[pin]\nprompt-timeout = 5") as w:
        c = w.client()
        target = c.post_sign(KEY)
        ok(wait_for(w.pinentries), "the question is there")
        same(c.call(CANCEL, integer(target)).tag, CANCEL_OK, "a cancel")
        ok(wait_for(lambda: not w.pinentries()), "takes it away")
        target = c.post_sign(KEY)
        ok(wait_for(w.pinentries), "again")
        c.close()
        ok(wait_for(lambda: not w.pinentries()), "so does a client's end")
        same(w.client().sign(KEY, deadline=300).code, TIMEOUT,
             "the client's deadline counts")
        same(w.client().sign(KEY).code, TIMEOUT, "and that of the prompt")
        same(asked(w)[1], 0, "no PIN was asked for")
    with world("[rule a]\nconfirm = always", answers=("cancel",)) as w:
        same(w.client().sign(KEY).code, REFUSED, "the window was closed")
    with world("[rule a]\nconfirm = always",
               pinentry="/nonexistent/pinentry") as w:
        m = w.client().sign(KEY)
        same(m.code, NO_PINENTRY, "no pinentry is no yes")
        ok("pinentry" in m.text, "says so", m.text)


def always_authenticate():
    with World(*ALWAYS) as w:
        c = w.client()
        same([c.sign(KEY).tag for _ in range(3)], [SIGN_OK] * 3, "9C")
        same(asked(w), (0, 3), "a PIN each time, and no other question")
    with world("[rule a]\nconfirm = always", *ALWAYS) as w:
        same((w.client().sign(KEY).tag, asked(w)), (SIGN_OK, (0, 1)),
             "its PIN prompt is the question")
    with world("[rule a]\nkeys = 9c\npin = cached", *ALWAYS,
               answers=("yes", "pin 1234", "yes", "no", "yes")) as w:
        c = w.client()
        same((c.sign(KEY).tag, asked(w)), (SIGN_OK, (1, 1)),
             "with a known PIN: a button, then once the PIN")
        same((c.sign(KEY).tag, asked(w)), (SIGN_OK, (2, 1)), "then a button")
        same((c.sign(KEY).code, asked(w)), (REFUSED, (3, 1)), "that counts")
        same(w.pins()[-1], "1234", "the PIN goes with each use")
        same(c.lock().tag, LOCK_OK, "lock")
        w.folder.answers("yes", "pin 1234")
        same((c.sign(KEY).tag, asked(w)), (SIGN_OK, (1, 1)),
             "and all of it anew")
    with world("[rule a]\npin = cached\nconfirm = never", *ALWAYS,
               "key 0") as w:
        clients = [w.client() for _ in range(8)]
        ids = [c.post_sign((KEY, KEY2)[n % 2])
               for n, c in enumerate(clients)]
        same({c.wait(i).tag for c, i in zip(clients, ids)}, {SIGN_OK},
             "eight at once, 9C and others")
        same(asked(w), (0, 1), "one PIN for all of it")
    with world("[rule a]\npin = cached\nconfirm = never", *ALWAYS, wrong=1,
               answers=("pin 1234", "cancel")) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "9C after a wrong try")
        w.folder.write("script.state", "1\n")
        same(w.client().sign(KEY).code, CANCELLED,
             "no known PIN goes by itself while the count is low")
        same(asked(w), (0, 2), "the person is asked")


def pinpad():
    with world("[rule a]\nconfirm = always", *ALWAYS, "pinpad",
               answers=("yes", "no")) as w:
        same((w.client().sign(KEY).tag, asked(w)), (SIGN_OK, (1, 0)),
             "a pinpad shows no words: the question comes before")
        same(w.client().sign(KEY).code, REFUSED, "and counts")


def broken_rules():
    for rules, words in (("[rule a]\nkeys = 9cccc", "line 2: keys"),
                         ("[rule a]\nconfirm = x", "confirm"),
                         ("[rule]\nkeys = 9c", "[rule]")):
        with World(*ONE) as w:
            agent = w.folder.agent(module=w.module, config=rules,
                                   socket_name="run/second", wait=False)
            same(agent.process.wait(20), 2, "a wrong rule ends it")
            ok(words in agent.text(), "says which", agent.text())


def main():
    raw_operations()
    programs()
    confirm_always()
    confirm_once()
    no_answer()
    always_authenticate()
    pinpad()
    broken_rules()
    done()


main()
