"""An LDAP server (RFC 4511) on a loopback port of its own, for tests.

    ldap_server.py PORTFILE FOLDER

Writes its port into PORTFILE and serves until it is ended; by TLS if there is
LDAP_TLS, with the certificate LDAP_TLS.pem and the key LDAP_TLS.key. Each line of
FOLDER/entries, "DN|ATTRIBUTE|FILE", is a value: the octets of FOLDER/FILE.
FOLDER/log has a line "SCOPE BASE FILTER ATTRIBUTES" for each search.

It is hostile where the search's base begins so:

    cn=endless      entries without end
    cn=giant        one message that says it has 512 MiB, and sends them;
                    FOLDER/giant tells how many MiB were taken
    cn=huge         one message that says it has 2 GiB, and sends nothing
    cn=long         one value of 8 MiB
    cn=slow         nothing for a minute
    cn=drip         an entry, one octet in a second
    cn=garbage      octets that are no BER
    cn=nested       BER that opens and never closes
    cn=other        another attribute than the one asked for
    cn=referral     a referral to FOLDER/referral
    cn=continued    a search continuation to FOLDER/referral, then done
    cn=cut          half of an entry, then the end of the connection
    cn=denied       insufficientAccessRights, with FOLDER/entries' first value
    cn=injected     an attribute whose name has a line that looks like a value
"""
import os
import socketserver
import ssl
import sys
import time

FOLDER = sys.argv[2]
SCOPES = ("base", "one", "sub")


def tlv(tag, value):
    if len(value) < 128:
        return bytes([tag, len(value)]) + value
    size = len(value).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + value


def parse(octets):
    """The elements that octets is made of, as (tag, value)."""
    out = []
    while octets:
        tag, size, at = octets[0], octets[1], 2
        if size & 0x80:
            at = 2 + (size & 0x7f)
            size = int.from_bytes(octets[2:at], "big")
        out.append((tag, octets[at:at + size]))
        octets = octets[at + size:]
    return out


def entry(dn, attributes):
    """SearchResultEntry."""
    lines = b"".join(
        tlv(0x30, tlv(4, name) + tlv(0x31, b"".join(tlv(4, v) for v in values)))
        for name, values in attributes)
    return tlv(0x64, tlv(4, dn) + tlv(0x30, lines))


def result(tag, code=0, more=b""):
    return tlv(tag, tlv(10, bytes([code])) + tlv(4, b"") + tlv(4, b"") + more)


def entries():
    """dn -> attribute -> values, names in lower case."""
    out = {}
    path = FOLDER + "/entries"
    if not os.path.exists(path):
        return out
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            dn, name, file = line.rstrip("\n").split("|")
            with open(FOLDER + "/" + file, "rb") as value:
                out.setdefault(dn, {}).setdefault(name, []).append(
                    value.read())
    return out


def base_name(name):
    return name.split(";")[0].lower()


def values_of(attributes, name):
    return [v.strip().lower() for key, values in attributes.items()
            if base_name(key) == base_name(name) for v in values]


def matches(item, attributes):
    """Does a Filter match? Of those that cardseal sends."""
    tag, value = item
    if tag == 0xa0:
        return all(matches(i, attributes) for i in parse(value))
    if tag == 0xa1:
        return any(matches(i, attributes) for i in parse(value))
    if tag == 0xa3:
        name, wanted = [v for _, v in parse(value)]
        return wanted.lower() in values_of(attributes, name.decode())
    if tag == 0x87:
        return value.lower() == b"objectclass" or bool(
            values_of(attributes, value.decode()))
    return False


def show(item):
    """A Filter as text (RFC 4515), without escapes."""
    tag, value = item
    if tag in (0xa0, 0xa1):
        return "(%s%s)" % ("&" if tag == 0xa0 else "|",
                           "".join(show(i) for i in parse(value)))
    if tag == 0xa3:
        return "(%s=%s)" % tuple(v.decode() for _, v in parse(value))
    if tag == 0x87:
        return "(%s=*)" % value.decode()
    return "(?)"


def in_scope(dn, base, scope):
    dn, base = dn.lower(), base.lower()
    if scope == 0:
        return dn == base
    if scope == 1:
        return dn.partition(",")[2] == base
    return dn == base or dn.endswith("," + base) or not base


