/*
 * message_util.h: whole mails built up in layers, and read, on top of
 * mail_util.h. One mail at a time.
 */
#ifndef TESTS_UNIT_MESSAGE_UTIL_H
#define TESTS_UNIT_MESSAGE_UTIL_H

#include "client/smime/message.h"
#include "tests/unit/mail_util.h"

#define FROM "From: Bob <bob@example.org>\r\nSubject: hi\r\n"
#define BODY "Content-Type: text/plain; charset=us-ascii\r\n\r\nhello\r\n"
#define MAIL FROM "\r\nhello\r\n"
#define HTML                          \
	"Content-Type: text/html\r\n" \
	"\r\n<img src=\"http://evil.example/\r\n"
#define MIXED "Content-Type: multipart/mixed; boundary=outer\r\n"

extern struct buf mail;	   /* what is read */
extern struct buf content; /* what came out */
extern struct err e;
extern struct verdict *v;
extern struct smime_message_params params; /* to read with */
extern unsigned opened;			   /* RecipientInfos so far */

/* A libcheck fixture. */
void message_setup(void);
void message_teardown(void);

void start(const char *text);
/* The mail at hand gets one more layer around it. */
void wrap_sign(enum person who, enum smime_form form);
void wrap_encrypt(enum person to, enum alg cipher);
/* As the sender makes it, with header protection: signed by Bob, encrypted to
 * Alice, or both; with Legacy Display elements where wants_legacy. */
extern bool wants_legacy;
void make_protected(const char *text, enum smime_headers headers,
    bool is_signed, bool is_encrypted);
/* Compressed first; see mail_compress. */
void wrap_compress(enum person who, enum alg cipher);
/* A multipart of three: before (may be NULL), what the mail is, behind. */
void wrap_mixed(const char *before, const char *behind);
/* Into a mail with that Content-Type, whose boundary is "outer". */
void wrap_forward(const char *top);
/* Changes one of the last octets of the last layer, which is in base64. */
void spoil_tag(void);
/* The MIME entity of the mail, without the header around it. */
void get_entity(struct buf *b);

/* Reads from memory to a function, or from a file to a file. */
int read_as(bool is_file);
/* Both ways, with the same result. */
void expect(enum verdict_summary summary, struct bytes want);
void expect_code(enum verdict_summary summary, int code, struct bytes want);
bool has_warning(const char *text);

#endif
