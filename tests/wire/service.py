#!/usr/bin/env python3
"""An agent for more than one person's desktop: the restricted socket, other
users and groups, and PINs from files."""

import os
import socket
import subprocess
import sys

from wire import (BUILD, BUSY, CANCEL, CANCEL_OK, EVENTS, HELLO_OK, LOCK_OK,
                  LIST_OK, OPEN, PIN, PIN_FINAL, PIN_WRONG, POLICY, RAW,
                  REFUSED, SIGN_OK, STATUS, STATUS_OK, UNLOCK, Client, Closed,
                  Folder, context, done, integer, octets, ok, same, skip, tlv,
                  utf8, wait_for)
from world import KEY, ONE, World

AGENT = os.path.join(BUILD, "agent/cardseal-agent")
CONFIG = 3


def restricted():
    folder = Folder()
    path = folder.file("run/restricted")
    module = folder.use_fake(*ONE)
    folder.answers("yes", "pin 1234", "no", "yes")
    with folder:
        agent = folder.agent(module=module, config="[agent]\n"
                             "restricted-socket = %s\n" % path)
        same(os.stat(path).st_mode & 0o777, 0o600, "its mode")
        c = Client(path, says_hello=False)
        m = c.hello()
        same((m.tag, m.fields[2][1]), (HELLO_OK, b"\xff"), "it says so")
        same(c.list().message.tag, LIST_OK, "it lists")
        same(c.sign(KEY).tag, SIGN_OK, "it signs")
        text = folder.pinentry_log("SETDESC")[0]
        ok("another computer" in text, "after a question", text)
        same(c.sign(KEY).code, REFUSED, "each time")
        same(c.call(CANCEL, integer(99)).tag, CANCEL_OK, "it cancels")
        for what, fields in (
                (OPEN, (octets(KEY), octets(b"0"), integer(0), octets(b"0"),
                        context())),
                (RAW, (octets(KEY), integer(0, 0x0a), integer(1), octets(b""),
                       octets(b""), context())),
                (PIN, (utf8(""), integer(0, 0x0a), context())),
                (UNLOCK, (context(tag=0xa1),)),
                (15, (context(tag=0xa1),)),
                (STATUS, ()),
                (EVENTS, (tlv(3, b"\1\xfe"),))):
            m = c.call(what, *fields)
            same(m.code, POLICY, "message %d is refused" % what)
        same(agent.client().sign(KEY).tag, SIGN_OK, "the other socket is free")
        agent.stop()
        ok(not os.path.exists(path), "both sockets are gone")


def far_displays():
    """Who is at another computer must not answer the question himself."""
    folder = Folder()
    path = folder.file("run/restricted")
    module = folder.use_fake(*ONE)
    folder.answers("yes", "pin 1234", "yes", "yes")
    claims = {"display": "far.example:0", "tty": "/dev/pts/99"}
    with folder:
        agent = folder.agent(module=module, config="[agent]\n"
                             "restricted-socket = %s\n[rule a]\n"
                             "confirm = always\n" % path,
                             env={"DISPLAY": ":77"})
        same(Client(path).sign(KEY, **claims).tag, SIGN_OK, "a far client")
        log = folder.pinentry_log()
        ok(len([x for x in log if x.startswith("START")]) == 2 and
           not any("far.example" in x or "pts/99" in x for x in log),
           "does not choose where its question and its PIN prompt appear",
           log)
        ok(any(x == "START --display :77" for x in log),
           "that is where the agent's own person is", log)
        same(agent.client().sign(KEY, **claims).tag, SIGN_OK, "a near one")
        ok(any("far.example" in x for x in folder.pinentry_log()), "does")


def far_floods():
    """Whatever comes from another computer, one's own requests are served."""
    folder = Folder()
    path = folder.file("run/restricted")
    module = folder.use_fake(*ONE, "pin none")
    folder.answers("hang")
    with folder:
        agent = folder.agent(module=module, config="[agent]\n"
                             "restricted-socket = %s\n" % path)
        same(agent.client().sign(KEY).tag, SIGN_OK, "it works")
        clients = []
        for _ in range(1100):
            try:
                c = Client(path)
                c.post_sign(KEY)
                clients.append(c)
            except (Closed, BrokenPipeError, ConnectionResetError):
                pass
        same(len(clients), 256, "1100 connections, of which few are taken")
        same(sum(c.call(CANCEL, integer(c.next)).tag == CANCEL_OK
                 for c in clients[16:]), 240, "all of them are served")
        same([c.wait(2).code for c in clients[16:]], [BUSY] * 240,
             "but few questions wait for the person")
        same(agent.client().sign(KEY).tag, SIGN_OK, "one's own is served")
        for c in clients:
            c.close()
        folder.answers("yes")
        wait_for(lambda: agent.client().status().clients == 1)
        same(Client(path).sign(KEY).tag, SIGN_OK,
             "and theirs, when they have gone")


