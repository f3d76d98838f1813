"""A private system bus with a logind on it (fake_logind)."""

import os
import subprocess
import threading

from wire import BUILD, Folder, wait_for

CONFIG = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen>
<auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""


class Bus:
    """A private bus with a logind."""

    def __init__(self):
        self.folder = Folder()
        path = self.folder.file("bus")
        config = self.folder.write("bus.conf", CONFIG % path)
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + path}
        self.config, self.path = config, path
        self.lines = []
        self.start()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.daemon = subprocess.Popen(
            ["dbus-daemon", "--config-file=" + self.config, "--nofork",
             "--nopidfile", "--nosyslog"], stdin=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.path))
        self.logind = subprocess.Popen(
            [os.path.join(BUILD, "tests/wire/fake_logind")],
            env=dict(os.environ, **self.env), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self.read, args=(self.logind.stdout,),
                         daemon=True).start()
        self.expect("ready")

    def read(self, stream):
        for line in stream:
            self.lines.append(line.strip())

    def expect(self, line, seconds=10):
        """Seen since the last time that anything was expected?"""
        if not wait_for(lambda: line in self.lines, seconds):
            return False
        del self.lines[:self.lines.index(line) + 1]
        return True

    def forget(self):
        """What agents that have ended did."""
        self.lines.clear()

    def say(self, line):
        self.logind.stdin.write(line + "\n")
        self.logind.stdin.flush()

    def stop(self):
        self.logind.stdin.close()
        self.logind.wait(10)
        self.daemon.terminate()
        self.daemon.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()
        self.folder.__exit__(*exc)
