"""staple.py CMS ANSWER OUT: puts an OCSP answer into SignedData.crls (RFC 5940),
of a message in DER without any crls."""
import sys


def read(data, at):
    """(tag, content, end) of the element at."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length > 127:
        n = length & 127
        length, at = int.from_bytes(data[at:at + n], "big"), at + n
    return tag, data[at:at + length], at + length


def tlv(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else \
        (lambda o: bytes([128 | len(o)]) + o)(
            n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + size + body


def elements(data):
    at = 0
    while at < len(data):
        start = at
        _, _, at = read(data, at)
        yield data[start:at]


with open(sys.argv[1], "rb") as file:
    MESSAGE = file.read()
with open(sys.argv[2], "rb") as file:
    ANSWER = file.read()
TYPE, CONTENT = elements(read(MESSAGE, 0)[1])
SIGNED = list(elements(read(read(CONTENT, 0)[1], 0)[1]))
SIGNED[0] = tlv(2, b"\5")  # RFC 5652 5.1: of another kind than lists
OTHER = tlv(0xa1, tlv(6, b"\x2b\x06\x01\x05\x05\x07\x10\x02") + ANSWER)
SIGNED.insert(len(SIGNED) - 1, tlv(0xa1, OTHER))
with open(sys.argv[3], "wb") as out:
    out.write(tlv(0x30, TYPE + tlv(0xa0, tlv(0x30, b"".join(SIGNED)))))
