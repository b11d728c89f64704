#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `ctr` as people use it: each command with runc's shim and with kedge's, and what it shows and its exit
# status are the same. What shells in containers are to run stands in single quotes:
# shellcheck disable=SC2016

load ../lib/common
load ../lib/containerd
load ../lib/terminal

STOCK=io.containerd.runc.v2
KEDGE=io.containerd.kedge.v1

# One containerd for all tests: nearly every line here is a container, and twice
setup_file() {
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	containerd_setup
	export CONTAINERD
}
teardown_file() {
	T=$BATS_FILE_TMPDIR
	containerd_teardown
}
setup() {
	T=$BATS_TEST_TMPDIR
	B=$BATS_FILE_TMPDIR/bundle
	cd "$T" || return 1
}
teardown() { remove_all; }

remove_all() {
	local id
	for id in $(ctr task ls -q); do
		timeout 10 ctr task rm -f "$id" >/dev/null 2>&1 || true
	done
	for id in $(ctr container ls -q); do
		timeout 10 ctr container rm "$id" >/dev/null 2>&1 || true
	done
	# ctr leaves it when it fails itself
	ctr snapshot rm t-1 >/dev/null 2>&1 || true
}

# What is new each time (pids, times, snapshots), and what each runtime says in its own words
tidy() {
	sed -E -e "s/$RUNTIME/RUNTIME/g" -e 's/(lower|upper|work)dir=[^, ]*/\1dir=X/g' \
		-e 's/(OCI runtime [a-z]+ failed): .*(: (unknown|not found))$/\1\2/' \
		-e 's/(OCI runtime [a-z]+ failed): .*/\1/' -e 's/time="[^"]*"/time=X/' \
		-e 's/containerd-mount[0-9]+/containerd-mountX/' \
		-e 's/[A-Z][a-z]{2} +[0-9]+ [0-9]{2}:[0-9]{2}/DATE/' \
		-e 's/\b[0-9]{3,}\b/N/g' -e 's/[ \t]+/ /g' -e 's/ $//'
}

# same COMMAND...: run it with both runtimes, which is $RUNTIME meanwhile. Fails when the two differ.
same() {
	local RUNTIME status
	for RUNTIME in "$STOCK" "$KEDGE"; do
		status=0
		"$@" >"$T/out" 2>"$T/err" || status=$?
		{
			cat "$T/out"
			echo "# errors"
			cat "$T/err"
			echo "# exit status $status"
		} | tidy >"$T/$RUNTIME.shown"
		remove_all
	done
	echo "== $*"
	cat "$T/$RUNTIME.shown"
	diff -u "$T/$STOCK.shown" "$T/$KEDGE.shown"
}

# inside TEXT [OPTION...]: what the shell shows in a container that is run with these options
inside() { ctr_run --rm "${@:2}" t-1 /bin/sh -c "$1"; }

# outside TEXT [OPTION...]: what a shell shows beside a sleeping container, whose pid is $PID
outside() {
	ctr_run -d "${@:2}" t-1 /bin/sleep 1000 || return
	PID=$(task_pid t-1) bash -c "$1"
}

# steps COMMAND...: each with what it shows and its exit status, beside a sleeping container t-1
steps() {
	local step
	ctr_run -d t-1 /bin/sleep 1000 || return
	for step; do
		echo "# $step"
		timeout -k 5 20 bash -c "$step" 2>&1 || echo "# exit status $?"
	done
}

# a step that waits for the task's end
OVER='until ctr task ls | grep -q "^t-1 .*STOPPED"; do sleep 0.05; done'

# A mount as the container sees it. Masks of ours are noexec, nosuid and nodev beside what runc's are.
MOUNTS='cut -d " " -f 5- /proc/self/mountinfo | grep -v -e ^/proc/acpi -e ^/sys/firmware'

@test "output, errors and exit status" {
	same inside 'echo out; echo err >&2; exit 7'
	same inside 'kill -9 $$; exit 3'
	same ctr_run --rm t-1 /bin/nonesuch
	same ctr_run --rm t-1 nonesuch
	same ctr_run --rm t-1 /etc
	same ctr_run --rm t-1 /etc/passwd
	same ctr_run --rm t-1 /bin/false
	same inside 'pwd' --cwd=/nonesuch
	same steps 'ctr run --rm --runtime io.containerd.nonesuch.v1 docker.io/library/busybox:1 t-2 /bin/true'
}

@test "environment, directory, user and host name" {
	printf 'ONE=1\n# no\nTWO=2 3\n' >"$T/env"
	same inside 'env; pwd; id; hostname' --env=A=b --env=C= --cwd=/tmp --user=1000:1000 \
		--hostname=people
	same inside 'env' --env-file="$T/env"
	same inside 'id' --user=user
	same inside 'id' --user=nobody-there
}

