/*
 * fuzz_main.c: runs a harness without libFuzzer, as a test (TAP).
 *
 *	fuzz_x                replays the corpus, mutates it a while
 *	fuzz_x -n N [-s SEED] so many mutations
 *	fuzz_x -w SEED        writes what that seed makes to stdout
 *	fuzz_x FILE...        replays files, in this process
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asn1/buf.h"
#include "tests/fuzz/fuzz.h"

#define CORPUS_MAX 512
#define INPUT_MAX ((size_t)256 << 10)
#define BATCH 500	   /* inputs per child */
#define BATCH_SECONDS 120  /* under a sanitizer, on a busy machine */
#define MUTATIONS 4000	   /* by default */
#define PLANTED_BATCHES 20 /* in which a planted defect must show */

struct corpus {
	struct buf files[CORPUS_MAX];
	size_t len;
};

static struct corpus corpus;
static unsigned tap_count;

static void
tap(bool is_ok, const char *what)
{
	printf("%s %u - %s\n", is_ok ? "ok" : "not ok", ++tap_count, what);
}

static bool
read_file(const char *path, struct buf *b)
{
	uint8_t chunk[2048];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return false;
	buf_init(b, INPUT_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	return b->err == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* In order of name, so that a seed means the same everywhere. */
static void
load_corpus(void)
{
	const char *top = getenv("CS_SRCDIR");
	struct dirent **names = NULL;
	char dir[1024], path[2048];
	int i, n;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s",
	    top != NULL ? top : ".", fuzz_name);
	n = scandir(dir, &names, NULL, by_name);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && corpus.len < CORPUS_MAX &&
		    strcmp(names[i]->d_name, "README") != 0 &&
		    read_file(path, &corpus.files[corpus.len]))
			corpus.len++;
		free(names[i]);
	}
	free(names);
}

static uint32_t
draw(uint32_t *seed, size_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return below == 0 ? 0 : (uint32_t)((*seed >> 8) % below);
}

static const struct buf *
draw_file(uint32_t *seed)
{
	return &corpus.files[draw(seed, corpus.len)];
}

/* Puts in, in place of len octets at `at`, what p has. */
static void
splice(struct buf *b, size_t at, size_t len, const void *p, size_t p_len)
{
	struct buf out = {.max = INPUT_MAX};
	struct bytes rest = buf_get(b);

	(void)bytes_skip(&rest, at);
	(void)bytes_skip(&rest, len);
	buf_add(&out, b->data, at);
	buf_add(&out, p, p_len);
	buf_add_bytes(&out, rest);
	if (out.err != 0) {
		buf_clear(&out);
		return;
	}
	buf_clear(b);
	*b = out;
}

static void
mutate_once(struct buf *b, uint32_t *seed)
{
	size_t at = draw(seed, b->len + 1), from, len, words = 0;
	const struct buf *other;
	uint8_t octet;

	while (fuzz_words[words] != NULL)
		words++;
	switch (draw(seed, 6)) {
	case 0:
		octet = (uint8_t)draw(seed, 256);
		splice(b, at, 1, &octet, 1);
		break;
	case 1:
		splice(b, at, draw(seed, 64), NULL, 0);
		break;
	case 2:
		words = draw(seed, words);
		splice(b, at, 0, fuzz_words[words], strlen(fuzz_words[words]));
		break;
	case 3:
		other = draw_file(seed);
		from = draw(seed, other->len + 1);
		len = draw(seed, 300);
		len = other->len - from < len ? other->len - from : len;
		if (len > 0)
			splice(b, at, draw(seed, 40), other->data + from, len);
		break;
	case 4:
		if (at < b->len)
			b->data[at] ^= (uint8_t)(1U << draw(seed, 8));
		break;
	default:
		if (draw(seed, 4) == 0)
			b->len = at;
		break;
	}
}

static void
make_mutation(uint32_t seed, struct buf *b)
{
	size_t i, n;

	buf_init(b, INPUT_MAX);
	buf_add_bytes(b, buf_get(draw_file(&seed)));
	n = 1 + draw(&seed, 8);
	for (i = 0; i < n; i++)
		mutate_once(b, &seed);
}

static void
run_one(const struct buf *b)
{
	LLVMFuzzerTestOneInput(
	    b->data != NULL ? b->data : (const uint8_t *)"", b->len);
}

static void
run_mutation(uint32_t seed)
{
	struct buf b;

	make_mutation(seed, &b);
	run_one(&b);
	buf_clear(&b);
}

static void
write_mutation(uint32_t seed)
{
	struct buf b;

	make_mutation(seed, &b);
	fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

/* Runs fn for from..to in a child; true if it came through. */
static bool
in_child(void (*fn)(uint32_t n), uint32_t from, uint32_t to, bool is_quiet)
{
	int status = 0;
	pid_t pid;
	uint32_t n;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(BATCH_SECONDS);
		if (is_quiet && freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		for (n = from; n < to; n++)
			fn(n);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void
run_corpus(uint32_t n)
{
	run_one(&corpus.files[n]);
}

/* One by one, to name the seed. */
static void
tell_seed(uint32_t from, uint32_t to)
{
	uint32_t n;

	for (n = from; n < to; n++)
		if (!in_child(run_mutation, n, n + 1, true))
			printf("# seed %u fails; -w %u shows it\n", n, n);
}

static void
run_mutations(uint32_t seed, uint32_t count)
{
	uint32_t at, end;
	bool is_ok = true;

	for (at = seed; at < seed + count; at = end) {
		end = seed + count - at < BATCH ? seed + count : at + BATCH;
		if (in_child(run_mutation, at, end, false))
			continue;
		is_ok = false;
		tell_seed(at, end);
	}
	tap(is_ok, "mutations");
}

static void
prove(void)
{
	uint32_t i;
	bool is_found = false;

	fuzz_is_planted = true;
	for (i = 0; i < PLANTED_BATCHES && !is_found; i++)
		is_found =
		    !in_child(run_mutation, i * BATCH, (i + 1) * BATCH, true);
	fuzz_is_planted = false;
	tap(is_found, "a planted defect is found");
}

static int
replay(int argc, char **argv)
{
	struct buf b = {0};
	int i;

	for (i = 1; i < argc; i++) {
		if (!read_file(argv[i], &b)) {
			fprintf(stderr, "cannot read %s\n", argv[i]);
			return 1;
		}
		run_one(&b);
		buf_clear(&b);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t count = MUTATIONS, seed = 0;
	int option;

	if (argc > 1 && argv[1][0] != '-')
		return replay(argc, argv);
	load_corpus();
	while ((option = getopt(argc, argv, "n:s:w:")) != -1) {
		if (option == 'n')
			count = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seed = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'w' && corpus.len > 0)
			write_mutation((uint32_t)strtoul(optarg, NULL, 10));
		else
			return 2;
		if (option == 'w')
			return 0;
	}
	tap(corpus.len > 0, "there is a corpus");
	if (corpus.len > 0) {
		tap(in_child(run_corpus, 0, (uint32_t)corpus.len, false),
		    "the corpus");
		run_mutations(seed, count);
		prove();
	}
	printf("1..%u\n", tap_count);
	return 0;
}
