# tests/pkits/: certificate paths: NIST's test suite, random chains beside
# OpenSSL, and chains that are made to cost time.
TESTS += tests/pkits/pkits.py tests/pkits/hostile.py tests/pkits/differ
EXTRA_DIST += tests/pkits/pkits.py tests/pkits/pkits.txt \
	tests/pkits/hostile.py

PKITS_FLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
check_PROGRAMS += tests/pkits/differ tests/pkits/hostile
tests_pkits_differ_SOURCES = tests/pkits/differ.c \
	tests/pkits/chains.c tests/pkits/chains.h
tests_pkits_differ_CFLAGS = $(PKITS_FLAGS)
tests_pkits_differ_LDADD = libpkix.a $(ALG_LIBS) libasn1.a $(CRYPTO_LIBS)
tests_pkits_hostile_SOURCES = tests/pkits/hostile.c \
	tests/pkits/chains.c tests/pkits/chains.h
tests_pkits_hostile_CFLAGS = $(PKITS_FLAGS)
tests_pkits_hostile_LDADD = libpkix.a $(ALG_LIBS) libasn1.a $(CRYPTO_LIBS)

# Many more chains than make check has time for.
check-differ: tests/pkits/differ
	tests/pkits/differ 20000 2
.PHONY: check-differ
