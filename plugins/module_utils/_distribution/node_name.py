# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of a node, ``NAME@HOST``, and its two parts: the one place where it is taken apart, or held to its parts. Pure."""

from __future__ import annotations

from typing import NamedTuple


class NodeName(NamedTuple):
    """The full name of a node, the part before the ``@``, and the host part."""

    node: str
    name: str
    host: str


def parsed(node: str) -> NodeName:
    """Return the parts of a full node name; of what is none, such as a name that a node told of, the host part may be empty."""
    name, _sign, host = node.partition("@")
    return NodeName(node, name, host)


def joined(node: str, name: str, host: str) -> NodeName:
    """Return a full node name with the parts that are known of it; raise ValueError if it is not made of them or is none."""
    if node != "%s@%s" % (name, host):
        raise ValueError("%r is not made of the name %r and the host part %r" % (node, name, host))
    return _valid(NodeName(node, name, host))


def checked(node: str) -> NodeName:
    """Return the parts of a full node name; raise ValueError, whose message says what is wrong with it."""
    return _valid(parsed(node))


def _valid(found: NodeName) -> NodeName:
    node = found.node
    if not found.name or not found.host or "@" in found.host:
        raise ValueError("%r is no node name; write NAME@HOST" % node)
    try:
        node.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError("the node name %r holds characters beyond Latin-1, which the distribution cannot carry" % node) from error
    return found
