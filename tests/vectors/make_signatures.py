#!/usr/bin/env python3
"""Writes signatures.txt: signatures by throwaway keys of the openssl command.

Good ones are as openssl makes them. Bad ones that a mere flipped bit cannot
show are made by padding here and the raw RSA operation, or by arithmetic.
Run by hand; the result is what is tested.
"""
import hashlib
import math
import os
import subprocess
import sys
import tempfile

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "signatures.txt")
MESSAGE = b"The quick brown fox jumps over the lazy dog"
DIGEST_OIDS = {
    "md5": "2a864886f70d0205",
    "sha1": "2b0e03021a",
    "sha224": "608648016503040204",
    "sha256": "608648016503040201",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
    "sha3-256": "608648016503040208",
}
RSA_OIDS = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12,
            "sha512": 13}
EC_OIDS = {"sha1": "2a8648ce3d0401", "sha224": "2a8648ce3d040301",
           "sha256": "2a8648ce3d040302", "sha384": "2a8648ce3d040303",
           "sha512": "2a8648ce3d040304"}
DSA_OIDS = {"sha1": "2a8648ce380403", "sha224": "608648016503040301",
            "sha256": "608648016503040302"}


def run(*args, data=b""):
    return subprocess.run(args, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(hex_octets):
    return tlv(6, bytes.fromhex(hex_octets))


NULL = tlv(5)


def digest_id(name, params=NULL):
    return tlv(0x30, oid(DIGEST_OIDS[name]), params)


def rsa_id(name, params=NULL):
    return tlv(0x30, oid("2a864886f70d0101%02x" % RSA_OIDS[name]), params)


def pss_id(name, mgf, salt):
    parts = []
    if name != "sha1":
        parts.append(tlv(0xa0, digest_id(name)))
    if mgf != "sha1":
        parts.append(tlv(0xa1, tlv(0x30, oid("2a864886f70d010108"),
                                   digest_id(mgf))))
    if salt != 20:
        parts.append(tlv(0xa2, integer(salt)))
    return tlv(0x30, oid("2a864886f70d01010a"), tlv(0x30, *parts))


def hashed(name, data):
    return hashlib.new(name.replace("-", "_"), data).digest()


class Key:
    def __init__(self, folder, name, *args):
        self.path = os.path.join(folder, name)
        run("openssl", "genpkey", *args, "-out", self.path)
        self.spki = run("openssl", "pkey", "-in", self.path, "-pubout",
                        "-outform", "DER")

    def sign(self, data, *options):
        path = self.path + ".in"
        with open(path, "wb") as f:
            f.write(data)
        args = []
        for option in options:
            args += ["-pkeyopt", option]
        return run("openssl", "pkeyutl", "-sign", "-inkey", self.path,
                   "-in", path, *args)

    def sign_hash(self, name, *options):
        return self.sign(hashed(name, MESSAGE), "digest:" + name, *options)

    def sign_pure(self):
        path = self.path + ".in"
        with open(path, "wb") as f:
            f.write(MESSAGE)
        return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey",
                   self.path, "-in", path)

    def modulus(self):
        out = run("openssl", "rsa", "-in", self.path, "-noout", "-modulus")
        return int(out.decode().strip().split("=")[1], 16)

    def raw(self, em):
        return run("openssl", "pkeyutl", "-decrypt", "-inkey", self.path,
                   "-pkeyopt", "rsa_padding_mode:none", data=em)


class Writer:
    def __init__(self):
        self.lines = []

    def note(self, text):
        self.lines.append("# " + text)

    def add(self, name, verdict, spki, alg_id, signature, message=MESSAGE):
        self.lines.append(" ".join([name, verdict, spki.hex(), alg_id.hex(),
                                    message.hex() or "-",
                                    signature.hex() or "-"]))


def pkcs1_em(k, digest_info, ps_len=None, block_type=1, fill=0xff):
    if ps_len is None:
        ps_len = k - 3 - len(digest_info)
    return (bytes([0, block_type]) + bytes([fill]) * ps_len + b"\0" +
            digest_info)


