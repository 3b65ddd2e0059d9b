# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms, and their text both ways."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import term_parser, term_writer, terms
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
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
from erlang_strategies import TEXT_TERMS
from hypothesis import given, settings
from hypothesis import strategies as st

WRITTEN = [
    (Atom("ok"), "ok"),
    (Atom("guard@alpha"), "guard@alpha"),
    (Atom("guard@alpha.example.net"), "'guard@alpha.example.net'"),
    (Atom("maybe"), "'maybe'"),
    (Atom("Upper"), "'Upper'"),
    (Atom(""), "''"),
    (Atom("it's\\"), "'it\\'s\\\\'"),
    (Atom("åäö"), "'åäö'"),
    (True, "true"),
    (None, "undefined"),
    (-5, "-5"),
    (1e22, "1.0e22"),
    (1.5e-7, "1.5e-07"),
    (2.0, "2.0"),
    ('say "hi"\n\x01', '"say \\"hi\\"\\n\\x{1}"'),
    (b"", "<<>>"),
    (b"abc", '<<"abc">>'),
    ("é".encode(), '<<"é"/utf8>>'),
    (b"\x00\xff", "<<0,255>>"),
    (BitString(b"\x01\xa0", 3), "<<1,5:3>>"),
    ([1, "a", ()], '[1, "a", {}]'),
    (ImproperList((1, 2), Atom("x")), "[1, 2 | x]"),
    ({Atom("k"): 1}, "#{k => 1}"),
    (Export(Atom("lists"), Atom("map"), 2), "fun lists:map/2"),
]

READ = [
    (" % comment\n ok % more\n", Atom("ok")),
    ("'it\\'s'", Atom("it's")),
    ('"one" % and\n "two\\x{20ac}\\101\\^A"', "onetwo€A\x01"),
    ("16#fF", 255),
    ("-1_000", -1000),
    ("+ 7", 7),
    ("1_0.2_5e-1", 1.025),
    ("$a", 97),
    ("$\\n", 10),
    ("$ ", 32),
    ("<<>>", b""),
    ('<<"ab", 1, $c>>', b"ab\x01c"),
    ('<<"å"/utf8>>', "å".encode()),
    ('<<"å"/utf16>>', b"\x00\xe5"),
    ("<<1:16/little, 258:16, -1:8/signed, 1.5/float>>", b"\x01\x00\x01\x02\xff\x3f\xf8" + bytes(6)),
    ("<<1:3, 2:13>>", b"\x20\x02"),
    ("<<5:3>>", BitString(b"\xa0", 3)),
    ('#{a => [1|[2]], "k" => {}}', Map([(Atom("a"), [1, 2]), ("k", ())])),
    ("[a|b]", ImproperList((Atom("a"),), Atom("b"))),
    ('[1|"bc"]', [1, 98, 99]),
    ("(a)", Atom("a")),
    ("fun lists : map / 2", Export(Atom("lists"), Atom("map"), 2)),
    ('"""\n  one\n    two\n\n  """', "one\n  two\n"),
    ('""""\n"""\n""""', '"""'),
    ('~"å\\n"', "å\n".encode()),
    ('~S"a\\n"', "a\\n"),
    ("ok.", Atom("ok")),
]

REFUSED = [
    ("", 1, 1, "ends where a term"),
    ("{a,\n b", 2, 3, "close what line 1"),
    ("[1, ]", 1, 5, "begins no term"),
    ("X", 1, 1, "variable"),
    ("{a, if}", 1, 5, "reserved word"),
    ("a b", 1, 3, "should end here"),
    ("'abc", 1, 1, "closing '"),
    ('"abc\\', 1, 5, "escape"),
    ('"\\x{d800}"', 1, 2, "no character"),
    ("#{a}", 1, 4, "=>"),
    ("1.5e999", 1, 1, "out of range"),
    ("99#1", 1, 1, "base"),
    ("2#3", 1, 1, "no number"),
    ("9" * 5000, 1, 1, "digits"),
    ("<<1:9999999>>", 1, 3, "bits"),
    ("<<1/native>>", 1, 5, "type"),
    ("<<a>>", 1, 3, "does not fit"),
    ("'" + "a" * 256 + "'", 1, 1, "256 characters"),
    ("[" * 1000, 1, 130, "deeper"),
    ('"""\n  a\n b\n  """', 1, 1, "indented less"),
    ('"""\nabc', 1, 1, "closing"),
    ("fun () -> ok end", 1, 5, "begins no term"),
    ("~x", 1, 1, "sigil"),
]


