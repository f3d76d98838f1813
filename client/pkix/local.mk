# client/pkix/: certificates, paths, revocation lists, choices.
noinst_LIBRARIES += libpkix.a
libpkix_a_SOURCES = \
	client/pkix/address.c client/pkix/address.h \
	client/pkix/anchor_index.c client/pkix/anchor_index.h \
	client/pkix/cert.c client/pkix/cert.h client/pkix/cert_int.h \
	client/pkix/cert_decode.c client/pkix/cert_ext.c \
	client/pkix/cert_file.c client/pkix/cert_set.c \
	client/pkix/cert_text.c \
	client/pkix/choose.c client/pkix/choose.h client/pkix/choose_key.c \
	client/pkix/crl.c client/pkix/crl.h client/pkix/crl_int.h \
	client/pkix/crl_check.c client/pkix/crl_load.c \
	client/pkix/crl_scope.c client/pkix/crl_set.c \
	client/pkix/crl_source.c \
	client/pkix/db.c client/pkix/db.h \
	client/pkix/domain.c client/pkix/domain.h \
	client/pkix/fetched.c client/pkix/fetched.h \
	client/pkix/file.c client/pkix/file.h \
	client/pkix/general_name.c client/pkix/general_name.h \
	client/pkix/hash.c client/pkix/hash.h \
	client/pkix/nfc.c client/pkix/nfc.h \
	client/pkix/ocsp.c client/pkix/ocsp.h client/pkix/ocsp_int.h \
	client/pkix/ocsp_check.c \
	client/pkix/path.h client/pkix/path_int.h \
	client/pkix/path_build.c \
	client/pkix/path_cache.c client/pkix/path_cache.h \
	client/pkix/path_log.c \
	client/pkix/path_names.c \
	client/pkix/path_policy.c client/pkix/path_revoke.c \
	client/pkix/path_score.c \
	client/pkix/path_util.c client/pkix/path_validate.c \
	client/pkix/smimea.c client/pkix/smimea.h \
	client/pkix/store.c client/pkix/store.h \
	client/pkix/store_sqlite.c client/pkix/store_sqlite.h \
	client/pkix/request.c client/pkix/request.h \
	client/pkix/strength.c client/pkix/strength.h \
	client/pkix/trusted.c client/pkix/trusted.h \
	client/pkix/urls.c client/pkix/urls.h
libpkix_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) -fPIC

# Certificates for tests.
check_LIBRARIES += libunitcert.a
libunitcert_a_SOURCES = tests/unit/unit_cert.c tests/unit/unit_cert.h
libunitcert_a_CFLAGS = $(UNIT_FLAGS)
PKIX_LIBS = libunitcert.a $(UNIT_LIBS) libpkix.a $(ALG_LIBS) libasn1.a

check_PROGRAMS += $(PKIX_TESTS)
TESTS += $(PKIX_TESTS)
PKIX_TESTS = tests/unit/check_address tests/unit/check_anchor_index \
	tests/unit/check_cert \
	tests/unit/check_cert_set tests/unit/check_choose \
	tests/unit/check_crl tests/unit/check_fetched tests/unit/check_ocsp \
	tests/unit/check_path_find tests/unit/check_path_names \
	tests/unit/check_request tests/unit/check_smimea \
	tests/unit/check_path_policy tests/unit/check_store \
	tests/unit/check_trusted
tests_unit_check_anchor_index_SOURCES = tests/unit/check_anchor_index.c
tests_unit_check_anchor_index_LDADD = $(PKIX_LIBS)
tests_unit_check_anchor_index_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_trusted_SOURCES = tests/unit/check_trusted.c
tests_unit_check_trusted_LDADD = $(PKIX_LIBS)
tests_unit_check_trusted_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_request_SOURCES = tests/unit/check_request.c
tests_unit_check_request_LDADD = $(PKIX_LIBS)
tests_unit_check_request_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_smimea_SOURCES = tests/unit/check_smimea.c
tests_unit_check_smimea_LDADD = $(PKIX_LIBS)
tests_unit_check_smimea_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_address_SOURCES = tests/unit/check_address.c
tests_unit_check_address_LDADD = $(PKIX_LIBS)
tests_unit_check_address_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_cert_SOURCES = tests/unit/check_cert.c
tests_unit_check_cert_LDADD = $(PKIX_LIBS)
tests_unit_check_cert_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_cert_set_SOURCES = tests/unit/check_cert_set.c
tests_unit_check_cert_set_LDADD = $(PKIX_LIBS)
tests_unit_check_cert_set_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_choose_SOURCES = tests/unit/check_choose.c
tests_unit_check_choose_LDADD = $(PKIX_LIBS)
tests_unit_check_choose_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_store_SOURCES = tests/unit/check_store.c
tests_unit_check_store_LDADD = $(PKIX_LIBS)
tests_unit_check_store_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_path_find_SOURCES = tests/unit/check_path_find.c
tests_unit_check_path_find_LDADD = $(PKIX_LIBS)
tests_unit_check_path_find_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_crl_SOURCES = tests/unit/check_crl.c
tests_unit_check_crl_LDADD = $(PKIX_LIBS)
tests_unit_check_crl_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_fetched_SOURCES = tests/unit/check_fetched.c
tests_unit_check_fetched_LDADD = $(PKIX_LIBS)
tests_unit_check_fetched_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_ocsp_SOURCES = tests/unit/check_ocsp.c
tests_unit_check_ocsp_LDADD = $(PKIX_LIBS) $(TREE_LIBS) libasn1.a
tests_unit_check_ocsp_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_path_names_SOURCES = tests/unit/check_path_names.c
tests_unit_check_path_names_LDADD = $(PKIX_LIBS)
tests_unit_check_path_names_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_path_policy_SOURCES = tests/unit/check_path_policy.c
tests_unit_check_path_policy_LDADD = $(PKIX_LIBS)
tests_unit_check_path_policy_CFLAGS = $(UNIT_FLAGS)
EXTRA_DIST += tests/vectors/pkix tests/vectors/ocsp

# path_find from the shell, beside openssl verify.
check_PROGRAMS += tests/system/path_tool
tests_system_path_tool_SOURCES = tests/system/path_tool.c
tests_system_path_tool_LDADD = libpkix.a $(ALG_LIBS) libasn1.a
TESTS += tests/system/path.sh
EXTRA_DIST += tests/system/path.sh

noinst_PROGRAMS += tests/bench/bench_path
tests_bench_bench_path_SOURCES = tests/bench/bench_path.c
tests_bench_bench_path_LDADD = libpkix.a $(ALG_LIBS) libasn1.a
