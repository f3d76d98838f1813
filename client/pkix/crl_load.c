/*
 * The entries of a list: read once to be indexed, then one at a time. The
 * list may be far larger than what we want to hold, so the index has 32 bits
 * of a keyed hash of the serial number and 32 bits of offset per entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/general_name.h"
#include "client/pkix/hash.h"

#define LOAD_WINDOW ((size_t)64 << 10)
#define INDEX_CAP_MIN 64
#define REASON_MAX 10

struct crl_load {
	struct crl *crl;
	struct digest *digest; /* NULL: the scheme has none */
	uint8_t *window;
	size_t window_len;
	uint64_t window_at; /* in the source */
	uint64_t next;	    /* the next octet to read */
	size_t index_cap, turns_cap;
	uint64_t issuer_hash; /* of the certificates listed now */
};

static void
crl_spoil(struct crl *crl, int code)
{
	if (crl->unusable[0] == '\0')
		snprintf(crl->unusable, sizeof(crl->unusable),
		    say("it cannot be read: %s"), err_text(code));
}

/* One past the 32 bits would be a list over CRL_LEN_MAX. issuer_hash is 0 in
 * direct lists. */
static uint64_t
index_entry(struct bytes serial, uint64_t issuer_hash, uint64_t offset)
{
	return (pkix_hash(serial) ^ issuer_hash) << 32 | (offset & UINT32_MAX);
}

static int
index_add(struct crl_load *load, uint64_t entry)
{
	struct crl *crl = load->crl;
	size_t cap = load->index_cap;
	uint64_t *index;

	if (crl->index_len == cap) {
		cap = cap != 0 ? cap * 2 : INDEX_CAP_MIN;
		index = realloc(crl->index, cap * sizeof(*index));
		if (index == NULL)
			return -CS_ERR_NO_MEMORY;
		crl->index = index;
		load->index_cap = cap;
	}
	crl->index[crl->index_len++] = entry;
	return 0;
}

static int
index_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* From that entry on certificates of another issuer are listed. */
static int
turns_add(struct crl_load *load, uint64_t offset)
{
	struct crl *crl = load->crl;
	size_t cap = load->turns_cap;
	uint32_t *turns;

	if (crl->turns_len == cap) {
		cap = cap != 0 ? cap * 2 : INDEX_CAP_MIN;
		turns = realloc(crl->turns, cap * sizeof(*turns));
		if (turns == NULL)
			return -CS_ERR_NO_MEMORY;
		crl->turns = turns;
		load->turns_cap = cap;
	}
	crl->turns[crl->turns_len++] = (uint32_t)offset;
	return 0;
}

/* An entry of a list, borrowed from it. */
struct crl_entry {
	struct bytes serial;
	struct bytes issuer; /* certificateIssuer's Name; empty: as before */
	int64_t revoked_at;
	int reason;
};

/* The directory name among the GeneralNames. */
static struct bytes
get_issuer(struct der *value)
{
	struct der names = der_enter(value, DER_SEQUENCE);
	struct bytes issuer = BYTES_NONE;
	struct general_name name;

	while (der_has_more(&names)) {
		der_get_general_name(&names, &name);
		if (name.type == GN_DIRECTORY && issuer.len == 0)
			issuer = name.value;
	}
	der_leave(value, &names);
	if (der_end(value) != 0 || name_check(issuer, NULL) != 0)
		return BYTES_NONE;
	return issuer;
}

/* The extensions of one entry; every critical one must be understood. */
static int
entry_extensions(struct crl *crl, struct der *d, struct crl_entry *entry)
{
	struct der list, in, value;
	struct bytes raw;
	enum oid oid;
	bool is_critical;
	char name[OID_TEXT_MAX];

	list = der_enter(d, DER_SEQUENCE);
	while (der_has_more(&list)) {
		in = der_enter(&list, DER_SEQUENCE);
		oid = der_get_known_oid(&in, &raw);
		is_critical = der_peek(&in) == DER_BOOLEAN && der_get_bool(&in);
		value = der_enter(&in, DER_OCTET_STRING);
		if (der_end(&in) != 0)
			return der_fail(&list, in.err);
		if (oid == OID_CE_REASON_CODE) {
			entry->reason = (int)der_get_uint_tag(
			    &value, DER_ENUMERATED, REASON_MAX);
			if (der_end(&value) != 0)
				return der_fail(&list, value.err);
			continue;
		}
		if (oid == OID_CE_CERTIFICATE_ISSUER &&
		    crl->scope.is_indirect) {
			entry->issuer = get_issuer(&value);
			if (entry->issuer.len == 0)
				return der_fail(&list, -CS_ERR_ENCODING);
			continue;
		}
		if (!is_critical || crl->unusable[0] != '\0' ||
		    oid == OID_CE_INVALIDITY_DATE)
			continue;
		if (oid == OID_CE_CERTIFICATE_ISSUER)
			snprintf(crl->unusable, sizeof(crl->unusable),
			    say("it lists certificates of other issuers and "
				"does "
				"not say that it is indirect"));
		else
			snprintf(crl->unusable, sizeof(crl->unusable),
			    say("an entry has the critical extension %.100s, "
				"which is not understood"),
			    oid_describe(name, sizeof(name), raw));
	}
	return der_end(&list);
}

