# tests/fuzz/: a harness per decoder. As tests they replay their corpus and
# seeded mutations of it; see fuzz.h for libFuzzer.
FUZZ_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/fuzz_mime
TESTS += tests/fuzz/fuzz_mime
tests_fuzz_fuzz_mime_SOURCES = tests/fuzz/fuzz_mime.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_mime_LDADD = libsmime.a $(CMS_LIBS) libpkix.a libcodec.a \
	$(ALG_LIBS) libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_reader
TESTS += tests/fuzz/fuzz_reader
tests_fuzz_fuzz_reader_SOURCES = tests/fuzz/fuzz_reader.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_reader_LDADD = $(CMS_LIBS) libpkix.a libcodec.a $(ALG_LIBS) \
	libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_asn1
TESTS += tests/fuzz/fuzz_asn1
tests_fuzz_fuzz_asn1_SOURCES = tests/fuzz/fuzz_asn1.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_asn1_LDADD = libcodec.a $(ALG_LIBS) libasn1.a
