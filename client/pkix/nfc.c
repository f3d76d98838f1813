#include "client/pkix/nfc.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What is used of libunistring, as its uninorm.h declares it: the form is an
 * object of its own, which is only pointed to. The result is from malloc. */
static struct {
	uint8_t *(*normalize)(const void *form, const uint8_t *text, size_t len,
	    uint8_t *result, size_t *result_len);
	const void *form_c;
} unistring;
static pthread_once_t unistring_once = PTHREAD_ONCE_INIT;

static void
unistring_load(void)
{
	/* libunistring 0.9.8 to 1.1, and since */
	static const char *const names[] = {
	    "libunistring.so.2", "libunistring.so.5"};
	void *lib = NULL, *function;
	size_t i;

	for (i = 0; lib == NULL && i < sizeof(names) / sizeof(names[0]); i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return;
	unistring.form_c = dlsym(lib, "uninorm_nfc");
	function = dlsym(lib, "u8_normalize");
	if (unistring.form_c != NULL)
		memcpy(&unistring.normalize, &function, sizeof(function));
}

static bool
is_ascii(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] >= 0x80)
			return false;
	return true;
}

int
nfc_add(struct buf *b, struct bytes text)
{
	uint8_t *normal;
	size_t len = 0;
	int r;

	if (is_ascii(text))
		return buf_add_bytes(b, text);
	pthread_once(&unistring_once, unistring_load);
	if (unistring.normalize == NULL)
		return buf_add_bytes(b, text);
	normal =
	    unistring.normalize(unistring.form_c, text.p, text.len, NULL, &len);
	if (normal == NULL)
		return errno == ENOMEM ? -CS_ERR_NO_MEMORY
				       : buf_add_bytes(b, text);
	r = buf_add(b, normal, len);
	free(normal);
	return r;
}
