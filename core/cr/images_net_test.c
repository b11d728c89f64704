/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/cr/image_file.h"
#include "core/cr/images.h"
#include "core/cr/images_net.h"
#include "proto/net.pb-c.h"

/* The one message of an image. */
static const uint8_t *message(const struct buf *b, uint32_t magic, size_t *bytes)
{
	struct image_file f = { .name = "x.img", .p = (const uint8_t *)b->p, .n = b->n };
	const uint8_t *p = NULL;

	assert_int_equal(image_file_check(&f, (struct image_magics){ IMAGE_MAGIC_COMMON, magic }),
			 0);
	assert_int_equal(image_file_next(&f, &p, bytes), 0);
	assert_int_equal(f.at, f.n);
	return p;
}

static void settings_keep_their_place_and_those_missing_have_no_value(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct net_sysctls s = { .max_dgram_qlen = { true, 33 }, .ping_group_range = "0\t1000" };
	Criu__Image__NetnsEntry *e;
	const uint8_t *p;
	size_t n;

	(void)state;
	s.all.v4[15] = (struct net_value){ true, 1 };
	s.template.v6[2] = (struct net_value){ true, -1 };
	images_net_settings(&s, &b);
	p = message(&b, IMAGE_MAGIC_NETNS, &n);
	e = criu__image__netns_entry__unpack(NULL, n, p);
	assert_non_null(e);
	assert_int_equal(e->n_all_conf4, NET_CONF4_N);
	assert_int_equal(e->n_default_conf6, NET_CONF6_N);
	assert_true(e->all_conf4[15]->has_number);
	assert_int_equal(e->all_conf4[15]->number, 1);
	assert_false(e->all_conf4[14]->has_number);
	assert_false(e->default_conf4[15]->has_number);
	assert_int_equal(e->default_conf6[2]->number, -1);
	assert_int_equal(e->unix_conf[0]->number, 33);
	assert_string_equal(e->ipv4_sysctl[0]->text, "0\t1000");
	criu__image__netns_entry__free_unpacked(e, NULL);
}

static void lists_that_this_kernel_lacks_are_left_out_whole(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct net_sysctls s = { .ping_group_range = "" };
	Criu__Image__NetnsEntry *e;
	const uint8_t *p;
	size_t n;

	(void)state;
	images_net_settings(&s, &b);
	p = message(&b, IMAGE_MAGIC_NETNS, &n);
	e = criu__image__netns_entry__unpack(NULL, n, p);
	assert_non_null(e);
	assert_int_equal(e->n_unix_conf, 0);
	assert_int_equal(e->n_ipv4_sysctl, 0);
	criu__image__netns_entry__free_unpacked(e, NULL);
}

static void lo_keeps_its_flags_its_mtu_and_its_settings(void **state)
{
	AUTO(buf_done) struct buf b = { 0 };
	struct net_look look = { .facts = { .lo_flags = 0x49, .lo_mtu = 1400 } };
	Criu__Image__NetDeviceEntry *e;
	const uint8_t *p;
	size_t n;

	(void)state;
	look.sysctls.lo.v4[21] = (struct net_value){ true, 2 };
	strcpy(look.sysctls.lo.secret, "::5");
	images_net_lo(&look, &b);
	p = message(&b, IMAGE_MAGIC_NETDEV, &n);
	e = criu__image__net_device_entry__unpack(NULL, n, p);
	assert_non_null(e);
	assert_int_equal(e->type, CRIU__IMAGE__NET_DEVICE_TYPE__NET_LOOPBACK);
	assert_int_equal(e->ifindex, 1);
	assert_string_equal(e->name, "lo");
	assert_int_equal(e->flags, 0x49);
	assert_int_equal(e->mtu, 1400);
	assert_int_equal(e->conf4[21]->number, 2);
	assert_int_equal(e->conf6[NET_CONF6_SECRET]->type, CRIU__IMAGE__SYSCTL_TYPE__SYSCTL_TEXT);
	assert_string_equal(e->conf6[NET_CONF6_SECRET]->text, "::5");
	criu__image__net_device_entry__free_unpacked(e, NULL);
}

#define IMAGES "core/cr/testdata/images"

/* Of images that have a file of their network namespace, with a key or without, or have none. */
static bool is_external(const char *key, bool has_file)
{
	static const char *const names[] = { "ids-1.img", "inventory.img", "pstree.img" };
	static const struct image_magics magics = { IMAGE_MAGIC_COMMON, IMAGE_MAGIC_NETNS };
	char dir[] = "/tmp/kedge-net-XXXXXX";
	Criu__Image__NetnsEntry e = CRIU__IMAGE__NETNS_ENTRY__INIT;
	AUTO(buf_done) struct buf b = { 0 };
	struct image_inventory inventory;
	uint8_t wire[64];
	bool answer = false;
	char name[64];
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(buf_done) struct buf copy = { 0 };

		snprintf(name, sizeof(name), IMAGES "/%s", names[i]);
		assert_int_equal(fd_read_file(AT_FDCWD, name, 65536, &copy, NULL), 0);
		assert_int_equal(fd_replace_file(fd, names[i], &copy, 0600, NULL), 0);
	}
	assert_int_equal(images_read_inventory(fd, &inventory, NULL), 0);
	snprintf(name, sizeof(name), "netns-%u.img", inventory.net_ns);
	e.ext_key = (char *)key;
	image_file_put_magics(&b, magics);
	image_file_put_length(&b, criu__image__netns_entry__get_packed_size(&e));
	buf_add(&b, wire, criu__image__netns_entry__pack(&e, wire));
	if (has_file)
		assert_int_equal(fd_replace_file(fd, name, &b, 0600, NULL), 0);
	assert_int_equal(images_net_is_external(fd, &answer, NULL), 0);
	close(fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, dir, NULL), 0);
	return answer;
}

static void a_namespace_is_external_if_its_image_has_a_key(void **state)
{
	(void)state;
	assert_true(is_external("extRootNetNS", true));
	assert_false(is_external(NULL, true));
	assert_false(is_external(NULL, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_keep_their_place_and_those_missing_have_no_value),
		cmocka_unit_test(lists_that_this_kernel_lacks_are_left_out_whole),
		cmocka_unit_test(lo_keeps_its_flags_its_mtu_and_its_settings),
		cmocka_unit_test(a_namespace_is_external_if_its_image_has_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
