/*
 * cardseal.h: sign, read and encrypt S/MIME mail and CMS with keys on smart
 * cards and tokens. Link with -lcardseal (pkg-config cardseal).
 *
 * Private-key operations are done by cardseal-agent, which asks for the PIN;
 * this library assembles and judges messages in the caller's process and
 * holds a few MiB whatever the size of the message.
 *
 * A job carries options, runs any number of operations one after the other,
 * and keeps the last error. Jobs are independent; one job is for one thread
 * at a time. Strings given are copied; strings got are borrowed until the
 * next call on the object they came from, unless said otherwise. The library
 * never prints, never ends the process and changes no signal; a caller that
 * writes to pipes ignores SIGPIPE.
 *
 * Results are 0 or a negative code; cardseal_exit_status gives the class that
 * cardseal(1) lists under EXIT STATUS.
 */
#ifndef CARDSEAL_H
#define CARDSEAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define CARDSEAL_VERSION "0.1.0"

/* The running library's version. Static. */
const char *cardseal_version(void);
/* Exit status of a code, as the program's: 0, 1 bad, 2 usage ... 75. */
int cardseal_exit_status(int code);
/* "PIN_WRONG", and one sentence. Static. */
const char *cardseal_code_name(int code);
const char *cardseal_code_text(int code);

/*
 * Texts for people (errors, warnings, notes, the text of verdicts and of
 * certificates' paths) come from now on in the language of LC_MESSAGES, which
 * the program has set (setlocale(3)), as far as there is a catalogue of it;
 * with 0 in English again, in which a process begins. For the whole process,
 * and not while another thread uses the library. JSON is never translated: it
 * is not to be had meanwhile, nor of what was judged meanwhile.
 */
void cardseal_translate(int on);

/* --- jobs --- */

struct cardseal_job;

