# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation of the CA, each phase proven on all nodes, over one verification of the same hosts: four, or BEAM_BENCH_HOSTS of them."""

from __future__ import annotations

import os

from measure import compare, lab

HOSTS = int(os.environ.get("BEAM_BENCH_HOSTS", "4"))
GOAL = 4.0


def main() -> None:
    lab("up", "--hosts", str(HOSTS))
    lab("play", "site")
    compare("rotate", GOAL, ours=lambda: lab("play", "rotate_ca"), theirs=lambda: lab("play", "verify"), further=lambda: {"hosts": HOSTS})


if __name__ == "__main__":
    main()
