/*
 * What a P-256 signature costs in CPU in cardseal-token, socket and all,
 * beside the bare module in the same run, all on one CPU. Alternating rounds;
 * the median of each and the difference are told. A test, since it uses what
 * the tests have; it fails only if something does not work.
 */
#include <config.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/wire/worker.h"
#include "token/slot.h"

#define BENCH_PIN "123456"
#define BENCH_ROUNDS 11
#define BENCH_COUNT 2000
#define ECDSA_SHA256 "30 0a 06 08 2a 86 48 ce 3d 04 03 02"

static double
bench_seconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) /
		   1e6;
}

/* Seconds of CPU so far: of a living process by the scheduler's nanoseconds,
 * since its ticks are too coarse; or of this one (pid 0). */
static double
bench_cpu(pid_t pid)
{
	unsigned long long ns = 0;
	struct rusage usage;
	char path[64];
	FILE *f;

	if (pid == 0) {
		getrusage(RUSAGE_SELF, &usage);
		return bench_seconds(&usage);
	}
	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%llu", &ns), 1);
	fclose(f);
	return (double)ns / 1e9;
}

static int
bench_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), bench_compare);
	return values[n / 2];
}

/* Microseconds per signature, of the worker's process. */
static double
bench_worker(struct peer *p, struct tok_msg *req, unsigned count)
{
	struct tok_msg answer;
	double before = bench_cpu(p->pid);
	unsigned i;

	for (i = 0; i < count; i++)
		unit_assert_code(peer_call(p, req, &answer), 0);
	return (bench_cpu(p->pid) - before) * 1e6 / count;
}

static double
bench_module(const struct module *m, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE key, unsigned count)
{
	CK_MECHANISM mech = {CKM_ECDSA, NULL, 0};
	CK_BYTE digest[32] = {1}, out[128];
	double before = bench_cpu(0);
	CK_ULONG len;
	unsigned i;

	for (i = 0; i < count; i++) {
		len = sizeof(out);
		if (m->f->C_SignInit(session, &mech, key) != CKR_OK ||
		    m->f->C_Sign(session, digest, 32, out, &len) != CKR_OK)
			abort();
	}
	return (bench_cpu(0) - before) * 1e6 / count;
}

/* The same token in this process, with the worker's own way to it. */
static struct slot *
bench_open(struct module *m, struct slots *slots, struct key **key)
{
	static CK_UTF8CHAR pin[] = BENCH_PIN;
	struct slot *slot;

	unit_assert_code(module_start(m, fixture_module(), NULL), 0);
	slots_init(slots, m);
	unit_assert_code(slots_refresh(slots, NULL), 0);
	slot = slots->all[0];
	if (slot_open(slots, slot) != CKR_OK ||
	    m->f->C_Login(slot->session, CKU_USER, pin, sizeof(pin) - 1) !=
		CKR_OK)
		abort();
	slot_set_login(slot, true);
	if (slot_load_keys(slots, slot) != CKR_OK)
		abort();
	*key = keys_find(&slot->keys, fixture_key_id("p256"));
	return slot;
}

static void
make_token(void)
{
	static const char *const args[] = {
	    "--token", "Bench", "--identity", "name=p256,key=p256", NULL};

	fixture_make(args);
}

START_TEST(p256)
{
	static double worker[BENCH_ROUNDS], bare[BENCH_ROUNDS];
	static struct tok_msg req;
	struct tok_info token;
	struct slots slots;
	struct module m;
	struct slot *slot;
	struct key *key;
	struct peer p;
	cpu_set_t one;
	size_t i;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, BENCH_PIN), 0);
	req = (struct tok_msg){.type = TOK_SIGN,
	    .token = token.uri,
	    .insertion = token.insertion,
	    .key_id = fixture_key_id("p256"),
	    .algorithm = unit_hex(ECDSA_SHA256),
	    .input = unit_hex("0100000000000000000000000000000000000000000000"
			      "000000000000000000")};
	slot = bench_open(&m, &slots, &key);
	for (i = 0; i < BENCH_ROUNDS; i++) {
		worker[i] = bench_worker(&p, &req, BENCH_COUNT);
		bare[i] = bench_module(
		    &m, slot->session, key->private->handle, BENCH_COUNT);
	}
	printf("# P-256 signature: worker %.1f us, module %.1f us, "
	       "difference %.1f us of CPU\n",
	    bench_median(worker, BENCH_ROUNDS),
	    bench_median(bare, BENCH_ROUNDS),
	    bench_median(worker, BENCH_ROUNDS) -
		bench_median(bare, BENCH_ROUNDS));
	fflush(stdout);
	slots_clear(&slots);
	module_end(&m);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bench_worker");
	TCase *tcase = tcase_create("bench_worker");

	tcase_add_unchecked_fixture(tcase, make_token, fixture_end);
	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, p256);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
