# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of OTP's configure that name applications. Source: OTP "Building and Installing Erlang/OTP" (``--with-APP``, ``--without-APP``)."""

from __future__ import annotations

from collections.abc import Iterable

_SWITCHES = frozenset(["javac", "dynamic-trace", "microstate-accounting", "libatomic_ops", "termcap", "clock-resolution"])


def asked_for(options: Iterable[str]) -> list[str]:
    """The applications that arguments of configure ask for by name (``--with-odbc``, ``--with-ssl=PATH``)."""
    names = [option[len("--with-") :].split("=")[0] for option in options if option.startswith("--with-")]
    return [name for name in names if name not in _SWITCHES and not name.startswith("ssl-")]


def left_out(options: Iterable[str]) -> list[str]:
    """The applications that arguments of configure leave out by name (``--without-odbc``)."""
    return [option[len("--without-") :] for option in options if option.startswith("--without-")]
