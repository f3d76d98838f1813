/*
 * time.h: UTCTime and GeneralizedTime (RFC 5280 4.1.2.5, RFC 5652 11.3) and
 * RFC 3339 text. Times are seconds since 1970-01-01 00:00:00 UTC, without
 * leap seconds, negative before.
 */
#ifndef ASN1_TIME_H
#define ASN1_TIME_H

#include "asn1/der.h"

/*
 * Takes a Time CHOICE. UTCTime must be YYMMDDHHMMSSZ, GeneralizedTime
 * YYYYMMDDHHMMSSZ, both real dates; years 50-99 of UTCTime are 19xx. Else
 * the cursor fails with CS_ERR_ENCODING.
 */
int64_t der_get_time(struct der *d);
/*
 * UTCTime through 2049, GeneralizedTime from 2050 on and before 1950. Beyond
 * the years 0 to 9999 b fails with CS_ERR_ARGUMENT.
 */
void der_put_time(struct buf *b, int64_t t);
/* As der_get_time on content octets with a known tag. */
int CS_MUST_USE time_decode(int tag, struct bytes content, int64_t *t);

#define TIME_TEXT_MAX 32
/* "2026-11-24T01:02:03Z". Returns dst. */
char *time_format(char dst[static TIME_TEXT_MAX], int64_t t);
/* RFC 3339 date-time with Z or offset, or a date alone (midnight UTC). A
 * fraction of a second is cut off. CS_ERR_ARGUMENT: anything else. */
int CS_MUST_USE time_parse(const char *text, int64_t *t);

#endif
