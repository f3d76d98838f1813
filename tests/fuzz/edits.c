/*
 * edits: what add-signer, countersign and rewrap make of messages that were
 * changed at random. What they refuse leaves nothing; what they make of the
 * rest opens to the original's content, with a good signature by the new
 * signer, or for the new recipient.
 *
 * CS_MUTATIONS: how many of each kind (300 unless given). CS_SEED: where they
 * start. With a planted defect, which adds to whatever comes, it fails.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cms/edit.h"
#include "client/cms/rewrap.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/world_run.h"
#include "tests/unit/craft.h"

#define TEXT "Hello, whoever edits this\r\n"

enum edit { ADD_SIGNER, COUNTERSIGN, REWRAP, PLANTED, EDITS_LEN };

static const char *const names[EDITS_LEN] = {
    "add-signer", "countersign", "rewrap", "planted"};
/* Carol signs. */
static int
sign_more(struct source *cms, bool is_counter, struct sink *out, struct err *e)
{
	struct cms_signer carol = world_signer(CAROL, false);
	struct cms_sign_params sign = world_sign_params(&carol, 1);
	struct cms_edit_params params = {.sign = &sign};
	struct cms_edit *edit = NULL;
	int r = cms_edit_read(&params, cms, &edit, e);

	if (r == 0)
		r = is_counter ? cms_edit_countersign(edit, e)
			       : cms_edit_add_signers(edit, e);
	if (r == 0)
		r = cms_edit_write(edit, out, e);
	cms_edit_free(edit);
	return r;
}

/* For Bob. */
static int
rewrap(struct source *cms, struct sink *out, struct err *e)
{
	struct cert *bob = world_cert(BOB);
	struct cms_encrypt_params added = {
	    .recipients = &bob, .recipients_len = 1};
	struct verdict *v = verdict_new();
	int r = cms_rewrap(&world.decrypt, &added, cms, out, v, e);

	if (r == 0)
		r = v->code;
	verdict_free(v);
	return r;
}

static int
edit_one(enum edit how, struct bytes cms, struct buf *made)
{
	struct sink *out = sink_new_buf(made);
	struct bytes_source source;
	struct err e = ERR_INIT;
	int r;

	buf_reset(made);
	bytes_source_init(&source, cms, 1000);
	if (how == REWRAP)
		r = rewrap(&source.source, out, &e);
	else if (how == PLANTED)
		r = source_run(&source.source, out, &e);
	else
		r = sign_more(&source.source, how == COUNTERSIGN, out, &e);
	sink_free(out);
	return r;
}

static bool
is_by_carol(const struct verdict_signer *signers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (signers[i].cert != NULL &&
		    cert_is_same(signers[i].cert, world_cert(CAROL)) &&
		    signers[i].integrity.state == FINDING_GOOD)
			return true;
	return false;
}

/* Is it the original, with what was to be added? */
static bool
is_good(enum edit how, struct bytes made)
{
	struct cms_reader_params opens = {.ops = &world.ops};
	struct cert_set *own = cert_set_new();
	struct verdict *v = NULL;
	struct buf content = {0};
	struct err e = ERR_INIT;
	const struct verdict_layer *l;
	bool good;

	if (cert_set_add(own, world_cert(BOB)) != 0)
		abort();
	opens.own = own;
	good = world_read(how == REWRAP ? &opens : &world.params, made, &v,
		   &content, &e) == 0 &&
	       bytes_is_equal(buf_get(&content), BYTES_LIT(TEXT));
	l = good ? &v->layers[0] : NULL;
	if (good && how == ADD_SIGNER)
		good = is_by_carol(l->signers, l->signers_len);
	else if (good && how != REWRAP)
		good = is_by_carol(
		    l->signers[0].counters, l->signers[0].counters_len);
	verdict_free(v);
	buf_clear(&content);
	cert_set_free(own);
	return good;
}

/* How many went wrong. */
static unsigned
try_edits(
    enum edit how, struct bytes cms, unsigned long count, unsigned long seed)
{
	struct buf changed = {0}, made = {0};
	unsigned bad = 0;
	unsigned long i;
	int r;

	for (i = 0; i < count && bad < 10; i++) {
		mutate(cms, seed + i, &changed);
		r = edit_one(how, buf_get(&changed), &made);
		if (r != 0 ? made.len == 0 : is_good(how, buf_get(&made)))
			continue;
		bad++;
		if (how != PLANTED)
			printf("# CS_SEED=%lu: %s, %zu octets\n", seed + i,
			    err_name(r), made.len);
	}
	buf_clear(&changed);
	buf_clear(&made);
	return bad;
}

static void
try_message(enum edit how, struct bytes cms, const char *what)
{
	struct buf made = {0};

	if (how != PLANTED)
		run_case(edit_one(how, cms, &made) == 0 &&
			     is_good(how, buf_get(&made)),
		    names[how], what);
	run_case((try_edits(how, cms, run_number("CS_MUTATIONS", 300),
		      run_number("CS_SEED", 1)) == 0) == (how != PLANTED),
	    names[how], "changed at random");
	buf_clear(&made);
}

START_TEST(all)
{
	struct cert *alice = world_cert(ALICE);
	struct buf cms = {0}, ber = {0};
	int how;

	for (how = 0; how < EDITS_LEN; how++) {
		buf_reset(&cms);
		buf_reset(&ber);
		if (how == REWRAP)
			world_encrypt(ALG_AES256_GCM, &alice, 1, FORM_DER,
			    BYTES_LIT(TEXT), &cms);
		else
			world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
		craft_ber(buf_get(&cms), 7, &ber);
		try_message((enum edit)how, buf_get(&cms), "DER");
		try_message((enum edit)how, buf_get(&ber), "BER");
	}
	buf_clear(&cms);
	buf_clear(&ber);
}
END_TEST

int
main(void)
{
	return run_world("edits", all);
}
