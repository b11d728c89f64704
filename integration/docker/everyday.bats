#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What one does with Docker every day: kedge does what runc does, seen from inside and from outside

load ../lib/common
load ../lib/containerd
load ../lib/docker

setup() {
	docker_road standin
	docker_setup
}
teardown() { docker_teardown; }

# of_runtime RUNTIME OPTION... IMAGE COMMAND...: exit status and output. Ids differ, and so does the
# order in which mounts are made.
of_runtime() {
	local status=0
	timeout -k 5 60 docker run --rm --runtime "$@" >"$T/output" 2>&1 || status=$?
	sed 's/[0-9a-f]\{64\}/ID/g; s/[0-9a-f]\{12\}/ID/g' "$T/output" | sort
	echo "exit status $status"
}

# as_runc OPTION... IMAGE COMMAND...: `docker run` has the same exit status and output as with runc
as_runc() {
	of_runtime runc "$@" >"$T/runc"
	of_runtime kedge "$@" >"$T/kedge"
	diff "$T/runc" "$T/kedge" || {
		echo "differs: $*"
		return 1
	}
}

# What a process is
SELF='grep -E "^(Cap|NoNew|Seccomp:|Uid|Gid|Groups)" /proc/self/status; cat /proc/self/limits
	cat /proc/self/oom_score_adj; id; env | grep -v HOSTNAME; pwd; ls /proc/self/fd'
# What is mounted, but for what kedge makes stricter than runc: the flags of masked directories, and of the
# tmpfs that holds the cgroups
MOUNTS='cut -d " " -f 5,6 /proc/self/mountinfo |
	grep -v -e "^/sys/fs/cgroup " -e ^/proc/acpi -e ^/proc/scsi -e ^/sys/firmware -e ^/sys/devices/virtual/powercap'

@test "users, capabilities, limits and what else a process has are as with runc" {
	as_runc bb sh -c "$SELF"
	as_runc --privileged bb sh -c "$SELF"
	as_runc --user 1000:1001 --group-add 7 bb sh -c "$SELF"
	as_runc --user user --cap-drop ALL --cap-add NET_ADMIN bb sh -c "$SELF"
	as_runc --security-opt no-new-privileges --security-opt seccomp=unconfined bb sh -c "$SELF"
	as_runc --ulimit nofile=77:99 --ulimit core=0 --oom-score-adj 500 bb sh -c "$SELF"
	as_runc --init -e A=b --env C= -h host --domainname d.org -w /not/there bb \
		sh -c 'env; hostname; cat /proc/sys/kernel/domainname; pwd; cat /proc/1/comm'
	as_runc --entrypoint /bin/echo bb hello
}

@test "mounts of every form are as with runc" {
	local p mounts=()
	mkdir -p "$T/v" "$T/w"
	mount --bind "$T/v" "$T/v"
	mount --make-shared "$T/v"
	mount -t tmpfs none "$T/w"
	mkdir "$T/w/s"
	mount -t tmpfs none "$T/w/s"
	as_runc bb sh -c "$MOUNTS; ls /dev"
	as_runc --privileged bb sh -c "$MOUNTS"
	as_runc --read-only --tmpfs /run:rw,size=64k,mode=1777 --tmpfs /t bb sh -c "$MOUNTS; touch /t/x /x"
	as_runc --security-opt systempaths=unconfined --shm-size 3m bb sh -c "$MOUNTS; grep shm /proc/mounts"
	as_runc -v "$T/v:/v:ro" -v named:/n --mount type=tmpfs,dst=/tt,tmpfs-size=1m,tmpfs-mode=700 bb \
		sh -c "$MOUNTS; touch /v/x; echo hi >/n/f; cat /n/f; ls -ld /tt | cut -c 1-10"
	for p in rprivate rshared rslave; do
		mounts+=(--mount "type=bind,src=$T/v,dst=/$p,bind-propagation=$p")
	done
	as_runc "${mounts[@]}" bb sh -c "$MOUNTS
		grep ' /r[a-z]* ' /proc/self/mountinfo | cut -d ' ' -f 5,7 | cut -d : -f 1"
	as_runc "${mounts[@]:0:2}" bb grep -c -e master: -e shared: /proc/self/mountinfo
	mounts=()
	for p in readonly readonly,bind-recursive=writable bind-recursive=disabled \
		readonly,bind-recursive=readonly,bind-propagation=rprivate; do
		mounts+=(--mount "type=bind,src=$T/w,dst=/w${#mounts[@]},$p")
	done
	as_runc "${mounts[@]}" bb sh -c "$MOUNTS; touch /w0/a /w0/s/a /w2/a /w2/s/a /w4/s/a /w6/a /w6/s/a"
	umount "$T/w/s" "$T/w" "$T/v"
}

@test "namespaces, devices, sysctls and cgroups are as with runc" {
	# the container's own
	# shellcheck disable=SC2016
	as_runc --pid host --ipc host --uts host --network host bb sh -c 'test $$ -gt 2; echo $?
		for n in pid ipc uts net; do readlink /proc/self/ns/$n; done'
	as_runc --network none bb sh -c 'ip -o address'
	as_runc --device /dev/fuse:/dev/f:r bb sh -c 'ls -l /dev/f | cut -c 1-30; head -c 0 /dev/f; : >/dev/f'
	as_runc --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=1234 bb \
		cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
	# shellcheck disable=SC2016
	as_runc -m 64m --cpus 0.5 --pids-limit 33 --cpuset-cpus 0 bb sh -c 'cd /sys/fs/cgroup
		cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max cpuset/cpuset.cpus'
	as_runc --cgroup-parent /my/own bb cat /proc/1/cgroup
	docker run -d --runtime kedge --name t-1 bb sleep 1000
	as_runc --network container:t-1 --ipc container:t-1 --pid container:t-1 bb \
		sh -c 'ip -o -4 address; ps | grep -c "sleep 1000"'
}

@test "what goes wrong has runc's exit status" {
	local status_runc status_kedge
	for command in /nonesuch /etc/passwd /etc 'sh -c exit\ 3'; do
		status_runc=0
		eval "docker run --rm --runtime runc bb $command" >/dev/null 2>&1 || status_runc=$?
		status_kedge=0
		eval "docker run --rm --runtime kedge bb $command" || status_kedge=$?
		[ "$status_kedge" -eq "$status_runc" ]
	done
	# the container's own
	# shellcheck disable=SC2016
	as_runc bb sh -c 'kill -9 $$'
	as_runc --user nobodythere bb true
}
