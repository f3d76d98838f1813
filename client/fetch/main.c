/* cardseal-fetch(8): requests on standard input, answers on the output. */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/fetch/serve.h"

#define EXIT_USAGE 2
#define EXIT_INTERNAL 70

static bool
write_all(struct bytes b)
{
	ssize_t n;

	while (b.len != 0) {
		n = write(STDOUT_FILENO, b.p, b.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		b = bytes_of(b.p + n, b.len - (size_t)n);
	}
	return true;
}

static bool
write_buf(struct buf *b)
{
	bool is_written = b->err == 0 && write_all(buf_get(b));

	buf_clear(b);
	return is_written;
}

static bool
write_piece(struct bytes piece)
{
	struct buf b = {0};

	fetch_put_piece(&b, piece);
	return write_buf(&b);
}

static bool
write_done(struct serve *s, int code, const struct err *e)
{
	struct fetch_done done = {
	    .code = code,
	    .status = s->status,
	    .url = bytes_of_str(s->url),
	    .content_type = bytes_of_str(s->content_type),
	};
	struct buf b = {0};

	if (code != 0)
		done.text = bytes_of_str(err_get_text(e));
	fetch_put_done(&b, &done);
	return write_buf(&b);
}

/* False: nobody is there for the answer. */
static bool
serve_request(const struct fetch_request *request)
{
	static struct serve s;
	const struct serve_scheme *scheme = serve_find_scheme(request->url);
	struct err e = ERR_INIT;
	char quoted[256];
	int code;

	s = (struct serve){.request = request, .send = write_piece};
	if (serve_is_url(request->url) && scheme != NULL) {
		memcpy(s.url, request->url.p, request->url.len);
		code = scheme->run(&s, &e);
	} else {
		code = err_set(&e, -CS_ERR_ARGUMENT,
		    "\"%s\" is no URL that can be fetched",
		    err_quote(quoted, sizeof(quoted), request->url.p,
			request->url.len));
	}
	return code != -CS_ERR_CLOSED && write_done(&s, code, &e);
}

/* One whole frame at the front of in; false at the end, or after nonsense. */
static bool
read_frame(struct buf *in, size_t *len)
{
	uint8_t *room;
	ssize_t n;

	while (fetch_frame_len(buf_get(in), len) == 0) {
		if (*len != 0 && in->len >= *len)
			return true;
		room = buf_reserve(in, FETCH_PIECE_MAX);
		if (room == NULL)
			return false;
		n = read(STDIN_FILENO, room, FETCH_PIECE_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		buf_grow_len(in, (size_t)n);
	}
	return false;
}

static int
serve_all(void)
{
	struct buf in = {.max = FETCH_FRAME_MAX + FETCH_PIECE_MAX};
	struct fetch_msg msg;
	size_t len;
	int status = 0;

	while (status == 0 && read_frame(&in, &len)) {
		if (fetch_decode(bytes_of(in.data, len), &msg) != 0 ||
		    msg.type != FETCH_REQUEST || !serve_request(&msg.request))
			status = EXIT_INTERNAL;
		buf_consume(&in, len);
	}
	if (in.len != 0)
		status = EXIT_INTERNAL;
	buf_clear(&in);
	return status;
}

int
main(int argc, char **argv)
{
	int status;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("cardseal-fetch " PACKAGE_VERSION);
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "cardseal-fetch: takes no arguments; see "
				"cardseal-fetch(8)\n");
		return EXIT_USAGE;
	}
	serve_confine();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return EXIT_INTERNAL;
	status = serve_all();
	curl_global_cleanup();
	return status;
}
