# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of site.yml with nothing to change, over a play of gather_facts and ping on the same hosts: four, or BEAM_BENCH_HOSTS of them."""

from __future__ import annotations

import os

from measure import CHECKOUT, compare, lab

BASE = str(CHECKOUT / "tests" / "bench" / "plain" / "ping.yml")


HOSTS = int(os.environ.get("BEAM_BENCH_HOSTS", "4"))


def main() -> None:
    lab("up", "--hosts", str(HOSTS))
    lab("play", "site")
    compare("noop", 3.0, ours=lambda: lab("play", "site"), theirs=lambda: lab("play", BASE), further=lambda: {"hosts": HOSTS})


if __name__ == "__main__":
    main()
