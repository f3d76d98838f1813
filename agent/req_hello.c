#include "config.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/request.h"

/* hello: the version, and the client's name for itself. */
void
req_hello(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct conns *cs = &c->agent->conns;
	struct err e = ERR_INIT;
	struct agt_msg answer = {
	    .id = msg->id,
	    .type = AGT_HELLO_OK,
	    .version = AGT_VERSION,
	    .restricted = c->is_restricted,
	    .agent_version = BYTES_LIT(PACKAGE_VERSION),
	};
	char *program = bytes_dup_str(msg->program);

	(void)frame;
	if (program == NULL || msg->version_min > AGT_VERSION ||
	    msg->version_max < AGT_VERSION) {
		free(program);
		err_set(&e, -CS_ERR_PROTOCOL,
		    "this agent speaks version %d, the client %u to %u",
		    AGT_VERSION, msg->version_min, msg->version_max);
		conn_send_error(c, msg->id, &e, BYTES_NONE);
		conn_close(c);
		return;
	}
	free(c->program);
	c->program = program;
	TAILQ_REMOVE(&cs->fresh, c, link);
	c->has_hello = true;
	TAILQ_INSERT_TAIL(&cs->active, c, link);
	timer_stop(&c->agent->timers, &c->deadline);
	conn_send_msg(c, &answer);
}
