"""Calls that have a safer sister here."""
import re

import lint

# name: what to use instead
BANNED = {
    "strcpy": "struct buf", "strcat": "struct buf", "stpcpy": "struct buf",
    "strncpy": "snprintf", "strncat": "snprintf",
    "sprintf": "snprintf", "vsprintf": "vsnprintf",
    "gets": "getline", "scanf": "a decoder", "fscanf": "a decoder",
    "sscanf": "a decoder", "vsscanf": "a decoder",
    "strtok": "a decoder", "strtok_r": "a decoder",
    "alloca": "malloc", "strdupa": "strdup",
    "system": "posix_spawn", "popen": "posix_spawn",
    "mktemp": "mkostemp", "tmpnam": "mkostemp", "tempnam": "mkostemp",
    "tmpfile": "mkostemp",
    "atoi": "strtol with its checks", "atol": "strtol with its checks",
    "atoll": "strtoll with its checks", "atof": "strtod with its checks",
    "rand": "asn1/alg/random.h", "srand": "asn1/alg/random.h",
    "random": "asn1/alg/random.h", "srandom": "asn1/alg/random.h",
    "drand48": "asn1/alg/random.h",
    "setjmp": "return codes", "longjmp": "return codes",
    "signal": "sigaction", "vfork": "posix_spawn",
    "memcmp": "bytes_is_equal, or secret_is_equal for what is secret",
    "bcmp": "bytes_is_equal", "bzero": "memset, or a wiping free",
    "gmtime": "gmtime_r", "localtime": "localtime_r", "ctime": "strftime",
    "asctime": "strftime",
    "readdir_r": "readdir", "access": "the call itself, and its errno",
}
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
ALLOWED = {
    # where the sister itself is made
    ("asn1/buf.c", "memcmp"), ("asn1/buf.h", "memcmp"),
    # asks whether /proc is there, not for a permission
    ("client/cms/output.c", "access"),
}


def check(tree):
    complaints = []
    for path, text in sorted(tree.items()):
        if path.startswith("tests/"):
            continue
        for number, line in enumerate(lint.strip_c(text).split("\n"), 1):
            for name in CALL.findall(line):
                if (path, name) not in ALLOWED:
                    complaints.append("%s:%d: %s: use %s" %
                                      (path, number, name, BANNED[name]))
    return complaints


PLANTS = [
    (name, "client/cms/planted.c", "\n\tx = %s(y);\n" % name)
    for name in sorted(BANNED)
]

if __name__ == "__main__":
    lint.run(check, lint.read_tree(".c", ".h"), PLANTS,
             "no banned call in the tree")
