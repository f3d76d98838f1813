# client/cms/: streaming CMS: the pipeline, SignedData and EnvelopedData made
# and read, the verdict.
noinst_LTLIBRARIES += libcms.la
libcms_la_SOURCES = \
	client/cms/input.c client/cms/input.h \
	client/cms/output.c client/cms/output.h \
	client/cms/sink.c client/cms/sink.h client/cms/sink_codec.c \
	client/cms/spool.c client/cms/spool.h
libcms_la_CFLAGS = $(AM_CFLAGS) -fPIC
CMS_TEST_LIBS = $(UNIT_LIBS) libcms.la libalg.la libasn1.la

check_PROGRAMS += tests/unit/check_input
TESTS += tests/unit/check_input
tests_unit_check_input_SOURCES = tests/unit/check_input.c
tests_unit_check_input_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_input_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_output
TESTS += tests/unit/check_output
tests_unit_check_output_SOURCES = tests/unit/check_output.c
tests_unit_check_output_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_output_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_sink
TESTS += tests/unit/check_sink
tests_unit_check_sink_SOURCES = tests/unit/check_sink.c
tests_unit_check_sink_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_sink_CFLAGS = $(UNIT_FLAGS)
