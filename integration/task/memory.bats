#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What shims cost that do nothing: there is one for each container of a host.

load ../lib/common
load ../lib/containerd

setup() { containerd_setup; }
teardown() { containerd_teardown; }

SHIMS=20

# The mean PSS of the shims in KiB; shared pages of the program are divided among those that have them.
mean_pss() {
	local i
	for ((i = 1; i <= SHIMS; i++)); do
		awk '$1 == "Pss:" { print $2 }' "/proc/$(shim_pid "t-$i")/smaps_rollup"
	done | awk '{ sum += $1 } END { print int(sum / NR) }'
}
mean_pss_is_below() { [ "$(mean_pss)" -lt "$1" ]; }

# Some 150 KiB: 75 are the program's and 75 the shim's own; the latter with a hundred shims, too.
# A program that relocates itself has 100 more.
@test "an idle shim is small, and twenty share their program" {
	local i
	for ((i = 1; i <= SHIMS; i++)); do
		ctr_run -d "t-$i" /bin/sleep 1000
	done
	# what calls have touched is given back after 1.5 s
	wait_until 10 mean_pss_is_below 200 || {
		echo "mean PSS: $(mean_pss) KiB"
		false
	}
}
