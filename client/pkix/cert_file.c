/*
 * Certificates from files: PEM, DER, and certs-only SignedData (RFC 5652
 * 5.1), as CAs hand out their bundles.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn1/ber.h"
#include "asn1/pem.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/file.h"
#include "client/pkix/path.h"

#define CERT_FILE_MAX ((size_t)64 << 20)

struct file_load {
	struct cert_set *set;
	struct err *e;
	size_t seen; /* certificates, doubles too */
};

static int
load_cert(struct file_load *load, struct bytes der)
{
	int r = cert_set_add_der(load->set, der, load->e);

	if (r != 0)
		err_context(
		    load->e, "certificate %zu of the file", load->seen + 1);
	load->seen++;
	return r;
}

/* Takes the CertificateSet: plain certificates count, the other kinds of
 * the CHOICE (RFC 5652 10.2.2) are passed over. */
static int
load_certificate_set(struct file_load *load, struct der *set)
{
	struct bytes element;
	int tag, r = 0;

	while (r == 0 && der_has_more(set)) {
		element = der_get_any(set, &tag);
		if (tag == DER_SEQUENCE)
			r = load_cert(load, element);
	}
	if (r == 0 && der_end(set) != 0)
		r = der_err(set, load->e, "certificates of a SignedData");
	return r;
}

static int
load_signed_data(struct file_load *load, struct bytes content_info)
{
	struct der d, in, wrap, sd, set;

	der_init(&d, content_info);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_get_known_oid(&in, NULL) != OID_SIGNED_DATA)
		der_fail(&in, -CS_ERR_UNSUPPORTED);
	wrap = der_enter(&in, DER_CONTEXT_C(0));
	sd = der_enter(&wrap, DER_SEQUENCE);
	der_get_uint(&sd, 5);
	der_get(&sd, DER_SET);
	der_get(&sd, DER_SEQUENCE);
	if (der_check(&sd) != 0)
		return der_err(&sd, load->e, "SignedData");
	if (!der_enter_opt(&sd, DER_CONTEXT_C(0), &set))
		return err_set(load->e, -CS_ERR_ENCODING,
		    "a SignedData without certificates");
	return load_certificate_set(load, &set);
}

static int
load_pkcs7(struct file_load *load, struct bytes element)
{
	struct buf der = {.max = CERT_FILE_MAX};
	int r = ber_to_der(element, &der, CERT_FILE_MAX, load->e);

	if (r == 0)
		r = load_signed_data(load, buf_get(&der));
	buf_clear(&der);
	return r;
}

static int
load_pem_object(void *ctx, const char *label, struct bytes der)
{
	struct file_load *load = ctx;

	if (strcmp(label, "CERTIFICATE") == 0 ||
	    strcmp(label, "X509 CERTIFICATE") == 0)
		return load_cert(load, der);
	if (strcmp(label, "PKCS7") == 0 || strcmp(label, "CMS") == 0)
		return load_pkcs7(load, der);
	/* OpenSSL's own form carries settings that we would drop. */
	if (strcmp(label, "TRUSTED CERTIFICATE") == 0)
		return err_set(load->e, -CS_ERR_UNSUPPORTED,
		    "a TRUSTED CERTIFICATE is OpenSSL's own form; convert it "
		    "with openssl x509 -in FILE -out FILE2");
	return 0;
}

static int
load_der(struct file_load *load, struct bytes der)
{
	struct der d, in;
	struct bytes element;
	int r = 0;

	/* A SignedData may be BER, a certificate may not. */
	if (der.len > 2 && der.p[1] == 0x80)
		return load_pkcs7(load, der);
	der_init(&d, der);
	while (r == 0 && der_has_more(&d)) {
		element = der_get_raw(&d, DER_SEQUENCE);
		der_init_in(&in, &d, element);
		in = der_enter(&in, DER_SEQUENCE);
		if (der_check(&d) != 0)
			break;
		r = der_peek(&in) == DER_OID ? load_pkcs7(load, element)
					     : load_cert(load, element);
	}
	if (r == 0 && der_end(&d) != 0)
		r = der_err(&d, load->e, "neither PEM nor DER");
	return r;
}

int
cert_set_add_octets(struct cert_set *s, struct bytes text, struct err *e)
{
	struct file_load load = {.set = s, .e = e};
	int r;

	if (pem_is_pem(text))
		r = pem_walk(text, NULL, load_pem_object, &load, e);
	else
		r = load_der(&load, text);
	if (r == 0 && load.seen == 0)
		r = err_set(e, -CS_ERR_NO_CERT, "no certificate in it");
	return r;
}

/* Closes fd. */
static int
load_fd(struct cert_set *s, int fd, const char *path, struct err *e)
{
	struct buf text = {.max = CERT_FILE_MAX + 1};
	int r = pkix_fd_read(&text, fd, path, e);

	close(fd);
	if (r == 0) {
		r = cert_set_add_octets(s, buf_get(&text), e);
		if (r != 0)
			pkix_file_context(e, path);
	}
	buf_clear(&text);
	return r;
}

int
cert_set_add_file(struct cert_set *s, const char *path, struct err *e)
{
	int fd, r = pkix_file_open(path, &fd, e);

	return r != 0 ? r : load_fd(s, fd, path, e);
}

int
cert_set_add_file_opt(struct cert_set *s, const char *path, struct err *e)
{
	int fd, r = pkix_file_open_opt(path, &fd, e);

	return r != 0 || fd < 0 ? r : load_fd(s, fd, path, e);
}

typedef int path_fn(void *ctx, const char *path, struct err *e);

/* $XDG_CONFIG_HOME, or ~/.config; a relative value counts as unset. */
static int
walk_own(const char *name, path_fn *fn, void *ctx, struct err *e)
{
	struct buf path = {0};
	int r;

	if (!pkix_add_xdg_folder(&path, "XDG_CONFIG_HOME", "/.config"))
		return 0;
	buf_printf(&path, "/cardseal/%s", name);
	r = buf_add_byte(&path, '\0');
	if (r == 0)
		r = fn(ctx, (const char *)path.data, e);
	else
		err_set(e, r, NULL);
	buf_clear(&path);
	return r;
}

static int
walk_configured(const char *name, path_fn *fn, void *ctx, struct err *e)
{
	char path[256];
	int r = walk_own(name, fn, ctx, e);

	if (r != 0)
		return r;
	snprintf(path, sizeof(path), "%s/cardseal/%s", CS_SYSCONFDIR, name);
	return fn(ctx, path, e);
}

int
anchors_walk_files(path_fn *fn, void *ctx, struct err *e)
{
	return walk_configured("anchors.pem", fn, ctx, e);
}

static int
load_if_there(void *set, const char *path, struct err *e)
{
	return cert_set_add_file_opt(set, path, e);
}

int
intermediates_load_default(struct cert_set *intermediates, struct err *e)
{
	return walk_configured(
	    "intermediates.pem", load_if_there, intermediates, e);
}
