"""A web server on a loopback port of its own, for tests of what is fetched.

    web.py PORTFILE [FOLDER]

Writes its port into PORTFILE and serves until it is ended:

    /hello          "hello\\n"
    /echo           what was posted, with its type
    /size/N         N octets, announced;  /endless  without end
    /redirect/N     N redirects, then /hello
    /to?URL         a redirect to URL
    /status/N       that status, with a page
    /slow           nothing for a minute
    /tsa            a time stamp by FOLDER/tsa (see tests/system/tsa.sh)
    /file/NAME      FOLDER/NAME, application/octet-stream
    /ocsp           an OCSP answer by FOLDER (see tests/system/pki.sh)
    /log            the paths asked for, one a line

A line "PATH OTHER" in FOLDER/map makes PATH what OTHER is.
"""
import http.server
import os
import subprocess
import sys
import tempfile
import time

FOLDER = sys.argv[2] if len(sys.argv) > 2 else "."
LOG = []


def stamp(query):
    """openssl's answer to a TimeStampReq."""
    with tempfile.TemporaryDirectory() as folder:
        ask, answer = folder + "/ask", folder + "/answer"
        with open(ask, "wb") as out:
            out.write(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", "tsa.cnf",
             "-queryfile", ask, "-out", answer],
            cwd=FOLDER + "/tsa", check=True, stderr=subprocess.DEVNULL)
        with open(answer, "rb") as got:
            return got.read()


def mapped(path):
    """What a path stands for just now."""
    if os.path.exists(FOLDER + "/map"):
        with open(FOLDER + "/map") as lines:
            return dict(line.split() for line in lines).get(path, path)
    return path


def status(query):
    """openssl's answer to an OCSPRequest."""
    with tempfile.TemporaryDirectory() as folder:
        ask, answer = folder + "/ask", folder + "/answer"
        with open(ask, "wb") as out:
            out.write(query)
        subprocess.run(
            ["openssl", "ocsp", "-index", "index", "-CA", "int.pem",
             "-rsigner", "signing.pem", "-rkey", "signing.key", "-reqin", ask,
             "-respout", answer, "-ndays", "7"],
            cwd=FOLDER, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        with open(answer, "rb") as got:
            return got.read()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def give(self, body, kind="text/plain", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, url, status=302):
        self.send_response(status)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def endless(self):
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            pass

    def do_GET(self):
        LOG.append(self.path)
        self.path = mapped(self.path)
        self.get()

    def get(self):
        name, _, rest = self.path[1:].partition("/")
        if name == "hello":
            self.give(b"hello\n")
        elif name == "size":
            self.give(bytes(int(rest)))
        elif name == "endless":
            self.endless()
        elif name == "redirect":
            count = int(rest)
            self.redirect("/redirect/%d" % (count - 1) if count > 1
                          else "/hello")
        elif name.startswith("to?"):
            self.redirect(self.path[4:])
        elif name == "status":
            self.give(b"a page for people\n", status=int(rest))
        elif name == "slow":
            time.sleep(60)
        elif name == "log":
            self.give("\n".join(LOG).encode() + b"\n")
        elif name == "file" and os.path.exists(FOLDER + "/" + rest):
            with open(FOLDER + "/" + rest, "rb") as file:
                self.give(file.read(), "application/octet-stream")
        else:
            self.give(b"", status=404)

    def do_POST(self):
        LOG.append(self.path)
        self.path = mapped(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/echo":
            self.give(body, self.headers["Content-Type"] or "none")
        elif self.path == "/moved":
            self.redirect("/echo")
        elif self.path.startswith("/tsa"):
            if self.headers["Content-Type"] != "application/timestamp-query":
                self.give(b"", status=415)
            else:
                self.give(stamp(body), "application/timestamp-reply")
        elif self.path == "/ocsp":
            if self.headers["Content-Type"] != "application/ocsp-request":
                self.give(b"", status=415)
            else:
                self.give(status(body), "application/ocsp-response")
        else:
            self.get()


SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
SERVER.daemon_threads = True
with open(sys.argv[1] + ".new", "w") as port:
    port.write("%d\n" % SERVER.server_address[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
SERVER.serve_forever()
