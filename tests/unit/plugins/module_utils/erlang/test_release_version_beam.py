# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases, versions and compiled modules."""

from __future__ import annotations

import gzip
import struct

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import beam, etf_encoder, release, version
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import (
    Application,
    Release,
    ReleaseError,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.version import Version
from hypothesis import given, settings
from hypothesis import strategies as st


def test_versions_in_order():
    texts = ["25.2.3", "27", "27.3.4.1", "27.3.4.19", "28.0-rc2", "28.0-rc10", "28", "28.0.1+dfsg", "29.1.2"]
    assert [str(item) for item in sorted(map(Version, reversed(texts)))] == texts
    assert Version("27.0") == Version("27")
    assert hash(Version("27.0")) == hash(Version("27"))
    assert Version("27") != "27"
    assert (Version("15.2.7").major, Version("28-rc1").suffix, repr(Version("1"))) == (15, "rc1", "Version('1')")


@pytest.mark.parametrize("text", ["", "R11B-5", "27.", "1..2", "x", "9" * 300])
def test_no_versions(text):
    with pytest.raises(ValueError, match="no version"):
        Version(text)


def test_the_highest():
    assert version.highest(["9.1", "10.0", "R16"]) == "10.0"
    assert version.highest(["R16"]) is None


KNOWN = {
    name: Application(name, "1." + str(index), needs, (), ("gone",))
    for index, (name, needs) in enumerate(
        {
            "kernel": (),
            "stdlib": ("kernel",),
            "crypto": ("kernel", "stdlib"),
            "asn1": ("kernel", "stdlib"),
            "public_key": ("asn1", "crypto", "kernel", "stdlib"),
            "ssl": ("crypto", "public_key", "gone", "kernel", "stdlib"),
            "mnesia": ("stdlib", "kernel"),
            "left": ("right",),
            "right": ("left",),
            "broken": ("missing",),
        }.items()
    )
}


def test_the_boot_release_is_what_tls_needs_and_what_is_wanted():
    made = release.start_ssl_clean("15.2", KNOWN, ["mnesia"])
    assert [name for name, dummy in made.applications] == [
        "kernel",
        "stdlib",
        "crypto",
        "asn1",
        "public_key",
        "ssl",
        "mnesia",
    ]
    assert made.applications[6] == ("mnesia", KNOWN["mnesia"].version)
    assert release.read_rel(release.rel_text(made)) == made


def test_applications_that_cannot_start():
    with pytest.raises(ReleaseError, match="missing, which broken needs, is not installed"):
        release.closure(["broken"], KNOWN)
    with pytest.raises(ReleaseError, match="left -> right -> left"):
        release.closure(["left"], KNOWN)


def test_resource_files():
    text = (
        '%% x\n{application, ssl, [{vsn, "11.2"}, {applications, [kernel, crypto]}, {included_applications, [a]},\n'
        " {optional_applications, [b]}, {mod, {ssl_app, []}}]}.\n"
    )
    assert release.read_app(text) == Application("ssl", "11.2", ("kernel", "crypto"), ("a",), ("b",))
    rel = '{release, {"guard", "1.0.0"}, {erts, "13.1"}, [{kernel, "8"}, {sasl, "4", load}, {guard, "1.0.0", permanent, []}]}.'
    assert release.read_rel(rel) == Release(
        "guard", "1.0.0", "13.1", (("kernel", "8"), ("sasl", "4"), ("guard", "1.0.0")), {"sasl": "load"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{release, x}.",
        "[a].",
        "{other, a, []}.",
        '{other, {"a", "1"}, {erts, "1"}, []}.',
        "{application, a, [x]}.",
    ],
)
def test_no_resource_files(text):
    for read in (release.read_app, release.read_rel):
        with pytest.raises(ReleaseError):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        '{application, "a", []}.',
        "{application, a, [{vsn, 1}]}.",
        "{application, a, [{applications, x}]}.",
        "{application, a, [{vsn, x}]}.",
    ],
)
def test_wrong_parts_of_an_application(text):
    with pytest.raises(ReleaseError, match="not readable"):
        release.read_app(text)


def module(*found: tuple[bytes, bytes]) -> bytes:
    """A compiled module of these chunks."""
    body = b"BEAM" + b"".join(name + struct.pack(">I", len(data)) + data + bytes(-len(data) % 4) for name, data in found)
    return b"FOR1" + struct.pack(">I", len(body)) + body


ATOMS = (b"AtU8", struct.pack(">I", 1) + b"\x0dinet_tls_dist")
ATTRIBUTES = (
    b"Attr",
    etf_encoder.encode(
        [
            (Atom("vsn"), [1]),
            (Atom("inet_ssl_port"), [Atom("true")]),
            (Atom("behaviour"), [Atom("a")]),
            (Atom("behaviour"), [Atom("b")]),
        ]
    ),
)


def test_module_and_attributes():
    data = module(ATOMS, ATTRIBUTES)
    read = beam.Beam("inet_tls_dist", {"vsn": [1], "inet_ssl_port": [Atom("true")], "behaviour": [Atom("a"), Atom("b")]})
    assert beam.read(data) == read
    assert beam.read(gzip.compress(data)) == read
    assert beam.read(module(ATOMS)).attributes == {}
    assert beam.read(module((b"Atom", struct.pack(">I", 1) + b"\x01m"))).module == "m"
    assert beam.read(module((b"AtU8", struct.pack(">i", -1) + b"\x10m"))).module == "m"
    assert beam.read(module((b"AtU8", struct.pack(">i", -1) + b"\x08\x11" + b"m" * 17))).module == "m" * 17


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no compiled"),
        (b"FOR1\x00\x00\x00\x04WAVE", "no compiled"),
        (b"FOR1\xff\x00\x00\x04BEAM", "cut short"),
        (b"FOR1\x00\x00\x00\x0cBEAMAttr\xff\xff\xff\xff", "longer"),
        (module(ATOMS, (b"Attr", b"x")), "attributes"),
        (module(ATOMS, (b"Attr", etf_encoder.encode([1]))), "attributes"),
        (module(ATTRIBUTES), "atoms"),
        (module((b"AtU8", b"\x00")), "atoms"),
        (module((b"AtU8", b"\x00\x00\x00\x01\x05abc")), "atoms"),
        (module((b"AtU8", b"\xff\xff\xff\xff\x18abc")), "too long"),
        (gzip.compress(module(ATOMS))[:-9], "cut short"),
        (b"\x1f\x8bxxxx", "unpack"),
        (gzip.compress(bytes(beam.MAX_SIZE + 1)), "larger"),
    ],
)
def test_no_modules(data, message):
    with pytest.raises(beam.BeamError, match=message):
        beam.read(data)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_modules_end_in_a_module_or_a_beam_error(draw):
    data = bytearray(module(ATOMS, ATTRIBUTES))
    for _flip in range(3):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        beam.read(bytes(data))
    except beam.BeamError as error:
        assert str(error)
