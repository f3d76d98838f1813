#!/usr/bin/env python3
"""PINs: prompts, their words, wrong ones, none, and what is forgotten when.
The worker is a scripted one, which logs each PIN that came to it."""

import os
import re
import time

from wire import (CANCEL, CANCELLED, CANCEL_OK, LOCK_OK, NO_PINENTRY, NO_TOKEN,
                  PIN_FINAL, PIN_LENGTH, PIN_LOCKED, PIN_WRONG, SIGN_OK, SOON,
                  STATUS, STATUS_OK, TIMEOUT, UNLOCK_OK, World, children,
                  integer, is_running, is_sanitized, ok, places_of, run, same,
                  skip, wait_for)

KEY = bytes([0, 1]) + bytes(30)
KEY2 = bytes([0, 2]) + bytes(30)
ONE = ("token PIV 0123", "key 0")


class Person(World):
    def pinentries(self):
        """fake-pinentry, and what it becomes for "hang"."""
        return (children(self.agent.pid, "fake-pinentry") +
                children(self.agent.pid, "sleep"))


def plain():
    with Person(*ONE, "key 0") as w:
        c = w.client()
        same(c.sign(KEY).tag, SIGN_OK, "a signature")
        same(c.sign(KEY2).tag, SIGN_OK, "another")
        same((w.prompts(), w.pins()), (1, ["1234"]),
             "one prompt, and one login")
        ok(c.list().tokens[0].is_unlocked, "the token is shown as unlocked")
        ok("1234" not in w.agent.text(), "the PIN is not in the log")


def shared_prompt():
    with Person(*ONE, answers=("delay 0.5 pin 1234",)) as w:
        clients = [w.client() for _ in range(8)]
        ids = [c.post_sign(KEY) for c in clients]
        same([c.wait(i).tag for c, i in zip(clients, ids)], [SIGN_OK] * 8,
             "eight clients, one prompt: all signed")
        same((w.prompts(), w.pins()), (1, ["1234"]), "it was one prompt")


def wrong_then_right():
    with Person(*ONE, answers=("pin 9999", "pin 1234")) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "wrong PIN, then the right")
        same(w.pins(), ["9999", "1234"], "each was tried once")
        errors = w.folder.pinentry_log("SETERROR")
        same(errors, ["SETERROR The PIN was wrong"], "the prompt says so")
        ok("2 tries are left" in w.folder.pinentry_log("SETDESC")[1],
           "and how many tries are left")


def always_wrong():
    with Person(*ONE, "tries 10", answers=("pin 9999",)) as w:
        m = w.client().sign(KEY)
        same((m.code, m.tries), (PIN_WRONG, 7), "three wrong PINs")
        ok("wrong PIN" in m.text, "the error says so", m.text)
        same(w.pins(), ["9999"] * 3, "nothing more was tried")
        same(w.client().sign(KEY2).code != 0, True, "no such key is no login")
        same(len(w.pins()), 3, "nor is a PIN sent for it")


def wrong_lengths():
    with Person(*ONE, answers=("pin 1", "pin 123456789", "pin 1234")) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "too short, too long, right")
        same(w.pins(), ["1234"], "only the right one went to the token")
    with Person(*ONE, answers=("pin ",)) as w:
        m = w.client().sign(KEY)
        same(m.code, PIN_LENGTH, "an empty PIN")
        same(w.pins(), [], "never goes to the token")


def cancelled():
    with Person(*ONE, answers=("cancel", "pin 1234")) as w:
        c = w.client()
        m = c.sign(KEY)
        same(m.code, CANCELLED, "a cancelled prompt")
        ok("cancelled" in m.text and "PIV" in m.text, "says so", m.text)
        same(c.sign(KEY).tag, SIGN_OK, "the next request asks anew")


