#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# what comes back with docker start --checkpoint, behind the stand-in

load ../lib/common
load ../lib/containerd
load ../lib/docker
load ../lib/docker_web
load ../lib/terminal

setup() { mkdir "$BATS_TEST_TMPDIR/a"; }
teardown() {
	docker_teardown
	host_tracefs_done
}

@test "a start or a checkpoint right after a checkpoint finds nothing that already exists" {
	begin standin
	start_counting
	rm -rf /tmp/ctrd-checkpoint*
	for i in 1 2 3 4 5 6; do
		# containerd 1.7 can't store its spec again at once, and only says so when the container has ended
		docker checkpoint create --leave-running web "run$i"
		end_at "ck$i"
		go_on "ck$i"
	done
	has_whole_log
	[ -z "$(find /tmp -maxdepth 1 -name 'ctrd-checkpoint*')" ]
}

@test "a container that starts programs all the time can be checkpointed" {
	begin standin
	docker run -d --runtime "$RUNTIME" --name web bb sh -c 'while :; do /bin/true; done'
	for i in 1 2 3 4 5 6; do
		run timeout 8 docker checkpoint create --leave-running web "ck$i"
		# containerd 1.7 may not have collected what it stored with the last one
		[ "$status" -eq 0 ] || [[ $output == *": already exists"* ]]
	done
	is_up
}

@test "a checkpoint starts another container, whose volume lies elsewhere" {
	local from to
	mkdir "$BATS_TEST_TMPDIR/b"
	begin standin
	start_counting
	end_at ck1
	docker create --runtime "$RUNTIME" --name web2 -v "$T/b:/data" bb /bin/sh -c "$COUNT"
	from=$(docker inspect -f '{{.Id}}' web)
	to=$(docker inspect -f '{{.Id}}' web2)
	mkdir -p "/var/lib/docker/containers/$to/checkpoints"
	cp -a "/var/lib/docker/containers/$from/checkpoints/ck1" "/var/lib/docker/containers/$to/checkpoints"
	n=$(cat "$T/a/n")
	docker start --checkpoint ck1 web2
	counts_in_b() { [ "$(cat "$T/b/n")" -gt "$1" ]; }
	wait_until 5 counts_in_b "$n"
	[ "$(docker logs web2 | head -n 1)" -gt "$n" ]
	[ "$(cat "$T/a/n")" -eq "$n" ]
	[[ $(docker_status web2) == Up* ]]
	[ "$(docker exec web2 hostname)" = "${from:0:12}" ]
}

@test "a terminal comes back: what is typed at docker attach gets there, detach keys end that, the log goes on" {
	# the container's own
	# shellcheck disable=SC2016
	local text='n=0; while :; do
		if read -r -t 1 a; then n=$((n + 1)); echo "$n:$a:$(stty size)"; else echo ready; fi
		[ $n -lt 2 ] || exit 3
	done'
	log_has() { docker logs web | tr -d '\r' | grep -qx "$1"; }
	begin standin
	docker run -dit --runtime "$RUNTIME" --name web bb sh -c "$text"
	# what is typed right before the keys gets lost in Docker now and then, with runc too
	THEN=$'1:one=\x18' run on_terminal 24 80 $'one\n' docker attach --detach-keys ctrl-x web
	[ "$status" -le 1 ]
	wait_until 5 log_has '1:one:24 80'
	is_up
	end_at ck1
	docker start --checkpoint ck1 web
	run on_terminal 33 99 $'two\n' docker attach web
	[ "$status" -eq 3 ]
	[[ $output == *"2:two:33 99"* ]]
	log_has '1:one:24 80'
	log_has '2:two:33 99'
	wait_until 5 docker_has_status web "Exited (3)"
}

@test "volumes of every kind come back" {
	begin standin
	mkdir -p "$T/a/sub" "$T/ro"
	mount --bind "$T/a" "$T/a"
	mount --make-shared "$T/a"
	# shellcheck disable=SC2046
	docker run -d --runtime "$RUNTIME" --name web --read-only --tmpfs /run --tmpfs /t:size=64k \
		-v "$T/a:/data" -v "$T/ro:/ro:ro" -v named:/named -v /var/run/docker.sock:/docker.sock \
		--mount "type=bind,src=$T/ro,dst=/data/sub" \
		$(printf -- '--mount type=bind,src=%s,dst=/%s,bind-propagation=%s ' \
			"$T/a" rslave rslave "$T/a" rshared rshared) \
		bb /bin/sh -c "echo kept >/t/f; echo named >/named/f; $COUNT"
	wait_until 5 counts_beyond 3
	look() {
		docker exec web sh -c 'cut -d " " -f 5-7 /proc/self/mountinfo | cut -d : -f 1 | sort; cat /t/f /named/f
			ls -l /docker.sock | cut -c 1; touch /x /ro/x 2>&1; touch /data/sub/y /run/z && echo ok'
	}
	look >"$T/before"
	grep -qx ok "$T/before"
	[ "$(grep -c 'Read-only file system' "$T/before")" -eq 2 ]
	end_at ck1
	go_on ck1
	look | diff "$T/before" -
	umount "$T/a"
}

@test "the host's /sys with its tracefs comes back, and a volume behind a link in another one" {
	begin standin
	mkdir -p "$T/a/v1" "$T/logs"
	ln -s v1 "$T/a/current"
	host_tracefs
	docker run -d --runtime "$RUNTIME" --name web -v /sys:/host/sys:ro -v "$T/a:/data" \
		-v "$T/logs:/data/current/log:ro" bb /bin/sh -c "$COUNT"
	wait_until 5 counts_beyond 3
	look() { docker exec web cut -d " " -f 5,6 /proc/self/mountinfo | sort; }
	look >"$T/before"
	grep -q '^/host/sys/kernel/tracing ro,nosuid,nodev,noexec' "$T/before"
	grep -q '^/data/v1/log ro' "$T/before"
	end_at ck1
	go_on ck1
	look | diff "$T/before" -
}

@test "limits, credentials and seccomp are in force again" {
	begin standin
	start_counting -m 64m --pids-limit 20 --cap-drop ALL --ulimit nofile=99:99 \
		--security-opt no-new-privileges --init
	look() {
		docker exec web sh -c 'grep -E "^(Name|Cap|Uid|NoNew|Seccomp:)" /proc/1/status
			grep "open files" /proc/1/limits
			cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max'
	}
	look >"$T/before"
	grep -qx 67108864 "$T/before"
	end_at ck1
	go_on ck1
	look | diff "$T/before" -
}
