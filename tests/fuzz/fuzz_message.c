/*
 * fuzz_message.c: a hostile mail, read as a whole with all layers. Beside
 * memory errors it finds broken promises:
 * - nothing is verified, since nobody is trusted here;
 * - what is bad lets nothing out;
 * - the same mail in a file, which is read under guard, has the same verdict
 *   as in memory, and lets the same out;
 * - text and JSON can be made of every verdict.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/smime/message.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "message";
bool fuzz_is_planted;

const char *const fuzz_words[] = {"\r\n", "\n", "\n\n", "\n--b\n", "\n--b--\n",
    "--sig\r\n", "--b1\r\n", "Content-Type: ", "multipart/mixed; boundary=b\n",
    "multipart/signed; boundary=b\n", "message/rfc822\n\n",
    "message/rfc822; forwarded=no\n\n", "application/pkcs7-mime\n\n",
    "application/ms-tnef\n", "text/html; hp=\"cipher\"\n", "hp=clear",
    "HP-Outer: Subject: x\n", "Subject: ", "From: a@b\n",
    "text/plain; hp-legacy-display=1\n\nSubject: t\n\n",
    "text/html; hp-legacy-display=1\n",
    "<div class=\"header-protection-legacy-display\">", "</div>", "&#x68;",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n", "MIIB",
    "MIAGCSqGSIb3DQEHA",
    "MIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwGggCSABA", NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static int
no_key(void *ctx, const uint8_t key_id[32], struct bytes recipient_info,
    unsigned index, struct bytes content_algorithm, struct secret **key,
    struct err *e)
{
	(void)ctx;
	(void)key_id;
	(void)recipient_info;
	(void)index;
	(void)content_algorithm;
	*key = NULL;
	return err_set(e, -CS_ERR_NO_KEY, NULL);
}

static int
to_buf(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

static int
read_message(struct input *in, struct buf *out, struct verdict *v)
{
	static const struct cms_key_ops ops = {.open = no_key};
	static const struct cms_trust trust = {.path.purpose = PATH_SIGN};
	struct smime_message_params params = {
	    .cms = {.trust = &trust, .ops = &ops}};
	struct output *to = output_new_fn(to_buf, out);
	struct err e = ERR_INIT;
	enum input_form form;
	int r = input_detect(in, &form, &e);

	require(to != NULL);
	if (form == INPUT_UNKNOWN || form == INPUT_EMPTY)
		form = INPUT_MESSAGE;
	if (r == 0)
		r = smime_read_message(in, form, &params, to, v, &e);
	if (r == 0)
		r = output_commit(to, &e);
	output_free(to);
	return r;
}

static int
temp_file(struct bytes in)
{
	char path[] = "/tmp/fuzz-message-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	require(fd >= 0);
	unlink(path);
	require(write(fd, in.p, in.len) == (ssize_t)in.len);
	require(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes mail = bytes_of(data, len);
	struct buf a = {0}, b = {0}, text = {0};
	struct verdict *v = verdict_new(), *again = verdict_new();
	struct input *in = input_new_bytes(mail, "mail");
	int r, fd = temp_file(mail);

	require(v != NULL && again != NULL && in != NULL);
	r = read_message(in, &a, v);
	input_free(in);
	/* Planted: what is bad is let out. */
	if (fuzz_is_planted && v->summary == VERDICT_BAD)
		buf_add_str(&a, "x");
	in = input_new_fd(fd, "mail");
	require(in != NULL);
	require(read_message(in, &b, again) == r);
	if (r == 0) {
		require(v->summary != VERDICT_VERIFIED);
		require(v->summary != VERDICT_DECRYPTED);
		require(v->summary != VERDICT_BAD || a.len == 0);
		require(v->summary == again->summary && v->code == again->code);
		require(bytes_is_equal(buf_get(&a), buf_get(&b)));
		require(verdict_to_json(v, &text) == 0);
		require(verdict_to_text(v, true, &text) == 0);
	}
	input_free(in);
	close(fd);
	verdict_free(v);
	verdict_free(again);
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&text);
	return 0;
}
