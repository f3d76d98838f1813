/* receipt.c: the mail that a signed receipt goes in (RFC 2634 2.4). */
#include <time.h>

#include "asn1/say.h"
#include "client/smime/mail.h"
#include "client/smime/writer.h"

/* RFC 5322 3.3, in UTC, whatever the locale. */
static void
put_date(struct buf *b, int64_t t)
{
	static const char days[][4] = {
	    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t when = (time_t)t;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL)
		return;
	buf_printf(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
put_header(struct buf *b, const struct smime_receipt *receipt)
{
	size_t i;

	if (receipt->from != NULL)
		buf_printf(b, "From: %s\r\n", receipt->from);
	for (i = 0; i < receipt->to_len; i++)
		buf_printf(b, "%s%s%s", i == 0 ? "To: " : " ", receipt->to[i],
		    i + 1 < receipt->to_len ? ",\r\n" : "\r\n");
	buf_add_str(b, "Subject: Signed receipt\r\n");
	put_date(b, receipt->sign->signing_time);
}

static int
make_receipt(void *ctx, struct sink *out, struct err *e)
{
	const struct smime_receipt *receipt = ctx;
	struct input_source source;
	struct input *in = input_new_bytes(receipt->value, say("the receipt"));
	int r;

	if (in == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	input_source_init(&source, in, 0, INPUT_TO_END);
	r = cms_sign_opaque_der(receipt->sign, &source.source, out, e);
	input_free(in);
	return r;
}

/* The receipt by itself, to be encrypted. */
static int
make_entity(
    const struct smime_receipt *receipt, struct buf *entity, struct err *e)
{
	struct sink *to = sink_new_buf(entity);
	int r = to != NULL
		    ? writer_write_pkcs7_entity("signed-receipt", make_receipt,
			  (void *)(uintptr_t)receipt, to, e)
		    : err_set(e, -CS_ERR_NO_MEMORY, NULL);

	sink_free(to);
	return r;
}

static int
write_encrypted(struct smime_mail *mail, const struct smime_receipt *receipt,
    struct sink *out, struct err *e)
{
	struct buf entity = {0};
	struct input_source source;
	struct input *in = NULL;
	int r = make_entity(receipt, &entity, e);

	if (r == 0) {
		in = input_new_bytes(buf_get(&entity), say("the receipt"));
		r = in != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	if (r == 0) {
		input_source_init(&source, in, 0, INPUT_TO_END);
		r = smime_encrypt_and_sign(mail, &source.source,
		    receipt->encrypt, receipt->outer, out, e);
	}
	input_free(in);
	buf_clear(&entity);
	return r;
}

int
smime_write_receipt(
    const struct smime_receipt *receipt, struct sink *out, struct err *e)
{
	struct smime_mail mail = {0};
	int r;

	put_header(&mail.header, receipt);
	if (mail.header.err != 0)
		r = err_set(e, mail.header.err, NULL);
	else if (receipt->encrypt != NULL)
		r = write_encrypted(&mail, receipt, out, e);
	else
		r = writer_write_pkcs7(&mail, "signed-receipt", make_receipt,
		    (void *)(uintptr_t)receipt, out, e);
	buf_clear(&mail.header);
	return r;
}
