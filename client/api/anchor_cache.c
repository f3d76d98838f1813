/*
 * What was made of many trust anchors, kept in the cache folder, so that a
 * start decodes those only that it needs (anchor_index.h).
 *
 * A file of it: a line, the SHA-256 of all that follows, 32 octets that say
 * what it was made from, an octet (did that work?), the index.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asn1/alg/digest.h"
#include "client/api/job.h"
#include "client/cms/output.h"
#include "client/pkix/file.h"

#define CACHE_MAGIC "cardseal anchors 2\n"
#define CACHE_MAX ((size_t)64 << 20)
#define HEADER_LEN (sizeof(CACHE_MAGIC) - 1 + 2 * ANCHOR_KEY_LEN + 1)
/* A smaller file is decoded as soon as its index is found. */
#define OWN_LEN_MIN 16384
/* A file that changed less than these seconds ago may change again without
 * another time. */
#define OWN_SETTLED_S 2

/* Appended, with a NUL. */
static int
cache_path(struct buf *path, const char *name)
{
	if (!pkix_add_xdg_folder(path, "XDG_CACHE_HOME", "/.cache"))
		return -CS_ERR_NO_FILE;
	buf_printf(path, "/cardseal/%s", name);
	return buf_add_byte(path, '\0');
}

/* How old it is, in seconds; -1: it is none that we have written. Where the
 * cache folder is not the user's alone, anybody could put anchors there. */
static int64_t
cache_get_age(int fd)
{
	struct stat st;
	time_t now = time(NULL);

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())
		return -1;
	return st.st_mtime <= now ? (int64_t)(now - st.st_mtime) : -1;
}

/* Is it whole, and made from that? */
static bool
cache_fits(struct bytes in, const uint8_t *key)
{
	static const struct bytes magic = BYTES_LIT(CACHE_MAGIC);
	uint8_t hash[DIGEST_LEN_MAX];
	struct bytes told;

	if (in.len < HEADER_LEN ||
	    !bytes_is_equal(bytes_of(in.p, magic.len), magic))
		return false;
	bytes_skip(&in, magic.len);
	told = bytes_of(in.p, ANCHOR_KEY_LEN);
	bytes_skip(&in, ANCHOR_KEY_LEN);
	digest_of(ALG_SHA256, in, hash);
	return bytes_is_equal(told, bytes_of(hash, ANCHOR_KEY_LEN)) &&
	       bytes_is_equal(bytes_of(in.p, ANCHOR_KEY_LEN),
		   bytes_of(key, ANCHOR_KEY_LEN));
}

static int
cache_read(const char *path, const uint8_t *key, struct anchor_cached *c)
{
	int fd, r = pkix_file_open_opt(path, &fd, NULL);

	if (r != 0 || fd < 0)
		return -CS_ERR_NO_FILE;
	c->age_s = cache_get_age(fd);
	c->octets.max = CACHE_MAX;
	r = c->age_s >= 0 ? pkix_fd_read(&c->octets, fd, path, NULL)
			  : -CS_ERR_NO_FILE;
	close(fd);
	if (r == 0 && !cache_fits(buf_get(&c->octets), key))
		r = -CS_ERR_NO_FILE;
	if (r == 0)
		c->has_worked = c->octets.data[HEADER_LEN - 1] == 1;
	return r == 0 || r == -CS_ERR_NO_MEMORY ? r : -CS_ERR_NO_FILE;
}

int
anchor_cache_read(const char *name, const uint8_t *key, struct anchor_cached *c)
{
	struct buf path = {0};
	int r = cache_path(&path, name);

	*c = (struct anchor_cached){.skip = HEADER_LEN};
	if (r == 0)
		r = cache_read((const char *)path.data, key, c);
	if (r != 0)
		buf_clear(&c->octets);
	buf_clear(&path);
	return r;
}

/* Without it everything works, and takes longer. What is no regular file would
 * be written through, and a FIFO waited for. */
