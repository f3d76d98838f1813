#include "asn1/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * One mapping per secret: guard page, data pages, guard page. The header
 * stands at the start of the data, the bytes behind it.
 */
struct secret {
	size_t len;
	size_t cap;
	size_t map_len; /* of the data pages */
	bool is_locked;
	uint8_t data[];
};

static size_t
secret_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

struct secret *
secret_new(size_t len)
{
	size_t page = secret_page(), map_len;
	struct secret *s;
	uint8_t *map;

	if (len > SECRET_LEN_MAX)
		return NULL;
	map_len = (sizeof(*s) + len + page - 1) / page * page;
	map = mmap(NULL, map_len + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map + page, map_len, PROT_READ | PROT_WRITE) != 0) {
		munmap(map, map_len + 2 * page);
		return NULL;
	}
	s = (void *)(map + page);
	/* Kernels without one of these still get the others. */
	(void)madvise(s, map_len, MADV_DONTDUMP);
	(void)madvise(s, map_len, MADV_WIPEONFORK);
	s->is_locked = mlock(s, map_len) == 0;
	s->len = s->cap = len;
	s->map_len = map_len;
	return s;
}

struct secret *
secret_new_from(const void *p, size_t len)
{
	struct secret *s = secret_new(len);

	if (s != NULL && len != 0)
		memcpy(s->data, p, len);
	return s;
}

struct secret *
secret_dup(const struct secret *s)
{
	return secret_new_from(s->data, s->len);
}

void
secret_free(struct secret *s)
{
	size_t page, map_len;

	if (s == NULL)
		return;
	page = secret_page();
	map_len = s->map_len;
	mem_wipe(s, map_len);
	(void)munmap((uint8_t *)s - page, map_len + 2 * page);
}

uint8_t *
secret_get(struct secret *s)
{
	return s->data;
}

struct bytes
secret_get_bytes(const struct secret *s)
{
	return bytes_of(s->data, s->len);
}

size_t
secret_get_len(const struct secret *s)
{
	return s->len;
}

void
secret_cut(struct secret *s, size_t len)
{
	if (len >= s->len)
		return;
	mem_wipe(s->data + len, s->cap - len);
	s->len = len;
}

bool
secret_is_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && mem_is_equal_ct(a->data, b->data, a->len);
}

bool
secret_is_locked(const struct secret *s)
{
	return s->is_locked;
}
