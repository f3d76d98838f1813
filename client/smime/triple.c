/*
 * triple.c: mails signed, encrypted and signed again (RFC 2634 1.1): the
 * outer signature is over the encrypted entity, so that whoever passes the
 * mail on can tell from whom it is without opening it.
 *
 * Encrypting is not done twice in the same way, and the signature stands
 * behind what it covers: so the encrypted entity is kept in a spool.
 */
#include <string.h>

#include "asn1/base64.h"
#include "client/cms/spool.h"
#include "client/smime/mail.h"
#include "client/smime/protect.h"
#include "client/smime/writer.h"

/* The entity in a spool: a sink first, then a source. */
struct kept {
	struct sink sink;
	struct source source;
	struct spool spool;
};

static int
kept_write(struct sink *sink, struct bytes in, struct err *e)
{
	return spool_add(&((struct kept *)sink)->spool, in, e);
}

static int
kept_run(struct source *source, struct sink *sink, struct err *e)
{
	const struct kept *k =
	    (const struct kept *)((char *)source -
				  offsetof(struct kept, source));
	struct buf piece = {.max = SINK_PIECE_LEN};
	uint8_t *p = buf_reserve(&piece, SINK_PIECE_LEN);
	uint64_t at = 0;
	size_t n;
	int r = p != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);

	while (r == 0 && at < k->spool.len) {
		n = k->spool.len - at < SINK_PIECE_LEN
			? (size_t)(k->spool.len - at)
			: SINK_PIECE_LEN;
		r = spool_read_at(&k->spool, at, p, n, e);
		if (r == 0)
			r = sink_write(sink, bytes_of(p, n), e);
		at += n;
	}
	buf_clear(&piece);
	return r;
}

static void
kept_init(struct kept *k)
{
	*k = (struct kept){
	    .sink = {.write = kept_write},
	    .source = {.run = kept_run, .is_stable = true},
	};
	spool_init(&k->spool);
}

static int
write_signed(struct smime_mail *mail, struct smime_signed *s, struct sink *out,
    struct err *e)
{
	int r = mail->headers == SMIME_HEADERS_HIDE
		    ? protect_write_outer(mail, out, e)
		    : mail_write_outer(buf_get(&mail->header), out, e);

	if (r == 0)
		r = mail_write_str(out, "MIME-Version: 1.0\r\n", e);
	return r == 0 ? source_run(smime_signed_get_entity(s), out, e) : r;
}

int
smime_encrypt_and_sign(struct smime_mail *mail, struct source *entity,
    const struct cms_encrypt_params *encrypt,
    const struct cms_sign_params *sign, struct sink *out, struct err *e)
{
	struct smime_signed *s = NULL;
	struct kept kept;
	int r;

	kept_init(&kept);
	r = writer_write_encrypted_entity(entity, encrypt, &kept.sink, e);
	if (r == 0)
		r = writer_sign_entity(&kept.source, sign, &s, e);
	if (r == 0)
		r = write_signed(mail, s, out, e);
	smime_signed_free(s);
	spool_clear(&kept.spool);
	return r;
}
