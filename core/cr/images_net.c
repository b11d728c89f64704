/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/cr/image_file.h"
#include "core/cr/images.h"
#include "core/cr/images_net.h"
#include "proto/net.pb-c.h"

#define IMAGE_MODE 0644

static const struct image_magics netns_magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_NETNS };
static const struct image_magics netdev_magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_NETDEV };

/* A list of sysctls as protobuf-c wants it: an array of pointers into an array. */
struct list {
	Criu__Image__SysctlEntry v[NET_CONF6_N];
	Criu__Image__SysctlEntry *p[NET_CONF6_N];
	size_t n;
};

static Criu__Image__SysctlEntry *add(struct list *l, Criu__Image__SysctlType type)
{
	Criu__Image__SysctlEntry *e = &l->v[l->n];

	criu__image__sysctl_entry__init(e);
	e->type = type;
	l->p[l->n++] = e;
	return e;
}

static void add_number(struct list *l, const struct net_value *value)
{
	Criu__Image__SysctlEntry *e = add(l, CRIU__IMAGE__SYSCTL_TYPE__SYSCTL_NUMBER);

	e->has_number = value->is_there;
	e->number = value->value;
}

static void add_text(struct list *l, const char *text)
{
	Criu__Image__SysctlEntry *e = add(l, CRIU__IMAGE__SYSCTL_TYPE__SYSCTL_TEXT);

	e->text = *text ? (char *)text : NULL;
}

static void fill_conf4(struct list *l, const struct net_conf *conf)
{
	l->n = 0;
	for (size_t i = 0; i < NET_CONF4_N; i++)
		add_number(l, &conf->v4[i]);
}

static void fill_conf6(struct list *l, const struct net_conf *conf)
{
	l->n = 0;
	for (size_t i = 0; i < NET_CONF6_N; i++)
		if (i == NET_CONF6_SECRET)
			add_text(l, conf->secret);
		else
			add_number(l, &conf->v6[i]);
}

static void pack(const ProtobufCMessage *message, struct image_magics magics, struct buf *out)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	auto_free uint8_t *bytes = xmalloc(n + 1);

	image_file_put_magics(out, magics);
	image_file_put_length(out, n);
	buf_add(out, bytes, protobuf_c_message_pack(message, bytes));
}

void images_net_settings(const struct net_sysctls *s, struct buf *out)
{
	Criu__Image__NetnsEntry e = CRIU__IMAGE__NETNS_ENTRY__INIT;
	struct list default4, all4, default6, all6, dgrams = { .n = 0 }, ping = { .n = 0 };

	fill_conf4(&default4, &s->template);
	fill_conf4(&all4, &s->all);
	fill_conf6(&default6, &s->template);
	fill_conf6(&all6, &s->all);
	/* these two lists are whole or not there */
	if (s->max_dgram_qlen.is_there)
		add_number(&dgrams, &s->max_dgram_qlen);
	if (*s->ping_group_range)
		add_text(&ping, s->ping_group_range);
	e.n_default_conf4 = default4.n;
	e.default_conf4 = default4.p;
	e.n_all_conf4 = all4.n;
	e.all_conf4 = all4.p;
	e.n_default_conf6 = default6.n;
	e.default_conf6 = default6.p;
	e.n_all_conf6 = all6.n;
	e.all_conf6 = all6.p;
	e.n_unix_conf = dgrams.n;
	e.unix_conf = dgrams.p;
	e.n_ipv4_sysctl = ping.n;
	e.ipv4_sysctl = ping.p;
	pack(&e.base, netns_magics, out);
}

void images_net_lo(const struct net_look *look, struct buf *out)
{
	Criu__Image__NetDeviceEntry e = CRIU__IMAGE__NET_DEVICE_ENTRY__INIT;
	struct list conf4, conf6;

	fill_conf4(&conf4, &look->sysctls.lo);
	fill_conf6(&conf6, &look->sysctls.lo);
	e.type = CRIU__IMAGE__NET_DEVICE_TYPE__NET_LOOPBACK;
	e.ifindex = 1;
	e.mtu = look->facts.lo_mtu;
	e.flags = look->facts.lo_flags;
	e.name = (char *)"lo";
	e.n_conf4 = conf4.n;
	e.conf4 = conf4.p;
	e.n_conf6 = conf6.n;
	e.conf6 = conf6.p;
	pack(&e.base, netdev_magics, out);
}

/*
 * As CRIU's own files: not synced, as the tasks stand still, and open to all, as it reads them from
 * inside the container's user namespace; it is the directory that keeps others out.
 */
static int write_image(int dirfd, const char *kind, unsigned int ns, const struct buf *b,
		       struct err *err)
{
	char name[64];
	auto_fd int fd = -1;

	snprintf(name, sizeof(name), "%s-%u.img", kind, ns);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, IMAGE_MODE);
	/* whatever our umask is */
	if (fd < 0 || fchmod(fd, IMAGE_MODE))
		return err_sys(err, "create %s", name);
	return fd_write_all(fd, b->p, b->n, err) ? err_wrap(err, "%s", name) : 0;
}

int images_net_write(int dirfd, const struct net_look *look, struct err *err)
{
	AUTO(buf_done) struct buf settings = { 0 }, lo = { 0 };
	struct image_inventory inventory;

	if (images_read_inventory(dirfd, &inventory, err))
		return -1;
	if (!inventory.net_ns)
		return err_set(err, ERR_INVALID, "inventory.img: it has no network namespace");
	images_net_settings(&look->sysctls, &settings);
	images_net_lo(look, &lo);
	if (write_image(dirfd, "netns", inventory.net_ns, &settings, err))
		return -1;
	return write_image(dirfd, "netdev", inventory.net_ns, &lo, err);
}

/* A dump without the network namespace (empty_ns) has no file of it. */
static bool has_image(int dirfd, const char *name)
{
	return !faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

int images_net_is_external(int dirfd, bool *is_external, struct err *err)
{
	char name[64];
	AUTO(image_file_done) struct image_file f = { .name = name, .err = err };
	struct image_inventory inventory;
	Criu__Image__NetnsEntry *e;
	const uint8_t *p;
	size_t bytes;

	if (images_read_inventory(dirfd, &inventory, err))
		return -1;
	snprintf(name, sizeof(name), "netns-%u.img", inventory.net_ns);
	if (!inventory.net_ns || !has_image(dirfd, name)) {
		*is_external = false;
		return 0;
	}
	if (image_file_load(dirfd, netns_magics, &f) || image_file_next(&f, &p, &bytes))
		return -1;
	e = criu__image__netns_entry__unpack(NULL, bytes, p);
	if (!e)
		return image_file_bad(&f, "not a network namespace");
	*is_external = e->ext_key != NULL;
	criu__image__netns_entry__free_unpacked(e, NULL);
	return 0;
}
