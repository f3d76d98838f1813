"""A DNS server on a loopback port of its own, for tests: the zone "example.",
signed (RFC 4034, ECDSA P-256).

    dns_server.py PORTFILE FOLDER

Writes the zone's key into FOLDER/anchor and its port into PORTFILE, and serves
until it is ended. Each line of FOLDER/records, "ADDRESS|USAGE SELECTOR
MATCHING|FILE", is an SMIMEA record (RFC 8162) about the certificate in
FOLDER/FILE (DER). FOLDER/log has a line "NAME TYPE" for each question.

Everything else in the zone is not there, and that is proved. It is hostile
where the address's domain is one of these:

    unsigned.example   a delegation to a zone that is not signed
    stripped.example   signatures are left out
    forged.example     each signature has one bit wrong
    expired.example    signatures of last year
    future.example     signatures of next year
    stranger.example   signatures by another key, by the name of the right one
    moved.example      the records of good.example with their signatures
    denied.example     there is nothing, which nothing proves
    alias.example      each name is an alias (CNAME) of the one in good.example
    loop.example       aliases without end
    failed.example     SERVFAIL
    garbage.example    octets that are no DNS message
    other.example      answers to another question
    slow.example       nothing
    drip.example       by TCP, an octet in a second
    endless.example    by TCP, messages without end, none of which is the answer
    many.example       each record 400 times, which differ in their last octets
"""
import base64
import hashlib
import os
import socketserver
import struct
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

FOLDER = sys.argv[2]
ZONE = "example."
TTL = 300
UDP_MAX = 1232
DAY = 86400
NS, CNAME, SOA, TXT, OPT, DS, RRSIG, NSEC, DNSKEY, SMIMEA = (
    2, 5, 6, 16, 41, 43, 46, 47, 48, 53)
CURVE = ec.SECP256R1()


def wire(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode("latin-1")
                    for label in labels) + b"\0"


def labels_of(name):
    return len([label for label in name.rstrip(".").split(".") if label])


