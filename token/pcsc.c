#include "token/pcsc.h"

#include <dirent.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <winscard.h>

#define PCSC_READERS_LEN_MAX 3072
#define PCSC_RESPONSE_MAX 258
/* libpcsclite's: where the service listens, and what says otherwise. */
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"
#define PCSC_SOCKET_OLD "/var/run/pcscd/pcscd.comm"
#define PCSC_SOCKET_ENV "PCSCLITE_CSOCK_NAME"

enum piv_pin { PIV_PIN_GLOBAL = 0x00, PIV_PIN_APPLICATION = 0x80 };

enum pcsc_sw {
	SW_OK = 0x9000,
	SW_PIN_LOCKED = 0x6983,
	SW_BAD_DATA = 0x6a80,
	SW_TRIES = 0x63c0, /* and their number */
	SW_TRIES_MASK = 0xfff0,
};

/* A card that is connected, in a transaction. */
struct pcsc {
	SCARDCONTEXT context;
	SCARDHANDLE card;
	bool has_context, has_card;
	DWORD protocol;
	char readers[PCSC_READERS_LEN_MAX];
};

bool
pcsc_is_reader(struct bytes description, const char *reader)
{
	size_t len = strlen(reader);

	if (description.len == 0 || len < description.len ||
	    (len != description.len && description.len < PCSC_DESCRIPTION_LEN))
		return false;
	return bytes_is_equal(bytes_of(reader, description.len), description);
}

/* --- which modules use the service --- */

static bool
pcsc_is_socket(int fd)
{
	const char *path = getenv(PCSC_SOCKET_ENV);
	struct sockaddr_un a = {0};
	socklen_t len = sizeof(a) - 1;

	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0 ||
	    a.sun_family != AF_UNIX ||
	    len <= offsetof(struct sockaddr_un, sun_path))
		return false;
	return strcmp(a.sun_path, PCSC_SOCKET) == 0 ||
	       strcmp(a.sun_path, PCSC_SOCKET_OLD) == 0 ||
	       (path != NULL && strcmp(a.sun_path, path) == 0);
}

bool
pcsc_is_used(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	bool is_used = false;

	if (folder == NULL)
		return false;
	while (!is_used && (entry = readdir(folder)) != NULL)
		is_used = entry->d_name[0] != '.' &&
			  pcsc_is_socket((int)strtol(entry->d_name, NULL, 10));
	(void)closedir(folder);
	return is_used;
}

/* --- a card --- */

/* The one reader that is meant; NULL: none, or more than one. */
static const char *
pcsc_find_reader(struct pcsc *p, struct bytes description)
{
	DWORD len = sizeof(p->readers) - 1;
	const char *name, *found = NULL;

	memset(p->readers, 0, sizeof(p->readers));
	if (SCardListReaders(p->context, NULL, p->readers, &len) !=
	    SCARD_S_SUCCESS)
		return NULL;
	for (name = p->readers; *name != '\0'; name += strlen(name) + 1) {
		if (!pcsc_is_reader(description, name))
			continue;
		if (found != NULL)
			return NULL;
		found = name;
	}
	return found;
}

static int
pcsc_fail(struct err *e, struct bytes description, LONG status)
{
	char name[4 * PCSC_DESCRIPTION_LEN + 8];

	err_quote(name, sizeof(name), description.p, description.len);
	switch (status) {
	case SCARD_E_NO_SMARTCARD:
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_NO_SERVICE:
		return err_set(
		    e, -CS_ERR_NO_TOKEN, "no card is in the reader %s", name);
	default:
		return err_set(e, -CS_ERR_DEVICE,
		    "the card in the reader %s cannot be reached: %s", name,
		    pcsc_stringify_error(status));
	}
}

/* Gives what the disposition came to. */
static LONG
pcsc_close(struct pcsc *p, DWORD disposition)
{
	LONG status = SCARD_S_SUCCESS;

	if (p->has_card)
		status = SCardDisconnect(p->card, disposition);
	if (p->has_context)
		(void)SCardReleaseContext(p->context);
	p->has_card = p->has_context = false;
	return status;
}

static int
pcsc_open(struct pcsc *p, struct bytes description, struct err *e)
{
	const char *reader;
	LONG status;

	*p = (struct pcsc){0};
	status =
	    SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
	p->has_context = status == SCARD_S_SUCCESS;
	if (!p->has_context)
		return pcsc_fail(e, description, status);
	reader = pcsc_find_reader(p, description);
	if (reader == NULL)
		return pcsc_fail(e, description, SCARD_E_UNKNOWN_READER);
	status = SCardConnect(p->context, reader, SCARD_SHARE_SHARED,
	    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &p->card, &p->protocol);
	p->has_card = status == SCARD_S_SUCCESS;
	if (p->has_card)
		status = SCardBeginTransaction(p->card);
	return status == SCARD_S_SUCCESS ? 0
					 : pcsc_fail(e, description, status);
}

/* The response's octets before the status word go to out (NULL: nowhere).
 * Returns the status word; 0: no answer. */
static unsigned
pcsc_transmit(struct pcsc *p, struct bytes command, struct buf *out)
{
	uint8_t response[PCSC_RESPONSE_MAX];
	DWORD len = sizeof(response);

	if (SCardTransmit(p->card,
		p->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1,
		command.p, (DWORD)command.len, NULL, response,
		&len) != SCARD_S_SUCCESS ||
	    len < 2 || len > sizeof(response))
		return 0;
	if (out != NULL && buf_add(out, response, len - 2) != 0)
		return 0;
	return (unsigned)response[len - 2] << 8 | response[len - 1];
}

/* --- PIV --- */

