#!/usr/bin/env python3
"""Odd mails, signed and read: openssl and we agree on what was signed.

Each mail of mails.py is signed in both forms. openssl must call the
signature good and give as content exactly our entity, which must be fit for
mail transport; we must read back the same. No mail may crash or hang. With a
number as argument, so many random mails instead of the usual few.
"""
import concurrent.futures
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mails  # noqa: E402

TOOL = os.path.join(os.environ.get("CS_BUILDDIR", "."),
                    "tests/system/mail_tool")
SECONDS = 30
NOT_A_MESSAGE = 7
UNSAFE = re.compile(rb"[\0\x80-\xff]|\r(?!\n)|(?<!\r)\n|^From |[^\n]{1000}",
                    re.MULTILINE)


class Tool:
    """One mail_tool that is asked line by line."""

    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [TOOL, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        timer = threading.Timer(SECONDS, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(" ".join(words).encode() + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().decode()
        finally:
            timer.cancel()
        if not answer:
            status = self.process.wait()
            self.start()
            return 255, "ended with status %d" % status
        status, _, text = answer.rstrip("\n").partition(" ")
        return int(status), text

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Case:
    def __init__(self, folder, name, mail, may_be_refused):
        self.folder = folder
        self.name = name
        self.mail = mail
        self.may_be_refused = may_be_refused
        self.faults = []

    def path(self, what):
        return os.path.join(self.folder, self.name + "." + what)

    def fault(self, text):
        self.faults.append(text)

    def run(self, tool):
        with open(self.path("mail"), "wb") as file:
            file.write(self.mail)
        status, text = tool.ask(
            self.path("entity"), "entity", "7bit", self.path("mail"))
        if status == NOT_A_MESSAGE and self.may_be_refused:
            return "refused"
        if status != 0:
            self.fault("entity: %d %s" % (status, text))
            return "bad"
        entity = read(self.path("entity"))
        if b"hidden@example.org" in entity and \
                b"rfc822" not in self.mail and not self.may_be_refused:
            self.fault("Bcc is inside")
        forms = [self.sign(tool, form, entity)
                 for form in ("detached", "opaque")]
        self.encrypt(tool)
        return forms[0]

    def sign(self, tool, form, entity):
        signed = self.path(form)
        status, note = tool.ask(signed, "sign", form, self.folder + "/key",
                                self.folder + "/cert", self.path("mail"))
        if status != 0:
            self.fault("sign %s: %d %s" % (form, status, note))
            return "bad"
        is_detached = form == "detached" and not note
        if is_detached != (b"multipart/signed; protocol" in read(signed)):
            self.fault("sign %s: the form is not what was said" % form)
        if is_detached and UNSAFE.search(entity):
            self.fault("detached, and not fit for transport: %r" %
                       UNSAFE.search(entity).group(0)[:20])
        self.judge_openssl(form, entity)
        self.judge_own(tool, form, signed, entity)
        if is_detached:
            with open(self.path("lf"), "wb") as file:
                file.write(read(signed).replace(b"\r\n", b"\n"))
            self.judge_own(tool, "lf", self.path("lf"), entity)
        return "detached" if is_detached else "opaque"

    def judge_openssl(self, form, entity):
        content = self.path("openssl")
        try:
            run = subprocess.run(
                ["openssl", "cms", "-verify", "-in", self.path(form),
                 "-CAfile", self.folder + "/cert", "-out", content],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            self.fault("openssl %s: no end" % form)
            return
        if run.returncode != 0:
            self.fault("openssl %s: %s" % (form, run.stderr.decode()[-300:]))
        elif read(content) != entity:
            self.fault("openssl %s: the content is not our entity" % form)

    def judge_own(self, tool, form, signed, entity):
        content = self.path("content")
        status, text = tool.ask(
            content, "verify", self.folder + "/cert", signed)
        if status != 0:
            self.fault("verify %s: %d %s" % (form, status, text))
        elif not text.startswith("verified, 0 warnings"):
            self.fault("verify %s: %s" % (form, text))
        elif read(content) != entity:
            self.fault("verify %s: the content is not our entity" % form)

    def encrypt(self, tool):
        status, text = tool.ask(
            self.path("encrypted"), "encrypt", "aes256-gcm",
            self.folder + "/cert", self.path("mail"))
        if status == 0:
            status, text = tool.ask(
                self.path("content"), "decrypt", self.folder + "/key",
                self.folder + "/cert", self.path("encrypted"))
        if status == 0:
            status, text = tool.ask(self.path("entity"), "entity", "8bit",
                                    self.path("mail"))
        if status != 0:
            self.fault("encrypt: %d %s" % (status, text))
        elif not read(self.path("content")).endswith(
                read(self.path("entity"))):
            self.fault("what was decrypted is not the entity")

    def clean(self):
        for what in ("mail", "entity", "detached", "opaque", "lf", "openssl",
                     "content", "encrypted"):
            if os.path.exists(self.path(what)):
                os.remove(self.path(what))


def make_identity(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-keyout", folder + "/key", "-out", folder + "/cert", "-days", "9",
         "-subj", "/CN=Bob", "-addext",
         "subjectAltName=email:bob@example.org", "-addext",
         "keyUsage=digitalSignature,keyEncipherment"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Report:
    def __init__(self):
        self.count = 0
        self.forms = {}

    def ok(self, is_good, text, faults=()):
        self.count += 1
        print("%s %d - %s" % ("ok" if is_good else "not ok", self.count,
                              text))
        for fault in faults:
            print("# " + fault.replace("\n", " ")[:500])


def run_all(folder, count, report):
    tools = queue.Queue()
    for _ in range(2):
        tools.put(Tool())
    keep = os.environ.get("KEEP")

    def run_one(entry):
        case = Case(folder, *entry)
        tool = tools.get()
        try:
            form = case.run(tool)
        finally:
            tools.put(tool)
        if not (keep and case.faults):
            case.clean()
        return case.name, form, case.faults

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, form, faults in pool.map(run_one, mails.generate(count)):
            report.forms[form] = report.forms.get(form, 0) + 1
            if faults or not name.startswith("random"):
                report.ok(not faults, name, faults)
    while not tools.empty():
        tools.get().stop()


def prove(folder, report):
    """A content that is not the entity is noticed, by each judge."""
    tool = Tool()
    case = Case(folder, "planted", mails.HEAD + b"\ntext\n", False)
    case.run(tool)
    entity = read(case.path("entity"))
    tool.ask(case.path("detached"), "sign", "detached", folder + "/key",
             folder + "/cert", case.path("mail"))
    report.ok(not case.faults, "a plain mail has no fault", case.faults)
    case.judge_own(tool, "detached", case.path("detached"), entity + b"x")
    case.judge_openssl("detached", entity + b"x")
    with open(case.path("detached"), "r+b") as file:
        changed = file.read().replace(b"text\r\n", b"tent\r\n")
        file.seek(0)
        file.write(changed)
    case.judge_own(tool, "detached", case.path("detached"), entity)
    case.judge_openssl("detached", entity)
    report.ok(len(case.faults) == 4, "planted faults are found", case.faults)
    report.ok(all(UNSAFE.search(text) for text in (
        b"a\0", b"\x80", b"a\rb", b"a\nb", b"\r\nFrom x", b"x" * 1000)),
              "unsafe texts are found")
    tool.stop()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    folder = tempfile.mkdtemp(prefix="cardseal-mails.")
    report = Report()
    try:
        make_identity(folder)
        prove(folder, report)
        run_all(folder, count, report)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder)
        else:
            print("# kept: " + folder)
    print("# " + ", ".join("%s %d" % item
                           for item in sorted(report.forms.items())))
    for form in ("detached", "opaque", "refused"):
        report.ok(report.forms.get(form, 0) > 3, "some mails are " + form)
    print("1..%d" % report.count)


if __name__ == "__main__":
    main()
