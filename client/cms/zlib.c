#include "client/cms/zlib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#define ZLIB_NAME "libz.so.1"

/* What is used of it. */
static struct {
	int (*deflate_init)(
	    z_stream *z, int level, const char *version, int size);
	int (*deflate)(z_stream *z, int flush);
	int (*deflate_end)(z_stream *z);
	int (*inflate_init)(z_stream *z, const char *version, int size);
	int (*inflate)(z_stream *z, int flush);
	int (*inflate_end)(z_stream *z);
} zlib;
static pthread_once_t zlib_once = PTHREAD_ONCE_INIT;
static bool zlib_is_ready;

static void
zlib_load_once(void)
{
	static const char *const names[] = {"deflateInit_", "deflate",
	    "deflateEnd", "inflateInit_", "inflate", "inflateEnd"};
	void **const places[] = {(void **)&zlib.deflate_init,
	    (void **)&zlib.deflate, (void **)&zlib.deflate_end,
	    (void **)&zlib.inflate_init, (void **)&zlib.inflate,
	    (void **)&zlib.inflate_end};
	void *lib = dlopen(ZLIB_NAME, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	for (i = 0; lib != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		*places[i] = dlsym(lib, names[i]);
		if (*places[i] == NULL)
			return;
	}
	zlib_is_ready = lib != NULL;
}

static int
zlib_load(struct err *e)
{
	pthread_once(&zlib_once, zlib_load_once);
	if (zlib_is_ready)
		return 0;
	return err_set(e, -CS_ERR_UNSUPPORTED,
	    "compressed messages need zlib, which is not installed (%s)",
	    ZLIB_NAME);
}

/* Octets that come out of zlib at once. */
#define ZLIB_OUT_LEN SINK_PIECE_LEN

struct zlib_sink {
	struct sink sink;
	struct sink *next;
	z_stream z;
	struct inflate_count own, *count; /* own.in_len: so far, of both ways */
	bool is_inflate;
	bool is_started; /* z is to be ended */
	bool is_done;	 /* the end of the stream was seen */
	uint8_t out[ZLIB_OUT_LEN];
};

static void
zlib_sink_free(struct sink *sink)
{
	struct zlib_sink *s = (struct zlib_sink *)sink;

	if (s->is_started && s->is_inflate)
		(void)zlib.inflate_end(&s->z);
	else if (s->is_started)
		(void)zlib.deflate_end(&s->z);
	mem_wipe(s->out, sizeof(s->out));
	free(s);
}

/* What came out goes on. */
static int
zlib_sink_flush(struct zlib_sink *s, struct err *e)
{
	size_t len = sizeof(s->out) - s->z.avail_out;

	s->z.next_out = s->out;
	s->z.avail_out = sizeof(s->out);
	s->count->out_len += len;
	if (s->is_inflate && s->count->out_len > INFLATE_FREE_LEN &&
	    s->count->out_len / INFLATE_RATIO_MAX > s->count->in_len)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "the compressed content grows to more than %d times its "
		    "length: what does that is meant to fill disks",
		    INFLATE_RATIO_MAX);
	return len != 0 ? sink_write(s->next, bytes_of(s->out, len), e) : 0;
}

static int
zlib_sink_fail(const struct zlib_sink *s, int code, struct err *e)
{
	if (code == Z_MEM_ERROR)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (!s->is_inflate)
		return err_set(e, -CS_ERR_INTERNAL, "zlib: error %d", code);
	return err_set_at(e, -CS_ERR_ENCODING, s->own.in_len - s->z.avail_in,
	    "the compressed content is broken at its byte %llu",
	    (unsigned long long)(s->own.in_len - s->z.avail_in));
}

/* Runs zlib until it has taken all input, and given all output. */
static int
zlib_sink_run(struct zlib_sink *s, int flush, struct err *e)
{
	int code, r = 0;
	bool has_more = true;

	while (r == 0 && has_more && !s->is_done) {
		code = s->is_inflate ? zlib.inflate(&s->z, flush)
				     : zlib.deflate(&s->z, flush);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return zlib_sink_fail(s, code, e);
		s->is_done = code == Z_STREAM_END;
		/* full room: there may be more */
		has_more = s->z.avail_out == 0 || s->z.avail_in != 0;
		r = zlib_sink_flush(s, e);
	}
	if (r == 0 && s->z.avail_in != 0)
		return zlib_sink_fail(s, Z_DATA_ERROR, e);
	return r;
}

static int
zlib_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct zlib_sink *s = (struct zlib_sink *)sink;
	size_t len;
	int r = 0;

	while (r == 0 && in.len != 0) {
		len = in.len < SINK_PIECE_LEN ? in.len : SINK_PIECE_LEN;
		s->z.next_in = (Bytef *)in.p;
		s->z.avail_in = (uInt)len;
		s->own.in_len += len;
		r = zlib_sink_run(s, Z_NO_FLUSH, e);
		in = bytes_of(in.p + len, in.len - len);
	}
	return r;
}

static int
zlib_sink_finish(struct sink *sink, struct err *e)
{
	struct zlib_sink *s = (struct zlib_sink *)sink;

	if (!s->is_inflate)
		return zlib_sink_run(s, Z_FINISH, e);
	return s->is_done ? 0
			  : err_set(e, -CS_ERR_TRUNCATED,
				"the compressed content ends too early");
}

static int
zlib_sink_new(struct sink *next, struct inflate_count *around, bool is_inflate,
    struct sink **sink, struct err *e)
{
	struct zlib_sink *s;
	int code, r = zlib_load(e);

	*sink = NULL;
	if (r != 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->sink.write = zlib_sink_write;
	s->sink.finish = zlib_sink_finish;
	s->sink.free = zlib_sink_free;
	s->next = next;
	s->count = around != NULL ? around : &s->own;
	s->is_inflate = is_inflate;
	s->z.next_out = s->out;
	s->z.avail_out = sizeof(s->out);
	code = is_inflate
		   ? zlib.inflate_init(&s->z, ZLIB_VERSION, (int)sizeof(s->z))
		   : zlib.deflate_init(&s->z, Z_DEFAULT_COMPRESSION,
			 ZLIB_VERSION, (int)sizeof(s->z));
	if (code != Z_OK) {
		free(s);
		return err_set(e,
		    code == Z_MEM_ERROR ? -CS_ERR_NO_MEMORY : -CS_ERR_INTERNAL,
		    "zlib cannot be used: error %d", code);
	}
	s->is_started = true;
	*sink = &s->sink;
	return 0;
}

int
sink_new_deflate(struct sink *next, struct sink **sink, struct err *e)
{
	return zlib_sink_new(next, NULL, false, sink, e);
}

int
sink_new_inflate(struct sink *next, struct inflate_count *around,
    struct sink **sink, struct err *e)
{
	return zlib_sink_new(next, around, true, sink, e);
}

struct inflate_count *
sink_get_inflate_count(struct sink *inflate)
{
	return ((struct zlib_sink *)inflate)->count;
}
