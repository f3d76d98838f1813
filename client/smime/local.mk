# client/smime/: mails: MIME structure, what is signed of them, S/MIME both
# ways.
noinst_LIBRARIES += libsmime.a
libsmime_a_SOURCES = \
	client/smime/address_list.c client/smime/address_list.h \
	client/smime/ahead.c \
	client/smime/boundary.c client/smime/boundary.h \
	client/smime/canon.c client/smime/canon.h \
	client/smime/certs.c \
	client/smime/edit.c client/smime/encrypt.c client/smime/entity.c \
	client/smime/header.c client/smime/header.h \
	client/smime/hold.c client/smime/kind.c \
	client/smime/legacy.h client/smime/legacy_check.c \
	client/smime/legacy_judge.c \
	client/smime/legacy_make.c client/smime/legacy_make.h \
	client/smime/legacy_place.c client/smime/legacy_text.c \
	client/smime/lines.c client/smime/lines.h \
	client/smime/mail.h \
	client/smime/message.c client/smime/message.h \
	client/smime/origin.c client/smime/origin.h \
	client/smime/param.c \
	client/smime/parser.c client/smime/parser.h \
	client/smime/protect.c client/smime/protect.h \
	client/smime/protect_check.c client/smime/protect_wrap.c \
	client/smime/read.c client/smime/read_int.h \
	client/smime/read_pkcs7.c client/smime/read_signed.c \
	client/smime/receipt.c \
	client/smime/scan.c client/smime/scan_start.c client/smime/sign.c \
	client/smime/sign_inside.c client/smime/smime.h \
	client/smime/triple.c \
	client/smime/transfer.c client/smime/transfer.h \
	client/smime/tree.c client/smime/tree.h \
	client/smime/utf8_stream.c client/smime/utf8_stream.h \
	client/smime/walk.c client/smime/walk_cms.c \
	client/smime/walk_signed.c \
	client/smime/words.c client/smime/writer.h
libsmime_a_CFLAGS = $(AM_CFLAGS) -fPIC
SMIME_TEST_LIBS = $(UNIT_LIBS) libsmime.a libcms.a libpkix.a libcodec.a \
	$(ALG_LIBS) libasn1.a

check_PROGRAMS += tests/unit/check_lines
TESTS += tests/unit/check_lines
tests_unit_check_lines_SOURCES = tests/unit/check_lines.c
tests_unit_check_lines_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_lines_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_parser
TESTS += tests/unit/check_parser
tests_unit_check_parser_SOURCES = tests/unit/check_parser.c
tests_unit_check_parser_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_parser_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_header
TESTS += tests/unit/check_header
tests_unit_check_header_SOURCES = tests/unit/check_header.c
tests_unit_check_header_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_header_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_address_list
TESTS += tests/unit/check_address_list
tests_unit_check_address_list_SOURCES = tests/unit/check_address_list.c
tests_unit_check_address_list_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_address_list_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_canon
TESTS += tests/unit/check_canon
tests_unit_check_canon_SOURCES = tests/unit/check_canon.c
tests_unit_check_canon_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_canon_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_transfer
TESTS += tests/unit/check_transfer
tests_unit_check_transfer_SOURCES = tests/unit/check_transfer.c
tests_unit_check_transfer_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_transfer_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_entity
TESTS += tests/unit/check_entity
tests_unit_check_entity_SOURCES = tests/unit/check_entity.c
tests_unit_check_entity_LDADD = $(SMIME_TEST_LIBS)
tests_unit_check_entity_CFLAGS = $(UNIT_FLAGS)

check_LIBRARIES += libmailunit.a
libmailunit_a_SOURCES = tests/unit/mail_util.c tests/unit/mail_util.h \
	tests/unit/message_util.c tests/unit/message_util.h
libmailunit_a_CFLAGS = $(UNIT_FLAGS)
SMIME_MAIL_LIBS = libmailunit.a $(CMSUNIT_LIBS) $(SMIME_TEST_LIBS)

check_PROGRAMS += tests/unit/check_smime_sign
TESTS += tests/unit/check_smime_sign
tests_unit_check_smime_sign_SOURCES = tests/unit/check_smime_sign.c
tests_unit_check_smime_sign_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_smime_sign_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_origin
TESTS += tests/unit/check_origin
tests_unit_check_origin_SOURCES = tests/unit/check_origin.c
tests_unit_check_origin_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_origin_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_smime_read
TESTS += tests/unit/check_smime_read
tests_unit_check_smime_read_SOURCES = tests/unit/check_smime_read.c
tests_unit_check_smime_read_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_smime_read_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_message
TESTS += tests/unit/check_message
tests_unit_check_message_SOURCES = tests/unit/check_message.c
tests_unit_check_message_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_message_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_message_forms
TESTS += tests/unit/check_message_forms
tests_unit_check_message_forms_SOURCES = tests/unit/check_message_forms.c
tests_unit_check_message_forms_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_message_forms_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_protect
TESTS += tests/unit/check_protect
tests_unit_check_protect_SOURCES = tests/unit/check_protect.c
tests_unit_check_protect_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_protect_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_legacy
TESTS += tests/unit/check_legacy
tests_unit_check_legacy_SOURCES = tests/unit/check_legacy.c
tests_unit_check_legacy_LDADD = $(SMIME_MAIL_LIBS)
tests_unit_check_legacy_CFLAGS = $(UNIT_FLAGS)

# By itself, for tests/system/odd-mails.sh.
check_PROGRAMS += tests/system/mail_tool
tests_system_mail_tool_SOURCES = tests/system/mail_tool.c
tests_system_mail_tool_LDADD = $(CMSUNIT_LIBS) $(SMIME_TEST_LIBS)
tests_system_mail_tool_CFLAGS = $(UNIT_FLAGS)
TESTS += tests/system/odd-mails.py
EXTRA_DIST += tests/system/odd-mails.py tests/system/mails.py
