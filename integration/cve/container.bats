#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What has broken other runtimes doesn't break this one: hostile images and processes on run and exec.

# single quotes hold jq's and the container's variables
# shellcheck disable=SC2016

load ../lib/common

setup() {
	common_setup
	config '.root.readonly = false'
	# what should have been refused must not run for ever
	script true
}
teardown() { common_teardown; }

# start_idle ID: run a container that only waits
start_idle() {
	script 'while :; do sleep 1; done'
	start_detached "$1"
}

@test "CVE-2019-5736: a program that is a link to /proc/self/exe can't overwrite kedge" {
	sum=$(sha256sum <"$TREE/build/kedge")
	printf '#!/proc/self/exe\n' >"$B/rootfs/evil"
	chmod +x "$B/rootfs/evil"
	# the container has the host's root rights: nothing but kedge's own care protects the file
	config '.process.capabilities |= map_values(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_KILL"])'
	script 'while :; do
			for p in /proc/[0-9]*; do
				[ "$p" = /proc/1 ] || (exec 8<"$p/exe"; sleep 0.01; echo x >>/proc/self/fd/8)
			done 2>/dev/null
		done'
	start_detached t-1
	for _ in 1 2 3 4 5; do
		kedge exec t-1 /evil >/dev/null 2>&1 || true
		kedge exec t-1 /bin/true
	done
	[ "$(sha256sum <"$TREE/build/kedge")" = "$sum" ]
}

@test "CVE-2019-5736: /proc/PID/exe of kedge in a container is on a read-only mount" {
	cp "$TREE/build/kedge" "$T/kedge"
	mkfifo "$B/rootfs/fifo"
	config '.hooks = {startContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat /fifo"]}]}'
	"$T/kedge" create -b "$B" t-1 </dev/null >/dev/null 2>&1
	exe=/proc/$(pid_of t-1)/exe
	[ -e "$exe" ]
	exec 7<"$exe"
	"$T/kedge" delete --force t-1
	# the process is gone, so ETXTBSY no longer protects its file; the mount does
	run sh -c 'echo x >>/proc/self/fd/7'
	exec 7<&-
	[ "$status" -ne 0 ]
	[[ $output == *"ead-only"* ]]
}

@test "CVE-2019-19921: /proc that is a symlink in the image is refused" {
	rmdir "$B/rootfs/proc"
	mkdir "$B/rootfs/elsewhere"
	ln -s /elsewhere "$B/rootfs/proc"
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[[ $output == *"(/proc)"*symlink* ]]
	nothing_left t-1
}

@test "CVE-2019-16884: a bind over /proc, or into it, is refused" {
	mkdir "$T/fake"
	add_bind "$T/fake" /proc
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	config '.mounts |= map(select(.source | endswith("fake") | not))'
	touch "$T/file"
	add_bind "$T/file" /proc/self/attr/exec
	run kedge run -b "$B" t-2
	[ "$status" -eq 1 ]
	[[ $output == *"/proc/self/attr/exec"* ]]
	nothing_left t-2
}

@test "CVE-2019-18837: a destination through symlinks stays inside the root" {
	mkdir "$T/victim" "$T/source"
	touch "$T/source/mark"
	ln -s "../../../../../../../../..$T/victim" "$B/rootfs/up"
	ln -s "$T/victim" "$B/rootfs/abs"
	add_bind "$T/source" /up/in
	add_bind "$T/source" /abs/in
	kedge run -b "$B" t-1 </dev/null
	[ -z "$(ls "$T/victim")" ]
}

@test "CVE-2021-30465, CVE-2024-45310: a destination that is swapped for a symlink all the time leads nowhere" {
	mkdir -p "$T/victim" "$T/source" "$B/rootfs/a" "$B/rootfs/c"
	touch "$T/source/mark"
	ln -s "$T/victim" "$B/rootfs/b"
	add_bind "$T/source" /a/x/y
	while :; do mv --exchange -T "$B/rootfs/a" "$B/rootfs/b"; done 3>&- &
	racer=$!
	for _ in $(seq 150); do
		kedge run -b "$B" t-1 </dev/null >/dev/null 2>&1 || true
	done
	kill "$racer"
	wait "$racer" || true
	[ -z "$(ls "$T/victim")" ]
	[ "$(ls "$T/source")" = mark ]
	nothing_left t-1
}

