#!/usr/bin/env python3
"""thunderbird.py PROFILE COMMAND [NAME=VALUE...]: has the Thunderbird of the
profile, which was started with --marionette and --remote-allow-system-access,
do a command of thunderbird.js, and prints what it gives: a line for each of a
list, or "name: value". Ends with 1 and a message if that is an error.

"send" has it send a mail to a server of this script's, which writes the mail
into the file OUT; "quit" has it end."""
import json
import os
import socket
import sys
import threading

TIMEOUT = 90  # seconds, of a command


class Marionette:
    """The remote protocol: frames "LENGTH:JSON" over TCP on loopback."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.file = self.socket.makefile("rb")
        self.number = 0
        self.read()  # who it is

    def read(self):
        length = b""
        while not length.endswith(b":"):
            octet = self.file.read(1)
            if not octet:
                sys.exit("Thunderbird ended the connection")
            length += octet
        return json.loads(self.file.read(int(length[:-1])))

    def call(self, name, **parameters):
        self.number += 1
        frame = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(frame), frame))
        _, _, error, result = self.read()
        if error is not None:
            sys.exit(f"{name}: {error.get('error')}: {error.get('message')}")
        return result

    def session(self):
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {
            "unhandledPromptBehavior": "ignore"}})
        self.call("WebDriver:SetTimeouts", script=TIMEOUT * 1000)
        self.call("Marionette:SetContext", value="chrome")

    def run(self, script, *args):
        result = self.call("WebDriver:ExecuteAsyncScript", script=script,
                           args=args, sandbox="system", newSandbox=True)
        value = result["value"]
        if value is None:  # a dialogue came up: an error
            asked = self.call("WebDriver:GetAlertText")["value"]
            self.call("WebDriver:DismissAlert")
            sys.exit(f"{args[0]}: Thunderbird says: {asked}")
        if "error" in value:
            sys.exit(f"{args[0]}: {value['error']}")
        return value["value"]


class MailServer(threading.Thread):
    """Takes one mail by SMTP, into a file."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            stream.write(b"220 loopback\r\n")
            for line in stream:
                verb = line[:4].upper()
                if verb == b"DATA":
                    stream.write(b"354 go on\r\n")
                    self.take(stream)
                stream.write(b"221 bye\r\n" if verb == b"QUIT"
                             else b"250 yes\r\n")
                if verb == b"QUIT":
                    break

    def take(self, stream):
        with open(self.path, "wb") as out:
            for line in stream:
                if line == b".\r\n":
                    break
                out.write(line.removeprefix(b"."))


def show(value):
    if isinstance(value, dict):
        value = [f"{name}: {v}" for name, v in value.items()]
    for item in value:
        print(" ".join(str(item).split()))


def main():
    profile, command = sys.argv[1:3]
    given = dict(pair.split("=", 1) for pair in sys.argv[3:])
    with open(os.path.join(profile, "MarionetteActivePort"),
              encoding="ascii") as f:
        remote = Marionette(int(f.read()))
    remote.session()
    if command == "quit":
        remote.call("Marionette:Quit", flags=["eForceQuit"])
        return
    if command == "send":
        server = MailServer(given["out"])
        server.start()
        given["port"] = server.port
    script = os.path.join(os.path.dirname(__file__), "thunderbird.js")
    with open(script, encoding="utf-8") as f:
        value = remote.run(f.read(), command, given)
    remote.call("WebDriver:DeleteSession")
    if command == "send":
        server.join(TIMEOUT)
    show(value)


main()
