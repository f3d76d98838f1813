/* What changes a token: keys made there, certificates put beside them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/api/job.h"

/* The answer's elements are borrowed until the next call. */
static int
write_call(struct cardseal_job *job, enum tok_write_op operation,
    const char *token, const struct tok_object *object, struct agt_msg *answer)
{
	struct buf objects = {0};
	struct agt_msg request = {
	    .type = AGT_WRITE,
	    .operation = operation,
	    .token = bytes_of_str(token),
	};
	int r = job_connect(job);

	if (r != 0)
		return r;
	tok_object_put(&objects, object);
	request.objects = buf_get(&objects);
	link_fill_context(
	    job->link, &request.context, job_get(job, CARDSEAL_PURPOSE));
	r = objects.err;
	if (r == 0)
		r = link_call(job->link, &request, answer, &job->err);
	buf_clear(&objects);
	return r;
}

/* The one that the answer tells. CS_ERR_PROTOCOL: it tells none. */
static int
write_get_one(struct cardseal_job *job, const struct agt_msg *answer,
    struct tok_written *written)
{
	struct der d;

	der_init(&d, answer->written);
	if (tok_written_next(&d, written) && der_end(&d) == 0)
		return 0;
	return err_set(&job->err, -CS_ERR_PROTOCOL,
	    "the agent does not say what it wrote");
}

int
cardseal_key_generate(struct cardseal_job *job, const char *token,
    const char *type, const char *label, char key_id[CARDSEAL_KEY_ID_SIZE])
{
	struct tok_object object = {
	    .key_type = bytes_of_str(type),
	    .label = bytes_of_str(label),
	};
	struct tok_written written;
	struct agt_msg answer;
	char *uri = NULL;
	int r;

	key_id[0] = '\0';
	job_start(job);
	r = job_resolve_token(job, token, &uri);
	if (r == 0)
		r = write_call(job, TOK_WRITE_GENERATE, uri, &object, &answer);
	if (r == 0)
		r = write_get_one(job, &answer, &written);
	if (r == 0)
		bytes_to_hex(written.key_id, key_id, CARDSEAL_KEY_ID_SIZE);
	free(uri);
	return job_end(job, r);
}

/* --- certificates --- */

struct install {
	struct cardseal_job *job;
	struct own_keys own;
	struct cert_set *certs; /* of the file */
	char *token;		/* NULL: any */
	size_t matched, installed;
};

/* Is that key the certificate's, and one of those that are wanted? 0 no. */
static int
install_matches(struct install *in, const struct own_key *own, struct cert *c)
{
	const char *key = job_get(in->job, CARDSEAL_KEY);
	struct choose_candidate candidate = {
	    .cert = own->cert,
	    .key_id = own->key.key_id,
	    .role = own->key.role,
	    .label = own->key.label,
	    .can_sign = (own->key.flags & TOK_KEY_SIGN) != 0,
	    .can_decrypt = true,
	};

	if (!bytes_is_equal(own->key.key_id,
		bytes_of(cert_get_key_hash(c), AGT_KEY_ID_LEN)) ||
	    (in->token != NULL &&
		!bytes_is_equal(own->key.token, bytes_of_str(in->token))))
		return 0;
	return key == NULL ? 1
			   : choose_matches(
				 &candidate, key, own->key.uri, &in->job->err);
}

static int
install_one(struct install *in, struct cert *c, struct bytes token)
{
	struct tok_object object = {.certificate = cert_get_raw(c)};
	char *uri = bytes_dup_str(token);
	struct tok_written written;
	struct agt_msg answer;
	int r;

	if (uri == NULL)
		return -CS_ERR_NO_MEMORY;
	r = write_call(in->job, TOK_WRITE_INSTALL, uri, &object, &answer);
	free(uri);
	if (r == 0)
		r = write_get_one(in->job, &answer, &written);
	if (r != 0)
		return r;
	in->matched++;
	in->installed += (written.flags & TOK_WRITTEN_CERTIFICATE) != 0;
	return 0;
}

/* To the token of its key; a key stands in the list once for each of its
 * certificates. */
static int
install_certificate(struct install *in, struct cert *c)
{
	size_t i;
	int r;

	for (i = 0; i < in->own.len; i++) {
		r = install_matches(in, &in->own.keys[i], c);
		if (r < 0)
			return r;
		if (r != 0)
			return install_one(in, c, in->own.keys[i].key.token);
	}
	return 0;
}

static int
install_none(struct install *in)
{
	return err_set(&in->job->err, -CS_ERR_NO_KEY,
	    "no key %s has one of the file's certificates: see \"cardseal "
	    "keys\"",
	    in->token != NULL ? say("on that token") : say("here"));
}

static int
install_all(struct install *in)
{
	size_t i, n = cert_set_get_len(in->certs);
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		r = install_certificate(in, cert_set_get(in->certs, i));
	if (r != 0 || in->matched != 0)
		return r;
	/* A token that shows no keys before its PIN may have it. */
	if (in->token == NULL || n != 1 ||
	    job_get(in->job, CARDSEAL_KEY) != NULL)
		return install_none(in);
	return install_one(
	    in, cert_set_get(in->certs, 0), bytes_of_str(in->token));
}

int
cardseal_certificate_install(struct cardseal_job *job, const char *file,
    const char *token, size_t *installed)
{
	struct install in = {.job = job};
	int r = 0;

	*installed = 0;
	job_start(job);
	in.certs = cert_set_new();
	if (in.certs == NULL)
		return job_end(job, -CS_ERR_NO_MEMORY);
	r = cert_set_add_file(
	    in.certs, strcmp(file, "-") == 0 ? "/dev/stdin" : file, &job->err);
	if (r == 0 && token != NULL)
		r = job_resolve_token(job, token, &in.token);
	if (r == 0)
		r = own_keys_load(job, &in.own);
	if (r == 0)
		r = install_all(&in);
	*installed = in.installed;
	own_keys_clear(&in.own);
	cert_set_free(in.certs);
	free(in.token);
	return job_end(job, r);
}
