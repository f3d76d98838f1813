/*
 * Speed of each base64 implementation on one core, nettle's beside it.
 *
 *	bench_base64 [MEBIBYTES]
 *
 * MB/s count decoded bytes. Rounds alternate between the candidates, so that
 * what else the machine does meets all of them; the best round counts.
 */
#include "asn1/base64.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 9
#define PIECE ((size_t)48 * 1024) /* bytes per call, as in the pipeline */
#define MIB_DEFAULT 32

enum candidate { PORTABLE, SSSE3, AVX2, NETTLE, CANDIDATES };
static const char *const names[] = {"portable", "ssse3", "avx2", "nettle"};

static const struct form {
	const char *name;
	size_t line_len; /* 0: no lines */
	const char *eol;
} forms[] = {
    {"76 + CRLF", BASE64_LINE_MIME, "\r\n"},
    {"76 + LF", BASE64_LINE_MIME, "\n"},
    {"64 + LF", BASE64_LINE_PEM, "\n"},
    {"no lines", 0, ""},
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_base64: %s\n", what);
	exit(1);
}

/* Returns the encoded length. */
static size_t
encode(
    enum candidate who, const struct form *form, struct bytes in, uint8_t *out)
{
	struct base64_encode_ctx ctx;
	struct base64_enc e;
	size_t at, n, len, used = 0;

	base64_encode_init(&ctx);
	base64_enc_init(
	    &e, form->line_len != 0 ? form->line_len : 57, form->eol);
	for (at = 0; at < in.len; at += n) {
		n = in.len - at < PIECE ? in.len - at : PIECE;
		if (who == NETTLE)
			len = base64_encode_update(
			    &ctx, (char *)out + used, n, in.p + at);
		else
			base64_enc_write(
			    &e, bytes_of(in.p + at, n), out + used, &len);
		used += len;
	}
	if (who == NETTLE)
		return used + base64_encode_final(&ctx, (char *)out + used);
	base64_enc_finish(&e, out + used, &len);
	return used + len;
}

static size_t
decode(enum candidate who, struct bytes text, uint8_t *out)
{
	struct base64_decode_ctx ctx;
	struct base64_dec d;
	size_t at, n, len = 0, used = 0;
	int ok = 1;

	base64_decode_init(&ctx);
	base64_dec_init(&d);
	for (at = 0; ok && at < text.len; at += n) {
		n = text.len - at < PIECE ? text.len - at : PIECE;
		if (who == NETTLE)
			ok = base64_decode_update(&ctx, &len, out + used, n,
			    (const char *)text.p + at);
		else
			ok = base64_dec_write(&d, bytes_of(text.p + at, n),
				 out + used, &len) == 0;
		used += len;
	}
	if (!ok)
		die("it does not decode");
	return used;
}

static void
report(const char *what, const char *form, const double *best, size_t len)
{
	int who;

	printf("%-7s %-10s", what, form);
	for (who = 0; who < CANDIDATES; who++) {
		if (best[who] == 0) {
			printf("  %8s %7s       ", names[who], "-");
			continue;
		}
		printf("  %8s %7.0f (%4.1fx)", names[who],
		    (double)len / 1e6 / best[who], best[NETTLE] / best[who]);
	}
	printf("\n");
}

static void
keep_best(double *best, double t)
{
	if (*best == 0 || t < *best)
		*best = t;
}

static void
bench(const struct form *form, struct bytes data, uint8_t *text, uint8_t *back)
{
	double enc[CANDIDATES] = {0}, dec[CANDIDATES] = {0}, t;
	size_t text_len;
	int round, who;

	for (round = 0; round < ROUNDS; round++) {
		for (who = 0; who < CANDIDATES; who++) {
			if (who != NETTLE && !base64_use((enum base64_impl)who))
				continue;
			t = now();
			text_len =
			    encode((enum candidate)who, form, data, text);
			keep_best(&enc[who], now() - t);
			/* nettle makes no lines: let it decode ours */
			if (who == NETTLE)
				text_len = encode(PORTABLE, form, data, text);
			t = now();
			if (decode((enum candidate)who,
				bytes_of(text, text_len), back) != data.len)
				die("a length is wrong");
			keep_best(&dec[who], now() - t);
			if (memcmp(back, data.p, data.len) != 0)
				die("the bytes are wrong");
		}
	}
	report("encode", form->name, enc, data.len);
	report("decode", form->name, dec, data.len);
}

int
main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : MIB_DEFAULT, i;
	size_t len = mib << 20;
	uint8_t *data, *text, *back;
	uint32_t x = 1;

	if (mib == 0 || mib > 1024)
		die("between 1 and 1024 MiB, please");
	data = malloc(len);
	text = malloc(BASE64_ENCODED_MAX(len + 57) + len / 24);
	back = malloc(BASE64_DECODED_MAX(len * 2));
	if (data == NULL || text == NULL || back == NULL)
		die("no memory is left");
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
	memset(text, 0, BASE64_ENCODED_MAX(len + 57));
	memset(back, 0, BASE64_DECODED_MAX(len * 2));
	printf("MB/s of decoded bytes, best of %d; in brackets against "
	       "nettle\n",
	    ROUNDS);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		bench(&forms[i], bytes_of(data, len), text, back);
	free(data);
	free(text);
	free(back);
	return 0;
}
