#include "client/pkix/store_sqlite.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#define SQLITE_LIBRARY "libsqlite3.so.0"

static struct sqlite functions;

/* A function's address by way of an object pointer, as dlsym gives it. */
static bool
get_function(void *library, const char *name, void *field)
{
	void *symbol = dlsym(library, name);

	memcpy(field, &symbol, sizeof(symbol));
	return symbol != NULL;
}

const struct sqlite *
sqlite_load(struct err *e)
{
	static void *library;
	bool is_whole = true;

	if (library != NULL)
		return &functions;
	library = dlopen(SQLITE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		err_set(e, -CS_ERR_STORE,
		    "the certificate store needs SQLite: %s", dlerror());
		return NULL;
	}
#define SQLITE_GET(name)                                                       \
	is_whole = get_function(library, "sqlite3_" #name, &functions.name) && \
		   is_whole;
	SQLITE_FUNCTIONS(SQLITE_GET)
#undef SQLITE_GET
	if (is_whole)
		return &functions;
	dlclose(library);
	library = NULL;
	err_set(e, -CS_ERR_STORE,
	    "the certificate store needs a newer SQLite than %s",
	    SQLITE_LIBRARY);
	return NULL;
}
