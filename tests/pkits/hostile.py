#!/usr/bin/env python3
"""Certificates and lists that are made to cost time and memory get an answer
all the same: within a second of processor time and 64 MiB, a revocation list
of 500,000 entries within 16 MiB. Processor time, so that a busy machine does
not matter."""
import json
import os
import resource
import subprocess
import sys
import tempfile

BUILDDIR = os.environ.get("CS_BUILDDIR", "build/gcc")
PROGRAM = os.environ.get("CARDSEAL", BUILDDIR + "/client/cli/cardseal")
MAKER = BUILDDIR + "/tests/pkits/hostile"
SECONDS = 1.0
# case: (code that is expected, MiB, further options)
CASES = {
    "cross": ("NO_PATH", 64, ()),
    "loops": ("NO_PATH", 64, ()),
    "policies": ("PATH", 64, ()),
    "names": ("NO_PATH", 64, ()),
    "keys": ("NO_PATH", 64, ()),
    "crl": (None, 16, ("--revocation", "hard", "--crl", "list.der")),
}


def measure(folder, options):
    """JSON, seconds and MiB of one run, in a process that has had no other
    child: what a child used at most is known of all together only."""
    code = ("import resource, subprocess, sys\n"
            "r = subprocess.run(sys.argv[1:], check=False)\n"
            "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024,"
            " file=sys.stderr)\n")
    run = subprocess.run(
        [sys.executable, "-c", code, os.path.abspath(PROGRAM), "certs",
         "verify", "--json", "--time", "2027-06-15T12:00:00Z", "--anchor",
         "anchor.der", *options, "leaf.der"],
        cwd=folder, capture_output=True, check=False, timeout=300,
        env=dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder))
    lines = run.stderr.decode().split("\n")
    seconds, mib = (float(x) for x in lines[-2].split())
    return run.stdout.decode(), lines[:-2], seconds, mib


def main():
    count = failed = 0
    for case, (expected, most, options) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([MAKER, case, folder], check=True, timeout=300)
            if os.path.getsize(folder + "/others.der"):
                options += ("--intermediate", "others.der")
            out, err, seconds, mib = measure(folder, options)
        try:
            found = json.loads(out)
            code, text = found["code"], found["text"]
        except ValueError:
            code, text = "?", " ".join(err)
        for ok, what in ((code == expected, "%s: %s" % (case, expected)),
                         (seconds <= SECONDS, "%s: in a second" % case),
                         (mib <= most, "%s: in %d MiB" % (case, most))):
            count += 1
            failed += not ok
            print("%sok %d - %s" % ("" if ok else "not ", count, what))
        print("# %s: %s: %s; %.2f s, %.1f MiB" % (case, code, text, seconds,
                                                  mib))
    print("1..%d" % count)
    return 1 if failed else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