class Key:
    def __init__(self):
        self.private = ec.generate_private_key(CURVE)
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962,
            serialization.PublicFormat.UncompressedPoint)[1:]
        self.rdata = struct.pack("!HBB", 257, 3, 13) + point

    def tag(self):
        """RFC 4034, appendix B."""
        total = sum(octet << (0 if i & 1 else 8)
                    for i, octet in enumerate(self.rdata))
        return (total + (total >> 16)) & 0xffff

    def sign(self, octets):
        r, s = utils.decode_dss_signature(
            self.private.sign(octets, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


KEY = Key()
STRANGER = Key()


class Style:
    """How a domain's records are signed."""

    def __init__(self, key=KEY, shift=0, flip=0, is_signed=True, owner=None):
        self.key, self.shift, self.flip = key, shift, flip
        self.is_signed, self.owner = is_signed, owner


GOOD = Style()
STYLES = {
    "unsigned": Style(is_signed=False),
    "stripped": Style(is_signed=False),
    "forged": Style(flip=1),
    "expired": Style(shift=-365 * DAY),
    "future": Style(shift=365 * DAY),
    "stranger": Style(key=STRANGER),
    "moved": Style(owner="good"),
}


def record(name, kind, rdata):
    return wire(name) + struct.pack("!HHIH", kind, 1, TTL, len(rdata)) + rdata


def signed(name, kind, rdatas, style=GOOD):
    """The records of a set, with its signature behind them; how many."""
    out = [record(name, kind, rdata) for rdata in rdatas]
    if style.is_signed:
        owner = name.lower()
        if style.owner:
            owner = owner.replace(".%s.example." % domain_of(name),
                                  ".%s.example." % style.owner)
        now = int(time.time()) + style.shift
        head = struct.pack("!HBBIIIH", kind, 13, labels_of(owner), TTL,
                           now + DAY, now - DAY, KEY.tag()) + wire(ZONE)
        text = head + b"".join(
            record(owner, kind, rdata) for rdata in sorted(rdatas))
        signature = style.key.sign(text)
        out.append(record(name, RRSIG, head + signature[:-1] +
                          bytes([signature[-1] ^ style.flip])))
    return b"".join(out), len(out)


def nsec(owner, following, kinds):
    bitmap = bytearray(max(kinds) // 8 + 1)
    for kind in kinds:
        bitmap[kind // 8] |= 0x80 >> kind % 8
    return signed(owner, NSEC, [
        wire(following) + bytes([0, len(bitmap)]) + bytes(bitmap)])


def denial(proof):
    soa = signed(ZONE, SOA, [
        wire("ns." + ZONE) + wire("host." + ZONE) +
        struct.pack("!IIIII", 1, 3600, 600, DAY, TTL)])
    return soa[0] + proof[0], soa[1] + proof[1]


def domain_of(name):
    """ "good" of "x.good.example." """
    labels = name.lower().rstrip(".").split(".")
    return labels[-2] if len(labels) > 1 else ""


def owner_of(address):
    """RFC 8162 3."""
    local, domain = address.rsplit("@", 1)
    return "%s._smimecert.%s." % (
        hashlib.sha256(local.encode()).hexdigest()[:56], domain)


def about(kind, file):
    """RDATA (RFC 6698 2.1) about a certificate."""
    usage, selector, matching = (int(word) for word in kind.split())
    with open(os.path.join(FOLDER, file), "rb") as der:
        part = der.read()
    if selector == 1:
        from cryptography import x509
        part = x509.load_der_x509_certificate(part).public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
    if matching == 1:
        part = hashlib.sha256(part).digest()
    elif matching == 2:
        part = hashlib.sha512(part).digest()
    return bytes([usage, selector, matching]) + part


def smimea_of(name):
    path = os.path.join(FOLDER, "records")
    found = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                address, kind, file = line.rstrip("\n").split("|")
                if owner_of(address) == name.lower():
                    found.append(about(kind, file))
    return found


def loop(name):
    """The next alias."""
    first, rest = name.split(".", 1)
    return "%056x.%s" % (int(first, 16) + 1 & (1 << 224) - 1, rest)


def answer(name, kind):
    """(rcode, answers, authority); each of the latter (octets, count)."""
    domain = domain_of(name)
    nothing = b"", 0
    if name.lower() == ZONE and kind == DNSKEY:
        return 0, signed(ZONE, DNSKEY, [KEY.rdata]), nothing
    if domain == "unsigned" and name.lower() == "unsigned.example.":
        return 0, nothing, denial(
            nsec(name, "\0." + name, [NS, RRSIG, NSEC]))
    if kind == SMIMEA and domain == "failed":
        return 2, nothing, nothing
    if kind == SMIMEA and domain == "denied":
        return 3, nothing, nothing
    if kind == SMIMEA and domain in ("alias", "loop"):
        to = name.lower().replace(".alias.", ".good.") \
            if domain == "alias" else loop(name)
        return 0, signed(name, CNAME, [wire(to)]), nothing
    found = smimea_of(name) if kind == SMIMEA else []
    if domain == "many":
        found = [rdata[:-2] + struct.pack("!H", i)
                 for rdata in found for i in range(400)]
    if found:
        return 0, signed(name, SMIMEA, found,
                         STYLES.get(domain, GOOD)), nothing
    if kind == SMIMEA:
        return 3, nothing, denial(
            nsec(ZONE, ZONE, [NS, SOA, RRSIG, NSEC, DNSKEY]))
    return 0, nothing, denial(nsec(name, "\0." + name, [TXT, RRSIG, NSEC]))


def question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1"))
        at += 1 + message[at]
    return ".".join(labels) + ".", struct.unpack_from(
        "!H", message, at + 1)[0], message[12:at + 5]


def reply(message, is_udp):
    name, kind, asked = question(message)
    with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as log:
        log.write("%s %d\n" % (name, kind))
    domain = domain_of(name) if kind == SMIMEA else ""
    if domain == "slow":
        return b""
    if domain == "garbage":
        return b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256))
    if domain == "other":
        message = message[:12] + message[12:].replace(b"\5other", b"\5rehto")
        name, kind, asked = question(message)
    rcode, answers, authority = answer(name, kind)
    flags = 0x8580 | rcode
    opt = b"\0" + struct.pack("!HHIH", OPT, 4096, 0x8000, 0)
    whole = message[:2] + struct.pack(
        "!HHHHH", flags, 1, answers[1], authority[1], 1) + asked + \
        answers[0] + authority[0] + opt
    if is_udp and (len(whole) > UDP_MAX or domain in ("drip", "endless")):
        return message[:2] + struct.pack(
            "!HHHHH", flags | 0x200, 1, 0, 0, 1) + asked + opt
    return whole


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        message, socket = self.request
        out = reply(message, True)
        if out:
            socket.sendto(out, self.client_address)


class Tcp(socketserver.BaseRequestHandler):
    def read(self, count):
        octets = b""
        while len(octets) < count:
            more = self.request.recv(count - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def handle(self):
        try:
            while True:
                message = self.read(struct.unpack("!H", self.read(2))[0])
                out = reply(message, False)
                if out:
                    self.give(struct.pack("!H", len(out)) + out,
                              domain_of(question(message)[0]))
        except (EOFError, OSError):
            pass

    def give(self, out, domain):
        if domain == "drip":
            for octet in out:
                self.request.sendall(bytes([octet]))
                time.sleep(1)
        while domain == "endless":
            self.request.sendall(out[:2] + b"\0\0" + out[4:])
        self.request.sendall(out)


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def listen():
    """A port that is free for both."""
    while True:
        udp = UdpServer(("127.0.0.1", 0), Udp)
        try:
            return udp, TcpServer(udp.server_address, Tcp)
        except OSError:
            udp.server_close()


def write(path, text):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".new", path)


UDP, TCP = listen()
write(os.path.join(FOLDER, "anchor"), "; of a test\n\n%s IN DNSKEY 257 3 13 %s\n" % (
    ZONE, base64.b64encode(KEY.rdata[4:]).decode()))
write(sys.argv[1], "%d\n" % UDP.server_address[1])
threading.Thread(target=TCP.serve_forever, daemon=True).start()
UDP.serve_forever()
