/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/runtime.pb-c.h"
#include "shim/task/bootstrap_params.h"

static size_t pack(const ProtobufCMessage *message, uint8_t *out, size_t max)
{
	size_t bytes = protobuf_c_message_get_packed_size(message);

	assert_true(bytes <= max);
	return protobuf_c_message_pack(message, out);
}

/* An Any of runc's options with root `root`. */
static Wkt__Any *runc_any(Wkt__Any *any, uint8_t *value, size_t max)
{
	static char type[] = "containerd.runc.v1.Options", root[] = "/run/r";
	Runtime__RuncOptions options = RUNTIME__RUNC_OPTIONS__INIT;

	options.no_pivot_root = true;
	options.root = root;
	wkt__any__init(any);
	any->type_url = type;
	any->value.data = value;
	any->value.len = pack(&options.base, value, max);
	return any;
}

static void nothing_on_stdin_is_no_options(void **state)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };

	(void)state;
	assert_int_equal(bootstrap_params_parse(NULL, 0, "c1", &params, NULL), 0);
	assert_null(params.options.root);
}

static void an_any_is_the_options(void **state)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	uint8_t value[128], wire[256];
	Wkt__Any any;
	size_t n = pack(&runc_any(&any, value, sizeof(value))->base, wire, sizeof(wire));

	(void)state;
	assert_int_equal(bootstrap_params_parse(wire, n, "c1", &params, NULL), 0);
	assert_string_equal(params.options.root, "/run/r");
	assert_true(params.options.no_pivot);
	assert_null(params.socket_dir);
}

static void bootstrap_params_are_known_by_the_id(void **state)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	static char id[] = "c1", dir[] = "/run/sockets", ttrpc[] = "/run/c.ttrpc";
	Runtime__BootstrapParams m = RUNTIME__BOOTSTRAP_PARAMS__INIT;
	Runtime__Extension extension = RUNTIME__EXTENSION__INIT, *extensions = &extension;
	uint8_t value[128], wire[512];
	Wkt__Any any;
	size_t n;

	(void)state;
	extension.value = runc_any(&any, value, sizeof(value));
	m.instance_id = id;
	m.socket_dir = dir;
	m.containerd_ttrpc_address = ttrpc;
	m.log_level = -4;
	m.extensions = &extensions;
	m.n_extensions = 1;
	n = pack(&m.base, wire, sizeof(wire));
	assert_int_equal(bootstrap_params_parse(wire, n, "c1", &params, NULL), 0);
	assert_string_equal(params.socket_dir, "/run/sockets");
	assert_string_equal(params.ttrpc_address, "/run/c.ttrpc");
	assert_string_equal(params.options.root, "/run/r");
}

static void an_empty_any_is_no_options(void **state)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	const uint8_t wire[] = { 0x0a, 0, 0x12, 0 };

	(void)state;
	assert_int_equal(bootstrap_params_parse(wire, sizeof(wire), "c1", &params, NULL), 0);
	assert_null(params.options.root);
}

static void what_is_no_message_is_refused(void **state)
{
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(bootstrap_params_parse((const uint8_t *)"hello", 5, "c1", &params, &err),
			 -1);
	assert_int_equal(err.kind, ERR_INVALID);
}

/* As api/runtime/bootstrap/v1/bootstrap.proto has it, with a field of a later version behind. */
static void the_bytes_that_containerd_2_3_writes_are_read(void **state)
{
	static const uint8_t wire[] =
		"\x0a\x02"
		"c1"
		"\x12\x07"
		"default"
		"\x18\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* LOG_LEVEL_DEBUG, -4 */
		"\x22\x05"
		"2.3.0"
		"\x2a\x0f"
		"unix:///c.ttrpc"
		"\x32\x07"
		"/c.sock"
		"\x3a\x0b"
		"/containerd"
		"\x42\x24\x0a\x22" /* an Extension, its Any */
		"\x0a\x1a"
		"containerd.runc.v1.Options"
		"\x12\x04"
		"\x3a\x02"
		"/r"
		"\x4a\x02"
		"/s"
		"\x52\x03"
		"new";
	AUTO(bootstrap_params_done) struct bootstrap_params params = { 0 };

	(void)state;
	assert_int_equal(bootstrap_params_parse(wire, sizeof(wire) - 1, "c1", &params, NULL), 0);
	assert_true(params.is_message);
	assert_string_equal(params.ttrpc_address, "unix:///c.ttrpc");
	assert_string_equal(params.socket_dir, "/s");
	assert_string_equal(params.options.root, "/r");
}

static void params_are_answered_in_the_bytes_of_a_bootstrap_result(void **state)
{
	static const char wire[] = "\x08\x02"
				   "\x12\x09"
				   "unix:///s"
				   "\x1a\x05"
				   "ttrpc";
	const struct bootstrap_params params = { .is_message = true };
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	bootstrap_result(&params, "/s", &out);
	assert_int_equal(out.n, sizeof(wire) - 1);
	assert_memory_equal(out.p, wire, out.n);
}

static void all_else_is_answered_with_an_address(void **state)
{
	const struct bootstrap_params params = { 0 };
	AUTO(buf_done) struct buf out = { 0 };

	(void)state;
	bootstrap_result(&params, "/s", &out);
	assert_string_equal(out.p, "unix:///s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_on_stdin_is_no_options),
		cmocka_unit_test(an_any_is_the_options),
		cmocka_unit_test(bootstrap_params_are_known_by_the_id),
		cmocka_unit_test(an_empty_any_is_no_options),
		cmocka_unit_test(the_bytes_that_containerd_2_3_writes_are_read),
		cmocka_unit_test(params_are_answered_in_the_bytes_of_a_bootstrap_result),
		cmocka_unit_test(all_else_is_answered_with_an_address),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
