#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An image also says in which namespaces its tasks are: never in the host's where config.json asks for
# new ones.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/hostile

setup() {
	hostile_setup
	hostile_dump
}
teardown() { common_teardown; }

# share FIELD IDS-FILE...: the tasks get the id that CRIU's own namespace had (proto/inventory.proto)
share() {
	local field=$1 criu file
	shift
	# the root_ids are field 3 of the inventory, as bytes of a message of their own
	criu=$(python3 -B -c '
import importlib.util, sys
spec = importlib.util.spec_from_file_location("images", sys.argv[1])
images = importlib.util.module_from_spec(spec)
spec.loader.exec_module(images)
_, entries = images.load(sys.argv[2])
print(dict(map(tuple, images.decode(dict(map(tuple, entries[0]))[3])))[int(sys.argv[3])])' \
		"$TREE/integration/lib/images.py" "$T/images/inventory.img" "$field")
	for file; do
		python3 "$TREE/integration/lib/images.py" "$file" "for e in entries:
    e[:] = [[n, $criu if n == $field else v] for n, v in e]"
	done
}

@test "a task that an image puts into a namespace of the host is refused before CRIU begins" {
	# 5 pid, 6 net, 7 ipc, 8 uts, 9 mnt
	for field in 5 6 7 8 9; do
		attack pass
		share "$field" "$T"/evil/ids-*.img
		refused namespace
	done
}

@test "nor is one of several" {
	files=("$T"/images/ids-*.img)
	[ "${#files[@]}" -ge 2 ]
	for field in 6 7 8; do
		attack pass
		share "$field" "$T/evil/${files[1]##*/}"
		if restore_detached t-1 "$T/evil"; then
			for pid in $(kedge ps t-1 -f json | jq '.[]'); do
				for ns in net ipc uts; do
					[ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
				done
			done
			kedge delete --force t-1
		fi
		nothing_left t-1
	done
}
