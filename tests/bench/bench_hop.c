/*
 * bench_hop: what agent and worker add to a P-256 signature.
 *
 * In one run, in turns: the bare PKCS#11 module in this process, the same
 * token through the agent's socket, the same through the agent's own PKCS#11
 * module, as any program has it, and messages of the same size that two
 * processes pass on and answer without looking at them: what the kernel alone
 * takes for the way. CPU time of all processes that take part, per signature;
 * pinned to one CPU, and then wherever the kernel likes.
 *
 *   bench_hop MODULE LABEL PIN SOCKET AGENT_PID WORKER_PID AGENT_MODULE
 */
#include "config.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "agent/proto.h"

#define ROUNDS 15
#define PER_ROUND 400
#define LIMIT_US 30.0
#define MODULE_LIMIT_US 100.0 /* of a C_Sign */

/* The key, by a module. */
struct signer {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
};
static struct signer bare, module;
static int fd;
static uint8_t key_id[AGT_KEY_ID_LEN];
static pid_t pids[3]; /* 0 (this one), agent, worker */
static int relay_fd;
static pid_t relay_pids[3]; /* the same for the relay */

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "bench_hop: %s\n", what);
	exit(1);
}

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0)
		die("no clock");
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t
cpu_ns(pid_t pid)
{
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0)
		die("no CPU clock of a process");
	return now_ns(clock);
}

/* --- by a module --- */

static void
find_token(const CK_FUNCTION_LIST *p11, const char *label, CK_SLOT_ID *slot)
{
	CK_SLOT_ID slots[64];
	CK_ULONG n = 64, i;
	CK_TOKEN_INFO info;

	if (p11->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		die("no slots");
	for (i = 0; i < n; i++)
		if (p11->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    strncmp((char *)info.label, label, strlen(label)) == 0) {
			*slot = slots[i];
			return;
		}
	die("no such token");
}

/* pin NULL: the module's program asks for it, or has it. */
static void
signer_open(
    struct signer *s, const char *file, const char *label, const char *pin)
{
	CK_RV (*get)(CK_FUNCTION_LIST **);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE find[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}};
	void *handle = dlopen(file, RTLD_NOW);
	CK_SLOT_ID slot = 0;
	CK_ULONG n;
	CK_RV r;

	if (handle == NULL)
		die(dlerror());
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (get == NULL || get(&s->p11) != CKR_OK ||
	    s->p11->C_Initialize(NULL) != CKR_OK)
		die("the module does not start");
	find_token(s->p11, label, &slot);
	if (s->p11->C_OpenSession(
		slot, CKF_SERIAL_SESSION, NULL, NULL, &s->session) != CKR_OK)
		die("the module opens no session");
	r = s->p11->C_Login(s->session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)pin,
	    pin != NULL ? strlen(pin) : 0);
	if ((r != CKR_OK && r != CKR_USER_ALREADY_LOGGED_IN) ||
	    s->p11->C_FindObjectsInit(s->session, find, 2) != CKR_OK ||
	    s->p11->C_FindObjects(s->session, &s->key, 1, &n) != CKR_OK ||
	    n != 1)
		die("the module does not show the key");
	(void)s->p11->C_FindObjectsFinal(s->session);
}

static void
signer_sign(const struct signer *s, unsigned i)
{
	CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
	CK_BYTE digest[32] = {(CK_BYTE)i}, signature[128];
	CK_ULONG len = sizeof(signature);

	if (s->p11->C_SignInit(s->session, &mechanism, s->key) != CKR_OK ||
	    s->p11->C_Sign(
		s->session, digest, sizeof(digest), signature, &len) != CKR_OK)
		die("C_Sign");
}

static void
bare_sign(unsigned i)
{
	signer_sign(&bare, i);
}

static void
module_sign(unsigned i)
{
	signer_sign(&module, i);
}

/* --- through the agent --- */

static void
agent_call(const struct agt_msg *request, struct agt_msg *answer)
{
	static uint8_t in[AGT_ANSWER_MAX];
	static struct buf out;
	size_t have = 0, len = 0;
	struct err e = ERR_INIT;
	ssize_t n;

	buf_reset(&out);
	if (agt_msg_encode(request, &out) != 0 ||
	    write(fd, out.data, out.len) != (ssize_t)out.len)
		die("a request cannot be sent");
	do {
		n = read(fd, in + have, sizeof(in) - have);
		if (n <= 0)
			die("the agent hung up");
		have += (size_t)n;
		if (agt_frame_len(bytes_of(in, have), sizeof(in), &len) != 0)
			die("no frame");
	} while (len == 0 || len > have);
	if (agt_msg_decode(bytes_of(in, len), answer, &e) != 0)
		die(e.text);
	if (answer->type == AGT_ERROR)
		die((const char *)answer->text.p);
}

