/*
 * The hand-made codecs of the protocols against their published modules
 * (asn1/agent.asn, asn1/token.asn), read by libtasn1.
 */
#include "agent/proto.h"
#include "asn1/tree.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define T(s) BYTES_LIT(s)
#define KEY_ID T("0123456789abcdef0123456789abcdef")

static struct buf out, tokens, keys, certs, modules;

static void
setup(void)
{
	buf_init(&out, 0);
	buf_init(&tokens, 0);
	buf_init(&keys, 0);
	buf_init(&certs, 0);
	buf_init(&modules, 0);
}

static void
teardown(void)
{
	buf_clear(&out);
	buf_clear(&tokens);
	buf_clear(&keys);
	buf_clear(&certs);
	buf_clear(&modules);
}

/* "SIGN_OK" as the modules have it: "signOk". */
static const char *
module_name(const char *name)
{
	static char text[64];
	size_t used = 0;
	bool is_upper = false;

	for (; *name != '\0' && used + 1 < sizeof(text); name++) {
		if (*name != '_')
			text[used++] =
			    (char)(is_upper ? *name : tolower(*name));
		is_upper = *name == '_';
	}
	text[used] = '\0';
	return text;
}

/* Is out a message of the module, with the choice that name says? */
static struct tree *
read_message(
    enum tree_module module, const char *type, const char *name, uint64_t id)
{
	struct err e = ERR_INIT;
	struct tree *tree;
	char choice[TREE_PATH_MAX];
	uint64_t got;
	int r;

	r = tree_check(module, type, buf_get(&out), &e);
	ck_assert_msg(r == 0, "%s: %s", name, err_get_text(&e));
	unit_assert_code(
	    tree_decode(module, type, buf_get(&out), &tree, NULL), 0);
	unit_assert_code(tree_get_choice(tree, "body", choice, NULL), 0);
	ck_assert_str_eq(choice, module_name(name));
	unit_assert_code(tree_get_uint(tree, "id", UINT32_MAX, &got, NULL), 0);
	ck_assert_uint_eq(got, id);
	return tree;
}

static void
assert_field(const struct tree *tree, const char *field, struct bytes want)
{
	struct buf b = {0};

	unit_assert_code(tree_get_bytes(tree, field, &b, NULL), 0);
	unit_assert_bytes(buf_get(&b), want);
	buf_clear(&b);
}

static void
fill_agent_lists(void)
{
	struct agt_token token = {.uri = T("pkcs11:a"),
	    .label = T("l"),
	    .serial = T("s"),
	    .manufacturer = T("m"),
	    .model = T("o"),
	    .module = T("x"),
	    .reader = T("r"),
	    .flags = TOK_REMOVABLE | TOK_LOGGED_IN,
	    .tries_left = 3};
	struct agt_module module = {.name = T("opensc"),
	    .path = T("/m.so"),
	    .state = AGT_MODULE_READY,
	    .pid = 7,
	    .last_error = T("e")};
	struct tok_key key = {.key_id = KEY_ID,
	    .token = T("t"),
	    .id = T("\x01"),
	    .flags = TOK_KEY_PRESENT | TOK_KEY_ALWAYS_AUTHENTICATE,
	    .spki = T("\x30\0"),
	    .certificates = T("\x04\x01x"),
	    .role = T("9c")};

	agt_token_put(&tokens, &token);
	token.tries_left = ERR_TRIES_UNKNOWN;
	agt_token_put(&tokens, &token);
	agt_key_put(&keys, &key);
	key.role = BYTES_NONE;
	key.certificates = BYTES_NONE;
	agt_key_put(&keys, &key);
	agt_cert_put(&certs, T("c"));
	agt_module_put(&modules, &module);
}