enum cardseal_option {
	/* for every job */
	CARDSEAL_SOCKET,  /* path of the agent's socket */
	CARDSEAL_PROGRAM, /* the name the agent shows as this program's claim */
	CARDSEAL_PURPOSE, /* what for, in words; shown in prompts */
	/* making messages */
	/* "smime" (default) or "cms"; "entity": a MIME entity for a mail
	 * program that wraps what comes back by itself: as "cms", but in
	 * canonical form (RFC 8551 3.1.1), and signed as a mail is */
	CARDSEAL_FORMAT,
	CARDSEAL_FORM,	    /* "detach" (default), "opaque"; "certs": the
			      certificates alone, as CMS */
	CARDSEAL_DER,	    /* "1": definite lengths even from a pipe */
	CARDSEAL_ARMOR,	    /* "1": PEM, with format cms; "gpgsm",
			      "pkcs7": with the labels SIGNED MESSAGE of GnuPG
			      and PKCS7 of OpenSSL */
	CARDSEAL_PSS,	    /* "1": RSA-PSS instead of PKCS#1 v1.5 */
	CARDSEAL_KEY,	    /* fingerprint, address, URI or role; repeatable */
	CARDSEAL_CIPHER,    /* "auto", "aes256-gcm" ... */
	CARDSEAL_RECIPIENT, /* an address; repeatable */
	CARDSEAL_RECIPIENT_FILE, /* certificate file; repeatable */
	CARDSEAL_BCC_DIR, /* folder for the separate copies of Bcc recipients */
	/* judging messages */
	CARDSEAL_ANCHOR,       /* file of trust anchors; repeatable */
	CARDSEAL_INTERMEDIATE, /* file of certificates; repeatable */
	CARDSEAL_CRL,	       /* file of CRLs; repeatable */
	CARDSEAL_REVOCATION,   /* "off", "soft" (default) or "hard" */
	CARDSEAL_TIME,	       /* RFC 3339; default: now */
	CARDSEAL_LEGACY,       /* "1": admit weak algorithms when reading */
	CARDSEAL_FROM,	       /* the address to match instead of From */
	/* encrypting and opening */
	CARDSEAL_PASSWORD_FILE, /* file with a password; repeatable */
	CARDSEAL_KEK_FILE, /* file with an AES key, raw or in hex; repeatable */
	CARDSEAL_KEK_ID, /* the key's name in hex, in the order of the files */
	/* encrypting */
	CARDSEAL_OAEP,	      /* "1": RSAES-OAEP instead of PKCS#1 v1.5 */
	CARDSEAL_OAEP_DIGEST, /* "sha1" ... "sha512"; default: sha256 */
	CARDSEAL_OAEP_MGF,    /* MGF1's; default: the same */
	CARDSEAL_OAEP_LABEL,
	CARDSEAL_KEY_AGREEMENT, /* "ecdh-sha256", "ecdh-cofactor-sha256",
				   "ecdh-hkdf-sha256" ...; default: by curve */
	CARDSEAL_KEY_IDS,	/* "1": name recipients by key identifier */
	/* judging certificates (RFC 5280 6.1.1 (c), (e) to (g)) */
	CARDSEAL_CERT_PURPOSE, /* "any" (default), "sign" or "encrypt" */
	CARDSEAL_POLICY,       /* a dotted OID that is accepted; repeatable */
	CARDSEAL_REQUIRE_EXPLICIT_POLICY, /* "1" */
	CARDSEAL_INHIBIT_POLICY_MAPPING,  /* "1" */
	CARDSEAL_INHIBIT_ANY_POLICY,	  /* "1" */
	/* reading whole mails */
	CARDSEAL_PART,		 /* what is let out: "2", "2.1" */
	CARDSEAL_UNSAFE,	 /* "1": nothing is held back */
	CARDSEAL_REQUIRE_SIGNED, /* "1": a mail that is not is bad */
	/* making mails, once more */
	/* "1": cardseal_sign encrypts what it signed; "0": it does not,
	 * whatever says to whom and how, which is an error otherwise */
	CARDSEAL_ENCRYPT,
	CARDSEAL_TO_SELF, /* "0": and not to the sender as well */
	CARDSEAL_HEADERS, /* "plain" (default), "protect", "hide" */
	/* "1": anchors, lists and paths are kept from one message to the
	 * next, until an option is set; files that change meanwhile are not
	 * noticed */
	CARDSEAL_BATCH,
	/* An address that the mail goes to, whatever its header says; those
	 * that To and Cc do not name are served like Bcc. Repeatable, and may
	 * be the name of a local user, for whom there is no certificate;
	 * "header": those of the header, whatever files are given. */
	CARDSEAL_ENVELOPE,
	/* making messages, again */
	CARDSEAL_TIMESTAMP_URL, /* have signatures time-stamped there */
	/* rewrapping: what opens the message, beside the agent's keys */
	CARDSEAL_OPEN_PASSWORD_FILE,
	CARDSEAL_OPEN_KEK_FILE,
	/* signing and encrypting */
	CARDSEAL_COMPRESS, /* "1": compress before (RFC 3274) */
	/* judging, once more */
	CARDSEAL_OCSP,	/* file with an OCSP answer; repeatable */
	CARDSEAL_FETCH, /* "off", "public" or "all": what may be fetched */
	/* signing: "sha256" ... "sha512"; default: what suits the key. A key
	 * that cannot sign with it is an error. */
	CARDSEAL_DIGEST,
	/* signing: RFC 2634. "1": what ENCRYPT encrypted is signed again */
	CARDSEAL_TRIPLE,
	/* "all", "first-tier" (whom no mailing list stands between), or the
	 * address of somebody who shall send a signed receipt; addresses
	 * repeat */
	CARDSEAL_RECEIPT_REQUEST,
	CARDSEAL_RECEIPT_TO, /* where receipts go; repeatable; default: the
				sender */
	/* requesting certificates */
	CARDSEAL_SUBJECT, /* RFC 4514: "CN=Alice,O=Example" */
	CARDSEAL_EMAIL,	  /* an address; repeatable */
	CARDSEAL_USAGE,	  /* "sign", "encrypt" or "both"; default: the
			     authority's choice */
	/* "POLICY" or "POLICY:CLASS": the security label of what is signed.
	 * POLICY: dotted, or named in labels.conf; CLASS: 0 to 256, or a name
	 * of the policy's, else "unmarked", "unclassified", "restricted",
	 * "confidential", "secret", "top-secret" */
	CARDSEAL_LABEL,
	CARDSEAL_PRIVACY_MARK,	   /* text of the label, UTF-8 */
	CARDSEAL_LABEL_CATEGORY,   /* "OID:HEX": type, value in DER;
				      repeatable */
	CARDSEAL_EQUIVALENT_LABEL, /* as LABEL, of other policies; repeatable */
	/* finding recipients: "yes" or "no": ask the directories and the DNS,
	 * as cardseal.conf has them, for certificates that are not at hand */
	CARDSEAL_LOOKUP,
	CARDSEAL_KEEP, /* "1": cardseal_certificates_find puts what it found
			  into the store */
	/* receipts: "auto" (default: as the message was), "always", "never" */
	CARDSEAL_RECEIPT_ENCRYPT,
	/* making mails, with HEADERS "hide": "yes" or "no": the text begins
	 * with what is hidden outside, for older programs (RFC 9788);
	 * default: as cardseal.conf has it, else "yes" */
	CARDSEAL_LEGACY_DISPLAY,
};

