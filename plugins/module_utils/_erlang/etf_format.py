# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the external term format is made of: its version, its tags, and its error.

Source: ERTS User's Guide, "External Term Format".
"""

from __future__ import annotations

VERSION = 131
"""The byte every term in external format begins with."""

DISTRIBUTION_HEADER, COMPRESSED = 68, 80
NEW_FLOAT, BIT_BINARY, ATOM_CACHE_REF = 70, 77, 82
NEW_PID, NEW_PORT, NEWER_REFERENCE = 88, 89, 90
SMALL_INTEGER, INTEGER, FLOAT, ATOM, REFERENCE, PORT, PID = 97, 98, 99, 100, 101, 102, 103
SMALL_TUPLE, LARGE_TUPLE, NIL, STRING, LIST, BINARY, SMALL_BIG, LARGE_BIG = 104, 105, 106, 107, 108, 109, 110, 111
NEW_FUN, EXPORT, NEW_REFERENCE, SMALL_ATOM, MAP = 112, 113, 114, 115, 116
ATOM_UTF8, SMALL_ATOM_UTF8, V4_PORT = 118, 119, 120


class EtfError(ValueError):
    """Bytes that are no term in external format, or a value that has none. The message says where and why."""
