# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Throws damaged input at the decoders of Erlang terms for a while: python tests/fuzz/decoders.py [SECONDS] [SEED]

The external term format, term text, compiled modules and resource files are read from good samples with bytes flipped, cut, doubled and
spliced. Each read must end in a result or in the decoder's own error, within a second. Anything else is printed with the
input that did it, and the exit code is 1. Default: 20 seconds, at most 600.
"""

from __future__ import annotations

import random
import struct
import sys
import time
import zlib
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang import beam, etf, release, terms
from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang.terms import (
    Atom,
    BitString,
    Export,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
)

LONGEST_READ = 1.0
TERM = (
    Atom("ok"),
    [1, -2, 1 << 70, 1.5, "text", "\u20ac", b"bytes", BitString(b"\xa0", 3), ()],
    Map([(Atom("k"), [ImproperList((1,), 2)]), (1, 2), (1.0, "x" * 300)]),
)
OPAQUE = (Pid(Atom("a@b"), 1, 2, 3), Reference(Atom("a@b"), 1, (1, 2, 3)), Port(Atom("x"), 1 << 40, 3), Export(Atom("m"), Atom("f"), 2))
TEXT = terms.dumps(TERM) + ' "a" "b" """\n  x\n  """ 16#ff $a ~"x" <<1:3,2:5/little>> % end\n'
APP = '{application, ssl, [{vsn, "1"}, {applications, [kernel]}]}.'


class Target(NamedTuple):
    """What is read, the error it may raise, and good samples."""

    read: Callable[[bytes], Any]
    error: type[Exception]
    samples: list[bytes]


def module(attributes: bytes) -> bytes:
    """A compiled module with these attributes."""
    chunks = b"BEAMAtU8" + struct.pack(">I", 6) + b"\0\0\0\1\1m\0\0Attr" + struct.pack(">I", len(attributes)) + attributes
    return b"FOR1" + struct.pack(">I", len(chunks)) + chunks


def targets() -> dict[str, Target]:
    """Every decoder by name."""
    plain = etf.encode((TERM, OPAQUE))
    packed = b"\x83\x50" + struct.pack(">I", len(plain) - 1) + zlib.compress(plain[1:])
    attributes = module(etf.encode([(Atom("vsn"), [1])]))
    return {
        "etf": Target(etf.decode_whole, etf.EtfError, [plain, packed]),
        "text": Target(lambda data: terms.loads(data.decode("utf-8", "replace")), terms.TermError, [TEXT.encode(), terms.dumps(TERM).encode()]),
        "consult": Target(lambda data: terms.consult(data.decode("utf-8", "replace")), terms.TermError, [terms.dumps_file([TERM]).encode()]),
        "beam": Target(beam.read, beam.BeamError, [attributes]),
        "app": Target(lambda data: release.read_app(data.decode("utf-8", "replace")), release.ReleaseError, [APP.encode()]),
    }


def damaged(dice: random.Random, samples: list[bytes]) -> bytes:
    """A sample after up to six damages."""
    data = bytearray(dice.choice(samples))
    for _damage in range(dice.randrange(7)):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = dice.randrange(256)
        elif kind == 1:
            del data[at : at + dice.randrange(1, 9)]
        elif kind == 2:
            data[at:at] = dice.randbytes(dice.randrange(1, 5))
        elif kind == 3:
            other = dice.choice(samples)
            start = dice.randrange(len(other))
            data[at:at] = other[start : start + dice.randrange(1, 60)]
        elif at + 4 <= len(data):
            data[at : at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\1\0\0"])
    return bytes(data)


def fault(target: Target, data: bytes) -> str:
    """What a decoder did that it must not, or nothing."""
    started = time.process_time()
    try:
        target.read(data)
    except target.error:
        pass
    except Exception as error:  # every other exception is what is looked for
        return f"{type(error).__name__}: {error}"
    took = time.process_time() - started
    return f"it took {took:.1f} s" if took > LONGEST_READ else ""


def main(arguments: list[str]) -> int:
    """Run for the seconds given; 1 if anything was found."""
    seconds = min(float(arguments[0]) if arguments else 20.0, 600.0)
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().getrandbits(32)
    dice = random.Random(seed)
    chosen = targets()
    runs = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, target in chosen.items():
            data = damaged(dice, target.samples)
            found = fault(target, data)
            runs += 1
            if found:
                print(f"{name}: {found}\ninput: {data!r}\nseed: {seed}")
                return 1
    print(f"{runs} inputs in {seconds:.0f} s, seed {seed}: every one ended in a result or in the decoder's own error")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
