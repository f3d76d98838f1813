#!/usr/bin/env python3
"""ssh_server.py KEYS: one SSH server by paramiko on a port of 127.0.0.1, which
is printed. Whoever shows one of the public keys (lines as in authorized_keys)
is let in and has the command that was asked for echoed. Ends with standard
input."""
import select
import socket
import sys
import threading

import paramiko


class Server(paramiko.ServerInterface):
    def __init__(self, keys):
        self.keys = keys
        self.has_command = threading.Event()

    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        known = (key.get_name(), key.get_base64()) in self.keys
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        self.command = command
        self.has_command.set()
        return True


class Transport(paramiko.Transport):
    """Which also says that it takes RSA signatures with SHA-2 (RFC 8308 3.1);
    paramiko itself takes them without saying so."""

    def _activate_outbound(self):
        super()._activate_outbound()
        message = paramiko.Message()
        message.add_byte(b"\x07")  # SSH_MSG_EXT_INFO
        message.add_int(1)
        message.add_string("server-sig-algs")
        message.add_string("rsa-sha2-256,rsa-sha2-512,ssh-rsa")
        self._send_message(message)


def serve(connection, host_key, keys):
    transport = Transport(connection)
    transport.add_server_key(host_key)
    server = Server(keys)
    try:
        transport.start_server(server=server)
        channel = transport.accept(60)
        if channel is not None and server.has_command.wait(60):
            channel.sendall(b"did " + server.command + b"\n")
            channel.send_exit_status(0)
            channel.close()
            transport.join(10)
    except (EOFError, paramiko.SSHException, OSError):
        pass
    transport.close()


def main():
    with open(sys.argv[1]) as f:
        keys = {tuple(line.split()[:2]) for line in f if line.strip()}
    host_key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, host_key, keys),
                         daemon=True).start()


main()
