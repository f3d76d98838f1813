/*
 * detect.h: what kind of input is this? Looks at the first bytes only.
 */
#ifndef CLIENT_CMS_DETECT_H
#define CLIENT_CMS_DETECT_H

#include "client/cms/input.h"

enum input_form {
	INPUT_MESSAGE, /* RFC 5322 message or MIME entity */
	INPUT_DER,     /* ContentInfo, DER or BER */
	INPUT_PEM,     /* -----BEGIN CMS / PKCS7 ... */
	INPUT_BASE64,  /* bare base64 of a ContentInfo */
	INPUT_UNKNOWN,
	INPUT_EMPTY,
};

#define DETECT_LEN 4096
int CS_MUST_USE input_detect(
    struct input *in, enum input_form *form, struct err *e);
/* A source of the ContentInfo's octets (PEM and base64 decoded), and its
 * release function. CS_ERR_NOT_MESSAGE for a message or unknown input. */
struct source *cms_source_new(
    struct input *in, enum input_form form, struct err *e);
void cms_source_free(struct source *source);

#endif
