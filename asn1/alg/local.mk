# asn1/alg/: what an AlgorithmIdentifier names, and the operations behind it.
noinst_LTLIBRARIES += libalg.la
libalg_la_SOURCES = \
	asn1/alg/alg.c asn1/alg/alg.h asn1/alg/alg.def \
	asn1/alg/alg_id.c \
	asn1/alg/bulk.h asn1/alg/bulk_gcrypt.c \
	asn1/alg/digest.h \
	asn1/alg/hash.c asn1/alg/hash.h \
	asn1/alg/random.c asn1/alg/random.h
libalg_la_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS) $(GCRYPT_CFLAGS) -fPIC
libalg_la_LIBADD = $(NETTLE_LIBS) $(GMP_LIBS) $(GCRYPT_LIBS)

check_PROGRAMS += tests/unit/check_alg_table tests/unit/check_digest
TESTS += tests/unit/check_alg_table tests/unit/check_digest
tests_unit_check_alg_table_SOURCES = tests/unit/check_alg_table.c
tests_unit_check_alg_table_LDADD = $(UNIT_LIBS) libalg.la libasn1.la
tests_unit_check_alg_table_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_digest_SOURCES = tests/unit/check_digest.c
tests_unit_check_digest_LDADD = $(UNIT_LIBS) libalg.la libasn1.la
tests_unit_check_digest_CFLAGS = $(UNIT_FLAGS)
