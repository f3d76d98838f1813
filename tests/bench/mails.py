#!/usr/bin/env python3
"""mails.py FOLDER [MAILS [SIGNERS [CAS [rsa|ec]]]]: signed mails for benches.

A root, CAs that it certified, signers that these certified, each with a key of
its own, and mails that the signers signed in turn (multipart/signed, the
signer's and its CA's certificate inside). Makes FOLDER/root.pem, the mails, and
FOLDER/names with their names, shuffled; the same ones each time but for keys.
"""
import concurrent.futures
import datetime
import os
import random
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.utcnow()
HEAD = (b"From: <%s>\r\nTo: <bob@example.org>\r\nSubject: mail %d\r\n"
        b"Date: Mon, 4 Jan 2027 10:00:00 +0000\r\n")
TEXT = b"Content-Type: text/plain\r\n\r\n" + b"A line of the text.\r\n" * 50


def new_key(kind):
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(ca):
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=ca, crl_sign=ca, encipher_only=False,
        decipher_only=False)


def certify(subject, key, issuer, issuer_key, address=None):
    """A CA's certificate, or that of the owner of an address."""
    made = x509.CertificateBuilder(
        named(issuer), named(subject), key.public_key(),
        x509.random_serial_number(), NOW - DAY, NOW + 365 * DAY)
    made = made.add_extension(
        x509.BasicConstraints(ca=address is None, path_length=None), True)
    made = made.add_extension(usage(address is None), True)
    made = made.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    made = made.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(
            issuer_key.public_key()), False)
    if address is not None:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name(address)]), False)
        made = made.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]),
            False)
    return made.sign(issuer_key, hashes.SHA256())


class Maker:
    def __init__(self, folder, mails, signers, cas, kind):
        self.folder, self.mails, self.kind = folder, mails, kind
        self.root = new_key("rsa")
        self.cas = [self.authority(i) for i in range(cas)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            self.signers = list(pool.map(self.signer, range(signers)))

    def authority(self, i):
        key = new_key("rsa")
        return key, certify("CA %d" % i, key, "root", self.root)

    def signer(self, i):
        key = new_key(self.kind)
        address = "signer%d@example.org" % i
        n = i % len(self.cas)
        ca_key, ca = self.cas[n]
        return address, key, certify("Signer %d" % i, key, "CA %d" % n, ca_key,
                                     address), ca

    def mail(self, i):
        address, key, cert, ca = self.signers[i % len(self.signers)]
        signed = pkcs7.PKCS7SignatureBuilder().set_data(TEXT).add_signer(
            cert, key, hashes.SHA256()).add_certificate(ca).sign(
                serialization.Encoding.SMIME,
                [pkcs7.PKCS7Options.DetachedSignature,
                 pkcs7.PKCS7Options.Binary])
        name = os.path.join(self.folder, "%d.eml" % i)
        with open(name, "wb") as f:
            f.write(HEAD % (address.encode(), i) + signed)
        return name

    def write(self):
        root = certify("root", self.root, "root", self.root)
        with open(os.path.join(self.folder, "root.pem"), "wb") as f:
            f.write(root.public_bytes(serialization.Encoding.PEM))
        names = [self.mail(i) for i in range(self.mails)]
        random.Random(1).shuffle(names)
        with open(os.path.join(self.folder, "names"), "w") as f:
            f.write("".join(name + "\n" for name in names))


if __name__ == "__main__":
    counts = [int(n) for n in sys.argv[2:5]]
    counts += [10000, 1000, 10][len(counts):]
    Maker(sys.argv[1], *counts,
          sys.argv[5] if len(sys.argv) > 5 else "rsa").write()