@test "what a container sees of the system" {
	same inside "$MOUNTS"
	same inside 'busybox find /dev | busybox sort; ls -ln /dev'
	same inside 'grep -E "^(Cap|NoNew|Seccomp|Groups|Uid|Sig[BIC])" /proc/self/status; cat /proc/self/limits'
	same inside 'ls /proc/self/fd | wc -l; cat /proc/self/oom_score_adj'
	same inside 'ip link | wc -l; ip addr show lo; cat /proc/sys/net/ipv4/ping_group_range'
	same inside 'umask; cut -d: -f2- /proc/self/cgroup; cat /proc/keys; ls /sys/firmware; touch /proc/timer_list'
	same inside 'touch /proc/sysrq-trigger /sys/x'
}

@test "mounts of each kind, and a root that is read-only" {
	mkdir -p "$T/d/sub"
	echo there >"$T/d/file"
	mount -t tmpfs none "$T/d/sub"
	local look="$MOUNTS | grep -e /data -e /etc -e /scratch -e /new"
	same inside "cat /data/file; touch /data/new; ls /data; $look" \
		--mount=type=bind,src="$T/d",dst=/data,options=rbind:rw
	same inside "cat /data/file; touch /data/x; touch /data/sub/x; $look" \
		--mount=type=bind,src="$T/d",dst=/data,options=rbind:ro
	same inside "touch /data/x; $look" \
		--mount=type=bind,src="$T/d",dst=/data,options=bind:ro:nosuid:noexec:nodev
	same inside "cat /etc/one; $look" --mount=type=bind,src="$T/d/file",dst=/etc/one,options=bind:ro
	same inside "$look" --mount=type=tmpfs,src=tmpfs,dst=/scratch,options=size=64k:mode=1770:nosuid
	same inside "cat /new/deep/file; $look" \
		--mount=type=bind,src="$T/d",dst=/new/deep,options=rbind:rslave:ro
	same inside true --mount=type=bind,src=/nonesuch,dst=/data,options=rbind:ro
	umount "$T/d/sub"
	same inside 'touch /x; touch /tmp/x; touch /dev/shm/x' --read-only
}

@test "limits and cgroups" {
	same outside 'cut -d: -f2- /proc/$PID/cgroup | sort'
	same outside 'cut -d: -f2- /proc/$PID/cgroup | sort' --cgroup=/people/one
	same outside 'cut -d: -f2- /proc/$PID/cgroup | sort' --cgroup=
	same outside 'cd /sys/fs/cgroup || exit; cat memory/default/t-1/memory.limit_in_bytes \
		cpu/default/t-1/cpu.{cfs_quota_us,cfs_period_us,shares} # runc before 1.2 allows net/tun
		grep -v 10:200 devices/default/t-1/devices.list | sort' \
		--memory-limit=67108864 --cpus=0.5 --cpu-shares=77
	same outside 'cat /sys/fs/cgroup/cpu/default/t-1/cpu.{cfs_quota_us,cfs_period_us,shares}' \
		--cpu-quota=30000 --cpu-period=60000
}

@test "privileges and devices" {
	local caps='grep -E "^(Cap|NoNewPrivs|Seccomp|Groups|Uid)" /proc/self/status'
	same inside "$caps; busybox unshare -r id" --seccomp
	same inside "$caps; touch /proc/sysrq-trigger; ls /dev; $MOUNTS" --privileged
	same inside "$caps" --cap-add=CAP_SYS_ADMIN --cap-drop=CAP_CHOWN --allow-new-privs
	same inside true --cap-add=CAP_NONESUCH
	same inside 'ls -l /dev/fuse; dd if=/dev/fuse count=0' --device=/dev/fuse
	same inside true --device=/dev/nonesuch
}

@test "namespaces: of the host, of others, and of users" {
	same inside "readlink /proc/self/ns/net; $MOUNTS" --net-host
	same outside '[ "$(readlink "/proc/$PID/ns/net")" = "$(readlink /proc/1/ns/net)" ]' \
		--with-ns=network:/proc/1/ns/net
	same inside true --with-ns=network:/nonesuch
	same inside "cat /proc/self/[ug]id_map; id; touch /x; ls -ln / /x; $MOUNTS | busybox sort" \
		--uidmap=0:100000:65536 --gidmap=0:100000:65536
	same outside 'stat -c "%u %g" "/proc/$PID"' --uidmap=0:100000:65536 --gidmap=0:100000:65536
}

@test "files that are written, and a root that is a directory" {
	export D=$T
	mkdir "$T/fifos"
	same outside 'ctr task ls | grep -q "^t-1 *$(cat "$D/pid") "' --pid-file="$T/pid"
	same outside 'find "$D/fifos" -type p | sed "s,/[0-9]*/,/N/,"' --fifo-dir="$T/fifos"
	same outside 'readlink "/proc/$PID/fd/1"' --null-io
	same inside 'echo logged' --log-uri="file://$T/log"
	[ "$(xargs <"$T/log")" = "logged logged" ]
	cp -a "$B/rootfs" "$T/rootfs"
	same run_rootfs
}
run_rootfs() {
	timeout 60 ctr run --rm --runtime "$RUNTIME" --rootfs "$T/rootfs" t-1 /bin/sh -c 'ls /; touch /x' &&
		rm "$T/rootfs/x"
}

