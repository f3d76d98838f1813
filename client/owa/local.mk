# client/owa/: the native-messaging host of Outlook on the web.
noinst_LIBRARIES += libowa.a
libowa_a_SOURCES = \
	client/owa/compose.c \
	client/owa/frame.c \
	client/owa/make.c \
	client/owa/owa.h \
	client/owa/parts.c client/owa/parts.h \
	client/owa/pictures.c \
	client/owa/request.c \
	client/owa/show.c \
	client/owa/talk.c \
	client/owa/text.c
libowa_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

# It wants the readers of MIME, which are inside of the library.
pkglibexec_PROGRAMS += client/owa/cardseal-owa
client_owa_cardseal_owa_SOURCES = client/owa/main.c
client_owa_cardseal_owa_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
client_owa_cardseal_owa_LDFLAGS = $(PROGRAM_LINK)
client_owa_cardseal_owa_LDADD = libowa.a $(API_ARCHIVES) $(API_SYSTEM) $(JANSSON_LIBS)
