"""Heaps of certificates for one address, for lookup.sh.

    heap_certs.py FOLDER ADDRESS

writes into FOLDER, as DER, several in a file one behind the other:

    good       by the CA in heap-ca.pem
    valid      2,000 by the same CA, each newer than the one before; newest is the
               last of them
    own        2,000 that are newer, each by itself
    mine.N     70 of these, a file each
    strangers  64 that are newer, by one of 1,500 CAs, all of one name, that have
               not signed them
"""
import datetime
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FOLDER, ADDRESS = sys.argv[1:]
OLD, NEW = datetime.datetime(2024, 1, 1), datetime.datetime(2025, 6, 1)
number = 1


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, issuer_key, begin=NEW, is_ca=False):
    global number
    number += 1
    builder = x509.CertificateBuilder(
        name(issuer), name(subject), key.public_key(), number, begin,
        datetime.datetime(2049, 1, 1))
    if is_ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.RFC822Name(ADDRESS)]), False).add_extension(
                x509.KeyUsage(*[i == 4 for i in range(9)]), True)
    return builder.sign(issuer_key, hashes.SHA256())


def write(file, certificates):
    with open(os.path.join(FOLDER, file), "wb") as out:
        for one in certificates:
            out.write(one.public_bytes(serialization.Encoding.DER))


CA_KEY, KEY, STRANGER = new_key(), new_key(), new_key()
CA = certificate("CA", CA_KEY, "CA", CA_KEY, OLD, True)
with open(os.path.join(FOLDER, "heap-ca.pem"), "wb") as out:
    out.write(CA.public_bytes(serialization.Encoding.PEM))
write("good", [certificate("a", KEY, "CA", CA_KEY, OLD)])
VALID = [certificate("a", KEY, "CA", CA_KEY,
                     OLD + datetime.timedelta(hours=i)) for i in range(2000)]
write("valid", VALID)
write("newest", VALID[-1:])
OWN = [certificate("a", KEY, "a", KEY) for _ in range(2000)]
write("own", OWN)
for i in range(70):
    write("mine.%d" % i, OWN[i:i + 1])
write("strangers", [
    certificate("a", KEY, "X", STRANGER) for _ in range(64)] + [
        certificate("X", new_key(), "Y", STRANGER, NEW, True)
        for _ in range(1500)])