/* Takes an entry whole, gives its serial number. */
static int
entry_decode(struct crl *crl, struct bytes element, struct crl_entry *entry)
{
	struct der d, in;
	struct bytes date;
	int tag;

	*entry = (struct crl_entry){.reason = 0};
	der_init(&d, element);
	in = der_enter(&d, DER_SEQUENCE);
	entry->serial = der_get_integer(&in);
	tag = der_peek(&in);
	if (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME)
		return der_fail(&in, -CS_ERR_ENCODING);
	date = der_get(&in, tag);
	/* A date that is no date revokes all the same. */
	if (time_decode(tag, date, &entry->revoked_at) != 0)
		entry->revoked_at = 0;
	if (der_has_more(&in) && entry_extensions(crl, &in, entry) != 0)
		return -CS_ERR_ENCODING;
	return der_end(&in);
}

/* Reads on, keeps what was not yet used. */
static int
window_fill(struct crl_load *load, uint64_t used_to, uint64_t end)
{
	size_t keep = (size_t)(load->window_at + load->window_len - used_to);
	size_t room = LOAD_WINDOW - keep;
	uint64_t left = end - load->next;
	size_t want = left < room ? (size_t)left : room;
	int r;

	memmove(load->window, load->window + load->window_len - keep, keep);
	r = crl_source_read(
	    load->crl->source, load->next, load->window + keep, want);
	if (r != 0)
		return r;
	if (load->digest != NULL)
		digest_write(load->digest, bytes_of(load->window + keep, want));
	load->window_at = used_to;
	load->window_len = keep + want;
	load->next += want;
	return 0;
}

/* The length of the element at the front of the window; 0: not all there. */
static int
element_len(const struct crl_load *load, uint64_t at, size_t *len)
{
	const uint8_t *p = load->window + (at - load->window_at);
	size_t left = (size_t)(load->window_at + load->window_len - at);
	size_t header = 2, n;

	*len = 0;
	if (left < 4)
		return 0;
	n = p[1];
	if (p[1] == 0x81) {
		header = 3;
		n = p[2];
	} else if (p[1] == 0x82) {
		header = 4;
		n = (size_t)p[2] << 8 | p[3];
	} else if (p[1] >= 0x80) {
		return -CS_ERR_TOO_LARGE;
	}
	if (header + n > CRL_ENTRY_MAX)
		return -CS_ERR_TOO_LARGE;
	*len = header + n <= left ? header + n : 0;
	return 0;
}

static int
load_entry(struct crl_load *load, uint64_t at, size_t len)
{
	struct crl *crl = load->crl;
	uint64_t offset = at - crl->entries.at;
	struct crl_entry entry;
	int r;

	r = entry_decode(
	    crl, bytes_of(load->window + (at - load->window_at), len), &entry);
	if (r == 0 && entry.issuer.len != 0) {
		r = pkix_hash_name(entry.issuer, &load->issuer_hash);
		if (r == 0)
			r = turns_add(load, offset);
	}
	if (r != 0)
		return r;
	return index_add(
	    load, index_entry(entry.serial, load->issuer_hash, offset));
}

static int
load_entries(struct crl_load *load)
{
	struct crl *crl = load->crl;
	uint64_t at = crl->entries.at, end = at + crl->entries.len;
	uint64_t tbs_end = crl->tbs.at + crl->tbs.len;
	size_t len;
	int r = 0;

	while (r == 0 && at < end) {
		r = element_len(load, at, &len);
		if (r != 0)
			break;
		if (len == 0 && load->next == tbs_end)
			return -CS_ERR_TRUNCATED;
		if (len == 0) {
			r = window_fill(load, at, tbs_end);
			continue;
		}
		if (len > end - at)
			return -CS_ERR_ENCODING;
		r = load_entry(load, at, len);
		at += len;
	}
	return r;
}

static int
load_run(struct crl_load *load)
{
	struct crl *crl = load->crl;
	uint64_t end = crl->tbs.at + crl->tbs.len;
	int r;

	load->next = load->window_at = crl->tbs.at;
	r = window_fill(load, crl->tbs.at, end);
	/* The head may be longer than the window. */
	while (r == 0 && load->next < end && load->next < crl->entries.at)
		r = window_fill(load, load->next, end);
	if (r == 0)
		r = load_entries(load);
	while (r == 0 && load->next < end)
		r = window_fill(load, load->next, end);
	return r;
}

