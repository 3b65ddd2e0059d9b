# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a page."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.page import SCRIPT, STYLE, page
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import Mesh

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


class Reader(HTMLParser):
    """Elements, their attributes, and whether every one is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _attributes in self.found)


@pytest.mark.parametrize("count", [1, 2, 4, 24, 64])
def test_well_formed_and_self_contained(count):
    mesh = Mesh(count)
    if count > 1:
        mesh.fail(mesh.names[0], mesh.names[1])
    text = page(mesh.build())
    read = Reader(text)
    assert not read.open
    for _tag, attributes in read.found:
        assert not {"src", "srcset", "style", "xlink:href"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"@import|url\(", STYLE)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|innerHTML|\bimport\b", SCRIPT)
    rows = [attributes for tag, attributes in read.found if tag == "tr" and attributes.get("data-from")]
    assert len(rows) == count * (count - 1)


def test_a_hostile_answer_stays_text():
    mesh = Mesh()
    mesh.edge("alpha", "bravo").update(certificate_subject=HOSTILE, certificate_days_left=3.0, cipher=HOSTILE, tls_version=HOSTILE)
    mesh.fail("alpha", "carol", {"id": HOSTILE, "cause": HOSTILE, "remedy": HOSTILE}, HOSTILE)
    mesh.answers["alpha"]["walls"][0].update(held=False, detail=HOSTILE, wall=HOSTILE)
    mesh.answers["bravo"]["running"].update(otp_release=HOSTILE)
    clean = Reader(page(Mesh().build()))
    read = Reader(page(mesh.build()))
    assert not read.open
    assert read.count("script") == clean.count("script") == 1
    assert read.count("img") == 0
    assert HOSTILE in read.text
    assert not [name for _tag, attributes in read.found for name in attributes if name.startswith("on")]


def test_the_policy_lets_only_the_pages_own_script_run():
    text = page(Mesh().build())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src 'none'" in html.unescape(policy.group(1))
    assert "unsafe" not in policy.group(1)


@pytest.mark.parametrize("count", [2, 4, 16, 17, 64])
def test_every_edge_that_is_bad_is_drawn_and_every_node_too(count):
    mesh = Mesh(count)
    mesh.fail(mesh.names[1], mesh.names[0])
    found = Reader(page(mesh.build())).found
    drawn = [attributes for tag, attributes in found if tag == "g" and attributes.get("data-from")]
    bad = [edge for edge in drawn if edge["class"] == "edge failed"]
    assert [(edge["data-from"], edge["data-to"]) for edge in bad] == [(mesh.names[1], mesh.names[0])]
    nodes = [attributes["data-node"] for tag, attributes in found if tag == "g" and attributes.get("data-node")]
    assert nodes == mesh.names


def test_what_is_wrong_comes_first_without_a_script():
    mesh = Mesh()
    mesh.fail("dave", "carol")
    del mesh.answers["bravo"]
    found = Reader(page(mesh.build())).found
    rows = [attributes["class"] for tag, attributes in found if tag == "tr" and attributes.get("class")]
    assert rows[:4] == ["no-answer", "up", "up", "up"]
    assert rows[4:8] == ["no-answer"] * 3 + ["failed"] and set(rows[8:]) == {"ok"}
    assert [tag for tag, attributes in found if "hidden" in attributes] == ["button", "form"]


def test_states_are_told_apart_by_more_than_colour():
    mesh = Mesh()
    mesh.fail("alpha", "bravo")
    del mesh.answers["dave"]
    text = page(mesh.build())
    assert "alpha → bravo: failed: tls" in text
    assert "dave → alpha: no answer" in text
    assert ">×</text>" in text and ">?</text>" in text
