# client/pkcs11/: the agent's keys for every program that knows PKCS#11.
pkcs11dir = $(libdir)/pkcs11
pkcs11_LTLIBRARIES = cardseal-pkcs11.la
cardseal_pkcs11_la_SOURCES = \
	client/pkcs11/agent.c \
	client/pkcs11/decrypt.c \
	client/pkcs11/derive.c \
	client/pkcs11/inventory.c \
	client/pkcs11/key.c \
	client/pkcs11/mechanism.c \
	client/pkcs11/module.c \
	client/pkcs11/object.c \
	client/pkcs11/op.c client/pkcs11/op.h \
	client/pkcs11/p11.h \
	client/pkcs11/session.c \
	client/pkcs11/sign.c \
	client/pkcs11/slot.c \
	client/pkcs11/table.c \
	client/pkcs11/v3.h
cardseal_pkcs11_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) -fPIC
P11_ARCHIVES = libpkix.a liblink.a libagentproto.a libtokenproto.a \
	libcodec.a libalg.a libasn1.a
P11_SYSTEM = $(NETTLE_LIBS) $(GMP_LIBS) $(GCRYPT_LIBS)
cardseal_pkcs11_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(srcdir)/client/pkcs11/cardseal-pkcs11.map \
	$(P11_ARCHIVES:%=-Wl,%) $(P11_SYSTEM:%=-Wl,%)
EXTRA_cardseal_pkcs11_la_DEPENDENCIES = $(P11_ARCHIVES) \
	client/pkcs11/cardseal-pkcs11.map
EXTRA_DIST += client/pkcs11/cardseal-pkcs11.map \
	client/pkcs11/cardseal.module.in

# Where p11-kit looks for what is installed: its own folder is
# /usr/share/p11-kit/modules.
p11moduledir = $(datadir)/p11-kit/modules
nodist_p11module_DATA = client/pkcs11/cardseal.module
client/pkcs11/cardseal.module: client/pkcs11/cardseal.module.in Makefile
	$(AM_V_GEN)$(MKDIR_P) client/pkcs11 && \
	    sed 's|@pkcs11dir@|$(pkcs11dir)|' \
	    $(srcdir)/client/pkcs11/cardseal.module.in >$@
CLEANFILES += client/pkcs11/cardseal.module

# The same for programs in a sandbox, by p11-kit's protocol over a socket.
systemduserunit_DATA += client/pkcs11/cardseal-p11-kit.socket \
	client/pkcs11/cardseal-p11-kit@.service
EXTRA_DIST += client/pkcs11/cardseal-p11-kit.socket \
	client/pkcs11/cardseal-p11-kit@.service.in
CLEANFILES += client/pkcs11/cardseal-p11-kit@.service
client/pkcs11/cardseal-p11-kit@.service: Makefile \
    client/pkcs11/cardseal-p11-kit@.service.in
	$(UNIT_PATHS) $(srcdir)/client/pkcs11/cardseal-p11-kit@.service.in >$@