def client_cancels():
    with Person(*ONE, answers=("hang",)) as w:
        c, other = w.client(), w.client()
        target = c.post_sign(KEY)
        ok(wait_for(w.pinentries), "a prompt is open")
        same(other.call(STATUS).tag, STATUS_OK, "others are answered")
        same(c.call(CANCEL, integer(target)).tag, CANCEL_OK, "cancel")
        ok(wait_for(lambda: not w.pinentries()), "closes the prompt")
    with Person(*ONE, answers=("hang",)) as w:
        c = w.client()
        target = c.post_sign(KEY)
        wait_for(w.pinentries)
        c.post(CANCEL, integer(target))
        same(c.read().code, CANCELLED, "the request is told")
        c.post_sign(KEY)
        ok(wait_for(w.pinentries), "another prompt")
        c.close()
        ok(wait_for(lambda: not w.pinentries()),
           "closes when its client goes away")


def missing_pinentry():
    with Person(*ONE, pinentry="/nowhere/pinentry") as w:
        m = w.client().sign(KEY)
        same(m.code, NO_PINENTRY, "no pinentry")
        ok("install pinentry" in m.text, "says what to install", m.text)
    with Person(*ONE, pinentry="no-such-pinentry-on-the-path") as w:
        same(w.client().sign(KEY).code, NO_PINENTRY, "none on the path")
    with Person(*ONE, answers=("die",)) as w:
        same(w.client().sign(KEY).code, NO_PINENTRY, "a pinentry that dies")
    with Person(*ONE, answers=("error 83886179", "error 83918950")) as w:
        same(w.client().sign(KEY).code, CANCELLED, "pinentry's cancel")
        same(w.client().sign(KEY).code, NO_PINENTRY,
             "a pinentry without a terminal")


def late_pinentry():
    with Person(*ONE, answers=("hang",)) as w:
        begin = time.monotonic()
        m = w.client().sign(KEY, deadline=1500)
        took = time.monotonic() - begin
        same(m.code, TIMEOUT, "nobody answers the prompt")
        ok(1.4 < took < 1.5 + SOON, "the deadline holds", "%.1f s" % took)
        ok(wait_for(lambda: not w.pinentries()), "the prompt is gone")
        ok(w.agent.is_alive(), "the agent is not")
    with Person(*ONE, answers=("hang",),
               config="[pin]\nprompt-timeout = 5\n") as w:
        begin = time.monotonic()
        m = w.client().sign(KEY)
        took = time.monotonic() - begin
        same(m.code, TIMEOUT, "the agent's own time for a prompt")
        ok(4.5 < took < 6 + SOON, "holds", "%.1f s" % took)


def final_try():
    with Person(*ONE, wrong=2, answers=("no", "yes", "pin 1234")) as w:
        c = w.client()
        m = c.sign(KEY)
        same((m.code, w.pins()), (PIN_FINAL, []), "final try: no")
        same(w.prompts(), 0, "then no PIN is asked for")
        ok("one try" in w.folder.pinentry_log("SETDESC")[0].lower(),
           "the prompt says what it is about")
        same((c.sign(KEY).tag, w.pins()), (SIGN_OK, ["1234"]),
             "final try: yes")
        same(w.prompts("CONFIRM"), 2, "each time it was asked")
    with Person(*ONE, answers=("pin 9999", "pin 9998", "yes", "pin 9997")
               ) as w:
        m = w.client().sign(KEY)
        same((m.code, w.pins()), (PIN_LOCKED, ["9999", "9998", "9997"]),
             "three wrong PINs lock it")
        same(w.prompts("CONFIRM"), 1, "the last after a yes only")


def locked_pin():
    with Person(*ONE, wrong=3) as w:
        m = w.client().sign(KEY)
        same((m.code, w.prompts(), w.pins()), (PIN_LOCKED, 0, []),
             "a locked PIN: no prompt, no try")


def logged_out_by_others():
    with Person(*ONE, "on SIGN 2 logout") as w:
        c = w.client()
        same([c.sign(KEY).tag for _ in range(2)], [SIGN_OK] * 2,
             "logged out by somebody else")
        same((w.prompts(), w.pins()), (1, ["1234"] * 2),
             "the proven PIN goes again, without a prompt")
    with Person(*ONE, "on SIGN 2 logout") as w:
        c = w.client()
        c.sign(KEY)
        w.folder.write("script.state", "1\n")
        same(c.sign(KEY).tag, SIGN_OK, "the same with a wrong try since")
        same(w.prompts(), 2, "then the person is asked")
    with Person(*ONE, "on SIGN 2 logout", "tries 9",
               answers=("pin 1234", "pin 4321")) as w:
        c = w.client()
        c.sign(KEY)
        w.script(*ONE, "on SIGN 2 logout", "pin 4321", "tries 9")
        same(c.sign(KEY).tag, SIGN_OK, "the PIN was changed meanwhile")
        same(w.pins(), ["1234", "1234", "4321"],
             "the old one costs one try, not more")


