#include "tests/card/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t
words_split(char *line, char *words[WORDS_MAX])
{
	size_t len = 0;
	char *save = NULL;
	char *word = strtok_r(line, " \t\r\n", &save);

	while (word != NULL && len < WORDS_MAX) {
		words[len++] = word;
		word = strtok_r(NULL, " \t\r\n", &save);
	}
	return len;
}

const char *
words_get(char *const *words, size_t len, const char *name)
{
	size_t name_len = strlen(name), i;

	for (i = 0; i < len; i++)
		if (strncmp(words[i], name, name_len) == 0 &&
		    words[i][name_len] == '=')
			return words[i] + name_len + 1;
	return NULL;
}

bool
word_get_uint(const char *text, int base, unsigned max, unsigned *value)
{
	unsigned long n;
	char *end;

	*value = 0;
	if (text == NULL || *text == '\0' || *text == '-' || *text == '+')
		return false;
	errno = 0;
	n = strtoul(text, &end, base);
	if (errno != 0 || *end != '\0' || n > max)
		return false;
	*value = (unsigned)n;
	return true;
}

bool
word_get_hex(const char *text, uint8_t *octets, size_t len)
{
	char pair[3] = {0};
	unsigned value;
	size_t i;

	if (strlen(text) != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		pair[0] = text[2 * i];
		pair[1] = text[2 * i + 1];
		if (!word_get_uint(pair, 16, 255, &value))
			return false;
		octets[i] = (uint8_t)value;
	}
	return true;
}
