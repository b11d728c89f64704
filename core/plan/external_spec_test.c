/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/plan/external_spec.h"

static void a_default_device_is_known_by_its_numbers(void **state)
{
	const struct spec spec = { 0 };
	struct external_device device;

	(void)state;
	assert_true(external_spec_device(&spec, "/dev/urandom", &device));
	assert_int_equal(device.type, 'c');
	assert_int_equal(device.major, 1);
	assert_int_equal(device.minor, 9);
	assert_true(external_spec_device(&spec, "/dev/null", NULL));
	assert_false(external_spec_device(&spec, "/dev/mem", &device));
}

static void a_device_of_the_config_comes_before_the_default_one(void **state)
{
	struct spec_device devices[] = {
		{ .type = 'b', .path = (char *)"/dev/sda", .major = 8, .minor = 16 },
		{ .type = 'c', .path = (char *)"/dev/zero", .major = 1, .minor = 3 },
	};
	const struct spec spec = { .devices = devices, .n_devices = ARRAY_LEN(devices) };
	struct external_device device;

	(void)state;
	assert_true(external_spec_device(&spec, "/dev/sda", &device));
	assert_int_equal(device.type, 'b');
	assert_int_equal(device.minor, 16);
	assert_true(external_spec_device(&spec, "/dev/zero", &device));
	assert_int_equal(device.minor, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_device_is_known_by_its_numbers),
		cmocka_unit_test(a_device_of_the_config_comes_before_the_default_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
