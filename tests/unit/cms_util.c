#include "config.h"

#include "tests/unit/cms_util.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY ((int64_t)24 * 60 * 60)

struct world world;

static struct soft_key *
make_person(
    enum soft_kind kind, const char *name, const char *email, unsigned serial)
{
	return soft_key_new(&(struct soft_spec){.kind = kind,
	    .name = name,
	    .email = email,
	    .issuer = world.ca,
	    .serial = serial});
}

void
world_init(void)
{
	int64_t now = (int64_t)time(NULL);
	size_t i;

	if (alg_init(NULL) != 0)
		abort();
	world.ca = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256, .name = "Test CA", .is_ca = true});
	world.people[ALICE] =
	    make_person(SOFT_RSA, "Alice", "alice@example.org", 10);
	world.people[BOB] =
	    make_person(SOFT_P256, "Bob", "bob@example.org", 11);
	world.people[CAROL] =
	    make_person(SOFT_P384, "Carol", "carol@example.org", 12);
	world.people[DAVE] =
	    make_person(SOFT_ED25519, "Dave", "dave@example.org", 13);
	world.people[ERIN] = soft_key_new(&(struct soft_spec){.kind = SOFT_RSA,
	    .name = "Erin",
	    .issuer = world.ca,
	    .serial = 0x8001,
	    .has_no_key_id = true});
	world.people[FRANK] = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256,
	    .name = "Frank",
	    .issuer = world.ca,
	    .serial = 15,
	    .not_before = now - 20 * DAY,
	    .not_after = now - 10 * DAY,
	});
	world.people[GRACE] =
	    make_person(SOFT_ED448, "Grace", "grace@example.org", 17);
	world.people[MALLORY] = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256, .name = "Mallory", .serial = 16});
	world.anchors = cert_set_new();
	world.own = cert_set_new();
	if (cert_set_add(world.anchors, soft_key_get_cert(world.ca)) != 0)
		abort();
	for (i = 0; i < PEOPLE_LEN; i++) {
		if (cert_set_add(world.own, world_cert((enum person)i)) != 0)
			abort();
		world.ring.keys[world.ring.len++] = world.people[i];
	}
	world.ops = soft_ring_ops(&world.ring);
	world.trust.path.anchors = world.anchors;
	world.trust.path.purpose = PATH_SIGN;
	world.params.trust = &world.trust;
	world.decrypt.ops = &world.ops;
	world.decrypt.own = world.own;
}

void
world_reset(void)
{
	world.ring.signs = world.ring.opens = 0;
	world.ring.fail_with = 0;
	world.ring.is_broken = false;
}

void
world_free(void)
{
	size_t i;

	for (i = 0; i < PEOPLE_LEN; i++)
		soft_key_free(world.people[i]);
	soft_key_free(world.ca);
	cert_set_free(world.anchors);
	cert_set_free(world.own);
}

struct cert *
world_cert(enum person who)
{
	return soft_key_get_cert(world.people[who]);
}

struct cms_signer
world_signer(enum person who, bool wants_pss)
{
	struct cms_signer s = {.cert = world_cert(who)};
	const struct spki *key = cert_get_spki(s.cert);

	ck_assert_int_eq(sig_scheme_choose(key, sig_default_digest(key),
			     wants_pss, &s.scheme),
	    0);
	return s;
}

struct cms_sign_params
world_sign_params(const struct cms_signer *signers, size_t n)
{
	return (struct cms_sign_params){
	    .signers = signers,
	    .signers_len = n,
	    .content_type = OID_DATA,
	    .signing_time = (int64_t)time(NULL),
	    .ops = &world.ops,
	};
}

static int
bytes_source_run(struct source *source, struct sink *sink, struct err *e)
{
	struct bytes_source *s = (struct bytes_source *)source;
	struct bytes from = s->bytes;
	size_t at, len;
	int r = 0;

	if (s->runs++ > 0 && s->later.p != NULL)
		from = s->later;
	for (at = 0; r == 0 && at < from.len; at += len) {
		len =
		    from.len - at < s->piece_len ? from.len - at : s->piece_len;
		r = sink_write(sink, bytes_of(from.p + at, len), e);
	}
	return r;
}

