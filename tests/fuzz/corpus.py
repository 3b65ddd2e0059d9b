# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Good samples of everything that is decoded; damage starts from them."""

from __future__ import annotations

import base64
import gzip
import struct
import zlib

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import handshake
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_encoder, term_writer
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
)

ME = Pid(Atom("verify-1@alpha"), 1, 0, 7)
"""The hidden node whose peer talks."""
PEER = "guard@bravo.example.net"
_NODE = Atom(PEER)
WORKER = Pid(_NODE, 60, 0, 9)
REQUEST = Reference(ME.node, 7, (1, 2, 3))

TERM = (
    Atom("ok"),
    [1, -2, 1 << 70, -(1 << 3000), 1.5, "text", "\u20ac", b"bytes", BitString(b"\xa0", 3), ()],
    Map([(Atom("k"), [ImproperList((1,), 2)]), (1, 2), (1.0, "x" * 300)]),
)
OPAQUE = (
    WORKER,
    Reference(_NODE, 1, (1, 2, 3)),
    Port(Atom("x"), 1 << 40, 3),
    Export(Atom("m"), Atom("f"), 2),
    Fun(Atom("m"), bytes(25) + b"\x77\x01m"),
)
_PLAIN = etf_encoder.encode((TERM, OPAQUE))
TERMS = [
    _PLAIN,
    b"\x83\x50" + struct.pack(">I", len(_PLAIN) - 1) + zlib.compress(_PLAIN[1:]),
    b"\x83h\x02c1.50000000000000000000e+00" + bytes(5) + b"g" + b"d\x00\x03a@b" + bytes(9),
    b"\x83l\x00\x00\x00\x01a\x01l\x00\x00\x00\x01s\x01ar\x00\x02d\x00\x03a@b" + bytes(9),
]

TEXTS = [
    term_writer.dumps(TERM) + ' "a" "b" """\n  x\n  """ 16#ff $a ~"x" <<1:3,2:5/little>> % end\n',
    term_writer.dumps(TERM),
    "#{'a b' => fun lists:map/2, $\\n => [<<\"x\"/utf8, 3:4, 1.5:64/float>>|maybe], -1.5e-7 => {}}",
]
FILES = [term_writer.dumps_file([TERM, Atom("ok")], "a file"), "{a, 1}.\n%% more\n{b, [2]}.\n"]
APPLICATIONS = [
    '{application, ssl, [{vsn, "11.2"}, {applications, [kernel, crypto]}, {optional_applications, [x]}, {env, []}]}.',
    "{application, 'a b', [{included_applications, []}, {mod, {a, []}}]}.",
]
RELEASES = [
    '{release, {"guard", "1.0.0"}, {erts, "15.2"}, [{kernel, "10.2"}, {stdlib, "6.2", permanent}, {guard, "1", none, [a]}]}.',
    '{release, {"x", "1"}, {erts, "1"}, []}.',
]

EPMD_NAMES = [struct.pack(">I", 4369) + b"name guard at port 4370\nname other at port 65535\n", bytes(4)]
EPMD_PORTS = [
    struct.pack(">BBHBBHHH", 119, 0, 4370, 77, 0, 6, 5, 5) + b"guard" + bytes(2),
    struct.pack(">BBHBBHHH", 119, 0, 4370, 72, 0, 6, 5, 1) + b"x" + b"\x00\x03abc",
    b"\x77\x01",
]

HANDSHAKES = [
    message.encode()
    for message in (
        handshake.Name(PEER, int(handshake.HIDDEN_NODE_FLAGS), 5),
        handshake.Name(PEER, 0xFFFFFFFF, None),
        handshake.Status("ok"),
        handshake.Status("named", "a@b", 7),
        handshake.Challenge(PEER, 1 << 34, 2, 3),
        handshake.Challenge(PEER, 1 << 31, 2, None),
        handshake.Complement(1, 2),
        handshake.ChallengeReply(1, bytes(16)),
        handshake.ChallengeAck(bytes(16)),
    )
]


def signal(control: object, *message: object) -> bytes:
    """Return the frame of a control message and of the message behind it."""
    return b"p" + etf_encoder.encode(control) + b"".join(map(etf_encoder.encode, message))


SIGNALS = [
    signal((31, REQUEST, ME, 2, WORKER)),
    signal((31, REQUEST, ME, 0, Atom("system_limit"))),
    signal((21, WORKER, ME, REQUEST, (REQUEST, Atom("return"), TERM))),
    signal((21, WORKER, ME, REQUEST, (REQUEST, Atom("error"), Atom("undef"), [(Atom("m"), Atom("f"), [], [])]))),
    signal((21, WORKER, ME, REQUEST, Atom("killed"))),
    signal((2, Atom(""), ME), (REQUEST, TERM)),
    signal((22, WORKER, ME), (REQUEST, (Atom("badrpc"), Atom("nodedown")))),
    b"",
]

