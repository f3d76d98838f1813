/*
 * verdict_json.h: what verdicts and other answers in JSON have in common.
 */
#ifndef CLIENT_CMS_VERDICT_JSON_H
#define CLIENT_CMS_VERDICT_JSON_H

#include "client/pkix/cert.h"

struct json_t;

/* "certificate" of doc/verdict.schema.json; a new reference. NULL c: null.
 * *ok is cleared when memory is short. */
struct json_t *verdict_json_cert(const struct cert *c, bool *ok);

#endif
