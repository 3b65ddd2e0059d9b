# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the account of a host's nodes is what it has to be: no password, no login, no further groups, no other rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def state(survey: Mapping[str, Any], name: str, home: str, shell: str) -> dict[str, Any]:
    """``right``: whether the account is as wanted; ``brings_group``: whether its group comes with it when it is made; ``sudo``: what lets it
    become another account; ``harmless``: whether nothing does; ``makes_group``: whether the group has to be made.

    Source: useradd(8), USERGROUPS_ENAB.
    """
    found = survey["account"]
    brings_group = bool(survey["platform"]["user_groups"] and not found["exists"] and not found["own_group"])
    return {
        "right": bool(
            found["exists"]
            and (found["group"], found["home"], found["shell"]) == (name, home, shell)
            and found["locked"]
            and not found["groups"]
            and not found["sudo"]
        ),
        "brings_group": brings_group,
        "makes_group": not brings_group,
        "harmless": not found["sudo"],
        "sudo": list(found["sudo"]),
    }