/* NULL: no memory. */
struct cardseal_job *cardseal_job_new(void);
void cardseal_job_free(struct cardseal_job *job);
/* Options that repeat are added; others are replaced; value NULL unsets. A
 * value that is not allowed: the USAGE class. */
int cardseal_job_set(
    struct cardseal_job *job, enum cardseal_option option, const char *value);
/* About the last failure: its code (0: none), a line for a person. */
int cardseal_job_get_code(const struct cardseal_job *job);
const char *cardseal_job_get_error(const struct cardseal_job *job);
/* Warnings of the last operation, one line each; NULL behind the last. */
const char *cardseal_job_get_warning(const struct cardseal_job *job, size_t i);
/* Notes of the last operation (which key was chosen and why). */
const char *cardseal_job_get_note(const struct cardseal_job *job, size_t i);

struct cardseal_signer {
	const char *certificate_sha256; /* hex; "": it was not found */
	const char *certificate_sha1;
	const char *subject;   /* RFC 4514 */
	const char *addresses; /* separated by ", "; none with one inside */
	const char *key_type;  /* "RSA-2048", "P-256" ... */
	const char *digest;    /* "sha256" ... */
	int64_t signing_time;  /* seconds since 1970, as it says; 0: it does
				  not */
	int64_t not_after;     /* of the certificate */
	const char *pem;       /* the certificate */
	/* Judged ones: 0, or the code of what is wrong first; its text. */
	int integrity; /* does it fit content and key? */
	int code;      /* 0: it does, and is trusted */
	const char *text;
};

/* Who signed what the last operation made; NULL behind the last. */
const struct cardseal_signer *cardseal_job_get_signer(
    const struct cardseal_job *job, size_t i);

/* --- where messages come from and go to --- */

struct cardseal_input;
struct cardseal_output;

/* "-" or NULL: standard input. NULL: see cardseal_job_get_error. */
struct cardseal_input *cardseal_input_open(
    struct cardseal_job *job, const char *path);
/* The descriptor stays the caller's. */
struct cardseal_input *cardseal_input_fd(struct cardseal_job *job, int fd);
/* The memory stays the caller's and must outlive the input. */
struct cardseal_input *cardseal_input_memory(
    struct cardseal_job *job, const void *p, size_t len);
/* read gives up to len bytes, 0 at the end, negative to fail. */
struct cardseal_input *cardseal_input_function(struct cardseal_job *job,
    int64_t (*read)(void *ctx, void *p, size_t len), void *ctx);
void cardseal_input_free(struct cardseal_input *in);

/*
 * A file is written beside its target and renamed when all is well; "-" or
 * NULL: standard output.
 */
struct cardseal_output *cardseal_output_open(
    struct cardseal_job *job, const char *path);
struct cardseal_output *cardseal_output_fd(struct cardseal_job *job, int fd);
/* write takes all of it and returns 0, or fails with a negative number. */
struct cardseal_output *cardseal_output_function(struct cardseal_job *job,
    int (*write)(void *ctx, const void *p, size_t len), void *ctx);
/* What was not finished by a successful operation is removed. */
void cardseal_output_free(struct cardseal_output *out);

/* --- operations --- */

struct cardseal_verdict;

/* Signs the message of in with the chosen key or keys. */
int cardseal_sign(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out);
/*
 * Writes the signed message of in with the chosen keys' signatures beside
 * those that it has, or as countersignatures on them. Its content and other
 * signatures stay what they are, and must be good. content: as below.
 */
int cardseal_add_signer(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out);
int cardseal_countersign(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out);
/*
 * Judges a signed message. content (may be NULL) holds the content of a
 * detached CMS signature. out (may be NULL) gets the signed bytes, when at
 * least their integrity is good. A verdict comes with every message that
 * could be read, good, bad or without a signature, for the caller to free;
 * the result is the verdict's code. What is withheld for its security label
 * (labels.conf) is not let out, with the code LABEL.
 */
