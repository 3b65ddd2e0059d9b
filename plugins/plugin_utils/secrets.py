# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets kept out of what is shown: what a node said last may quote its configuration."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang import terms

SHORTEST = 4
"""Characters that a text has to have to be looked for; shorter ones are part of any text."""
INSTEAD = "********"


def texts(value: t.Any) -> Iterator[str]:
    """All texts in data, but for names of keys and atoms."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key != "$atom":
                yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def without(text: str, secrets: t.Any) -> str:
    """A text in which none of the texts in ``secrets`` is left, neither as it is nor as Erlang writes it."""
    forms: set[str] = set()
    for secret in texts(secrets):
        for form in {secret, *secret.splitlines()}:
            if len(form.strip()) >= SHORTEST:
                forms.update(_written(form.strip()))
    if not forms:
        return text
    return re.sub("|".join(map(_broken, sorted(forms, key=len, reverse=True))), INSTEAD, text)


def _written(text: str) -> Iterator[str]:
    """A text as it is, in a string, and as the list of its characters or bytes."""
    yield text
    yield terms.dumps(text)[1:-1]
    yield ",".join(str(ord(character)) for character in text)
    yield ",".join(map(str, text.encode("utf-8")))


def _broken(form: str) -> str:
    """A pattern for a text that may be broken into several lines, in each of which Erlang would put quotes around it."""
    return r'(?:"?\s*\n\s*"?)?'.join(re.escape(character) for character in form)
