/*
 * pcscd_shim: loaded into pcscd before everything else (LD_PRELOAD), so that
 * an ordinary user can have one of his own, next to the system's.
 *
 * pcscd has /run/pcscd built in, and vsmartcard's reader driver listens on
 * every address, at the port that its configuration names and the one after
 * it. With CARD_SHIM_DIR=FOLDER what is meant for /run/pcscd happens in
 * FOLDER/pcscd, and the driver listens on the loopback address at ports that
 * the kernel picks; FOLDER/port.0 and FOLDER/port.1 tell which. Drivers for USB
 * readers are not found, so that real ones are left alone.
 */
#include "config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/card/pcscd_shim.h"

#define SHIM_EXPORT __attribute__((visibility("default")))
#define SHIM_RUN "/run/pcscd"
#define SHIM_USB_DRIVERS "/usr/lib/pcsc/drivers"
#define SHIM_PATH_MAX 1024

SHIM_EXPORT int mkdir(const char *path, mode_t mode);
SHIM_EXPORT int chmod(const char *path, mode_t mode);
SHIM_EXPORT int stat(const char *restrict path, struct stat *restrict st);
SHIM_EXPORT int open(const char *path, int flags, ...);
SHIM_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode);
SHIM_EXPORT int remove(const char *path);
SHIM_EXPORT DIR *opendir(const char *path);
SHIM_EXPORT int bind(int fd, const struct sockaddr *a, socklen_t len);

static void *
shim_next(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

/* Where the file is; room has SHIM_PATH_MAX octets. */
static const char *
shim_path(const char *path, char *room)
{
	const char *folder = getenv(SHIM_DIR_ENV);
	size_t len = strlen(SHIM_RUN);
	int n;

	if (folder == NULL || path == NULL ||
	    strncmp(path, SHIM_RUN, len) != 0 ||
	    (path[len] != '\0' && path[len] != '/'))
		return path;
	n = snprintf(room, SHIM_PATH_MAX, "%s/pcscd%s", folder, path + len);
	if (n < 0 || n >= SHIM_PATH_MAX)
		abort();
	return room;
}

int
mkdir(const char *path, mode_t mode)
{
	int (*next)(const char *, mode_t) = shim_next("mkdir");
	char room[SHIM_PATH_MAX];

	return next(shim_path(path, room), mode);
}

int
chmod(const char *path, mode_t mode)
{
	int (*next)(const char *, mode_t) = shim_next("chmod");
	char room[SHIM_PATH_MAX];

	return next(shim_path(path, room), mode);
}

int
stat(const char *restrict path, struct stat *restrict st)
{
	int (*next)(const char *, struct stat *) = shim_next("stat");
	char room[SHIM_PATH_MAX];

	return next(shim_path(path, room), st);
}

int
open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = shim_next("open");
	char room[SHIM_PATH_MAX];
	unsigned mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, unsigned);
	va_end(args);
	return next(shim_path(path, room), flags, mode);
}

FILE *
fopen(const char *restrict path, const char *restrict mode)
{
	FILE *(*next)(const char *, const char *) = shim_next("fopen");
	char room[SHIM_PATH_MAX];

	return next(shim_path(path, room), mode);
}

int
remove(const char *path)
{
	int (*next)(const char *) = shim_next("remove");
	char room[SHIM_PATH_MAX];

	return next(shim_path(path, room));
}

DIR *
opendir(const char *path)
{
	DIR *(*next)(const char *) = shim_next("opendir");

	if (strcmp(path, SHIM_USB_DRIVERS) == 0)
		path = "/var/empty";
	return next(path);
}

/* Written beside and renamed, so that nobody reads half of it. */
static void
shim_tell_port(unsigned slot, unsigned port)
{
	const char *folder = getenv(SHIM_DIR_ENV);
	char path[SHIM_PATH_MAX], temp[SHIM_PATH_MAX];
	FILE *f;

	if (folder == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s/port.%u", folder, slot);
	(void)snprintf(temp, sizeof(temp), "%s/port.%u.new", folder, slot);
	f = fopen(temp, "we");
	if (f == NULL)
		return;
	(void)fprintf(f, "%u\n", port);
	(void)fclose(f);
	(void)rename(temp, path);
}

int
bind(int fd, const struct sockaddr *a, socklen_t len)
{
	int (*next)(int, const struct sockaddr *, socklen_t) =
	    shim_next("bind");
	struct sockaddr_in in;
	socklen_t in_len = sizeof(in);
	unsigned slot;
	int result;

	if (a->sa_family != AF_INET || len < sizeof(in))
		return next(fd, a, len);
	memcpy(&in, a, sizeof(in));
	slot = (unsigned)ntohs(in.sin_port) - SHIM_PORT;
	if (slot >= SHIM_SLOTS)
		return next(fd, a, len);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = 0;
	result = next(fd, (const struct sockaddr *)&in, sizeof(in));
	if (result == 0 &&
	    getsockname(fd, (struct sockaddr *)&in, &in_len) == 0)
		shim_tell_port(slot, ntohs(in.sin_port));
	return result;
}
