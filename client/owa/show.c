/* show.c: a message opened, judged, and given as Exchange's clients have
 * messages. */
#include "client/owa/owa.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "asn1/base64.h"
#include "client/owa/parts.h"

/* What Outlook shows of it, by number. */
enum smime_type {
	SMIME_ENCRYPTED = 6,
	SMIME_SIGNED = 11,
	SMIME_BOTH = 13,
};

/* --- reading --- */

/* "data:application/pkcs7-mime;base64,MIIC..." */
static int
get_message(const json_t *params, struct buf *message, struct err *e)
{
	const char *url = owa_get_text(params, "Smime"),
		   *comma = url != NULL ? strchr(url, ',') : NULL;
	int r;

	buf_init(message, OWA_REQUEST_MAX);
	if (comma == NULL)
		return err_set(
		    e, -CS_ERR_ARGUMENT, "the request has no message");
	r = base64_decode(message, bytes_of_str(comma + 1));
	return r == 0 ? 0 : err_set(e, r, "the request's message is no base64");
}

static int
put_content(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

/* Outlook never says whom the mail is from, and shows whom the certificate is
 * for. */
static int
read_message(struct bytes message, struct buf *content,
    struct cardseal_verdict **verdict, struct err *e)
{
	struct cardseal_job *job = owa_new_job("open a mail");
	struct cardseal_input *in =
	    job != NULL ? cardseal_input_memory(job, message.p, message.len)
			: NULL;
	struct cardseal_output *out =
	    in != NULL ? cardseal_output_function(job, put_content, content)
		       : NULL;
	int r = -CS_ERR_NO_MEMORY;

	if (out == NULL)
		err_set(e, r, NULL);
	else
		r = cardseal_read(job, in, out, verdict);
	/* What is not trusted is shown, and said to be so. */
	if (r != 0 && out != NULL && content->len == 0)
		owa_keep_error(job, r, e);
	else if (out != NULL)
		r = content->err != 0 ? err_set(e, content->err, NULL) : 0;
	cardseal_output_free(out);
	cardseal_input_free(in);
	cardseal_job_free(job);
	return r;
}

/* --- signature --- */

static bool
is_good(const json_t *signer, const char *finding)
{
	const char *state =
	    owa_get_text(json_object_get(signer, finding), "state");

	return state != NULL && strcmp(state, "good") == 0;
}

/* The outermost signature's first signer; *has_cipher: something is encrypted.
 */
static const json_t *
find_signer(const json_t *verdict, bool *has_cipher)
{
	const json_t *layers = json_object_get(verdict, "layers"), *layer,
		     *signer = NULL;
	const char *kind;
	size_t i;

	*has_cipher = false;
	json_array_foreach(layers, i, layer)
	{
		kind = owa_get_text(layer, "kind");
		if (kind == NULL)
			continue;
		*has_cipher |= strcmp(kind, "encrypted") == 0;
		if (signer == NULL && strcmp(kind, "signed") == 0)
			signer = json_array_get(
			    json_object_get(layer, "signers"), 0);
	}
	return signer;
}

static const char *
get_text_or_empty(const json_t *object, const char *name)
{
	const char *text = owa_get_text(object, name);

	return text != NULL ? text : "";
}

/* Good but for the address, which is not compared where no From came along:
 * Outlook keeps that to itself. */
static bool
is_trusted_signer(const json_t *signer)
{
	const json_t *counters = json_object_get(signer, "countersigners"),
		     *counter;
	const char *revocation =
	    owa_get_text(json_object_get(signer, "revocation"), "state");
	bool is_trusted = is_good(signer, "integrity") &&
			  is_good(signer, "algorithm") &&
			  is_good(signer, "chain") && revocation != NULL &&
			  strcmp(revocation, "bad") != 0 &&
			  (is_good(signer, "address") ||
			      owa_get_text(signer, "address_claimed") == NULL);
	size_t i;

	json_array_foreach(counters, i, counter) is_trusted =
	    is_trusted && is_trusted_signer(counter);
	return is_trusted;
}

static bool
is_trusted(const json_t *verdict)
{
	const json_t *layers = json_object_get(verdict, "layers"), *layer,
		     *signers, *signer;
	const char *summary = get_text_or_empty(verdict, "summary");
	size_t i, k, n = 0;

	if (strcmp(summary, "verified") != 0 &&
	    strcmp(summary, "untrusted") != 0)
		return false;
	json_array_foreach(layers, i, layer)
	{
		signers = json_object_get(layer, "signers");
		json_array_foreach(signers, k, signer)
		{
			if (!is_trusted_signer(signer))
				return false;
			n++;
		}
	}
	return n != 0;
}

/* All signers count: one that is not trusted makes it untrusted. */
static json_t *
make_signature(struct cardseal_verdict *verdict, const json_t *judged,
    const json_t *signer)
{
	const struct cardseal_signer *first =
	    cardseal_verdict_get_signer(verdict, 0);
	const json_t *certificate = json_object_get(signer, "certificate");
	struct buf raw = {0};
	json_t *signature;

	if (first != NULL)
		owa_put_certificate(&raw, first->pem);
	signature = json_pack(
	    "{s:s, s:s, s:s%, s:s, s:s, s:i, s:b, s:b, s:b, s:i}",
	    "CertIssuedBy", get_text_or_empty(certificate, "issuer"),
	    "CertIssuedTo", get_text_or_empty(certificate, "subject"),
	    "CertRawData", raw.len != 0 ? (const char *)raw.data : "", raw.len,
	    "CertValidFrom", get_text_or_empty(certificate, "not_before"),
	    "CertValidTo", get_text_or_empty(certificate, "not_after"),
	    "ClientVerificationResult", 0, "IsCertValidToClient",
	    (int)is_trusted(judged), "IsCertValidToServer", 0, "IsHashMatched",
	    (int)is_good(signer, "integrity"), "ServerVerificationResult", -1);
	buf_clear(&raw);
	return signature;
}

/* --- the message --- */

/* Nobody asks for it again by this name; it only has to be another's never. */
static json_t *
make_id(const char *type)
{
	uint64_t number = 0;
	char id[32];

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return NULL;
	snprintf(id, sizeof(id), "smime-%016llx", (unsigned long long)number);
	return json_pack("{s:s, s:s}", "Id", id, "__type", type);
}

static json_t *
make_file(const struct owa_part *part)
{
	struct buf text = {.max = OWA_REQUEST_MAX * 2};
	json_t *file = NULL;

	if (base64_encode(&text, buf_get(&part->content)) == 0 &&
	    buf_add(&text, "", 1) == 0)
		file = json_pack(
		    "{s:s, s:o, s:s, s:n, s:s, s:b, s:b, s:s, s:I, s:s}",
		    "__type", "FileAttachment:#Exchange", "AttachmentId",
		    make_id("AttachmentId:#Exchange"), "ContentId",
		    part->content_id != NULL ? part->content_id : "",
		    "ContentLocation", "ContentType", part->type, "IsInline",
		    part->content_id != NULL, "IsSmimeDecoded", 1, "Name",
		    part->name, "Size", (json_int_t)part->content.len,
		    "Content", (const char *)text.data);
	buf_clear(&text);
	return file;
}

static json_t *
make_files(const struct owa_parts *parts)
{
	json_t *files = parts->len != 0 ? json_array() : json_null();
	size_t i;

	for (i = 0; i < parts->len; i++)
		if (json_array_append_new(files, make_file(&parts->items[i])) !=
		    0) {
			json_decref(files);
			return NULL;
		}
	return files;
}

/* Members of a message that only the server knows. */
static int
put_nulls(json_t *message)
{
	static const char *const names[] = {"Body", "CcRecipients",
	    "Classification", "ClassificationDescription", "ClassificationGuid",
	    "DateTimeSent", "From", "Importance", "InReplyTo",
	    "NormalizedSubject", "RawDate", "Sender", "Sensitivity", "Subject",
	    "ToRecipients", NULL};
	int r = 0;
	size_t i;

	for (i = 0; names[i] != NULL && r == 0; i++)
		r = json_object_set_new(message, names[i], json_null());
	return r;
}

static json_t *
make_message(const struct owa_parts *parts, const char *body,
    struct cardseal_verdict *verdict)
{
	json_t *judged =
		   json_loads(cardseal_verdict_get_json(verdict), 0, NULL),
	       *message;
	bool has_cipher;
	const json_t *signer = find_signer(judged, &has_cipher);
	int type = signer == NULL ? SMIME_ENCRYPTED
		   : has_cipher	  ? SMIME_BOTH
				  : SMIME_SIGNED;

	message = json_pack(
	    "{s:s, s:b, s:o, s:b, s:b, s:b, s:b, s:s, s:o, s:{s:s, s:s, s:s}, "
	    "s:o, s:i}",
	    "__type", "Message:#Exchange", "HasAttachments", parts->len != 0,
	    "Attachments", make_files(parts), "ClassificationKeep", 0,
	    "IsClassified", 0, "IsDeliveryReceiptRequested", 0,
	    "IsReadReceiptRequested", 0, "ItemClass", "IPM.Note.SMIME",
	    "ItemId", make_id("ItemId:#Exchange"), "NormalizedBody", "BodyType",
	    parts->is_html ? "HTML" : "TEXT", "Value", body, "__type",
	    "BodyContentType:#Exchange", "SmimeSignature",
	    make_signature(verdict, judged, signer), "SmimeType", type);
	if (message != NULL && put_nulls(message) != 0) {
		json_decref(message);
		message = NULL;
	}
	json_decref(judged);
	return message;
}

int
owa_show(const json_t *params, json_t **data, struct err *e)
{
	struct buf message = {0}, content = {.max = OWA_REQUEST_MAX},
		   body = {.max = OWA_REQUEST_MAX * 2};
	struct cardseal_verdict *verdict = NULL;
	struct owa_parts parts = {0};
	int r = get_message(params, &message, e);

	*data = NULL;
	if (r == 0)
		r = read_message(buf_get(&message), &content, &verdict, e);
	if (r == 0)
		r = owa_parts_read(&parts, buf_get(&content), e);
	if (r == 0) {
		owa_put_pictures(&body, &parts);
		buf_add(&body, "", 1);
		*data = body.err == 0 ? make_message(&parts,
					    (const char *)body.data, verdict)
				      : NULL;
		if (*data == NULL)
			r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	owa_parts_clear(&parts);
	cardseal_verdict_free(verdict);
	buf_clear(&body);
	buf_clear(&content);
	buf_clear(&message);
	return r;
}
