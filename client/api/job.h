/*
 * job.h: the inside of cardseal.h's objects, shared by the files of this
 * folder and by nobody else.
 */
#ifndef CLIENT_API_JOB_H
#define CLIENT_API_JOB_H

#include "client/api/labels.h"
#include "client/cardseal.h"
#include "client/cms/enveloped.h"
#include "client/cms/input.h"
#include "client/cms/output.h"
#include "client/cms/release.h"
#include "client/cms/verdict.h"
#include "client/link/list.h"
#include "client/pkix/choose.h"
#include "client/pkix/ocsp.h"
#include "client/pkix/path.h"
#include "client/smime/smime.h"

/* A list of strings, owned. All zero is empty. */
struct strings {
	char **items;
	size_t len;
};
#define STRINGS_MAX 100000
int CS_MUST_USE strings_add(struct strings *s, const char *value);
int strings_printf(struct strings *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void strings_clear(struct strings *s);
/* Texts for the fields of what a caller gets, owned by the list; "" where
 * there is no memory. */
const char *strings_keep(struct strings *s, struct bytes text);
const char *strings_keep_hex(struct strings *s, struct bytes octets);
const char *strings_keep_name(struct strings *s, struct bytes name);
/* The certificate's SHA-1 in hexadecimal. */
const char *strings_keep_sha1(struct strings *s, const struct cert *cert);
/* The addresses of the certificate, with ", " between; those that have a comma
 * or a blank themselves are left out. */
const char *strings_keep_addresses(struct strings *s, const struct cert *cert);

/* Who signed. All zero is nobody. */
struct signers {
	struct cardseal_signer *items;
	size_t len;
	struct strings texts; /* what the items' fields point to */
	bool is_filled;
};
void signers_clear(struct signers *s);
/* One that a signature was made with. */
int CS_MUST_USE signers_add_made(struct signers *s, const struct cert *cert,
    enum alg digest, int64_t signing_time);

#define JOB_OPTIONS (CARDSEAL_LEGACY_DISPLAY + 1)

struct cardseal_job {
	struct strings options[JOB_OPTIONS];
	struct err err;
	struct strings warnings;
	struct strings notes;
	struct signers signers;	      /* of the last operation */
	struct link *link;	      /* NULL until it is needed */
	struct job_trust *kept_trust; /* with CARDSEAL_BATCH; NULL: none */
};

/* The option's last value, or NULL. */
const char *job_get(
    const struct cardseal_job *job, enum cardseal_option option);
bool job_is_set(const struct cardseal_job *job, enum cardseal_option option);
/* The option's text, but that of `word`. */
bool job_is(const struct cardseal_job *job, enum cardseal_option option,
    const char *word);
/* A whole mail: CARDSEAL_FORMAT is "smime", or not set. */
bool job_is_smime(const struct cardseal_job *job);
/* Forgets error, warnings and notes: an operation starts. */
void job_start(struct cardseal_job *job);
/* CS_ERR_ARGUMENT if out (may be NULL) is written onto what in reads. */
int CS_MUST_USE job_check_apart(struct cardseal_job *job,
    const struct cardseal_input *in, const struct cardseal_output *out);
/* Keeps a failure that nobody described; returns code. */
int job_end(struct cardseal_job *job, int code);
#ifdef __clang_analyzer__
/* It sees one file at a time; see asn1/err.h. */
#define job_end(job, code) ((void)job_end(job, code), (code))
#endif

struct cardseal_input {
	struct input *in;
};

struct cardseal_output {
	struct output *out;
};

struct cardseal_verdict {
	struct verdict *verdict;
	bool is_translated; /* its texts are */
	struct buf text;
	struct buf json;
	struct signers signers;
};

/* --- agent.c: what the agent has --- */

/* One key with one of its certificates. */
struct own_key {
	struct tok_key key;	  /* borrowed from own_keys.list */
	struct bytes token_label; /* borrowed likewise */
	struct cert *cert;	  /* NULL: it has none */
};

struct own_keys {
	struct link_list list; /* what is borrowed from */
	struct own_key *keys;
	size_t len;
	struct cert_set *certs;	 /* all of the keys' */
	struct cert_set *others; /* on the tokens without a key */
};

int CS_MUST_USE job_connect(struct cardseal_job *job);
int CS_MUST_USE own_keys_load(struct cardseal_job *job, struct own_keys *keys);
void own_keys_clear(struct own_keys *keys);
/* sign and open through the agent. Plain data; ctx is the job. */
struct cms_key_ops job_key_ops(struct cardseal_job *job);

/* --- status.c --- */

/*
 * The URI, for the caller to free, of the token that is called so: URI, label
 * or serial; NULL: the only one. CS_ERR_NO_TOKEN: there is none, or several.
 */
int CS_MUST_USE job_resolve_token(
    struct cardseal_job *job, const char *name, char **uri);

/* --- system_anchors.c: trust anchors that p11-kit has --- */

enum system_anchors_rule {
	SYSTEM_ANCHORS_OFF,
	SYSTEM_ANCHORS_EMAIL, /* those that are marked for e-mail */
	SYSTEM_ANCHORS_ALL,   /* and those that are marked for nothing */
};
/*
 * Adds them to the index. That p11-kit does not tell is an error only with ALL
 * (CS_ERR_CONFIG). CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE system_anchors_load(
    enum system_anchors_rule rule, struct anchor_index *index, struct err *e);

/* --- anchor_cache.c: what was made of many anchors, in the cache folder --- */

#define ANCHOR_KEY_LEN 32 /* says what it was made from */

struct anchor_cached {
	struct buf octets; /* for anchor_index_add; the caller clears it */
	size_t skip;	   /* likewise */
	int64_t age_s;
	bool has_worked; /* as anchor_cache_write was told */
};

/*
 * Reads what was kept under that name and with that key. Believed is a regular
 * file of this user's alone, whose hash is right; else CS_ERR_NO_FILE, and c
 * is empty. CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE anchor_cache_read(
    const char *name, const uint8_t *key, struct anchor_cached *c);
/* Keeps certificates; unmarked as for anchor_index_encode. Where that can't be
 * done the next time takes longer. */
void anchor_cache_write(const char *name, const uint8_t *key, bool has_worked,
    const struct cert_set *certs, const struct cert_set *unmarked);
/*
 * Our own anchor files (doc: cardseal(1), FILES): small ones into anchors, what
 * is kept of large ones, until they change, into the index. Errors as
 * cert_set_add_file has them.
 */
int CS_MUST_USE own_anchors_load(
    struct cert_set *anchors, struct anchor_index *index, struct err *e);

/* --- config.c: cardseal.conf --- */

enum fetch_rule {
	FETCH_OFF,
	FETCH_PUBLIC, /* what public addresses have */
	FETCH_ALL,    /* and those of this machine and its network */
};

#define LOOKUP_LDAP_MAX 4
#define LOOKUP_TEXT_MAX 200 /* a line of the file is no longer */

/* Where certificates of others are looked up, and whether they are. */
struct lookup_config {
	bool is_on;
	bool has_dns; /* SMIMEA records */
	size_t ldap_len;
	char ldap[LOOKUP_LDAP_MAX][LOOKUP_TEXT_MAX]; /* base URLs */
	char dns_server[LOOKUP_TEXT_MAX]; /* ADDRESS[:PORT]; "": machine's */
	char dns_anchor[LOOKUP_TEXT_MAX]; /* file; "": the machine's */
};

struct job_config {
	enum fetch_rule fetch;
	unsigned fetch_timeout_ms; /* for everything in one operation */
	bool harvests;		   /* what came with good mails is kept */
	enum system_anchors_rule system_anchors;
	struct lookup_config lookup;
	bool has_legacy_display; /* mails whose header is hidden */
};
/*
 * Reads the system's file, then the user's, which counts more; what is in
 * neither has its default. A file that is not there is none. CS_ERR_CONFIG
 * (the file and line are told), CS_ERR_IO.
 */
int CS_MUST_USE job_config_load(struct job_config *config, struct err *e);

/* --- online.c: what may be fetched while certificates are judged --- */

struct online;
struct job_trust;
/*
 * Fetches into the sets of t, which must outlive it. NULL: no memory. The
 * network is used at the first call only, and for no longer than timeout_ms
 * between two calls of online_begin.
 */
struct online *online_new(
    const struct job_trust *t, bool is_public, unsigned timeout_ms);
void online_free(struct online *o);
const struct path_source *online_get_source(const struct online *o);
/* An operation starts: its time runs from the first request on. */
void online_begin(struct online *o);
/* An operation ends: keeps what has proved to be genuine for others. */
void online_keep(struct online *o);

/* --- trust.c: from options to what judges --- */

struct job_trust {
	struct cms_trust trust; /* points into the sets below */
	struct cert_set *anchors;
	struct cert_set *unmarked; /* see path.h */
	struct anchor_index *anchor_index;
	struct cert_set *intermediates;
	struct crl_set *crls;
	struct ocsp_set *ocsps;
	struct path_cache *cache;
	struct online *online;	   /* NULL: offline */
	struct job_labels *labels; /* labels.h */
	bool harvests;		   /* as configured; not in a batch */
	bool is_kept;		   /* by the job: a copy of what it owns */
};

int CS_MUST_USE job_trust_load(
    struct cardseal_job *job, struct job_trust *trust);
void job_trust_clear(struct job_trust *trust);
/* Forgets what was kept for a batch. */
void job_trust_forget(struct cardseal_job *job);
/* The configured intermediates and those of the option. */
int CS_MUST_USE job_load_intermediates(
    struct cardseal_job *job, struct cert_set *set);

/* --- harvest.c --- */

/* Keeps the certificates and capabilities of a mail's signers, if every
 * signature is good and trusted. A failure is a note. */
void job_harvest(struct cardseal_job *job, const struct job_trust *t,
    const struct verdict *v);

/* --- lookup.c: certificates that directories and the DNS have --- */

struct lookup;
/*
 * As the job's option and cardseal.conf say; *lookup is NULL where nothing is
 * to be looked up. trust judges what comes and must outlive it.
 */
int CS_MUST_USE lookup_new(struct cardseal_job *job,
    const struct job_trust *trust, struct lookup **lookup);
void lookup_free(struct lookup *lookup); /* NULL is fine */
/*
 * Asks all of them about an address, and adds the newest certificate that may
 * be encrypted to, is for exactly that address and is good by trust, revocation
 * and what the address's domain says in the DNS (RFC 8162). *is_found tells.
 * What others were refused for, and where there was nothing, is noted in the
 * job; why (if it is empty) gets the first of that.
 */
int CS_MUST_USE lookup_find(struct lookup *lookup, struct bytes address,
    struct cert_set *recipients, bool *is_found, struct err *why);

/* --- recipients.c --- */

/* Notes that a certificate (of which kind: "stored") is not taken; why, if it
 * is empty, gets the reason, too. */
int CS_MUST_USE job_note_refused(struct cardseal_job *job, const char *kind,
    struct bytes address, const struct err *refused, struct err *why);

/* Bits for the ciphers that are chosen by themselves (recipients.c). */
#define JOB_CIPHERS_ALL 15U
/*
 * Adds the certificate to encrypt to for each address, and those of the
 * recipient files; every address that has none is named in the error. Where
 * none is at hand it is looked up, if that is wanted. *ciphers (may be NULL)
 * loses the bits of what one of them is not known to read: what its
 * capabilities in the store do not list, and without any AES in GCM.
 */
int CS_MUST_USE job_find_recipients(struct cardseal_job *job,
    const struct strings *addresses, bool with_files,
    struct cert_set *recipients, unsigned *ciphers);
/* The best of what all can read; AES-256-CBC where that is nothing. */
enum alg job_choose_cipher(unsigned ciphers);

/* --- verify.c --- */

/* Commits what the verdict lets out, and gives wrap away. The result is the
 * verdict's code. */
int CS_MUST_USE verdict_end(struct cardseal_job *job,
    struct cardseal_verdict *wrap, struct output *out,
    struct cardseal_verdict **result);
struct job_secrets;
/*
 * What opens messages: the agent's keys (or those that CARDSEAL_KEY names), the
 * caller's keys and passwords, into params, which points into all of them. Who
 * gives one of the latter needs no agent.
 */
int CS_MUST_USE job_load_openers(struct cardseal_job *job,
    const struct job_secrets *secrets, struct own_keys *own,
    struct cms_reader_params *params);

/* --- read.c --- */

/* Reads and judges any mail or CMS message; out NULL: only judges. */
int CS_MUST_USE job_read(struct cardseal_job *job, struct input *in,
    struct output *out, struct verdict *v);
/*
 * For what opens a message and judges nothing in it: where there are rules for
 * labels, reads the message first, as job_read does. *is_held: it is withheld,
 * or bad for what is inside, so that whatever label that has cannot be
 * believed; wrap's verdict is then that one. What does not open is not held.
 */
int CS_MUST_USE job_check_labels(struct cardseal_job *job, struct input *in,
    enum cardseal_option keks, enum cardseal_option passwords,
    struct cardseal_verdict *wrap, bool *is_held);

/* --- secrets.c: keys and passwords in files --- */

struct job_secrets {
	struct cms_kek *keks;
	size_t keks_len;
	struct secret **passwords;
	size_t passwords_len;
	struct buf *ids; /* what the keks' names point into */
};

/* Reads the files of two options, of keys and of passwords. wants_ids: a key
 * without CARDSEAL_KEK_ID gets a name made of the key. CS_ERR_NO_FILE,
 * CS_ERR_ARGUMENT: what is in the file. */
int CS_MUST_USE job_secrets_load(struct cardseal_job *job,
    enum cardseal_option keks, enum cardseal_option passwords, bool wants_ids,
    struct job_secrets *secrets);
void job_secrets_clear(struct job_secrets *secrets);

/* --- headers.c --- */

struct smime_mail;
/* As CARDSEAL_HEADERS asks for. */
enum smime_headers job_get_headers(const struct cardseal_job *job);
/*
 * Sets them, before the mail's rest is scanned; nothing is hidden where it is
 * not encrypted. CS_ERR_ARGUMENT where they could not be protected,
 * CS_ERR_CONFIG.
 */
int CS_MUST_USE job_set_headers(
    struct cardseal_job *job, struct smime_mail *mail, bool is_encrypted);

/* --- encrypt.c --- */

struct encrypting;
/*
 * Finds everything that encrypting the mail needs, by the job's options, and
 * takes Bcc out of it. sender (may be empty): who shall be able to read it as
 * well, if there is a certificate for it.
 */
int CS_MUST_USE job_encrypting_new(struct cardseal_job *job,
    struct smime_mail *mail, struct bytes sender, struct encrypting **result);
/* Likewise for what is no mail: whom the options name, or else these addresses;
 * NULL: none, and CS_ERR_ARGUMENT if the options name nobody. */
int CS_MUST_USE job_encrypting_new_to(struct cardseal_job *job,
    const struct strings *addresses, struct encrypting **result);
/* Borrowed. */
const struct cms_encrypt_params *job_encrypting_get_params(
    const struct encrypting *c);
/* What is encrypted is signed outside as well: by whom; borrowed. */
void job_encrypting_set_outer(
    struct encrypting *c, const struct cms_sign_params *outer);
/* Writes the mail with that entity inside, and the copies for Bcc. */
int CS_MUST_USE job_encrypting_write(struct encrypting *c,
    struct smime_mail *mail, struct source *entity, struct output *out);
void job_encrypting_free(struct encrypting *c);

/* --- verify.c --- */

/* NULL: no memory. */
struct cardseal_verdict *job_new_verdict(void);

/* --- sign.c --- */

/* Lets write put a ContentInfo out, as PEM if that, or the job, asks for it. */
int CS_MUST_USE job_write_armored(struct cardseal_job *job, bool is_pem,
    struct output *out,
    int (*write)(void *ctx, struct sink *out, struct err *e), void *ctx);

#endif
