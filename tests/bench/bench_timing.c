/*
 * Does the time of OPEN tell good PKCS#1 v1.5 padding from bad?
 *
 * The worker's own code in this process, from the request's frame to the
 * answer's, on SoftHSM: messages of all classes in random order, each opened
 * once, the processor's time of this thread. Of each class the fastest nine of
 * ten are kept, since what else the machine does makes some of them slower, and
 * Welch's t compares the classes:
 *
 *   good     what an encrypting program makes
 *   bad      faults of all kinds
 *   planted  as bad, and the test is busy for some time more before it stops
 *            the clock: what the test has to see, or it sees nothing
 *
 * Two figures of each: the whole; and what is ours of it, without the module
 * (C_DecryptInit, C_Decrypt) and without the kernel's work when a secret is
 * made and freed (secret.h; it knows lengths alone), since the times of both
 * vary by much more than what is looked for.
 *
 * TIMING_COUNT says how many messages of each class. Without it there are few,
 * and a plant that no machine hides: then it is a test that each answer is the
 * right one. With it ("make timing": 10,000) the plant is 3 us, and the test
 * fails unless |t| is below 4.5 without it and above 10 with it. A run that
 * does not see the plant, since the machine has too much else to do, shows
 * nothing, and is done again with new messages, RUNS_MAX times at most.
 */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/alg/rsa.h"
#include "asn1/recipient_info.h"
#include "tests/wire/worker.h"
#include "token/worker.h"

#define PIN "123456"
#define KEY_LEN 32 /* octets, of the content's AES-256 */
#define WARM_UP 50
#define FAULTS 6

#define FEW 100
#define FEW_PLANT_NS 2000000U
#define PLANT_NS 3000U
#define RUNS_MAX 5
#define SAME_T_MAX 4.5
#define SEEN_T_MIN 10.0

enum class { GOOD, BAD, PLANTED, CLASSES };
enum figure { WHOLE, OURS, FIGURES };

static const char *const class_names[] = {"good", "bad", "planted"};
static const char *const figure_names[] = {"the whole", "what is ours"};

struct sample {
	enum class class;
	uint8_t key[KEY_LEN]; /* of a good one */
	uint8_t ciphertext[RSA_LEN_MAX];
	double us[FIGURES];
};

/* The worker, and the token and key that all requests are for. */
static struct worker worker;
static struct tok_msg request;
static struct spki rsa;
static struct buf content_alg, probe_answer;
static size_t count; /* of each class */
static unsigned plant_ns;

/* --- a clock around what is not ours --- */

static CK_FUNCTION_LIST *module, timed_module;
static uint64_t others_ns;
static bool was_decrypted;

/* The linker puts these in the place of the functions (local.mk). */
struct secret *__real_secret_new(size_t len);
struct secret *__real_secret_new_from(const void *p, size_t len);
void __real_secret_free(struct secret *s);
struct secret *__wrap_secret_new(size_t len);
struct secret *__wrap_secret_new_from(const void *p, size_t len);
void __wrap_secret_free(struct secret *s);

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0)
		abort();
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t
cpu_ns(void)
{
	return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

struct secret *
__wrap_secret_new(size_t len)
{
	uint64_t begin = cpu_ns();
	struct secret *s = __real_secret_new(len);

	others_ns += cpu_ns() - begin;
	return s;
}

struct secret *
__wrap_secret_new_from(const void *p, size_t len)
{
	uint64_t begin = cpu_ns();
	struct secret *s = __real_secret_new_from(p, len);

	others_ns += cpu_ns() - begin;
	return s;
}

void
__wrap_secret_free(struct secret *s)
{
	uint64_t begin = cpu_ns();

	__real_secret_free(s);
	others_ns += cpu_ns() - begin;
}

static CK_RV
timed_init(
    CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	uint64_t begin = cpu_ns();
	CK_RV rv = module->C_DecryptInit(session, mechanism, key);

	others_ns += cpu_ns() - begin;
	return rv;
}

static CK_RV
timed_decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len,
    CK_BYTE *out, CK_ULONG *out_len)
{
	uint64_t begin = cpu_ns();
	CK_RV rv = module->C_Decrypt(session, in, in_len, out, out_len);

	others_ns += cpu_ns() - begin;
	was_decrypted = true;
	return rv;
}