def always_authenticate():
    with Person("token PIV 0123", "key 0 always", "key 0") as w:
        c = w.client()
        same(c.sign(KEY).tag, SIGN_OK, "a key that always authenticates")
        same((w.prompts(), w.pins()), (1, ["1234"] * 2),
             "one prompt for login and signature")
        same(c.sign(KEY).tag, SIGN_OK, "again")
        same((w.prompts(), len(w.pins())), (2, 3), "with a prompt again")
        same(c.sign(KEY2).tag, SIGN_OK, "another key")
        same(w.prompts(), 2, "needs none")
        desc = w.folder.pinentry_log("SETDESC")[0]
        ok('Key: "key 1" (9c)' in desc, "the prompt names key and role", desc)
    with Person("token PIV 0123", "key 0 always", "key 0") as w:
        clients = [w.client() for _ in range(6)]
        ids = [c.post_sign(KEY) for c in clients]
        ids2 = [c.post_sign(KEY2) for c in clients]
        same([c.wait(i).tag for c, i in zip(clients, ids2)], [SIGN_OK] * 6,
             "six clients with both keys")
        del ids
        same(w.prompts() >= 1, True, "are asked")
    with Person("token PIV 0123", "key 0 always",
               answers=("pin 1234", "pin 9999", "pin 1234")) as w:
        c = w.client()
        c.sign(KEY)
        same(c.sign(KEY).tag, SIGN_OK, "wrong PIN for one use, then right")
        same(w.pins()[2], "9999", "tried once")
        same(w.pins().count("9999"), 1, "and never again")


def many_always():
    with Person("token PIV 0123", "key 0 always") as w:
        clients = [w.client() for _ in range(6)]
        ids = [c.post_sign(KEY) for c in clients]
        same([c.wait(i).tag for c, i in zip(clients, ids)], [SIGN_OK] * 6,
             "six clients with a key that always authenticates")
        same(w.prompts(), 6, "one prompt each")


def one_of_them_leaves():
    """The PIN typed for a signature whose client is gone signs no other."""
    with Person("token PIV 0123", "key 0 always",
               answers=("delay 0.4 pin 1234",)) as w:
        a, b = w.client(), w.client()
        a.post_sign(KEY)
        wait_for(w.prompts)
        ident = b.post_sign(KEY)
        a.close()
        same(b.wait(ident).tag, SIGN_OK, "the other is served")
        same([p for p in w.folder.fake_log() if p.startswith("SIGN")][0]
             .count("pin="), 1, "with a PIN")
        same(w.prompts(), 2, "of its own prompt")


def pinpad():
    with Person(*ONE, "pinpad") as w:
        c = w.client()
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 0),
             "a pinpad needs no prompt of ours")
        logins = [x for x in w.folder.fake_log() if x.startswith("LOGIN")]
        ok(len(logins) == 1 and "pin=" not in logins[0],
           "and gets no PIN from us", logins)


def lock():
    with Person(*ONE) as w:
        c = w.client()
        c.sign(KEY)
        same(c.lock().tag, LOCK_OK, "lock")
        ok(any(x.startswith("LOGOUT") for x in w.folder.fake_log()),
           "logs the worker out")
        ok(not c.list().tokens[0].is_unlocked, "shows as locked")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2),
             "the PIN was forgotten")
        same(c.lock("pkcs11:token=nowhere").code, NO_TOKEN,
             "no such token to lock")
    with Person(*ONE, answers=("hang",)) as w:
        c = w.client()
        ident = c.post_sign(KEY)
        wait_for(w.pinentries)
        same(w.client().lock().tag, LOCK_OK, "lock while a prompt is open")
        same(c.wait(ident).code, CANCELLED, "ends what waits for it")
        ok(wait_for(lambda: not w.pinentries()), "and closes the prompt")


