# token/: the worker around one PKCS#11 module, and its protocol.
noinst_LTLIBRARIES += libtokenproto.la
libtokenproto_la_SOURCES = \
	token/field.c token/field.h \
	token/proto.c token/proto.h
libtokenproto_la_CFLAGS = $(AM_CFLAGS) -fPIC
libtokenproto_la_LIBADD = libasn1.la

check_PROGRAMS += tests/unit/check_token_proto
TESTS += tests/unit/check_token_proto
tests_unit_check_token_proto_SOURCES = tests/unit/check_token_proto.c
tests_unit_check_token_proto_LDADD = $(UNIT_LIBS) libtokenproto.la
tests_unit_check_token_proto_CFLAGS = $(UNIT_FLAGS)