int cardseal_verify(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out,
    struct cardseal_verdict **verdict);
/* Encrypts to the recipients given, or to those of the message's header. */
int cardseal_encrypt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out);
/* Opens an encrypted message; out gets the content. Verdict as above. */
int cardseal_decrypt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict);
/*
 * Adds the recipients given to an encrypted message, whose content stays as it
 * is, octet for octet. The verdict is that of opening it, for the caller to
 * free; nothing is written unless it could be opened.
 */
int cardseal_rewrap(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict);

/*
 * Reads any mail, or CMS message, at any nesting: opens every layer, judges
 * all of it, and lets out (NULL: only judges) the entity inside, byte for
 * byte as it was signed or encrypted, without the header outside. What is not
 * covered by a signature is never mixed into what is. Verdict as above; a
 * mail that is not signed has the result 0.
 */
int cardseal_read(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict);

/*
 * Writes the signed receipt (RFC 2634) that the message of in asks for, as a
 * mail to whom it names; nothing is sent. Only for a message that is verified,
 * and only where it asks the holder of the chosen key: else the REFUSED
 * class. The verdict is that of reading the message, for the caller to free.
 */
int cardseal_receipt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict);
/*
 * Judges a signed receipt, and whether it is for the message that was sent.
 * The verdict, for the caller to free, is the receipt's; the result its code.
 */
int cardseal_receipt_match(struct cardseal_job *job,
    struct cardseal_input *sent, struct cardseal_input *in,
    struct cardseal_verdict **verdict);

/* --- verdicts --- */

void cardseal_verdict_free(struct cardseal_verdict *verdict);
int cardseal_verdict_get_code(const struct cardseal_verdict *verdict);
/* One sentence. */
const char *cardseal_verdict_get_summary(
    const struct cardseal_verdict *verdict);
/* Lines for a person; with details if verbose is not 0. */
const char *cardseal_verdict_get_text(
    struct cardseal_verdict *verdict, int verbose);
/* doc/verdict.schema.json describes it. "" without memory, and where texts are
 * translated (cardseal_translate). */
const char *cardseal_verdict_get_json(struct cardseal_verdict *verdict);
/* The signers of all layers, countersigners left out; NULL behind the last. */
const struct cardseal_signer *cardseal_verdict_get_signer(
    struct cardseal_verdict *verdict, size_t i);

/*
 * Writes the signers' certificates and those of their paths as CMS without a
 * signature (RFC 8551 3.8). None was found: the BAD class.
 */
int cardseal_verdict_write_certificates(struct cardseal_job *job,
    const struct cardseal_verdict *verdict, struct cardseal_output *out);

/* --- certificates --- */

struct cardseal_path;

/*
 * Judges the first certificate of a file (PEM, DER or PKCS#7; "-" is standard
 * input) by RFC 5280 6; the others in it help to find a path. What was found
 * comes with every certificate that could be read, for the caller to free;
 * the result is its code.
 */
int cardseal_certificate_verify(
    struct cardseal_job *job, const char *file, struct cardseal_path **path);
void cardseal_path_free(struct cardseal_path *path);
/* Lines for a person; with the steps if verbose is not 0. */
const char *cardseal_path_get_text(struct cardseal_path *path, int verbose);
/* doc/path.schema.json describes it. "" as above. */
const char *cardseal_path_get_json(struct cardseal_path *path);

/*
 * Adds the certificates of a bundle (PEM, DER, PKCS#7) to the user's trust
 * anchors, if sha256, hex, is the file's; with NULL the error tells it.
 */
int cardseal_anchors_install(struct cardseal_job *job, const char *file,
    const char *sha256, size_t *added);

/* The store of correspondents' certificates, in the user's data folder. */
struct cardseal_certificate {
	const char *sha256; /* fingerprints, hex */
	const char *sha1;
	const char *subject;
	const char *issuer;
	const char *serial;    /* hex */
	const char *type;      /* "RSA-2048", "P-256" ... */
	const char *addresses; /* separated by ", " */
	const char *pem;
	const char *source;	     /* "import", "mail", or "": not stored */
	const char *encrypt_refused; /* "", or why not to be encrypted to */
	int64_t not_before;	     /* seconds since 1970 */
	int64_t not_after;
	int64_t added;
};

struct cardseal_certificates;
/* Puts all certificates of a file into the store; *added tells how many were
 * not there. All or none. */
