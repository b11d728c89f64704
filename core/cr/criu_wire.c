/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "core/cr/criu_wire.h"
#include "proto/rpc.pb-c.h"

static const Criu__ReqType request_types[] = {
	[CRIU_DUMP] = CRIU__REQ_TYPE__DUMP,
	[CRIU_PRE_DUMP] = CRIU__REQ_TYPE__SINGLE_PRE_DUMP,
	[CRIU_RESTORE] = CRIU__REQ_TYPE__RESTORE,
};

/* The flags that go over as they are: sent when true, for false is CRIU's default everywhere. */
#define FLAG(name, wire)                                                               \
	{                                                                              \
		offsetof(struct criu_request, name), offsetof(Criu__Opts, has_##wire), \
			offsetof(Criu__Opts, wire)                                     \
	}

static const struct {
	size_t from, has, to;
} flags[] = {
	FLAG(notify, notify_scripts),
	FLAG(leave_running, leave_running),
	FLAG(shell_job, shell_job),
	FLAG(rst_sibling, rst_sibling),
	FLAG(orphan_pts_master, orphan_pts_master),
	FLAG(evasive_devices, evasive_devices),
	FLAG(auto_ext_mounts, auto_ext_mnt),
	FLAG(ext_sharing, ext_sharing),
	FLAG(ext_masters, ext_masters),
	FLAG(mntns_compat_mode, mntns_compat_mode),
	FLAG(ext_unix_sk, ext_unix_sk),
	FLAG(tcp_established, tcp_established),
	FLAG(tcp_skip_in_flight, tcp_skip_in_flight),
	FLAG(tcp_close, tcp_close),
	FLAG(file_locks, file_locks),
	FLAG(link_remap, link_remap),
	FLAG(skip_file_rwx_check, skip_file_rwx_check),
	FLAG(track_mem, track_mem),
	FLAG(auto_dedup, auto_dedup),
	FLAG(lazy_pages, lazy_pages),
};

static const struct {
	size_t from, to;
} texts[] = {
	{ offsetof(struct criu_request, log_file), offsetof(Criu__Opts, log_file) },
	{ offsetof(struct criu_request, root), offsetof(Criu__Opts, root) },
	{ offsetof(struct criu_request, images_dir), offsetof(Criu__Opts, images_dir) },
	{ offsetof(struct criu_request, parent_images), offsetof(Criu__Opts, parent_img) },
	{ offsetof(struct criu_request, config_file), offsetof(Criu__Opts, config_file) },
	{ offsetof(struct criu_request, freeze_cgroup), offsetof(Criu__Opts, freeze_cgroup) },
	{ offsetof(struct criu_request, lsm_profile), offsetof(Criu__Opts, lsm_profile) },
	{ offsetof(struct criu_request, lsm_mount_context),
	  offsetof(Criu__Opts, lsm_mount_context) },
};

static void pack(const Criu__Req *msg, struct buf *out)
{
	size_t bytes = criu__req__get_packed_size(msg);
	auto_free uint8_t *p = xmalloc(bytes);

	criu__req__pack(msg, p);
	buf_add(out, p, bytes);
}

static void set_flags(const struct criu_request *req, Criu__Opts *opts)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (*(const bool *)((const char *)req + flags[i].from)) {
			*(protobuf_c_boolean *)((char *)opts + flags[i].has) = true;
			*(protobuf_c_boolean *)((char *)opts + flags[i].to) = true;
		}
}

static void set_texts(const struct criu_request *req, Criu__Opts *opts)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*(char **)((char *)opts + texts[i].to) =
			*(char *const *)((const char *)req + texts[i].from);
}

static void set_numbers(const struct criu_request *req, Criu__Opts *opts)
{
	opts->images_dir_fd = req->images_fd;
	opts->has_work_dir_fd = req->work_fd >= 0;
	opts->work_dir_fd = req->work_fd;
	opts->has_log_level = true;
	opts->log_level = req->log_level;
	opts->has_pid = req->pid > 0;
	opts->pid = req->pid;
	opts->has_empty_ns = req->empty_ns != 0;
	opts->empty_ns = req->empty_ns;
	opts->has_status_fd = req->status_fd >= 0;
	opts->status_fd = req->status_fd;
	opts->has_manage_cgroups_mode = true;
	opts->manage_cgroups_mode = (Criu__CgMode)req->cgroup_mode;
	opts->has_network_lock = req->network_lock != CRIU_LOCK_UNSET;
	opts->network_lock = (Criu__NetworkLock)req->network_lock;
}

/*
 * The lists: protobuf-c wants arrays of pointers to messages; they live in an arena for the time of
 * packing. Strings are borrowed, and only read although the generated types aren't const.
 */
static void set_mounts(const struct criu_request *req, Criu__Opts *opts, struct arena *arena)
{
	opts->n_ext_mnt = req->ext_mounts.n;
	opts->ext_mnt = arena_array(arena, opts->n_ext_mnt, sizeof(*opts->ext_mnt));
	for (size_t i = 0; i < opts->n_ext_mnt; i++) {
		Criu__ExtMount *m = arena_alloc(arena, sizeof(*m));

		criu__ext_mount__init(m);
		m->key = (char *)req->ext_mounts.v[i].key;
		m->val = (char *)req->ext_mounts.v[i].value;
		opts->ext_mnt[i] = m;
	}
	opts->n_external = req->external.n;
	opts->external = (char **)req->external.v;
	opts->n_skip_mnt = req->skip_mounts.n;
	opts->skip_mnt = (char **)req->skip_mounts.v;
}

