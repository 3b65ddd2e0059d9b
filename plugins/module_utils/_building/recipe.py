# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an OTP is made from, the name that stands for it, and the manifest that is kept with the result.

In a topology, ``otp`` of a node says where its OTP comes from:

``{"source": "package"}``
    the distribution's packages
``{"source": "archive", "version": ..., "archive": {"path", "sha256"}}``
    an OTP that somebody else built
``{"source": "build", "version": ..., "archive": {"path", "sha256"}, "patches": [{"name", "path", "sha256"}], "options": [...], "environment": {...}}``
    the recipe of an OTP that is built: the archive of its source, what is applied to it in that order, the arguments of configure,
    and the environment of configure and make; beside these stand ``builder``, the inventory name of the host that builds, and ``build_packages``, the
    packages that the user names for that (None if not), which are no part of the recipe
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FORMAT = 1
"""Raised when the same recipe is to be built in another way, so that no result of the old way is taken for one of the new."""

MANIFEST = "manifest.json"
"""The manifest's name in the root of an OTP that was built."""

_DIGITS = 12
PLATFORM = ("id", "version_id", "architecture")
"""What a result depends on of the host that it was built on."""


def directory_name(otp: Mapping[str, Any], platform: Mapping[str, Any]) -> str:
    """The name, ``VERSION-KEY``, of what ``otp`` gives on a platform (``id``, ``version_id``, ``architecture``).

    The same name means the same content: it depends on digests, and neither on paths nor on time.
    """
    return "%s-%s" % (otp["version"], _key(otp, platform)[:_DIGITS])


def _key(otp: Mapping[str, Any], platform: Mapping[str, Any]) -> str:
    if otp["source"] == "archive":
        return str(otp["archive"]["sha256"])
    content = json.dumps([FORMAT, _recipe(otp), [platform[name] for name in PLATFORM]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _recipe(otp: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": {"sha256": otp["archive"]["sha256"]},
        "patches": [{"name": patch["name"], "sha256": patch["sha256"]} for patch in otp["patches"]],
        "options": list(otp["options"]),
        "environment": dict(otp["environment"]),
    }


def manifest(otp: Mapping[str, Any], platform: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The text of the manifest of what was built; ``found`` is what the result was seen to be (``version``, ``crypto_library``, ...).

    It holds nothing that differs from one build of a recipe to the next.
    """
    content = {"format": FORMAT, **_recipe(otp), "platform": {name: platform[name] for name in PLATFORM}, **found}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"