class Handler(socketserver.BaseRequestHandler):
    number = b"\1"
    wanted = [b"x"]

    def put(self, message):
        self.request.sendall(tlv(0x30, tlv(2, self.number) + message))

    def read_exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.request.recv(count - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def read(self):
        head = self.read_exactly(2)
        size = head[1]
        if size & 0x80:
            size = int.from_bytes(self.read_exactly(size & 0x7f), "big")
        return parse(self.read_exactly(size))

    def handle(self):
        try:
            while True:
                (_, self.number), (tag, value) = self.read()[:2]
                if tag == 0x60:
                    self.put(result(0x61))
                elif tag == 0x63:
                    self.search(parse(value))
                elif tag == 0x42:
                    return
        except (EOFError, OSError):
            pass

    def search(self, fields):
        base = fields[0][1].decode()
        scope = fields[1][1][0]
        self.wanted = [v for _, v in parse(fields[7][1])]
        with open(FOLDER + "/log", "a", encoding="utf-8") as log:
            log.write("%s %s %s %s\n" % (
                SCOPES[scope], base or "-", show(fields[6]),
                b",".join(self.wanted).decode()))
        hostile = getattr(
            self, "do_" + base.split(",")[0].replace("cn=", ""), None)
        if base.startswith("cn=") and hostile:
            hostile()
        else:
            self.answer(base, scope, fields[6])

    def answer(self, base, scope, wanted):
        found = entries()
        if base and not any(in_scope(dn, base, 2) for dn in found):
            self.put(result(0x65, 32))
            return
        for dn, attributes in found.items():
            if in_scope(dn, base, scope) and matches(wanted, attributes):
                names = [base_name(w.decode()) for w in self.wanted]
                self.put(entry(dn.encode(), [
                    (name.encode(), values)
                    for name, values in attributes.items()
                    if not names or base_name(name) in names]))
        self.put(result(0x65))

    def name(self):
        return self.wanted[0] if self.wanted else b"x"

    def do_endless(self):
        while True:
            self.put(entry(b"cn=x", [(self.name(), [bytes(1000)])]))

    def do_giant(self):
        self.request.sendall(b"\x30\x84\x20\x00\x00\x00")
        sent = 0
        try:
            while sent < 512:
                self.request.sendall(bytes(1 << 20))
                sent += 1
        finally:
            with open(FOLDER + "/giant", "w", encoding="ascii") as log:
                log.write("%d\n" % sent)

    def do_huge(self):
        self.request.sendall(b"\x30\x84\x7f\xff\xff\xf0")
        time.sleep(60)

    def do_long(self):
        self.put(entry(b"cn=x", [(self.name(), [bytes(8 << 20)])]))
        self.put(result(0x65))

    def do_slow(self):
        time.sleep(60)

    def do_drip(self):
        for octet in tlv(0x30, tlv(2, self.number) + entry(
                b"cn=x", [(self.name(), [bytes(100)])])):
            self.request.sendall(bytes([octet]))
            time.sleep(1)

    def do_garbage(self):
        self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)))

    def do_nested(self):
        self.request.sendall(b"\x30\x84\x00\x01\x00\x00" + b"\x30\x80" * 32768)
        time.sleep(60)

    def do_other(self):
        self.put(entry(b"cn=x", [(b"description", [b"something else"])]))
        self.put(result(0x65))

    def referral(self):
        with open(FOLDER + "/referral", "rb") as url:
            return tlv(4, url.read().strip())

    def do_referral(self):
        self.put(result(0x65, 10, tlv(0xa3, self.referral())))

    def do_continued(self):
        self.put(tlv(0x73, self.referral()))
        self.put(result(0x65))

    def do_cut(self):
        whole = tlv(0x30, tlv(2, self.number) + entry(
            b"cn=x", [(self.name(), [bytes(100)])]))
        self.request.sendall(whole[:len(whole) // 2])
        raise EOFError

    def do_denied(self):
        self.put(entry(b"cn=x", [(self.name(), [b"no"])]))
        self.put(result(0x65, 50))

    def do_injected(self):
        self.put(entry(b"cn=x", [(
            b"x: y\n\t" + self.name(), [b"in a name"])]))
        self.put(result(0x65))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def get_request(self):
        connection, address = super().get_request()
        if TLS:
            connection = TLS.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


TLS = None
if os.environ.get("LDAP_TLS"):
    TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    TLS.load_cert_chain(os.environ["LDAP_TLS"] + ".pem",
                        os.environ["LDAP_TLS"] + ".key")

SERVER = Server(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w", encoding="ascii") as port:
    port.write("%d\n" % SERVER.server_address[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
SERVER.serve_forever()
