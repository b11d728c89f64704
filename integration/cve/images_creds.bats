#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a restored task may do is config.json's to say: capabilities, no_new_privs and seccomp of the
# images give it no more.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common
load ../lib/hostile

setup() {
	hostile_setup
	# the first process and its child
	script 'busybox tail -f /dev/null & while :; do wait; done'
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mknod", "mknodat"], action: "SCMP_ACT_ERRNO"}]}'
}
teardown() { common_teardown; }

# N of the core-N.img that isn't the first task's
other_core() {
	local file
	for file in "$T"/images/core-*.img; do
		file=${file##*/core-}
		[ "$file" = 1.img ] || echo "${file%.img}"
	done
}

# dump: as hostile_dump, and child is the pid of the first process' child
dump() {
	hostile_dump
	child=$(other_core)
}

# change CORE CODE: $T/evil has another core-N.img; c are the fields of thread_core, creds those of its
# credentials (images/core.proto, images/creds.proto)
change() {
	local file=$1
	attack pass
	python3 -B - "$TREE/integration/lib/images.py" "$T/evil/$file" "$2" <<-'END'
		import importlib.util, struct, sys
		spec = importlib.util.spec_from_file_location("images", sys.argv[1])
		images = importlib.util.module_from_spec(spec)
		spec.loader.exec_module(images)
		head, entries = images.load(sys.argv[2])
		[core] = [f for f in entries[0] if f[0] == 5]
		c = images.decode(core[1])
		[place] = [f for f in c if f[0] == 10]
		creds = images.decode(place[1])
		before = images.encode(c), images.encode(creds)

		# the fields called `number` have these values now
		def put(fields, number, *values):
		    fields[:] = [f for f in fields if f[0] != number] + [[number, v] for v in values]
		    fields.sort(key=lambda f: f[0])

		exec(sys.argv[3])
		assert before != (images.encode(c), images.encode(creds))
		place[1] = images.encode(creds)
		core[1] = images.encode(c)
		body = images.encode(entries[0])
		open(sys.argv[2], "wb").write(head + struct.pack("<I", len(body)) + body)
	END
}

# stopped TEXT: $T/evil is refused in words that hold TEXT, and nothing of it ever ran or is left
stopped() {
	local before
	before=$(look)
	refuses "$1" kedge restore -d -b "$B" --image-path "$T/evil" t-1
	unchanged "$before"
	nothing_left t-1
}

# has ID NUMBER FIELD VALUE: process NUMBER's status says so
has() { kedge exec "$1" grep -q "^$3:.$4\$" "/proc/$2/status"; }

@test "an ordinary image comes back, and may do what config.json gives" {
	dump
	restore_detached t-1 "$T/images"
	for pid in 1 "$child"; do
		has t-1 "$pid" NoNewPrivs 1
		has t-1 "$pid" Seccomp 2
		has t-1 "$pid" CapBnd 0000000020000420
		has t-1 "$pid" CapEff 0000000020000420
	done
}

@test "a task with more capabilities is refused, in whichever set they are" {
	dump
	# 9 inheritable, 10 permitted, 11 effective (which have to be permitted), 12 bounding, 19 ambient
	change "core-$child.img" 'for n in 9, 10, 11, 12: put(creds, n, 0xffff, 0)'
	stopped "process $child (busybox) has CAP_CHOWN, "
	change core-1.img 'for n in 10, 11, 12: put(creds, n, 0x20200420, 0)'
	stopped "process 1 (sh) has CAP_SYS_ADMIN, which config.json doesn't give"
	change "core-$child.img" 'put(creds, 12, 0x20200420, 0)'
	stopped "process $child (busybox) has CAP_SYS_ADMIN in its bounding set"
	change "core-$child.img" 'for n in 10, 12: put(creds, n, 0x20200420, 0)'
	stopped "process $child (busybox) has CAP_SYS_ADMIN, "
	change "core-$child.img" 'for n in 9, 10, 12, 19: put(creds, n, 0x20200420, 0)'
	stopped "process $child (busybox) has CAP_SYS_ADMIN, "
}

@test "fewer capabilities and another user come back" {
	dump
	change "core-$child.img" 'for n in 10, 11: put(creds, n, 0x20, 0)
for n in range(1, 9): put(creds, n, 1000)'
	restore_detached t-1 "$T/evil"
	has t-1 "$child" CapPrm 0000000000000020
	has t-1 "$child" Uid $'1000\t1000\t1000\t1000'
}

@test "a task without no_new_privs is refused where config.json asks for it" {
	dump
	change "core-$child.img" 'put(creds, 18)'
	stopped "process $child (busybox) has no no_new_privs"
	config '.process.noNewPrivileges = false'
	restore_detached t-1 "$T/evil"
}

@test "a task without a seccomp filter is refused where config.json has a profile" {
	dump
	# 11 mode, 12 filter
	change core-1.img 'put(c, 11); put(c, 12)'
	stopped 'process 1 (sh) has no seccomp filter'
	change "core-$child.img" 'put(c, 11, 0); put(c, 12); put(creds, 18)'
	stopped "process $child (busybox) has no no_new_privs, which config.json asks for, and no seccomp filter"
	config 'del(.linux.seccomp)'
	change core-1.img 'put(c, 11); put(c, 12)'
	restore_detached t-1 "$T/evil"
}

# marking: whoever lets the first process run finds /data/mark written
marking() {
	touch "$T/data/mark"
	script 'busybox tail -f /dev/null & while :; do : >/data/mark; done'
}

@test "what a refused task would do at once is not done" {
	marking
	dump
	change "core-$child.img" 'put(creds, 18)'
	for _ in 1 2 3 4 5; do
		# which looks at the file's time
		stopped "process $child (busybox) has no no_new_privs"
	done
}

@test "nor where the host's processes are in the same pid namespace" {
	marking
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	hostile_dump
	for file in "$T"/images/core-*.img; do
		change "${file##*/}" 'put(creds, 18)'
		stopped 'has no no_new_privs'
	done
}

@test "one thread of several counts as much" {
	use_python
	python 'import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
time.sleep(1000)'
	start_detached t-1
	wait_until 5 eval '[ "$(ls "/proc/$(pid_of t-1)/task" | wc -l)" = 2 ]'
	kedge checkpoint --image-path "$T/images" t-1
	change "core-$(other_core).img" 'for n in 10, 11, 12: put(creds, n, 0x20200420, 0)'
	stopped 'of process 1 (python3) has CAP_SYS_ADMIN, '
}

@test "a container without capabilities, and one whose root has its whole bounding set, come back" {
	config 'del(.process.capabilities)'
	dump
	restore_detached t-1 "$T/images"
	has t-1 "$child" CapBnd 0000000000000000
	kedge delete --force t-1
	rm -r "$T/images"
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_SYS_ADMIN"],
		permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]} | .process.noNewPrivileges = false'
	mkdir "$T/images"
	# root gets its bounding set by execve()
	dump
	restore_detached t-1 "$T/images"
	has t-1 "$child" CapPrm 0000000000200001
}

@test "a config.json that gives less than at the checkpoint refuses the tasks by name" {
	dump
	attack pass
	config 'del(.process.capabilities[][] | select(. == "CAP_KILL"))'
	stopped 'process 1 (sh) has CAP_KILL, '
}

@test "capabilities in a user namespace of its own are compared as well" {
	for dir in "$B" "$T" "${T%/*}" "${T%/*/*}"; do
		chmod 755 "$dir"
	done
	chown -R 100000:100000 "$B/rootfs" "$T/data" "$T/ro"
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "cgroup"))'
	dump
	restore_detached t-1 "$T/images"
	has t-1 "$child" CapBnd 0000000020000420
	kedge delete --force t-1
	change "core-$child.img" 'for n in 10, 11, 12: put(creds, n, 0x20200420, 0)'
	stopped "process $child (busybox) has CAP_SYS_ADMIN, which config.json doesn't give"
}
