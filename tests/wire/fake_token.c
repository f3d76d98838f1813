/*
 * fake_token: a scripted cardseal-token. The agent starts it in the real
 * one's place; the "module" that START names is the script, which is read
 * again for each request, so that a test can change the world. Lines:
 *
 *	token LABEL SERIAL	a token; its PIN is 1234, unless
 *	pin TEXT		of all tokens; "none": no login required
 *	tries N			how many wrong PINs lock it (default 3)
 *	pinpad			the reader asks for the PIN
 *	puk TEXT		of all tokens (default 87654321)
 *	insertion N		another number: it was away
 *	key TOKEN [always]	a key on the token of that index (0, 1, ...)
 *	size N			octets of the certificate of each key
 *	certs N			certificates without a key
 *	on TYPE NTH ACTION	with the NTH request of that type (0: each)
 *
 *	ids N			added to the numbers of the keys
 *	alike			all keys have the id of the first
 *
 * A key's id is its number, from 1, as two octets, and 30 zeroes. An ACTION is
 * delay MS, hang, stop, crash, close, garbage, wrong-id, wrong-type, error CODE
 * or logout; or gate, which waits until SCRIPT.open is there, and another one.
 *
 * SCRIPT.log gets a line for each request; SCRIPT.state keeps wrong PINs,
 * SCRIPT.pin a PIN that was changed.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "token/proto.h"

#define FAKE_FD 3
#define TOKENS_MAX 8
#define KEYS_MAX 1024

struct script {
	char labels[TOKENS_MAX][64], serials[TOKENS_MAX][64];
	unsigned tokens;
	unsigned key_tokens[KEYS_MAX];
	bool key_always[KEYS_MAX];
	unsigned keys, certs, first_id;
	size_t cert_len;
	char pin[64], puk[64];
	bool has_pad, are_alike;
	unsigned tries;
	uint32_t insertion;
	char action[64];
};

static char script_path[1024];
static struct script script;
static bool is_in[TOKENS_MAX];
static uint32_t last_insertion;

static void
fake_path(char *out, size_t size, const char *suffix)
{
	snprintf(out, size, "%s%s", script_path, suffix);
}

static unsigned
fake_wrong_count(void)
{
	static char path[1100];
	unsigned n = 0;
	FILE *f;

	fake_path(path, sizeof(path), ".state");
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%u", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

static void
fake_set_wrong_count(unsigned n)
{
	static char path[1100];
	FILE *f;

	fake_path(path, sizeof(path), ".state");
	f = fopen(path, "w");
	if (f == NULL)
		exit(1);
	fprintf(f, "%u\n", n);
	fclose(f);
}

/* How many requests of that type there were, this one included. */
static unsigned
fake_log(const char *type, const char *detail)
{
	static char path[1100], line[256];
	unsigned n = 0;
	size_t len = strlen(type);
	FILE *f;

	fake_path(path, sizeof(path), ".log");
	f = fopen(path, "a+");
	if (f == NULL)
		exit(1);
	fprintf(f, "%s %s\n", type, detail);
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, type, len) == 0 && line[len] == ' ')
			n++;
	fclose(f);
	return n;
}

static void
script_line(const char *line, const char *type, unsigned nth)
{
	char a[64] = "", b[64] = "";
	unsigned n = 0, m = 0;
	int rest = 0;

	if (sscanf(line, "token %63s %63s", a, b) == 2 &&
	    script.tokens < TOKENS_MAX) {
		memcpy(script.labels[script.tokens], a, sizeof(a));
		memcpy(script.serials[script.tokens++], b, sizeof(b));
	} else if (sscanf(line, "key %u %63s", &n, a) >= 1 &&
		   script.keys < KEYS_MAX) {
		script.key_tokens[script.keys] = n;
		script.key_always[script.keys++] = strcmp(a, "always") == 0;
	} else if (sscanf(line, "on %63s %u %n", a, &m, &rest) >= 2 &&
		   rest > 0) {
		if (strcmp(a, type) == 0 && (m == 0 || m == nth))
			snprintf(script.action, sizeof(script.action), "%s",
			    line + rest);
	} else if (strncmp(line, "pinpad", 6) == 0) {
		script.has_pad = true;
	} else if (strncmp(line, "alike", 5) == 0) {
		script.are_alike = true;
	} else {
		(void)sscanf(line, "pin %63s", script.pin);
		(void)sscanf(line, "puk %63s", script.puk);
		(void)sscanf(line, "tries %u", &script.tries);
		(void)sscanf(line, "insertion %u", &script.insertion);
		(void)sscanf(line, "certs %u", &script.certs);
		(void)sscanf(line, "ids %u", &script.first_id);
		(void)sscanf(line, "size %zu", &script.cert_len);
	}
}

