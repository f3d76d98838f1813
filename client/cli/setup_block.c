/* setup: blocks of lines in the files of other programs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/setup.h"

#define MARK "# cardseal setup "
#define MARK_SIZE 128

/* A file with the block in it. */
struct block {
	struct setup_file file;
	bool is_there;
	size_t start, end; /* of the block, its line end too */
	size_t inner;	   /* where its lines start */
	size_t inner_len;
	uint32_t sum; /* of its lines, as the mark says */
	unsigned long joined, folders;
	bool is_new, is_parted;
};

int
setup_fail(const struct setup *s, const char *path, const char *why)
{
	cli_error("%s: %s: %s", s->cli->command->name, path, cli_say(why));
	return CLI_EXIT_IO;
}

int
setup_refuse(const struct setup *s, const char *path, const char *why)
{
	cli_error("%s: %s: %s; it is left as it is", s->cli->command->name,
	    path, cli_say(why));
	return SETUP_EXIT_REFUSED;
}

/* FNV-1a: against mistakes, not against anybody. */
static uint32_t
sum_up(const char *text, size_t len)
{
	uint32_t sum = 2166136261u;

	for (; len > 0; text++, len--)
		sum = (sum ^ (unsigned char)*text) * 16777619u;
	return sum;
}

/* --- finding --- */

