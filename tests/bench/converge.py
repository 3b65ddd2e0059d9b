# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A first run on hosts that have OTP, over the same outcome by a plain playbook."""

from __future__ import annotations

from measure import CHECKOUT, compare, lab

PLAIN = str(CHECKOUT / "tests" / "bench" / "plain" / "site.yml")


def after_reset(playbook: str) -> float:
    """Seconds that the playbook takes on hosts that were made anew."""
    lab("down")
    lab("up", "--with-otp")
    lab("open")
    return lab("play", playbook)


def main() -> None:
    compare("converge", 0.5, ours=lambda: after_reset("site"), theirs=lambda: after_reset(PLAIN))


if __name__ == "__main__":
    main()