static void
cache_write(const char *path, struct bytes octets)
{
	struct output *out = NULL;
	struct stat st;

	if ((lstat(path, &st) != 0 || S_ISREG(st.st_mode)) &&
	    pkix_make_folders(path, NULL) == 0 &&
	    output_open(path, &out, NULL) == 0 &&
	    sink_write(output_get_sink(out), octets, NULL) == 0 &&
	    output_commit(out, NULL) != 0)
		(void)unlink(path);
	output_free(out);
}

void
anchor_cache_write(const char *name, const uint8_t *key, bool has_worked,
    const struct cert_set *certs, const struct cert_set *unmarked)
{
	struct buf path = {0}, b = {.max = CACHE_MAX};
	uint8_t hash[DIGEST_LEN_MAX] = {0};
	size_t at = sizeof(CACHE_MAGIC) - 1;

	buf_add_str(&b, CACHE_MAGIC);
	buf_add(&b, hash, ANCHOR_KEY_LEN);
	buf_add(&b, key, ANCHOR_KEY_LEN);
	buf_add_byte(&b, has_worked);
	if (cache_path(&path, name) == 0 &&
	    anchor_index_encode(&b, certs, unmarked) == 0) {
		digest_of(ALG_SHA256,
		    bytes_of(b.data + at + ANCHOR_KEY_LEN,
			b.len - at - ANCHOR_KEY_LEN),
		    hash);
		memcpy(b.data + at, hash, ANCHOR_KEY_LEN);
		cache_write((const char *)path.data, buf_get(&b));
	}
	buf_clear(&path);
	buf_clear(&b);
}

/* --- the files that people put there --- */

struct own_load {
	struct cert_set *anchors;
	struct anchor_index *index;
	unsigned seen; /* files */
};

static bool
own_get_key(const char *path, uint8_t *key, bool *is_settled)
{
	struct buf b = {0};
	struct stat st;
	int r;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size < OWN_LEN_MIN)
		return false;
	buf_printf(&b, "%s %llu %llu %lld %lld.%09ld %lld.%09ld", path,
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
	    (long long)st.st_size, (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
	    st.st_ctim.tv_nsec);
	r = b.err;
	if (r == 0)
		digest_of(ALG_SHA256, buf_get(&b), key);
	buf_clear(&b);
	*is_settled = time(NULL) - st.st_ctim.tv_sec >= OWN_SETTLED_S;
	return r == 0;
}

/* Loads the file, and keeps what it holds if it stayed the same meanwhile. */
static int
own_load_afresh(struct own_load *load, const char *path, const char *name,
    const uint8_t *key, struct err *e)
{
	struct cert_set *certs = cert_set_new();
	uint8_t now[DIGEST_LEN_MAX];
	bool is_settled = false;
	int r = certs != NULL ? cert_set_add_file_opt(certs, path, e)
			      : -CS_ERR_NO_MEMORY;

	if (r == 0 && own_get_key(path, now, &is_settled) && is_settled &&
	    bytes_is_equal(
		bytes_of(now, ANCHOR_KEY_LEN), bytes_of(key, ANCHOR_KEY_LEN)))
		anchor_cache_write(name, key, true, certs, NULL);
	if (r == 0)
		r = cert_set_add_all(load->anchors, certs);
	cert_set_free(certs);
	return r;
}

static int
own_load_file(void *ctx, const char *path, struct err *e)
{
	static const char *const names[] = {"own-anchors", "site-anchors"};
	struct own_load *load = ctx;
	const char *name = names[load->seen++ % 2];
	uint8_t key[DIGEST_LEN_MAX];
	struct anchor_cached c;
	bool is_settled;
	int r;

	if (!own_get_key(path, key, &is_settled))
		return cert_set_add_file_opt(load->anchors, path, e);
	r = anchor_cache_read(name, key, &c);
	if (r == 0)
		r = anchor_index_add(load->index, &c.octets, c.skip, false);
	buf_clear(&c.octets);
	return r == 0 || r == -CS_ERR_NO_MEMORY
		   ? r
		   : own_load_afresh(load, path, name, key, e);
}

int
own_anchors_load(
    struct cert_set *anchors, struct anchor_index *index, struct err *e)
{
	struct own_load load = {.anchors = anchors, .index = index};

	return anchors_walk_files(own_load_file, &load, e);
}
