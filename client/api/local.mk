# client/api/: what cardseal.h promises, over the layers below.
noinst_LTLIBRARIES += libapi.la
libapi_la_SOURCES = \
	client/api/agent.c \
	client/api/anchors.c \
	client/api/certs.c \
	client/api/certs_text.c client/api/certs.h \
	client/api/edit.c client/api/encrypt.c \
	client/api/events.c \
	client/api/io.c \
	client/api/job.c client/api/job.h \
	client/api/keys.c \
	client/api/read.c \
	client/api/log.c \
	client/api/recipients.c \
	client/api/rewrap.c \
	client/api/secrets.c \
	client/api/sign.c client/api/signing.h client/api/stamp.c \
	client/api/status.c \
	client/api/store.c \
	client/api/trust.c \
	client/api/verify.c
libapi_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) -fPIC

lib_LTLIBRARIES += libcardseal.la
libcardseal_la_SOURCES = client/cardseal.h
libcardseal_la_LIBADD = libapi.la libsmime.la libcms.la libpkix.la \
	libfetch.la liblink.la libagentproto.la libtokenproto.la libcodec.la libalg.la \
	libasn1.la
libcardseal_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/client/cardseal.map
EXTRA_libcardseal_la_DEPENDENCIES = client/cardseal.map
EXTRA_DIST += client/cardseal.map
include_HEADERS += client/cardseal.h
pkgconfig_DATA += client/cardseal.pc
