"""What the tests of the agent's wire share: TAP, a little DER, a client, and
agents of their own in a private folder. Nothing here uses the code under
test, so that the two can't share one mistake."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile

from tap import (PATIENCE, SOON, children, done, is_running, ok, proc_read,
                 run, same, skip, soon, wait_for)

# What a test needs, in one place.
__all__ = ["PATIENCE", "SOON", "children", "done", "is_running", "ok", "run",
           "same", "skip", "soon", "wait_for"]

SRC = os.path.abspath(os.environ.get("CS_SRCDIR", "."))
BUILD = os.path.abspath(os.environ.get("CS_BUILDDIR", "."))
# "make check-valgrind" sets it; the agent, its starter and its workers run
# under it then.
VALGRIND = shlex.split(os.environ.get("CS_VALGRIND", ""))

# Tags of the messages (asn1/agent.asn).
(ERROR, HELLO, HELLO_OK, LIST, LIST_OK, SIGN, SIGN_OK, OPEN, OPEN_OK, RAW,
 RAW_OK, PIN, PIN_OK, UNLOCK, UNLOCK_OK, LOCK, LOCK_OK, STATUS, STATUS_OK,
 EVENTS, EVENT, CANCEL, CANCEL_OK, DECAPSULATE, DECAPSULATE_OK, WRITE,
 WRITE_OK) = range(27)

# Numbers of asn1/err.def.
UNSUPPORTED, PROTOCOL, NO_KEY, NO_TOKEN, TOKEN_REMOVED = 17, 51, 60, 61, 65
PIN_WRONG, PIN_LOCKED, PIN_LENGTH, PIN_FINAL = 70, 71, 72, 74
CANCELLED, NO_PINENTRY, PIN_NEEDED, POLICY = 76, 77, 78, 90
REFUSED = 91
TIMEOUT, DEVICE, WORKER, MODULE, BUSY = 100, 101, 102, 103, 104

FRAME_MAX = 32768
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")

def is_sanitized():
    """Figures of memory, and of what valgrind adds, mean nothing then."""
    if VALGRIND:
        return True
    with open(os.path.join(BUILD, "agent/cardseal-agent"), "rb") as f:
        return b"__asan_init" in f.read()


def places_of(pid, needle):
    """[(address, is the memory locked?)] of the bytes in the process; one that
    has ended has none."""
    out, low, high, is_readable = [], 0, 0, False
    try:
        f = open("/proc/%d/smaps" % pid)
        mem = open("/proc/%d/mem" % pid, "rb", 0)
    except FileNotFoundError:
        return out
    with f, mem:
        for line in f:
            words = line.split()
            if re.match("[0-9a-f]+-[0-9a-f]+ ", line):
                low, high = (int(x, 16) for x in words[0].split("-"))
                is_readable = words[1].startswith("r")
            elif words[0] == "VmFlags:" and is_readable:
                try:
                    mem.seek(low)
                    at = mem.read(high - low).find(needle)
                except (OSError, OverflowError, ValueError):
                    continue
                if at >= 0:
                    out.append((low + at, "lo" in words))
    return out


# --- DER --------------------------------------------------------------------

def tlv(tag, content):
    n = len(content)
    if n < 128:
        length = bytes([n])
    else:
        digits = n.to_bytes((n.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def integer(value, tag=2):
    n = max(1, (value.bit_length() + 8) // 8)
    return tlv(tag, value.to_bytes(n, "big", signed=True))


def utf8(text, tag=0x0c):
    return tlv(tag, text.encode())


def octets(data, tag=4):
    return tlv(tag, data)


def seq(*parts, tag=0x30):
    return tlv(tag, b"".join(parts))


def parse(data):
    """[(tag, content)] of all elements."""
    out, at = [], 0
    while at < len(data):
        tag, n = data[at], data[at + 1]
        at += 2
        if n >= 128:
            k = n & 127
            n = int.from_bytes(data[at:at + k], "big")
            at += k
        out.append((tag, data[at:at + n]))
        if at + n > len(data):
            raise ValueError("truncated")
        at += n
    return out


def number(content):
    return int.from_bytes(content, "big", signed=True)


def frame_len(data):
    """0: more is needed."""
    if len(data) < 2:
        return 0
    n, head = data[1], 2
    if n >= 128:
        head += n & 127
        if len(data) < head:
            return 0
        n = int.from_bytes(data[2:head], "big")
    return head + n


# --- messages ---------------------------------------------------------------

def message(ident, tag, *fields):
    return seq(integer(ident), seq(*fields, tag=0xa0 | tag))


def context(deadline=0, purpose="", display="", tty="", ctype="", messages="",
            tag=0x30):
    parts = []
    if deadline:
        parts.append(integer(deadline, 0x80))
    for number_, text in ((1, purpose), (2, display), (3, tty), (5, ctype),
                          (6, messages)):
        if text:
            parts.append(utf8(text, 0x80 | number_))
    return seq(*parts, tag=tag)


class Message:
    def __init__(self, data):
        (tag, content), = parse(data)
        (_, ident), (body, fields) = parse(content)
        assert tag == 0x30
        self.id = number(ident)
        self.tag = body & 0x1f
        self.fields = parse(fields)

    def __repr__(self):
        if self.tag == ERROR:
            return "error %d %r" % (self.code, self.text)
        return "message %d %r" % (self.tag, self.fields)

    @property
    def code(self):
        return number(self.fields[0][1]) if self.tag == ERROR else 0

    def field(self, tag, default=b""):
        for t, content in self.fields:
            if t == tag:
                return content
        return default

    @property
    def text(self):
        return self.field(0x84).decode()

    @property
    def tries(self):
        f = self.field(0x82, None)
        return None if f is None else number(f)


class Closed(Exception):
    pass


class Client:
    """One connection. says_hello=False: it is left to the test."""

    def __init__(self, path, says_hello=True, program="wire-test"):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.sock.settimeout(PATIENCE)
        self.data = b""
        self.next = 0
        self.others = {}  # came while another one was waited for
        if says_hello:
            self.hello(program)

    def hello(self, program="wire-test", low=1, high=1):
        return self.call(HELLO, integer(low), integer(high), utf8(program))

    def send(self, data):
        self.sock.sendall(data)

    def post(self, tag, *fields):
        self.next += 1
        self.send(message(self.next, tag, *fields))
        return self.next

    def read(self, timeout=PATIENCE):
        """The next message; Closed at the end, socket.timeout."""
        self.sock.settimeout(timeout)
        while True:
            n = frame_len(self.data)
            if n and n <= len(self.data):
                frame, self.data = self.data[:n], self.data[n:]
                return Message(frame)
            try:
                more = self.sock.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            self.data += more

    def wait(self, ident, timeout=PATIENCE):
        """The answer to that request; answers may overtake each other."""
        while ident not in self.others:
            m = self.read(timeout)
            if m.id == ident or m.tag != EVENT:
                self.others[m.id] = m
        return self.others.pop(ident)

    def call(self, tag, *fields, timeout=PATIENCE):
        return self.wait(self.post(tag, *fields), timeout)

    def is_closed(self, timeout=PATIENCE):
        try:
            while True:
                self.read(timeout)
        except Closed:
            return True
        except (socket.timeout, TimeoutError):
            return False

    def close(self):
        self.sock.close()

    # requests

    def sign_fields(self, key, digest=b"\1" * 32, algorithm=ECDSA_SHA256,
                    **claims):
        return (octets(key), octets(algorithm), octets(digest),
                context(**claims))

    def sign(self, key, timeout=PATIENCE, **claims):
        return self.call(SIGN, *self.sign_fields(key, **claims),
                         timeout=timeout)

    def post_sign(self, key, **claims):
        return self.post(SIGN, *self.sign_fields(key, **claims))

    def unlock(self, token="", **claims):
        parts = [utf8(token, 0x80)] if token else []
        return self.call(UNLOCK, *parts, context(tag=0xa1, **claims))

    def lock(self, token=""):
        parts = [utf8(token, 0x80)] if token else []
        return self.call(LOCK, *parts, context(tag=0xa1))

    def list(self, token="", after=b""):
        parts = [utf8(token, 0x80)] if token else []
        if after:
            parts.append(octets(after, 0x81))
        return Listing(self.call(LIST, *parts))

    def status(self):
        return Status(self.call(STATUS))


class Token:
    def __init__(self, content):
        f = parse(content)
        (self.uri, self.label, self.serial, self.manufacturer, self.model,
         self.module, self.reader) = [x[1].decode() for x in f[:7]]
        self.flags = f[7][1]
        self.tries = number(f[8][1]) if len(f) > 8 else None

    def has(self, bit):
        return len(self.flags) > 1 + bit // 8 and bool(
            self.flags[1 + bit // 8] & 0x80 >> bit % 8)

    @property
    def is_unlocked(self):
        return self.has(7)


class Key:
    def __init__(self, content):
        f = parse(content)
        self.id = f[0][1]
        self.token, self.uri, self.label = [x[1].decode() for x in f[1:4]]
        self.spki = f[6][1]
        self.certificates = [c for _, c in parse(f[7][1])]


class Listing:
    def __init__(self, m):
        self.message = m
        self.tokens, self.keys, self.certificates, self.more = [], [], [], 0
        if m.tag != LIST_OK:
            return
        self.tokens = [Token(c) for _, c in parse(m.fields[0][1])]
        self.keys = [Key(c) for _, c in parse(m.fields[1][1])]
        self.certificates = [c for _, c in parse(m.fields[2][1])]
        self.more = m.fields[3][1] != b"\0"


class Module:
    def __init__(self, content):
        f = parse(content)
        self.name, self.path = f[0][1].decode(), f[1][1].decode()
        self.state, self.pid = number(f[2][1]), number(f[3][1])
        self.restarts, self.last_error = number(f[4][1]), f[5][1].decode()


class Status:
    def __init__(self, m):
        self.message = m
        self.version = m.fields[0][1].decode()
        self.pid = number(m.fields[1][1])
        self.started = number(m.fields[2][1])
        self.clients = number(m.fields[3][1])
        self.modules = [Module(c) for _, c in parse(m.fields[4][1])]
        self.tokens = [Token(c) for _, c in parse(m.fields[5][1])]


# --- agents -----------------------------------------------------------------

class Folder:
    """A private folder, with its own HOME; removed at the end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="cardseal-wire.")
        self.agents = []
        for name in ("home", "run", "libexec", "pinentry.d"):
            os.mkdir(os.path.join(self.path, name), 0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(
            ("CARDSEAL_", "XDG_", "SOFTHSM2_", "DISPLAY", "GPG_",
             "WAYLAND_", "DBUS_", "LISTEN_", "NOTIFY_"))}
        # Not the machine's.
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
        self.env.update(HOME=self.file("home"), LC_ALL="C.UTF-8",
                        XDG_RUNTIME_DIR=self.file("run"),
                        XDG_STATE_HOME=self.file("home/state"),
                        XDG_CONFIG_HOME=self.file("home/config"),
                        CARDSEAL_LOCALEDIR=os.path.join(BUILD, "po"),
                        CARDSEAL_LIBEXECDIR=self.file("libexec"))
        self.use_worker(os.path.join(BUILD, "token/cardseal-token"))
        self.write("pinentry", "#!/bin/sh\nFAKE_PINENTRY_DIR=%s exec %s "
                   '"$@"\n' % (self.file("pinentry.d"), os.path.join(
                       SRC, "tests/system/fake-pinentry")))
        os.chmod(self.file("pinentry"), 0o700)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for agent in self.agents:
            agent.kill()
            text = agent.text()
            if "Sanitizer" in text or "runtime error" in text:
                ok(False, "the sanitizers are silent", text)
        if VALGRIND:
            errors = self.valgrind_errors()
            ok(errors == "", "valgrind is silent", errors)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.path, ignore_errors=True)

    def valgrind_errors(self):
        """Of all processes there were, but for calls it does not know."""
        out = ""
        for name in sorted(os.listdir(self.path)):
            if name.startswith("valgrind."):
                with open(self.file(name), errors="replace") as f:
                    out += "".join(x for x in f if x.startswith("=="))
        return out

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        with open(self.file(name), "w") as f:
            f.write(text)
        return self.file(name)

    def use_worker(self, program):
        link = self.file("libexec/cardseal-token")
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(program, link)

    def use_fake(self, *lines, name="script"):
        """The scripted worker; gives the module to name."""
        self.use_worker(os.path.join(BUILD, "tests/wire/fake_token"))
        for old in (".log", ".state", ".open", ".pin"):
            if os.path.exists(self.file(name + old)):
                os.unlink(self.file(name + old))
        return self.write(name, "".join(line + "\n" for line in lines))

    def open_gate(self, name="script"):
        """What waits at a gate goes on, and nothing waits there any more."""
        self.write(name + ".open", "")

    def fake_log(self, name="script"):
        try:
            with open(self.file(name + ".log")) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def answers(self, *lines):
        """What the fake pinentry does (see there)."""
        self.write("pinentry.d/answers", "".join(x + "\n" for x in lines))
        for name in ("next", "log"):
            if os.path.exists(self.file("pinentry.d/" + name)):
                os.unlink(self.file("pinentry.d/" + name))

    def pinentry_log(self, word=""):
        try:
            with open(self.file("pinentry.d/log")) as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            return []
        return [x for x in lines if x.split(" ")[0] == word or not word]

    def fixtures(self, *args, name="fixtures"):
        """make-fixtures in the folder; gives its env as a dict."""
        out = self.file(name)
        subprocess.run([os.path.join(SRC, "softhsm-fixtures/make-fixtures"),
                        out, *args], check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run(
            ["bash", "-c", '. "$1/env" && env', "bash", out], check=True,
            stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]}).stdout
        env = dict(line.split("=", 1) for line in text.decode().splitlines()
                   if "=" in line)
        self.env["SOFTHSM2_CONF"] = env["SOFTHSM2_CONF"]
        return env

    def agent(self, *args, **kw):
        return Agent(self, *args, **kw)


