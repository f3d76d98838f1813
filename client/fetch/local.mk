# client/fetch/: the program cardseal-fetch(8), and who asks it.
noinst_LIBRARIES += libfetch.a
libfetch_a_SOURCES = \
	client/fetch/fetch.c client/fetch/fetch.h \
	client/fetch/proto.c client/fetch/proto.h
libfetch_a_CFLAGS = $(AM_CFLAGS) -fPIC

noinst_LIBRARIES += libserve.a
libserve_a_SOURCES = \
	client/fetch/confine.c \
	client/fetch/dns.c client/fetch/dns_int.h client/fetch/dns_url.c \
	client/fetch/http.c \
	client/fetch/ldap.c client/fetch/ldap_int.h client/fetch/ldap_text.c \
	client/fetch/transfer.c client/fetch/transfer.h \
	client/fetch/serve.c client/fetch/serve.h
libserve_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(SECCOMP_CFLAGS)
SERVE_LIBS = libserve.a libfetch.a libasn1.a $(CURL_LIBS) $(SECCOMP_LIBS) \
	$(UNBOUND_LIBS)

pkglibexec_PROGRAMS += client/fetch/cardseal-fetch
client_fetch_cardseal_fetch_SOURCES = client/fetch/main.c
client_fetch_cardseal_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
client_fetch_cardseal_fetch_LDFLAGS = $(PROGRAM_LINK)
client_fetch_cardseal_fetch_LDADD = $(SERVE_LIBS)

check_PROGRAMS += tests/unit/check_fetch_dns
TESTS += tests/unit/check_fetch_dns
tests_unit_check_fetch_dns_SOURCES = tests/unit/check_fetch_dns.c
tests_unit_check_fetch_dns_LDADD = $(UNIT_LIBS) $(SERVE_LIBS)
tests_unit_check_fetch_dns_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_fetch_ldap
TESTS += tests/unit/check_fetch_ldap
tests_unit_check_fetch_ldap_SOURCES = tests/unit/check_fetch_ldap.c
tests_unit_check_fetch_ldap_LDADD = $(UNIT_LIBS) $(SERVE_LIBS)
tests_unit_check_fetch_ldap_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_fetch_proto
TESTS += tests/unit/check_fetch_proto
tests_unit_check_fetch_proto_SOURCES = tests/unit/check_fetch_proto.c
tests_unit_check_fetch_proto_LDADD = $(UNIT_LIBS) $(TREE_LIBS) $(SERVE_LIBS) \
	$(TASN1_LIBS)
tests_unit_check_fetch_proto_CFLAGS = $(UNIT_FLAGS) $(TASN1_CFLAGS)

# What tests/system/fetch.sh asks with.
check_PROGRAMS += tests/system/fetch_tool
tests_system_fetch_tool_SOURCES = tests/system/fetch_tool.c
tests_system_fetch_tool_LDADD = libfetch.a libasn1.a
tests_system_fetch_tool_CFLAGS = $(AM_CFLAGS)
