# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

SHOWN = "LoadState=loaded\nExecStart={ path=/bin/x ; argv[]=/bin/x a=b }\n\nLoadState=not-found\n"


def test_properties_of_units_in_the_order_in_which_they_were_asked_for() -> None:
    assert systemd.properties_by_unit(["a.service", "b.service"], SHOWN) == {
        "a.service": {"LoadState": "loaded", "ExecStart": "{ path=/bin/x ; argv[]=/bin/x a=b }"},
        "b.service": {"LoadState": "not-found"},
    }


def test_what_is_no_property_is_passed_over() -> None:
    assert systemd.properties("a warning\nResult=success\n") == {"Result": "success"}
    assert systemd.properties("") == {}
