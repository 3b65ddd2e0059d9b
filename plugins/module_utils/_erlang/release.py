# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Release resource files (``.rel``) and application resource files (``.app``), read and made from text.

Sources: SASL ``rel(4)``, Kernel ``app(4)``, OTP Design Principles, "Releases"; SSL User's Guide, "Building Boot Scripts
Including the ssl Application".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import term_parser, term_writer, terms
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

START_SSL_CLEAN = ("kernel", "stdlib", "crypto", "asn1", "public_key", "ssl")
"""Applications of a node that speaks TLS distribution, in the order they start."""

BOOT_TOOLS = ("compiler", "sasl")
"""What makes a boot script: the compiler of our own modules, and sasl, which has systools."""

OTP = frozenset({
    "asn1", "common_test", "compiler", "cosEvent", "cosEventDomain", "cosFileTransfer", "cosNotification", "cosProperty", "cosTime",
    "cosTransactions", "crypto", "debugger", "dialyzer", "diameter", "edoc", "eldap", "erl_docgen", "erl_interface", "et", "eunit", "ftp", "hipe",
    "ic", "inets", "jinterface", "kernel", "megaco", "mnesia", "observer", "odbc", "orber", "os_mon", "otp_mibs", "parsetools", "percept",
    "public_key", "reltool", "runtime_tools", "sasl", "snmp", "ssh", "ssl", "stdlib", "syntax_tools", "tftp", "tools", "wx", "xmerl",
})  # fmt: skip
"""The applications that OTP has, or has had in a version that runs nodes."""


class ReleaseError(ValueError):
    """A resource file that is none, or applications that are missing."""


START_TYPES = frozenset(["transient", "temporary", "load", "none"])
"""How a release may start an application other than ``permanent``, which is how it does where it does not say (SASL, ``rel(4)``)."""


class Release(NamedTuple):
    """A release: ``applications`` are pairs of name and version, in the order they start; ``starts`` says of some how they start,
    where that is not permanent."""

    name: str
    version: str
    erts: str
    applications: tuple[tuple[str, str], ...]
    starts: Mapping[str, str] = MappingProxyType({})


class Application(NamedTuple):
    """What an ``.app`` says that a release depends on."""

    name: str
    version: str
    applications: tuple[str, ...]
    included: tuple[str, ...]
    optional: tuple[str, ...]


def read_rel(text: str) -> Release:
    """The release that the text of a ``.rel`` describes. Raises :class:`ReleaseError`."""
    try:
        tag, (name, version), (erts_tag, erts), entries = term_parser.loads(text)
        if tag != Atom("release") or erts_tag != Atom("erts"):
            raise ReleaseError("this is no release resource file; one begins with {release, {NAME, VERSION}, ...}")
        applications = tuple((_name(entry[0]), _text(entry[1])) for entry in entries)
        starts = {
            str(entry[0]): str(entry[2])
            for entry in entries
            if len(entry) > 2 and isinstance(entry[2], Atom) and str(entry[2]) in START_TYPES
        }
        return Release(_text(name), _text(version), _text(erts), applications, starts)
    except (terms.TermError, TypeError, ValueError, IndexError) as error:
        raise ReleaseError(f"the release resource file is not readable: {error}") from error


def rel_text(release: Release) -> str:
    """The text of the ``.rel`` of ``release``, as ``systools:make_script`` reads it."""
    starts = {name: (Atom(start),) for name, start in release.starts.items()}
    applications = [(Atom(name), version, *starts.get(name, ())) for name, version in release.applications]
    erts = (Atom("erts"), release.erts)
    return term_writer.dumps_file([(Atom("release"), (release.name, release.version), erts, applications)])


def read_app(text: str) -> Application:
    """The application that the text of an ``.app`` describes. Raises :class:`ReleaseError`."""
    try:
        tag, name, keys = term_parser.loads(text)
        if tag != Atom("application"):
            raise ReleaseError("this is no application resource file; one begins with {application, NAME, ...}")
        found = {str(key): value for key, value in keys}
        return Application(
            _name(name),
            _text(found.get("vsn", "")),
            _names(found.get("applications", [])),
            _names(found.get("included_applications", [])),
            _names(found.get("optional_applications", [])),
        )
    except (terms.TermError, TypeError, ValueError) as error:
        raise ReleaseError(f"the application resource file is not readable: {error}") from error


def closure(wanted: Iterable[str], known: Mapping[str, Application]) -> list[str]:
    """The wanted applications and all they depend on, each behind those it needs, so that this is an order to start them in.

    ``known`` maps names to what their ``.app`` says. An optional dependency that is not known is left out. Raises
    :class:`ReleaseError` for a missing application and for applications that depend on each other in a circle.
    """
    order: list[str] = []
    open_names: list[str] = []

    def visit(name: str, needed_by: str) -> None:
        if name in order:
            return
        if name in open_names:
            raise ReleaseError("applications depend on each other in a circle: {}".format(" -> ".join([*open_names, name])))
        application = known.get(name)
        if application is None:
            raise ReleaseError(f"application {name}{needed_by} is not installed")
        open_names.append(name)
        for other in application.applications + application.included:
            if other in known or other not in application.optional:
                visit(other, f", which {name} needs,")
        open_names.pop()
        order.append(name)

    for name in wanted:
        visit(name, "")
    return order


def start_ssl_clean(
    erts: str,
    known: Mapping[str, Application],
    wanted: Iterable[str] = (),
    starts: Mapping[str, str] = MappingProxyType({}),
) -> Release:
    """The release a TLS distribution node boots: kernel, stdlib, ssl and what it needs, the wanted applications and what they need.

    ``known`` holds what is installed, ``starts`` how some of them start. Raises :class:`ReleaseError`.
    """
    order = closure([*START_SSL_CLEAN, *wanted], known)
    applications = tuple((application, known[application].version) for application in order)
    return Release("start_ssl_clean", "1.0.0", erts, applications, {name: start for name, start in starts.items() if name in order})


def _name(value: object) -> str:
    if not isinstance(value, Atom):
        raise ValueError(f"{value!r} is no name of an application")
    return str(value)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list of applications")
    return tuple(_name(item) for item in value)


def _text(value: object) -> str:
    if isinstance(value, Atom) or not isinstance(value, str):
        raise ValueError(f"{value!r} is no string")
    return str(value)
