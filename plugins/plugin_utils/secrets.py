# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets kept out of what is shown: what a node said last may quote its configuration."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import term_writer

SHORTEST = 4
"""Characters that a text has to have to be looked for; shorter ones are part of any text."""
LONGEST = 100
"""Characters of which a pattern is made; longer lines are looked for in pieces of about that length."""
INSTEAD = "********"
VARIABLES = {"cookie": "erlang_cluster_cookie", "ca_passphrase": "erlang_certs_ca_passphrase"}
"""Where the user gives a secret, by the name of the file that it lies in otherwise (``layout.cluster``)."""


def given(templar: t.Any, variables: Mapping[str, t.Any], name: str) -> str:
    """What the user gives in a variable of a host, empty if nothing; ``variables`` are those of the task, not templated."""
    value = variables.get(name)
    return str(templar.template(value) or "") if value else ""


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
        for line in secret.splitlines():
            for piece in _pieces(line.strip()):
                forms.update(_written(piece))
    if not forms:
        return text
    return re.sub("|".join(map(_broken, sorted(forms, key=len, reverse=True))), INSTEAD, text)


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces of some length, of which each is looked for by itself; nothing of one that is too short."""
    count = max(1, len(line) // LONGEST)
    size = -(-len(line) // count)
    if len(line) >= SHORTEST:
        pieces = [line[start : start + size] for start in range(0, len(line), size)]
        yield from (piece for piece in pieces if piece.strip())


def _written(text: str) -> Iterator[str]:
    """A text as it is, in a string, and as the list of its characters or bytes."""
    yield text
    yield term_writer.dumps(text)[1:-1]
    yield ",".join(str(ord(character)) for character in text)
    yield ",".join(map(str, text.encode("utf-8")))


def _broken(form: str) -> str:
    """A pattern for a text that may be broken into several lines, in each of which Erlang would put quotes around it."""
    return r'(?:"?\s*\n\s*"?)?'.join(re.escape(character) for character in form)
