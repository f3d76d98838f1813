"""The arrows between the folders point down only (doc/architecture.md), and
each foreign library stays where it belongs."""
import re

import lint

ASN1 = {"asn1", "asn1/alg", "asn1/codec"}
# The typed codecs know algorithms, and so stand above them (asn1/local.mk).
CODEC = re.compile(r"asn1/(attr_[a-z]+|attrs|kari|recipient_info|signer_info|"
                   r"tst_info)[.]")
# module: the modules that it may include besides itself
ARROWS = {
    "asn1": set(),
    "asn1/alg": {"asn1"},
    "asn1/codec": {"asn1", "asn1/alg"},
    "token/proto": ASN1,
    "token": ASN1 | {"token/proto"},
    "agent/proto": ASN1 | {"token/proto"},
    "agent": ASN1 | {"agent/proto", "token/proto"},
    "client/link": ASN1 | {"agent/proto"},
    "client/fetch": ASN1,
    "client/p12": ASN1 | {"agent/proto", "client/link"},
    "client/pkix": ASN1,
    "client/cms": ASN1 | {"client/pkix", "client/link"},
    "client/smime": ASN1 | {"client/cms", "client/pkix", "client/link"},
    # cardseal.h stands alone; the api is what it promises.
    "client": set(),
    "client/api": ASN1 | {"client", "agent/proto", "client/smime",
                          "client/cms", "client/pkix", "client/fetch",
                          "client/link"},
    "client/cli": {"client"},
    "client/gpgsm": {"client"},
    "client/owa": ASN1 | {"client", "client/cms", "client/smime"},
    "client/scd": ASN1 | {"client/link"},
    "client/ssh": ASN1 | {"client/pkix", "client/link"},
    "client/pkcs11": ASN1 | {"client/pkix", "client/link"},
}
# system header, or the beginning of one: who may include it
FOREIGN = {
    "nettle/": {"asn1/alg"},
    "gmp.h": {"asn1/alg"},
    "gcrypt.h": {"asn1/alg"},
    "libtasn1.h": {"asn1", "asn1/alg"},
    "p11-kit/": {"token", "client/pkcs11", "client/scd"},
    "winscard.h": {"token"},
    "systemd/": {"agent", "client/ssh"},
    "assuan.h": {"agent", "client/scd"},
    "curl/": {"client/fetch"},
    "unbound.h": {"client/fetch"},
    "gnutls/": {"client/p12"},
    "seccomp.h": {"agent", "client/fetch", "client/p12"},
    "linux/landlock.h": {"agent", "client/fetch"},
    "linux/seccomp.h": {"agent"},
    "libintl.h": {"asn1", "client/cli"},
    "jansson.h": {"client/api", "client/cli", "client/cms", "client/owa"},
    "sqlite3.h": {"client/pkix"},
    "zlib.h": {"client/cms"},
    "check.h": set(),
}
INSTALLED = ("client/cardseal.h",)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def module(path):
    """The module that a file belongs to; None outside the layers."""
    parts = path.split("/")
    if parts[0] in ("agent", "token") and len(parts) > 1 and \
            re.match(r"(proto|field|path)[._]", parts[1]):
        return parts[0] + "/proto"
    if CODEC.match(path):
        return "asn1/codec"
    if parts[0] not in ("asn1", "token", "agent", "client"):
        return None
    return "/".join(parts[:-1])


def check_quoted(path, mine, header, tree):
    if header in ("config.h",):
        return []
    other = module(header)
    if other is None:
        return ["%s: includes \"%s\", which is in no layer" % (path, header)]
    if path in INSTALLED:
        return ["%s: is installed, but includes \"%s\"" % (path, header)]
    if other != mine and other not in ARROWS.get(mine, set()):
        return ["%s: %s may not include %s (\"%s\")" %
                (path, mine, other, header)]
    return []


def check_foreign(path, mine, header):
    for start, who in FOREIGN.items():
        if header.startswith(start) and mine not in who:
            return ["%s: <%s> belongs to %s" %
                    (path, header, ", ".join(sorted(who)) or "tests")]
    return []


def check(tree):
    complaints = []
    for path, text in sorted(tree.items()):
        mine = module(path)
        if mine is None:
            continue
        if mine not in ARROWS:
            complaints.append("%s: %s is not in the list of layers" %
                              (path, mine))
        for kind, header in INCLUDE.findall(text):
            if kind == '"':
                complaints += check_quoted(path, mine, header, tree)
            else:
                complaints += check_foreign(path, mine, header)
    return complaints


PLANTS = [
    ("asn1 includes the client", "asn1/planted.c",
     '#include "client/cms/cms.h"\n'),
    ("the agent reaches into the token folder", "agent/planted.c",
     '#include "token/session.h"\n'),
    ("a message layer reaches up", "client/cms/planted.c",
     '#  include "client/smime/smime.h"\n'),
    ("paths do not know the agent", "client/pkix/planted.h",
     '#include "client/link/link.h"\n'),
    ("the worker's protocol does not know the agent's", "token/proto_x.c",
     '#include "agent/proto.h"\n'),
    ("the cursor knows algorithms", "asn1/der_read.c",
     '#include "asn1/alg/alg.h"\n'),
    ("nettle outside asn1/alg", "client/cms/planted.c",
     "#include <nettle/sha2.h>\n"),
    ("libgcrypt outside asn1/alg", "token/planted.c",
     "\t#include <gcrypt.h>\n"),
    ("a private header in the installed one", "client/cardseal.h",
     '#include "asn1/buf.h"\n'),
    ("a folder nobody listed", "client/planted/x.c", "int x;\n"),
    ("a header of the tests", "token/planted.c",
     '#include "tests/unit/unit.h"\n'),
]

if __name__ == "__main__":
    lint.run(check, lint.read_tree(".c", ".h"), PLANTS,
             "the tree keeps the layers")
