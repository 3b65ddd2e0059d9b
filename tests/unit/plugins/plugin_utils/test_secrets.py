# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets

CONFIG = {"guard": {"db": {"password": 'hunter2 is"it', "key": {"$binary": "größe-ключ"}, "level": {"$atom": "info"}, "short": "abc"}}}
ENVIRONMENT = {"TOKEN": "line one\nline two", "PORT": 5432, "EMPTY": ""}


@pytest.mark.parametrize(
    "said",
    [
        'badmatch {error,"hunter2 is\\"it"}',
        'password hunter2 is"it was refused',
        '"hunter2 i"\n        "s\\"it"',
        '<<"größe-ключ"/utf8>>',
        "[103,114,246,223,101,45,1082,1083,1102,1095]",
        "<<103,114,195,182,195,159,101,45,208,186,208,187,209,142,209,135>>",
        "see line one here",
        "line one\nline two",
    ],
)
def test_no_form_of_a_secret_is_left(said):
    left = secrets.without("before %s after" % said, [CONFIG, ENVIRONMENT])
    assert "hunter2" not in left and "größe" not in left and "246" not in left and "195,182" not in left and "line" not in left
    assert left.startswith("before ") and left.endswith(" after") and secrets.INSTEAD in left


def test_what_is_no_secret_stays():
    said = "info: abc 5432 guard db password level"
    assert secrets.without(said, [CONFIG, ENVIRONMENT]) == said
    assert secrets.without(said, [{}, {}]) == said


def test_a_long_secret_is_found_in_pieces():
    key = "".join(chr(97 + number % 26) for number in range(5000))
    assert secrets.without("before %s after" % key, [key]).replace(secrets.INSTEAD, "") == "before  after"
    assert "abcdefgh" not in secrets.without(key[:1000], [key])[:900]
