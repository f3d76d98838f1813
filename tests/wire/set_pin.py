#!/usr/bin/env python3
"""The pin request: change and unblock, what is asked and what goes where."""

from wire import (CANCEL, CANCELLED, CANCEL_OK, EVENT, EVENTS, NO_TOKEN, PIN,
                  PIN_FINAL, PIN_LENGTH, PIN_LOCKED, PIN_OK, PIN_WRONG,
                  SIGN_OK, TIMEOUT, TOKEN_REMOVED, context, done, integer, ok, same,
                  tlv, utf8, wait_for)
from world import KEY, ONE, World

CHANGE, UNBLOCK = 0, 1


def pin(client, operation=CHANGE, token="", **claims):
    return client.call(PIN, utf8(token), integer(operation, 0x0a),
                       context(**claims))


def sent(world):
    """What came to the token beside its PROBEs and INFOs: (type, text)."""
    out = []
    for line in world.folder.fake_log():
        word, _, rest = line.partition(" ")
        if word in ("LOGIN", "LOGOUT", "SET_PIN"):
            out.append((word, rest.partition(" ")[2]))
    return out


def change():
    with World(*ONE, answers=("pin 1234", "pin 1234", "pin 5678",
                              "pin 5678", "pin 5678")) as w:
        c = w.client()
        same(c.sign(KEY).tag, SIGN_OK, "the PIN is known")
        w.folder.pinentry_log()
        m = pin(c, purpose="because")
        ok(m.tag == PIN_OK, "changed", m)
        # The second logout comes with the answer, not before it.
        wait_for(lambda: len(sent(w)) == 4)
        same(sent(w), [("LOGIN", "pin=1234"), ("LOGOUT", ""),
                       ("SET_PIN", "pin=1234 new=5678"), ("LOGOUT", "")],
             "login ended, then old and new at once")
        words = w.folder.pinentry_log("SETDESC")[1:]
        ok("present PIN" in words[0] and "3 tries" in words[0] and
           "because" in words[0], "the first prompt", words[0])
        ok("new PIN" in words[1] and "4 to 8" in words[1], "the second",
           words[1])
        ok("once more" in words[2], "the third", words[2])
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 5),
             "the known PIN was forgotten, the new one is right")
        ok("5678" not in w.agent.text(), "no PIN in the log")


def unblock():
    with World(*ONE, wrong=3, answers=("pin 87654321", "pin 4321",
                                       "pin 4321", "pin 4321")) as w:
        c = w.client()
        m = pin(c)
        same((m.code, w.prompts()), (PIN_LOCKED, 0), "a locked PIN")
        ok("unblock" in m.text, "what to do is said", m.text)
        same(pin(c, UNBLOCK).tag, PIN_OK, "unblocked")
        ok("PUK" in w.folder.pinentry_log("SETDESC")[0], "with the PUK")
        same(c.sign(KEY).tag, SIGN_OK, "the new PIN is right")
    with World(*ONE, wrong=3, answers=("pin 11111111", "pin 4321")) as w:
        same(pin(w.client(), UNBLOCK).code, PIN_WRONG, "a wrong PUK")
        same(len([x for x in sent(w) if x[0] == "SET_PIN"]), 1, "goes once")


def wrong():
    with World(*ONE, answers=("pin 9999", "pin 5678", "pin 5678")) as w:
        m = pin(w.client())
        same((m.code, m.tries), (PIN_WRONG, 2), "a wrong PIN")
        same([x for x in sent(w) if x[0] != "LOGOUT"],
             [("SET_PIN", "pin=9999 new=5678")], "goes once")
    with World(*ONE, answers=("pin 1234", "pin 1", "pin 123456789",
                              "pin 22222", "pin 22222")) as w:
        same(pin(w.client()).tag, PIN_OK, "too short, too long, right")
        ok("length" in w.folder.pinentry_log("SETERROR")[0], "says so")
    with World(*ONE, answers=("pin 1234", "pin 1")) as w:
        same(pin(w.client()).code, PIN_LENGTH, "too short, three times")
        same((sent(w), w.prompts()), ([], 4), "nothing was sent")
    with World(*ONE, answers=("pin 1234", "pin 5678", "pin 5679",
                              "pin 5678", "pin 5678")) as w:
        same(pin(w.client()).tag, PIN_OK, "a slip, then twice the same")
        ok("not the same" in w.folder.pinentry_log("SETERROR")[0], "says so")
    with World(*ONE, answers=("pin ",)) as w:
        same(pin(w.client()).code, PIN_LENGTH, "nothing typed")
        same(sent(w), [], "nothing sent")


