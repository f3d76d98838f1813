"""Emulated PIV cards in a private pcscd, for tests in Python; what lib.sh is
for those of the shell. Nothing here uses the code under test."""

import glob
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../wire"))
from wire import BUILD, PATIENCE, wait_for  # noqa: E402

BIN = os.path.join(BUILD, "tests/card")


def find_module():
    """OpenSC's, or None."""
    for pattern in ("/usr/lib/*/opensc-pkcs11.so",
                    "/usr/lib/*/pkcs11/opensc-pkcs11.so",
                    "/usr/lib64/pkcs11/opensc-pkcs11.so"):
        for path in sorted(glob.glob(pattern)):
            return path
    return None


def need():
    """Ends a test that makes no sense here."""
    drivers = glob.glob("/usr/lib*/pcsc/drivers/serial/libifdvpcd.so")
    if not (drivers and find_module() and os.access("/usr/sbin/pcscd",
                                                     os.X_OK)):
        print("1..0 # SKIP a program to compare with is not installed: "
              "pcscd, vsmartcard-vpcd or OpenSC")
        sys.exit(0)


class Cards:
    """A pcscd with one reader; the environment of the folder leads to it."""

    def __init__(self, folder, *files):
        self.folder = folder
        folder.env["OPENSC_CONF"] = folder.write(
            "opensc.conf", "app default {\n\tframework pkcs15 {\n"
            "\t\tuse_file_caching = no;\n\t}\n}\n")
        self.path = folder.file("pcscd")
        with open(folder.file("launch.log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "launch"), "--dir", self.path, "--card",
                 os.path.join(BIN, "piv_card"), *files], env=folder.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for(lambda: os.path.exists(
                os.path.join(self.path, "env"))):
            raise RuntimeError("no pcscd: see " + folder.file("launch.log"))
        with open(os.path.join(self.path, "env")) as f:
            for line in f:
                name, value = line.split(" ")[-1].strip().split("=", 1)
                folder.env[name] = value.strip("'\"")
        self.wait("present")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def control(self, name, *words):
        """One line to a control socket; gives the answer's words."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(PATIENCE)
            s.connect(os.path.join(self.path, name))
            s.sendall((" ".join(str(w) for w in words) + "\n").encode())
            answer = b""
            while not answer.endswith(b"\n"):
                more = s.recv(65536)
                if not more:
                    raise RuntimeError("no answer to %r" % (words,))
                answer += more
        if not answer.startswith(b"ok"):
            raise RuntimeError("%r: %r" % (words, answer))
        return answer.decode().split()[1:]

    def card(self, *words):
        return self.control("card.0", *words)

    def launcher(self, *words):
        return self.control("launch", *words)

    def status(self):
        return dict(word.split("=", 1) for word in self.card("status"))

    def value(self, name):
        return int(self.status()[name])

    def stranger(self, *words):
        """Another program on the card; its status."""
        return subprocess.run(
            [os.path.join(BIN, "stranger"), *words], env=self.folder.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def wait(self, state):
        """"present" or "absent", in the eyes of PC/SC."""
        return self.stranger("--reader", "0", "wait", state,
                             str(PATIENCE)) == 0


def write_card(folder, fixtures, name, slots, *lines):
    """A card's file (piv.h): slots {reference: identity}, of fixtures that
    keep their keys in files. Gives its path."""
    text = [*lines]
    for ref, who in slots.items():
        key = os.path.join(fixtures["FIXTURE_DIR"], "keys/%s.pem" % who)
        pem = os.path.join(fixtures["FIXTURE_DIR"], "certs/%s.pem" % who)
        der = folder.file(who + ".der")
        subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER",
                        "-out", der], check=True)
        text.append("key %s %s %s" % (ref, key, der))
    return folder.write(name, "".join(line + "\n" for line in text))
