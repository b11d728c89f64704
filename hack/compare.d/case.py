# SPDX-License-Identifier: Apache-2.0
"""One scenario with one runtime: make a container, checkpoint, restore, compare, clean up."""

import json
import os
import signal
import subprocess
import sys
import time

import mounts

WORK = "/var/tmp/compare"
TIMEOUT_S = 20
# it counts in its memory, and writes the count where every container has a tmpfs when it is asked
SCRIPT = (f"n=0; trap 'echo $n >/dev/shm/{mounts.COUNT}' USR1; "
          "while :; do n=$((n + 1)); sleep 0.05; done")
OURS = ("images", "state", "bundle", "log")
APPLETS = ["sh", "sleep", "mount", "umount", "unshare", "mkdir", "mv", "cat", "echo", "ln", "rm"]


SCENARIOS = []


def scenario(f):
    """
    Add a scenario to the table. Its doc string is its title. It is a generator: up to the first `yield`
    it makes sources and edits the bundle (c.config); between the first and the second the container
    runs and isn't dumped yet; after the second it is dumped and not restored yet. c.name is what a
    refusal has to name (/data by default); c.fresh lists the mountpoints that should be as the live
    config makes them anew; c.needs finds a runtime out that has made something else.
    """
    SCENARIOS.append(f)
    return f