def final_try():
    with World(*ONE, wrong=2, answers=("no",)) as w:
        same(pin(w.client()).code, PIN_FINAL, "a no to the last try")
        same(sent(w), [], "nothing was sent")
    with World(*ONE, wrong=2, answers=("yes", "pin 1234", "pin 5678",
                                       "pin 5678")) as w:
        same(pin(w.client()).tag, PIN_OK, "a yes")
        same(w.prompts("CONFIRM"), 1, "asked once")
    # Another program uses up the tries while the person types.
    with World(*ONE, answers=("pin 1234", "pin 5678", "delay 1 pin 5678",
                              "no")) as w:
        c = w.client()
        ident = c.post(PIN, utf8(""), integer(CHANGE, 0x0a), context())
        ok(wait_for(lambda: w.prompts() == 3), "typing")
        w.folder.write("script.state", "2\n")
        same(c.wait(ident).code, PIN_FINAL, "it became the last try")
        same(sent(w), [], "nothing was sent")


def ends():
    with World(*ONE, answers=("cancel",)) as w:
        same(pin(w.client()).code, CANCELLED, "cancelled")
    with World(*ONE, answers=("pin 1234", "hang")) as w:
        c = w.client()
        ident = c.post(PIN, utf8(""), integer(CHANGE, 0x0a), context())
        ok(wait_for(lambda: w.prompts() == 2), "the second prompt")
        c.call(CANCEL, integer(ident))
        ok(wait_for(lambda: not w.pinentries()), "goes with the request")
        c.post(PIN, utf8(""), integer(CHANGE, 0x0a), context())
        ok(wait_for(lambda: w.prompts() >= 3), "again")
        c.close()
        ok(wait_for(lambda: not w.pinentries()), "and with the client")
        same(pin(w.client(), token="pkcs11:token=none").code, NO_TOKEN,
             "no such token")
    with World(*ONE, answers=("pin 1234", "pin 5678",
                              "delay 1 pin 5678")) as w:
        c = w.client()
        ident = c.post(PIN, utf8(""), integer(CHANGE, 0x0a), context())
        ok(wait_for(lambda: w.prompts() == 3), "typing")
        w.script("token PIV 0123", "key 0", "insertion 7")
        same(c.wait(ident).code, TOKEN_REMOVED, "the card was out meanwhile")
        ok(not [x for x in sent(w) if x[0] == "SET_PIN" and x[1] == ""],
           "no PIN was taken")
    with World("token A 1", "token B 2", "key 0") as w:
        m = pin(w.client())
        ok(m.code == NO_TOKEN and "A" in m.text and "B" in m.text,
           "two tokens: say which", m.text)


def left_alone():
    """Nobody waits for the change any more, and it is made: the PIN that was
    proven meanwhile is wrong now, and goes nowhere."""
    for what in ("cancelled", "gone", "late"):
        with World(*ONE, "on SET_PIN 1 gate",
                   answers=("delay 1 pin 1234", "pin 1234", "pin 5678",
                            "pin 5678", "pin 5678")) as w:
            c, other = w.client(), w.client()
            ident = c.post(PIN, utf8(""), integer(CHANGE, 0x0a),
                           context(deadline=15000 if what == "late" else 0))
            ok(wait_for(w.prompts), what + ": typing")
            same(other.sign(KEY).tag, SIGN_OK, "another one logs in")
            old = w.worker()
            ok(wait_for(lambda: w.log("SET_PIN")), "a change under way")
            if what == "cancelled":
                same(c.call(CANCEL, integer(ident)).tag, CANCEL_OK, what)
                same(c.wait(ident).code, CANCELLED, "is told")
            elif what == "gone":
                c.close()
                wait_for(lambda: other.status().clients == 1)
            else:
                same(c.wait(ident).code, TIMEOUT, "late: is told")
            w.folder.open_gate()
            ok(wait_for(lambda: w.worker() != old, 10),
               "the process that has the PINs ends")
            same((other.sign(KEY).tag, w.prompts()), (SIGN_OK, 5),
                 "the person is asked again")
            same([x[1] for x in sent(w) if x[0] == "LOGIN"],
                 ["pin=1234", "pin=5678"], "the old PIN is not tried")


def pinpad():
    with World(*ONE, "pinpad") as w:
        events = w.client()
        ident = events.post(EVENTS, tlv(3, b"\1\xfe"))
        same(pin(w.client()).tag, PIN_OK, "a pinpad asks by itself")
        same((w.prompts(), sent(w)), (0, [("SET_PIN", "")]), "no PIN of ours")
        m = events.read()
        while m.fields[0][1] != b"\6":
            m = events.read()
        same((m.id, m.tag, m.fields[0][1]), (ident, EVENT, b"\6"),
             "the person is told to look at it")


def main():
    change()
    unblock()
    wrong()
    final_try()
    ends()
    left_alone()
    pinpad()
    done()


main()
