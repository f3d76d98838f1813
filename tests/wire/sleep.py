#!/usr/bin/env python3
"""Sleep and locked sessions, as logind tells over D-Bus. The bus is a private
one, logind a fake one."""

import shutil

from bus import Bus
from wire import CANCELLED, SIGN_OK, done, ok, same, skip, wait_for
from world import KEY, ONE, World


def locked(world):
    return wait_for(lambda: "LOGOUT" in [
        x.split()[0] for x in world.folder.fake_log()])


def sleep(bus):
    with World(*ONE, env=bus.env) as w:
        ok(bus.expect("inhibited sleep delay"), "sleep is delayed")
        c = w.client()
        same(c.sign(KEY).tag, SIGN_OK, "unlocked")
        bus.say("sleep")
        ok(bus.expect("released"), "then it is allowed")
        ok(locked(w), "the token was logged out before")
        ok(not c.list().tokens[0].is_unlocked, "and is locked")
        bus.say("wake")
        ok(bus.expect("inhibited sleep delay"), "the next sleep is delayed")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2),
             "the PIN is asked for again")
        bus.say("sleep")
        ok(bus.expect("released"), "again")
        same(w.agent.stop(), 0, "the agent ends")


def a_token_that_hangs(bus):
    with World(*ONE, "on LOGOUT 0 hang", env=bus.env) as w:
        ok(bus.expect("inhibited sleep delay"), "delayed")
        same(w.client().sign(KEY).tag, SIGN_OK, "unlocked")
        bus.say("sleep")
        ok(bus.expect("released", 8), "a token that hangs delays no longer")
        bus.say("wake")


def a_prompt(bus):
    with World(*ONE, answers=("hang",), env=bus.env) as w:
        bus.expect("inhibited sleep delay")
        c = w.client()
        ident = c.post_sign(KEY)
        ok(wait_for(w.pinentries), "a prompt is open")
        bus.say("sleep")
        m = c.wait(ident)
        same(m.code, CANCELLED, "it goes")
        ok("sleep" in m.text, "says why", m.text)
        ok(wait_for(lambda: not w.pinentries()), "and its process")
        ok(bus.expect("released"), "then the machine sleeps")


def session(bus):
    for line in ("lock _32", "hint _32 1"):
        with World(*ONE, env=bus.env) as w:
            bus.expect("inhibited sleep delay")
            c = w.client()
            same(c.sign(KEY).tag, SIGN_OK, "unlocked")
            bus.say("hint _32 0")
            bus.say(line)
            ok(locked(w), line + ": locked")
            same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 2), "PIN again")


def off(bus):
    bus.forget()
    with World(*ONE, env=bus.env, config="[pin]\nlock-on-sleep = 0\n"
               "lock-on-session-lock = 0\n") as w:
        c = w.client()
        same(c.sign(KEY).tag, SIGN_OK, "unlocked")
        bus.say("sleep")
        bus.say("lock _32")
        ok(not bus.expect("inhibited sleep delay", 0.5), "not if not wanted")
        same((c.sign(KEY).tag, w.prompts()), (SIGN_OK, 1), "still unlocked")


def no_bus(bus):
    with World(*ONE, env=bus.env) as w:
        bus.expect("inhibited sleep delay")
        c = w.client()
        bus.stop()
        same(c.sign(KEY).tag, SIGN_OK, "the bus goes: the agent stays")
        bus.start()
    with World(*ONE, env={"DBUS_SYSTEM_BUS_ADDRESS":
                          "unix:path=/nonexistent"}) as w:
        same(w.client().sign(KEY).tag, SIGN_OK, "without a bus")
        ok("no news of sleep" in w.agent.text(), "it says so",
           w.agent.text())


def main():
    if shutil.which("dbus-daemon") is None:
        skip("sleep", "dbus-daemon is not installed")
        done()
        return
    with Bus() as bus:
        sleep(bus)
        a_token_that_hangs(bus)
        a_prompt(bus)
        session(bus)
        off(bus)
        no_bus(bus)
    done()


main()
