# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# systemd.bash - containers whose cgroups are systemd's, on a test host with a systemd (hack/testhost
# --systemd)
#
# To be loaded after common. `kedge` is `kedge --systemd-cgroup` then. With KEDGE_AS=runc it is runc, for a
# look at what that does.

kedge() { command "${KEDGE_AS:-kedge}" --systemd-cgroup "$@"; }

# systemd_setup: common_setup, and t-1's cgroup is to be $UNIT's
systemd_setup() {
	# it would be started by the first who asks, and its cgroup be taken for one that was left
	systemctl start dbus
	common_setup
	UNIT=kedge-t-1.scope
	scope_path system.slice:kedge:t-1
}

# systemd_teardown: also units that a failed test has left
systemd_teardown() {
	common_teardown
	[ -z "$(units)" ] || units | xargs systemctl kill --signal KILL
	systemctl reset-failed
	[ ! -e /run/runc ] || rm -rf /run/runc/t-*
}

# scope_path TEXT: that is config.json's cgroupsPath
scope_path() {
	# shellcheck disable=SC2016
	config --arg p "$1" '.linux.cgroupsPath = $p'
}

# units: those of containers
units() { systemctl list-units --all --plain --no-legend '*t-[0-9]*.scope' | cut -d ' ' -f 1; }

# property NAME[,NAME...] [UNIT]
property() { systemctl show --value -p "$1" "${2:-$UNIT}"; }

# cgroup_of PID: its path
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }

# nothing_left_of ID: neither of the container nor of its unit, which systemd drops when it has time to
no_unit_left() {
	[ -z "$(units)" ] || {
		echo "left units: $(units)"
		return 1
	}
	[ -z "$(find /run/systemd/transient -name '*t-[0-9]*')" ]
}
nothing_left_of() { wait_until 5 no_unit_left && wait_until 5 nothing_left "$1"; }

# ignore_cpu: before containerd_start. Pods and tasks of ctr have a share of the CPU, whoever asks, and v2 may
# have no such controller here. Shims of ours take that out of config.json, in which they find it when they start.
ignore_cpu() {
	local shim dir=$BATS_TEST_TMPDIR/shims
	! grep -qw cpu /sys/fs/cgroup/cgroup.controllers || return 0
	mkdir "$dir"
	for shim in runc-v2 kedge-v1; do
		cat >"$dir/containerd-shim-$shim" <<-END
			#!/bin/sh
			for last; do :; done
			[ "\$last" != start ] || [ ! -e config.json ] || {
				jq 'del(.linux.resources.cpu)' config.json >config.new && mv config.new config.json
			}
			exec $(command -v "containerd-shim-$shim") "\$@"
		END
	done
	chmod +x "$dir"/*
	PATH=$dir:$PATH
}
