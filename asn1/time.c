#include "asn1/time.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define UTC_TIME_FIRST (-631152000LL)	   /* 1950-01-01 00:00:00 */
#define UTC_TIME_END 2524608000LL	   /* 2050-01-01 00:00:00 */
#define GENERALIZED_FIRST (-62167219200LL) /* 0000-01-01 00:00:00 */
#define GENERALIZED_END 253402300800LL	   /* 10000-01-01 00:00:00 */

struct time_parts {
	int64_t year;
	unsigned month; /* 1-12 */
	unsigned day;	/* 1-31 */
	unsigned hour;
	unsigned minute;
	unsigned second;
};

/*
 * Days since 1970-01-01 of a date of the proleptic Gregorian calendar. The
 * year is counted from March, so that the leap day is its last.
 */
static int64_t
time_days(const struct time_parts *t)
{
	int64_t year = t->year - (t->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	unsigned month = t->month > 2 ? t->month - 3 : t->month + 9;
	int64_t day_of_year = (153 * month + 2) / 5 + t->day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - 719468;
}

static int64_t
time_join(const struct time_parts *t)
{
	return time_days(t) * SECONDS_PER_DAY + t->hour * 3600 +
	       t->minute * 60 + t->second;
}

static void
time_split(int64_t seconds, struct time_parts *t)
{
	int64_t days = seconds / SECONDS_PER_DAY, era, in_era, year;
	int64_t rest = seconds % SECONDS_PER_DAY, in_year, month;

	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	in_era = days - era * 146097;
	year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	in_year = in_era - (365 * year + year / 4 - year / 100);
	month = (5 * in_year + 2) / 153;
	t->day = (unsigned)(in_year - (153 * month + 2) / 5 + 1);
	t->month = (unsigned)(month < 10 ? month + 3 : month - 9);
	t->year = year + era * 400 + (t->month <= 2);
	t->hour = (unsigned)(rest / 3600);
	t->minute = (unsigned)(rest / 60 % 60);
	t->second = (unsigned)(rest % 60);
}

static bool
time_is_real(const struct time_parts *t)
{
	static const unsigned days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap =
	    t->year % 4 == 0 && (t->year % 100 != 0 || t->year % 400 == 0);
	unsigned last;

	if (t->month < 1 || t->month > 12)
		return false;
	last = days[t->month - 1] + (t->month == 2 && is_leap);
	return t->day >= 1 && t->day <= last && t->hour < 24 &&
	       t->minute < 60 && t->second < 60;
}

/* Reads n digits and moves on; false if there is anything else. */
static bool
time_digits(const char **p, const char *end, unsigned n, unsigned *value)
{
	*value = 0;
	if (end - *p < (ptrdiff_t)n)
		return false;
	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*value = *value * 10 + (unsigned)(**p - '0');
	}
	return true;
}

