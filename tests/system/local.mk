# tests/system/: the real programs end to end.
SYSTEM_TESTS = \
	tests/system/anchors.sh tests/system/attacks.sh \
	tests/system/agent-log.sh \
	tests/system/certs.sh tests/system/clients.sh \
	tests/system/harvest.sh tests/system/trust.sh \
	tests/system/cms-peers.sh \
	tests/system/directory.sh \
	tests/system/doctor.sh \
	tests/system/encrypt.sh \
	tests/system/errors.sh \
	tests/system/fetch.sh tests/system/find.sh tests/system/lookup.sh \
	tests/system/fixtures.sh \
	tests/system/german.sh tests/system/git.sh \
	tests/system/harness.sh tests/system/installed.sh \
	tests/system/many.sh \
	tests/system/memory.sh \
	tests/system/modules.sh \
	tests/system/mutt.sh \
	tests/system/owa.sh \
	tests/system/peers.sh \
	tests/system/pkcs11.sh \
	tests/system/quickstart.sh \
	tests/system/labels.sh tests/system/legacy.sh \
	tests/system/receipts.sh \
	tests/system/recipients.sh \
	tests/system/rfcs.sh \
	tests/system/scd.sh \
	tests/system/seal.sh tests/system/store.sh \
	tests/system/p11-kit.sh tests/system/p12.sh \
	tests/system/write.sh
SYSTEM_TESTS += tests/system/setup.sh tests/system/signatures.sh tests/system/ssh.sh
EXTRA_DIST += tests/system/owa_browser.py tests/system/p11_kit_server.py \
	tests/system/p11_derive.py
EXTRA_DIST += tests/system/ssh_server.py tests/system/tsa.sh tests/system/pki.sh \
	tests/system/dns.sh tests/system/dns_server.py \
	tests/system/heap_certs.py \
	tests/system/ldap.sh tests/system/ldap_server.py \
	tests/system/staple.py tests/system/store_kill.py \
	tests/system/terminal.py tests/system/mail_screen.sh
TESTS += $(SYSTEM_TESTS)
many: all
	$(MAKE) check TESTS=tests/system/many.sh MAILS=1000 JUDGED=1000
# Each operation at this size, with a table in the log.
memory: all
	size="$(MEMORY_MIB)" && $(MAKE) check TESTS=tests/system/memory.sh \
	    MEMORY_MIB="$${size:-1024}"
# Debian's packages, in deb/: not among the others, since it takes a mirror of
# Debian and a quarter of an hour.
deb: dist
	$(MAKE) check-TESTS TESTS=tests/system/deb.sh
# Two programs that write the store, killed so often.
kills: all
	moments="$(MOMENTS)" && $(MAKE) check TESTS=tests/system/store.sh \
	    MOMENTS="$${moments:-200}"
.PHONY: deb kills many memory
EXTRA_DIST += $(SYSTEM_TESTS) tests/system/deb.sh tests/system/deb-fresh.sh \
	tests/system/attack_mails.py tests/system/legacy_mails.py \
	tests/system/lib.sh tests/system/fake-pinentry tests/system/web.py \
	tests/vectors/rfc4134 tests/vectors/rfc9216 tests/vectors/rfc9788

# client/cms alone, with keys in files.
check_PROGRAMS += tests/system/cmsdrive
tests_system_cmsdrive_SOURCES = tests/system/cmsdrive.c
tests_system_cmsdrive_LDADD = $(CMSUNIT_LIBS) $(CMS_TEST_LIBS)
tests_system_cmsdrive_CFLAGS = $(UNIT_FLAGS)

# A resolver that says nothing.
check_LTLIBRARIES += tests/system/resolver_shim.la
tests_system_resolver_shim_la_SOURCES = tests/system/resolver_shim.c
tests_system_resolver_shim_la_CFLAGS = $(AM_CFLAGS) -fPIC
tests_system_resolver_shim_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-rpath /nowhere

# What the tests of one build share; see fixtures() in lib.sh.
clean-local: clean-fixtures clean-deb
clean-deb:
	rm -rf deb
clean-fixtures:
	rm -rf tests/fixtures-cache tests/fixtures-cache.lock
.PHONY: clean-deb clean-fixtures
