#!/usr/bin/env python3
"""NIST's path validation test suite (pkits.txt) through cardseal.

Each test three times: with the certificates and lists that the suite's signed
mail carries; with a pile of all certificates and lists of the suite, in which
the path has to be found; and the signed mail itself, whose certificates bear
no addresses, so that signature, path and revocation count. The data are those
of Debian's python3-cryptography-vectors.
"""
import base64
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

SRCDIR = os.environ.get("CS_SRCDIR", ".")
BUILDDIR = os.environ.get("CS_BUILDDIR", "build/gcc")
PROGRAM = os.environ.get("CARDSEAL", BUILDDIR + "/client/cli/cardseal")
DATA = "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data"
POLICY = "2.16.840.1.101.3.2.1.48."
INPUTS = {"explicit": "--require-explicit-policy",
          "nomapping": "--inhibit-policy-mapping",
          "noany": "--inhibit-any-policy"}
GOOD, UNTRUSTED = 0, 6


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, ok, what, *why):
        self.count += 1
        self.failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", self.count, what))
        for line in () if ok else why:
            print("# " + line)

    def done(self):
        print("1..%d" % self.count)
        sys.exit(1 if self.failed else 0)


def read_table():
    with open(os.path.join(SRCDIR, "tests/pkits/pkits.txt"),
              encoding="ascii") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                number, outcome, cert, mail, *inputs = line.split()
                yield number, outcome == "valid", cert, mail, inputs


def pem(label, der):
    return "-----BEGIN %s-----\n%s-----END %s-----\n" % (
        label, base64.encodebytes(der).decode(), label)


def write_pile(path, label, pattern, backwards):
    """All files of a kind in one, in no order that would help."""
    files = sorted(glob.glob(os.path.join(DATA, pattern)), reverse=backwards)
    with open(path, "w", encoding="ascii") as out:
        for name in files:
            with open(name, "rb") as f:
                out.write(pem(label, f.read()))
    return len(files)


def mail_parts(mail, certs, crls):
    """Writes the certificates and lists that a signed mail carries."""
    p7 = subprocess.run(["openssl", "smime", "-pk7out", "-in", mail],
                        check=True, capture_output=True).stdout
    text = subprocess.run(["openssl", "pkcs7", "-print_certs"], input=p7,
                          check=True, capture_output=True).stdout.decode()
    for path, label in ((certs, "CERTIFICATE"), (crls, "X509 CRL")):
        with open(path, "w", encoding="ascii") as out:
            out.write("\n".join(re.findall(
                "-----BEGIN %s-----.*?-----END %s-----" % (label, label),
                text, re.S)) + "\n")


def cardseal(*arguments):
    run = subprocess.run((PROGRAM,) + arguments, capture_output=True,
                         timeout=60, check=False, env=ENVIRONMENT)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def options(number, inputs):
    found = ["--anchor", DATA + "/certs/TrustAnchorRootCertificate.crt",
             "--revocation", "hard"]
    if number in ("4.1.4", "4.1.5", "4.1.6"):  # DSA
        found.append("--legacy")
    for word in inputs:
        name, _, value = word.partition("=")
        found += ["--policy", POLICY + value] if name == "policy" else \
            [INPUTS[word]]
    return found


def judge(what, is_valid, *arguments):
    status, out, err = cardseal("certs", "verify", "--json", *arguments)
    try:
        found = json.loads(out)
    except ValueError:
        TAP.result(False, what, "status %d" % status, err)
        return
    why = ["%s: %s" % (found["code"], found["text"])]
    why += ["%(certificate)d %(step)s %(code)s %(text)s" % step
            for step in found["steps"] if step["code"]]
    TAP.result(status == (GOOD if is_valid else UNTRUSTED), what, *why)
    if is_valid and status == GOOD and "--policy" in arguments:
        asked = {a for i, a in enumerate(arguments)
                 if arguments[i - 1] == "--policy"}
        TAP.result(set(found["policies"]) <= asked,
                   what + ": the policies are those asked for",
                   repr(found["policies"]))


def judge_mail(what, is_valid, *arguments):
    status, out, err = cardseal("verify", "--json", *arguments)
    try:
        signer = json.loads(out)["layers"][0]["signers"][0]
    except (ValueError, LookupError):
        TAP.result(False, what, "status %d" % status, out, err)
        return
    states = [signer[k]["state"] for k in ("integrity", "chain",
                                           "revocation")]
    TAP.result((states == ["good"] * 3) == is_valid, what,
               *["%s: %s: %s" % (k, signer[k]["state"], signer[k]["text"])
                 for k in ("integrity", "chain", "revocation")])


def run(folder):
    pile, lists = folder + "/pile.pem", folder + "/lists.pem"
    own, own_lists = folder + "/own.pem", folder + "/own-lists.pem"
    certs = write_pile(pile, "CERTIFICATE", "certs/*.crt", True)
    crls = write_pile(lists, "X509 CRL", "crls/*.crl", False)
    TAP.result(certs == 405 and crls == 173, "the suite is whole",
               "%d certificates, %d lists" % (certs, crls))
    for number, is_valid, cert, mail, inputs in read_table():
        what = "%s %s%s" % (number, cert, " ".join([""] + inputs))
        leaf = "%s/certs/%s.crt" % (DATA, cert)
        opts = options(number, inputs)
        judge("pile: " + what, is_valid, *opts, "--intermediate", pile,
              "--crl", lists, leaf)
        if mail == "-":
            continue
        path = "%s/smime/%s.eml" % (DATA, mail)
        root = ["--crl", DATA + "/crls/TrustAnchorRootCRL.crl"]
        mail_parts(path, own, own_lists)
        if os.path.getsize(own_lists) > 1:
            root += ["--crl", own_lists]
        judge("own: " + what, is_valid, *opts, "--intermediate", own, *root,
              leaf)
        if not inputs:
            judge_mail("mail: " + what, is_valid, *opts, path)


ENVIRONMENT = dict(os.environ)
TAP = Tap()
if not os.path.isdir(DATA):
    print("1..0 # SKIP python3-cryptography-vectors is not installed")
    sys.exit(0)
with tempfile.TemporaryDirectory() as TMP:
    ENVIRONMENT.update(HOME=TMP, XDG_CONFIG_HOME=TMP, XDG_DATA_HOME=TMP,
                       XDG_CACHE_HOME=TMP, XDG_RUNTIME_DIR=TMP)
    run(TMP)
TAP.done()
