# asn1/alg/: what an AlgorithmIdentifier names, and the operations behind it.
noinst_LIBRARIES += libalg.a
libalg_a_SOURCES = \
	asn1/alg/alg.c asn1/alg/alg.h asn1/alg/alg.def \
	asn1/alg/alg_id.c \
	asn1/alg/bulk.h asn1/alg/bulk_gcrypt.c \
	asn1/alg/cipher.c asn1/alg/cipher.h asn1/alg/cipher_params.c \
	asn1/alg/ct.h \
	asn1/alg/digest.h \
	asn1/alg/dsa.c asn1/alg/dsa.h \
	asn1/alg/ec.c asn1/alg/ec.h \
	asn1/alg/ecdh.c asn1/alg/ecdh.h \
	asn1/alg/hash.c asn1/alg/hash.h \
	asn1/alg/keygrip.c asn1/alg/keygrip.h \
	asn1/alg/keywrap.c asn1/alg/keywrap.h \
	asn1/alg/mac.c asn1/alg/mac.h \
	asn1/alg/padding.c asn1/alg/padding.h \
	asn1/alg/pbkdf2.c asn1/alg/pbkdf2.h \
	asn1/alg/pss.c \
	asn1/alg/pwri.c asn1/alg/pwri.h \
	asn1/alg/random.c asn1/alg/random.h \
	asn1/alg/rsa.c asn1/alg/rsa.h \
	asn1/alg/rsa_encrypt.c asn1/alg/rsa_params.c \
	asn1/alg/signature.c asn1/alg/signature.h \
	asn1/alg/spki.c asn1/alg/spki.h asn1/alg/spki_make.c \
	asn1/alg/unpad.c \
	asn1/alg/verify.c
libalg_a_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS) $(GCRYPT_CFLAGS) -fPIC
ALG_LIBS = libalg.a $(NETTLE_LIBS) $(GMP_LIBS) $(GCRYPT_LIBS)

check_PROGRAMS += $(ALG_TESTS)
TESTS += $(ALG_TESTS)
ALG_TESTS = tests/unit/check_alg_table tests/unit/check_digest \
	tests/unit/check_cipher tests/unit/check_cipher_params \
	tests/unit/check_keywrap tests/unit/check_oaep \
	tests/unit/check_padding tests/unit/check_password \
	tests/unit/check_signature \
	tests/unit/check_spki
ALG_TEST_LIBS = $(UNIT_LIBS) $(ALG_LIBS) libasn1.a
tests_unit_check_alg_table_SOURCES = tests/unit/check_alg_table.c
tests_unit_check_alg_table_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_alg_table_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_digest_SOURCES = tests/unit/check_digest.c
tests_unit_check_digest_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_digest_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_cipher_SOURCES = tests/unit/check_cipher.c
tests_unit_check_cipher_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_cipher_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_cipher_params_SOURCES = tests/unit/check_cipher_params.c
tests_unit_check_cipher_params_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_cipher_params_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_oaep_SOURCES = tests/unit/check_oaep.c \
	tests/unit/rsa_key.c tests/unit/rsa_key.h
tests_unit_check_oaep_LDADD = $(ALG_TEST_LIBS) $(GMP_LIBS)
tests_unit_check_oaep_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_keywrap_SOURCES = tests/unit/check_keywrap.c
tests_unit_check_keywrap_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_keywrap_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_padding_SOURCES = tests/unit/check_padding.c \
	tests/unit/rsa_key.c tests/unit/rsa_key.h
tests_unit_check_padding_LDADD = $(ALG_TEST_LIBS) $(GMP_LIBS)
tests_unit_check_padding_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_password_SOURCES = tests/unit/check_password.c
tests_unit_check_password_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_password_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_signature_SOURCES = tests/unit/check_signature.c
tests_unit_check_signature_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_signature_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_spki_SOURCES = tests/unit/check_spki.c
tests_unit_check_spki_LDADD = $(ALG_TEST_LIBS)
tests_unit_check_spki_CFLAGS = $(UNIT_FLAGS)
EXTRA_DIST += tests/vectors/make_paddings.py tests/vectors/paddings.txt \
	tests/vectors/make_signatures.py tests/vectors/signatures.txt
