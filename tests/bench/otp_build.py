# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A build of OTP by the role, over the bare ``./configure && make && make install`` of the same tree with the same options on the same host.

Both sides unpack the source first. Ours is all stages on the builder, packing included. Beside it: what a run takes on four bare hosts
with an empty cache and with a warm one, and how often OTP was compiled for them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys

from measure import CHECKOUT, compare, lab, lab_said

sys.path.insert(0, str(CHECKOUT / "tests"))
from lab import builds, hosts, sources
from lab.settings import CACHE, DEFAULT_SUITE, HOSTS, RUN

SUITE = os.environ.get("BEAM_BENCH_SUITE", DEFAULT_SUITE)
"""Whose OTP is built, on hosts of that suite."""

PLAYBOOK = str(CHECKOUT / "molecule" / "build" / "otp.yml")
ROUNDS = 1
"""A round takes ten minutes."""
STAGE = re.compile(r"^ +(unpack|patch|configure|compile|install|pack): ([0-9.]+)$", re.MULTILINE)
BARE = """
set -e
rm -rf /root/bare && mkdir /root/bare && cd /root/bare
tar --extract --strip-components=1 --file /root/source.tar.gz
export %(environment)s
[ -x configure ] || ./otp_build autoconf
./configure --prefix=/root/bare/installed %(options)s
make -j$(nproc)
make install
"""

figures: dict[str, object] = {}


def play(*options: str) -> tuple[float, str]:
    """Has OTP built, or at least installed; the seconds it took, and what was said."""
    variables = RUN / "otp_build.json"
    variables.write_text(json.dumps({**builds.variables(SUITE), "erlang_otp_cache": str(CACHE / "bench-otp")}))
    return lab_said("play", PLAYBOOK, "-v", "-e", "@%s" % variables, *options)


def empty_cache() -> None:
    """Forgets what was built."""
    for path in (CACHE / "bench-otp").glob("*.tar.gz*"):
        path.unlink()


def by_the_role() -> float:
    """Seconds of all stages of the build, in a run on four bare hosts."""
    empty_cache()
    lab("reset")
    seconds, said = play()
    figures["seconds_cold_run"] = round(seconds, 1)
    figures["compiles_for_%d_hosts" % len(HOSTS)] = said.count("compile done in")
    stages = {stage: float(found) for stage, found in STAGE.findall(said)}
    figures["seconds_by_stage"] = stages
    return sum(stages.values())


def bare() -> float:
    """Seconds of the bare build, on a host that has what it takes."""
    script = BARE % {
        "environment": " ".join("%s=%s" % (name, shlex.quote(value)) for name, value in builds.QUICK.items()),
        "options": " ".join(builds.options(SUITE)),
    }
    shutil.copyfile(sources.archive(SUITE), hosts.root(HOSTS[0]) / "root" / "source.tar.gz")
    lab(
        "ssh",
        HOSTS[0].name,
        "apt-get -q -y --no-install-recommends install autoconf gcc g++ libc6-dev libncurses-dev libssl-dev m4 make perl",
    )
    return lab("ssh", HOSTS[0].name, script)


def warm() -> dict[str, object]:
    """The figures beside the ratio, and those of a run on bare hosts with a warm cache."""
    lab("reset")
    figures["seconds_warm_run"] = round(play()[0], 1)
    return figures


def main() -> None:
    lab("up", "--suite", SUITE)
    sources.archive(SUITE)
    compare("otp_build", 1.03, ours=by_the_role, theirs=bare, rounds=ROUNDS, further=warm)


if __name__ == "__main__":
    main()
