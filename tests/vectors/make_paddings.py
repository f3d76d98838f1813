#!/usr/bin/env python3
"""Writes paddings.txt: what the openssl command pads for encryption.

A throwaway key encrypts a message and decrypts it again without looking at
the padding, which shows the encoded message. Run by hand; the result is what
is tested.
"""
import os
import subprocess
import tempfile

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "paddings.txt")
KEY = bytes(range(0x40, 0x60))
CASES = [
    # name, bits, message, options
    ("pkcs1", 1024, KEY, ["rsa_padding_mode:pkcs1"]),
    ("pkcs1", 2048, KEY[:16], ["rsa_padding_mode:pkcs1"]),
    ("pkcs1", 1024, KEY[:24], ["rsa_padding_mode:pkcs1"]),
    ("oaep sha1 sha1 -", 1024, KEY, ["rsa_oaep_md:sha1"]),
    ("oaep sha1 sha1 -", 2048, KEY[:16], ["rsa_oaep_md:sha1"]),
    ("oaep sha256 sha256 -", 1024, KEY, ["rsa_oaep_md:sha256"]),
    ("oaep sha256 sha1 -", 2048, KEY, ["rsa_oaep_md:sha256",
                                       "rsa_mgf1_md:sha1"]),
    ("oaep sha384 sha512 -", 2048, KEY[:24], ["rsa_oaep_md:sha384",
                                              "rsa_mgf1_md:sha512"]),
    ("oaep sha512 sha512 -", 2048, KEY, ["rsa_oaep_md:sha512"]),
    ("oaep sha256 sha256 0badcafe", 2048, KEY, ["rsa_oaep_md:sha256",
                                                "rsa_oaep_label:0badcafe"]),
    ("oaep sha256 sha256 -", 2048, b"", ["rsa_oaep_md:sha256"]),
]


def run(*args, data=b""):
    return subprocess.run(args, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def main():
    lines = ["# Made by make_paddings.py with " +
             run("openssl", "version").decode().strip(),
             "# kind, for oaep: digest, mask digest, label; message; encoded "
             "message; '-' is empty"]
    with tempfile.TemporaryDirectory() as folder:
        for bits in (1024, 2048):
            run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                "rsa_keygen_bits:%d" % bits, "-out",
                os.path.join(folder, str(bits)))
        for name, bits, message, options in CASES:
            key = os.path.join(folder, str(bits))
            args = []
            if name.startswith("oaep"):
                args += ["-pkeyopt", "rsa_padding_mode:oaep"]
            for option in options:
                args += ["-pkeyopt", option]
            ciphertext = run("openssl", "pkeyutl", "-encrypt", "-inkey", key,
                             *args, data=message)
            em = run("openssl", "pkeyutl", "-decrypt", "-inkey", key,
                     "-pkeyopt", "rsa_padding_mode:none", data=ciphertext)
            lines.append(" ".join([name, message.hex() or "-", em.hex()]))
    with open(OUT, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


main()