/* The line that begins with these words; NULL: none. */
static char *
find_line(char *text, const char *words)
{
	size_t len = strlen(words);
	char *line = text;

	while (line != NULL && *line != '\0') {
		if (strncmp(line, words, len) == 0 &&
		    strchr(" \n", line[len]) != NULL)
			return line;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return NULL;
}

/* What stands behind the word in the line; NULL: the word does not. */
static const char *
find_word(const char *line, const char *word)
{
	const char *found = strstr(line, word);

	return found != NULL && found < line + strcspn(line, "\n")
		   ? found + strlen(word)
		   : NULL;
}

static unsigned long
get_number(const char *line, const char *word)
{
	const char *found = find_word(line, word);

	return found != NULL ? strtoul(found, NULL, 10) : 0;
}

static void
read_mark(struct block *b, const char *begin)
{
	const char *sum = find_word(begin, ": begin ");

	b->sum = sum != NULL ? (uint32_t)strtoul(sum, NULL, 16) : 0;
	b->joined = get_number(begin, " joined=");
	b->folders = get_number(begin, " new=");
	b->is_new = find_word(begin, " new=") != NULL;
	b->is_parted = find_word(begin, " parted") != NULL;
}

/* Returns NULL, or why the file is not one to be changed. */
static const char *
find_block(struct block *b, const char *name)
{
	char mark[MARK_SIZE], *text = b->file.text, *begin, *inner, *end;

	snprintf(mark, sizeof(mark), MARK "%s: begin", name);
	begin = text != NULL ? find_line(text, mark) : NULL;
	if (begin == NULL)
		return NULL;
	inner = begin + strcspn(begin, "\n");
	inner += *inner == '\n';
	if (find_line(inner, mark) != NULL)
		return N_("has two blocks of lines for cardseal");
	snprintf(mark, sizeof(mark), MARK "%s: end", name);
	end = find_line(inner, mark);
	if (end == NULL)
		return N_(
		    "has the beginning of lines for cardseal, and no end");
	read_mark(b, begin);
	b->is_there = true;
	b->inner = (size_t)(inner - text);
	b->inner_len = (size_t)(end - inner);
	end += strcspn(end, "\n");
	end += *end == '\n';
	end += b->is_parted && *end == '\n';
	b->start = (size_t)(begin - text);
	b->end = (size_t)(end - text);
	return sum_up(inner, b->inner_len) == b->sum
		   ? NULL
		   : N_("somebody else changed the lines between the one with "
			"\"begin\" and the one with \"end\"; take them out "
			"yourself");
}

static bool
has_lines(const struct block *b, const char *lines)
{
	return b->is_there && strlen(lines) == b->inner_len &&
	       strncmp(b->file.text + b->inner, lines, b->inner_len) == 0;
}

/* --- the file without and with the block --- */

/* The line ends before the block, which were put there for it; none, if the
 * file was changed there. */
static size_t
count_joined(const struct block *b)
{
	size_t n = 0;

	while (n < b->joined && n < b->start &&
	       b->file.text[b->start - n - 1] == '\n')
		n++;
	return n == b->joined ? n : 0;
}

/* The line of another block's mark; NULL: there is none. */
static char *
find_other(char *text)
{
	char *line;

	for (line = strstr(text, MARK); line != NULL;
	     line = strstr(line + 1, MARK))
		if ((line == text || line[-1] == '\n') &&
		    find_word(line, ": begin ") != NULL)
			return line;
	return NULL;
}

/* The text, which is freed, with that behind the line; NULL: no memory. */
static char *
extend_line(char *text, const char *line, const char *word, unsigned long n)
{
	const char *rest = line + strcspn(line, "\n");
	char *result;

	if (asprintf(&result, "%.*s%s%lu%s", (int)(rest - text), text, word, n,
		rest) < 0)
		result = NULL;
	free(text);
	return result;
}

/*
 * The text without the block; NULL: no memory. What follows the block needs the
 * line ends before it. If that is another block, these are its from now on, and
 * so is the file if it was new.
 */
static char *
cut_block(const struct block *b)
{
	const char *text = b->file.text, *rest = text + b->end;
	size_t joined = count_joined(b),
	       start = *rest == '\0' ? b->start - joined : b->start;
	char *cut, *other;

	if (asprintf(&cut, "%.*s%s", (int)start, text, rest) < 0)
		return NULL;
	other = find_other(cut);
	if (other == cut + b->start && joined != 0) {
		cut = extend_line(cut, other, " joined=", joined);
		other = cut != NULL ? find_other(cut) : NULL;
	}
	if (other != NULL && b->is_new)
		cut = extend_line(cut, other, " new=", b->folders);
	return cut;
}

/* How many line ends the text lacks before a block. */
static size_t
count_missing(const char *text, enum setup_place place)
{
	size_t len = strlen(text);

	if (len == 0 || place == SETUP_BEFORE)
		return 0;
	if (text[len - 1] != '\n')
		return place == SETUP_PARTED ? 2 : 1;
	return place == SETUP_PARTED && len > 1 && text[len - 2] != '\n';
}

/* The text with the block; NULL: no memory. */
static char *
add_block(const struct setup *s, const struct block *b, const char *text,
    const struct setup_lines *lines)
{
	size_t joined = count_missing(text, lines->place);
	bool is_new = b->file.text == NULL || b->is_new;
	unsigned long folders =
	    b->is_there ? b->folders : setup_file_count_folders(&b->file);
	char flags[64] = "", new[32] = "", *result;

	if (joined != 0)
		snprintf(flags, sizeof(flags), " joined=%zu", joined);
	if (is_new)
		snprintf(new, sizeof(new), " new=%lu", folders);
	if (asprintf(&result,
		"%s%.*s" MARK "%s: begin %08" PRIx32 "%s%s%s\n%s" MARK
		"%s: end\n%s%s",
		lines->place == SETUP_BEFORE ? "" : text, (int)joined, "\n\n",
		s->name, sum_up(lines->text, strlen(lines->text)), flags, new,
		lines->place == SETUP_PARTED ? " parted" : "", lines->text,
		s->name, lines->place == SETUP_PARTED ? "\n" : "",
		lines->place == SETUP_BEFORE ? text : "") < 0)
		return NULL;
	return result;
}

/* --- doing it --- */

void
setup_tell(const struct setup *s, const char *path, const char *would,
    const char *does, const char *what)
{
	if (!s->cli->is_quiet)
		printf("%s: %s %s\n", path,
		    cli_say(s->cli->is_dry ? would : does), cli_say(what));
}

void
setup_tell_lines(const struct setup *s, const char *lines)
{
	size_t len;

	for (; !s->cli->is_quiet && *lines != '\0'; lines += len) {
		len = strcspn(lines, "\n");
		printf("    %.*s\n", (int)len, lines);
		len += lines[len] == '\n';
	}
}

static int
put_block(struct setup *s, struct block *b, const struct setup_lines *lines)
{
	char *without = b->is_there	       ? cut_block(b)
			: b->file.text != NULL ? strdup(b->file.text)
					       : strdup(""),
	     *with = without != NULL ? add_block(s, b, without, lines) : NULL;
	const char *why = with != NULL ? NULL : N_("no memory is left");

	if (why == NULL) {
		s->changed++;
		setup_tell(s, b->file.path, N_("would get"), N_("gets"),
		    b->file.text == NULL
			? N_("these lines, as a new file:")
			: N_("these lines, and keeps what it has:"));
		setup_tell_lines(s, lines->text);
	}
	if (why == NULL && !s->cli->is_dry)
		why = setup_file_make_folders(&b->file);
	if (why == NULL && !s->cli->is_dry)
		why = setup_file_write(&b->file, with, strlen(with));
	free(with);
	free(without);
	return why == NULL ? 0 : setup_fail(s, b->file.path, why);
}

static int
take_block(struct setup *s, struct block *b)
{
	char *without = cut_block(b);
	const char *why = without != NULL ? NULL : N_("no memory is left");

	if (why == NULL) {
		s->changed++;
		setup_tell(s, b->file.path, N_("would lose"), N_("loses"),
		    N_("its lines for cardseal"));
	}
	if (why == NULL && !s->cli->is_dry)
		why =
		    b->is_new && *without == '\0'
			? setup_file_remove(&b->file, (unsigned)b->folders)
			: setup_file_write(&b->file, without, strlen(without));
	free(without);
	return why == NULL ? 0 : setup_fail(s, b->file.path, why);
}

static int
change(struct setup *s, struct block *b, const struct setup_lines *lines,
    bool has_already)
{
	if (has_already && !s->cli->is_quiet)
		printf(cli_say("%s: has \"%s\" already, which setup did not "
			       "write; it is left as it is\n"),
		    b->file.path, lines->already);
	if (has_already)
		return 0;
	if (s->cli->is_undo)
		return b->is_there ? take_block(s, b) : 0;
	if (!has_lines(b, lines->text))
		return put_block(s, b, lines);
	if (!s->cli->is_quiet)
		printf(cli_say("%s: is set up\n"), b->file.path);
	return 0;
}

int
setup_block(struct setup *s, const char *path, const struct setup_lines *lines)
{
	struct block b = {0};
	const char *why = setup_file_read(&b.file, path);
	bool has_already;
	int status = 0;

	s->files++;
	if (why == NULL)
		why = find_block(&b, s->name);
	has_already = b.file.text != NULL && lines->already != NULL &&
		      !b.is_there &&
		      find_line(b.file.text, lines->already) != NULL;
	s->set_up += b.is_there || has_already;
	s->unreadable += why != NULL && !b.is_there;
	if (!s->is_look && why != NULL)
		status = setup_refuse(s, path, why);
	else if (!s->is_look)
		status = change(s, &b, lines, has_already);
	setup_file_clear(&b.file);
	return status;
}

int
setup_block_around(struct setup *s, const char *path,
    const struct setup_lines *lines, const char *before, const char *delegate,
    const char *after)
{
	struct setup_lines whole = *lines;
	char *text;
	int status;

	if (asprintf(&text, "%s%s%s", before, delegate, after) < 0)
		return CLI_EXIT_INTERNAL;
	whole.text = text;
	status = setup_block(s, path, &whole);
	free(text);
	return status;
}
