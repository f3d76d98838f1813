#!/usr/bin/env python3
"""Beginning and end: the socket and its folder, two agents, activation,
settings, the secret, and that nothing is left behind."""

import os
import signal
import socket
import stat
import subprocess
import sys

from wire import (BUILD, PATIENCE, SIGN_OK, VALGRIND, Client, Closed, Folder,
                  children, is_running, ok, run, same, skip, wait_for)

KEY = bytes([0, 1]) + bytes(30)
AGENT = os.path.join(BUILD, "agent/cardseal-agent")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def fails(folder, status, words, what, *args, env=None, **kw):
    """The agent does not start, and says why."""
    r = subprocess.run([AGENT, *args], env=dict(folder.env, **(env or {})),
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=PATIENCE, **kw)
    text = r.stderr.decode()
    ok(r.returncode == status and all(w in text for w in words), what,
       "status %d: %s" % (r.returncode, text))


def sockets():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        os.umask(0)
        agent = folder.agent(module=module, socket_name="run/deep/agent")
        os.umask(0o022)
        same(mode(agent.socket), 0o600, "the socket is ours alone")
        same(mode(os.path.dirname(agent.socket)), 0o700, "so is its folder")
        fails(folder, 9, ["another agent answers"], "a second agent",
              "--socket", agent.socket, "--module", module)
        same(agent.client().sign(KEY).tag, SIGN_OK, "the first still serves")
        below = children(agent.pid)
        ok(len(below) >= 2, "a starter and a worker are there", below)
        same(agent.stop(), 0, "SIGTERM ends it")
        ok(not os.path.exists(agent.socket), "the socket is gone")
        ok(not any(is_running(p) for p in below), "so are all processes")

        agent = folder.agent(module=module)
        agent.client().sign(KEY)
        below = children(agent.pid)
        agent.process.kill()
        agent.process.wait()
        ok(os.path.exists(agent.socket), "SIGKILL leaves the socket")
        ok(wait_for(lambda: not any(is_running(p) for p in below)),
           "but no process")
        agent = folder.agent(module=module)
        same(agent.client().sign(KEY).tag, SIGN_OK,
             "the next agent replaces the stale socket")
        same(agent.stop(signal.SIGINT), 0, "SIGINT ends it too")


def end_at_work():
    """The end comes while a worker is stopped and a prompt is open."""
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0")
        folder.answers("hang")
        agent = folder.agent(module=module)
        agent.client().post_sign(KEY)
        wait_for(lambda: folder.pinentry_log("GETPIN"))
        os.kill(agent.client().status().modules[0].pid, signal.SIGSTOP)
        below = children(agent.pid)
        same(agent.stop(), 0, "SIGTERM at work")
        ok(wait_for(lambda: not any(is_running(p) for p in below)),
           "leaves no process", below)


def places():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        agent = folder.agent(module=module, socket_name="")
        ok(wait_for(lambda: os.path.exists(
            folder.file("run/cardseal/agent"))), "$XDG_RUNTIME_DIR is taken")
        agent.stop()
        named = folder.file("run/named")
        agent = folder.agent(module=module, socket_name="",
                             env={"CARDSEAL_SOCKET": named})
        ok(os.path.exists(named), "$CARDSEAL_SOCKET is taken before it")
        agent.stop()
        if not os.path.exists("/run/user/%d" % os.geteuid()):
            fails(folder, 3, ["CARDSEAL_SOCKET"], "no place for the socket",
                  env={"XDG_RUNTIME_DIR": ""})
        os.chmod(folder.file("run"), 0o755)
        fails(folder, 2, ["chmod 700"], "a folder open to others",
              "--socket", folder.file("run/agent"))
        os.chmod(folder.file("run"), 0o700)
        fails(folder, 2, ["no socket"], "a file in the socket's place",
              "--socket", folder.write("run/file", "precious"))
        same(open(folder.file("run/file")).read(), "precious",
             "the file is still there")
        fails(folder, 2, ["bytes"], "a path that is too long",
              "--socket", "/" + "a" * 150)


def settings():
    with Folder() as folder:
        fails(folder, 2, ["--help"], "an unknown option", "--frobnicate")
        fails(folder, 2, ["--help"], "an argument", "frobnicate")
        fails(folder, 2, ["--workers"], "too many workers", "--workers", "17")
        fails(folder, 2, ["--workers"], "no workers", "--workers", "0x1")
        fails(folder, 74, ["nowhere.conf"], "a missing file", "--config",
              folder.file("nowhere.conf"))
        path = folder.write("a.conf", "[agent]\ndeadline = 30\n\n"
                            "[pin]\ncache-ttl = soon\n")
        fails(folder, 2, [path + ", line 5", "cache-ttl", "soon"],
              "a wrong value", "--config", path)
        path = folder.write("a.conf", "[agent]\npin-entry = x\n")
        fails(folder, 2, ["line 2", "pin-entry"], "a wrong key", "--config",
              path)
        path = folder.write("a.conf", "[agent]\nwhat is this\n")
        fails(folder, 2, ["line 2"], "a wrong line", "--config", path)
        os.mkfifo(folder.file("b.conf"))
        fails(folder, 2, ["not a configuration file"], "a FIFO", "--config",
              folder.file("b.conf"))
        os.makedirs(folder.file("home/config/cardseal"))
        folder.write("home/config/cardseal/agent.conf", "[agent]\nx = 1\n")
        fails(folder, 2, ["config/cardseal/agent.conf, line 2"],
              "the file in its usual place is read")
        for option, word in (("--version", "cardseal-agent "),
                             ("--help", "usage: cardseal agent")):
            r = subprocess.run([AGENT, option], env=folder.env,
                               stdout=subprocess.PIPE)
            ok(r.returncode == 0 and r.stdout.decode().startswith(word),
               option, r.stdout)


