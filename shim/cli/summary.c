/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "shim/cli/inspect_text.h"
#include "shim/cli/summary.h"

static void add_ms(struct buf *out, uint64_t us)
{
	if (us < 10000)
		buf_addf(out, "%.1f ms", (double)us / 1000);
	else if (us < 10000000)
		buf_addf(out, "%llu ms", (unsigned long long)(us + 500) / 1000);
	else
		buf_addf(out, "%.1f s", (double)us / 1000000);
}

void summary_line(const struct oci_cr *about, const struct cr_report *report, struct buf *out)
{
	bool is_restore = str_eq(about->operation, "restore");

	if (is_restore)
		buf_addf(out, "restored %s: ", about->id);
	else
		buf_addf(out, "%s of %s: ", about->operation, about->id);
	add_ms(out, report->total_us);
	if (report->frozen_us) {
		buf_str(out, ", frozen ");
		add_ms(out, report->frozen_us);
	}
	if (report->bytes) {
		buf_str(out, ", ");
		inspect_text_bytes(report->bytes, out);
	}
	buf_addf(out, ", %zu external mount%s", report->n_external,
		 report->n_external == 1 ? "" : "s");
	if (report->n_repairs)
		buf_addf(out, ", %zu of them put right", report->n_repairs);
}

/* A device or a pipe is written to, as it has to stay. */
static int write_stats(const char *path, const struct buf *text, struct err *err)
{
	auto_fd int fd = -1;
	struct stat st;

	if (!strcmp(path, "-"))
		return fd_write_all(STDOUT_FILENO, text->p, text->n, err);
	if (stat(path, &st) || S_ISREG(st.st_mode))
		return fd_replace_file(AT_FDCWD, path, text, 0644, err);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	return fd_write_all(fd, text->p, text->n, err);
}

void summary_print(const struct oci_cr *about, const struct cr_report *report, const char *stats)
{
	AUTO(buf_done) struct buf line = { 0 };
	struct err err = { 0 };

	summary_line(about, report, &line);
	if (log_fd() != STDERR_FILENO) {
		log_info("%s", line.p);
	} else {
		buf_str(&line, "\n");
		fd_write_all(STDERR_FILENO, line.p, line.n, NULL);
	}
	if (stats) {
		AUTO(buf_done) struct buf text = { .p = oci_cr_report(about, report) };

		text.n = strlen(text.p);
		if (write_stats(stats, &text, &err))
			log_warn("--stats %s: %s", stats, err.msg);
	}
}
