#include "config.h"

#include "tests/unit/temp.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temp_dir[512];
/* $TMPDIR as it was, since a test may change it */
static char *temp_before;

void
temp_setup(void)
{
	const char *base = getenv("TMPDIR");

	free(temp_before);
	temp_before = base != NULL ? strdup(base) : NULL;
	snprintf(temp_dir, sizeof(temp_dir), "%s/cardseal-unit.XXXXXX",
	    base != NULL && base[0] == '/' && strlen(base) < 256 ? base
								 : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(temp_dir));
}

static unsigned
temp_walk(bool removes)
{
	DIR *dir = opendir(temp_dir);
	struct dirent *entry;
	unsigned count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		count++;
		if (removes)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return count;
}

void
temp_teardown(void)
{
	temp_walk(true);
	rmdir(temp_dir);
	if (temp_before != NULL)
		setenv("TMPDIR", temp_before, 1);
	else
		unsetenv("TMPDIR");
	free(temp_before);
	temp_before = NULL;
}

unsigned
temp_count(void)
{
	return temp_walk(false);
}

const char *
temp_path(const char *name)
{
	static char ring[8][1024];
	static unsigned next;
	char *path = ring[next++ % 8];

	snprintf(path, sizeof(ring[0]), "%s%s%s", temp_dir,
	    name[0] != '\0' ? "/" : "", name);
	return path;
}

const char *
temp_write(const char *name, struct bytes content)
{
	const char *path = temp_path(name);
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	if (content.len != 0)
		ck_assert_uint_eq(
		    fwrite(content.p, 1, content.len, f), content.len);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

bool
temp_read(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	char chunk[2048];
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		ck_assert_int_eq(buf_add(b, chunk, n), 0);
	fclose(f);
	return true;
}