@test "CVE-2024-21626: a working directory that leads out through an open file is refused" {
	for fd in 3 4 5 6 7 8 9 10 11; do
		config --arg d "/proc/self/fd/$fd" '.process.cwd = $d'
		script 'pwd; ls ../../../../../../../..'
		exec 7</sys/fs/cgroup
		run kedge run -b "$B" --preserve-fds 8 t-1
		exec 7<&-
		[ "$status" -ne 0 ]
		kedge delete --force t-1
	done
	config '.process.cwd = "/"'
	start_idle t-1
	for fd in 3 4 5 6 7 8 9 10; do
		run kedge exec --cwd "/proc/self/fd/$fd" t-1 true
		[ "$status" -ne 0 ]
	done
}

@test "CVE-2024-21626: the program has no file open but its stdio" {
	exec 7</etc
	script 'ls /proc/self/fd'
	# 3 is ls's own
	[ "$(kedge run -b "$B" t-1 </dev/null | tr '\n' ' ')" = '0 1 2 3 ' ]
	start_idle t-2
	[ "$(kedge exec t-2 ls /proc/self/fd </dev/null | tr '\n' ' ')" = '0 1 2 3 ' ]
	exec 7<&-
}

@test "CVE-2025-31133: a /dev/null of the image that is something else hides nothing and shows nothing" {
	config '.mounts |= map(select(.destination != "/dev" and (.destination | startswith("/dev/") | not)))'
	rm -rf "$B/rootfs/dev"
	mkdir "$B/rootfs/dev"
	ln -s /proc/sys/kernel/core_pattern "$B/rootfs/dev/null"
	script 'head -c 20 /proc/timer_list; echo $?'
	run kedge run -b "$B" t-1
	[[ $output != *"Timer List"* ]]
	nothing_left t-1
}

@test "CVE-2026-41579: a /dev of the image that is a symlink leads nowhere on the host" {
	mkdir "$T/victim"
	rm -rf "$B/rootfs/dev"
	ln -s "$T/victim" "$B/rootfs/dev"
	config '.mounts |= map(select(.destination != "/dev" and (.destination | startswith("/dev/") | not)))'
	kedge run -b "$B" t-1 </dev/null >/dev/null 2>&1 || true
	[ -z "$(ls -A "$T/victim")" ]
}

@test "CVE-2022-29162: exec and run leave the inheritable capabilities empty" {
	start_idle t-1
	kedge exec t-1 grep -q '^CapInh:.*0000000000000000$' /proc/1/status
	kedge exec --cap CAP_NET_ADMIN t-1 grep -q '^CapInh:.*0000000000000000$' /proc/self/status
	kedge exec --cap CAP_NET_ADMIN t-1 grep -Eq '^CapEff:.*[1-9a-f]' /proc/self/status
}

@test "capabilities that config.json doesn't speak of are not given" {
	config 'del(.process.capabilities)'
	start_idle t-1
	[ "$(kedge exec t-1 grep -c '^Cap.*0000000000000000$' /proc/1/status)" = 5 ]
}

@test "CVE-2022-0811: a sysctl of the whole host is refused, also in disguise" {
	before=$(cat /proc/sys/kernel/core_pattern)
	for key in kernel.core_pattern kernel/core_pattern net.ipv4.ip_forward/../../../kernel/core_pattern; do
		config --arg k "$key" '.linux.sysctl = {($k): "|/evil"}'
		run kedge run -b "$B" t-1
		[ "$status" -eq 1 ]
		[[ $output == *sysctl* ]]
	done
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=|/evil"}'
	run kedge run -b "$B" t-1
	[ "$status" -eq 1 ]
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
	nothing_left t-1
}

@test "CVE-2026-30892, CVE-2016-3697: exec -u takes numbers alone" {
	start_idle t-1
	for user in 0x0 1abc -1 4294967295 99999999999 root ' 0' 0: 1:2:3; do
		run kedge exec -u "$user" t-1 id
		[ "$status" -ne 0 ] || {
			echo "-u '$user' ran: $output"
			return 1
		}
	done
}

@test "CVE-2016-9962: a process of kedge that joins a container can't be traced from inside" {
	config '.process.capabilities |= map_values(["CAP_KILL"])'
	script 'while :; do for p in /proc/[0-9]*; do
		[ "$p" = /proc/1 ] || ls -l "$p/fd" "$p/exe" 2>/dev/null; done; done >>/seen'
	start_detached t-1
	for _ in $(seq 20); do kedge exec t-1 true; done
	wait_until 5 test -s "$B/rootfs/seen"
	run ! grep -q '/kedge$' "$B/rootfs/seen"
	run ! grep -q '/run/kedge' "$B/rootfs/seen"
}
