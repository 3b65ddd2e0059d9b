# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that somebody else wrote, as it may be shown on a terminal. Nothing here opens a file."""

from __future__ import annotations

import codecs


def harmless(text: str) -> str:
    """Return the text with all that is no printable character, line end or tab written as Erlang writes it (``\\x{1B}``).

    So no escape sequence reaches the terminal, nor a character that moves the cursor or changes the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(character if character in "\n\t" or character.isprintable() else "\\x{%X}" % ord(character) for character in text)


class Harmless:
    """The same for bytes that come in pieces: UTF-8, where bytes that are none are written as ``\\x1b``."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def __call__(self, piece: bytes, final: bool = False) -> bytes:
        """Return what of the piece can be shown by now; a character that is not whole waits, unless nothing follows."""
        return harmless(self._decoder.decode(piece, final)).encode("utf-8")
