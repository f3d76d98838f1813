# tests/fuzz/: a harness per decoder. As tests they replay their corpus and
# seeded mutations of it; see fuzz.h for libFuzzer.
FUZZ_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/fuzz_mime
TESTS += tests/fuzz/fuzz_mime
tests_fuzz_fuzz_mime_SOURCES = tests/fuzz/fuzz_mime.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_mime_LDADD = libowa.a libsmime.a libcms.a libpkix.a libcodec.a \
	$(ALG_LIBS) libasn1.a $(JANSSON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_message
TESTS += tests/fuzz/fuzz_message
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_message_LDADD = libsmime.a libcms.a libpkix.a libcodec.a \
	$(ALG_LIBS) libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_reader
TESTS += tests/fuzz/fuzz_reader
tests_fuzz_fuzz_reader_SOURCES = tests/fuzz/fuzz_reader.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_reader_LDADD = libcms.a libpkix.a libcodec.a $(ALG_LIBS) \
	libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_asn1
TESTS += tests/fuzz/fuzz_asn1
tests_fuzz_fuzz_asn1_SOURCES = tests/fuzz/fuzz_asn1.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_asn1_LDADD = libcodec.a $(ALG_LIBS) libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_ess
TESTS += tests/fuzz/fuzz_ess
tests_fuzz_fuzz_ess_SOURCES = tests/fuzz/fuzz_ess.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_ess_LDADD = libcms.a libpkix.a libcodec.a $(ALG_LIBS) \
	libasn1.a

MUTATE_SOURCES = tests/fuzz/mutate.c tests/fuzz/mutate.h \
	tests/fuzz/world_run.c tests/fuzz/world_run.h

check_PROGRAMS += tests/fuzz/fuzz_pkix
TESTS += tests/fuzz/fuzz_pkix
tests_fuzz_fuzz_pkix_SOURCES = tests/fuzz/fuzz_pkix.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_pkix_LDADD = libpkix.a libcodec.a $(ALG_LIBS) \
	$(TREE_LIBS) libasn1.a

check_PROGRAMS += tests/fuzz/fuzz_fetch
TESTS += tests/fuzz/fuzz_fetch
tests_fuzz_fuzz_fetch_SOURCES = tests/fuzz/fuzz_fetch.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_fetch_LDADD = $(SERVE_LIBS)

# Messages of every kind, changed in every way; as a test only some hundred of
# each.
check_PROGRAMS += tests/fuzz/mutations
TESTS += tests/fuzz/mutations
tests_fuzz_mutations_SOURCES = tests/fuzz/mutations.c $(MUTATE_SOURCES)
tests_fuzz_mutations_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_fuzz_mutations_CFLAGS = $(UNIT_FLAGS)

# The same for what is put on messages.
check_PROGRAMS += tests/fuzz/edits
TESTS += tests/fuzz/edits
tests_fuzz_edits_SOURCES = tests/fuzz/edits.c $(MUTATE_SOURCES)
tests_fuzz_edits_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_fuzz_edits_CFLAGS = $(UNIT_FLAGS)

# A long run: 100,000 mutations of each kind of message.
mutations:
	$(MAKE) check TESTS=
	CS_SRCDIR='$(abs_top_srcdir)'; export CS_SRCDIR; \
	for fuzz in fuzz_reader fuzz_mime fuzz_asn1 fuzz_ess fuzz_pkix \
	    fuzz_fetch; do \
		tests/fuzz/$$fuzz -n 100000 || exit; \
	done; \
	CS_MUTATIONS=100000 tests/fuzz/mutations && \
	CS_MUTATIONS=100000 tests/fuzz/edits
.PHONY: mutations
