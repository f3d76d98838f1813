#include "token/modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define P11_KIT_FUTURE_UNSTABLE_API 1
#include <p11-kit/p11-kit.h>

#include "asn1/der.h"

bool
modules_is_left_out(const char *name, const char *path)
{
	static const char *const files[] = {"cardseal-pkcs11.so",
	    "p11-kit-trust.so", "p11-kit-proxy.so", "libp11-kit.so.0",
	    "libp11-kit.so", "p11-kit-client.so"};
	const char *file = path;
	size_t i;

	/* A name may stand for a "remote:" without a path. */
	if (path == NULL)
		return strcmp(name, "cardseal") == 0 ||
		       strcmp(name, "cardseal-pkcs11") == 0;
	if (strrchr(path, '/') != NULL)
		file = strrchr(path, '/') + 1;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(file, files[i]) == 0)
			return true;
	return false;
}

/* Can it stand in a line, and in a message? */
static bool
modules_is_text(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return utf8_is_valid(bytes_of_str(s));
}

static void
modules_add(struct buf *out, const char *name, const char *path)
{
	char quoted[256];

	if (modules_is_left_out(name, path))
		return;
	if (!modules_is_text(name) ||
	    (path != NULL && !modules_is_text(path))) {
		fprintf(stderr,
		    "cardseal-token: module \"%s\" is left out: its name or "
		    "path is not plain text\n",
		    err_quote(quoted, sizeof(quoted), name, strlen(name)));
		return;
	}
	if (path != NULL && path[0] == '/')
		buf_printf(out, "%s\t%s\n", name, path);
	else
		buf_printf(out, "%s\t" MODULES_BY_NAME "%s\n", name, name);
}

int
modules_list(struct buf *out, struct err *e)
{
	CK_FUNCTION_LIST **modules;
	char *name, *path;
	size_t i;

	p11_kit_set_progname(MODULES_PROGRAM);
	modules = p11_kit_modules_load(NULL, 0);
	if (modules == NULL)
		return err_set(e, -CS_ERR_MODULE,
		    "p11-kit's configuration cannot be used: %s",
		    p11_kit_message() != NULL ? p11_kit_message()
					      : "no reason given");
	for (i = 0; modules[i] != NULL; i++) {
		name = p11_kit_module_get_name(modules[i]);
		path = p11_kit_module_get_filename(modules[i]);
		if (name != NULL)
			modules_add(out, name, path);
		free(name);
		free(path);
	}
	p11_kit_modules_release(modules);
	return out->err;
}
