/* The guard: 16 octets per MiB remember what was judged. */
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/random.h"
#include "client/cms/release.h"

/* 2^25 MiB of content. */
#define GUARD_MACS_MAX ((size_t)512 << 20)
#define GUARD_STEP_LEN ((size_t)16 << 10)
#define GUARD_NONCE_LEN 12

/*
 * The MAC of a piece is the tag of AES-128-GCM under a key that is never used
 * again, with the number of the piece as its nonce. What it encrypts is
 * thrown away, so that who can write the file learns nothing of the key, even
 * though both runs use the same nonces.
 */
struct guard {
	struct sink learner;
	struct sink checker;
	struct sink *out;
	struct secret *key;
	struct cipher *cipher; /* of the piece being read, or NULL */
	struct buf macs;
	uint64_t piece;	  /* its number */
	size_t piece_len; /* octets of it so far */
	uint64_t len;	  /* of the first run */
	uint64_t seen;	  /* by the second */
	bool is_sealed;
	uint8_t *held; /* second run: RELEASE_PIECE_LEN */
	uint8_t scratch[GUARD_STEP_LEN + CIPHER_BLOCK_MAX];
};

static int guard_learn(struct sink *sink, struct bytes in, struct err *e);
static int guard_seal(struct sink *sink, struct err *e);
static int guard_check(struct sink *sink, struct bytes in, struct err *e);
static int guard_check_end(struct sink *sink, struct err *e);