static struct agt_msg
agent_message(enum agt_type type)
{
	struct agt_msg m = {.id = 0xfffffffe,
	    .type = type,
	    .code = -CS_ERR_PIN_WRONG,
	    .ckr = 0xa0,
	    .tries_left = 2,
	    .holder = T("h"),
	    .text = T("t"),
	    .version_min = 1,
	    .version_max = 255,
	    .version = 1,
	    .program = T("p"),
	    .agent_version = T("0.1"),
	    .restricted = true,
	    .has_context = true,
	    .context = {.deadline_ms = 1000,
		.purpose = T("a"),
		.display = T("b"),
		.tty_name = T("c"),
		.tty_type = T("d"),
		.lc_ctype = T("e"),
		.lc_messages = T("f"),
		.xauthority = T("g"),
		.on_behalf_of = T("h")},
	    .token = T("pkcs11:token=a"),
	    .after = KEY_ID,
	    .more = true,
	    .key_id = KEY_ID,
	    .algorithm = T("algorithm"),
	    .input = T("input"),
	    .output = T("output"),
	    .recipient_info = T("ri"),
	    .index = 65535,
	    .content_algorithm = T("ca"),
	    .operation = 1,
	    .mechanism = 0xffffffff,
	    .parameter = T("pa"),
	    .pid = 4711,
	    .started = 1700000000,
	    .clients = 500,
	    .kinds = 0x41,
	    .kind = 6,
	    .target = 7};

	m.tokens = buf_get(&tokens);
	m.keys = buf_get(&keys);
	m.certificates = buf_get(&certs);
	m.modules = buf_get(&modules);
	return m;
}

START_TEST(agent_messages_agree)
{
	const char *name = agt_type_name((enum agt_type)_i);
	struct agt_msg m;

	fill_agent_lists();
	m = agent_message((enum agt_type)_i);
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	tree_free(read_message(TREE_AGENT, "Message", name, m.id));
}
END_TEST

/* With as little in it as may be. */
START_TEST(bare_agent_messages_agree)
{
	const char *name = agt_type_name((enum agt_type)_i);
	struct agt_msg m = {.type = (enum agt_type)_i,
	    .code = -1,
	    .version_min = 1,
	    .version_max = 1,
	    .version = 1,
	    .key_id = KEY_ID,
	    .tries_left = ERR_TRIES_UNKNOWN};

	unit_assert_code(agt_msg_encode(&m, &out), 0);
	tree_free(read_message(TREE_AGENT, "Message", name, 0));
}
END_TEST

START_TEST(agent_fields_agree)
{
	struct agt_msg m = agent_message(AGT_OPEN);
	struct tree *tree;
	uint64_t n;
	uint32_t flags;

	unit_assert_code(agt_msg_encode(&m, &out), 0);
	tree = read_message(TREE_AGENT, "Message", "OPEN", m.id);
	assert_field(tree, "body.open.keyId", m.key_id);
	assert_field(tree, "body.open.recipientInfo", m.recipient_info);
	assert_field(tree, "body.open.contentAlgorithm", m.content_algorithm);
	assert_field(tree, "body.open.context.purpose", m.context.purpose);
	assert_field(
	    tree, "body.open.context.onBehalfOf", m.context.on_behalf_of);
	unit_assert_code(
	    tree_get_uint(tree, "body.open.index", 65535, &n, NULL), 0);
	ck_assert_uint_eq(n, 65535);
	tree_free(tree);

	buf_reset(&out);
	fill_agent_lists();
	m = agent_message(AGT_LIST_OK);
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	tree = read_message(TREE_AGENT, "Message", "LIST_OK", m.id);
	unit_assert_code(
	    tree_get_flags(tree, "body.listOk.tokens.?1.flags", &flags, NULL),
	    0);
	ck_assert_uint_eq(flags, TOK_REMOVABLE | TOK_LOGGED_IN);
	unit_assert_code(tree_get_uint(tree, "body.listOk.tokens.?1.triesLeft",
			     255, &n, NULL),
	    0);
	ck_assert_uint_eq(n, 3);
	ck_assert(!tree_has(tree, "body.listOk.tokens.?2.triesLeft"));
	assert_field(tree, "body.listOk.keys.?1.role", T("9c"));
	assert_field(tree, "body.listOk.keys.?1.certificates.?1", T("x"));
	tree_free(tree);
}
END_TEST

