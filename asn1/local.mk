# asn1/: the leaf. Errors, buffers, secrets, encodings.
noinst_LIBRARIES += libasn1.a
libasn1_a_SOURCES = \
	asn1/base64.c asn1/base64.h asn1/base64_kernel.h asn1/base64_x86.c \
	asn1/ber.c asn1/ber.h asn1/ber_to_der.c \
	asn1/buf.c asn1/buf.h \
	asn1/cert_id.c asn1/cert_id.h \
	asn1/der.h asn1/der_read.c asn1/der_write.c \
	asn1/err.c asn1/err.h asn1/err.def \
	asn1/json.c asn1/json.h \
	asn1/name.c asn1/name.h asn1/name_parse.c asn1/name_string.c asn1/name_string.h \
	asn1/oid.c asn1/oid.h asn1/oid.def \
	asn1/pem.c asn1/pem.h \
	asn1/say.c asn1/say.h \
	asn1/secret.c asn1/secret.h \
	asn1/time.c asn1/time.h \
	asn1/utf8.c asn1/utf8.h
libasn1_a_CFLAGS = $(AM_CFLAGS) -fPIC

# The published modules, compiled into tables for libtasn1, and what reads by
# them. By itself, so that programs without need of it start without libtasn1.
ASN1_MODULES = asn1/agent.asn asn1/cms.asn asn1/fetch.asn asn1/ocsp.asn \
	asn1/pkix1.asn asn1/token.asn
ASN1_TABLES = asn1/agent_asn1.c asn1/cms_asn1.c asn1/fetch_asn1.c \
	asn1/ocsp_asn1.c asn1/pkix1_asn1.c asn1/token_asn1.c
noinst_LIBRARIES += libtree.a
libtree_a_SOURCES = asn1/tree.c asn1/tree.h
nodist_libtree_a_SOURCES = $(ASN1_TABLES)
libtree_a_CFLAGS = $(AM_CFLAGS) $(TASN1_CFLAGS) -fPIC
TREE_LIBS = libtree.a $(TASN1_LIBS)
BUILT_SOURCES += $(ASN1_TABLES)
CLEANFILES += $(ASN1_TABLES)
EXTRA_DIST += $(ASN1_MODULES)

# asn1Parser talks even when all is well.
ASN1_COMPILE = $(AM_V_GEN)$(MKDIR_P) asn1 && $(ASN1PARSER) -o $@.tmp
ASN1_DONE = >$@.log 2>&1 && mv $@.tmp $@ && rm -f $@.log || \
	{ cat $@.log >&2; rm -f $@.log $@.tmp; exit 1; }
asn1/agent_asn1.c: asn1/agent.asn
	$(ASN1_COMPILE) -n agent_asn1 $(srcdir)/asn1/agent.asn $(ASN1_DONE)
asn1/cms_asn1.c: asn1/cms.asn
	$(ASN1_COMPILE) -n cms_asn1 $(srcdir)/asn1/cms.asn $(ASN1_DONE)
asn1/fetch_asn1.c: asn1/fetch.asn
	$(ASN1_COMPILE) -n fetch_asn1 $(srcdir)/asn1/fetch.asn $(ASN1_DONE)
asn1/ocsp_asn1.c: asn1/ocsp.asn
	$(ASN1_COMPILE) -n ocsp_asn1 $(srcdir)/asn1/ocsp.asn $(ASN1_DONE)
asn1/pkix1_asn1.c: asn1/pkix1.asn
	$(ASN1_COMPILE) -n pkix1_asn1 $(srcdir)/asn1/pkix1.asn $(ASN1_DONE)
asn1/token_asn1.c: asn1/token.asn
	$(ASN1_COMPILE) -n token_asn1 $(srcdir)/asn1/token.asn $(ASN1_DONE)

# Typed codecs. They know AlgorithmIdentifiers, so they stand above asn1/alg
# and are linked in the order libcodec.a libalg.a libasn1.a.
noinst_LIBRARIES += libcodec.a
libcodec_a_SOURCES = \
	asn1/attr_smime.c asn1/attr_values.c asn1/attrs.c asn1/attrs.h \
	asn1/ess.c asn1/ess.h \
	asn1/ess_label.c asn1/ess_label.h \
	asn1/kari.c asn1/kari.h \
	asn1/recipient_info.c asn1/recipient_info.h \
	asn1/signer_info.c asn1/signer_info.h \
	asn1/tst_info.c asn1/tst_info.h
libcodec_a_CFLAGS = $(AM_CFLAGS) -fPIC

