# client/gpgsm/: what git calls as gpg.x509.program.
noinst_LIBRARIES += libgpgsm.a
libgpgsm_a_SOURCES = \
	client/gpgsm/gpgsm.h \
	client/gpgsm/sign.c \
	client/gpgsm/verify.c
# Two of them, as with cardseal(1).
noinst_PROGRAMS += client/gpgsm/cardseal-gpgsm
client_gpgsm_cardseal_gpgsm_SOURCES = client/gpgsm/main.c
client_gpgsm_cardseal_gpgsm_LDADD = libgpgsm.a libcardseal.la
client_gpgsm_cardseal_gpgsm_LDFLAGS = $(PROGRAM_LINK)
bin_PROGRAMS += client/gpgsm/installed/cardseal-gpgsm
client_gpgsm_installed_cardseal_gpgsm_SOURCES = client/gpgsm/main.c
client_gpgsm_installed_cardseal_gpgsm_LDADD = libgpgsm.a libcardseal.la
client_gpgsm_installed_cardseal_gpgsm_LDFLAGS = $(INSTALLED_LINK)
