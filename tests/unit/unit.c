#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	/* The TAP lines tell which cases failed. */
	return 0;
}

struct bytes
unit_hex(const char *hex)
{
	static uint8_t ring[16][8192];
	static unsigned next;
	uint8_t *out = ring[next++ % 16];
	size_t len = 0;
	unsigned byte;

	for (;;) {
		while (isspace((unsigned char)*hex))
			hex++;
		if (*hex == '\0')
			break;
		ck_assert_msg(len < sizeof(ring[0]) &&
				  sscanf(hex, "%2x", &byte) == 1 &&
				  isxdigit(hex[1]),
		    "bad hex in a test: %.16s", hex);
		out[len++] = (uint8_t)byte;
		hex += 2;
	}
	return bytes_of(out, len);
}

void
unit_read_file(struct buf *b, const char *path)
{
	const char *dir = getenv("CS_SRCDIR");
	char full[1024], chunk[2048];
	size_t n;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", dir != NULL ? dir : ".", path);
	f = fopen(full, "rb");
	ck_assert_msg(f != NULL, "cannot open %s", full);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	ck_assert_int_eq(b->err, 0);
}

static void
unit_print_hex(char *dst, size_t size, struct bytes b)
{
	size_t i, used = 0;

	dst[0] = '\0';
	for (i = 0; i < b.len && used + 4 < size; i++)
		used +=
		    (size_t)snprintf(dst + used, size - used, "%02x", b.p[i]);
}

void
unit_assert_bytes_at(
    struct bytes got, struct bytes want, const char *file, int line)
{
	char g[1024], w[1024];

	if (bytes_is_equal(got, want))
		return;
	unit_print_hex(g, sizeof(g), got);
	unit_print_hex(w, sizeof(w), want);
	ck_abort_msg("%s:%d: got %zu bytes %s, want %zu bytes %s", file, line,
	    got.len, g, want.len, w);
}
