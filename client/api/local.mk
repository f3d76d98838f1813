# client/api/: what cardseal.h promises, over the layers below.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = \
	client/api/agent.c \
	client/api/anchor_cache.c \
	client/api/anchors.c \
	client/api/certs.c \
	client/api/certs_text.c client/api/certs.h \
	client/api/config.c \
	client/api/edit.c client/api/encrypt.c client/api/headers.c \
	client/api/events.c \
	client/api/harvest.c \
	client/api/import.c \
	client/api/io.c \
	client/api/job.c client/api/job.h \
	client/api/keys.c \
	client/api/label_sign.c \
	client/api/labels.c client/api/labels.h \
	client/api/read.c client/api/receipt.c \
	client/api/log.c client/api/lookup.c \
	client/api/lookup_int.h client/api/lookup_judge.c \
	client/api/online.c \
	client/api/online_int.h \
	client/api/online_issuers.c \
	client/api/recipients.c \
	client/api/request.c \
	client/api/rewrap.c \
	client/api/secrets.c \
	client/api/sign.c client/api/signing.c client/api/signing.h \
	client/api/stamp.c \
	client/api/signers.c \
	client/api/status.c \
	client/api/store.c \
	client/api/system_anchors.c \
	client/api/trust.c \
	client/api/verify.c \
	client/api/write.c
libapi_a_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS) -fPIC

check_PROGRAMS += tests/unit/check_system_anchors
TESTS += tests/unit/check_system_anchors
tests_unit_check_system_anchors_SOURCES = tests/unit/check_system_anchors.c
tests_unit_check_system_anchors_LDADD = libapi.a libunitcert.a $(CMS_TEST_LIBS)
tests_unit_check_system_anchors_CFLAGS = $(UNIT_FLAGS)

# The archives go to the linker as they are: libtool knows none of them, so it
# neither wraps nor warns, and each file is compiled once.
lib_LTLIBRARIES += libcardseal.la
API_ARCHIVES = libapi.a libsmime.a libcms.a libpkix.a libfetch.a liblink.a \
	libagentproto.a libtokenproto.a libcodec.a libalg.a libasn1.a
API_SYSTEM = $(INIH_LIBS) $(NETTLE_LIBS) $(GMP_LIBS) \
	$(GCRYPT_LIBS)
libcardseal_la_SOURCES = client/cardseal.h
libcardseal_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/client/cardseal.map \
	-Wl,--whole-archive $(API_ARCHIVES:%=-Wl,%) -Wl,--no-whole-archive \
	$(API_SYSTEM:%=-Wl,%)
EXTRA_libcardseal_la_DEPENDENCIES = client/cardseal.map $(API_ARCHIVES)
EXTRA_DIST += client/cardseal.map
include_HEADERS += client/cardseal.h
pkgconfig_DATA += client/cardseal.pc
