/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/plan/cgroup_values.h"

#define MIN_SHARES	  2
#define MAX_SHARES	  262144
#define MAX_WEIGHT	  10000
#define MIN_BLKIO_WEIGHT  10
#define MAX_BLKIO_WEIGHT  1000
#define CPU_PERIOD_US	  100000 /* the kernel's default */
#define LN_10		  2.302585092994045684
#define FRACTION_BITS	  50
#define HALVINGS	  6  /* e^x is (e^(x / 2^6))^(2^6) */
#define EXPONENTIAL_TERMS 16 /* enough for x < 0.15 in a double */

/* The base-2 logarithm of v >= 1, without libm: one bit of the fraction per squaring. */
static double log_2(uint64_t v)
{
	int exponent = 63 - __builtin_clzll(v);
	double m = (double)v / (double)(1ULL << exponent), fraction = 0, bit = 0.5;

	for (int i = 0; i < FRACTION_BITS; i++, bit /= 2) {
		m *= m;
		if (m >= 2) {
			m /= 2;
			fraction += bit;
		}
	}
	return exponent + fraction;
}

/* 10^x for 0 <= x <= 4. */
static double power_of_10(double x)
{
	double y = x * LN_10 / (1 << HALVINGS), term = 1, sum = 1;

	for (int i = 1; i < EXPONENTIAL_TERMS; i++) {
		term *= y / i;
		sum += term;
	}
	for (int i = 0; i < HALVINGS; i++)
		sum *= sum;
	return sum;
}

uint64_t cgroup_cpu_weight(uint64_t shares)
{
	double l, weight;
	uint64_t whole;

	if (!shares)
		return 0;
	if (shares <= MIN_SHARES)
		return 1;
	if (shares >= MAX_SHARES)
		return MAX_WEIGHT;
	/* the parabola through (log2 shares, log10 weight) = (1, 0), (10, 2), (18, 4) */
	l = log_2(shares);
	weight = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
	whole = (uint64_t)weight;
	return weight - (double)whole > 1e-8 ? whole + 1 : whole;
}

uint64_t cgroup_io_weight(uint64_t blkio_weight)
{
	if (!blkio_weight)
		return 0;
	if (blkio_weight < MIN_BLKIO_WEIGHT)
		return 1;
	if (blkio_weight > MAX_BLKIO_WEIGHT)
		return MAX_WEIGHT;
	return 1 + (blkio_weight - MIN_BLKIO_WEIGHT) * (MAX_WEIGHT - 1) /
			   (MAX_BLKIO_WEIGHT - MIN_BLKIO_WEIGHT);
}

void cgroup_limit_text(int64_t limit, char *out)
{
	if (limit < 0)
		snprintf(out, CGROUP_VALUE_BYTES, "max");
	else
		snprintf(out, CGROUP_VALUE_BYTES, "%" PRId64, limit);
}

int cgroup_swap_max(int64_t memory_bytes, int64_t memory_swap_bytes, char *out, struct err *err)
{
	if (memory_bytes < -1)
		return err_set(err, ERR_INVALID, "memory limit %" PRId64 " is negative",
			       memory_bytes);
	if (memory_swap_bytes < -1)
		return err_set(err, ERR_INVALID, "memory+swap limit %" PRId64 " is negative",
			       memory_swap_bytes);
	/* unlimited memory unlimits swap as well, as it does in v1 */
	if (memory_swap_bytes == -1 || (memory_bytes == -1 && !memory_swap_bytes)) {
		cgroup_limit_text(-1, out);
		return 0;
	}
	if (!memory_swap_bytes) {
		out[0] = '\0';
		return 0;
	}
	if (memory_bytes == -1) {
		cgroup_limit_text(memory_swap_bytes, out);
		return 0;
	}
	if (!memory_bytes)
		return err_set(err, ERR_INVALID,
			       "memory+swap limit %" PRId64 " needs a memory limit beside it",
			       memory_swap_bytes);
	if (memory_swap_bytes < memory_bytes)
		return err_set(err, ERR_INVALID,
			       "memory+swap limit %" PRId64 " is below the memory limit %" PRId64,
			       memory_swap_bytes, memory_bytes);
	cgroup_limit_text(memory_swap_bytes - memory_bytes, out);
	return 0;
}