class Agent:
    def __init__(self, folder, *args, module=None, pinentry=None, wait=True,
                 socket_name="run/agent", env=None, config=None, **popen):
        self.folder = folder
        self.socket = folder.file(socket_name)
        self.log = folder.file("agent.log")
        command = [os.path.join(BUILD, "agent/cardseal-agent")]
        if socket_name:
            command += ["--socket", self.socket]
        if module:
            command += ["--module", module]
        if config is not None:
            command += ["--config", folder.write("agent.conf", config)]
        command += ["--pinentry", pinentry or folder.file("pinentry")]
        env = dict(folder.env, **(env or {}))
        if VALGRIND:
            command = VALGRIND + [
                "--log-file=" + folder.file("valgrind.%p")] + command
            env["LD_PRELOAD"] = os.path.join(
                BUILD, "tests/wire/.libs/pidfd_shim.so")
        self.start = os.path.getsize(self.log) if os.path.exists(
            self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command + list(args), env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **popen)
        self.pid = self.process.pid
        folder.agents.append(self)
        if wait and not wait_for(lambda: "ready on" in self.text()
                                 or self.process.poll() is not None):
            raise RuntimeError("the agent is not ready: " + self.text())

    def text(self):
        with open(self.log, errors="replace") as f:
            f.seek(self.start)
            return f.read()

    def client(self, *args, **kw):
        return Client(self.socket, *args, **kw)

    def memory_max(self):
        """Peak resident memory in KiB."""
        for line in proc_read(self.pid, "status").decode().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        return 0

    def workers(self):
        return [m.pid for m in self.client().status().modules if m.pid]

    def is_alive(self):
        return self.process.poll() is None

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.process.wait(PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class World:
    """An agent with a scripted worker (fake_token), for one story."""

    def __init__(self, *script, answers=("pin 1234",), wrong=None, args=(),
                 **agent):
        self.folder = Folder()
        self.module = self.folder.use_fake(*script)
        if wrong is not None:
            self.folder.write("script.state", "%d\n" % wrong)
        self.folder.answers(*answers)
        self.agent = self.folder.agent(*args, module=self.module, **agent)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.folder.__exit__(*exc)

    def client(self):
        return self.agent.client()

    def script(self, *lines):
        self.folder.write("script", "".join(x + "\n" for x in lines))

    def log(self, *words):
        return [x for x in self.folder.fake_log() if x.startswith(words)]

    def pins(self):
        """The PINs that came to the token, in their order."""
        return [x.split("pin=")[1] for x in self.log("") if "pin=" in x]

    def prompts(self, word="GETPIN"):
        return len(self.folder.pinentry_log(word))

    def worker(self):
        """Its pid, as soon as one is there."""
        c = self.agent.client()
        pids = []

        def runs():  # in one answer: it may end before the next
            module = c.status().modules[0]
            if module.state == 1 and module.pid != 0:
                pids.append(module.pid)
            return pids

        wait_for(runs)
        c.close()
        if not pids:  # kill(2) would take 0 for the test's own group
            raise ValueError("no worker runs")
        return pids[0]