void
bytes_source_init(struct bytes_source *s, struct bytes bytes, size_t piece_len)
{
	*s = (struct bytes_source){
	    .source = {.run = bytes_source_run},
	    .bytes = bytes,
	    .piece_len = piece_len,
	};
}

void
world_sign(const struct cms_signer *signers, size_t n, enum form form,
    struct bytes content, struct buf *out)
{
	struct cms_sign_params params = world_sign_params(signers, n);
	struct sink *sink = sink_new_buf(out);
	struct bytes_source source;
	struct err e = ERR_INIT;
	struct cms_sign *sign;
	int r;

	bytes_source_init(&source, content, SINK_PIECE_LEN);
	if (form == FORM_DER) {
		r = cms_sign_opaque_der(&params, &source.source, sink, &e);
	} else if (form == FORM_BER) {
		r = cms_sign_opaque_ber(&params, &source.source, sink, &e);
	} else {
		r = cms_sign_new(&params, &sign, &e);
		if (r == 0)
			r = cms_sign_write(sign, content, &e);
		if (r == 0)
			r = cms_sign_finish(sign, sink, &e);
		cms_sign_free(sign);
	}
	ck_assert_msg(r == 0, "signing: %s", err_get_text(&e));
	sink_free(sink);
}

void
world_sign_as(enum person who, struct bytes content, struct buf *out)
{
	struct cms_signer signer = world_signer(who, false);

	world_sign(&signer, 1, FORM_DER, content, out);
}

void
world_encrypt(enum alg cipher, struct cert *const *to, size_t n, enum form form,
    struct bytes content, struct buf *out)
{
	struct cms_encrypt_params params = {
	    .recipients = to,
	    .recipients_len = n,
	    .cipher = cipher,
	    .content_type = OID_DATA,
	};
	struct sink *sink = sink_new_buf(out);
	struct bytes_source source;
	struct err e = ERR_INIT;
	int r;

	bytes_source_init(&source, content, SINK_PIECE_LEN);
	if (form == FORM_BER)
		r = cms_encrypt_ber(&params, &source.source, sink, &e);
	else
		r = cms_encrypt_der(
		    &params, &source.source, content.len, sink, &e);
	ck_assert_msg(r == 0, "encrypting: %s", err_get_text(&e));
	sink_free(sink);
}

static int
take(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

int
world_read(const struct cms_reader_params *params, struct bytes cms,
    struct verdict **v, struct buf *content, struct err *e)
{
	struct output *out = NULL;
	struct bytes_source source;
	int r;

	bytes_source_init(&source, cms, SINK_PIECE_LEN);
	*v = verdict_new();
	if (content != NULL)
		out = output_new_fn(take, content);
	r = cms_read(params, &source.source, RELEASE_GOOD, out, *v, e);
	if (r == 0 && out != NULL)
		r = output_commit(out, e);
	output_free(out);
	return r;
}

int
world_read_detached(
    struct bytes cms, struct bytes content, struct verdict **v, struct err *e)
{
	struct cms_reader_params params = world.params;
	enum alg algs[CMS_DIGESTS_MAX];
	struct bytes_source source;
	int n = cms_peek_digests(cms, algs, e), r;

	*v = verdict_new();
	if (n < 0)
		return n;
	params.detached = digest_new_all(algs, (size_t)n);
	params.detached_len = content.len;
	params.detached_head = bytes_of(
	    content.p, content.len < CMS_HEAD_LEN ? content.len : CMS_HEAD_LEN);
	ck_assert_ptr_nonnull(params.detached);
	digest_write(params.detached, content);
	bytes_source_init(&source, cms, SINK_PIECE_LEN);
	r = cms_read(&params, &source.source, RELEASE_NEVER, NULL, *v, e);
	digest_free(params.detached);
	return r;
}

void
bytes_replace(struct buf *b, struct bytes from, struct bytes to)
{
	uint8_t *at;

	ck_assert_uint_eq(from.len, to.len);
	at = memmem(b->data, b->len, from.p, from.len);
	ck_assert_ptr_nonnull(at);
	memcpy(at, to.p, to.len);
}
