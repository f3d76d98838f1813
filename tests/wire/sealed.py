"""Messages and keys of make-fixtures, for tests that open and sign."""

import os
import subprocess

from wire import parse, tlv


def recipient(path):
    """A RecipientInfo and the content's algorithm, made by openssl for a
    certificate."""
    der = subprocess.run(
        ["openssl", "cms", "-encrypt", "-aes-256-cbc", "-binary", "-outform",
         "DER", path], input=b"some bytes", stdout=subprocess.PIPE,
        check=True).stdout
    (_, info), = parse(der)
    _, (_, wrapped) = parse(info)
    (_, enveloped), = parse(wrapped)
    fields = [f for f in parse(enveloped) if f[0] != 0xa0]
    infos, content = parse(fields[1][1]), parse(fields[2][1])
    return tlv(*infos[0]), tlv(*content[1])


def key_ids(fixtures):
    """{identity: key id} of make-fixtures."""
    with open(os.path.join(fixtures["FIXTURE_DIR"], "identities.tsv")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return {row[0]: bytes.fromhex(row[5]) for row in rows}