def expiry():
    with Person(*ONE, config="[pin]\ncache-ttl = 1\n") as w:
        c = w.client()
        c.sign(KEY)
        ok(wait_for(lambda: any(x.startswith("LOGOUT") for x in
                                w.folder.fake_log())),
           "after its time the token is locked")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2),
             "and the PIN forgotten")


def reinsertion():
    with Person(*ONE) as w:
        c = w.client()
        c.sign(KEY)
        w.script(*ONE, "insertion 7")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2),
             "a card that was away asks for its PIN again")
        w.script()
        m = c.sign(KEY)
        ok(m.code != 0 and w.prompts() == 2, "a card that is gone does not")
        w.script(*ONE, "insertion 8")
        time.sleep(0.3)
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 3), "until it is back")


def worker_dies_with_pin():
    with Person(*ONE, "on LOGIN 1 crash", answers=("pin 1234",)) as w:
        c = w.client()
        same(c.sign(KEY).code != 0, True, "a worker that dies with the PIN")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2),
             "that PIN might have failed, so it is asked for again")


def words():
    with Person(*ONE) as w:
        c = w.agent.client(program='ev"il\\')
        c.sign(KEY, purpose="sign a mail to B\xf6rge 100% \u202ebidi",
               display=":7", tty="/dev/pts/99")
        desc = w.folder.pinentry_log("SETDESC")[0]
        ok('token "PIV" (serial 0123)' in desc, "the token is named", desc)
        ok("Program: %s (process %d)" % (os.path.realpath("/proc/self/exe"),
                                         os.getpid()) in desc,
           "the kernel's word about the program", desc)
        ok('It calls itself "ev\'il\\\\x5c"\\n' in desc or
           'It calls itself "ev\'il\\x5c"\\n' in desc,
           "the program's own, quoted", desc)
        ok("sign a mail to B\xf6rge 100%" in desc, "what it is for", desc)
        ok("\u202e" not in desc, "without direction marks", desc)
        options = w.folder.pinentry_log("OPTION")
        ok("OPTION display=:7" in options and
           "OPTION ttyname=/dev/pts/99" in options,
           "display and terminal are the client's", options)
        ok(any("--display :7" in x for x in w.folder.pinentry_log("START")),
           "the display is an argument too")
    with Person(*ONE) as w:
        c = w.client()
        c.sign(KEY, purpose="x" * 1024)
        ok(len(w.folder.pinentry_log("SETDESC")[0]) < 1000,
           "a long claim is cut")
    with Person(*ONE) as w:
        w.agent.client(program="%" * 1024).sign(KEY, purpose="%" * 1024)
        desc = w.folder.pinentry_log("SETDESC")[0]
        ok("3 tries are left" in desc and "Program: " in desc,
           "claims push nothing out of sight", desc)


def languages():
    german = {"ctype": "de_DE.UTF-8", "messages": "de_DE.UTF-8"}
    with Person("token PIV 0123", "key 0 always",
                answers=("pin 9999", "pin 1234")) as w:
        c = w.agent.client(program="kmail")
        c.sign(KEY, purpose="sign a mail", **german)
        first, second = w.folder.pinentry_log("SETDESC")
        ok('die PIN des Tokens "PIV" (Seriennummer 0123) ein.\\n' in first,
           "a German's prompt", first)
        ok('Schl\xfcssel: "key 1" (9c), zum Signieren' in first and
           'Es nennt sich selbst "kmail"' in first and
           'Es sagt, wof\xfcr: "sign a mail"' in first, "is German", first)
        ok("Versuche, die noch bleiben: 2." in second, "all of it", second)
        same(w.folder.pinentry_log("SETERROR"),
             ["SETERROR Die PIN war falsch"], "with what was wrong")
        ok(w.agent.text().isascii(), "the log is English")
        w.folder.answers("cancel")
        m = c.sign(KEY, **german)
        ok("cancelled" in m.text, "errors are", m.text)
        for locale in ("", "fr_FR.UTF-8", "C.UTF-8", "../po/de", "/de", "d" * 1024,
                       "de_DE/../de", "german"):
            c.sign(KEY, ctype="C.UTF-8", messages=locale)
            desc = w.folder.pinentry_log("SETDESC")[-1]
            ok(desc.startswith("SETDESC Please enter"), "English: %.20r" % locale,
               desc)
        c.sign(KEY, ctype="C", messages="de_DE")
        ok("SETDESC Please enter" in w.folder.pinentry_log("SETDESC")[-1],
           "English where only ASCII can be shown")
        c.sign(KEY, ctype="de_AT@euro", messages="de_AT@euro")
        ok("SETDESC Bitte" in w.folder.pinentry_log("SETDESC")[-1],
           "and German again")