void cgroup_cpu_max(int64_t quota_us, uint64_t period_us, const char *current, char *out)
{
	char quota[CGROUP_VALUE_BYTES];
	int words = 0;

	out[0] = '\0';
	if (!quota_us && !period_us)
		return;
	cgroup_limit_text(quota_us ? quota_us : -1, quota);
	if (!quota_us && current)
		words = sscanf(current, "%20s", quota);
	if (!quota_us && words != 1)
		cgroup_limit_text(-1, quota);
	/* without a period the kernel keeps the one it has */
	if (period_us)
		snprintf(out, CGROUP_VALUE_BYTES, "%.20s %" PRIu64, quota, period_us);
	else
		snprintf(out, CGROUP_VALUE_BYTES, "%.20s", quota);
}

void cgroup_cpu_complete(const char *current, int64_t *quota_us, uint64_t *period_us)
{
	auto_free char *quota = xstrdup(current);
	char *period = strchr(quota, ' ');
	unsigned long long value;

	if (!*quota_us == !*period_us || !period)
		return;
	*period++ = '\0';
	if (!*quota_us)
		*quota_us = str_to_u64(quota, INT64_MAX, &value) ? -1 : (int64_t)value;
	else if (!str_to_u64(period, INT64_MAX, &value) && value != CPU_PERIOD_US)
		*period_us = value;
}

int cgroup_hugepage_name(const char *page_size, char *out, struct err *err)
{
	static const char units[] = "KMG";
	size_t digits = strspn(page_size, "0123456789");
	const char *unit = page_size[digits] ? strchr(units, page_size[digits]) : NULL;
	char number[CGROUP_VALUE_BYTES];
	unsigned long long n;

	if (!digits || digits > 9 || page_size[0] == '0' || !unit ||
	    strcmp(page_size + digits + 1, "B"))
		return err_set(err, ERR_INVALID,
			       "hugepage size \"%s\" is not a number followed by KB, MB or GB",
			       page_size);
	snprintf(number, sizeof(number), "%.*s", (int)digits, page_size);
	if (str_to_u64(number, UINT32_MAX, &n))
		return err_set(err, ERR_INVALID, "hugepage size \"%s\" is too large", page_size);
	for (; n % 1024 == 0 && unit[1]; unit++)
		n /= 1024;
	snprintf(out, CGROUP_VALUE_BYTES, "%llu%cB", n, *unit);
	return 0;
}

char *cgroup_path_clean(const char *path, struct err *err)
{
	char *out = xmalloc(strlen(path) + 2);
	const char *at = path;
	size_t n = 0;

	/* built absolute; a relative path loses its slash in the end */
	while (*at) {
		size_t len = strcspn(at, "/");

		if (len == 2 && !strncmp(at, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (len && !(len == 1 && *at == '.')) {
			out[n++] = '/';
			memcpy(out + n, at, len);
			n += len;
		}
		at += len + (at[len] == '/');
	}
	out[n] = '\0';
	if (!n) {
		free(out);
		err_set(err, ERR_INVALID, "cgroups path \"%s\" names no cgroup below the root",
			path);
		return NULL;
	}
	if (*path != '/')
		memmove(out, out + 1, n);
	return out;
}

int cgroup_unified_check(const char *name, struct err *err)
{
	const char *dot = strchr(name, '.');

	if (strchr(name, '/'))
		return err_set(err, ERR_INVALID,
			       "unified resource \"%s\" must be a file name (no slashes)", name);
	if (!dot || dot == name || !dot[1])
		return err_set(err, ERR_INVALID,
			       "unified resource \"%s\" must be in the form CONTROLLER.PARAMETER",
			       name);
	return 0;
}
