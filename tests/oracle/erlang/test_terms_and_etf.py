# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our reading and writing of Erlang terms, held against a real Erlang's on some thousand random terms.

Erlang decodes what we encoded and consults what we wrote, says whether the two are the same term, and hands both back in
its own external format and as text. Needs ``erl`` on the path, and nothing but the standard library and pytest.
"""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import beam, etf_decoder, etf_encoder, term_parser, term_writer
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    BitString,
    Export,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
    identity,
)

COUNT = 4000
SEED = 20061124
ALPHABET = "abcxyzABC019_@ .,'\"\\$%{}[]<>#|~\t\n\x00\x07\x1b\x7f\x85\xa0\xe5\xf7\u20ac\u65e5\ufffd\U0001f600"
PROGRAM = """
Frames = fun(File) -> {ok, B} = file:read_file(File), [F || <<N:32, F:N/binary>> <= B] end,
Write = fun(File, Bins) -> ok = file:write_file(File, [[<<(byte_size(B)):32>>, B] || B <- Bins]) end,
Terms = [binary_to_term(F) || F <- Frames("terms")],
Write("terms.back", [term_to_binary(T) || T <- Terms]),
Write("terms.packed", [term_to_binary(T, [{compressed, 9}]) || T <- Terms]),
Write("terms.old", [term_to_binary(T, [{minor_version, 0}]) || T <- Terms]),
{ok, Pretty} = file:consult("pretty"),
{ok, Flat} = file:consult("flat"),
Textual = [binary_to_term(F) || F <- Frames("textual")],
io:format("~w ~w~n", [Pretty =:= Textual, Flat =:= Textual]),
ok = file:write_file("erlang.text", unicode:characters_to_binary([io_lib:format("~tp.~n", [T]) || T <- Textual])),
Opaque = [self(), make_ref(), hd(erlang:ports()), fun lists:map/2, fun() -> Terms end, node(), 1 bsl 5000, -(1 bsl 64)],
Write("opaque", [term_to_binary(T) || T <- Opaque]),
init:stop().
"""


class Dice:
    """Random terms."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def word(self) -> int:
        """A number of 32 bits."""
        return self.random.getrandbits(32)

    def text(self) -> str:
        """A short text."""
        return "".join(self.random.choice(ALPHABET) for _index in range(self.random.randrange(12)))

    def atom(self) -> Atom:
        """An atom, now and then a reserved word."""
        return Atom(self.random.choice([self.text(), "ok", "fun", "maybe", "else", "a_b@c", "true", "Ünicode"]))

    def integer(self) -> int:
        """An integer of any of the formats."""
        return self.random.getrandbits(self.random.choice([1, 8, 16, 31, 32, 64, 500, 2100])) * self.random.choice([1, -1])

    def floating(self) -> float:
        """A finite float of any magnitude."""
        value: float = struct.unpack(">d", struct.pack(">Q", self.random.getrandbits(64)))[0]
        small = self.random.choice([0.0, 1.0, -2.5, 1e22, 1e-7, 5e-324, 1.7976931348623157e308])
        return value if abs(value) < float("inf") and self.random.random() < 0.7 else small

    def bits(self) -> BitString:
        """A bit string."""
        bits = self.random.randrange(1, 8)
        last = self.random.getrandbits(8) >> (8 - bits) << (8 - bits)
        return BitString(self.random.randbytes(self.random.randrange(4)) + bytes((last,)), bits)

    def leaf(self) -> Any:
        """A term without parts, which has text."""
        makers: list[Callable[[], Any]] = [
            self.atom,
            self.integer,
            self.floating,
            self.text,
            self.bits,
            lambda: self.text().encode(),
            lambda: self.random.randbytes(self.random.randrange(9)),
            lambda: Export(Atom("lists"), Atom("Map it"), self.random.randrange(256)),
        ]
        return self.random.choice(makers)()

    def opaque(self) -> Any:
        """A pid, port or reference of a node elsewhere."""
        node = Atom("guard@alpha")
        makers: list[Callable[[], Any]] = [
            lambda: Pid(node, self.word(), self.word(), self.word() | 4),
            lambda: Port(node, self.random.getrandbits(28), self.word() | 4),
            lambda: Port(node, self.random.getrandbits(63) | 1 << 40, self.word() | 4),
            lambda: Reference(node, self.word() | 4, (self.word() & 0x3FFFF, self.word(), self.word())),
        ]
        return self.random.choice(makers)()

    def term(self, leaf: Callable[[], Any], depth: int = 3) -> Any:
        """A term with these leaves."""
        kind = self.random.randrange(9) if depth else 0
        if kind < 3:
            return leaf()
        parts = [self.term(leaf, depth - 1) for _index in range(self.random.randrange(5))]
        if kind < 5:
            return tuple(parts)
        if kind < 7:
            return parts
        if kind == 7 and parts:
            return ImproperList(tuple(parts), self.atom())
        return Map((self.term(leaf, depth - 1), part) for part in parts)