static void set_namespaces(const struct criu_request *req, Criu__Opts *opts, struct arena *arena)
{
	opts->n_inherit_fd = req->inherit_fds.n;
	opts->inherit_fd = arena_array(arena, opts->n_inherit_fd, sizeof(*opts->inherit_fd));
	for (size_t i = 0; i < opts->n_inherit_fd; i++) {
		Criu__InheritedFd *f = arena_alloc(arena, sizeof(*f));

		criu__inherited_fd__init(f);
		f->key = (char *)req->inherit_fds.v[i].key;
		f->fd = req->inherit_fds.v[i].fd;
		opts->inherit_fd[i] = f;
	}
	opts->n_join_ns = req->join_ns.n;
	opts->join_ns = arena_array(arena, opts->n_join_ns, sizeof(*opts->join_ns));
	for (size_t i = 0; i < opts->n_join_ns; i++) {
		Criu__JoinNs *ns = arena_alloc(arena, sizeof(*ns));

		criu__join_ns__init(ns);
		ns->ns = (char *)req->join_ns.v[i].key;
		ns->ns_file = (char *)req->join_ns.v[i].value;
		opts->join_ns[i] = ns;
	}
}

static void set_cgroups(const struct criu_request *req, Criu__Opts *opts, struct arena *arena)
{
	opts->n_cg_root = req->cgroup_roots.n;
	opts->cg_root = arena_array(arena, opts->n_cg_root, sizeof(*opts->cg_root));
	for (size_t i = 0; i < opts->n_cg_root; i++) {
		Criu__CgroupRoot *root = arena_alloc(arena, sizeof(*root));

		criu__cgroup_root__init(root);
		root->ctrl = (char *)req->cgroup_roots.v[i].key;
		root->path = (char *)req->cgroup_roots.v[i].value;
		opts->cg_root[i] = root;
	}
	opts->n_cgroup_dump_controller = req->cgroup_dump_controllers.n;
	opts->cgroup_dump_controller = (char **)req->cgroup_dump_controllers.v;
}

void criu_wire_request(const struct criu_request *req, struct buf *out)
{
	AUTO(arena_done) struct arena arena = { 0 };
	Criu__PageServer server = CRIU__PAGE_SERVER__INIT;
	Criu__Opts opts = CRIU__OPTS__INIT;
	Criu__Req msg = CRIU__REQ__INIT;

	set_flags(req, &opts);
	set_texts(req, &opts);
	set_numbers(req, &opts);
	set_mounts(req, &opts, &arena);
	set_namespaces(req, &opts, &arena);
	set_cgroups(req, &opts, &arena);
	if (req->page_server_address) {
		server.address = (char *)req->page_server_address;
		server.has_port = true;
		server.port = req->page_server_port;
		opts.ps = &server;
	}
	msg.type = request_types[req->verb];
	msg.opts = &opts;
	pack(&msg, out);
}

void criu_wire_ask_version(struct buf *out)
{
	Criu__Req msg = CRIU__REQ__INIT;

	msg.type = CRIU__REQ_TYPE__VERSION;
	msg.has_keep_open = msg.keep_open = true;
	pack(&msg, out);
}

void criu_wire_ask_features(struct buf *out)
{
	Criu__Features features = CRIU__FEATURES__INIT;
	Criu__Req msg = CRIU__REQ__INIT;

	features.has_mem_track = features.mem_track = true;
	features.has_lazy_pages = features.lazy_pages = true;
	features.has_pidfd_store = features.pidfd_store = true;
	msg.type = CRIU__REQ_TYPE__FEATURE_CHECK;
	msg.has_keep_open = msg.keep_open = true;
	msg.features = &features;
	pack(&msg, out);
}

void criu_wire_notified(bool success, struct buf *out)
{
	Criu__Req msg = CRIU__REQ__INIT;

	msg.type = CRIU__REQ_TYPE__NOTIFY;
	msg.has_notify_success = true;
	msg.notify_success = success;
	pack(&msg, out);
}

/* 40101 for 4.1.1; 0 for numbers that no version has. */
static int version_number(const Criu__Version *v)
{
	if (v->major_number < 0 || v->major_number > 999 || v->minor_number < 0 ||
	    v->minor_number > 99 || v->sublevel < 0 || v->sublevel > 99)
		return 0;
	return v->major_number * 10000 + v->minor_number * 100 + v->sublevel;
}

static void convert(const Criu__Resp *msg, struct criu_answer *out)
{
	*out = (struct criu_answer){
		.type = (enum criu_answer_type)msg->type,
		.success = msg->success,
		.cr_errno = msg->cr_errno,
	};
	if (msg->cr_errmsg)
		snprintf(out->text, sizeof(out->text), "%s", msg->cr_errmsg);
	if (msg->restore)
		out->pid = msg->restore->pid;
	if (msg->notify) {
		out->pid = msg->notify->pid;
		snprintf(out->script, sizeof(out->script), "%s",
			 msg->notify->script ? msg->notify->script : "");
	}
	if (msg->version)
		out->version = version_number(msg->version);
	if (msg->features)
		out->features = (struct criu_features){
			.mem_track = msg->features->mem_track,
			.lazy_pages = msg->features->lazy_pages,
			.pidfd_store = msg->features->pidfd_store,
		};
}

int criu_wire_answer(const void *bytes, size_t n_bytes, struct criu_answer *out, struct err *err)
{
	Criu__Resp *msg = criu__resp__unpack(NULL, n_bytes, bytes);

	if (!msg)
		return err_set(err, ERR_CRIU,
			       "criu answered %zu bytes that are no message of its "
			       "protocol",
			       n_bytes);
	convert(msg, out);
	criu__resp__free_unpacked(msg, NULL);
	return 0;
}