def pkcs1_bad(w, key, k):
    """Encoded messages that only a sloppy check takes."""
    h = hashed("sha256", MESSAGE)
    info = tlv(0x30, digest_id("sha256"), tlv(4, h))
    alg = rsa_id("sha256")

    def raw(name, em, verdict="bad"):
        assert len(em) == k, name
        w.add("pkcs1-" + name, verdict, key.spki, alg, key.raw(em))

    absent = tlv(0x30, digest_id("sha256", b""), tlv(4, h))
    raw("null-absent", pkcs1_em(k, absent), "good")
    raw("garbage-behind", pkcs1_em(k, info, 8) +
        bytes(k - 11 - len(info)))
    raw("garbage-behind-long-ps",
        pkcs1_em(k, info, k - 3 - len(info) - 1) + b"\x01")
    raw("short-ps-zeroes-first", bytes(16) + pkcs1_em(k - 16, info)[:1] +
        pkcs1_em(k - 16, info)[1:])
    raw("block-type-2", pkcs1_em(k, info, block_type=2))
    raw("block-type-0", pkcs1_em(k, info, block_type=0))
    raw("first-octet-one", b"\x00\x01" + b"\xff" * 10 + b"\x01" +
        b"\xff" * (k - 14 - len(info)) + b"\0" + info)
    raw("ps-not-ff", b"\x00\x01" + b"\xff" * (k - 4 - len(info)) + b"\xfe\0" +
        info)
    raw("no-separator", b"\x00\x01" + b"\xff" * (k - 2 - len(info)) + info)
    raw("two-separators", b"\x00\x01" + b"\xff" * (k - 4 - len(info)) +
        b"\0\0" + info)
    raw("no-digest-info", pkcs1_em(k, h))
    other = tlv(0x30, digest_id("sha3-256"), tlv(4, h))
    raw("other-digest-same-length", pkcs1_em(k, other))
    params = tlv(0x30, digest_id("sha256", tlv(4, b"\0" * 8)), tlv(4, h))
    raw("garbage-in-parameters", pkcs1_em(k, params))
    twice = tlv(0x30, digest_id("sha256", NULL + NULL), tlv(4, h))
    raw("two-nulls", pkcs1_em(k, twice))
    trailing = tlv(0x30, digest_id("sha256"), tlv(4, h), NULL)
    raw("element-behind-hash", pkcs1_em(k, trailing))
    ber = b"\x30\x81" + bytes([len(info) - 2]) + info[2:]
    raw("long-form-length", pkcs1_em(k, ber))
    indefinite = b"\x30\x80" + info[2:] + b"\0\0"
    raw("indefinite-length", pkcs1_em(k, indefinite))
    raw("all-zero", bytes(k))
    raw("one", bytes(k - 1) + b"\1")
    n = key.modulus()
    w.add("pkcs1-zero-signature", "bad", key.spki, alg, bytes(k))
    w.add("pkcs1-modulus", "bad", key.spki, alg, n.to_bytes(k, "big"))
    w.add("pkcs1-minus-one", "bad", key.spki, alg, (n - 1).to_bytes(k, "big"))
    for count in range(64):
        message = MESSAGE + bytes([count])
        em = pkcs1_em(k, tlv(0x30, digest_id("sha256"),
                             tlv(4, hashed("sha256", message))))
        signature = key.raw(em)
        value = int.from_bytes(signature, "big") + n
        if value >> (8 * k) == 0:
            w.add("pkcs1-plus-modulus", "bad", key.spki, alg,
                  value.to_bytes(k, "big"), message)
            break
    else:
        sys.exit("no signature was small enough")


def cube_root_forgery(w, key, k):
    """Exponent 3 and a check that does not look behind the hash."""
    info = tlv(0x30, digest_id("sha256"), tlv(4, hashed("sha256", MESSAGE)))
    head = pkcs1_em(k, info, 8)
    low = int.from_bytes(head + bytes(k - len(head)), "big")
    root = round_up_cube_root(low)
    assert (root ** 3).to_bytes(k, "big").startswith(head)
    w.add("pkcs1-cube-root", "bad", key.spki, rsa_id("sha256"),
          root.to_bytes(k, "big"))