class Refused(Exception):
    """A runtime said no, or didn't come to an end."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text


def sh(*args, **kw):
    subprocess.run(args, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **kw)


def cgroups():
    return {d for d, _, _ in os.walk("/sys/fs/cgroup")}


def files(*tops):
    """All paths below, to see what appeared or went."""
    return {os.path.join(d, n) for top in tops for d, dirs, names in os.walk(top) for n in dirs + names}


def remove_v2():
    """
    The v2 tree isn't mounted here, but CRIU reaches it, and each copy of it that stays would double the
    next.
    """
    top = WORK + "/v2"
    os.makedirs(top, exist_ok=True)
    sh("mount", "-t", "cgroup2", "cgroup2", top)
    for _ in range(20):
        made = sorted((d for d, _, _ in os.walk(top) if d != top), reverse=True)
        for d in made:
            subprocess.run(["rmdir", d], check=False, stderr=subprocess.DEVNULL)
        if not made:
            break
        time.sleep(0.05)
    sh("umount", top)
    if made:
        sys.exit(f"hack/compare: cgroups are left in v2's tree, and would double: {made}")


class Case:
    def __init__(self, runtime, name):
        self.runtime, self.id = runtime, name.replace("_", "-")
        self.dir = f"{WORK}/{runtime}.{name}"
        self.bundle, self.images = self.dir + "/bundle", self.dir + "/images"
        self.state = self.dir + "/state"
        self.rootfs, self.log = self.bundle + "/rootfs", self.dir + "/log"
        self.name = "/data"
        self.needs = None  # (mountpoint, field, text in it)
        self.needs_cgroups = False
        self.fresh = []
        self.mounts_before, self.cgroups_before = {r.id for r in mounts.read()}, cgroups()
        self.said = []
        self.make_bundle()

    # --- what scenarios use -----------------------------------------------------------------------

    def make_dir(self, name, **contents):
        """A directory of the host with a file `mark` and others; its path."""
        path = f"{self.dir}/{name}"
        os.makedirs(path, exist_ok=True)
        for file, text in {"mark": name, **contents}.items():
            self.make_file(f"{name}/{file}", text)
        return path

    def make_file(self, name, text="text\n"):
        path = f"{self.dir}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return path

    def bind(self, source, destination, *options, **more):
        self.config["mounts"].append({"destination": destination, "type": "bind", "source": source,
                                      "options": list(options) or ["rbind"], **more})

    def tmpfs(self, destination, *options):
        self.config["mounts"].append({"destination": destination, "type": "tmpfs", "source": "tmpfs",
                                      "options": list(options)})

    def entry(self, destination="/data"):
        """The config's mount there."""
        return next(m for m in self.config["mounts"] if m["destination"] == destination)

    def drop(self, destination="/data"):
        self.config["mounts"].remove(self.entry(destination))

    def host_tmpfs(self, path, **contents):
        os.makedirs(path, exist_ok=True)
        sh("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path)
        for name, text in contents.items():
            with open(f"{path}/{name}", "w") as f:
                f.write(text)
        return path

    def host_ext4(self, path):
        os.makedirs(path, exist_ok=True)
        sh("truncate", "-s", "4M", self.dir + "/disk")
        sh("mkfs.ext4", "-q", self.dir + "/disk")
        sh("mount", "-o", "loop", self.dir + "/disk", path)
        with open(path + "/mark", "w") as f:
            f.write("ext4")
        return path

    def inside(self, command):
        """Run a command of the container's busybox in it, with all capabilities."""
        sh("nsenter", "-t", str(self.pid), "-m", "-r", "-w", "/bin/sh", "-c", command)

    # --- the runtime ------------------------------------------------------------------------------

    def make_bundle(self):
        os.makedirs(WORK, exist_ok=True)
        sh("rm", "-rf", self.dir)
        for d in ["bin", "dev", "proc", "sys", "tmp", "data", "etc"]:
            os.makedirs(f"{self.rootfs}/{d}")
        os.makedirs(self.images)
        os.mkdir(self.state, 0o700)
        sh("cp", "/bin/busybox", self.rootfs + "/bin/busybox")
        for applet in APPLETS:
            os.symlink("busybox", f"{self.rootfs}/bin/{applet}")
        sh("runc", "spec", cwd=self.bundle)
        with open(self.bundle + "/config.json") as f:
            self.config = json.load(f)
        self.config["process"].update(terminal=False, args=["/bin/sh", "-c", SCRIPT])
        self.config["root"]["readonly"] = False
        self.drop("/sys/fs/cgroup")
        for masks in "maskedPaths", "readonlyPaths":
            self.config["linux"][masks] = []

    def write_config(self):
        with open(self.bundle + "/config.json", "w") as f:
            json.dump(self.config, f)

    def call(self, *args):
        """Run the runtime; what it said goes to self.said, and to Refused if it failed."""
        open(self.log, "w").close()
        p = subprocess.Popen([self.runtime, "--root", self.state, "--log", self.log, *args],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, cwd=self.bundle, start_new_session=True)
        try:
            status = p.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            raise Refused("it hangs") from None
        with open(self.log, errors="replace") as f:
            text = f.read().strip()
        self.said += [line for line in text.split("\n") if line]
        if status:
            raise Refused(text)
        return text

    def read_state(self, ident=None):
        p = subprocess.run([self.runtime, "--root", self.state, "state", ident or self.id],
                           capture_output=True, check=False, stdin=subprocess.DEVNULL)
        return json.loads(p.stdout) if p.returncode == 0 else {"status": "gone", "pid": 0}

    def start(self, ident):
        self.call("run", "-d", "--bundle", self.bundle, ident)
        return self.read_state(ident)["pid"]

    def ignore_cgroups(self):
        """
        The peers' own default copies the v2 tree that they are in at each restore. runc 1.1 knows no
        other. The test host's tree has but one cgroup; see remove_v2().
        """
        if self.runtime == "kedge" or self.needs_cgroups:
            return []
        help_text = subprocess.run([self.runtime, "restore", "--help"], capture_output=True, text=True,
                                   check=False, stdin=subprocess.DEVNULL).stdout
        knows = self.runtime == "crun" or "ignore" in help_text
        return ["--manage-cgroups-mode", "ignore"] if knows else []

    def checkpoint(self):
        self.call("checkpoint", "--image-path", self.images, "--work-path", self.images,
                  *self.ignore_cgroups(), self.id)

    def restore(self):
        self.call("restore", "-d", "--bundle", self.bundle, "--image-path", self.images,
                  "--work-path", self.images, *self.ignore_cgroups(), self.id)

    def count(self):
        """What the process has counted to, or -1 if it doesn't answer."""
        path = f"/proc/{self.pid}/root/dev/shm/{mounts.COUNT}"
        try:
            if os.path.exists(path):
                os.unlink(path)
            os.kill(self.pid, signal.SIGUSR1)
            for _ in range(40):
                time.sleep(0.05)
                if os.path.exists(path) and os.path.getsize(path):
                    with open(path) as f:
                        return int(f.read())
        except OSError:
            pass
        return -1

    # --- the play ---------------------------------------------------------------------------------

    def play(self, scenario):
        """(verdict, what the runtime said)"""
        act = scenario(self)  # a generator: bundle; yield; before the dump; yield; before the restore
        next(act)
        self.write_config()
        try:
            self.pid = self.start(self.id)
        except Refused:
            return "doesn't run at all", self.said
        time.sleep(0.15)
        next(act, None)
        before, counted = mounts.snapshot(self.pid), self.count()
        if self.needs and not self.is_made(before):
            return "can't make it", self.said
        try:
            self.checkpoint()
        except Refused as e:
            return self.judge_failed_dump(e, counted), self.said
        next(act, None)
        self.write_config()
        return self.judge_restore(before, counted), self.said

    def is_made(self, before):
        mountpoint, field, text = self.needs
        return mountpoint in before and text in before[mountpoint][-1][field]

    def judge_failed_dump(self, e, counted):
        if self.read_state()["status"] != "running" or self.count() < counted:
            return "fails at the dump, and the container is gone"
        if os.listdir(self.images):
            return "fails at the dump"
        return "refused" if self.name in e.text else f"refused without a name ({self.name})"

    def judge_restore(self, before, counted):
        seen = files(self.bundle, *self.sources()), {r.id for r in mounts.read()}, cgroups()
        images = files(self.images)
        try:
            self.restore()
        except Refused as e:
            return self.judge_failed_restore(e, seen, images)
        self.pid = self.read_state()["pid"]
        if self.count() < counted:
            return "WRONG: its memory is lost"
        return self.judge(before)

    def sources(self):
        return [d.path for d in os.scandir(self.dir) if d.name not in OURS and d.is_dir()]

    def judge_failed_restore(self, e, seen, images):
        left = []
        if os.path.exists(f"{self.state}/{self.id}"):
            left.append("state")
        if cgroups() - seen[2]:
            left.append("cgroups")
        if {r.id for r in mounts.read()} - seen[1]:
            left.append("mounts")
        if files(self.bundle, *self.sources()) - seen[0]:
            left.append("files")
        if left:
            return "fails at the restore, leaves " + ", ".join(left)
        if files(self.images) - images:
            return "fails at the restore"
        return "refused" if self.name in e.text else f"refused without a name ({self.name})"

    def judge(self, expected):
        after = mounts.snapshot(self.pid)
        if self.fresh:
            pid, self.pid = self.pid, self.start(self.id + "-fresh")
            time.sleep(0.1)
            live = mounts.snapshot(self.pid)
            for mountpoint in self.fresh:
                expected.pop(mountpoint, None)
                if mountpoint in live:
                    expected[mountpoint] = live[mountpoint]
            self.pid = pid
        found, details = mounts.differences(expected, after)
        self.said += details
        if not found:
            return "comes back"
        mountpoint, words = next(iter(found.items()))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"WRONG: {mountpoint!r} {', '.join(words)}".replace("'", "`") + more

    # --- afterwards -------------------------------------------------------------------------------

    def kill_all(self):
        """What still runs in this case's root or cgroups; all of it is ours."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                root = os.readlink(f"/proc/{pid}/root")
                with open(f"/proc/{pid}/cgroup") as f:
                    text = f.read()
                if root.startswith(self.dir) or f"/{self.id}" in text:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass

    def clean(self):
        for ident in self.id, self.id + "-fresh":
            try:
                self.call("delete", "--force", ident)
            except Refused:
                pass
        for d in cgroups() - self.cgroups_before:
            if os.path.exists(d + "/freezer.state"):
                with open(d + "/freezer.state", "w") as f:
                    f.write("THAWED")
        self.kill_all()
        time.sleep(0.05)
        for d in sorted(cgroups() - self.cgroups_before, reverse=True):
            subprocess.run(["rmdir", d], check=False, stderr=subprocess.DEVNULL)
        remove_v2()
        for row in reversed([r for r in mounts.read() if r.id not in self.mounts_before]):
            subprocess.run(["umount", "-l", row.mountpoint], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--one-file-system", self.dir], check=False)
