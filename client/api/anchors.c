/* Trust anchors of one's own: setup anchors. */
#include <string.h>
#include <unistd.h>

#include "asn1/alg/digest.h"
#include "asn1/pem.h"
#include "client/api/job.h"
#include "client/pkix/file.h"

#define ANCHORS_FILE_MAX ((size_t)64 << 20)

/* The bundle's SHA-256 in hex, with a NUL. */
static int
file_hash(const char *path, struct buf *hex, struct err *e)
{
	struct buf data = {.max = ANCHORS_FILE_MAX};
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len;
	int fd, r = pkix_file_open(path, &fd, e);

	if (r != 0)
		return r;
	r = pkix_fd_read(&data, fd, path, e);
	close(fd);
	if (r == 0) {
		len = digest_of(ALG_SHA256, buf_get(&data), hash);
		buf_add_hex(hex, bytes_of(hash, len));
		r = buf_add_byte(hex, 0);
	}
	buf_clear(&data);
	return r;
}

/* Is that the hash, colons, blanks and case apart? */
static bool
is_hash(const char *given, const char *hex)
{
	for (; *given != '\0'; given++) {
		if (*given == ':' || *given == ' ')
			continue;
		if ((*given | 0x20) != *hex && *given != *hex)
			return false;
		hex++;
	}
	return *hex == '\0';
}

static int
write_anchors(const char *path, const struct cert_set *anchors, struct err *e)
{
	struct output *out = NULL;
	struct buf text = {.max = 2 * ANCHORS_FILE_MAX};
	size_t i;
	int r = pkix_make_folders(path, e);

	for (i = 0; r == 0 && i < cert_set_get_len(anchors); i++)
		r = pem_write(&text, "CERTIFICATE",
		    cert_get_raw(cert_set_get(anchors, i)));
	if (r == 0)
		r = output_open(path, &out, e);
	if (r == 0)
		r = sink_write(output_get_sink(out), buf_get(&text), e);
	if (r == 0)
		r = output_commit(out, e);
	output_free(out);
	buf_clear(&text);
	return r;
}

/* Those that are configured already stay. */
static int
load_present(struct cert_set *anchors, const char *path, struct err *e)
{
	int fd, r = pkix_file_open_opt(path, &fd, e);

	if (r != 0 || fd < 0)
		return r;
	close(fd);
	return cert_set_add_file(anchors, path, e);
}

static int
install(struct cardseal_job *job, const char *file, size_t *added)
{
	struct cert_set *anchors = cert_set_new();
	struct buf path = {0};
	size_t before;
	int r = anchors == NULL
		    ? -CS_ERR_NO_MEMORY
		    : pkix_config_path(&path, "anchors.pem", &job->err);

	if (r == 0)
		r = load_present(anchors, (const char *)path.data, &job->err);
	before = cert_set_get_len(anchors);
	if (r == 0)
		r = cert_set_add_file(anchors, file, &job->err);
	if (r == 0 && cert_set_get_len(anchors) != before)
		r = write_anchors((const char *)path.data, anchors, &job->err);
	if (r == 0)
		*added = cert_set_get_len(anchors) - before;
	buf_clear(&path);
	cert_set_free(anchors);
	return r;
}

int
cardseal_anchors_install(struct cardseal_job *job, const char *file,
    const char *sha256, size_t *added)
{
	struct buf hex = {0};
	int r;

	*added = 0;
	job_start(job);
	r = file_hash(file, &hex, &job->err);
	if (r == 0 && sha256 == NULL)
		r = err_set(&job->err, -CS_ERR_ARGUMENT,
		    "what is installed as a trust anchor is believed: compare "
		    "the SHA-256 of %s with what its publisher says, and "
		    "repeat with --sha256 %s if it is the same",
		    file, (const char *)hex.data);
	else if (r == 0 && !is_hash(sha256, (const char *)hex.data))
		r = err_set(&job->err, -CS_ERR_POLICY,
		    "the SHA-256 of %s is %s, and not the one given: nothing "
		    "was installed",
		    file, (const char *)hex.data);
	if (r == 0)
		r = install(job, file, added);
	buf_clear(&hex);
	return job_end(job, r);
}
