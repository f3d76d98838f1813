# client/p12/: the program cardseal-p12(8).
noinst_LIBRARIES += libp12.a
libp12_a_SOURCES = \
	client/p12/ask.c client/p12/ask.h \
	client/p12/confine.c client/p12/confine.h \
	client/p12/p12.c client/p12/p12.h
libp12_a_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(SECCOMP_CFLAGS)
P12_LIBS = libp12.a liblink.a libagentproto.a libtokenproto.a libasn1.a \
	$(GNUTLS_LIBS) $(SECCOMP_LIBS)

pkglibexec_PROGRAMS += client/p12/cardseal-p12
client_p12_cardseal_p12_SOURCES = client/p12/main.c
client_p12_cardseal_p12_CFLAGS = $(AM_CFLAGS)
client_p12_cardseal_p12_LDFLAGS = $(PROGRAM_LINK)
client_p12_cardseal_p12_LDADD = $(P12_LIBS)

check_PROGRAMS += tests/unit/check_p12
TESTS += tests/unit/check_p12
tests_unit_check_p12_SOURCES = tests/unit/check_p12.c
tests_unit_check_p12_LDADD = $(UNIT_LIBS) $(P12_LIBS)
tests_unit_check_p12_CFLAGS = $(UNIT_FLAGS)
