#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/pin_source.h"

static const struct pin_source *
source_find(struct login *l)
{
	struct agent *a = l->token->module->agent;

	return pin_sources_find(
	    &a->settings.pin_sources, bytes_of_str(l->token->uri));
}

bool
login_source_ask(struct login *l, bool is_confirm)
{
	const struct pin_source *source = source_find(l);
	struct agent *a = l->token->module->agent;
	struct secret *pin = NULL;
	int r;

	if (source == NULL)
		return false;
	err_clear(&l->source_err);
	if (is_confirm) {
		prompt_give(&l->prompt, -CS_ERR_CANCELLED, NULL, "");
		return true;
	}
	r = pin_source_get(source, a->settings.state_folder, a->secret,
	    bytes_of_str(l->token->uri), &pin, &l->source_err);
	prompt_give(&l->prompt, r, pin, err_get_text(&l->source_err));
	return true;
}

bool
login_source_sends(struct login *l)
{
	struct agent *a = l->token->module->agent;

	if (source_find(l) == NULL)
		return true;
	return pin_source_mark(a->settings.state_folder, a->secret,
		   bytes_of_str(l->token->uri), l->typed, &l->err) == 0;
}

void
login_source_proved(struct login *l)
{
	struct agent *a = l->token->module->agent;

	if (source_find(l) != NULL)
		pin_source_unmark(a->settings.state_folder, a->secret,
		    bytes_of_str(l->token->uri), l->typed);
}
