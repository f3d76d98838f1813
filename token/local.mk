# token/: the worker around one PKCS#11 module, and its protocol.
noinst_LTLIBRARIES += libtokenproto.la libtoken.la
libtokenproto_la_SOURCES = \
	token/field.c token/field.h \
	token/proto.c token/proto.h
libtokenproto_la_CFLAGS = $(AM_CFLAGS) -fPIC
libtokenproto_la_LIBADD = libasn1.la

libtoken_la_SOURCES = \
	token/ckr.c token/ckr.h token/ckr.def \
	token/module.c token/module.h \
	token/modules.c token/modules.h \
	token/uri.c token/uri.h
libtoken_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
libtoken_la_LIBADD = libtokenproto.la $(P11KIT_LIBS)

check_PROGRAMS += \
	tests/unit/check_token_ckr \
	tests/unit/check_token_proto \
	tests/unit/check_token_uri
TESTS += \
	tests/unit/check_token_ckr \
	tests/unit/check_token_proto \
	tests/unit/check_token_uri
tests_unit_check_token_ckr_SOURCES = tests/unit/check_token_ckr.c
tests_unit_check_token_ckr_LDADD = $(UNIT_LIBS) libtoken.la
tests_unit_check_token_ckr_CFLAGS = $(UNIT_FLAGS) $(P11KIT_CFLAGS)
tests_unit_check_token_proto_SOURCES = tests/unit/check_token_proto.c
tests_unit_check_token_proto_LDADD = $(UNIT_LIBS) libtokenproto.la
tests_unit_check_token_proto_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_token_uri_SOURCES = tests/unit/check_token_uri.c
tests_unit_check_token_uri_LDADD = $(UNIT_LIBS) libtoken.la
tests_unit_check_token_uri_CFLAGS = $(UNIT_FLAGS) $(P11KIT_CFLAGS)