@test "pause and resume" {
	same steps 'ctr task ls' 'ctr task ps t-1' 'ctr task pause t-1' 'ctr task ls' 'ctr task pause t-1' \
		'ctr task exec --exec-id e t-1 true' 'ctr task ps t-1' 'ctr task rm t-1' \
		'ctr task resume t-1' 'ctr task resume t-1' 'ctr task ls'
	same steps 'ctr task pause t-1' 'ctr task kill -s TERM t-1' 'ctr task ls' \
		'ctr task kill -s KILL t-1' "$OVER" 'ctr task rm t-1'
}

@test "kill and delete" {
	same steps 'ctr task kill -s SIGUSR1 t-1' 'ctr task kill -s usr2 t-1' 'ctr task kill -s 10 t-1' \
		'ctr task kill -s NONESUCH t-1' 'ctr task ls' 'ctr task kill -s KILL t-1' "$OVER" \
		'ctr task kill t-1' 'ctr task ls' 'ctr task rm t-1' 'ctr task rm t-1' 'ctr task kill t-1' \
		'ctr c rm t-1' 'ctr task ls'
	same steps 'ctr task rm t-1' 'ctr c rm t-1' 'ctr task rm -f t-1' 'ctr c rm t-1'
	same steps 'ctr task exec -d --exec-id e t-1 sleep 100' 'ctr task kill -a -s KILL t-1' "$OVER" \
		'ctr task ls' 'ctr task rm t-1'
	same steps 'ctr task exec -d --exec-id e t-1 sleep 100' 'ctr task ps t-1' \
		'ctr task kill --exec-id e -s HUP t-1' 'ctr task kill --exec-id nonesuch t-1' \
		'ctr task rm --exec-id e t-1' 'ctr task rm --exec-id e t-1' \
		'ctr task rm --exec-id nonesuch t-1' 'ctr task ps t-1'
}

@test "a signal that isn't there is refused, and not a reason to end" {
	ctr_run -d t-1 /bin/sleep 1000
	run ctr task kill -s 99 t-1
	[ "$status" -eq 1 ]
	[[ $output == *"unknown signal 99"* ]]
	[ "$(task_status t-1)" = RUNNING ]
}

@test "a task that has ended refuses the rest" {
	same steps 'ctr task kill -s KILL t-1' "$OVER" 'ctr task exec --exec-id e t-1 true' \
		'ctr task pause t-1' 'ctr task resume t-1' 'ctr task checkpoint t-1' 'ctr task start t-1' \
		'ctr task metrics t-1 | grep -o "^[a-z]*\."' 'ctr task rm t-1'
}

@test "start, and what isn't there" {
	same steps 'ctr task rm -f t-1' 'ctr task start -d t-1' 'ctr task ls' 'ctr task start -d t-1' \
		'ctr task attach t-2' 'ctr task kill t-2' 'ctr task exec --exec-id e t-2 true' \
		'ctr task pause t-2' 'ctr task checkpoint t-2' 'ctr task metrics t-2' 'ctr task ps t-2'
}

@test "exec" {
	same steps 'ctr task exec --exec-id e --cwd /tmp --user 1000 t-1 sh -c "pwd; id; env; exit 5"' \
		'ctr task exec --exec-id e t-1 nonesuch' 'ctr task exec --exec-id e t-1 /etc' \
		'ctr task exec --exec-id e --cwd /nonesuch t-1 true' \
		'ctr task exec --exec-id e --user nobody-there t-1 true' \
		'ctr task exec --exec-id e t-1 sh -c "grep -E ^Cap /proc/self/status; kill -9 \$\$"' \
		'echo typed | ctr task exec --exec-id e t-1 head -n 1' \
		'ctr task exec -d --exec-id e t-1 sleep 100' 'ctr task exec --exec-id e t-1 true'
}

@test "metrics name the same numbers" {
	same steps 'ctr task metrics t-1 | cut -d " " -f 1 | sort'
	same steps 'ctr task metrics --format json t-1 | jq -c keys'
}

# Somebody attaches, and only then the program speaks.
attach() {
	local status=0
	ctr_run -d t-1 /bin/sh -c 'until [ -e /go ]; do sleep 0.1; done; echo said; exit 3' || return
	timeout -k 5 20 ctr task attach t-1 < <(sleep 20) >"$T/attached" 2>&1 3>&- &
	ctr task exec --exec-id e t-1 touch /go
	wait $! || status=$?
	cat "$T/attached"
	return "$status"
}

on_tty() {
	on_terminal 33 111 "$1" ctr run -t --rm --runtime "$RUNTIME" docker.io/library/busybox:1 t-1 \
		/bin/sh -c "$2"
}

@test "attach, and terminals" {
	same attach
	same on_tty $'hello\n' 'ls -l /dev/console | cut -c 1
		until stty size 2>/dev/null | grep -q ^33; do sleep 0.01; done # ctr says it after the start
		stty -a | head -n 1; stty size; echo ready; read a; echo "got $a"; exit 5'
}
