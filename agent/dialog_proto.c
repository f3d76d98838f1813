#include <string.h>

#include "agent/dialog.h"
#include "token/field.h"

#define TEXT_OPT(tag, member)                                     \
	FIELD(UTF8_OPT, DER_CONTEXT(tag), dialog_request, member, \
	    DIALOG_TEXT_MAX)

static const struct field fields_request[] = {
    FIELD(UINT, DER_INTEGER, dialog_request, kind, DIALOG_CONSENT),
    FIELD(UINT, DER_INTEGER, dialog_request, timeout_s, UINT32_MAX),
    TEXT_OPT(0, description),
    TEXT_OPT(1, prompt),
    TEXT_OPT(2, error),
    TEXT_OPT(3, display),
    TEXT_OPT(4, tty_name),
    TEXT_OPT(5, tty_type),
    TEXT_OPT(6, lc_ctype),
    TEXT_OPT(7, lc_messages),
    TEXT_OPT(8, xauthority),
    TEXT_OPT(9, ok),
    TEXT_OPT(10, cancel),
};
static const struct field_record record_request =
    FIELD_RECORD_OF(fields_request);

struct dialog_wire {
	int64_t code; /* 0 is one of its values, unlike with FIELD_CODE */
	struct bytes pin;
	struct bytes text;
};

static const struct field fields_answer[] = {
    FIELD(INT64, DER_INTEGER, dialog_wire, code, 0),
    FIELD(OCTETS_OPT, DER_CONTEXT(0), dialog_wire, pin, DIALOG_PIN_MAX),
    FIELD(UTF8_OPT, DER_CONTEXT(1), dialog_wire, text, DIALOG_TEXT_MAX),
};
static const struct field_record record_answer = FIELD_RECORD_OF(fields_answer);

int
dialog_request_encode(const struct dialog_request *request, struct buf *out)
{
	field_put_next(out, &record_request, request);
	return out->err;
}

int
dialog_request_decode(struct bytes in, struct dialog_request *request)
{
	struct der d;

	memset(request, 0, sizeof(*request));
	der_init(&d, in);
	if (!field_get_next(&d, &record_request, request))
		return -CS_ERR_PROTOCOL;
	return der_end(&d) == 0 ? 0 : -CS_ERR_PROTOCOL;
}

int
dialog_answer_encode(const struct dialog_answer *answer, struct buf *out)
{
	struct dialog_wire wire = {answer->code, answer->pin, answer->text};

	field_put_next(out, &record_answer, &wire);
	return out->err;
}

int
dialog_answer_decode(struct bytes in, struct dialog_answer *answer)
{
	struct dialog_wire wire = {0};
	struct der d;

	memset(answer, 0, sizeof(*answer));
	der_init(&d, in);
	if (!field_get_next(&d, &record_answer, &wire) || der_end(&d) != 0 ||
	    wire.code > 0 || wire.code < -65535)
		return -CS_ERR_PROTOCOL;
	answer->code = (int)wire.code;
	answer->pin = wire.pin;
	answer->text = wire.text;
	return 0;
}