check_PROGRAMS += tests/unit/check_base64
TESTS += tests/unit/check_base64
tests_unit_check_base64_SOURCES = tests/unit/check_base64.c
tests_unit_check_base64_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_base64_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_ber
TESTS += tests/unit/check_ber
tests_unit_check_ber_SOURCES = tests/unit/check_ber.c
tests_unit_check_ber_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_ber_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_der
TESTS += tests/unit/check_der
tests_unit_check_der_SOURCES = tests/unit/check_der.c
tests_unit_check_der_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_der_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_json
TESTS += tests/unit/check_json
tests_unit_check_json_SOURCES = tests/unit/check_json.c
tests_unit_check_json_LDADD = $(UNIT_LIBS) libasn1.a $(JANSSON_LIBS)
tests_unit_check_json_CFLAGS = $(UNIT_FLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += tests/unit/check_pem
TESTS += tests/unit/check_pem
tests_unit_check_pem_SOURCES = tests/unit/check_pem.c
tests_unit_check_pem_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_pem_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_name
TESTS += tests/unit/check_name
tests_unit_check_name_SOURCES = tests/unit/check_name.c
tests_unit_check_name_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_name_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_time
TESTS += tests/unit/check_time
tests_unit_check_time_SOURCES = tests/unit/check_time.c
tests_unit_check_time_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_time_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_buf
TESTS += tests/unit/check_buf
tests_unit_check_buf_SOURCES = tests/unit/check_buf.c
tests_unit_check_buf_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_buf_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_err
TESTS += tests/unit/check_err
tests_unit_check_err_SOURCES = tests/unit/check_err.c
tests_unit_check_err_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_err_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_say
TESTS += tests/unit/check_say
tests_unit_check_say_SOURCES = tests/unit/check_say.c
tests_unit_check_say_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_say_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_oid
TESTS += tests/unit/check_oid
tests_unit_check_oid_SOURCES = tests/unit/check_oid.c
tests_unit_check_oid_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_oid_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_secret
TESTS += tests/unit/check_secret
tests_unit_check_secret_SOURCES = tests/unit/check_secret.c
tests_unit_check_secret_LDADD = $(UNIT_LIBS) libasn1.a
tests_unit_check_secret_CFLAGS = $(UNIT_FLAGS)

CODEC_LIBS = $(UNIT_LIBS) libcodec.a $(ALG_LIBS) libasn1.a
check_PROGRAMS += tests/unit/check_attrs
TESTS += tests/unit/check_attrs
tests_unit_check_attrs_SOURCES = tests/unit/check_attrs.c
tests_unit_check_attrs_LDADD = $(CODEC_LIBS)
tests_unit_check_attrs_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_ess
TESTS += tests/unit/check_ess
tests_unit_check_ess_SOURCES = tests/unit/check_ess.c
tests_unit_check_ess_LDADD = $(CODEC_LIBS)
tests_unit_check_ess_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_ess_label
TESTS += tests/unit/check_ess_label
tests_unit_check_ess_label_SOURCES = tests/unit/check_ess_label.c
tests_unit_check_ess_label_LDADD = $(CODEC_LIBS)
tests_unit_check_ess_label_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_recipient_info
TESTS += tests/unit/check_recipient_info
tests_unit_check_recipient_info_SOURCES = tests/unit/check_recipient_info.c
tests_unit_check_recipient_info_LDADD = $(CODEC_LIBS)
tests_unit_check_recipient_info_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_signer_info
TESTS += tests/unit/check_signer_info
tests_unit_check_signer_info_SOURCES = tests/unit/check_signer_info.c
tests_unit_check_signer_info_LDADD = $(CODEC_LIBS)
tests_unit_check_signer_info_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_tree
TESTS += tests/unit/check_tree
tests_unit_check_tree_SOURCES = tests/unit/check_tree.c
tests_unit_check_tree_LDADD = $(UNIT_LIBS) $(TREE_LIBS) libcodec.a $(ALG_LIBS) \
	libasn1.a
tests_unit_check_tree_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_modules
TESTS += tests/unit/check_modules
tests_unit_check_modules_SOURCES = tests/unit/check_modules.c
tests_unit_check_modules_LDADD = $(UNIT_LIBS) $(TREE_LIBS) $(AGENTPROTO_LIBS)
tests_unit_check_modules_CFLAGS = $(UNIT_FLAGS)

EXTRA_DIST += tests/vectors/pkix1/README.md \
	tests/vectors/pkix1/crl.der tests/vectors/pkix1/extensions.crt.der
EXTRA_DIST += tests/vectors/cms/README.md \
	tests/vectors/cms/kari-keyid.der tests/vectors/cms/kari.der \
	tests/vectors/cms/kekri.der tests/vectors/cms/ktri-keyid.der \
	tests/vectors/cms/ktri.der tests/vectors/cms/pwri.der \
	tests/vectors/cms/signer-info-cades.der \
	tests/vectors/cms/signer-info-noattr.der \
	tests/vectors/cms/signer-info-pss.der

include asn1/alg/local.mk
