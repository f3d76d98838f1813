/* list.c: listing in parts: the last key of one tells where the next begins. */
#include "client/link/list.h"

#include <string.h>

static int
list_take(struct link_list *list, const struct agt_msg *answer, uint8_t *last)
{
	struct tok_key key;
	struct der d;

	/* Each answer tells of all tokens. */
	buf_reset(&list->tokens);
	buf_add_bytes(&list->tokens, answer->tokens);
	buf_add_bytes(&list->keys, answer->keys);
	buf_add_bytes(&list->certificates, answer->certificates);
	der_init(&d, answer->keys);
	while (agt_key_next(&d, &key)) {
		list->keys_len++;
		memcpy(last, key.key_id.p, AGT_KEY_ID_LEN);
	}
	if (list->tokens.err != 0)
		return list->tokens.err;
	return list->keys.err != 0 ? list->keys.err : list->certificates.err;
}

int
link_list_ask(struct link *link, struct agt_msg *request,
    struct link_list *list, struct err *e)
{
	struct agt_msg answer = {.more = true};
	uint8_t last[AGT_KEY_ID_LEN];
	int r = 0;

	link_list_clear(list);
	request->type = AGT_LIST;
	while (r == 0 && answer.more) {
		r = link_call(link, request, &answer, e);
		if (r != 0)
			break;
		r = list_take(list, &answer, last);
		if (r != 0)
			err_set(e, r, NULL);
		if (answer.keys.len == 0)
			break;
		request->after = bytes_of(last, sizeof(last));
	}
	request->after = BYTES_NONE;
	if (r != 0)
		link_list_clear(list);
	return r;
}

void
link_list_clear(struct link_list *list)
{
	buf_clear(&list->tokens);
	buf_clear(&list->keys);
	buf_clear(&list->certificates);
	list->keys_len = 0;
}
