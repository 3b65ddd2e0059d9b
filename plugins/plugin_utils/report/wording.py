# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of the report's sentences: what was found in several cases, and names that others chose."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed

LONGEST_NAME = 80
"""Most characters that are shown of a node name that a node told of."""

_USUAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\Z")


def details(several: t.Iterable[str], most: int = 3) -> str:
    """What was found in several cases as one phrase; each may have commas of its own."""
    return listed((detail for detail in several if detail), "; ", "; ", most)


def node_name(name: str) -> str:
    """A node name that a node told of, as Erlang would write it; what is long is cut, and what is no printable ASCII is
    escaped, so that a name cannot pass for anything else.
    """
    shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "..."
    if _USUAL_NAME.match(shown):
        return shown
    return "'%s'" % shown.replace("\\", "\\\\").replace("'", "\\'").encode("unicode_escape").decode("ascii").replace("\\\\", "\\")


def clean(text: object) -> str:
    """Text without anything that a terminal would act upon: control characters are shown as escapes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in str(text))