static void
script_read(const char *type, unsigned nth)
{
	static char line[1100];
	FILE *f = fopen(script_path, "r");

	if (f == NULL)
		exit(1);
	memset(&script, 0, sizeof(script));
	snprintf(script.pin, sizeof(script.pin), "1234");
	snprintf(script.puk, sizeof(script.puk), "87654321");
	script.tries = 3;
	script.cert_len = 100;
	while (fgets(line, sizeof(line), f) != NULL)
		script_line(line, type, nth);
	fclose(f);
	fake_path(line, sizeof(line), ".pin");
	f = fopen(line, "r");
	if (f == NULL)
		return;
	if (fscanf(f, "%63s", script.pin) != 1)
		exit(1);
	fclose(f);
}

static void
fake_uri(unsigned token, char uri[256])
{
	snprintf(uri, 256, "pkcs11:serial=%s;token=%s", script.serials[token],
	    script.labels[token]);
}

static void
fake_info(unsigned token, struct tok_info *info)
{
	static char uri[256];
	unsigned wrong = fake_wrong_count();
	unsigned left = wrong < script.tries ? script.tries - wrong : 0;

	fake_uri(token, uri);
	*info = (struct tok_info){
	    .uri = bytes_of_str(uri),
	    .label = bytes_of_str(script.labels[token]),
	    .serial = bytes_of_str(script.serials[token]),
	    .manufacturer = BYTES_LIT("fake"),
	    .model = BYTES_LIT("fake"),
	    .reader = BYTES_LIT("fake reader"),
	    .insertion = (uint32_t)getpid() * 1000 + script.insertion,
	    .pin_len_min = 4,
	    .pin_len_max = 8,
	    .tries_left = (int)left,
	};
	if (strcmp(script.pin, "none") != 0)
		info->flags |= TOK_LOGIN_REQUIRED;
	if (is_in[token])
		info->flags |= TOK_LOGGED_IN;
	if (script.has_pad)
		info->flags |= TOK_PROTECTED_PATH;
	if (left < script.tries)
		info->flags |= TOK_PIN_COUNT_LOW;
	if (left == 1)
		info->flags |= TOK_PIN_FINAL_TRY;
	if (left == 0)
		info->flags |= TOK_PIN_LOCKED;
}

static void
fake_key(struct buf *b, unsigned i)
{
	static uint8_t cert[65536];
	struct buf certs = {0};
	uint8_t id[TOK_KEY_ID_LEN];
	char uri[256], label[32];
	unsigned n;
	struct tok_key key = {
	    .id = bytes_of(id, 1),
	    .flags = TOK_KEY_PRESENT | TOK_KEY_SIGN | TOK_KEY_DECRYPT,
	    .spki = bytes_of(id, sizeof(id)),
	};

	/* So that there may be more than 255 of them. */
	memset(id, 0, sizeof(id));
	n = script.first_id + (script.are_alike ? 0 : i) + 1;
	id[0] = (uint8_t)(n >> 8);
	id[1] = (uint8_t)n;
	fake_uri(script.key_tokens[i], uri);
	snprintf(label, sizeof(label), "key %u", i + 1);
	if (script.key_always[i]) {
		key.flags |= TOK_KEY_ALWAYS_AUTHENTICATE;
		key.role = BYTES_LIT("9c");
	}
	der_put(&certs, DER_OCTET_STRING, bytes_of(cert, script.cert_len));
	key.key_id = bytes_of(id, sizeof(id));
	key.token = key.uri = bytes_of_str(uri);
	key.label = bytes_of_str(label);
	key.certificates = buf_get(&certs);
	tok_key_put(b, &key);
	buf_clear(&certs);
}

static void
fake_probe(struct tok_msg *answer, struct buf lists[3])
{
	static uint8_t cert[65536];
	struct tok_info info;
	char uri[256];
	unsigned i;

	for (i = 0; i < script.tokens; i++) {
		fake_info(i, &info);
		tok_info_put(&lists[0], &info);
	}
	for (i = 0; i < script.keys; i++)
		if (script.key_tokens[i] < script.tokens)
			fake_key(&lists[1], i);
	for (i = 0; i < script.certs && script.tokens != 0; i++) {
		fake_uri(0, uri);
		tok_cert_put(&lists[2], bytes_of_str(uri),
		    bytes_of(cert, script.cert_len));
	}
	answer->type = TOK_PROBE_OK;
	answer->tokens = buf_get(&lists[0]);
	answer->keys = buf_get(&lists[1]);
	answer->certificates = buf_get(&lists[2]);
}

static void
fake_error(struct tok_msg *answer, int code, int token)
{
	answer->type = TOK_ERROR;
	answer->code = code;
	answer->text = bytes_of_str(err_text(code));
	answer->has_info = token >= 0;
	if (token >= 0)
		fake_info((unsigned)token, &answer->info);
}