int cardseal_certificates_import(
    struct cardseal_job *job, const char *file, size_t *added);
/* which: a fingerprint or an address; NULL: all. */
int cardseal_certificates_get(struct cardseal_job *job, const char *which,
    struct cardseal_certificates **list);
int cardseal_certificates_remove(
    struct cardseal_job *job, const char *which, size_t *removed);
/* Those of a file (PEM, DER, PKCS#7; "-" is standard input). */
int cardseal_certificates_load(struct cardseal_job *job, const char *file,
    struct cardseal_certificates **list);
/* The one that a message to address would be encrypted to; CARDSEAL_LOOKUP and
 * CARDSEAL_KEEP hold. */
int cardseal_certificates_find(struct cardseal_job *job, const char *address,
    struct cardseal_certificates **list);
void cardseal_certificates_free(struct cardseal_certificates *list);
size_t cardseal_certificates_get_len(const struct cardseal_certificates *list);
const struct cardseal_certificate *cardseal_certificates_get_item(
    const struct cardseal_certificates *list, size_t i);

/* --- keys and the agent --- */

struct cardseal_key {
	const char *key_id; /* SHA-256 of the public key, hex */
	const char *uri;    /* RFC 7512 */
	const char *token_uri;
	const char *token_label;
	const char *label;
	const char *role; /* "9c" ... or "" */
	const char *type; /* "RSA-2048", "P-256" ... */
	int can_sign;	  /* what the token lets the key do */
	int can_decrypt;
	int always_authenticate; /* asks for the PIN each time */
	int is_present;		 /* the private key itself was seen */
	/* of its certificate; "" and 0 when there is none */
	const char *certificate_sha256;
	const char *certificate_sha1;
	const char *subject;
	const char *issuer;
	const char *serial;    /* hex */
	const char *addresses; /* separated by ", " */
	int64_t not_before;    /* seconds since 1970 */
	int64_t not_after;
	const char *pem;
	const char *sign_refused;    /* "", or why it may not sign mail now */
	const char *encrypt_refused; /* "", or why not to be encrypted to */
};

/*
 * A key with several certificates stands once for each. In the order in which
 * they are preferred for signing: PIV's 9C first and 9A last, otherwise the
 * latest certificate; those without certificate at the end.
 */
struct cardseal_keys;
int cardseal_keys_get(struct cardseal_job *job, struct cardseal_keys **keys);
void cardseal_keys_free(struct cardseal_keys *keys);
size_t cardseal_keys_get_len(const struct cardseal_keys *keys);
const struct cardseal_key *cardseal_keys_get_key(
    const struct cardseal_keys *keys, size_t i);

#define CARDSEAL_KEY_ID_SIZE 65
/*
 * Makes a key pair on the token, where it allows that. token: as below. type:
 * "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521" or "ed25519".
 * label may be NULL.
 * key_id: SHA-256 of the public key, hex; "" after a failure. The agent asks
 * for consent, and for the PIN; nothing is left of what failed. READ_ONLY and
 * MECHANISM: the token takes nothing, or no such key.
 */
int cardseal_key_generate(struct cardseal_job *job, const char *token,
    const char *type, const char *label, char key_id[CARDSEAL_KEY_ID_SIZE]);
struct cardseal_imported {
	const char *key_id; /* SHA-256 of the public key, hex */
	int key_is_new;	    /* 0: the token had it */
	int certificate_is_new;
};
/*
 * Puts the private keys of a PKCS #12 file ("-" is standard input), RSA and EC
 * on P-256, P-384 or P-521, with their certificates onto the token; token as
 * below. CARDSEAL_PASSWORD_FILE has the file's password; without it, it is
 * asked for on the controlling terminal if the file has one. Neither key nor
 * password comes into this process: cardseal-p12(8) has them.
 *
 * key (may be NULL) is called with each key; a negative result ends that and is
 * returned. What it is given is borrowed for the call. Nothing that is on the
 * token is written over. PASSWORD: it is wrong, or missing; ENCODING: it is no
 * such file; NO_PRIVATE_KEY; ALGORITHM: an encryption or a kind of key that is
 * not known; TOO_LARGE: also if trying the password takes seconds; CANCELLED;
 * READ_ONLY, MECHANISM: the token takes nothing, or no such key; WORKER:
 * cardseal-p12 cannot be run. A file with many keys goes to the token in
 * several steps, each whole or not at all; key was called for those that were
 * done.
 */
