# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a linked program is protected by, read from its bytes.

Sources: System V ABI, "Object Files" and "Program Loading and Dynamic Linking" (ELF header, program headers, dynamic section);
ld(1), ``-z relro``, ``-z now``; gcc(1), ``-fstack-protector-strong``, ``-pie``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_DYNAMIC, _RELRO, _SHARED = 2, 0x6474E552, 3
_BIND_NOW, _FLAGS, _FLAGS_1 = 24, 30, 0x6FFFFFFB
_MOST_HEADERS = 64


def hardening(data: bytes) -> dict[str, bool]:
    """Whether a program is position independent, has read-only relocations that are all bound at its start, and a guarded stack.

    What is no 64-bit little-endian ELF program has nothing of it, as far as this can tell.
    """
    found = {"pie": False, "relro": False, "bind_now": False, "stack_protector": b"__stack_chk_fail" in data}
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < 64:
        return found
    found["pie"] = struct.unpack_from("<H", data, 16)[0] == _SHARED
    offset, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    for number in range(min(count, _MOST_HEADERS)):
        at = offset + number * size
        if at + 56 > len(data):
            break
        kind = struct.unpack_from("<I", data, at)[0]
        found["relro"] = found["relro"] or kind == _RELRO
        if kind == _DYNAMIC:
            place, length = struct.unpack_from("<Q", data, at + 8)[0], struct.unpack_from("<Q", data, at + 32)[0]
            found["bind_now"] = any(_now(tag, value) for tag, value in _entries(data, place, length))
    return found


def _now(tag: int, value: int) -> bool:
    return tag == _BIND_NOW or (tag == _FLAGS and value & 8 != 0) or (tag == _FLAGS_1 and value & 1 != 0)


def _entries(data: bytes, place: int, length: int) -> Iterator[tuple[int, int]]:
    for at in range(place, min(place + length, len(data) - 15), 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == 0:
            return
        yield tag, value
