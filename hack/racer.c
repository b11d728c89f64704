/* SPDX-License-Identifier: Apache-2.0 */
/*
 * racer - exchange names for as long as it is let (integration/cve/races.bats)
 *
 * usage: racer COUNT-FILE A B [C...]
 *
 * A and B change places, then B and C, and so on from the beginning, with RENAME_EXCHANGE, so that
 * there is something at each name at every moment. The number of exchanges goes to COUNT-FILE when it
 * is told to end (SIGTERM).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t ends;

static void end(int signal)
{
	(void)signal;
	ends = 1;
}

int main(int argc, char **argv)
{
	unsigned long count = 0;
	FILE *out;

	if (argc < 4) {
		fprintf(stderr, "usage: racer COUNT-FILE A B [C...]\n");
		return 2;
	}
	signal(SIGTERM, end);
	while (!ends)
		for (int i = 2; i + 1 < argc; i++)
			count += !renameat2(AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1],
					    RENAME_EXCHANGE);
	out = fopen(argv[1], "we");
	if (!out || fprintf(out, "%lu\n", count) < 0 || fclose(out)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
