/*
 * words.h: lines of words, as the emulated cards' files and control sockets
 * have them. A word holds no blank.
 */
#ifndef TESTS_CARD_WORDS_H
#define TESTS_CARD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 16

/* Cuts the line into words, in place; gives how many, WORDS_MAX at most. */
size_t words_split(char *line, char *words[WORDS_MAX]);
/* The value of "name=value" among the words; NULL: it is not there. */
const char *words_get(char *const *words, size_t len, const char *name);
/* Digits to a number not above max. */
bool word_get_uint(const char *text, int base, unsigned max, unsigned *value);
/* Two hexadecimal digits for each octet, exactly len octets. */
bool word_get_hex(const char *text, uint8_t *octets, size_t len);

#endif
