"""TAP, waiting, and looking at processes."""

import os
import sys
import time
import traceback

# Seconds. What comes at once comes within SOON even on a machine that has
# much else to do; what comes at all, within PATIENCE.
SOON, PATIENCE = 10, 60

count = 0


def ok(condition, what, detail=""):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if condition else "not ok", count, what))
    if not condition and detail != "":
        for line in str(detail).splitlines():
            print("# " + line)
    sys.stdout.flush()
    return bool(condition)


def same(got, want, what):
    return ok(got == want, what, "got %r\nwant %r" % (got, want))


def soon(begin, what, after=0):
    """It is over, "after" seconds since begin and not much later."""
    took = time.monotonic() - begin
    return ok(took < after + SOON, what, "%.1f s" % took)


def skip(what, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, what, why))


def done():
    print("1..%d" % count)
    sys.stdout.flush()


def run(*stories):
    """All of them. One that breaks off is a failure with its traceback, and
    the others are told nevertheless."""
    for story in stories:
        try:
            story()
        except Exception:
            ok(False, story.__name__ + ": breaks off", traceback.format_exc())
    done()


def wait_for(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def proc_read(pid, name):
    """A file of /proc/PID; empty once the process is gone, also when it goes
    between open and read (ESRCH)."""
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def proc_stat(pid):
    """From the state on (proc(5)); None: there is no such process."""
    text = proc_read(pid, "stat").decode(errors="replace")
    return text.rsplit(")", 1)[1].split() if text else None


def is_running(pid):
    stat = proc_stat(pid)
    return stat is not None and stat[0] != "Z"


def children(pid, word=""):
    """All processes below, with that word in their command lines."""
    parents = {}
    for entry in os.listdir("/proc"):
        stat = proc_stat(int(entry)) if entry.isdigit() else None
        if stat is not None:
            parents[int(entry)] = int(stat[1])
    out, new = [], [pid]
    while new:
        new = [p for p, parent in parents.items() if parent in new]
        out += new
    return [p for p in out if word.encode() in proc_read(p, "cmdline")]
