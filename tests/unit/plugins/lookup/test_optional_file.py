# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that need not be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.beam.tls_distribution.plugins.lookup.optional_file import LookupModule


def test_what_is_there_is_read_and_ends_with_one_newline(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN\n\n")
    assert LookupModule().run([str(tmp_path / "ca.pem"), str(tmp_path / "missing")]) == ["-----BEGIN\n"]


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"\xff")
    with pytest.raises(AnsibleError, match="cannot be read"):
        LookupModule().run([str(tmp_path / "ca.pem")])