static int
fake_find(const struct tok_msg *req)
{
	char uri[256];
	unsigned i;

	for (i = 0; i < script.tokens; i++) {
		fake_uri(i, uri);
		if (bytes_is_equal(bytes_of_str(uri), req->token))
			return (int)i;
	}
	return -1;
}

/* Is the PIN right? Counts. An empty one is for the pinpad, which knows. */
static bool
fake_try(const struct tok_msg *req, struct tok_msg *answer, int token)
{
	unsigned wrong = fake_wrong_count();

	if (wrong >= script.tries) {
		fake_error(answer, -CS_ERR_PIN_LOCKED, token);
		return false;
	}
	if ((script.has_pad && req->pin.len == 0) ||
	    bytes_is_equal(req->pin, bytes_of_str(script.pin))) {
		fake_set_wrong_count(0);
		return true;
	}
	fake_set_wrong_count(wrong + 1);
	is_in[token] = false;
	fake_error(answer, -CS_ERR_PIN_WRONG, token);
	return false;
}

static void
fake_sign(const struct tok_msg *req, struct tok_msg *answer, int token)
{
	unsigned i = (unsigned)(req->key_id.p[0] << 8 | req->key_id.p[1]) - 1 -
		     script.first_id;

	if (i >= script.keys) {
		fake_error(answer, -CS_ERR_NO_KEY, token);
		return;
	}
	if ((strcmp(script.pin, "none") != 0 && !is_in[token]) ||
	    (script.key_always[i] && !req->has_pin)) {
		fake_error(answer, -CS_ERR_PIN_NEEDED, token);
		return;
	}
	if (script.key_always[i] && !fake_try(req, answer, token))
		return;
	answer->type = (enum tok_type)(req->type + 1);
	answer->output = req->type == TOK_OPEN ? req->key_id : req->input;
}

/* Says of each object that it was written; the log says what it was. */
static void
fake_write(const struct tok_msg *req, struct tok_msg *answer, int token,
    struct buf *list)
{
	uint8_t id[TOK_KEY_ID_LEN] = {0, 1};
	struct tok_written written = {.key_id = bytes_of(id, sizeof(id)),
	    .spki = bytes_of(id, 2),
	    .flags = TOK_WRITTEN_KEY};
	struct tok_object o;
	char detail[128];
	struct der d;

	if (strcmp(script.pin, "none") != 0 && !is_in[token]) {
		fake_error(answer, -CS_ERR_PIN_NEEDED, token);
		return;
	}
	der_init(&d, req->objects);
	while (tok_object_next(&d, &o)) {
		snprintf(detail, sizeof(detail), "%u %.*s %.*s %zu %zu",
		    req->operation, (int)o.label.len, (const char *)o.label.p,
		    (int)o.key_type.len, (const char *)o.key_type.p,
		    o.private_key.len, o.certificate.len);
		(void)fake_log("WRITTEN", detail);
		tok_written_put(list, &written);
	}
	answer->type = TOK_WRITE_OK;
	answer->written = buf_get(list);
}

/* Is it to be done? Then the new PIN is the PIN. */
static bool
fake_set_pin(const struct tok_msg *req, struct tok_msg *answer, int token)
{
	static char path[1100];
	FILE *f;

	if (req->operation == TOK_PIN_CHANGE && !fake_try(req, answer, token))
		return false;
	if (req->operation == TOK_PIN_UNBLOCK &&
	    !bytes_is_equal(req->pin, bytes_of_str(script.puk))) {
		fake_error(answer, -CS_ERR_PIN_WRONG, token);
		return false;
	}
	fake_set_wrong_count(0);
	fake_path(path, sizeof(path), ".pin");
	f = fopen(path, "w");
	if (f == NULL)
		exit(1);
	fprintf(
	    f, "%.*s\n", (int)req->new_pin.len, (const char *)req->new_pin.p);
	fclose(f);
	return true;
}

static void
fake_serve(
    const struct tok_msg *req, struct tok_msg *answer, struct buf lists[3])
{
	struct tok_info info;
	int token = fake_find(req);

	if (req->type == TOK_START) {
		answer->type = TOK_START_OK;
		return;
	}
	if (req->type == TOK_PROBE) {
		fake_probe(answer, lists);
		return;
	}
	if (token >= 0)
		fake_info((unsigned)token, &info);
	if (token < 0 ||
	    (req->insertion != info.insertion && req->type != TOK_INFO &&
		req->type != TOK_LOGOUT)) {
		fake_error(answer, -CS_ERR_TOKEN_REMOVED, token);
		return;
	}
	if (req->type == TOK_SIGN || req->type == TOK_OPEN ||
	    req->type == TOK_RAW) {
		fake_sign(req, answer, token);
		return;
	}
	if (req->type == TOK_WRITE) {
		fake_write(req, answer, token, &lists[0]);
		return;
	}
	if (req->type == TOK_LOGIN) {
		if (!fake_try(req, answer, token))
			return;
		is_in[token] = true;
	} else if (req->type == TOK_LOGOUT) {
		is_in[token] = false;
	} else if (req->type == TOK_SET_PIN &&
		   !fake_set_pin(req, answer, token)) {
		return;
	}
	answer->type = (enum tok_type)(req->type + 1);
	fake_info((unsigned)token, &answer->info);
}

