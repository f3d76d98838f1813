/*
 * gpgsm.h: cardseal-gpgsm(1), which stands in for gpgsm and smimesign where a
 * program such as git (gpg.x509.program) wants files signed and verified.
 */
#ifndef CLIENT_GPGSM_GPGSM_H
#define CLIENT_GPGSM_GPGSM_H

#include <stdbool.h>
#include <stdio.h>

#include "client/cardseal.h"

#define GPGSM_EXIT_BAD 1 /* whatever is wrong with what is verified */
#define GPGSM_EXIT_USAGE 2
#define GPGSM_EXIT_INTERNAL 70
#define GPGSM_EXIT_IO 74

enum gpgsm_mode {
	GPGSM_NONE,
	GPGSM_SIGN,
	GPGSM_VERIFY,
	GPGSM_LIST_KEYS,
	GPGSM_DONE, /* --help or --version has answered */
};

/* One run of the program. */
struct gpgsm {
	struct cardseal_job *job;
	enum gpgsm_mode mode;
	bool is_detached;
	bool is_armored;
	bool is_quiet;
	bool is_verbose;
	const char *output; /* -o; NULL: standard output */
	FILE *status;	    /* --status-fd; NULL: none */
	char **operands;
	int operands_len;
};

/* "cardseal-gpgsm: " and the text, on standard error. */
void gpgsm_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints the job's last error; returns its exit status. */
int gpgsm_fail(const struct gpgsm *g, int code);
/* One line of --status-fd (GnuPG's doc/DETAILS), if there is one. */
void gpgsm_status(const struct gpgsm *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* As GnuPG numbers them (RFC 9580 9.1 and 9.5); 0: it does not. */
int gpgsm_key_number(const struct cardseal_signer *signer);
int gpgsm_digest_number(const struct cardseal_signer *signer);
/* In capitals, for reading: GnuPG's SHA-1 fingerprint; "unknown". */
#define GPGSM_FINGERPRINT_SIZE 41
const char *gpgsm_fingerprint(
    char dst[GPGSM_FINGERPRINT_SIZE], const char *sha1);

/* Exit statuses; messages are printed. */
int gpgsm_sign(struct gpgsm *g);
int gpgsm_verify(struct gpgsm *g);
int gpgsm_list_keys(struct gpgsm *g);

#endif
