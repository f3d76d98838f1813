#include "token/module.h"

#include <stdlib.h>
#include <string.h>

#define P11_KIT_FUTURE_UNSTABLE_API 1
#include <p11-kit/p11-kit.h>

#include "token/ckr.h"
#include "token/modules.h"

static int
module_fail(struct err *e, const char *which, const char *reason)
{
	char text[ERR_TEXT_MAX / 2];

	if (reason == NULL)
		reason = "no reason given";
	return err_set(e, -CS_ERR_MODULE,
	    "PKCS#11 module %s cannot be loaded: %s", which,
	    err_quote(text, sizeof(text), reason, strlen(reason)));
}

static int
module_load_by_name(struct module *m, const char *name, struct err *e)
{
	p11_kit_set_progname(MODULES_PROGRAM);
	m->all = p11_kit_modules_load(NULL, 0);
	if (m->all == NULL)
		return module_fail(e, name, p11_kit_message());
	m->f = p11_kit_module_for_name(m->all, name);
	if (m->f == NULL)
		return module_fail(e, name, "it is not configured");
	return 0;
}

static int
module_load(struct module *m, const char *which, struct err *e)
{
	size_t prefix_len = strlen(MODULES_BY_NAME);

	if (strncmp(which, MODULES_BY_NAME, prefix_len) == 0)
		return module_load_by_name(m, which + prefix_len, e);
	/* p11-kit looks up relative paths in a folder of its own. */
	if (which[0] != '/')
		return module_fail(e, which, "the path is not absolute");
	m->f = p11_kit_module_load(which, P11_KIT_MODULE_UNMANAGED);
	if (m->f == NULL)
		return module_fail(e, which, p11_kit_message());
	return 0;
}

static void
module_unload(struct module *m)
{
	if (m->all != NULL)
		p11_kit_modules_release(m->all);
	else if (m->f != NULL)
		p11_kit_module_release(m->f);
	*m = (struct module){0};
}

int
module_start(struct module *m, const char *which, struct err *e)
{
	CK_RV rv;
	int r;

	*m = (struct module){0};
	r = module_load(m, which, e);
	if (r != 0) {
		module_unload(m);
		return r;
	}
	rv = m->f->C_Initialize(NULL);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		err_set(e, -CS_ERR_MODULE,
		    "PKCS#11 module %s does not start: %s (%s 0x%lx)", which,
		    ckr_text(rv, CKR_OP_ANY), ckr_name(rv), rv);
		if (e != NULL)
			e->ckr = rv;
		module_unload(m);
		return -CS_ERR_MODULE;
	}
	/* Only for people to read; a module may do without. */
	if (m->f->C_GetInfo(&m->info) != CKR_OK)
		memset(&m->info, 0, sizeof(m->info));
	return 0;
}

void
module_end(struct module *m)
{
	if (m->f != NULL)
		(void)m->f->C_Finalize(NULL);
	module_unload(m);
}

void
module_text(struct buf *b, const unsigned char *field, size_t len)
{
	const unsigned char *nul = memchr(field, 0, len);
	char text[4 * 256 + 8];

	if (nul != NULL)
		len = (size_t)(nul - field);
	while (len > 0 && field[len - 1] == ' ')
		len--;
	if (len > 256)
		len = 256;
	buf_add_str(b, err_quote(text, sizeof(text), field, len));
}
