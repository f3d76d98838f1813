#!/usr/bin/env python3
"""terminal.py LINE... -- COMMAND...: runs the command on a terminal of its own
and types a line each time that it asks for a password. Prints what the terminal
showed; ends as the command did. After the last line comes the end."""
import os
import pty
import sys


def main():
    at = sys.argv.index("--")
    lines, command = sys.argv[1:at], sys.argv[at + 1:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown = b""
    asked = 0
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if shown.count(b"Password of") > asked and shown.endswith(b": "):
            asked = shown.count(b"Password of")
            os.write(terminal, lines.pop(0).encode() + b"\n" if lines
                     else b"\x04")
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xff)


main()