def secret():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        path = folder.file("home/state/cardseal/secret")
        folder.agent(module=module).stop()
        same((mode(path), os.stat(path).st_size), (0o600, 32),
             "the secret is made")
        with open(path, "rb") as f:
            first = f.read()
        folder.agent(module=module).stop()
        with open(path, "rb") as f:
            same(f.read(), first, "and kept")
        os.chmod(path, 0o644)
        fails(folder, 2, ["chmod 600", path], "a secret open to others",
              "--socket", folder.file("run/agent"))
        os.chmod(path, 0o600)
        os.truncate(path, 31)
        fails(folder, 2, [path], "a secret of another length", "--socket",
              folder.file("run/agent"))
        blocked = folder.write("blocked", "")
        fails(folder, 74, ["secret", blocked], "no folder for it",
              "--socket", folder.file("run/agent"),
              env={"XDG_STATE_HOME": blocked})


def activation():
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        path = folder.file("run/given")
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(path)
        server.listen(5)
        early = Client(path, says_hello=False)

        # exec from Python, since LISTEN_PID must be the agent's own.
        code = ("import os, sys\n"
                "os.environ.update(LISTEN_PID=str(os.getpid()), "
                "LISTEN_FDS='1')\n"
                "os.execv(sys.argv[1], sys.argv[1:])\n")
        log = open(folder.file("activation.log"), "wb")
        process = subprocess.Popen(
            [sys.executable, "-c", code, AGENT, "--module", module],
            env=folder.env, stderr=log, pass_fds=(3,), preexec_fn=lambda:
            os.dup2(server.fileno(), 3))
        early.hello()
        same(early.sign(KEY).tag, SIGN_OK,
             "a socket handed over: who was early is served")
        process.terminate()
        same(process.wait(PATIENCE), 0, "SIGTERM ends it")
        ok(os.path.exists(path), "the socket is not the agent's to remove")
        text = open(folder.file("activation.log")).read()
        ok("ready on " + path in text, "it said where it was", text)


def ready_is_told():
    with Folder() as folder:
        module = folder.use_fake("token a 1")
        path = folder.file("run/notify")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(PATIENCE)
        agent = folder.agent(module=module, env={"NOTIFY_SOCKET": path})
        same(notify.recv(100), b"READY=1", "the service manager is told")
        agent.stop()


def other_users():
    if os.geteuid() != 0:
        skip("another user", "needs root")
        return
    with Folder() as folder:
        module = folder.use_fake("token a 1", "key 0", "pin none")
        agent = folder.agent(module=module)
        # Past the folder's mode, as a careless set-up might allow.
        for path in (folder.path, folder.file("run")):
            os.chmod(path, 0o755)
        os.chmod(agent.socket, 0o666)
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            status = 1
            try:
                c = Client(agent.socket)
                c.status()
            except (Closed, BrokenPipeError, ConnectionResetError):
                status = 0
            os._exit(status)
        same(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0,
             "another user is shown the door")
        ok("user 65534 was refused" in agent.text(), "and it is logged")
        same(agent.client().sign(KEY).tag, SIGN_OK, "we are served")


def confined():
    """What the kernel tells about the agent."""
    if VALGRIND:
        skip("confinement", "valgrind knows no filter for system calls")
        return
    with Folder() as folder:
        module = folder.use_fake("token a 1")
        agent = folder.agent(module=module)
        with open("/proc/%d/status" % agent.pid) as f:
            fields = dict(x.split(":\t", 1) for x in f if ":\t" in x)
        same(fields["NoNewPrivs"].strip(), "1", "no new privileges")
        ok(fields["Seccomp"].strip() == "2" or "kernel" in agent.text(),
           "a filter for system calls")
        same(int(fields["Threads"]), 1, "one thread")
        with open("/proc/%d/limits" % agent.pid) as f:
            core = [x for x in f if x.startswith("Max core")][0].split()
        same(core[4:6], ["0", "0"], "no core files")
        c = agent.client()
        wait_for(lambda: c.status().modules[0].state == 1)
        worker = c.status().modules[0].pid
        files = {x: os.readlink("/proc/%d/fd/%s" % (worker, x)) for x in
                 os.listdir("/proc/%d/fd" % worker)}
        ok(sorted(files) == ["0", "1", "2", "3"],
             "a worker has its socket and nothing else", files)


run(sockets, end_at_work, places, settings, secret, activation, ready_is_told,
    other_users, confined)
