# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypothesis strategies for Erlang terms."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    BitString,
    Export,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
)
from hypothesis import strategies as st

U32 = st.integers(0, (1 << 32) - 1)
UNICODE = st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff")
ATOMS = st.one_of(
    st.sampled_from(["ok", "true", "undefined", "if", "fun", "A", "", "a b", "it's", "guard@alpha", "åäö", "日本", "\n", "$atom"]),
    st.text(UNICODE, max_size=12),
).map(Atom)
BIT_STRINGS = st.tuples(st.binary(min_size=1, max_size=8), st.integers(1, 7)).map(
    lambda pair: BitString(pair[0][:-1] + bytes((pair[0][-1] >> (8 - pair[1]) << (8 - pair[1]),)), pair[1])
)
TEXTUAL = st.one_of(
    ATOMS,
    st.integers(),
    st.integers(-(1 << 2100), 1 << 2100),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(UNICODE, max_size=20),
    st.binary(max_size=20),
    st.text(UNICODE, max_size=10).map(lambda text: text.encode("utf-8")),
    BIT_STRINGS,
    st.builds(Export, ATOMS, ATOMS, st.integers(0, 255)),
)
OPAQUE = st.one_of(
    st.builds(Pid, ATOMS, U32, U32, U32),
    st.builds(Port, ATOMS, st.integers(0, (1 << 64) - 1), U32),
    st.builds(Reference, ATOMS, U32, st.lists(U32, min_size=1, max_size=5).map(tuple)),
)


def nested(leaves: st.SearchStrategy) -> st.SearchStrategy:
    """Terms of any kind with these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=5),
            st.lists(inner, max_size=5).map(tuple),
            st.lists(st.tuples(ATOMS, inner), max_size=4),
            st.lists(st.tuples(inner, inner), max_size=4).map(Map),
            st.builds(ImproperList, st.lists(inner, min_size=1, max_size=4).map(tuple), ATOMS),
        ),
        max_leaves=12,
    )


TEXT_TERMS = nested(TEXTUAL)
TERMS = nested(st.one_of(TEXTUAL, OPAQUE))
