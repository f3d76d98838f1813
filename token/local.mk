# token/: the worker around one PKCS#11 module, and its protocol.
noinst_LIBRARIES += libtokenproto.a libtoken.a
libtokenproto_a_SOURCES = \
	token/field.c token/field.h \
	token/proto.c token/proto.h
libtokenproto_a_CFLAGS = $(AM_CFLAGS) -fPIC
TOKENPROTO_LIBS = libtokenproto.a libasn1.a

libtoken_a_SOURCES = \
	token/ckr.c token/ckr.h token/ckr.def \
	token/key.c token/key.h \
	token/login.c \
	token/module.c token/module.h \
	token/modules.c token/modules.h \
	token/object.c token/object.h token/object_read.c \
	token/open.c token/open.h token/open_kari.c \
	token/pcsc.c token/pcsc.h \
	token/pkcs8.c token/pkcs8.h \
	token/probe.c \
	token/raw.c \
	token/readers.c token/readers.h \
	token/sign.c \
	token/slot.c token/slot.h \
	token/uri.c token/uri.h \
	token/use.c token/use.h token/use_secret.c \
	token/watch.c token/watch.h token/watch_pcsc.c \
	token/worker.c token/worker.h \
	token/write.c token/write.h token/write_key.c \
	token/x509.c token/x509.h
libtoken_a_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) $(PCSC_CFLAGS)
TOKEN_LIBS = libtoken.a $(P11KIT_LIBS) $(PCSC_LIBS) libtokenproto.a libcodec.a $(ALG_LIBS) libasn1.a

pkglibexec_PROGRAMS += token/cardseal-token
token_cardseal_token_SOURCES = token/main.c
token_cardseal_token_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
token_cardseal_token_LDFLAGS = $(PROGRAM_LINK)
token_cardseal_token_LDADD = $(TOKEN_LIBS)

TOKEN_TESTS = \
	tests/unit/check_token_ckr \
	tests/unit/check_token_key \
	tests/unit/check_token_pcsc \
	tests/unit/check_token_pkcs8 \
	tests/unit/check_token_proto \
	tests/unit/check_token_uri \
	tests/unit/check_token_worker
check_PROGRAMS += $(TOKEN_TESTS)
TESTS += $(TOKEN_TESTS)
TOKEN_TEST_FLAGS = $(UNIT_FLAGS) $(P11KIT_CFLAGS)
TOKEN_TEST_LIBS = $(UNIT_LIBS) $(TOKEN_LIBS)
tests_unit_check_token_ckr_SOURCES = tests/unit/check_token_ckr.c
tests_unit_check_token_ckr_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_ckr_CFLAGS = $(TOKEN_TEST_FLAGS)
tests_unit_check_token_key_SOURCES = tests/unit/check_token_key.c
tests_unit_check_token_key_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_key_CFLAGS = $(TOKEN_TEST_FLAGS)
tests_unit_check_token_pcsc_SOURCES = tests/unit/check_token_pcsc.c
tests_unit_check_token_pcsc_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_pcsc_CFLAGS = $(TOKEN_TEST_FLAGS)
tests_unit_check_token_pkcs8_SOURCES = tests/unit/check_token_pkcs8.c
tests_unit_check_token_pkcs8_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_pkcs8_CFLAGS = $(TOKEN_TEST_FLAGS)
tests_unit_check_token_proto_SOURCES = tests/unit/check_token_proto.c
tests_unit_check_token_proto_LDADD = $(UNIT_LIBS) $(TOKENPROTO_LIBS)
tests_unit_check_token_proto_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_token_uri_SOURCES = tests/unit/check_token_uri.c
tests_unit_check_token_uri_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_uri_CFLAGS = $(TOKEN_TEST_FLAGS)
tests_unit_check_token_worker_SOURCES = tests/unit/check_token_worker.c
tests_unit_check_token_worker_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_check_token_worker_CFLAGS = $(TOKEN_TEST_FLAGS)
EXTRA_DIST += \
	tests/vectors/token/ca.der tests/vectors/token/ed25519.der \
	tests/vectors/token/make.sh \
	tests/vectors/token/p256-any.der tests/vectors/token/p256-sign.der \
	tests/vectors/token/rsa-both.der tests/vectors/token/rsa-encrypt.der
