"""Mails for legacy.sh, and what becomes of them as Python's email package
reads it.

    legacy_mails.py make FOLDER         makes NAME.eml, some dozens
    legacy_mails.py check MAIL OPENED   is OPENED the MAIL with elements?
    legacy_mails.py strip MAIL          without header protection and elements
    legacy_mails.py compare A B         two payloads of RFC 9788 alike?
"""
import email
import email.policy
import html.parser
import os
import sys
from email.message import EmailMessage

SUBJECTS = {
    "ascii": "Thursday's meeting <at noon> & later",
    "german": "Grüße aus Köln",
    "long": "Preiserhöhung " * 12 + "?",
    "japanese": "会議について",
}
HTML = ("<!DOCTYPE html>\n<html><head><title>a <body> b</title></head>\n"
        "<body class=\"x\"><p>%s</p></body></html>\n")
POLICY = email.policy.default.clone(linesep="\r\n", max_line_length=76)


def text(subtype, ctes):
    for cte in ctes:
        for charset in ("us-ascii", "utf-8", "iso-8859-1"):
            words = "hello\n\nworld\n" if charset == "us-ascii" \
                else "schöne\n\nGrüße\n"
            if cte == "7bit" and charset != "us-ascii":
                continue
            m = EmailMessage(policy=POLICY)
            m.set_content(HTML % words if subtype == "html" else words,
                          subtype=subtype, charset=charset, cte=cte)
            yield "%s-%s-%s" % (subtype, charset, cte), m


def mixed(cte):
    m = EmailMessage(policy=POLICY)
    m.set_content("schön\n", charset="utf-8", cte=cte)
    m.add_alternative(HTML % "schön", subtype="html", charset="utf-8", cte=cte)
    m.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<a@b>")
    m.add_attachment("a file\n\nof text\n", filename="a.txt")
    m.add_attachment(HTML % "a page", subtype="html", filename="a.html")
    return m


def make(folder):
    mails = list(text("plain", ("7bit", "8bit", "quoted-printable", "base64")))
    mails += text("html", ("7bit", "8bit", "quoted-printable", "base64"))
    mails += [("mixed-" + cte, mixed(cte))
              for cte in ("8bit", "quoted-printable", "base64")]
    kinds = list(SUBJECTS)
    for i, (name, m) in enumerate(mails):
        for kind in kinds[i % 4], kinds[(i + 1) % 4]:
            for field in ("From", "To", "Subject", "Keywords"):
                del m[field]
            m["From"] = "Alice <alice@example.org>"
            m["To"] = "to@example.org"
            m["Subject"] = SUBJECTS[kind]
            if kind == "ascii":
                m["Keywords"] = "urgent, contract"
            with open("%s/%s-%s.eml" % (folder, name, kind), "wb") as f:
                f.write(m.as_bytes())


def read(path):
    with open(path, "rb") as f:
        return email.message_from_binary_file(f, policy=POLICY)


class Element(html.parser.HTMLParser):
    """What of HTML a reader leaves out (RFC 9788 4.5.3.3), and the rest."""

    def __init__(self, page):
        super().__init__()
        self.shown, self.hidden, self.depth, self.where = "", "", 0, []
        self.tags = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "div" and (self.depth > 0 or dict(attrs).get("class") ==
                             "header-protection-legacy-display"):
            self.depth += 1
            self.where = self.where or self.tags[-1:]
        elif self.depth == 0:
            self.shown += self.get_starttag_text()
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if self.depth == 0:
            self.shown += "</%s>" % tag
        elif tag == "div":
            self.depth -= 1

    def handle_data(self, data):
        if self.depth > 0:
            self.hidden += data
        else:
            self.shown += data


def is_main(m):
    """The parts that a person reads first, walked as RFC 9788 5.2.4 says."""
    if m.get_content_disposition() == "attachment":
        return []
    if m.get_content_type() == "multipart/alternative":
        return [p for c in m.iter_parts() for p in is_main(c)]
    if m.is_multipart():
        return is_main(m.get_payload()[0])
    return [m] if m.get_content_maintype() == "text" else []


def leaves(m):
    return [p for p in m.walk() if not p.is_multipart()]


def words(value):
    return " ".join(str(value).split())


def is_same_text(was, now):
    return "".join(was.split()) == "".join(now.split())


def take_out(part):
    """(lines of the element, text without it)"""
    content = part.get_content().replace("\r\n", "\n")
    if part.get_content_subtype() == "html":
        e = Element(content)
        assert e.where in (["body"], []), e.where
        return e.hidden.strip("\n"), e.shown
    element, shown = content.split("\n\n", 1)
    return element, shown


def check(was, now):
    assert now.get_param("hp") == "cipher"
    assert words(now["Subject"]) == words(was["Subject"])
    want = ["%s:%s" % (f, words(was[f])) for f in was.keys()
            if f in ("Subject", "Keywords")]
    main = [leaves(was).index(p) for p in is_main(was)]
    assert main
    assert len(leaves(was)) == len(leaves(now))
    for i, (a, b) in enumerate(zip(leaves(was), leaves(now))):
        assert not b.defects, b.defects
        assert b.get_content_type() == a.get_content_type()
        if i not in main:
            assert b.get_param("hp-legacy-display") is None
            assert b.get_content() == a.get_content(), i
            continue
        assert b.get_param("hp-legacy-display") == "1", i
        element, shown = take_out(b)
        lines = [line.split(":", 1) for line in element.split("\n")]
        got = ["%s:%s" % (n, words(email.header.make_header(
            email.header.decode_header(v.strip())))) for n, v in lines]
        assert got == want, (got, want)
        if "=?" in element:  # only where the character set lacks it
            try:
                words(was["Subject"]).encode(b.get_content_charset())
                assert b.get_content_charset() == "us-ascii", element
            except UnicodeEncodeError:
                pass
        if a.get_content_subtype() == "html":
            assert is_same_text(Element(a.get_content()).shown, shown)
        else:
            assert shown == a.get_content().replace("\r\n", "\n")


def strip(m):
    """A mail as it was before Alice's program protected it."""
    for part in leaves(m):
        assert part.get_param("hp-legacy-display") == "1"
        part.set_content(take_out(part)[1], charset="utf-8", cte="7bit")
    del m["HP-Outer"]
    sys.stdout.buffer.write(m.as_bytes())


def describe(m):
    return [(p.get_content_type(), p.get_content_charset(),
             p.get_param("hp"), p.get_param("hp-legacy-display"),
             None if p.is_multipart() else p.get_content().split())
            for p in m.walk()] + sorted(
                (k.lower(), words(v)) for k, v in m.items()
                if not k.lower().startswith(("content-", "mime-", "hp-"))) + \
        sorted(words(v).lower() for v in m.get_all("HP-Outer"))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        os.makedirs(sys.argv[2])
        make(sys.argv[2])
    elif sys.argv[1] == "check":
        check(read(sys.argv[2]), read(sys.argv[3]))
    elif sys.argv[1] == "strip":
        strip(read(sys.argv[2]))
    else:
        a, b = describe(read(sys.argv[2])), describe(read(sys.argv[3]))
        assert a == b, (a, b)
