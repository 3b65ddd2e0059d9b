# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of OTP, ERTS and applications, and their order.

Source: OTP "System Principles", chapter "Versions": numbers between dots, of which a missing one counts as zero, except that
versions that differ behind the third number may stem from different branches (``27.3.4.19`` is a patch to ``27.3.4``).
"""

from __future__ import annotations

import re
from functools import total_ordering

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)*)(?:[-+~](.+))?\Z")


@total_ordering
class Version:
    """A version such as ``27.3.4.19``, ``15.2.7`` or ``28.0-rc2``.

    ``numbers`` are its parts, ``suffix`` what follows a ``-``, ``+`` or ``~``. A release candidate (``-rc``) is lower than
    its release; any other suffix does not count. Raises ``ValueError`` for what is no version.
    """

    def __init__(self, text: str) -> None:
        match = _FORM.match(text.strip())
        if not match or len(text) > 200:
            raise ValueError(f"{text[:60]!r} is no version; one looks like 27.3.4.19")
        self.text = text.strip()
        self.numbers: tuple[int, ...] = tuple(int(number) for number in match.group(1).split("."))
        self.suffix: str = match.group(2) or ""

    @property
    def major(self) -> int:
        """The first number: of OTP the release."""
        return self.numbers[0]

    def _order(self) -> tuple[tuple[int, ...], int]:
        numbers = self.numbers
        while numbers and numbers[-1] == 0:
            numbers = numbers[:-1]
        candidate = re.match(r"rc([0-9]+)", self.suffix)
        return numbers, int(candidate.group(1)) if candidate else 1 << 30

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._order() == other._order()

    def __lt__(self, other: Version) -> bool:
        return self._order() < other._order()

    def __hash__(self) -> int:
        return hash(self._order())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


def highest(versions: list[str]) -> str | None:
    """The highest of ``versions``, or nothing where there is none. What is no version is passed over."""
    found = []
    for text in versions:
        try:
            found.append(Version(text))
        except ValueError:
            continue
    return str(max(found)) if found else None
