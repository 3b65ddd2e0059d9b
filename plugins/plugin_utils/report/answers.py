# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a host answered has the shape of an answer, as far as the report relies on it. Pure.

A host may be hostile: what it sends is read as data, and what is something else than an answer counts as none.
"""

from __future__ import annotations

import typing as t

MOST_ENTRIES = 20_000
"""Most edges, walls, findings or certificates of one host."""

LAST_TIME = 253402300799
"""The last second that a date can say: the end of the year 9999."""

Shape = t.Callable[[t.Any], bool]


def is_answer(answer: t.Any) -> bool:
    """Whether an answer can be read; one that failed, was skipped or is missing is none, and can be."""
    return not isinstance(answer, dict) or answer.get("edges") is None or _ANSWER(answer)


def _text(value: t.Any) -> bool:
    return isinstance(value, str)


def _number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


def _time(value: t.Any) -> bool:
    return _number(value) and 0 <= value <= LAST_TIME


def _flag(value: t.Any) -> bool:
    return isinstance(value, bool)


def _or_none(shape: Shape) -> Shape:
    return lambda value: value is None or shape(value)


def _list_of(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list) and len(value) <= MOST_ENTRIES and all(map(shape, value))


def _mapping(needed: t.Mapping[str, Shape], known: t.Mapping[str, Shape] | None = None) -> Shape:
    """A mapping that has the needed keys; those known need not be there."""

    def fits(value: t.Any) -> bool:
        return (
            isinstance(value, dict)
            and all(key in value and shape(value[key]) for key, shape in needed.items())
            and all(shape(value[key]) for key, shape in (known or {}).items() if key in value)
        )

    return fits


def _values(shape: Shape) -> Shape:
    return lambda value: isinstance(value, dict) and all(map(_text, value)) and all(map(shape, value.values()))


_FAULT = _mapping({"id": _text, "cause": _text, "remedy": _text}, {"host": _or_none(_text), "names": _values(_text)})
_EDGE = _mapping(
    {"to": _text, "ok": _flag, "stage": _text, "fault": _or_none(_FAULT), "milliseconds": _values(_number)},
    {
        "address": _or_none(_text),
        "addresses": _list_of(_text),
        "port": _or_none(_number),
        "tls_version": _or_none(_text),
        "cipher": _or_none(_text),
        "certificate_days_left": _or_none(_number),
        "certificate_subject": _or_none(_text),
        "certificate_issuer": _or_none(_text),
        "certificate_digest": _or_none(_text),
        "peer_name": _or_none(_text),
    },
)
_WALL = _mapping({"to": _text, "wall": _text, "held": _or_none(_flag)}, {"detail": _or_none(_text), "stage": _or_none(_text)})
_RUNNING = _mapping(
    {"ok": _flag, "peers": _list_of(_text), "fault": _or_none(_FAULT)},
    {
        "hidden_peers": _list_of(_text),
        "otp_release": _or_none(_text),
        "uptime": _or_none(_number),
        "memory": _or_none(_number),
    },
)
_CERTIFICATE = _mapping(
    {"subject": _text, "issuer": _text, "subject_key": _text, "authority_key": _text, "digest": _text},
    {"serial": _text, "not_before": _time, "not_after": _time},
)
_CERTIFICATES = _values(_list_of(_CERTIFICATE))
_FACTS = _mapping(
    {},
    {
        "certificates": _CERTIFICATES,
        "trust": _CERTIFICATES,
        "versions": _values(_list_of(_text)),
        "tls": _values(_values(_list_of(_text))),
        "time": _time,
        "lists_needed": _flag,
    },
)
_ANSWER = _mapping(
    {"edges": _list_of(_EDGE)},
    {
        "walls": _or_none(_list_of(_WALL)),
        "running": _or_none(_RUNNING),
        "findings": _or_none(_list_of(_FAULT)),
        "facts": _or_none(_FACTS),
    },
)
