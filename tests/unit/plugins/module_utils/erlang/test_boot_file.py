# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import boot_file, etf_decoder, etf_encoder
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

KERNEL = (Atom("progress"), Atom("kernel_load_completed"))
COMMANDS = [
    (Atom("progress"), Atom("preloaded")),
    (Atom("path"), ["$ROOT/lib/kernel-10.2.7/ebin"]),
    (Atom("primLoad"), [Atom("code")]),
    (Atom("kernel_load_completed"),),
    KERNEL,
    (Atom("path"), ["$RELEASE_LIB/shop-1/ebin", "$ROOT/lib/kernel-10.2.7/ebin"]),
    (Atom("progress"), Atom("started")),
]
BOOT = etf_encoder.encode((Atom("script"), ("shop", "1"), COMMANDS))


def test_modules_are_loaded_right_behind_the_kernel_and_nothing_else_changes() -> None:
    tag, name, commands = etf_decoder.decode_whole(boot_file.with_modules(BOOT, "/ebin", ["beam_tls_epmd"]))
    place = commands.index(KERNEL) + 1
    assert (tag, name) == (Atom("script"), ("shop", "1"))
    assert commands[place : place + 2] == [(Atom("path"), ["/ebin"]), (Atom("primLoad"), [Atom("beam_tls_epmd")])]
    assert commands[:place] + commands[place + 2 :] == COMMANDS


def test_directories_are_named_once() -> None:
    assert boot_file.directories(BOOT) == ["$ROOT/lib/kernel-10.2.7/ebin", "$RELEASE_LIB/shop-1/ebin"]


@pytest.mark.parametrize("content", [b"", b"no boot file", etf_encoder.encode([1]), etf_encoder.encode((Atom("script"), 1, [1]))])
def test_what_is_no_boot_file_is_refused(content: bytes) -> None:
    with pytest.raises(boot_file.BootFileError, match="is no boot file"):
        boot_file.with_modules(content, "/ebin", ["x"])


def test_a_boot_file_without_a_kernel_is_refused() -> None:
    content = etf_encoder.encode((Atom("script"), ("shop", "1"), COMMANDS[:3]))
    with pytest.raises(boot_file.BootFileError, match="when the kernel is loaded"):
        boot_file.with_modules(content, "/ebin", ["x"])
