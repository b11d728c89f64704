/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/run/store.h"
#include "shim/cli/commands.h"
#include "shim/cli/load.h"
#include "shim/cli/state.h"

/* --- JSON --------------------------------------------------------------------------------------*/

/* "key": "text" */
static void add_member(struct buf *b, const char *key, const char *text, bool pretty)
{
	buf_quoted(b, key);
	buf_str(b, pretty ? ": " : ":");
	buf_quoted(b, text ? text : "");
}

static void add_annotations(struct buf *b, const struct spec_pairs *pairs, bool pretty)
{
	if (!pairs || !pairs->n)
		return;
	buf_str(b, pretty ? "  \"annotations\": {\n" : "\"annotations\":{");
	for (size_t i = 0; i < pairs->n; i++) {
		buf_str(b, pretty ? "    " : "");
		add_member(b, pairs->v[i].key, pairs->v[i].value, pretty);
		buf_str(b, i + 1 < pairs->n ? "," : "");
		buf_str(b, pretty ? "\n" : "");
	}
	buf_str(b, pretty ? "  },\n" : "},");
}

void state_json(struct buf *b, const struct state_row *row, bool pretty)
{
	const struct {
		const char *key;
		const char *text;
	} members[] = {
		{ "ociVersion", row->oci_version }, { "id", row->id },
		{ "status", row->status },	    { "bundle", row->bundle },
		{ "rootfs", row->rootfs },	    { "created", row->created },
	};

	buf_str(b, pretty ? "{\n" : "{");
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		buf_str(b, pretty ? "  " : "");
		add_member(b, members[i].key, members[i].text, pretty);
		buf_str(b, pretty ? ",\n" : ",");
	}
	buf_addf(b, pretty ? "  \"pid\": %d,\n" : "\"pid\":%d,", (int)row->pid);
	add_annotations(b, row->annotations, pretty);
	buf_str(b, pretty ? "  " : "");
	add_member(b, "owner", row->owner, pretty);
	buf_str(b, pretty ? "\n}" : "}");
}

/* --- the table ---------------------------------------------------------------------------------*/

enum { COL_ID, COL_PID, COL_STATUS, COL_BUNDLE, COL_CREATED, COL_OWNER, COLS };

static const char *const headings[COLS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };

/* The text of one cell; `pid` is where a number is written. */
static const char *cell(const struct state_row *row, int col, char pid[16])
{
	const char *const texts[COLS] = {
		[COL_ID] = row->id,	      [COL_PID] = pid,
		[COL_STATUS] = row->status,   [COL_BUNDLE] = row->bundle,
		[COL_CREATED] = row->created, [COL_OWNER] = row->owner,
	};

	snprintf(pid, 16, "%d", (int)row->pid);
	return texts[col] ? texts[col] : "";
}

void state_table(struct buf *b, const struct state_row *rows, size_t n)
{
	int width[COLS];
	char pid[16];

	for (int col = 0; col < COLS; col++) {
		width[col] = (int)strlen(headings[col]) + 3;
		for (size_t i = 0; i < n; i++) {
			int len = (int)strlen(cell(&rows[i], col, pid)) + 3;

			width[col] = len > width[col] ? len : width[col];
		}
		width[col] = width[col] < 12 ? 12 : width[col];
	}
	for (int col = 0; col < COLS; col++)
		buf_addf(b, "%-*s", col + 1 < COLS ? width[col] : 0, headings[col]);
	buf_str(b, "\n");
	for (size_t i = 0; i < n; i++) {
		for (int col = 0; col < COLS; col++)
			buf_addf(b, "%-*s", col + 1 < COLS ? width[col] : 0,
				 cell(&rows[i], col, pid));
		buf_str(b, "\n");
	}
}

/* --- the commands ------------------------------------------------------------------------------*/

static struct state_row row_of(const struct container *c)
{
	enum container_status status = container_status(c);

	return (struct state_row){
		.oci_version = c->oci_version,
		.id = c->id,
		.pid = status == CONTAINER_STOPPED ? 0 : c->pid,
		.status = container_status_name(status),
		.bundle = c->bundle,
		.rootfs = c->rootfs,
		.created = c->created,
		.owner = c->owner,
		.annotations = &c->annotations,
	};
}

static int run_state(const struct cli *cli, struct err *err)
{
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(buf_done) struct buf b = { 0 };
	struct state_row row;

	if (load_container(cli, &l, err))
		return -1;
	row = row_of(&l.c);
	state_json(&b, &row, true);
	buf_str(&b, "\n");
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

struct list_values {
	const char *format;
	bool quiet;
};

static const struct cli_option list_options[] = {
	{ CLI_AT(struct list_values, format), 'f', "format", "table|json",
	  "form of the list (default: table)" },
	{ CLI_AT(struct list_values, quiet), 'q', "quiet", NULL, "ids only" },
	{ 0 },
};

static void add_rows(struct buf *b, const struct list_values *v, const struct state_row *rows,
		     size_t n)
{
	if (v->quiet) {
		for (size_t i = 0; i < n; i++)
			buf_addf(b, "%s\n", rows[i].id);
	} else if (str_eq(v->format, "json")) {
		buf_str(b, "[");
		for (size_t i = 0; i < n; i++) {
			buf_str(b, i ? "," : "");
			state_json(b, &rows[i], false);
		}
		buf_str(b, "]\n");
	} else {
		state_table(b, rows, n);
	}
}

/* One that is deleted while we look is left out. */
static int run_list(const struct cli *cli, struct err *err)
{
	const struct list_values *v = cli->values;
	AUTO(stored_done) struct stored l = STORED_EMPTY;
	AUTO(strv_done) struct strv ids = { 0 };
	AUTO(buf_done) struct buf b = { 0 };
	auto_free struct container *c = NULL;
	auto_free struct state_row *rows = NULL;
	size_t n = 0;

	if (load_store(cli, &l, err) || store_list(&l.store, &ids, err))
		return -1;
	c = xcalloc(ids.n + 1, sizeof(*c));
	rows = xcalloc(ids.n + 1, sizeof(*rows));
	for (size_t i = 0; i < ids.n; i++) {
		struct err e = { 0 };

		if (!container_load(&l.store, ids.v[i], &c[n], &e)) {
			rows[n] = row_of(&c[n]);
			n++;
			continue;
		}
		c[n] = (struct container){ 0 };
		if (e.kind != ERR_NOT_FOUND)
			log_warn("load container %s: %s", ids.v[i], e.msg);
	}
	add_rows(&b, v, rows, n);
	for (size_t i = 0; i < n; i++)
		container_done(&c[i]);
	return fd_write_all(STDOUT_FILENO, b.p, b.n, err);
}

const struct cli_command command_state = {
	.name = "state",
	.group = "Containers",
	.summary = "print a container's state as JSON",
	.args = "ID",
	.min_args = 1,
	.max_args = 1,
	.run = run_state,
};

const struct cli_command command_list = {
	.name = "list",
	.group = "Containers",
	.summary = "list the containers",
	.args = "",
	.options = list_options,
	.values_bytes = sizeof(struct list_values),
	.run = run_list,
};