def memory():
    if os.geteuid() != 0:
        skip("the agent's memory", "needs root")
        return
    if is_sanitized():
        skip("the agent's memory", "the sanitizers keep copies")
        return
    pin = "73519462"
    with Person(*ONE, "pin " + pin, answers=("pin " + pin,)) as w:
        c = w.client()
        c.sign(KEY)
        # Others of its processes never saw it, but for the scripted worker.
        worker = c.status().modules[0].pid
        pids = [w.agent.pid] + [p for p in children(w.agent.pid)
                                if p != worker]
        found = places_of(w.agent.pid, pin.encode())
        ok(len(found) == 1, "the PIN is in one place of the agent", found)
        ok(all(locked for _, locked in found), "in locked memory", found)
        c.lock()
        same([places_of(p, pin.encode()) for p in pids], [[]] * len(pids),
             "after lock it is in no place")


def wrong_pins_do_not_stay():
    """The module may keep what was sent to it, so that its process ends as
    soon as nobody is asked for a better PIN."""
    with Person(*ONE, answers=("pin 9999", "cancel")) as w:
        old = w.worker()
        same(w.client().sign(KEY).code, CANCELLED, "a wrong PIN, then none")
        ok(wait_for(lambda: not is_running(old), SOON),
           "the process that has the wrong one ends")
        w.folder.answers("pin 9999", "pin 1234")
        old = w.worker()
        same(w.client().sign(KEY).tag, SIGN_OK, "a wrong one, then the right")
        same(w.worker(), old, "there it stays while the token is unlocked")
    with Person(*ONE, "token b 2", "key 1",
                answers=("pin 1234", "pin 9999", "cancel")) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "one token is unlocked")
        old = w.worker()
        same(w.client().sign(KEY2).code, CANCELLED,
             "a wrong PIN for the other one")
        time.sleep(0.3)
        same((w.worker(), w.client().sign(KEY).tag, w.prompts()),
             (old, SIGN_OK, 3), "does not lock the first")


def unlock():
    with Person(*ONE) as w:
        c = w.client()
        m = c.unlock()
        same((m.tag, m.field(0x0c)), (UNLOCK_OK,
                                      b"pkcs11:serial=0123;token=PIV"),
             "unlock the only token")
        same((c.unlock().tag, w.prompts()), (UNLOCK_OK, 1), "again: at once")
        same(c.sign(KEY).tag, SIGN_OK, "a signature")
        same(w.prompts(), 1, "without another prompt")
        same(c.unlock("pkcs11:token=nowhere").code, NO_TOKEN, "no such token")
    with Person("token a 1", "token b 2") as w:
        m = w.client().unlock()
        same(m.code, NO_TOKEN, "two tokens: which one?")
        ok('"a"' in m.text and '"b"' in m.text, "both are named", m.text)
        m = w.client().unlock("pkcs11:serial=2;token=b")
        same(m.tag, UNLOCK_OK, "the one that is named")
    with Person() as w:
        same(w.client().unlock().code, NO_TOKEN, "no token at all")


run(plain, shared_prompt, wrong_then_right, always_wrong, wrong_lengths,
    cancelled, client_cancels, missing_pinentry, late_pinentry, final_try,
    locked_pin, logged_out_by_others, always_authenticate, many_always,
    one_of_them_leaves, pinpad, lock, expiry, reinsertion,
    worker_dies_with_pin, words, languages, memory, wrong_pins_do_not_stay,
    unlock)
