/*
 * verdict_json.h: what verdicts and other answers in JSON have in common.
 */
#ifndef CLIENT_CMS_VERDICT_JSON_H
#define CLIENT_CMS_VERDICT_JSON_H

#include "asn1/json.h"
#include "client/pkix/cert.h"

/* "certificate" of doc/verdict.schema.json; null for NULL. */
void verdict_put_cert(struct json *j, const char *key, const struct cert *c);
/* An array of them; NULL: none. */
void verdict_put_certs(
    struct json *j, const char *key, const struct cert_set *certs);

#endif