static void
fake_wait_at_gate(void)
{
	static char path[1100];

	fake_path(path, sizeof(path), ".open");
	while (access(path, F_OK) != 0)
		usleep(5000);
}

/* The script's fault. False: there is no answer to send. */
static bool
fake_act(struct tok_msg *answer)
{
	const char *action = script.action;
	unsigned n = 0;

	if (strncmp(action, "gate", 4) == 0) {
		fake_wait_at_gate();
		action += strcspn(action, " ");
		action += strspn(action, " ");
	}
	if (sscanf(action, "delay %u", &n) == 1)
		usleep(n * 1000);
	else if (strncmp(action, "hang", 4) == 0)
		for (;;)
			pause();
	else if (strncmp(action, "stop", 4) == 0)
		raise(SIGSTOP);
	else if (strncmp(action, "crash", 5) == 0)
		raise(SIGKILL);
	else if (strncmp(action, "close", 5) == 0)
		exit(0);
	else if (strncmp(action, "wrong-id", 8) == 0)
		answer->id++;
	else if (strncmp(action, "wrong-type", 10) == 0)
		answer->type = TOK_LOGOUT_OK;
	else if (sscanf(action, "error %u", &n) == 1)
		fake_error(answer, -(int)n, -1);
	else if (strncmp(action, "logout", 6) == 0)
		memset(is_in, 0, sizeof(is_in));
	else if (strncmp(action, "garbage", 7) == 0) {
		if (write(FAKE_FD, "garbage garbage", 15) < 0)
			exit(1);
		return false;
	}
	return true;
}

static void
fake_detail(const struct tok_msg *req, char detail[128])
{
	snprintf(detail, 128, "%ld%s%.*s%s%.*s", (long)getpid(),
	    req->has_pin ? " pin=" : "", (int)req->pin.len,
	    req->pin.len != 0 ? (const char *)req->pin.p : "",
	    req->has_new_pin ? " new=" : "", (int)req->new_pin.len,
	    req->new_pin.len != 0 ? (const char *)req->new_pin.p : "");
}

static void
fake_request(struct bytes frame)
{
	struct buf out = {0}, lists[3] = {{0}};
	struct tok_msg req, answer = {0};
	char detail[128];
	const char *type;
	unsigned nth, i;
	size_t done;
	ssize_t n;

	if (tok_msg_decode(frame, &req, NULL) != 0)
		exit(1);
	if (req.type == TOK_START)
		snprintf(script_path, sizeof(script_path), "%.*s",
		    (int)req.module.len, (const char *)req.module.p);
	type = tok_type_name(req.type);
	fake_detail(&req, detail);
	nth = fake_log(type, detail);
	script_read(type, nth);
	if (script.insertion != last_insertion)
		memset(is_in, 0, sizeof(is_in));
	last_insertion = script.insertion;
	answer.id = req.id;
	answer.info.tries_left = ERR_TRIES_UNKNOWN;
	if (strncmp(script.action, "logout", 6) == 0)
		memset(is_in, 0, sizeof(is_in));
	fake_serve(&req, &answer, lists);
	if (fake_act(&answer) && tok_msg_encode(&answer, &out) == 0)
		for (done = 0; done < out.len; done += (size_t)n) {
			n = write(FAKE_FD, out.data + done, out.len - done);
			if (n < 0)
				exit(1);
		}
	for (i = 0; i < 3; i++)
		buf_clear(&lists[i]);
	buf_clear(&out);
}

int
main(int argc, char **argv)
{
	struct buf in = {0};
	uint8_t *room;
	size_t len;
	ssize_t n;

	if (argc > 1) {
		printf("scripted\t%s\n", getenv("FAKE_SCRIPT"));
		return strcmp(argv[1], "--list-modules") != 0;
	}
	while (tok_frame_len(buf_get(&in), &len) == 0) {
		if (len != 0 && len <= in.len) {
			fake_request(bytes_of(in.data, len));
			buf_consume(&in, len);
			continue;
		}
		room = buf_reserve(&in, 65536);
		n = room != NULL ? read(FAKE_FD, room, 65536) : -1;
		if (n <= 0) {
			buf_clear(&in);
			return 0;
		}
		buf_grow_len(&in, (size_t)n);
	}
	return 1;
}