/* --- messages --- */

static uint32_t
random_below(uint32_t limit)
{
	uint32_t x;

	random_fill(&x, sizeof(x));
	return x % limit;
}

static uint8_t
random_nonzero(void)
{
	return (uint8_t)(1 + random_below(255));
}

/* Plants a fault in what was padded well. */
static void
spoil(uint8_t *em, size_t len)
{
	size_t at = len - KEY_LEN - 1; /* where the zero stands */

	switch (random_below(FAULTS)) {
	case 0: /* below the modulus' first octet */
		em[0] = (uint8_t)(1 + random_below(127));
		break;
	case 1:
		em[1] ^= random_nonzero();
		break;
	case 2:
		em[2 + random_below(8)] = 0;
		break;
	case 3:
		em[10 + random_below((uint32_t)at - 10)] = 0;
		break;
	case 4: /* no end of the padding */
		em[at] = random_nonzero();
		break;
	default:
		random_fill(em + 1, len - 1);
		em[1] |= 4;
	}
}

static void
make(struct sample *s)
{
	static uint8_t em[RSA_LEN_MAX];
	size_t len = rsa.modulus.len, i;

	random_fill(s->key, KEY_LEN);
	random_fill(em, len);
	em[0] = 0;
	em[1] = 2;
	for (i = 2; i < len - KEY_LEN - 1; i++)
		em[i] |= em[i] == 0;
	em[i] = 0;
	memcpy(em + i + 1, s->key, KEY_LEN);
	if (s->class != GOOD)
		spoil(em, len);
	ck_assert(rsa_public(&rsa, bytes_of(em, len), s->ciphertext));
}

/* In random order. */
static struct sample *
make_all(void)
{
	size_t n = CLASSES * count, i, j;
	struct sample *all = calloc(n, sizeof(*all));
	enum class class;

	ck_assert_ptr_nonnull(all);
	for (i = 0; i < n; i++)
		all[i].class = i % CLASSES;
	for (i = n - 1; i > 0; i--) {
		j = random_below((uint32_t)i + 1);
		class = all[i].class;
		all[i].class = all[j].class;
		all[j].class = class;
	}
	for (i = 0; i < n; i++)
		make(&all[i]);
	return all;
}

/* --- the worker --- */

/* One request, its answer in out. */
static void
serve(struct tok_msg *req, struct buf *out, struct tok_msg *answer)
{
	static struct buf frame;

	buf_reset(&frame);
	buf_reset(out);
	req->id++;
	unit_assert_code(tok_msg_encode(req, &frame), 0);
	unit_assert_code(worker_serve(&worker, frame.data, frame.len, out), 0);
	unit_assert_code(tok_msg_decode(buf_get(out), answer, NULL), 0);
	ck_assert_msg(answer->type != TOK_ERROR, "%.*s", (int)answer->text.len,
	    (const char *)answer->text.p);
}

static void
log_in(const struct tok_info *token)
{
	struct buf out = {0};
	struct tok_msg answer, req = {.type = TOK_LOGIN,
				   .token = token->uri,
				   .insertion = token->insertion,
				   .has_pin = true,
				   .pin = BYTES_LIT(PIN)};

	serve(&req, &out, &answer);
	buf_clear(&out);
}