/* Which PIN opens the card by preference: the discovery object (3.3.2) is
 * 7E { 4F AID, 5F2F policy }, and the policy's second octet 20 for the global
 * PIN. A card without the object has the application's PIN only. */
static enum piv_pin
piv_get_pin(struct pcsc *p)
{
	static const uint8_t get[] = {
	    0x00, 0xcb, 0x3f, 0xff, 0x03, 0x5c, 0x01, 0x7e, 0x00};
	enum piv_pin pin = PIV_PIN_APPLICATION;
	struct buf object = {.max = PCSC_RESPONSE_MAX};
	const uint8_t *at, *end;

	if (pcsc_transmit(p, bytes_of(get, sizeof(get)), &object) != SW_OK ||
	    object.len < 2 || object.data[0] != 0x7e)
		goto out;
	/* All lengths in it are of one octet. */
	end = object.data + object.len;
	for (at = object.data + 2; end - at >= 5; at += 2 + at[1]) {
		if (at[0] == 0x5f && at[1] == 0x2f && at[2] == 2) {
			if (at[4] == 0x20)
				pin = PIV_PIN_GLOBAL;
			break;
		}
		if (end - at < 2 + at[1])
			break;
	}
out:
	buf_clear(&object);
	return pin;
}

/* VERIFY without data. P1 00 asks, FF ends what the PIN opened. */
static unsigned
piv_verify(struct pcsc *p, uint8_t p1, enum piv_pin pin)
{
	const uint8_t verify[] = {0x00, 0x20, p1, (uint8_t)pin};

	return pcsc_transmit(p, bytes_of(verify, sizeof(verify)), NULL);
}

int
pcsc_get_piv_tries(struct bytes description)
{
	int tries = ERR_TRIES_UNKNOWN;
	struct pcsc p;
	unsigned sw;

	if (pcsc_open(&p, description, NULL) == 0) {
		sw = piv_verify(&p, 0x00, piv_get_pin(&p));
		if ((sw & SW_TRIES_MASK) == SW_TRIES)
			tries = (int)(sw & ~(unsigned)SW_TRIES_MASK);
		else if (sw == SW_PIN_LOCKED)
			tries = 0;
	}
	(void)pcsc_close(&p, SCARD_LEAVE_CARD);
	return tries;
}

/* Both PINs may open the keys. */
static bool
piv_end_verified(struct pcsc *p)
{
	unsigned sw;

	if (piv_verify(p, 0xff, PIV_PIN_APPLICATION) != SW_OK)
		return false;
	if (piv_get_pin(p) == PIV_PIN_GLOBAL &&
	    (piv_verify(p, 0xff, PIV_PIN_GLOBAL) != SW_OK ||
		piv_verify(p, 0x00, PIV_PIN_GLOBAL) == SW_OK))
		return false;
	sw = piv_verify(p, 0x00, PIV_PIN_APPLICATION);
	return (sw & SW_TRIES_MASK) == SW_TRIES || sw == SW_PIN_LOCKED;
}

int
pcsc_end_verified(struct bytes description, bool is_piv, struct err *e)
{
	DWORD disposition = SCARD_RESET_CARD;
	struct pcsc p;
	LONG status;
	int r = pcsc_open(&p, description, e);

	if (r != 0 || (is_piv && piv_end_verified(&p)))
		disposition = SCARD_LEAVE_CARD;
	status = pcsc_close(&p, disposition);
	if (r == 0 && status != SCARD_S_SUCCESS)
		r = pcsc_fail(e, description, status);
	return r;
}

/* --- unblocking --- */

#define PIV_PIN_LEN 8 /* padded with FF */

static int
piv_unblock_result(unsigned sw, struct err *e)
{
	if (sw == SW_OK)
		return 0;
	if (sw == SW_PIN_LOCKED || sw == SW_TRIES)
		return err_set(e, -CS_ERR_PIN_LOCKED,
		    "the PUK is locked: only who issued the card can help");
	if ((sw & SW_TRIES_MASK) == SW_TRIES)
		return err_set(e, -CS_ERR_PIN_WRONG,
		    "the PUK was wrong; tries left for it: %u",
		    sw & ~(unsigned)SW_TRIES_MASK);
	if (sw == SW_BAD_DATA)
		return err_set(e, -CS_ERR_PIN_INVALID,
		    "the card does not take such a PUK or new PIN");
	return err_set(e, -CS_ERR_DEVICE,
	    "the card does not unblock the PIN (status word %04x)", sw);
}

int
pcsc_unblock_piv(
    struct bytes description, struct bytes puk, struct bytes pin, struct err *e)
{
	uint8_t command[5 + 2 * PIV_PIN_LEN] = {
	    0x00, 0x2c, 0x00, PIV_PIN_APPLICATION, 2 * PIV_PIN_LEN};
	struct pcsc p;
	int r;

	if (puk.len == 0 || puk.len > PIV_PIN_LEN || pin.len == 0 ||
	    pin.len > PIV_PIN_LEN)
		return err_set(e, -CS_ERR_PIN_LENGTH,
		    "the PUK and the PIN of a PIV card have up to %d "
		    "characters",
		    PIV_PIN_LEN);
	memset(command + 5, 0xff, sizeof(command) - 5);
	memcpy(command + 5, puk.p, puk.len);
	memcpy(command + 5 + PIV_PIN_LEN, pin.p, pin.len);
	r = pcsc_open(&p, description, e);
	if (r == 0)
		r = piv_unblock_result(
		    pcsc_transmit(&p, bytes_of(command, sizeof(command)), NULL),
		    e);
	(void)pcsc_close(&p, SCARD_LEAVE_CARD);
	mem_wipe(command, sizeof(command));
	return r;
}
