# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several roles ask of a host, as one set of questions. Nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class QuestionError(ValueError):
    """Questions that cannot be asked together; the sentence says which."""


def merged(known: Iterable[str], questions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The questions of all, in one mapping; None for what nobody asks.

    ``known`` are the names of questions. Of lists each item is asked once, mappings are joined, and a text or what a name of a mapping
    means has to be the same for all who ask it; None asks nothing. Raises :class:`QuestionError`.
    """
    names = frozenset(known)
    asked: dict[str, Any] = dict.fromkeys(names)
    for question in questions:
        for name, value in question.items():
            if name not in names:
                raise QuestionError("there is no question '%s'; there are %s" % (name, ", ".join(sorted(names))))
            if value is not None:
                asked[name] = _joined(name, asked[name], value)
    return asked


def _joined(name: str, before: Any, value: Any) -> Any:
    if before is None:
        return value
    if isinstance(before, list) and isinstance(value, list):
        return [*before, *(item for item in value if item not in before)]
    if isinstance(before, dict) and isinstance(value, dict):
        for key in before.keys() & value.keys():
            if before[key] != value[key]:
                raise QuestionError("two roles mean different things by '%s' of the question '%s'" % (key, name))
        return {**before, **value}
    if before != value:
        raise QuestionError("the question '%s' is asked with %r and with %r" % (name, before, value))
    return before
