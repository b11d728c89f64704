# SPDX-License-Identifier: Apache-2.0
"""hack/compare's part in the test host: run the scenarios, print the table."""

import argparse
import platform
import re
import subprocess
import sys

import scenarios_mounts  # noqa: F401
import scenarios_changes  # noqa: F401
from case import SCENARIOS, Case

RUNTIMES = ["kedge", "runc", "crun"]
LEGEND = """
- **comes back**: tree, file systems, flags, propagation, contents, writability and memory as before
- **refused**: by the mount's name, before anything was frozen or made
- **fails**: CRIU had begun, or something is left behind
- **WRONG**: restored without an error, but different; the first difference is named
- **can't make it**: the runtime doesn't give a container such a mount in the first place
"""


def version(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return " ".join(re.sub(r"(?i)version:?", "", text.split("\n")[0]).split())


def parse_args():
    p = argparse.ArgumentParser(prog="hack/compare")
    p.add_argument("--runtime", choices=RUNTIMES, action="append")
    p.add_argument("--list", action="store_true", help="print the scenarios' titles")
    p.add_argument("-v", action="store_true", dest="verbose")
    p.add_argument("regex", nargs="?", default="")
    return p.parse_args()


def run_case(runtime, scenario, args):
    case = Case(runtime, scenario.__name__)
    try:
        verdict, said = case.play(scenario)
    except (OSError, subprocess.CalledProcessError) as e:
        verdict, said = "the scenario itself fails", [str(e)]
    finally:
        case.clean()
    if args.verbose:
        print(f"{runtime}: {scenario.__doc__}: {verdict}", *said, sep="\n    ", file=sys.stderr,
              flush=True)
    return verdict


def main():
    args = parse_args()
    chosen = [s for s in SCENARIOS if re.search(args.regex, s.__doc__)]
    if args.list:
        print(*(s.__doc__ for s in chosen), sep="\n")
        return
    runtimes = args.runtime or RUNTIMES
    good = dict.fromkeys(runtimes, 0)
    print(", ".join(map(version, runtimes)) + f", CRIU {version('criu')}, Linux {platform.release()}")
    print(LEGEND)
    print("| scenario |", " | ".join(runtimes), "|")
    print("|---" * (len(runtimes) + 1) + "|")
    for scenario in chosen:
        verdicts = []
        for runtime in runtimes:
            verdicts.append(run_case(runtime, scenario, args))
            good[runtime] += verdicts[-1] in ("comes back", "refused")
        print("|", scenario.__doc__.replace("|", "\\|"), "|", " | ".join(verdicts), "|", flush=True)
    print("| **comes back or is refused by name before anything changed** |",
          " | ".join(f"**{good[r]} of {len(chosen)}**" for r in runtimes), "|")


main()