def restricted_by_systemd():
    with Folder() as folder:
        module = folder.use_fake(*ONE)
        folder.answers("no")
        sockets = []
        for name in ("main", "second"):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.bind(folder.file("run/" + name))
            s.listen(5)
            sockets.append(s)
        code = ("import os, sys\n"
                "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="
                "'2', LISTEN_FDNAMES='x.socket:restricted')\n"
                "os.execv(sys.argv[1], sys.argv[1:])\n")

        def hand_over():
            high = [os.dup(s.fileno()) for s in sockets]
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)

        with open(folder.file("agent.log"), "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", code, AGENT, "--module", module,
                 "--pinentry", folder.file("pinentry")], env=folder.env,
                stderr=log, close_fds=False, preexec_fn=hand_over)
        main, second = (Client(folder.file("run/" + n), says_hello=False)
                        for n in ("main", "second"))
        same([c.hello().fields[2][1] for c in (main, second)],
             [b"\0", b"\xff"], "two sockets by their names")
        same(second.sign(KEY).code, REFUSED, "the second asks")
        process.terminate()
        same(process.wait(20), 0, "it ends")


def as_user(uid, gid, groups, call):
    """The result of call, a small number, as that user."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
            status = call()
        except (Closed, BrokenPipeError, ConnectionResetError):
            status = 98
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def other_users():
    if os.geteuid() != 0:
        skip("other users", "needs root")
        return
    with World(*ONE, "pin none", config="[service]\nusers = nobody, 12345\n"
               "groups = 23456\n[rule a]\nfor = open\nusers = 0\n",
               socket_name="run/public/agent") as w:
        for path in (w.folder.path, w.folder.file("run")):
            os.chmod(path, 0o755)
        path = w.agent.socket
        same((os.stat(path).st_mode & 0o777,
              os.stat(os.path.dirname(path)).st_mode & 0o777),
             (0o666, 0o755), "the socket is open")

        def sign():
            return Client(path).sign(KEY).tag

        same(as_user(12345, 1, [], sign), SIGN_OK, "a user by number")
        same(as_user(65534, 1, [], sign), SIGN_OK, "a user by name")
        same(as_user(7, 23456, [], sign), SIGN_OK, "a user by group")
        same(as_user(7, 1, [5, 23456], sign), SIGN_OK, "by a further group")
        same(as_user(7, 1, [5], sign), 98, "others are shown the door")
        for what, fields in ((PIN, (utf8(""), integer(0, 0x0a), context())),
                             (UNLOCK, (context(tag=0xa1),)),
                             (15, (context(tag=0xa1),))):
            same(as_user(12345, 1, [], lambda: Client(path).call(
                what, *fields).code), POLICY, "%d is not theirs" % what)
        same(as_user(12345, 1, [], lambda: Client(path).call(STATUS).tag),
             STATUS_OK, "but status is")
        same(as_user(12345, 1, [], lambda: Client(path).call(
            OPEN, octets(KEY), octets(b"0"), integer(0), octets(b"0"),
            context()).code), POLICY, "a rule for users")
        same(w.client().lock().tag, LOCK_OK, "the agent's own user may all")


def rules_that_fail():
    for text, words in (("[service]\nusers = nobody-at-all\n", "no user"),
                        ("[service]\ngroups = nobody-at-all\n", "no group"),
                        ("[service]\nhosts = a\n", "no such key"),
                        ("[pin-of a]\ntoken = x\n", "pkcs11: URI"),
                        ("[pin-of a]\nfile = x\n", "whole path"),
                        ("[pin-of a]\ncredential = a/b\n", "not a path"),
                        ("[pin-of a]\nprogram = a\n", "has only")):
        with Folder() as folder:
            agent = folder.agent(config=text, wait=False)
            same(agent.process.wait(20), 2, "a wrong file")
            ok(words in agent.text(), words, agent.text())


class Gateway(World):
    def __init__(self, *script, pin="1234\n", mode=0o400, **kw):
        self.folder = Folder()
        self.module = self.folder.use_fake(*script)
        os.mkdir(self.folder.file("credentials"), 0o700)
        self.put(pin, mode)
        self.folder.answers("pin 1234")
        self.start(**kw)

    def put(self, pin, mode=0o400):
        path = self.folder.file("credentials/gateway")
        if os.path.exists(path):
            os.unlink(path)
        self.folder.write("credentials/gateway", pin)
        os.chmod(path, mode)

    def start(self, wrong=None, env=None, source="credential = gateway"):
        if wrong is not None:
            self.folder.write("script.state", "%d\n" % wrong)
        self.agent = self.folder.agent(
            module=self.module, env=dict({"CREDENTIALS_DIRECTORY":
                                          self.folder.file("credentials")},
                                         **(env or {})),
            config="[pin-of gw]\ntoken = pkcs11:serial=0123\n%s\n" % source)

    def marks(self):
        return [x for x in os.listdir(self.folder.file("home/state/cardseal"))
                if x.startswith("pin-tried")]


def pin_from_a_file():
    with Gateway(*ONE, "key 0 always") as w:
        c = w.client()
        same([c.sign(KEY).tag for _ in range(3)], [SIGN_OK] * 3, "signs")
        same(c.sign(bytes([0, 2]) + bytes(30)).tag, SIGN_OK,
             "keys that always authenticate too")
        same((w.prompts(), w.marks()), (0, []), "nobody is asked")
        text = w.agent.text()
        log = os.path.join(w.folder.file("home/state/cardseal"),
                           "audit.jsonl")
        ok("1234" not in text + open(log).read().replace("0123", ""),
           "the PIN is in no log")
        same(c.lock().tag, LOCK_OK, "lock")
        same(c.sign(KEY).tag, SIGN_OK, "and on")
    with Gateway("token PIV 0123", "token other 2", "key 1") as w:
        same((w.client().sign(KEY).tag, w.prompts()), (SIGN_OK, 1),
             "another token's PIN is a person's")
    with Folder() as folder:
        path = folder.write("pin", "1234")
        os.chmod(path, 0o400)
    with Gateway(*ONE) as w:
        w.agent.stop()
        w.start(source="file = " + w.folder.file("credentials/gateway"))
        same(w.client().sign(KEY).tag, SIGN_OK, "a file by its path")


def a_wrong_pin():
    with Gateway(*ONE, pin="9999\n") as w:
        m = w.client().sign(KEY)
        same(m.code, PIN_WRONG, "a wrong PIN")
        ok("not sent again" in m.text and "pin-tried" in m.text,
           "says what to do", m.text)
        same(w.client().sign(KEY).code, PIN_WRONG, "again")
        same(w.pins(), ["9999"], "it goes once")
        w.agent.stop()
        w.start()
        same(w.client().sign(KEY).code, PIN_WRONG, "after a restart too")
        same(w.pins(), ["9999"], "no other try")
        w.put("1234")
        same(w.client().sign(KEY).tag, SIGN_OK, "another PIN in the file")
        same(w.pins(), ["9999", "1234"], "is another try")
    with Gateway(*ONE, "on LOGIN 1 crash") as w:
        ok(w.client().sign(KEY).code != 0, "it may have failed")
        same(len(w.marks()), 1, "that counts")
        same(w.client().sign(KEY).code, PIN_WRONG, "it is not sent again")
        os.unlink(os.path.join(w.folder.file("home/state/cardseal"),
                               w.marks()[0]))
        same(w.client().sign(KEY).tag, SIGN_OK, "unless the mark is removed")
    with Gateway(*ONE, wrong=2) as w:
        same(w.client().sign(KEY).code, PIN_FINAL,
             "at the last try nobody says yes")
        same(w.pins(), [], "nothing is sent")


def bad_files():
    for pin, mode, what in (("1234", 0o444, "open to others"),
                            ("", 0o400, "empty"), ("\n", 0o400, "no PIN"),
                            ("1" * 256, 0o400, "too long")):
        with Gateway(*ONE, pin=pin, mode=mode) as w:
            m = w.client().sign(KEY)
            ok(m.code == CONFIG and "gateway" in m.text, what, m.text)
            same((w.pins(), w.prompts()), ([], 0), "nothing is sent")
    with Gateway(*ONE, env={"CREDENTIALS_DIRECTORY": ""}) as w:
        m = w.client().sign(KEY)
        ok(m.code == CONFIG and "LoadCredential" in m.text, "no folder",
           m.text)
    with Gateway(*ONE) as w:
        os.unlink(w.folder.file("credentials/gateway"))
        ok(w.client().sign(KEY).code != 0, "no file")


def main():
    restricted()
    far_displays()
    far_floods()
    restricted_by_systemd()
    other_users()
    rules_that_fail()
    pin_from_a_file()
    a_wrong_pin()
    bad_files()
    done()


main()