struct guard *
guard_new(void)
{
	struct guard *g = malloc(sizeof(*g));

	if (g == NULL)
		return NULL;
	memset(g, 0, offsetof(struct guard, scratch));
	g->learner = (struct sink){.write = guard_learn, .finish = guard_seal};
	g->checker =
	    (struct sink){.write = guard_check, .finish = guard_check_end};
	buf_init(&g->macs, GUARD_MACS_MAX);
	g->key = random_secret(cipher_key_len(ALG_AES128_GCM));
	if (g->key == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	secret_free(g->key);
	cipher_free(g->cipher);
	buf_clear(&g->macs);
	if (g->held != NULL)
		mem_wipe(g->held, RELEASE_PIECE_LEN);
	free(g->held);
	mem_wipe(g->scratch, sizeof(g->scratch));
	free(g);
}

struct sink *
guard_get_learner(struct guard *g)
{
	return &g->learner;
}

struct sink *
guard_get_checker(struct guard *g, struct sink *out)
{
	g->out = out;
	cipher_free(g->cipher);
	g->cipher = NULL;
	g->piece = g->seen = 0;
	g->piece_len = 0;
	return &g->checker;
}

/* --- MACs --- */

static int
guard_start_piece(struct guard *g)
{
	struct cipher_params params = {
	    .alg = ALG_AES128_GCM,
	    .iv_len = GUARD_NONCE_LEN,
	    .tag_len = CIPHER_TAG_MAX,
	};
	size_t i;

	for (i = 0; i < sizeof(g->piece); i++)
		params.iv[i] = (uint8_t)(g->piece >> (8 * i));
	g->cipher = cipher_new_encrypt(&params, g->key, BYTES_NONE);
	return g->cipher != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* Takes octets of one piece into its MAC. */
static int
guard_mac(struct guard *g, struct bytes in)
{
	size_t at, len, out_len;
	int r = g->cipher == NULL ? guard_start_piece(g) : 0;

	for (at = 0; r == 0 && at < in.len; at += len) {
		len =
		    in.len - at < GUARD_STEP_LEN ? in.len - at : GUARD_STEP_LEN;
		r = cipher_write(
		    g->cipher, bytes_of(in.p + at, len), g->scratch, &out_len);
	}
	return r;
}

static int
guard_end_piece(struct guard *g, uint8_t mac[CIPHER_TAG_MAX])
{
	struct bytes tag;
	size_t len;
	int r = cipher_finish_encrypt(g->cipher, g->scratch, &len);

	tag = cipher_get_tag(g->cipher);
	if (r == 0 && tag.len != CIPHER_TAG_MAX)
		r = -CS_ERR_INTERNAL;
	if (r == 0)
		memcpy(mac, tag.p, CIPHER_TAG_MAX);
	cipher_free(g->cipher);
	g->cipher = NULL;
	g->piece++;
	g->piece_len = 0;
	return r;
}

/* --- the first run --- */

static int
guard_learn_piece(struct guard *g)
{
	uint8_t mac[CIPHER_TAG_MAX];
	int r = guard_end_piece(g, mac);

	return r != 0 ? r : buf_add(&g->macs, mac, sizeof(mac));
}

static int
guard_learn(struct sink *sink, struct bytes in, struct err *e)
{
	struct guard *g = (struct guard *)sink;
	size_t len;
	int r = g->is_sealed ? -CS_ERR_INTERNAL : 0;

	while (r == 0 && in.len != 0) {
		len = RELEASE_PIECE_LEN - g->piece_len;
		len = in.len < len ? in.len : len;
		r = guard_mac(g, bytes_of(in.p, len));
		g->piece_len += len;
		g->len += len;
		in = bytes_of(in.p + len, in.len - len);
		if (r == 0 && g->piece_len == RELEASE_PIECE_LEN)
			r = guard_learn_piece(g);
	}
	return r != 0 ? err_set(e, r, NULL) : 0;
}

static int
guard_seal(struct sink *sink, struct err *e)
{
	struct guard *g = (struct guard *)sink;
	int r = g->is_sealed ? -CS_ERR_INTERNAL : 0;

	if (r == 0 && g->piece_len != 0)
		r = guard_learn_piece(g);
	g->piece = 0;
	g->is_sealed = true;
	return r != 0 ? err_set(e, r, NULL) : 0;
}

/* --- the second run --- */

static int
guard_fail_changed(struct err *e)
{
	return err_set(e, -CS_ERR_CHANGED,
	    "the message was changed while it was read: what follows is not "
	    "what was judged, and is held back");
}

/* The held piece is whole: is it the one that was judged? */
static int
guard_release_piece(struct guard *g, struct err *e)
{
	size_t len = g->piece_len, at = (size_t)g->piece * CIPHER_TAG_MAX;
	uint8_t mac[CIPHER_TAG_MAX];
	int r = guard_mac(g, bytes_of(g->held, len));

	if (r == 0)
		r = guard_end_piece(g, mac);
	if (r != 0)
		return err_set(e, r, NULL);
	if (at + sizeof(mac) > g->macs.len ||
	    !mem_is_equal_ct(mac, g->macs.data + at, sizeof(mac)))
		return guard_fail_changed(e);
	return sink_write(g->out, bytes_of(g->held, len), e);
}

static int
guard_check(struct sink *sink, struct bytes in, struct err *e)
{
	struct guard *g =
	    (struct guard *)((char *)sink - offsetof(struct guard, checker));
	size_t len;
	int r = 0;

	if (!g->is_sealed)
		return err_set(e, -CS_ERR_INTERNAL, NULL);
	if (in.len > g->len - g->seen)
		return guard_fail_changed(e);
	g->seen += in.len;
	if (g->held == NULL)
		g->held = malloc(RELEASE_PIECE_LEN);
	if (g->held == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (r == 0 && in.len != 0) {
		len = RELEASE_PIECE_LEN - g->piece_len;
		len = in.len < len ? in.len : len;
		memcpy(g->held + g->piece_len, in.p, len);
		g->piece_len += len;
		in = bytes_of(in.p + len, in.len - len);
		if (g->piece_len == RELEASE_PIECE_LEN)
			r = guard_release_piece(g, e);
	}
	return r;
}

static int
guard_check_end(struct sink *sink, struct err *e)
{
	struct guard *g =
	    (struct guard *)((char *)sink - offsetof(struct guard, checker));

	if (!g->is_sealed)
		return err_set(e, -CS_ERR_INTERNAL, NULL);
	if (g->seen != g->len)
		return guard_fail_changed(e);
	return g->piece_len != 0 ? guard_release_piece(g, e) : 0;
}