int cardseal_keys_import(struct cardseal_job *job, const char *file,
    const char *token,
    int (*key)(void *ctx, const struct cardseal_imported *key), void *ctx);
/*
 * Writes a PKCS #10 request (RFC 2986) for the key that CARDSEAL_KEY means,
 * signed by it, with CARDSEAL_SUBJECT and CARDSEAL_EMAIL: PEM, or DER with
 * CARDSEAL_DER. CARDSEAL_PSS and CARDSEAL_DIGEST hold.
 */
int cardseal_certificate_request(
    struct cardseal_job *job, struct cardseal_output *out);
/*
 * Puts the certificates of a file ("-" is standard input) beside their keys:
 * those of the token (NULL: of all), or the one that CARDSEAL_KEY means. The
 * file's others are passed over; NO_KEY: there is no key for any. *installed
 * tells how many were not there already. Self-signed ones for the same key,
 * which tools make as place-holders, go from the token.
 */
int cardseal_certificate_install(struct cardseal_job *job, const char *file,
    const char *token, size_t *installed);

struct cardseal_token {
	const char *uri;
	const char *label;
	const char *serial;
	const char *manufacturer;
	const char *model;
	const char *module;
	const char *reader;
	int needs_login;
	int is_unlocked;
	int has_pinpad;
	int is_pin_locked;
	int is_final_try;
	int is_count_low;
	int tries_left; /* -1: not known */
	/* The token takes the padding off what RSA decrypts, by itself: what
	 * its timing and errors tell is not in our hands. */
	int has_own_unpadding;
};

struct cardseal_module {
	const char *name;
	const char *path;
	const char *state; /* "starting", "ready", "failed", "restarting" */
	uint32_t pid;
	uint32_t restarts;
	const char *last_error; /* "" when there was none */
};

struct cardseal_status;
int cardseal_status_get(
    struct cardseal_job *job, struct cardseal_status **status);
void cardseal_status_free(struct cardseal_status *status);
const char *cardseal_status_get_version(const struct cardseal_status *status);
uint32_t cardseal_status_get_pid(const struct cardseal_status *status);
int64_t cardseal_status_get_started(const struct cardseal_status *status);
unsigned cardseal_status_get_clients(const struct cardseal_status *status);
const char *cardseal_status_get_socket(const struct cardseal_status *status);
size_t cardseal_status_get_tokens_len(const struct cardseal_status *status);
const struct cardseal_token *cardseal_status_get_token(
    const struct cardseal_status *status, size_t i);
size_t cardseal_status_get_modules_len(const struct cardseal_status *status);
const struct cardseal_module *cardseal_status_get_module(
    const struct cardseal_status *status, size_t i);

/* token: RFC 7512 URI, label or serial; NULL: the only one. */
int cardseal_unlock(struct cardseal_job *job, const char *token);
/* NULL: all. Wipes PINs and ends the tokens' logins. */
int cardseal_lock(struct cardseal_job *job, const char *token);

/* token: RFC 7512 URI, label or serial; NULL: the only one. The agent asks for
 * the old PIN, or the PUK (or SO PIN), and for the new one. */
int cardseal_pin_change(struct cardseal_job *job, const char *token);
int cardseal_pin_unblock(struct cardseal_job *job, const char *token);

/* What the agent tells unasked; text may be empty. */
struct cardseal_event {
	/* "tokenInserted", "tokenRemoved", "unlocked", "locked", "keyUsed",
	 * "workerRestarted", "touchWanted"; "": a newer agent's */
	const char *kind;
	const char *token_uri;
	const char *key_id; /* hex */
	const char *text;
};
/* Calls event with each from now on, until the agent ends it, or a result
 * other than 0: positive with success, negative with that code. */
int cardseal_events(struct cardseal_job *job,
    int (*event)(void *ctx, const struct cardseal_event *event), void *ctx);

struct cardseal_log_report {
	uint64_t records;     /* that are there */
	uint64_t first, last; /* their numbers */
	uint64_t lost;	      /* that the agent could not write */
	char hash[65];	      /* of the last one */
};
/*
 * Reads the audit log of this user's agent, oldest record first, and verifies
 * it: a record that was changed, left out or put in is error LOG, which names
 * file and line, after all records were read. json is one record, without
 * line end; a negative result ends it. record and report may be NULL.
 */
int cardseal_log_read(struct cardseal_job *job,
    int (*record)(void *ctx, const char *json), void *ctx,
    struct cardseal_log_report *report);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
