# client/cms/: streaming CMS: the pipeline, SignedData and EnvelopedData made
# and read, the verdict.
noinst_LIBRARIES += libcms.a
libcms_a_SOURCES = \
	client/cms/cms.h \
	client/cms/compressed.c client/cms/compressed.h \
	client/cms/detect.c client/cms/detect.h \
	client/cms/edit.c client/cms/edit.h \
	client/cms/enveloped.c client/cms/enveloped.h \
	client/cms/guard.c \
	client/cms/input.c client/cms/input.h \
	client/cms/judge_attrs.c client/cms/judge_cert.c \
	client/cms/judge_ess.c client/cms/judge_int.h \
	client/cms/label.c client/cms/label.h \
	client/cms/output.c client/cms/output.h \
	client/cms/parts.h \
	client/cms/reader.c client/cms/reader_certs.c client/cms/reader.h client/cms/reader_int.h \
	client/cms/reader_enveloped.c client/cms/reader_fields.c \
	client/cms/reader_keep.c client/cms/reader_other.c \
	client/cms/reader_path.c client/cms/reader_peek.c \
	client/cms/reader_recipients.c \
	client/cms/reader_signed.c client/cms/reader_util.c \
	client/cms/receipt.c client/cms/receipt.h \
	client/cms/recipients.c \
	client/cms/release.c client/cms/release.h \
	client/cms/rewrap.c client/cms/rewrap.h \
	client/cms/segment.c client/cms/segment.h \
	client/cms/sign_info.c client/cms/sign_info.h \
	client/cms/signed.c client/cms/signed.h \
	client/cms/sink.c client/cms/sink.h client/cms/sink_codec.c \
	client/cms/spool.c client/cms/spool.h \
	client/cms/stamp.c client/cms/stamp.h \
	client/cms/verdict.c client/cms/verdict.h \
	client/cms/verdict_ess.c client/cms/verdict_ess.h \
	client/cms/verdict_json.c client/cms/verdict_json.h \
	client/cms/verdict_mail.c client/cms/verdict_mail.h \
	client/cms/verdict_text.c \
	client/cms/zlib.c client/cms/zlib.h
libcms_a_CFLAGS = $(AM_CFLAGS) -fPIC
CMS_TEST_LIBS = $(UNIT_LIBS) libcms.a libpkix.a libcodec.a $(ALG_LIBS) libasn1.a

# Keys and messages for the tests.
check_LIBRARIES += libcmsunit.a
libcmsunit_a_SOURCES = \
	tests/unit/cms_util.c tests/unit/cms_util.h \
	tests/unit/craft.c tests/unit/craft.h \
	tests/unit/soft_key.c tests/unit/soft_key.h \
	tests/unit/soft_key_int.h tests/unit/soft_open.c
libcmsunit_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NETTLE_CFLAGS)
CMSUNIT_LIBS = libcmsunit.a $(NETTLE_LIBS) $(GMP_LIBS)

check_PROGRAMS += tests/unit/check_decrypt
TESTS += tests/unit/check_decrypt
tests_unit_check_decrypt_SOURCES = tests/unit/check_decrypt.c
tests_unit_check_decrypt_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_decrypt_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_receipt
TESTS += tests/unit/check_receipt
tests_unit_check_receipt_SOURCES = tests/unit/check_receipt.c
tests_unit_check_receipt_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_receipt_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_label
TESTS += tests/unit/check_label
tests_unit_check_label_SOURCES = tests/unit/check_label.c
tests_unit_check_label_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_label_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_detect
TESTS += tests/unit/check_detect
tests_unit_check_detect_SOURCES = tests/unit/check_detect.c
tests_unit_check_detect_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_detect_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_edit
TESTS += tests/unit/check_edit
tests_unit_check_edit_SOURCES = tests/unit/check_edit.c
tests_unit_check_edit_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_edit_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_places
TESTS += tests/unit/check_places
tests_unit_check_places_SOURCES = tests/unit/check_places.c
tests_unit_check_places_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_places_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_stamp
TESTS += tests/unit/check_stamp
tests_unit_check_stamp_SOURCES = tests/unit/check_stamp.c
tests_unit_check_stamp_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_stamp_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_enveloped
TESTS += tests/unit/check_enveloped
tests_unit_check_enveloped_SOURCES = tests/unit/check_enveloped.c
tests_unit_check_enveloped_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_enveloped_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_input
TESTS += tests/unit/check_input
tests_unit_check_input_SOURCES = tests/unit/check_input.c
tests_unit_check_input_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_input_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_spool
TESTS += tests/unit/check_spool
tests_unit_check_spool_SOURCES = tests/unit/check_spool.c
tests_unit_check_spool_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_spool_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_other
TESTS += tests/unit/check_other
tests_unit_check_other_SOURCES = tests/unit/check_other.c
tests_unit_check_other_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_other_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_output
TESTS += tests/unit/check_output
tests_unit_check_output_SOURCES = tests/unit/check_output.c
tests_unit_check_output_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_output_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_reader
TESTS += tests/unit/check_reader
tests_unit_check_reader_SOURCES = tests/unit/check_reader.c
tests_unit_check_reader_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_reader_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_recipients
TESTS += tests/unit/check_recipients
tests_unit_check_recipients_SOURCES = tests/unit/check_recipients.c
tests_unit_check_recipients_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_recipients_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_release
TESTS += tests/unit/check_release
tests_unit_check_release_SOURCES = tests/unit/check_release.c
tests_unit_check_release_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_release_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_rewrap
TESTS += tests/unit/check_rewrap
tests_unit_check_rewrap_SOURCES = tests/unit/check_rewrap.c
tests_unit_check_rewrap_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_rewrap_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_signed
TESTS += tests/unit/check_signed
tests_unit_check_signed_SOURCES = tests/unit/check_signed.c
tests_unit_check_signed_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_signed_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_signer
TESTS += tests/unit/check_signer
tests_unit_check_signer_SOURCES = tests/unit/check_signer.c
tests_unit_check_signer_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_signer_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_signer_key
TESTS += tests/unit/check_signer_key
tests_unit_check_signer_key_SOURCES = tests/unit/check_signer_key.c
tests_unit_check_signer_key_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_signer_key_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_sink
TESTS += tests/unit/check_sink
tests_unit_check_sink_SOURCES = tests/unit/check_sink.c
tests_unit_check_sink_LDADD = $(CMS_TEST_LIBS)
tests_unit_check_sink_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_verdict
TESTS += tests/unit/check_verdict
tests_unit_check_verdict_SOURCES = tests/unit/check_verdict.c
tests_unit_check_verdict_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_unit_check_verdict_CFLAGS = $(UNIT_FLAGS)
