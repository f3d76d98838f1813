#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn1/pem.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/file.h"

struct crl_set {
	struct crl **crls;
	size_t len, cap;
	const struct crl_set *base; /* its lists follow; or NULL */
	bool has_base;		    /* though that be NULL */
};

struct crl_set *
crl_set_new(void)
{
	return calloc(1, sizeof(struct crl_set));
}

void
crl_set_free(struct crl_set *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->len; i++)
		crl_free(s->crls[i]);
	free(s->crls);
	free(s);
}

size_t
crl_set_get_len(const struct crl_set *s)
{
	return s != NULL ? s->len + crl_set_get_len(s->base) : 0;
}

void
crl_set_set_base(struct crl_set *s, const struct crl_set *base)
{
	s->base = base;
	s->has_base = true;
}

struct crl *
crl_set_get(const struct crl_set *s, size_t i)
{
	if (s == NULL)
		return NULL;
	return i < s->len ? s->crls[i] : crl_set_get(s->base, i - s->len);
}

bool
crl_set_came_along(const struct crl_set *s, size_t i)
{
	return s->has_base && i < s->len;
}

bool
crl_set_is_admitted(const struct crl_set *s, size_t i, int64_t *this_update,
    int64_t *next_update)
{
	const struct crl *crl = s->crls[i];

	*this_update = crl->this_update;
	*next_update =
	    crl->has_next_update ? crl->next_update : crl->this_update;
	return crl->is_admitted;
}

static int
set_reserve(struct crl_set *s, struct err *e)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 8;
	struct crl **crls;

	if (s->len < s->cap)
		return 0;
	if (s->len >= CRL_SET_MAX)
		return err_set(
		    e, -CS_ERR_TOO_LARGE, "more than %d CRLs", CRL_SET_MAX);
	crls = realloc(s->crls, cap * sizeof(struct crl *));
	if (crls == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->crls = crls;
	s->cap = cap;
	return 0;
}

/* Adds every list of the source, which must end with the last one. */
static int
set_add_source(struct crl_set *s, struct crl_source *source, struct err *e)
{
	uint64_t at = 0;
	struct crl *crl;
	int r = 0;

	if (source == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	do {
		r = set_reserve(s, e);
		if (r == 0)
			r = crl_new(source, at, &crl, &at, e);
		if (r == 0)
			s->crls[s->len++] = crl;
	} while (r == 0 && at < source->len);
	crl_source_free(source);
	return r;
}

int
crl_set_add_der(struct crl_set *s, struct bytes der, struct err *e)
{
	if (der.len > CRL_LEN_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "CRL: larger than %zu bytes", CRL_LEN_MAX);
	return set_add_source(s, crl_source_new_copy(der), e);
}

struct pem_load {
	struct crl_set *set;
	struct err *e;
};

static int
add_pem_object(void *ctx, const char *label, struct bytes der)
{
	struct pem_load *load = ctx;

	(void)label;
	return crl_set_add_der(load->set, der, load->e);
}

/* A regular file that starts like DER is left where it is. */
static bool
is_der_file(int fd, uint64_t *len)
{
	struct stat st;
	uint8_t first;

	*len = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, &first, 1, 0) != 1 || first != DER_SEQUENCE)
		return false;
	*len = (uint64_t)st.st_size;
	return true;
}

static int
set_add_stream(struct crl_set *s, int fd, const char *path, struct err *e)
{
	struct buf text = {.max = CRL_LEN_MAX + 1};
	struct pem_load load = {s, e};
	int r = pkix_fd_read(&text, fd, path, e);

	if (r == 0 && pem_is_pem(buf_get(&text)))
		r = pem_walk(
		    buf_get(&text), "X509 CRL", add_pem_object, &load, e);
	else if (r == 0)
		r = crl_set_add_der(s, buf_get(&text), e);
	buf_clear(&text);
	return r;
}

int
crl_set_add_file(struct crl_set *s, const char *path, struct err *e)
{
	uint64_t len;
	int fd, r;

	r = pkix_file_open(path, &fd, e);
	if (r != 0)
		return r;
	if (is_der_file(fd, &len)) {
		r = set_add_source(s, crl_source_new_fd(fd, len), e);
	} else {
		r = set_add_stream(s, fd, path, e);
		close(fd);
	}
	if (r != 0 && r != -CS_ERR_IO)
		pkix_file_context(e, path);
	return r;
}
