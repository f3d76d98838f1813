"""Two programs at a time that write the certificate store, each of which is
killed (SIGKILL) at random moments, for tests/system/store.sh.

    store_kill.py CARDSEAL STORE FOLDER MOMENTS SEED

Each of the two imports COUNT certificates for an address of its own, all in one
transaction, takes them out, and so on. After every kill the store is whole, each
address has all of its certificates or none, and what is done next succeeds. One
that was not killed never fails.

Prints how many kills there were, in how many operations each, and how many left
a transaction that had to be rolled back. Anything wrong is an assertion."""
import datetime
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CARDSEAL, STORE, FOLDER = sys.argv[1:4]
MOMENTS, SEED = int(sys.argv[4]), int(sys.argv[5])
COUNT = 60
NO_CERT = 4  # exit status: there is nothing to be removed
RNG = random.Random(SEED)


def make(address, path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    begin = datetime.datetime(2025, 1, 1)
    with open(path, "wb") as out:
        for serial in range(1, COUNT + 1):
            out.write(
                x509.CertificateBuilder()
                .subject_name(name).issuer_name(name)
                .public_key(key.public_key()).serial_number(serial)
                .not_valid_before(begin)
                .not_valid_after(begin + datetime.timedelta(days=9000))
                .add_extension(x509.SubjectAlternativeName(
                    [x509.RFC822Name(address)]), False)
                .sign(key, hashes.SHA256())
                .public_bytes(serialization.Encoding.PEM))


class Side(threading.Thread):
    """One that imports and removes in turn, until it is told to stop."""

    def __init__(self, name):
        super().__init__()
        self.address = name + "@example.org"
        self.path = os.path.join(FOLDER, name + ".pem")
        make(self.address, self.path)
        self.process = None
        self.is_over = False
        self.ran, self.took, self.wrong = 0, [], []
        self.may_run = threading.Event()  # cleared while it is looked at
        self.may_run.set()
        self.was_killed = threading.Event()

    def step(self, *arguments):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [CARDSEAL, "certs"] + list(arguments),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        told = self.process.communicate()[1]
        status = self.process.returncode
        self.ran += 1
        if status == -9:
            self.may_run.clear()
            self.was_killed.set()
            self.may_run.wait()
        elif status not in (0, NO_CERT):
            self.wrong.append((arguments, status, told))
        else:
            self.took.append(time.monotonic() - begin)

    def run(self):
        while not self.is_over:
            self.step("import", "-q", self.path)
            self.step("remove", "-q", self.address)

    def kill(self):
        """At a random moment of an operation of the usual length."""
        usual = sorted(self.took[-50:])[len(self.took[-50:]) // 2]
        while True:
            time.sleep(RNG.random() * usual * 1.2)
            process = self.process
            if process.poll() is None:
                process.kill()
                # it may have ended by itself just before
                if self.was_killed.wait(1):
                    self.was_killed.clear()
                    return

    def go_on(self):
        self.may_run.set()


def count(db, address):
    return db.execute("SELECT count(*) FROM address WHERE address = ?",
                      (address.encode(),)).fetchone()[0]


def check(sides):
    """As another program finds it, while one of the two goes on."""
    db = sqlite3.connect("file:%s?mode=rw" % STORE, timeout=60, uri=True)
    db.execute("BEGIN IMMEDIATE")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    counts = [count(db, side.address) for side in sides]
    whole = db.execute("SELECT count(*) FROM certificate").fetchone()[0]
    db.rollback()
    db.close()
    assert set(counts) <= {0, COUNT} and sum(counts) == whole, (counts, whole)


def wrong(sides):
    return [side.wrong for side in sides]


def main():
    sides = [Side("a"), Side("b")]
    rolled_back = 0
    for side in sides:
        side.start()
    try:
        while not all(len(side.took) >= 4 for side in sides):
            assert not any(side.wrong for side in sides), wrong(sides)
            time.sleep(0.05)
        for i in range(MOMENTS):
            side = sides[RNG.randrange(2)]
            side.kill()
            rolled_back += os.path.exists(STORE + "-journal")
            check(sides)
            side.go_on()
    finally:
        for side in sides:
            side.is_over = True
            side.go_on()
        for side in sides:
            side.join()
    assert not any(side.wrong for side in sides), wrong(sides)
    check(sides)
    print("%d kills, %d and %d operations, a journal after %d" % (
        MOMENTS, sides[0].ran, sides[1].ran, rolled_back))


main()