def frames(path: Path) -> list[bytes]:
    """The frames of a file, each behind its length."""
    data = path.read_bytes()
    found = []
    while data:
        size = struct.unpack(">I", data[:4])[0]
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def write(path: Path, items: list[Any]) -> None:
    """Write terms in external format, each behind its length."""
    encoded = [etf_encoder.encode(item) for item in items]
    path.write_bytes(b"".join(struct.pack(">I", len(data)) + data for data in encoded))


def erl(directory: Path, program: str) -> str:
    """What Erlang prints when it runs ``program`` in ``directory``."""
    command = [
        "erl",
        "+pc",
        "unicode",
        "-noshell",
        "-eval",
        'ok = file:set_cwd("{}"), {}'.format(directory, " ".join(program.split("\n"))),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_erlang_reads_and_writes_the_same_terms(tmp_path: Path) -> None:
    dice = Dice(SEED)
    textual = [dice.term(dice.leaf) for _index in range(COUNT)]
    binary = textual + [dice.term(dice.random.choice([dice.leaf, dice.opaque])) for _index in range(COUNT)]
    write(tmp_path / "terms", binary)
    write(tmp_path / "textual", textual)
    (tmp_path / "pretty").write_text(term_writer.dumps_file(textual, "Random terms"), "utf-8")
    (tmp_path / "flat").write_text("".join(term_writer.dumps(item) + ".\n" for item in textual), "utf-8")
    said = erl(tmp_path, PROGRAM)
    assert said.split() == ["true", "true"]
    for name in ("terms.back", "terms.packed", "terms.old"):
        back = [etf_decoder.decode_whole(frame) for frame in frames(tmp_path / name)]
        assert len(back) == len(binary)
        for ours, theirs in zip(binary, back):
            assert identity(ours) == identity(theirs), name
    consulted = term_parser.consult((tmp_path / "erlang.text").read_text("utf-8"))
    assert [identity(item) for item in consulted] == [identity(item) for item in textual]
    opaque = [etf_decoder.decode_whole(frame) for frame in frames(tmp_path / "opaque")]
    assert [type(item).__name__ for item in opaque] == [
        "Pid",
        "Reference",
        "Port",
        "Export",
        "Fun",
        "Atom",
        "int",
        "int",
    ]
    assert [etf_encoder.encode(item)[1:] for item in opaque[6:]] == [frame[1:] for frame in frames(tmp_path / "opaque")[6:]]
    assert opaque[6:] == [1 << 5000, -(1 << 64)]


def test_a_module_compiled_here(tmp_path: Path) -> None:
    source = "-module(marked).\n-inet_ssl_port(true).\n-export([f/0]).\nf() -> ok.\n"
    (tmp_path / "marked.erl").write_text(source)
    erl(
        tmp_path,
        '{ok, _} = compile:file("marked", [compressed]), ok = file:rename("marked.beam", "packed"), {ok, _} = compile:file("marked"), init:stop().',
    )
    for name in ("packed", "marked.beam"):
        read = beam.read((tmp_path / name).read_bytes())
        assert (read.module, read.attributes["inet_ssl_port"]) == ("marked", [Atom("true")])
    assert (tmp_path / "packed").read_bytes()[:2] == b"\x1f\x8b"
