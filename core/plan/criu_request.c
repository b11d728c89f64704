/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/plan/criu_request.h"

static const char *const verbs[] = { "dump", "pre-dump", "restore" };

/* Words of --manage-cgroups-mode, by value. */
static const char *const cgroup_modes[] = {
	[CRIU_CGROUP_IGNORE] = "ignore",   [CRIU_CGROUP_NONE] = "none",
	[CRIU_CGROUP_PROPS] = "props",	   [CRIU_CGROUP_SOFT] = "soft",
	[CRIU_CGROUP_FULL] = "full",	   [CRIU_CGROUP_STRICT] = "strict",
	[CRIU_CGROUP_DEFAULT] = "default",
};

/* Words of --network-lock, by value. */
static const char *const network_locks[] = {
	[CRIU_LOCK_UNSET] = "",
	[CRIU_LOCK_IPTABLES] = "iptables",
	[CRIU_LOCK_NFTABLES] = "nftables",
	[CRIU_LOCK_SKIP] = "skip",
};

#define FIELD(name)                                        \
	{                                                  \
#name, offsetof(struct criu_request, name) \
	}

struct field {
	const char *name;
	size_t offset;
};

static const struct field flags[] = {
	FIELD(notify),
	FIELD(leave_running),
	FIELD(shell_job),
	FIELD(rst_sibling),
	FIELD(orphan_pts_master),
	FIELD(evasive_devices),
	FIELD(auto_ext_mounts),
	FIELD(ext_sharing),
	FIELD(ext_masters),
	FIELD(mntns_compat_mode),
	FIELD(ext_unix_sk),
	FIELD(tcp_established),
	FIELD(tcp_skip_in_flight),
	FIELD(tcp_close),
	FIELD(file_locks),
	FIELD(link_remap),
	FIELD(skip_file_rwx_check),
	FIELD(track_mem),
	FIELD(auto_dedup),
	FIELD(lazy_pages),
};

static const struct field texts[] = {
	FIELD(log_file),      FIELD(root),	  FIELD(images_dir),
	FIELD(parent_images), FIELD(config_file), FIELD(page_server_address),
	FIELD(freeze_cgroup), FIELD(lsm_profile), FIELD(lsm_mount_context),
};

static const struct field pair_lists[] = {
	FIELD(ext_mounts),
	FIELD(join_ns),
	FIELD(cgroup_roots),
};

static const struct field string_lists[] = {
	FIELD(external),
	FIELD(skip_mounts),
	FIELD(cgroup_dump_controllers),
};

static const void *at(const struct criu_request *req, const struct field *f)
{
	return (const char *)req + f->offset;
}

void criu_request_init(struct criu_request *req, enum criu_verb verb)
{
	*req = (struct criu_request){
		.verb = verb,
		.images_fd = -1,
		.work_fd = -1,
		.log_level = 4,
		.status_fd = -1,
	};
}

void criu_request_done(struct criu_request *req)
{
	free(req->ext_mounts.v);
	free(req->external.v);
	free(req->skip_mounts.v);
	free(req->inherit_fds.v);
	free(req->join_ns.v);
	free(req->cgroup_roots.v);
	free(req->cgroup_dump_controllers.v);
	criu_request_init(req, req->verb);
}

void criu_pairs_add(struct criu_pairs *list, const char *key, const char *value)
{
	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct criu_pair){ .key = key, .value = value };
}

void criu_strings_add(struct criu_strings *list, const char *s)
{
	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = s;
}

void criu_inherits_add(struct criu_inherits *list, const char *key, int fd)
{
	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct criu_inherit){ .key = key, .fd = fd };
}

int criu_cgroup_mode_parse(const char *word, enum criu_cgroup_mode *mode, struct err *err)
{
	if (!word || !*word)
		word = cgroup_modes[CRIU_CGROUP_IGNORE];
	for (size_t i = 0; i < ARRAY_LEN(cgroup_modes); i++)
		if (str_eq(word, cgroup_modes[i])) {
			*mode = (enum criu_cgroup_mode)i;
			return 0;
		}
	err_set(err, ERR_INVALID, "--manage-cgroups-mode %s: no such mode", word);
	return err_hint(err, "the modes are ignore, none, props, soft, full, strict and default");
}

int criu_network_lock_parse(const char *word, enum criu_network_lock *lock, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(network_locks); i++)
		if (str_eq(word ? word : "", network_locks[i])) {
			*lock = (enum criu_network_lock)i;
			return 0;
		}
	err_set(err, ERR_INVALID, "--network-lock %s: no such method", word);
	return err_hint(err, "the methods are iptables, nftables and skip");
}

static void print_lists(const struct criu_request *req, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(pair_lists); i++) {
		const struct criu_pairs *list = at(req, &pair_lists[i]);

		for (size_t k = 0; k < list->n; k++)
			buf_addf(out, "%s: %s = %s\n", pair_lists[i].name,
				 list->v[k].key ? list->v[k].key : "*", list->v[k].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(string_lists); i++) {
		const struct criu_strings *list = at(req, &string_lists[i]);

		for (size_t k = 0; k < list->n; k++)
			buf_addf(out, "%s: %s\n", string_lists[i].name, list->v[k]);
	}
	for (size_t k = 0; k < req->inherit_fds.n; k++)
		buf_addf(out, "inherit_fds: %s = fd %d\n", req->inherit_fds.v[k].key,
			 req->inherit_fds.v[k].fd);
}

void criu_request_print(const struct criu_request *req, struct buf *out)
{
	buf_addf(out, "request: %s\nimages_fd: %d\nwork_fd: %d\nlog_level: %d\n", verbs[req->verb],
		 req->images_fd, req->work_fd, req->log_level);
	if (req->pid)
		buf_addf(out, "pid: %d\n", (int)req->pid);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = *(const char *const *)at(req, &texts[i]);

		if (text)
			buf_addf(out, "%s: %s\n", texts[i].name, text);
	}
	if (req->page_server_address)
		buf_addf(out, "page_server_port: %d\n", req->page_server_port);
	if (req->status_fd >= 0)
		buf_addf(out, "status_fd: %d\n", req->status_fd);
	if (req->empty_ns)
		buf_addf(out, "empty_ns: %#x\n", req->empty_ns);
	buf_addf(out, "cgroup_mode: %s\n", cgroup_modes[req->cgroup_mode]);
	if (req->network_lock)
		buf_addf(out, "network_lock: %s\n", network_locks[req->network_lock]);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (*(const bool *)at(req, &flags[i]))
			buf_addf(out, "%s\n", flags[i].name);
	print_lists(req, out);
}