def round_up_cube_root(value):
    low, high = 0, 1 << (value.bit_length() // 3 + 2)
    while low < high:
        mid = (low + high) // 2
        if mid ** 3 < value:
            low = mid + 1
        else:
            high = mid
    return low


def mgf1(name, seed, length):
    out = b""
    count = 0
    while len(out) < length:
        out += hashed(name, seed + count.to_bytes(4, "big"))
        count += 1
    return out[:length]


def pss_em(bits, name, mgf, salt, ps_end=b"\1", trailer=0xbc, top=0):
    h = hashed(name, bytes(8) + hashed(name, MESSAGE) + salt)
    length = math.ceil((bits - 1) / 8)
    db = bytes(length - len(h) - 1 - len(salt) - len(ps_end)) + ps_end + salt
    mask = mgf1(mgf, h, len(db))
    db = bytes(a ^ b for a, b in zip(db, mask))
    spare = 8 * length - (bits - 1)
    db = bytes([db[0] & (0xff >> spare) | top]) + db[1:]
    return db + h + bytes([trailer])


def pss_bad(w, key, bits):
    k = math.ceil(bits / 8)
    salt = bytes(range(32))
    alg = pss_id("sha256", "sha256", 32)

    def raw(name, em, verdict="bad", alg_id=alg):
        em = bytes(k - len(em)) + em
        w.add("pss-%d-%s" % (bits, name), verdict, key.spki, alg_id,
              key.raw(em))

    good = pss_em(bits, "sha256", "sha256", salt)
    raw("made-here", good, "good")
    raw("trailer", pss_em(bits, "sha256", "sha256", salt, trailer=0xcc))
    raw("ps-not-zero", pss_em(bits, "sha256", "sha256", salt,
                              ps_end=b"\1\1"))
    raw("no-one", pss_em(bits, "sha256", "sha256", salt, ps_end=b"\2"))
    raw("salt-too-long", pss_em(bits, "sha256", "sha256", salt + b"\0"))
    raw("salt-too-short", pss_em(bits, "sha256", "sha256", salt[:31]))
    raw("other-mgf", pss_em(bits, "sha256", "sha1", salt))
    raw("mgf-as-named", pss_em(bits, "sha256", "sha1", salt), "good",
        pss_id("sha256", "sha1", 32))
    if (bits - 1) % 8 == 0:
        n = key.modulus()
        low = bytes([0]) + good
        high = bytes([1]) + good
        if int.from_bytes(high, "big") < n:
            raw("leading-octet", high)
        assert low[0] == 0
    else:
        top = 1 << ((bits - 1) % 8)
        em = pss_em(bits, "sha256", "sha256", salt, top=top)
        if int.from_bytes(em, "big") < key.modulus():
            raw("top-bit", em)


def rsa(w, folder):
    w.note("RSASSA-PKCS1-v1_5: openssl pkeyutl -sign, digest by name")
    keys = {}
    for bits in (1024, 2048, 3072, 4096):
        keys[bits] = Key(folder, "rsa%d" % bits, "-algorithm", "RSA",
                         "-pkeyopt", "rsa_keygen_bits:%d" % bits)
    for name in ("sha1", "sha224", "sha256", "sha384", "sha512"):
        w.add("rsa-2048-" + name, "good", keys[2048].spki, rsa_id(name),
              keys[2048].sign_hash(name))
    w.add("rsa-2048-md5", "algorithm", keys[2048].spki, rsa_id("md5"),
          keys[2048].sign_hash("md5"))
    w.add("rsa-2048-params-absent", "good", keys[2048].spki,
          rsa_id("sha256", b""), keys[2048].sign_hash("sha256"))
    for bits in (1024, 3072, 4096):
        w.add("rsa-%d-sha256" % bits, "good", keys[bits].spki,
              rsa_id("sha256"), keys[bits].sign_hash("sha256"))
    w.note("encoded messages made here, then pkeyutl -decrypt without padding")
    pkcs1_bad(w, keys[1024], 128)
    w.note("exponent 3: a good one, then Bleichenbacher's forgery of 2006")
    three = Key(folder, "rsa3072e3", "-algorithm", "RSA", "-pkeyopt",
                "rsa_keygen_bits:3072", "-pkeyopt", "rsa_keygen_pubexp:3")
    w.add("rsa-3072-e3", "good", three.spki, rsa_id("sha256"),
          three.sign_hash("sha256"))
    cube_root_forgery(w, three, 384)
    pss(w, folder, keys)


def pss(w, folder, keys):
    w.note("RSASSA-PSS: openssl pkeyutl -sign rsa_padding_mode:pss")
    for name, mgf, salt in (("sha256", "sha256", 32), ("sha384", "sha384", 48),
                            ("sha512", "sha512", 64), ("sha1", "sha1", 20),
                            ("sha256", "sha256", 0), ("sha256", "sha256", 222),
                            ("sha256", "sha512", 17),
                            ("sha3-256", "sha3-256", 32)):
        w.add("pss-2048-%s-%s-%d" % (name, mgf, salt), "good",
              keys[2048].spki, pss_id(name, mgf, salt),
              keys[2048].sign_hash(name, "rsa_padding_mode:pss",
                                   "rsa_mgf1_md:" + mgf,
                                   "rsa_pss_saltlen:%d" % salt))
    pss_bad(w, keys[1024], 1024)
    w.note("modulus of 8n+1 bits: EM is an octet shorter than the modulus")
    for bits in (1025, 1026, 1031):
        odd = Key(folder, "rsa%d" % bits, "-algorithm", "RSA", "-pkeyopt",
                  "rsa_keygen_bits:%d" % bits)
        w.add("pss-%d" % bits, "good", odd.spki, pss_id("sha256", "sha256", 32),
              odd.sign_hash("sha256", "rsa_padding_mode:pss",
                            "rsa_pss_saltlen:32"))
        pss_bad(w, odd, bits)
    w.note("id-RSASSA-PSS keys, the second bound to sha256 and salt >= 32")
    free = Key(folder, "psskey", "-algorithm", "RSA-PSS", "-pkeyopt",
               "rsa_keygen_bits:2048")
    bound = Key(folder, "psskey256", "-algorithm", "RSA-PSS", "-pkeyopt",
                "rsa_keygen_bits:2048", "-pkeyopt", "rsa_pss_keygen_md:sha256",
                "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256", "-pkeyopt",
                "rsa_pss_keygen_saltlen:32")
    w.add("psskey-free", "good", free.spki, pss_id("sha512", "sha512", 64),
          free.sign_hash("sha512", "rsa_padding_mode:pss",
                         "rsa_pss_saltlen:64"))
    w.add("psskey-bound", "good", bound.spki, pss_id("sha256", "sha256", 32),
          bound.sign_hash("sha256", "rsa_padding_mode:pss",
                          "rsa_pss_saltlen:32"))
    w.add("psskey-bound-longer-salt", "good", bound.spki,
          pss_id("sha256", "sha256", 40),
          bound.sign_hash("sha256", "rsa_padding_mode:pss",
                          "rsa_pss_saltlen:40"))
    signature = bound.sign_hash("sha256", "rsa_padding_mode:pss",
                                "rsa_pss_saltlen:32")
    for name, alg in (("shorter-salt", pss_id("sha256", "sha256", 31)),
                      ("other-digest", pss_id("sha512", "sha256", 32)),
                      ("other-mgf", pss_id("sha256", "sha512", 32)),
                      ("pkcs1", rsa_id("sha256"))):
        w.add("psskey-bound-" + name, "algorithm", bound.spki, alg, signature)


ORDERS = {
    "P-256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    "P-384": int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81"
                 "f4372ddf581a0db248b0a77aecec196accc52973", 16),
    "P-521": int("01ffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                 "fffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c"
                 "47aebb6fb71e91386409", 16),
}


