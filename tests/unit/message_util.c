/* message_util.c: whole mails built up in layers, and read. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/message_util.h"
#include "tests/unit/temp.h"

struct buf mail, content;
struct err e;
struct verdict *v;
struct smime_message_params params;
bool wants_legacy;
unsigned opened;

static int
count_open(void *ctx, const uint8_t key_id[32], struct bytes recipient_info,
    unsigned index, struct bytes content_algorithm, struct secret **key,
    struct err *err)
{
	(void)ctx;
	opened++;
	return world.decrypt.ops->open(world.decrypt.ops->ctx, key_id,
	    recipient_info, index, content_algorithm, key, err);
}

static struct cms_key_ops ops = {.open = count_open};

void
message_setup(void)
{
	temp_setup();
	err_clear(&e);
	buf_reset(&mail);
	v = NULL;
	opened = 0;
	wants_legacy = false;
	params = (struct smime_message_params){.cms = world.params};
	params.cms.ops = &ops;
	params.cms.own = world.own;
}

void
message_teardown(void)
{
	verdict_free(v);
	temp_teardown();
}

static int
to_buf(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

/* From memory to a function, or from a file to a file. */
int
read_as(bool is_file)
{
	const char *to = is_file ? temp_path("content") : NULL;
	struct input *in = NULL;
	struct output *out = NULL;
	enum input_form form;
	int r;

	verdict_free(v);
	v = verdict_new();
	buf_reset(&content);
	err_clear(&e);
	if (is_file) {
		temp_write("mail", buf_get(&mail));
		ck_assert_int_eq(input_open(temp_path("mail"), &in, &e), 0);
		ck_assert_int_eq(output_open(to, &out, &e), 0);
	} else {
		in = input_new_bytes(buf_get(&mail), "mail");
		out = output_new_fn(to_buf, &content);
	}
	ck_assert_int_eq(input_detect(in, &form, &e), 0);
	if (form == INPUT_UNKNOWN || form == INPUT_EMPTY)
		form = INPUT_MESSAGE;
	r = smime_read_message(in, form, &params, out, v, &e);
	if (r == 0 && v->summary != VERDICT_BAD)
		ck_assert_int_eq(output_commit(out, &e), 0);
	output_free(out);
	input_free(in);
	if (is_file) {
		temp_read(to, &content);
		unlink(to);
	}
	return r;
}

/* Both ways alike. */
void
expect(enum verdict_summary summary, struct bytes want)
{
	int i;

	for (i = 1; i >= 0; i--) {
		ck_assert_msg(read_as(i == 1) == 0, "%s", e.text);
		unit_assert_summary(v, summary);
		unit_assert_bytes(buf_get(&content), want);
	}
}

void
expect_code(enum verdict_summary summary, int code, struct bytes want)
{
	expect(summary, want);
	unit_assert_code(v->code, code);
}

bool
has_warning(const char *text)
{
	size_t i;

	for (i = 0; i < v->warnings_len; i++)
		if (strstr(v->warnings[i], text) != NULL)
			return true;
	return false;
}

/* --- building --- */

void
start(const char *text)
{
	buf_reset(&mail);
	buf_add_str(&mail, text);
}

/* The mail at hand gets one more layer around it. */
void
wrap_sign(enum person who, enum smime_form form)
{
	struct buf in = mail;

	mail = (struct buf){0};
	mail_sign(who, form, buf_get(&in), &mail);
	buf_clear(&in);
}

void
wrap_encrypt(enum person to, enum alg cipher)
{
	struct buf in = mail;

	mail = (struct buf){0};
	mail_encrypt(to, cipher, buf_get(&in), &mail);
	buf_clear(&in);
}

void
make_protected(const char *text, enum smime_headers headers, bool is_signed,
    bool is_encrypted)
{
	struct input *in = input_new_bytes(bytes_of_str(text), "mail");
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params sign = world_sign_params(&signer, 1);
	struct cert *to = world_cert(ALICE);
	struct cms_encrypt_params encrypt = {.recipients = &to,
	    .recipients_len = 1,
	    .cipher = ALG_AES256_GCM,
	    .content_type = OID_DATA};
	struct smime_signed *inside = NULL;
	struct smime_mail *m;
	struct sink *sink;

	buf_reset(&mail);
	sink = sink_new_buf(&mail);
	ck_assert_int_eq(smime_mail_open(in, &m, &e), 0);
	smime_mail_set_headers(m, headers);
	smime_mail_set_legacy(m, wants_legacy);
	ck_assert_int_eq(smime_mail_scan_rest(m, &e), 0);
	if (!is_encrypted) {
		ck_assert_int_eq(
		    smime_sign(m, SMIME_DETACHED, &sign, sink, &e), 0);
	} else if (!is_signed) {
		ck_assert_int_eq(smime_encrypt(m, &encrypt, sink, &e), 0);
	} else {
		ck_assert_int_eq(smime_signed_new(m, &sign, &inside, &e), 0);
		ck_assert_int_eq(
		    smime_encrypt_entity(
			m, smime_signed_get_entity(inside), &encrypt, sink, &e),
		    0);
	}
	smime_signed_free(inside);
	smime_mail_free(m);
	sink_free(sink);
	input_free(in);
}

void
wrap_compress(enum person who, enum alg cipher)
{
	struct buf in = mail;

	mail = (struct buf){0};
	mail_compress(who, cipher, buf_get(&in), &mail);
	buf_clear(&in);
}

/* The MIME entity of the mail, without the header around it. */
void
get_entity(struct buf *b)
{
	mail_entity(buf_get(&mail), b);
}

/* A multipart of three: text before, what the mail is, text behind. */
void
wrap_mixed(const char *before, const char *behind)
{
	struct buf entity = {0};

	get_entity(&entity);
	start(FROM "MIME-Version: 1.0\r\n"
		   "Content-Type: multipart/mixed; boundary=outer\r\n\r\n");
	if (before != NULL)
		buf_printf(&mail, "--outer\r\n%s\r\n", before);
	buf_add_str(&mail, "--outer\r\n");
	buf_add_bytes(&mail, buf_get(&entity));
	buf_printf(&mail, "\r\n--outer\r\n%s\r\n--outer--\r\n", behind);
	buf_clear(&entity);
}

void
wrap_forward(const char *top)
{
	struct buf in = mail;

	mail = (struct buf){0};
	buf_printf(&mail,
	    FROM "%s\r\n--outer\r\n\r\nlook at this\r\n"
		 "--outer\r\nContent-Type: message/rfc822\r\n\r\n",
	    top);
	buf_add_bytes(&mail, buf_get(&in));
	buf_add_str(&mail, "\r\n--outer--\r\n");
	buf_clear(&in);
}

void
spoil_tag(void)
{
	size_t at = mail.len;

	while (
	    at > 0 && (mail.data[at - 1] == '=' || mail.data[at - 1] == '\r' ||
			  mail.data[at - 1] == '\n'))
		at--;
	at -= 8;
	mail.data[at] = mail.data[at] == 'A' ? 'B' : 'A';
}