static void
begin(void)
{
	static uint8_t secret[TOK_SECRET_LEN] = "a secret";
	static uint8_t iv[18] = {DER_OCTET_STRING, 16};
	struct tok_msg answer, req = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret))};
	struct tok_info token;
	struct tok_key key;
	struct der d;

	serve(&req, &probe_answer, &answer);
	module = worker.module.f;
	timed_module = *module;
	timed_module.C_DecryptInit = timed_init;
	timed_module.C_Decrypt = timed_decrypt;
	worker.module.f = &timed_module;
	req = (struct tok_msg){.type = TOK_PROBE};
	serve(&req, &probe_answer, &answer);
	der_init(&d, answer.tokens);
	ck_assert(tok_info_next(&d, &token));
	der_init(&d, answer.keys);
	ck_assert(tok_key_next(&d, &key));
	unit_assert_code(spki_decode(key.spki, &rsa, NULL), 0);
	log_in(&token);
	der_put_alg_params(
	    &content_alg, ALG_AES256_CBC, bytes_of(iv, sizeof(iv)));
	request = (struct tok_msg){.type = TOK_OPEN,
	    .token = token.uri,
	    .insertion = token.insertion,
	    .key_id = key.key_id,
	    .content_algorithm = buf_get(&content_alg)};
}

static void
end(void)
{
	worker.module.f = module;
	worker_clear(&worker);
	buf_clear(&content_alg);
	buf_clear(&probe_answer);
}

/* The request for a message, appended to frame. */
static void
put_request(const struct sample *s, struct buf *frame)
{
	struct recipient_info info = {.kind = RECIPIENT_KTRI,
	    .rid.key_id = bytes_of(request.key_id.p, 20),
	    .encrypted_key = bytes_of(s->ciphertext, rsa.modulus.len)};
	struct buf alg = {0}, der = {0};

	der_put_alg(&alg, ALG_RSA_PKCS1);
	info.key_enc_alg.raw = buf_get(&alg);
	der_put_ktri(&der, &info);
	request.recipient_info = buf_get(&der);
	request.id++;
	unit_assert_code(tok_msg_encode(&request, frame), 0);
	buf_clear(&alg);
	buf_clear(&der);
}

static void
spin(unsigned ns)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + ns;

	while (now_ns(CLOCK_MONOTONIC) < end)
		;
}

static void
measure(struct sample *s)
{
	static struct buf frame, out;
	struct tok_msg answer;
	uint64_t began;
	double ns;
	int r;

	buf_reset(&frame);
	buf_reset(&out);
	put_request(s, &frame);
	others_ns = 0;
	was_decrypted = false;
	began = cpu_ns();
	r = worker_serve(&worker, frame.data, frame.len, &out);
	/* All classes make the same calls. */
	spin(s->class == PLANTED ? plant_ns : 0);
	ns = (double)(cpu_ns() - began);
	s->us[WHOLE] = ns / 1e3;
	s->us[OURS] = (ns - (double)others_ns) / 1e3;
	unit_assert_code(r, 0);
	unit_assert_code(tok_msg_decode(buf_get(&out), &answer, NULL), 0);
	ck_assert_int_eq(answer.type, TOK_OPEN_OK);
	ck_assert_uint_eq(answer.output.len, KEY_LEN);
	ck_assert_int_eq(
	    bytes_is_equal(answer.output, bytes_of(s->key, KEY_LEN)),
	    s->class == GOOD);
	ck_assert(was_decrypted);
}

/* --- judgement --- */

struct summary {
	size_t n;
	double mean, variance;
};

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Of the fastest nine of ten; sorts. */
static struct summary
summarize(double *values, size_t n)
{
	struct summary s = {.n = n * 9 / 10};
	size_t i;

	qsort(values, n, sizeof(*values), compare);
	for (i = 0; i < s.n; i++)
		s.mean += values[i] / (double)s.n;
	for (i = 0; i < s.n; i++)
		s.variance += (values[i] - s.mean) * (values[i] - s.mean) /
			      (double)(s.n - 1);
	return s;
}

static double
welch_t(const struct summary *a, const struct summary *b)
{
	return (b->mean - a->mean) /
	       sqrt(a->variance / (double)a->n + b->variance / (double)b->n);
}

static struct summary
summarize_class(const struct sample *all, enum class class, enum figure figure)
{
	double *values = calloc(count, sizeof(*values));
	struct summary s;
	size_t n = 0, i;

	ck_assert_ptr_nonnull(values);
	for (i = 0; i < CLASSES * count; i++)
		if (all[i].class == class)
			values[n++] = all[i].us[figure];
	ck_assert_uint_eq(n, count);
	s = summarize(values, n);
	free(values);
	printf("# %s, %s: %.2f us, deviation %.2f us\n", figure_names[figure],
	    class_names[class], s.mean, sqrt(s.variance));
	return s;
}