static bool
time_literal(const char **p, const char *end, const char *any_of)
{
	if (*p == end || **p == '\0' || strchr(any_of, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

int
time_decode(int tag, struct bytes content, int64_t *t)
{
	const char *p = (const char *)content.p, *end;
	struct time_parts parts;
	unsigned year;

	*t = 0;
	if (content.len == 0 ||
	    (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME))
		return -CS_ERR_ENCODING;
	end = p + content.len;
	if (!time_digits(&p, end, tag == DER_UTC_TIME ? 2 : 4, &year) ||
	    !time_digits(&p, end, 2, &parts.month) ||
	    !time_digits(&p, end, 2, &parts.day) ||
	    !time_digits(&p, end, 2, &parts.hour) ||
	    !time_digits(&p, end, 2, &parts.minute) ||
	    !time_digits(&p, end, 2, &parts.second) ||
	    !time_literal(&p, end, "Z") || p != end)
		return -CS_ERR_ENCODING;
	parts.year = year;
	if (tag == DER_UTC_TIME)
		parts.year += year >= 50 ? 1900 : 2000;
	if (!time_is_real(&parts))
		return -CS_ERR_ENCODING;
	*t = time_join(&parts);
	return 0;
}

int64_t
der_get_time(struct der *d)
{
	struct der before = *d;
	int tag = der_peek(d);
	int64_t t;

	if (time_decode(tag, der_get(d, tag), &t) == 0 || d->err != 0)
		return d->err == 0 ? t : 0;
	*d = before;
	der_fail(d, -CS_ERR_ENCODING);
	return 0;
}

void
der_put_time(struct buf *b, int64_t t)
{
	struct time_parts parts;
	char text[32];
	bool is_utc = t >= UTC_TIME_FIRST && t < UTC_TIME_END;

	if (t < GENERALIZED_FIRST || t >= GENERALIZED_END) {
		b->err = b->err != 0 ? b->err : -CS_ERR_ARGUMENT;
		return;
	}
	time_split(t, &parts);
	snprintf(text, sizeof(text), "%0*u%02u%02u%02u%02u%02uZ",
	    is_utc ? 2 : 4, (unsigned)(parts.year % (is_utc ? 100 : 10000)),
	    parts.month, parts.day, parts.hour, parts.minute, parts.second);
	der_put_str(b, is_utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, text);
}

char *
time_format(char dst[static TIME_TEXT_MAX], int64_t t)
{
	struct time_parts parts;

	time_split(t, &parts);
	snprintf(dst, TIME_TEXT_MAX, "%04lld-%02u-%02uT%02u:%02u:%02uZ",
	    (long long)parts.year, parts.month, parts.day, parts.hour,
	    parts.minute, parts.second);
	return dst;
}

/* "Z", "+01:00" or "-08:00" up to the end, as seconds east of UTC. */
static bool
time_zone(const char **p, const char *end, int64_t *east)
{
	unsigned hours, minutes;
	bool is_west;

	*east = 0;
	if (time_literal(p, end, "Zz"))
		return *p == end;
	is_west = *p != end && **p == '-';
	if (!time_literal(p, end, "+-") || !time_digits(p, end, 2, &hours) ||
	    !time_literal(p, end, ":") || !time_digits(p, end, 2, &minutes) ||
	    hours > 23 || minutes > 59 || *p != end)
		return false;
	*east = hours * 3600 + minutes * 60;
	if (is_west)
		*east = -*east;
	return true;
}

/* "T12:34:56.789+01:00" up to the end. A fraction is cut off. */
static bool
time_of_day(const char *p, const char *end, struct time_parts *parts,
    int64_t *east, bool *is_leap_second)
{
	unsigned digit;

	if (!time_literal(&p, end, "Tt ") ||
	    !time_digits(&p, end, 2, &parts->hour) ||
	    !time_literal(&p, end, ":") ||
	    !time_digits(&p, end, 2, &parts->minute) ||
	    !time_literal(&p, end, ":") ||
	    !time_digits(&p, end, 2, &parts->second))
		return false;
	if (time_literal(&p, end, ".")) {
		if (!time_digits(&p, end, 1, &digit))
			return false;
		while (p != end && *p >= '0' && *p <= '9')
			p++;
	}
	*is_leap_second = parts->second == 60;
	if (*is_leap_second)
		parts->second = 59;
	return time_zone(&p, end, east);
}

int
time_parse(const char *text, int64_t *t)
{
	const char *p = text, *end = text + strlen(text);
	struct time_parts parts = {0};
	bool is_leap_second = false;
	int64_t east = 0;
	unsigned year;

	*t = 0;
	if (!time_digits(&p, end, 4, &year) || !time_literal(&p, end, "-") ||
	    !time_digits(&p, end, 2, &parts.month) ||
	    !time_literal(&p, end, "-") || !time_digits(&p, end, 2, &parts.day))
		return -CS_ERR_ARGUMENT;
	parts.year = year;
	if (p != end && !time_of_day(p, end, &parts, &east, &is_leap_second))
		return -CS_ERR_ARGUMENT;
	if (!time_is_real(&parts))
		return -CS_ERR_ARGUMENT;
	*t = time_join(&parts) - east + is_leap_second;
	return 0;
}
