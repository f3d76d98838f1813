/* cac_card: libcacard's Common Access Card for a virtual reader; see
 * emulator.h for its options and control socket. The card's file has a line
 *
 *	db FOLDER		an NSS database, whose password is the PIN
 *	cert NICKNAME		one for each of its three keys, in this order
 *
 * FOLDER is relative to the file. RSA only. There is one card in a process, so
 * that it cannot be swapped; nothing can be set. */
#include "tests/card/emulator.h"
#include "tests/card/words.h"

#include <libcacard.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/card/apdu.h"

#define CAC_CERTS 3
#define CAC_LINE_MAX 512
#define CAC_INS_VERIFY 0x20
#define CAC_ATR_MAX 64
/* Room for the longest short response. */
#define CAC_RESPONSE_MAX 270
#define CAC_READER "Emulated"

struct cac {
	char folder[PATH_MAX], db[PATH_MAX];
	char certs[CAC_CERTS][128];
	size_t certs_len;
	VReader *reader;
	uint8_t atr[CAC_ATR_MAX];
	int atr_len;
	unsigned apdus, verified, failed;
};

static bool
cac_take_line(struct cac *c, char *const *words, size_t len)
{
	int n;

	if (len != 2)
		return false;
	if (strcmp(words[0], "db") == 0) {
		n = snprintf(c->db, sizeof(c->db), "%s%s%s",
		    words[1][0] == '/' ? "" : c->folder,
		    words[1][0] == '/' ? "" : "/", words[1]);
		return n > 0 && (size_t)n < sizeof(c->db);
	}
	if (strcmp(words[0], "cert") != 0 || c->certs_len == CAC_CERTS)
		return false;
	n = snprintf(
	    c->certs[c->certs_len], sizeof(c->certs[0]), "%s", words[1]);
	c->certs_len++;
	return n > 0 && (size_t)n < sizeof(c->certs[0]);
}

static bool
cac_read(struct cac *c, const char *path)
{
	static char copy[PATH_MAX];
	char line[CAC_LINE_MAX], *words[WORDS_MAX];
	FILE *f = fopen(path, "re");
	bool done = f != NULL;
	size_t len;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	(void)snprintf(c->folder, sizeof(c->folder), "%s", dirname(copy));
	while (done && fgets(line, sizeof(line), f) != NULL) {
		len = words_split(line, words);
		if (len != 0 && words[0][0] != '#')
			done = cac_take_line(c, words, len);
	}
	if (f != NULL)
		(void)fclose(f);
	return done && c->db[0] != '\0' && c->certs_len == CAC_CERTS;
}

static void
cac_power(struct cac *c)
{
	c->atr_len = sizeof(c->atr);
	(void)vreader_power_off(c->reader);
	if (vreader_power_on(c->reader, c->atr, &c->atr_len) != VREADER_OK ||
	    c->atr_len < 0 || (size_t)c->atr_len > sizeof(c->atr))
		c->atr_len = 0;
}

static bool
card_load(void *ctx, const char *path, struct err *e)
{
	struct cac *c = ctx;
	static char options[2 * PATH_MAX];

	if (c->reader != NULL) {
		(void)!err_set(
		    e, -CS_ERR_UNSUPPORTED, "there is one card in a process");
		return false;
	}
	if (!cac_read(c, path)) {
		(void)!err_set(e, -CS_ERR_USAGE,
		    "%s: not a \"db\" and three \"cert\"", path);
		return false;
	}
	(void)snprintf(options, sizeof(options),
	    "db=\"%s\" use_hw=no soft=(,%s,CAC,,%s,%s,%s)", c->db, CAC_READER,
	    c->certs[0], c->certs[1], c->certs[2]);
	if (vcard_emul_init(vcard_emul_options(options)) == VCARD_EMUL_OK)
		c->reader = vreader_get_reader_by_name(CAC_READER);
	if (c->reader == NULL) {
		(void)!err_set(
		    e, -CS_ERR_IO, "%s: libcacard makes no card of it", path);
		return false;
	}
	cac_power(c);
	return c->atr_len != 0;
}

static void
card_reset(void *ctx)
{
	cac_power(ctx);
}

static struct bytes
card_atr(void *ctx)
{
	struct cac *c = ctx;

	return bytes_of(c->atr, (size_t)c->atr_len);
}

static void
card_command(void *ctx, struct bytes raw, struct buf *out)
{
	static uint8_t command[APDU_LEN_MAX];
	uint8_t response[CAC_RESPONSE_MAX];
	int len = sizeof(response);
	struct cac *c = ctx;
	bool is_pin = raw.len > 5 && raw.p[1] == CAC_INS_VERIFY;
	unsigned sw;

	c->apdus++;
	if (raw.len > sizeof(command))
		return;
	memcpy(command, raw.p, raw.len); /* it is not const there */
	if (vreader_xfr_bytes(c->reader, command, (int)raw.len, response,
		&len) != VREADER_OK ||
	    len < 2) {
		response[0] = SW_INTERNAL >> 8;
		response[1] = 0;
		len = 2;
	}
	sw = (unsigned)response[len - 2] << 8 | response[len - 1];
	if (is_pin && sw == SW_OK)
		c->verified++;
	else if (is_pin)
		c->failed++;
	buf_add(out, response, (size_t)len);
}

static void
card_status(void *ctx, struct buf *reply)
{
	const struct cac *c = ctx;

	buf_printf(reply, " verify-good=%u verify-failed=%u apdus=%u",
	    c->verified, c->failed, c->apdus);
}

static bool
card_set(void *ctx, const char *name, const char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return false;
}

int
main(int argc, char **argv)
{
	static const struct card_ops ops = {card_load, card_reset, card_atr,
	    card_command, card_status, card_set};
	static struct cac cac;

	return emulator_main(argc, argv, &ops, &cac);
}
