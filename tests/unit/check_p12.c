/*
 * client/p12: PKCS #12 files as openssl makes them, in every encryption that is
 * about.
 */
#include "client/p12/p12.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/temp.h"

static struct buf file;
static struct p12 p12;

/* A shell command in the test's folder; the test fails if it fails. */
static void
run(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd '%s' && (%s) >log 2>&1", temp_path(""),
	    command);
	ck_assert_msg(system(line) == 0, "%s", line);
}

static void
setup(void)
{
	temp_setup();
	buf_init(&file, 0);
	run("openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key "
	    "-subj /CN=rsa -out rsa.pem && "
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout ec.key -subj /CN=ec -out ec.pem && "
	    "openssl pkcs8 -topk8 -nocrypt -in rsa.key -outform DER "
	    "-out rsa.p8 && "
	    "openssl x509 -in rsa.pem -outform DER -out rsa.der && "
	    "openssl x509 -in ec.pem -outform DER -out ec.der");
}

static void
teardown(void)
{
	p12_clear(&p12);
	buf_clear(&file);
	temp_teardown();
}

/* Makes x.p12 with the options and opens it. NULL: no password. */
static int
open_made(const char *options, const char *password, struct err *e)
{
	struct secret *s = password != NULL
			       ? secret_new_from(password, strlen(password))
			       : NULL;
	char command[512];
	int r;

	snprintf(command, sizeof(command),
	    "openssl pkcs12 -export -out x.p12 %s", options);
	run(command);
	buf_reset(&file);
	ck_assert(temp_read(temp_path("x.p12"), &file));
	r = p12_open(buf_get(&file), s, &p12, e);
	secret_free(s);
	return r;
}

static void
assert_file(struct bytes got, const char *name)
{
	struct buf want = {0};

	ck_assert(temp_read(temp_path(name), &want));
	unit_assert_bytes(got, buf_get(&want));
	buf_clear(&want);
}

static const char *const encryptions[] = {
    "",
    "-legacy",
    "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-RC2-40",
    "-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1",
    "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1",
    "-certpbe AES-256-CBC -keypbe AES-256-CBC -macalg sha256",
    "-certpbe AES-128-CBC -keypbe AES-256-CBC -macalg sha512",
    "-certpbe NONE -keypbe AES-256-CBC",
    "-certpbe NONE -keypbe NONE",
    "-nomac",
};

START_TEST(opens_all_encryptions)
{
	char options[256];
	struct err e = ERR_INIT;

	snprintf(options, sizeof(options),
	    "%s -inkey rsa.key -in rsa.pem -name 'old key' "
	    "-passout pass:'B\xc3\xb6rge 1'",
	    encryptions[_i]);
	ck_assert_msg(
	    open_made(options, "B\xc3\xb6rge 1", &e) == 0, "%s", e.text);
	ck_assert_uint_eq(p12.len, 1);
	unit_assert_bytes(buf_get(&p12.keys[0].label), BYTES_LIT("old key"));
	assert_file(buf_get(&p12.keys[0].certificate), "rsa.der");
	assert_file(secret_get_bytes(p12.keys[0].info), "rsa.p8");
}
END_TEST

START_TEST(knows_a_wrong_password)
{
	static const char options[] =
	    " -inkey rsa.key -in rsa.pem -passout pass:right";
	struct err e = ERR_INIT;
	char all[256];

	snprintf(all, sizeof(all), "%s%s", encryptions[_i], options);
	unit_assert_code(open_made(all, "wrong", &e), -CS_ERR_PASSWORD);
	ck_assert_uint_eq(p12.len, 0);
	unit_assert_code(open_made(all, NULL, &e), -CS_ERR_PASSWORD);
	ck_assert(strstr(e.text, "--password-file") != NULL);
}
END_TEST

/* Certificates without a key are passed over, wherever they stand. */
START_TEST(finds_the_certificate)
{
	struct err e = ERR_INIT;

	ck_assert_msg(open_made("-inkey ec.key -in ec.pem -certfile rsa.pem "
				"-passout pass:x",
			  "x", &e) == 0,
	    "%s", e.text);
	ck_assert_uint_eq(p12.len, 1);
	assert_file(buf_get(&p12.keys[0].certificate), "ec.der");
	ck_assert_uint_eq(p12.keys[0].label.len, 0);
	p12_clear(&p12);
	ck_assert_msg(
	    open_made("-inkey ec.key -nocerts -passout pass:x", "x", &e) == 0,
	    "%s", e.text);
	ck_assert_uint_eq(p12.keys[0].certificate.len, 0);
}
END_TEST