def pair_of(signature):
    body = signature[2:] if signature[1] < 128 else signature[3:]
    r_len = body[1]
    r = int.from_bytes(body[2:2 + r_len], "big")
    s = int.from_bytes(body[4 + r_len:], "big")
    return r, s


def pair(r, s):
    return tlv(0x30, integer(r), integer(s))


def pair_bad(w, name, spki, alg, signature, order):
    """Other encodings, and numbers outside 1 to n-1."""
    r, s = pair_of(signature)
    body = integer(r) + integer(s)
    assert signature == tlv(0x30, body)

    def add(what, octets):
        w.add("%s-%s" % (name, what), "bad", spki, alg, octets)

    add("zero-r", pair(0, s))
    add("zero-s", pair(r, 0))
    add("zero-both", pair(0, 0))
    add("one-both", pair(1, 1))
    add("r-is-n", pair(order, s))
    add("s-is-n", pair(r, order))
    add("n-both", pair(order, order))
    add("r-plus-n", pair(r + order, s))
    add("s-plus-n", pair(r, s + order))
    add("swapped", pair(s, r))
    add("huge-r", pair(r + (order << 700), s))
    add("huge-s", pair(r, s + (order << 700)))
    add("negative-r", tlv(0x30, tlv(2, b"\xff" + body[2:2 + body[1]]),
                          integer(s)))
    add("leading-zero", tlv(0x30, tlv(2, b"\0\0" + r.to_bytes(
        (r.bit_length() + 7) // 8, "big")), integer(s)))
    add("empty-r", tlv(0x30, tlv(2, b""), integer(s)))
    long_form = (b"\x30\x81" + bytes([len(body)]) + body
                 if len(body) < 128 else b"\x30\x82\0" + bytes([len(body)]) +
                 body)
    add("long-form-length", long_form)
    add("indefinite-length", b"\x30\x80" + body + b"\0\0")
    add("no-s", tlv(0x30, integer(r)))
    add("third-integer", tlv(0x30, body, integer(1)))
    add("trailing", signature + b"\0")
    add("trailing-null", signature + NULL)
    add("set", tlv(0x31, body))
    add("octet-string", tlv(0x30, tlv(4, body[2:2 + body[1]]), integer(s)))
    add("raw", r.to_bytes((order.bit_length() + 7) // 8, "big") +
        s.to_bytes((order.bit_length() + 7) // 8, "big"))
    add("empty-sequence", tlv(0x30))
    add("null", NULL)
    add("empty", b"")


def ecdsa(w, folder):
    w.note("ECDSA: openssl pkeyutl -sign")
    for curve, order in ORDERS.items():
        key = Key(folder, curve, "-algorithm", "EC", "-pkeyopt",
                  "ec_paramgen_curve:" + curve)
        for name, alg in EC_OIDS.items():
            w.add("ecdsa-%s-%s" % (curve, name), "good", key.spki,
                  tlv(0x30, oid(alg)), key.sign_hash(name))
        alg = tlv(0x30, oid(EC_OIDS["sha256"]))
        w.add("ecdsa-%s-null-parameters" % curve, "good", key.spki,
              tlv(0x30, oid(EC_OIDS["sha256"]), NULL), key.sign_hash("sha256"))
        pair_bad(w, "ecdsa-" + curve, key.spki, alg, key.sign_hash("sha256"),
                 order)


def dsa(w, folder):
    w.note("DSA: openssl dsaparam, genpkey, pkeyutl -sign")
    for p, q in ((1024, 160), (2048, 256)):
        params = os.path.join(folder, "dsa%d.params" % p)
        run("openssl", "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt",
            "dsa_paramgen_bits:%d" % p, "-pkeyopt",
            "dsa_paramgen_q_bits:%d" % q, "-out", params)
        key = Key(folder, "dsa%d" % p, "-paramfile", params)
        for name, alg in DSA_OIDS.items():
            w.add("dsa-%d-%s" % (p, name), "good", key.spki,
                  tlv(0x30, oid(alg)), key.sign_hash(name))
        text = run("openssl", "pkey", "-in", key.path, "-text", "-noout")
        order = number_in(text.decode(), "Q:")
        pair_bad(w, "dsa-%d" % p, key.spki, tlv(0x30, oid(DSA_OIDS["sha256"])),
                 key.sign_hash("sha256"), order)


def number_in(text, label):
    digits = ""
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip() == label:
            break
    for line in lines:
        if not line.startswith("    "):
            break
        digits += line.strip().replace(":", "")
    return int(digits, 16)


def eddsa(w, folder):
    w.note("EdDSA: openssl pkeyutl -sign -rawin")
    orders = {"ED25519": (1 << 252) + 27742317777372353535851937790883648493,
              "ED448": (1 << 446) - int("8335dc163bb124b65129c96fde933d8d723a"
                                        "70aadc873d6d54a7bb0d", 16)}
    for name, alg in (("ED25519", "2b6570"), ("ED448", "2b6571")):
        key = Key(folder, name, "-algorithm", name)
        alg_id = tlv(0x30, oid(alg))
        signature = key.sign_pure()
        w.add(name, "good", key.spki, alg_id, signature)
        half = len(signature) // 2
        s = int.from_bytes(signature[half:], "little") + orders[name]
        w.add(name + "-s-plus-order", "bad", key.spki, alg_id,
              signature[:half] + s.to_bytes(half, "little"))
        w.add(name + "-zeroes", "bad", key.spki, alg_id, bytes(2 * half))
        w.add(name + "-short", "bad", key.spki, alg_id, signature[:-1])
        w.add(name + "-long", "bad", key.spki, alg_id, signature + b"\0")
        w.add(name + "-empty", "bad", key.spki, alg_id, b"")


def main():
    w = Writer()
    w.note("Made by make_signatures.py with " +
           run("openssl", "version").decode().strip())
    w.note("name verdict SubjectPublicKeyInfo AlgorithmIdentifier message "
           "signature; '-' is empty")
    with tempfile.TemporaryDirectory() as folder:
        rsa(w, folder)
        ecdsa(w, folder)
        dsa(w, folder)
        eddsa(w, folder)
    with open(OUT, "w", encoding="ascii") as f:
        f.write("\n".join(w.lines) + "\n")


main()
