# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML elements whose content is escaped unless it is an element itself."""

from __future__ import annotations

import html
import typing as t


class Element(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        """Itself: what tells a template that nothing is to be escaped."""
        return self


Child = t.Union[str, int, float, None]

_VOID = frozenset(["meta", "col", "br"])


def element(name: str, attributes: t.Mapping[str, Child] | None = None, *children: Child) -> Element:
    """An element; an attribute that is None is left out, and so is such a child."""
    pairs = [(key, value) for key, value in (attributes or {}).items() if value is not None]
    shown = "".join(' %s="%s"' % (key, html.escape(visible(str(value)), quote=True)) for key, value in pairs)
    inside = join(*children)
    return Element("<%s%s>" % (name, shown) if name in _VOID else "<%s%s>%s</%s>" % (name, shown, inside, name))


def join(*children: Child) -> Element:
    """Children one after the other, escaped where they are plain text."""
    return Element(
        "".join(child if isinstance(child, Element) else html.escape(visible(str(child))) for child in children if child is not None)
    )


def visible(text: str) -> str:
    """Text in which control characters and marks that turn the direction of writing show as escapes."""
    return "".join(letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode("ascii") for letter in text)