@pytest.mark.parametrize(("term", "text"), WRITTEN)
def test_written(term, text):
    assert term_writer.dumps(term) == text
    assert identity(term_parser.loads(text)) == identity(term)


@pytest.mark.parametrize(("text", "term"), READ)
def test_read(text, term):
    assert identity(term_parser.loads(text)) == identity(term)


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED)
def test_refused_with_its_place(text, line, column, message):
    with pytest.raises(TermError, match=message.replace("(", "\\(")) as caught:
        term_parser.loads(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "term",
    [
        float("nan"),
        Pid(Atom("a"), 1, 2, 3),
        Port(Atom("a"), 1, 2),
        Reference(Atom("a"), 1, (2,)),
        Fun(Atom("m"), b""),
        Atom("\ud800"),
        Atom("a" * 256),
        object(),
    ],
)
def test_not_written(term):
    with pytest.raises(TermError):
        term_writer.dumps(term)


@settings(max_examples=120, deadline=None)
@given(TEXT_TERMS)
def test_text_round_trip(term):
    for text in (term_writer.dumps(term), term_writer.dumps(term, pretty=True)):
        assert identity(term_parser.loads(text)) == identity(term)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT_TERMS, max_size=4), st.text(st.characters(codec="ascii"), max_size=30))
def test_file_round_trip(items, comment):
    text = term_writer.dumps_file(items, comment)
    assert identity(term_parser.consult(text)) == identity(items)
    assert text == term_writer.dumps_file(term_parser.consult(text), comment)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("{}[]<>|#=\"'$\\~/:.,0123456789abcXefun \n%_-", max_size=60)))
def test_any_text_ends_in_a_term_or_a_term_error(text):
    for read in (term_parser.loads, term_parser.consult):
        try:
            read(text)
        except TermError as error:
            assert error.line


def test_long_terms_are_broken_where_they_do_not_fit():
    text = term_writer.dumps_file(
        [[(Atom("kernel"), [(Atom("name"), "x" * 60), (Atom("map"), Map([(1, "y" * 60), (2, "z" * 80)]))])]], "Top\n\nx"
    )
    assert text == (
        '%% Top\n%%\n%% x\n[{kernel,\n  [{name, "'
        + "x" * 60
        + '"},\n   {map,\n    #{1 => "'
        + "y" * 60
        + '",\n      2 => "'
        + "z" * 80
        + '"}}]}].\n'
    )
    wide = [(Atom("name"), "x" * 30), (Atom("map"), Map([(1, "y" * 60), (2, ["z" * 60, "w" * 60])]))]
    assert identity(term_parser.consult(term_writer.dumps_file([wide]))) == identity([wide])
    assert max(map(len, term_writer.dumps(wide, pretty=True).splitlines())) <= term_writer.WIDTH


def test_integers_of_any_length_are_written():
    huge = -(1 << 20000)
    assert term_writer.dumps(huge).startswith("-16#1000")
    with pytest.raises(TermError, match="digits"):
        term_parser.loads("9" * 4001)


def test_an_atom_equals_its_like_only():
    assert Atom("a") == Atom("a")
    assert Atom("a") != "a"
    assert Atom("a") != "a"
    assert len({Atom("a"), "a"}) == 2
    assert repr(Atom("a")) == "Atom('a')"


def test_map_keys_are_told_apart_as_erlang_does():
    chart = Map([(1, "integer"), (1.0, "float"), (Atom("1"), "atom"), ("1", "string"), ([49], "the same string")])
    assert (len(chart), chart[1], chart[1.0], chart.get("1")) == (4, "integer", "float", "the same string")
    assert Atom("1") in chart
    assert 2 not in chart
    assert [identity(key) for key in chart] == [identity(key) for key, dummy in chart.items()]
    assert chart == Map(reversed(chart.items()))
    assert hash(chart) == hash(Map(reversed(chart.items())))
    assert repr(Map([(1, 2)])) == "Map([(1, 2)])"


@pytest.mark.parametrize("text", ["fun " * 5000, "- " * 5000 + "1", "<<" * 5000, "fun" + "'a':" * 5000])
def test_words_without_end_are_refused(text):
    with pytest.raises(TermError):
        term_parser.loads(text)


def test_a_term_nested_too_deeply_is_refused_everywhere():
    deep = []
    for _level in range(terms.MAX_DEPTH + 2):
        deep = [deep]
    for function in (term_writer.dumps, terms.identity):
        with pytest.raises(TermError, match="deeper"):
            function(deep)