/* Gives t of bad and of planted, both beside good. */
static void
judge(
    const struct sample *all, enum figure figure, double *bad, double *planted)
{
	struct summary s[CLASSES];
	enum class class;

	for (class = 0; class < CLASSES; class ++)
		s[class] = summarize_class(all, class, figure);
	*bad = welch_t(&s[GOOD], &s[BAD]);
	*planted = welch_t(&s[GOOD], &s[PLANTED]);
	printf("# %s: t of good and bad %.2f, with %u ns planted %.2f\n",
	    figure_names[figure], *bad, plant_ns, *planted);
	fflush(stdout);
}

/* All messages once. Gives whether the plant was seen. */
static bool
run_once(bool is_judged)
{
	double bad[FIGURES], planted[FIGURES];
	struct sample *all = make_all();
	enum figure figure;
	size_t i;

	for (i = 0; i < WARM_UP; i++)
		measure(&all[i]);
	for (i = 0; i < CLASSES * count; i++)
		measure(&all[i]);
	for (figure = 0; figure < FIGURES; figure++) {
		judge(all, figure, &bad[figure], &planted[figure]);
		if (!is_judged)
			continue;
		ck_assert_double_lt(bad[figure], SAME_T_MAX);
		ck_assert_double_gt(bad[figure], -SAME_T_MAX);
	}
	free(all);
	return planted[OURS] > SEEN_T_MIN;
}

START_TEST(padding)
{
	const char *many = getenv("TIMING_COUNT");
	bool is_seen = false;
	int i;

	count = many != NULL ? strtoul(many, NULL, 10) : FEW;
	plant_ns = many != NULL ? PLANT_NS : FEW_PLANT_NS;
	ck_assert_uint_ge(count, WARM_UP);
	unit_assert_code(alg_init(NULL), 0);
	begin();
	for (i = 0; i < RUNS_MAX && !is_seen; i++)
		is_seen = run_once(many != NULL);
	ck_assert_msg(is_seen, "the plant was not seen");
	end();
}
END_TEST

/* The judgement itself, on numbers whose difference is known. */
START_TEST(statistic)
{
	static double a[1000], b[1000];
	struct summary x, y;
	size_t i;

	for (i = 0; i < 1000; i++) {
		a[i] = (double)((i * 7) % 1000);
		b[i] = (double)((i * 3) % 1000) + (i % 20 == 0 ? 1e6 : 0);
	}
	x = summarize(a, 1000);
	ck_assert_uint_eq(x.n, 900);
	ck_assert_double_eq_tol(x.mean, 449.5, 1e-6);
	/* of 0, 1, ..., 899: n (n + 1) / 12 */
	ck_assert_double_eq_tol(x.variance, 900.0 * 901 / 12, 1e-3);
	y = summarize(b, 1000);
	ck_assert_double_lt(y.mean, 1000);
	y = x;
	ck_assert_double_eq_tol(welch_t(&x, &y), 0, 1e-9);
	/* One standard error of the difference. */
	y.mean += sqrt(2 * x.variance / (double)x.n);
	ck_assert_double_eq_tol(welch_t(&x, &y), 1, 1e-9);
	ck_assert_double_eq_tol(welch_t(&y, &x), -1, 1e-9);
}
END_TEST

static void
make_token(void)
{
	static const char *const args[] = {"--token", "Timing", "--identity",
	    "name=key,key=rsa2048,usage=both", NULL};

	fixture_make(args);
}

int
main(void)
{
	Suite *suite = suite_create("bench_timing");
	TCase *tcase = tcase_create("bench_timing");

	tcase_add_unchecked_fixture(tcase, make_token, fixture_end);
	tcase_set_timeout(tcase, 1800);
	tcase_add_test(tcase, statistic);
	tcase_add_test(tcase, padding);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
