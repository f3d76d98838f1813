# client/scd/: what gpg-agent starts in place of scdaemon.
bin_PROGRAMS += client/scd/cardseal-scd
client_scd_cardseal_scd_SOURCES = \
	client/scd/keys.c \
	client/scd/main.c \
	client/scd/scd.h \
	client/scd/server.c \
	client/scd/show.c \
	client/scd/socket.c \
	client/scd/use.c
client_scd_cardseal_scd_CFLAGS = $(AM_CFLAGS) $(ASSUAN_CFLAGS) \
	$(P11KIT_CFLAGS)
client_scd_cardseal_scd_LDADD = liblink.a libagentproto.a libtokenproto.a \
	libcodec.a $(ALG_LIBS) libasn1.a $(ASSUAN_LIBS) $(GPGERROR_LIBS)
client_scd_cardseal_scd_LDFLAGS = $(PROGRAM_LINK)