int
crl_load(struct crl *crl)
{
	struct crl_load load = {.crl = crl};
	struct sig_scheme scheme;
	struct bytes hash;
	int r = 0;

	if (crl->is_loaded)
		return 0;
	crl->is_loaded = true;
	if (crl->scope.is_indirect)
		load.issuer_hash = crl->issuer_hash;
	/* An algorithm that is not known shows in crl_verify. */
	if (sig_scheme_decode(&crl->signature_alg, ALG_NONE, &scheme, NULL) ==
		0 &&
	    !sig_scheme_is_pure(&scheme)) {
		load.digest = digest_new(scheme.digest);
		if (load.digest == NULL)
			r = -CS_ERR_NO_MEMORY;
	}
	load.window = malloc(LOAD_WINDOW);
	if (load.window == NULL)
		r = -CS_ERR_NO_MEMORY;
	if (r == 0)
		r = load_run(&load);
	if (r == 0 && load.digest != NULL) {
		hash = digest_get(load.digest, scheme.digest);
		memcpy(crl->digest, hash.p, hash.len);
		crl->digest_len = hash.len;
	}
	digest_free(load.digest);
	free(load.window);
	if (r == 0 && crl->index_len != 0)
		qsort(crl->index, crl->index_len, sizeof(*crl->index),
		    index_compare);
	if (r == -CS_ERR_NO_MEMORY) {
		crl->is_loaded = false;
		crl->index_len = crl->turns_len = 0;
		return r;
	}
	if (r != 0)
		crl_spoil(crl, r);
	return 0;
}

/* The first index entry whose hash is not below. */
static size_t
index_lower(const struct crl *crl, uint64_t least)
{
	size_t low = 0, high = crl->index_len, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (crl->index[mid] < least)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Reads the entry at offset into element; entry borrows from that. */
static int
entry_read(struct crl *crl, uint64_t offset, uint8_t element[CRL_ENTRY_MAX],
    struct crl_entry *entry)
{
	uint64_t left = crl->entries.len - offset;
	struct bytes whole;
	struct der d;
	size_t len = left < CRL_ENTRY_MAX ? (size_t)left : CRL_ENTRY_MAX;
	int r;

	r = crl_source_read(
	    crl->source, crl->entries.at + offset, element, len);
	if (r != 0)
		return r;
	der_init(&d, bytes_of(element, len));
	whole = der_get_raw(&d, DER_SEQUENCE);
	if (whole.len == 0 || entry_decode(crl, whole, entry) != 0)
		return -CS_ERR_CHANGED;
	return 0;
}

/* 1 if the entry at offset is about certificates of that issuer. element is
 * for reading. */
static int
entry_has_issuer(struct crl *crl, uint64_t offset, struct bytes issuer,
    uint8_t element[CRL_ENTRY_MAX])
{
	size_t low = 0, high = crl->turns_len, mid;
	struct crl_entry turn;
	int r;

	if (!crl->scope.is_indirect)
		return 1;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (crl->turns[mid] <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return name_is_equal(crl->issuer, issuer);
	r = entry_read(crl, crl->turns[low - 1], element, &turn);
	return r != 0 ? r : name_is_equal(turn.issuer, issuer);
}

/* What is looked for. */
struct crl_wanted {
	struct bytes issuer, serial;
	uint64_t issuer_hash;
};

/*
 * 1 if the indexed entry is the one wanted. An entry that isn't the one that
 * was indexed tells that the file was overwritten.
 */
static int
entry_match(struct crl *crl, uint64_t indexed, const struct crl_wanted *wanted,
    int64_t *revoked_at, int *reason)
{
	uint8_t element[CRL_ENTRY_MAX];
	uint64_t offset = indexed & UINT32_MAX, hash = wanted->issuer_hash;
	struct crl_entry entry;
	int r = entry_read(crl, offset, element, &entry);

	if (r != 0)
		return r;
	if (!bytes_is_equal(entry.serial, wanted->serial))
		/* A collision of 32 bits; the serial must be another's. */
		return crl->scope.is_indirect || index_entry(entry.serial, hash,
						     offset) == indexed
			   ? 0
			   : -CS_ERR_CHANGED;
	*revoked_at = entry.revoked_at;
	*reason = entry.reason;
	return entry_has_issuer(crl, offset, wanted->issuer, element);
}

int
crl_find(struct crl *crl, struct bytes issuer, uint64_t issuer_hash,
    struct bytes serial, int64_t *revoked_at, int *reason)
{
	struct crl_wanted wanted = {.issuer = issuer,
	    .serial = serial,
	    .issuer_hash = crl->scope.is_indirect ? issuer_hash : 0};
	uint64_t hash = index_entry(serial, wanted.issuer_hash, 0);
	size_t i;
	int r;

	*revoked_at = 0;
	*reason = 0;
	for (i = index_lower(crl, hash);
	     i < crl->index_len && crl->index[i] >> 32 == hash >> 32; i++) {
		r = entry_match(
		    crl, crl->index[i], &wanted, revoked_at, reason);
		if (r < 0)
			crl_spoil(crl, r);
		if (r != 0)
			return r;
	}
	return 0;
}
