# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparisons with a real Erlang. These tests run where ``erl`` is on the path."""

from __future__ import annotations

import shutil

collect_ignore_glob = [] if shutil.which("erl") else ["test_*.py"]
