# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms as plain data, both ways."""

from __future__ import annotations

import json

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_encoder, tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    MAX_DEPTH,
    Atom,
    BitString,
    Export,
    Fun,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
    TermError,
    identity,
)
from erlang_strategies import TERMS
from hypothesis import given, settings
from hypothesis import strategies as st

TAGGED = [
    (True, Atom("true")),
    (None, Atom("undefined")),
    (5, 5),
    (1 << 70, 1 << 70),
    pytest.param({"$integer": "-16#1" + "0" * 4000}, -(1 << 16000), id="long"),
    (1.5, 1.5),
    ("text", "text"),
    ([1, "a"], [1, "a"]),
    ({}, []),
    ({"kernel": {"a": 1}}, [(Atom("kernel"), [(Atom("a"), 1)])]),
    ({"$atom": "x"}, Atom("x")),
    ({"$tuple": [1, {"$tuple": []}]}, (1, ())),
    ({"$binary": "å"}, "å".encode()),
    ({"$base64": "AP8="}, b"\x00\xff"),
    ({"$map": [["k", 1], [{"$atom": "a"}, [2]]]}, Map([("k", 1), (Atom("a"), [2])])),
    ({"$bits": ["oA==", 3]}, BitString(b"\xa0", 3)),
    ({"$improper": [[1], 2]}, ImproperList((1,), 2)),
    ({"$pid": ["guard@alpha", 93, 0, 7]}, Pid(Atom("guard@alpha"), 93, 0, 7)),
    ({"$port": ["n", 1 << 40, 7]}, Port(Atom("n"), 1 << 40, 7)),
    ({"$ref": ["n", 7, 1, 2, 3]}, Reference(Atom("n"), 7, (1, 2, 3))),
    ({"$fun": "lists:map/2"}, Export(Atom("lists"), Atom("map"), 2)),
    ({"$fun": ["m", "\ufffe", 2]}, Export(Atom("m"), Atom("\ufffe"), 2)),
    ({"$fun": ["m", "AP8="]}, Fun(Atom("m"), b"\x00\xff")),
]


@pytest.mark.parametrize(("data", "term"), TAGGED)
def test_both_ways(data, term):
    assert identity(tagged.from_tagged(data)) == identity(term)
    assert tagged.to_tagged(term) == ([] if data == {} else data)
    json.dumps(tagged.to_tagged(term))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"$atom": "a", "x": 1}, "stands alone"),
        ({"x": [0, {"$atom": True}]}, "at x\\[1\\].\\$atom: this wants a string; put it in quotes"),
        ({"$atom": "a" * 256}, "255"),
        ({"$tuple": "ab"}, "wants a list"),
        ({"$tuple": [1, {"$nonsense": 1}]}, "at \\$tuple\\[1\\].\\$nonsense: .* no tag"),
        ({"$map": [[1]]}, "pairs"),
        ({"$map": [[1, {"$atom": 2}]]}, "at \\$map\\[0\\]\\[1\\]"),
        ({"$base64": "!"}, "base64"),
        ({"$binary": "\ud800"}, "surrogate"),
        ({"$bits": ["oA==", 8]}, "bits in the last byte"),
        ({"$bits": ["oA==", True]}, "bits in the last byte"),
        ({"$improper": [[], 1]}, "items"),
        ({"$integer": "12"}, "16#ff"),
        ({"$pid": "<0.1.0>"}, "wants a list"),
        ({"$pid": ["a", 1, 0]}, "serial"),
        ({"$pid": ["a", 1, 0, 1 << 32]}, "serial"),
        ({"$port": ["a", -1, 0]}, "creation"),
        ({"$ref": ["a", 1]}, "one to five"),
        ({"$ref": ["a", 1, 1, 2, 3, 4, 5, 6]}, "one to five"),
        ({"$nonsense": 1}, "no tag"),
        ({True: 1}, "put it in quotes"),
        ({"$fun": "1"}, "wants module:function/arity"),
        ({"$fun": ["m"]}, "arity"),
        ({"$fun": ["m", "f", 256]}, "arity"),
        (object(), "no Erlang term"),
    ],
)
def test_refused(data, message):
    with pytest.raises(TermError, match=message):
        tagged.from_tagged(data)


def test_what_is_no_term():
    with pytest.raises(TermError):
        tagged.to_tagged(object())


def test_a_list_is_a_mapping_only_where_it_comes_back_the_same():
    twice = [(Atom("a"), 1), (Atom("a"), 2)]
    assert tagged.to_tagged(twice) == [{"$tuple": [{"$atom": "a"}, 1]}, {"$tuple": [{"$atom": "a"}, 2]}]
    for key in ("$a", "__ansible_type"):
        assert tagged.to_tagged([(Atom(key), 1)]) == [{"$tuple": [{"$atom": key}, 1]}]


def nested(kind, levels):
    """Return a term of that many levels."""
    term = ()
    for _level in range(levels):
        term = kind(term)
    return term


@pytest.mark.parametrize(
    "kind", [lambda term: (term,), lambda term: [term], lambda term: Map([(1, term)]), lambda term: ImproperList((term,), 1)]
)
def test_what_can_be_encoded_can_be_data_and_nothing_deeper(kind):
    deepest = nested(kind, MAX_DEPTH)
    etf_encoder.encode(deepest)
    assert tagged.from_tagged(json.loads(json.dumps(tagged.to_tagged(deepest)))) == deepest
    deeper = nested(kind, MAX_DEPTH + 1)
    for function in (etf_encoder.encode, tagged.to_tagged):
        with pytest.raises(ValueError, match="deeper"):
            function(deeper)
    with pytest.raises(TermError, match="deeper"):
        tagged.from_tagged(nested(lambda term: [term], MAX_DEPTH + 1))


@settings(max_examples=150, deadline=None)
@given(TERMS)
def test_every_term_comes_back_through_json(term):
    assert identity(tagged.from_tagged(json.loads(json.dumps(tagged.to_tagged(term))))) == identity(term)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["$atom", "$tuple", "$map", "$fun", "$pid"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_data_ends_in_a_term_or_a_term_error(data):
    try:
        term = tagged.from_tagged(data)
    except TermError as error:
        assert str(error)
    else:
        assert identity(tagged.from_tagged(tagged.to_tagged(term))) == identity(term)