/* As GnuTLS's own tool makes them, in its own order. */
START_TEST(finds_several)
{
	struct secret *s = secret_new_from("x", 1);
	struct err e = ERR_INIT;
	size_t i, rsa;

	run("cat rsa.key ec.key >keys && cat ec.pem rsa.pem >certs && "
	    "certtool --to-p12 --load-privkey keys --load-certificate certs "
	    "--p12-name both --password x --outder --outfile x.p12");
	ck_assert(temp_read(temp_path("x.p12"), &file));
	ck_assert_msg(p12_open(buf_get(&file), s, &p12, &e) == 0, "%s", e.text);
	secret_free(s);
	ck_assert_uint_eq(p12.len, 2);
	rsa = secret_get_len(p12.keys[0].info) > 512 ? 0 : 1;
	for (i = 0; i < 2; i++)
		assert_file(buf_get(&p12.keys[i].certificate),
		    i == rsa ? "rsa.der" : "ec.der");
	assert_file(secret_get_bytes(p12.keys[rsa].info), "rsa.p8");
}
END_TEST

/* One octet of the MAC's algorithm, SHA-256 (RFC 5754 2.2), is another. */
START_TEST(knows_what_it_does_not_know)
{
	struct err e = ERR_INIT;
	struct secret *s = secret_new_from("x", 1);
	uint8_t *mac;

	unit_assert_code(
	    open_made("-inkey ec.key -in ec.pem -passout pass:x", "x", &e), 0);
	p12_clear(&p12);
	mac = memmem(file.data, file.len,
	    "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01", 13);
	ck_assert_ptr_nonnull(mac);
	mac[12] = 0x7f;
	unit_assert_code(
	    p12_open(buf_get(&file), s, &p12, &e), -CS_ERR_ALGORITHM);
	secret_free(s);
}
END_TEST

/* Every octet of a small file wrong: never more than an error. */
START_TEST(survives_mutations)
{
	struct secret *s = secret_new_from("x", 1);
	struct err e = ERR_INIT;
	size_t at;

	unit_assert_code(open_made("-inkey ec.key -in ec.pem -certpbe NONE "
				   "-keypbe NONE -nomac -passout pass:x",
			     "x", &e),
	    0);
	p12_clear(&p12);
	for (at = 0; at < file.len; at++) {
		file.data[at] ^= 0xff;
		(void)!p12_open(buf_get(&file), s, &p12, &e);
		p12_clear(&p12);
		file.data[at] ^= 0xff;
	}
	secret_free(s);
}
END_TEST

START_TEST(no_password_is_a_password)
{
	struct err e = ERR_INIT;

	ck_assert_msg(
	    open_made("-inkey ec.key -in ec.pem -passout pass:", NULL, &e) == 0,
	    "%s", e.text);
	ck_assert_uint_eq(p12.len, 1);
	p12_clear(&p12);
	ck_assert_msg(
	    open_made("-inkey ec.key -in ec.pem -passout pass:", "", &e) == 0,
	    "%s", e.text);
}
END_TEST

START_TEST(refuses_what_is_none)
{
	struct err e = ERR_INIT;
	size_t len;

	unit_assert_code(
	    open_made("-nokeys -in ec.pem -passout pass:x", "x", &e),
	    -CS_ERR_NO_PRIVATE_KEY);
	unit_assert_code(
	    p12_open(BYTES_NONE, NULL, &p12, &e), -CS_ERR_ENCODING);
	unit_assert_code(
	    p12_open(BYTES_LIT("nonsense"), NULL, &p12, &e), -CS_ERR_ENCODING);
	unit_assert_code(
	    open_made("-inkey ec.key -in ec.pem -passout pass:x", "x", &e), 0);
	p12_clear(&p12);
	for (len = 0; len < file.len; len += 37)
		ck_assert_int_ne(
		    p12_open(bytes_of(file.data, len), NULL, &p12, &e), 0);
	run("openssl genpkey -algorithm ed25519 -out ed.key && openssl req "
	    "-x509 -new -key ed.key -subj /CN=ed -out ed.pem");
	unit_assert_code(
	    open_made("-inkey ed.key -in ed.pem -passout pass:x", "x", &e),
	    -CS_ERR_ALGORITHM);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("p12");
	TCase *tcase = tcase_create("p12");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	unit_add_loop(tcase, opens_all_encryptions, encryptions);
	unit_add_loop(tcase, knows_a_wrong_password, encryptions);
	tcase_add_test(tcase, finds_the_certificate);
	tcase_add_test(tcase, finds_several);
	tcase_add_test(tcase, knows_what_it_does_not_know);
	tcase_add_test(tcase, survives_mutations);
	tcase_add_test(tcase, no_password_is_a_password);
	tcase_add_test(tcase, refuses_what_is_none);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
