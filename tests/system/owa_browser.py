"""A browser with Microsoft's S/MIME extension in it, as far as the host of
cardseal-owa(8) can tell.

    owa_browser.py replay HOST SCRIPT
        sends the lines "> JSON" of the script, and compares what comes back
        with its lines "< JSON"
    owa_browser.py ask HOST PART TYPE NAME=VALUE...
        has one request done, uploaded in parts of that many characters, and
        prints its result; a VALUE @FILE is what the file has
    owa_browser.py raw HOST HEX...
        sends these octets, and prints what comes back, a line for a frame
"""
import json
import os
import struct
import subprocess
import sys

ORIGIN = os.environ.get(
    "OWA_ORIGIN", "chrome-extension://maafgiompdekodanheihhgilkjchcakm/")
NAMESPACE = ":#Microsoft.Exchange.Clients.BrowserExtension.Smime"
HOST_FRAME_MAX = 1 << 20  # what Chrome takes from a host


class Host:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, ORIGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, message):
        data = json.dumps(message, ensure_ascii=False).encode()
        self.send_raw(struct.pack("=I", len(data)) + data)

    def send_raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self):
        """None: it ended."""
        head = self.process.stdout.read(4)
        if len(head) < 4:
            return None
        length = struct.unpack("=I", head)[0]
        assert length <= HOST_FRAME_MAX, length
        return json.loads(self.process.stdout.read(length).decode())

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def units(text):
    """As JavaScript counts."""
    return len(text.encode("utf-16-le")) // 2


def call(host, kind, number, data):
    host.send({"messageType": kind, "portId": 7, "requestId": number,
               "data": data})
    answer = host.receive()
    assert answer is not None, "the host ended"
    assert (answer["messageType"], answer["portId"], answer["requestId"]) == \
        (kind, 7, number), answer
    return answer["data"]


def upload(host, number, text, size):
    start = 0
    for at in range(0, len(text), size):
        part = text[at:at + size]
        is_last = at + size >= len(text)
        answer = call(host, "UploadPartialRequest", number, {
            "__type": "PostPartialSmimeRequest" + NAMESPACE,
            "PartialData": part, "StartOffset": start, "IsLastPart": is_last,
            "PartIndex": at // size, "TotalSize": units(text)})
        assert answer["__type"] == \
            "AcknowledgePartialSmimeRequestArrived" + NAMESPACE, answer
        want = (-1, -1, -1, 1) if is_last else \
            (at // size, start, start + units(part), 0)
        assert (answer["PartIndex"], answer["StartOffset"],
                answer["NextStartOffset"], answer["Status"]) == want, answer
        start += units(part)


def download(host, number):
    text = ""
    parts = 0
    while True:
        answer = call(host, "DownloadPartialResult", number,
                      {"__type": "FetchPartialSmimeResult" + NAMESPACE})
        assert answer["__type"] == "ReturnPartialSmimeResult" + NAMESPACE, answer
        assert answer["PartIndex"] == parts, answer["PartIndex"]
        assert answer["StartOffset"] == len(text)
        text += answer["PartialData"]
        assert answer["EndOffset"] == len(text)
        parts += 1
        if answer["IsLastPart"]:
            assert answer["TotalSize"] == len(text)
            return text


def ask(program, size, kind, *params):
    host = Host(program)
    request = {"__type": kind + NAMESPACE}
    for param in params:
        name, _, value = param.partition("=")
        if value.startswith("@"):
            with open(value[1:], encoding="utf-8") as f:
                value = f.read()
        request[name] = value
    upload(host, 1, json.dumps(request, ensure_ascii=False), int(size))
    print(json.dumps(json.loads(download(host, 1))))
    return host.close()


def replay(program, script):
    host = Host(program)
    with open(script, encoding="utf-8") as f:
        lines = [line for line in f if line[:2] in ("> ", "< ")]
    status = 0
    for line in lines:
        value = json.loads(line[2:])
        if line[0] == ">":
            host.send(value)
            continue
        answer = host.receive()
        if answer != value:
            print("got: %s\nwant: %s" % (json.dumps(answer), line[2:].strip()))
            status = 1
            break
    return host.close() or status


def raw(program, *parts):
    host = Host(program)
    host.send_raw(bytes.fromhex("".join(parts)))
    host.process.stdin.close()
    while True:
        answer = host.receive()
        if answer is None:
            return host.process.wait()
        print(json.dumps(answer))


if __name__ == "__main__":
    sys.exit({"ask": ask, "replay": replay, "raw": raw}[sys.argv[1]](
        *sys.argv[2:]))
