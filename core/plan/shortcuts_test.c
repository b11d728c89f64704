/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/plan/shortcuts.h"

/* A container that runs alone in a new network namespace. */
static struct shortcuts_input alone(const struct net_facts *net)
{
	return (struct shortcuts_input){ .net = net, .criu_version = 40101, .owns_net = true };
}

static void all_three_are_taken_for_a_container_with_nothing_but_lo(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);
	struct shortcuts s = shortcuts_choose(&in);

	(void)state;
	assert_true(s.skip_lock && s.skip_netns && s.skip_freezer);
	assert_null(s.lock_reason);
	assert_null(s.netns_reason);
	assert_null(s.freezer_reason);
}

static void sockets_on_lo_need_no_lock_and_behind_a_link_they_do(void **state)
{
	struct net_facts net = { .has_sockets = true };
	struct shortcuts_input in = alone(&net);

	(void)state;
	assert_true(shortcuts_choose(&in).skip_lock);
	net.has_uplink = true;
	assert_false(shortcuts_choose(&in).skip_lock);
	net.has_sockets = false;
	assert_true(shortcuts_choose(&in).skip_lock);
}

static void tcp_connections_need_the_lock_even_on_lo(void **state)
{
	struct net_facts net = { .has_sockets = true, .has_streams = true };
	struct shortcuts_input in = alone(&net);

	(void)state;
	assert_false(shortcuts_choose(&in).skip_lock);
}

static void a_process_of_exec_needs_the_freezer_and_with_sockets_the_lock(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);
	struct shortcuts s;

	(void)state;
	in.has_strays = true;
	s = shortcuts_choose(&in);
	assert_true(s.skip_lock);
	assert_false(s.skip_freezer);
	net.has_sockets = true;
	assert_false(shortcuts_choose(&in).skip_lock);
}

static void what_a_new_namespace_has_not_is_dumped_and_the_lock_is_left_out_still(void **state)
{
	struct net_facts net = { .odd = "a route" };
	struct shortcuts_input in = alone(&net);
	struct shortcuts s = shortcuts_choose(&in);

	(void)state;
	assert_false(s.skip_netns);
	assert_string_equal(s.netns_reason, "a route");
	assert_true(s.skip_lock);
}

static void a_second_namespace_of_a_task_is_dumped(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);

	(void)state;
	in.has_nested_net = true;
	assert_false(shortcuts_choose(&in).skip_netns);
}

static void a_namespace_of_others_or_one_not_seen_is_left_to_criu(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input others = alone(&net), unseen = alone(NULL);

	(void)state;
	others.owns_net = false;
	assert_false(shortcuts_choose(&others).skip_lock);
	assert_false(shortcuts_choose(&others).skip_netns);
	assert_false(shortcuts_choose(&unseen).skip_lock);
	assert_false(shortcuts_choose(&unseen).skip_netns);
	assert_true(shortcuts_choose(&unseen).skip_freezer);
}

static void what_the_user_says_wins(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input lock = alone(&net), tcp = alone(&net), empty = alone(&net),
			       config = alone(&net);

	(void)state;
	lock.has_lock_option = true;
	assert_false(shortcuts_choose(&lock).skip_lock);
	assert_true(shortcuts_choose(&lock).skip_netns);
	tcp.tcp_established = true;
	assert_false(shortcuts_choose(&tcp).skip_lock);
	empty.has_empty_ns = true;
	assert_false(shortcuts_choose(&empty).skip_netns);
	config.has_config_file = true;
	assert_false(shortcuts_choose(&config).skip_lock);
	assert_false(shortcuts_choose(&config).skip_netns);
	assert_false(shortcuts_choose(&config).skip_freezer);
}

static void an_old_criu_is_not_asked_to_skip_the_lock(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);

	(void)state;
	in.criu_version = 31700;
	assert_false(shortcuts_choose(&in).skip_lock);
	assert_true(shortcuts_choose(&in).skip_netns);
}

static void a_paused_container_stays_with_the_freezer(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);

	(void)state;
	in.is_paused = true;
	assert_false(shortcuts_choose(&in).skip_freezer);
}

static void a_pre_dump_has_no_shortcuts(void **state)
{
	struct net_facts net = { 0 };
	struct shortcuts_input in = alone(&net);
	struct shortcuts s;

	(void)state;
	in.is_pre_dump = true;
	s = shortcuts_choose(&in);
	assert_false(s.skip_lock || s.skip_netns || s.skip_freezer);
}

static void a_choice_holds_while_nothing_that_it_left_out_is_needed(void **state)
{
	struct shortcuts both = { .skip_lock = true, .skip_netns = true };
	struct shortcuts lock = { .skip_lock = true }, none = { 0 };

	(void)state;
	assert_true(shortcuts_hold(&both, &both));
	assert_true(shortcuts_hold(&lock, &both));
	assert_true(shortcuts_hold(&none, &none));
	assert_false(shortcuts_hold(&both, &lock));
	assert_false(shortcuts_hold(&lock, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_three_are_taken_for_a_container_with_nothing_but_lo),
		cmocka_unit_test(sockets_on_lo_need_no_lock_and_behind_a_link_they_do),
		cmocka_unit_test(tcp_connections_need_the_lock_even_on_lo),
		cmocka_unit_test(a_process_of_exec_needs_the_freezer_and_with_sockets_the_lock),
		cmocka_unit_test(
			what_a_new_namespace_has_not_is_dumped_and_the_lock_is_left_out_still),
		cmocka_unit_test(a_second_namespace_of_a_task_is_dumped),
		cmocka_unit_test(a_namespace_of_others_or_one_not_seen_is_left_to_criu),
		cmocka_unit_test(what_the_user_says_wins),
		cmocka_unit_test(an_old_criu_is_not_asked_to_skip_the_lock),
		cmocka_unit_test(a_paused_container_stays_with_the_freezer),
		cmocka_unit_test(a_pre_dump_has_no_shortcuts),
		cmocka_unit_test(a_choice_holds_while_nothing_that_it_left_out_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