_ADDRESS = (Atom("net_address"), ((127, 0, 0, 1), 4370), "alpha", Atom("tls"), Atom("inet"))
_KNOWN = [(Atom("state"), Atom("up")), (Atom("address"), _ADDRESS), (Atom("type"), Atom("normal")), (Atom("in"), 5)]
_CERTIFICATE = base64.b64decode(
    "MIICPTCCAeKgAwIBAgIUZleSbScciaFl+1EjHWlKxo2AVNMwCgYIKoZIzj0EAwIwOTELMAkGA1UEBhMCU0UxDjAMBgNVBAoMBUd1YXJkMRow"
    "GAYDVQQDDBFhbHBoYS5leGFtcGxlLm5ldDAgFw0yNjExMjUxMDUxMzZaGA8yMTI2MTEwMTEwNTEzNlowOTELMAkGA1UEBhMCU0UxDjAMBgNV"
    "BAoMBUd1YXJkMRowGAYDVQQDDBFhbHBoYS5leGFtcGxlLm5ldDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABL5G8OFTF72YJtROSBcJDjT9"
    "xBE57+tPF/qruEq+AoEpPBPHBJ9qjHk8PR//Pt4HAXpLnAyGXoWJxQU/Jr9NQW6jgcUwgcIwHQYDVR0OBBYEFFtmRoAfwoYTiQjLwludq03q"
    "S0IIMB8GA1UdIwQYMBaAFFtmRoAfwoYTiQjLwludq03qS0IIMA8GA1UdEwEB/wQFMAMBAf8wUAYDVR0RBEkwR4IRYWxwaGEuZXhhbXBsZS5u"
    "ZXSCDSouZXhhbXBsZS5uZXSHBMAAAgGHECABDbgAAAAAAAAAAAAAAAGBC2FAYi5leGFtcGxlMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEF"
    "BQcDAjAKBggqhkjOPQQDAgNJADBGAiEAvgVConQsyv5R4ywnLjfacO25PC4Hm5yHc7nGdoAPBN8CIQDdvB3tyC3CkssZEzSfP/GXyfaIu1fb"
    "aHo4L8rndjhALA=="
)
"""P-256, valid for a century, with names of four kinds."""
CERTIFICATES = [
    _CERTIFICATE,
    base64.b64decode(
        "MIIBLDCB36ADAgECAhQ5bsXD91FQEJC2RtueqKYFeXSGgzAFBgMrZXAwDDEKMAgGA1UEAwwBeDAeFw0yNjExMjUxMDUxMzZaFw0yNjExMjYx"
        "MDUxMzZaMAwxCjAIBgNVBAMMAXgwKjAFBgMrZXADIQDxdcaMYu4gqrDFz59Jz8B64xOnTa5bnE5X6sYjOtWMj6NTMFEwHQYDVR0OBBYEFJUH"
        "AkigDWSBOtJqQwRRQVx4cm8lMB8GA1UdIwQYMBaAFJUHAkigDWSBOtJqQwRRQVx4cm8lMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EANwMY"
        "GVRiFTbDaDlfbiwYML+JSe9bEZbfUd/bMFVTvYBvJn6fltasf63r1OMDA+Fxmcn3sjygHvsJO3d5JWTgBA=="
    ),
]

PEM = [
    "Bag Attributes\n-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(_CERTIFICATE).decode(),
    "-----BEGIN EC PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: A,00\r\n\r\nAAEC\r\n-----END EC PRIVATE KEY-----",
    "-----BEGIN X509 CRL-----\nAAECAw==\n-----END X509 CRL-----\n-----BEGIN SOMETHING-----\nAA==\n-----END SOMETHING-----\n",
]

ANSWERS = [
    etf_encoder.encode(
        (
            (Atom("ok"), [(_NODE, _KNOWN)]),
            ([(_NODE, Atom("tlsv1.3"), "TLS_AES_256_GCM_SHA384", _CERTIFICATE)], [(_ADDRESS[1], ((127, 0, 0, 1), 4370))]),
            [(_NODE, 1234)],
            (Atom("state"), [(Atom("listen"), WORKER, _ADDRESS, Atom("inet_tls_dist"))]),
            ["27", (1234, 5), [(Atom("total"), 1), (Atom("processes"), 2)], [_NODE], [], 60],
        )
    )
]
"""What a node tells of itself: nodes_info, what is evaluated, ages, the state of net_kernel, and the calls of RUNNING."""


def _module(atoms: bytes, attributes: bytes) -> bytes:
    chunks = b"BEAM" + atoms + b"Attr" + struct.pack(">I", len(attributes)) + attributes + bytes(-len(attributes) % 4)
    return b"FOR1" + struct.pack(">I", len(chunks)) + chunks


_ATTRIBUTES = etf_encoder.encode([(Atom("vsn"), [1]), (Atom("inet_ssl_port"), [Atom("true")])])
MODULES = [
    _module(b"AtU8" + struct.pack(">I", 6) + b"\0\0\0\1\1m\0\0", _ATTRIBUTES),
    _module(b"Atom" + struct.pack(">I", 8) + b"\0\0\0\1\3abc", _ATTRIBUTES),
    _module(b"AtU8" + struct.pack(">I", 8) + b"\xff\xff\xff\xff\x30abc", _ATTRIBUTES),
    gzip.compress(_module(b"AtU8" + struct.pack(">I", 6) + b"\0\0\0\1\1m\0\0", _ATTRIBUTES), mtime=0),
]