static struct tok_msg
token_message(enum tok_type type)
{
	struct tok_msg m = {.id = 9,
	    .type = type,
	    .code = -CS_ERR_DEVICE,
	    .ckr = 0x30,
	    .has_info = true,
	    .text = T("t"),
	    .module = T("/m.so"),
	    .secret = KEY_ID,
	    .watch = true,
	    .description = T("d"),
	    .manufacturer = T("m"),
	    .version = T("1.0"),
	    .token = T("t"),
	    .insertion = 1,
	    .key_id = KEY_ID,
	    .algorithm = T("a"),
	    .input = T("i"),
	    .recipient_info = T("r"),
	    .index = 65535,
	    .content_algorithm = T("c"),
	    .operation = 1,
	    .mechanism = 0xffffffff,
	    .parameter = T("p"),
	    .has_pin = true,
	    .pin = T("1234"),
	    .has_new_pin = true,
	    .new_pin = T("n"),
	    .output = T("o")};

	m.info = (struct tok_info){.uri = T("u"),
	    .label = T("l"),
	    .insertion = 5,
	    .pin_len_min = 4,
	    .pin_len_max = 8,
	    .flags = TOK_LOGIN_REQUIRED,
	    .tries_left = 1};
	return m;
}

START_TEST(token_messages_agree)
{
	const char *name = tok_type_name((enum tok_type)_i);
	struct tok_msg m = token_message((enum tok_type)_i);
	struct tok_key key = {.key_id = KEY_ID, .flags = TOK_KEY_SIGN};
	struct tok_object object = {.label = T("l"),
	    .key_type = T("p256"),
	    .private_key = T("k"),
	    .certificate = T("c")};
	struct tok_written written = {
	    .key_id = KEY_ID, .spki = T("s"), .flags = TOK_WRITTEN_KEY};
	struct buf objects = {0}, written_list = {0};

	tok_info_put(&tokens, &m.info);
	tok_key_put(&keys, &key);
	tok_cert_put(&certs, T("u"), T("c"));
	m.tokens = buf_get(&tokens);
	m.keys = buf_get(&keys);
	m.certificates = buf_get(&certs);
	tok_object_put(&objects, &object);
	tok_written_put(&written_list, &written);
	m.objects = buf_get(&objects);
	m.written = buf_get(&written_list);
	if (_i == TOK_EVENT)
		m.operation = 0; /* the only kind there is */
	unit_assert_code(tok_msg_encode(&m, &out), 0);
	tree_free(read_message(TREE_TOKEN, "TokenMessage", name, m.id));
	buf_clear(&objects);
	buf_clear(&written_list);
}
END_TEST

START_TEST(bare_token_messages_agree)
{
	const char *name = tok_type_name((enum tok_type)_i);
	struct tok_msg m = {.type = (enum tok_type)_i,
	    .code = -1,
	    .secret = KEY_ID,
	    .key_id = KEY_ID};

	m.info.tries_left = ERR_TRIES_UNKNOWN;
	unit_assert_code(tok_msg_encode(&m, &out), 0);
	tree_free(read_message(TREE_TOKEN, "TokenMessage", name, 0));
}
END_TEST

START_TEST(token_fields_agree)
{
	struct tok_msg m = token_message(TOK_SIGN);
	struct tree *tree;
	uint64_t n;

	unit_assert_code(tok_msg_encode(&m, &out), 0);
	tree = read_message(TREE_TOKEN, "TokenMessage", "SIGN", 9);
	assert_field(tree, "body.sign.keyId", m.key_id);
	assert_field(tree, "body.sign.algorithm", m.algorithm);
	assert_field(tree, "body.sign.input", m.input);
	assert_field(tree, "body.sign.contextPin", m.pin);
	tree_free(tree);
	buf_reset(&out);
	m.type = TOK_LOGIN_OK;
	unit_assert_code(tok_msg_encode(&m, &out), 0);
	tree = read_message(TREE_TOKEN, "TokenMessage", "LOGIN_OK", 9);
	unit_assert_code(
	    tree_get_uint(tree, "body.loginOk.pinMax", 255, &n, NULL), 0);
	ck_assert_uint_eq(n, 8);
	unit_assert_code(
	    tree_get_uint(tree, "body.loginOk.triesLeft", 255, &n, NULL), 0);
	ck_assert_uint_eq(n, 1);
	tree_free(tree);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("modules");
	TCase *tcase = tcase_create("modules");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
	    tcase, agent_messages_agree, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_loop_test(
	    tcase, bare_agent_messages_agree, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_test(tcase, agent_fields_agree);
	tcase_add_loop_test(
	    tcase, token_messages_agree, TOK_ERROR, TOK_WRITE_OK + 1);
	tcase_add_loop_test(
	    tcase, bare_token_messages_agree, TOK_ERROR, TOK_WRITE_OK + 1);
	tcase_add_test(tcase, token_fields_agree);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