static void
agent_open(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct agt_msg hello = {.id = 1, .type = AGT_HELLO}, list, answer;
	struct tok_key key;
	struct der d;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		die("no agent");
	hello.version_min = hello.version_max = AGT_VERSION;
	agent_call(&hello, &answer);
	list = (struct agt_msg){.id = 2, .type = AGT_LIST};
	agent_call(&list, &answer);
	der_init(&d, answer.keys);
	if (!agt_key_next(&d, &key))
		die("the agent has no key");
	memcpy(key_id, key.key_id.p, sizeof(key_id));
}

static void
agent_sign(unsigned i)
{
	static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a,
	    0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	uint8_t digest[32] = {(uint8_t)i};
	struct agt_msg sign = {.id = i + 10, .type = AGT_SIGN}, answer;

	sign.key_id = bytes_of(key_id, sizeof(key_id));
	sign.algorithm = bytes_of(ecdsa_sha256, sizeof(ecdsa_sha256));
	sign.input = bytes_of(digest, sizeof(digest));
	agent_call(&sign, &answer);
}

/* --- the way alone --- */

/* The sizes of the four messages of a P-256 signature. */
enum { ASK = 92, ASK_WORKER = 190, ANSWER_WORKER = 80, ANSWER = 80 };

static void
relay_wait(int epoll)
{
	struct epoll_event event;

	if (epoll_wait(epoll, &event, 1, -1) != 1)
		_exit(0);
}

static _Noreturn void
relay_agent(int client, int worker)
{
	static uint8_t message[ASK_WORKER];
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event) != 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, worker, &event) != 0)
		_exit(1);
	for (;;) {
		relay_wait(epoll);
		if (recv(client, message, sizeof(message), 0) <= 0)
			_exit(0);
		(void)send(worker, message, ASK_WORKER, MSG_NOSIGNAL);
		relay_wait(epoll);
		if (recv(worker, message, sizeof(message), 0) <= 0)
			_exit(0);
		(void)send(client, message, ANSWER, MSG_NOSIGNAL);
	}
}

static _Noreturn void
relay_worker(int agent)
{
	static uint8_t message[ASK_WORKER];

	while (recv(agent, message, sizeof(message), 0) > 0)
		(void)send(agent, message, ANSWER_WORKER, MSG_NOSIGNAL);
	_exit(0);
}

/* They end with their peer's socket. */
static void
relay_start(void)
{
	int client[2], worker[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, client) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, worker) != 0)
		die("no socket");
	relay_pids[1] = fork();
	if (relay_pids[1] == 0) {
		(void)close(client[0]);
		(void)close(worker[1]);
		relay_agent(client[1], worker[0]);
	}
	(void)close(client[1]);
	(void)close(worker[0]);
	relay_pids[2] = fork();
	if (relay_pids[2] == 0) {
		(void)close(client[0]);
		relay_worker(worker[1]);
	}
	(void)close(worker[1]);
	if (relay_pids[1] < 0 || relay_pids[2] < 0)
		die("no process");
	relay_fd = client[0];
}

static void
relay_call(unsigned i)
{
	uint8_t message[ASK] = {(uint8_t)i};

	if (write(relay_fd, message, ASK) != ASK ||
	    read(relay_fd, message, sizeof(message)) <= 0)
		die("the relay ended");
}

/* --- figures --- */

struct figures {
	double cpu_us, own_us, agent_us, worker_us, wall_us;
};

static struct figures
measure(void (*sign)(unsigned i), const pid_t *of, unsigned processes)
{
	uint64_t before[3], wall = now_ns(CLOCK_MONOTONIC);
	double us[3] = {0};
	struct figures f;
	unsigned i;

	for (i = 0; i < processes; i++)
		before[i] = cpu_ns(of[i]);
	for (i = 0; i < PER_ROUND; i++)
		sign(i);
	for (i = 0; i < processes; i++)
		us[i] = (double)(cpu_ns(of[i]) - before[i]) / 1e3 / PER_ROUND;
	f.wall_us = (double)(now_ns(CLOCK_MONOTONIC) - wall) / 1e3 / PER_ROUND;
	f.own_us = us[0];
	f.agent_us = us[1];
	f.worker_us = us[2];
	f.cpu_us = us[0] + us[1] + us[2];
	return f;
}

