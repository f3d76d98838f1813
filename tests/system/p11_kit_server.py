#!/usr/bin/env python3
"""p11_kit_server.py UNIT MODULE SOCKET: what systemd does for cardseal-p11-kit.

Listens on SOCKET, and starts UNIT's ExecStart for each connection, the
connection as its standard input and output, with its limit of memory; MODULE
takes the place of the one that the unit names. Writes the number of each process
to standard output.
"""
import resource
import shlex
import signal
import socket
import subprocess
import sys


def unit_values(path):
    with open(path) as f:
        return dict(line.strip().split("=", 1) for line in f
                    if "=" in line and not line.startswith("#"))


unit = unit_values(sys.argv[1])
command = shlex.split(unit["ExecStart"])
assert command[-1].endswith("/cardseal-pkcs11.so"), command
command[-1] = sys.argv[2]
assert unit["LimitDATA"].endswith("M"), unit["LimitDATA"]
data = int(unit["LimitDATA"][:-1]) << 20
assert unit["StandardInput"] == unit["StandardOutput"] == "socket"


def limit():
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))


signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[3])
listener.listen(16)
while True:
    connection = listener.accept()[0]
    print(subprocess.Popen(command, stdin=connection, stdout=connection,
                           preexec_fn=limit).pid, flush=True)
    connection.close()
