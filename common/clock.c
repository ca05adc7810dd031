/* clock: days are counted by hand, as no libc call takes UTC in and out. */
#include "common/clock.h"

#include <errno.h>
#include <time.h>

#define DAY_MS 86400000
#define ERA_DAYS 146097 /* days in 400 years */

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
#define TIME_MIN_MS (-62167219200000)
#define TIME_MAX_MS 253402300799999

static int64_t
now_ms(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for the two clocks that Linux always has. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return now_ms(CLOCK_MONOTONIC);
}

/*
 * Days from 1970-01-01.  The year begins with March here, so that the leap
 * day is its last and the months' lengths follow one formula.  year >= 0.
 */
static int64_t
days_from_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year + 399 : year + 400;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	    1 - 719468 - ERA_DAYS;
}

static void
date_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t doe, doy, yoe, m, z = days + 719468 + ERA_DAYS;

	doe = z % ERA_DAYS;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	m = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(yoe + (z / ERA_DAYS - 1) * 400 + (*month <= 2));
}

static char *
put_digits(char *p, int n, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--) {
		p[i] = (char)('0' + n % 10);
		n /= 10;
	}
	return p + width;
}

char *
time_format(char out[TIME_TEXT_MAX], int64_t ms)
{
	int64_t days;
	int day, month, rest, year;
	char *p = out;

	if (ms < TIME_MIN_MS)
		ms = TIME_MIN_MS;
	if (ms > TIME_MAX_MS)
		ms = TIME_MAX_MS;
	days = ms / DAY_MS - (ms % DAY_MS < 0);
	rest = (int)(ms - days * DAY_MS);
	date_from_days(days, &year, &month, &day);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, rest / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, rest / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, rest / 1000 % 60, 2);
	*p++ = '.';
	p = put_digits(p, rest % 1000, 3);
	*p++ = 'Z';
	*p = '\0';
	return out;
}

/* The number at s[at..at+width), or -1. */
static int
get_digits(const char *s, size_t at, size_t width)
{
	size_t i;
	int n = 0;

	for (i = at; i < at + width; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* ".f…Z", the end of a time, into ms; -1 where it is neither that nor "Z". */
static int
get_fraction(const char *s, size_t len)
{
	int digit, ms = 0, scale = 100;
	size_t i;

	if (len == 1 && s[0] == 'Z')
		return 0;
	if (len < 3 || s[0] != '.' || s[len - 1] != 'Z')
		return -1;
	for (i = 1; i < len - 1; i++) {
		digit = get_digits(s, i, 1);
		if (digit == -1)
			return -1;
		ms += digit * scale;
		scale /= 10;
	}
	return ms;
}

int
time_parse(const char *s, size_t len, int64_t *ms)
{
	int day, fraction, hour, min, month, sec, year;

	errno = EINVAL;
	if (len < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
	    s[13] != ':' || s[16] != ':')
		return -1;
	year = get_digits(s, 0, 4);
	month = get_digits(s, 5, 2);
	day = get_digits(s, 8, 2);
	hour = get_digits(s, 11, 2);
	min = get_digits(s, 14, 2);
	sec = get_digits(s, 17, 2);
	fraction = get_fraction(s + 19, len - 19);
	if (year < 0 || month < 1 || month > 12 || day < 1 ||
	    day > month_days(year, month) || hour < 0 || hour > 23 || min < 0 ||
	    min > 59 || sec < 0 || sec > 59 || fraction < 0)
		return -1;
	*ms = days_from_date(year, month, day) * DAY_MS + hour * 3600000LL +
	    min * 60000LL + sec * 1000LL + fraction;
	return 0;
}