static int
compare(const void *a, const void *b)
{
	const struct figures *x = a, *y = b;

	return x->cpu_us < y->cpu_us ? -1 : x->cpu_us > y->cpu_us;
}

static void
pin(bool is_pinned)
{
	cpu_set_t set;
	unsigned i;

	CPU_ZERO(&set);
	for (i = 0; i < (is_pinned ? 1U : (unsigned)CPU_SETSIZE); i++)
		CPU_SET(i, &set);
	for (i = 0; i < 3; i++)
		if (sched_setaffinity(pids[i], sizeof(set), &set) != 0 ||
		    sched_setaffinity(relay_pids[i], sizeof(set), &set) != 0)
			die("a process cannot be pinned");
}

static const struct figures *
median(struct figures *f)
{
	qsort(f, ROUNDS, sizeof(*f), compare);
	return &f[ROUNDS / 2];
}

struct added {
	double all_us, kernel_us, module_us;
};

static struct added
run(const char *name, bool is_pinned)
{
	struct figures alone[ROUNDS], agent[ROUNDS], ours[ROUNDS];
	struct figures relay[ROUNDS];
	const struct figures *b, *a, *m, *r;
	struct added added;
	unsigned i;

	pin(is_pinned);
	for (i = 0; i < ROUNDS; i++) {
		alone[i] = measure(bare_sign, pids, 1);
		agent[i] = measure(agent_sign, pids, 3);
		ours[i] = measure(module_sign, pids, 3);
		relay[i] = measure(relay_call, relay_pids, 3);
	}
	b = median(alone);
	a = median(agent);
	m = median(ours);
	r = median(relay);
	added.all_us = a->cpu_us - b->cpu_us;
	added.kernel_us = r->cpu_us;
	added.module_us = m->cpu_us - b->cpu_us;
	printf("%s: bare module %.1f us, through the agent %.1f us (client "
	       "%.1f, agent %.1f, worker %.1f): %.1f us added, ratio %.2f; "
	       "wall %.1f and %.1f us\n",
	    name, b->cpu_us, a->cpu_us, a->own_us, a->agent_us, a->worker_us,
	    added.all_us, a->cpu_us / b->cpu_us, b->wall_us, a->wall_us);
	printf("%s: the kernel's part, the same messages through two processes "
	       "that do nothing: %.1f us; ours above it: %.1f us\n",
	    name, added.kernel_us, added.all_us - added.kernel_us);
	printf("%s: C_Sign of the agent's module %.1f us (client %.1f, agent "
	       "%.1f, worker %.1f): %.1f us added\n",
	    name, m->cpu_us, m->own_us, m->agent_us, m->worker_us,
	    added.module_us);
	return added;
}

int
main(int argc, char **argv)
{
	struct added added;

	if (argc != 8)
		die("usage: bench_hop MODULE LABEL PIN SOCKET AGENT WORKER "
		    "AGENT_MODULE");
	relay_start();
	signer_open(&bare, argv[1], argv[2], argv[3]);
	agent_open(argv[4]);
	setenv("CARDSEAL_SOCKET", argv[4], 1);
	signer_open(&module, argv[7], argv[2], NULL);
	pids[1] = (pid_t)strtol(argv[5], NULL, 10);
	pids[2] = (pid_t)strtol(argv[6], NULL, 10);
	measure(bare_sign, pids, 1);
	measure(agent_sign, pids, 3);
	measure(module_sign, pids, 3);
	added = run("pinned to one CPU", true);
	(void)run("not pinned", false);
	printf(
	    "bar: at most %.0f us added, pinned: %s; above the kernel's part: "
	    "%s; at most %.0f us of a C_Sign: %s\n",
	    LIMIT_US, added.all_us <= LIMIT_US ? "held" : "MISSED",
	    added.all_us - added.kernel_us <= LIMIT_US ? "held" : "MISSED",
	    MODULE_LIMIT_US,
	    added.module_us <= MODULE_LIMIT_US ? "held" : "MISSED");
	return added.all_us - added.kernel_us <= LIMIT_US &&
		       added.module_us <= MODULE_LIMIT_US
		   ? 0
		   : 1;
}
