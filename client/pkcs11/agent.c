/* agent.c: connections to the agent, and its errors as CK_RV. */
#include <errno.h>

#include "client/pkcs11/p11.h"

int
p11_link_take(struct link **link, struct err *e)
{
	pthread_mutex_lock(&p11.lock);
	*link = p11.links_len > 0 ? p11.links[--p11.links_len] : NULL;
	pthread_mutex_unlock(&p11.lock);
	if (*link != NULL)
		return 0;
	return link_new(NULL, program_invocation_short_name, link, e);
}

void
p11_link_put(struct link *link)
{
	bool is_kept = false;

	if (link == NULL)
		return;
	pthread_mutex_lock(&p11.lock);
	if (p11.is_initialized && p11.links_len < P11_LINKS_MAX) {
		p11.links[p11.links_len++] = link;
		is_kept = true;
	}
	pthread_mutex_unlock(&p11.lock);
	if (!is_kept)
		link_free(link);
}

void
p11_links_close(void)
{
	while (p11.links_len > 0)
		link_free(p11.links[--p11.links_len]);
}

void
p11_fill_context(
    struct link *link, struct agt_msg *request, uint32_t deadline_ms)
{
	request->has_context = true;
	link_fill_context(link, &request->context, NULL);
	request->context.deadline_ms = deadline_ms;
}

CK_RV
p11_rv(int code)
{
	static const struct {
		int code;
		CK_RV rv;
	} table[] = {
	    {0, CKR_OK},
	    {-CS_ERR_PIN_WRONG, CKR_PIN_INCORRECT},
	    {-CS_ERR_PIN_LOCKED, CKR_PIN_LOCKED},
	    {-CS_ERR_PIN_LENGTH, CKR_PIN_LEN_RANGE},
	    {-CS_ERR_PIN_EXPIRED, CKR_PIN_EXPIRED},
	    {-CS_ERR_PIN_INVALID, CKR_PIN_INVALID},
	    {-CS_ERR_PIN_FINAL, CKR_FUNCTION_CANCELED},
	    {-CS_ERR_PIN_NEEDED, CKR_USER_NOT_LOGGED_IN},
	    {-CS_ERR_CANCELLED, CKR_FUNCTION_CANCELED},
	    {-CS_ERR_REFUSED, CKR_FUNCTION_CANCELED},
	    {-CS_ERR_NO_PINENTRY, CKR_FUNCTION_FAILED},
	    {-CS_ERR_POLICY, CKR_KEY_FUNCTION_NOT_PERMITTED},
	    {-CS_ERR_KEY_USAGE, CKR_KEY_FUNCTION_NOT_PERMITTED},
	    {-CS_ERR_NO_KEY, CKR_KEY_HANDLE_INVALID},
	    {-CS_ERR_NO_TOKEN, CKR_DEVICE_REMOVED},
	    {-CS_ERR_TOKEN_REMOVED, CKR_DEVICE_REMOVED},
	    {-CS_ERR_NO_AGENT, CKR_DEVICE_REMOVED},
	    {-CS_ERR_AGENT_GONE, CKR_DEVICE_ERROR},
	    {-CS_ERR_MECHANISM, CKR_MECHANISM_INVALID},
	    {-CS_ERR_ALGORITHM, CKR_MECHANISM_INVALID},
	    {-CS_ERR_UNSUPPORTED, CKR_MECHANISM_INVALID},
	    {-CS_ERR_DECRYPT, CKR_ENCRYPTED_DATA_INVALID},
	    {-CS_ERR_ARGUMENT, CKR_DATA_LEN_RANGE},
	    {-CS_ERR_TOO_LARGE, CKR_DATA_LEN_RANGE},
	    {-CS_ERR_NO_MEMORY, CKR_HOST_MEMORY},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].rv;
	return err_class(code) == ERR_CLASS_DEVICE ? CKR_DEVICE_ERROR
						   : CKR_GENERAL_ERROR;
}
