# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host finds wrong with its own node: from the node's files, its certificates, its unit and its port.

Facts come in, faults go out; the host is looked at elsewhere. A fault that is a mere consequence of another one is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import (
    certificate,
    diagnosis,
    node_settings,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.catalogue import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.node_settings import Side

OPTIONS, ARGUMENTS, TABLE, SYSTEM = "inet_tls.conf", "vm.args", "peers.config", "sys.config"
"""The node's configuration files, by the names the role erlang_node gives them."""

SIDES = ("server", "client")


class State(NamedTuple):
    """The node's unit and its port.

    ``unit`` is its name, None where systemd knows none; ``active``, ``sub`` and ``result`` are what systemd says of it;
    ``process`` and ``program`` are those of the unit. ``holder`` is the process that listens on the node's port, 0 if it
    is not seen, None if nobody listens. ``listens`` are the ports of the unit's own process.
    """

    unit: str | None
    active: str
    sub: str
    result: str
    process: int
    program: str
    holder: int | None
    holder_program: str
    listens: tuple[int, ...]


class Host(Protocol):
    """What is asked of the host."""

    def texts(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the text of those of the files that can be read."""

    def directory(self, path: str | None) -> list[str]:
        """Return the text of the files of a directory."""

    def barred(self, account: str, paths: Sequence[str]) -> dict[str, str]:
        """Return why the account cannot read those of the files that it cannot."""

    def state(self, unit: str, port: int) -> State:
        """Return the state of the unit, and of the port."""


class Place(NamedTuple):
    """The node of a host and where its things are: ``directory`` holds its configuration. ``discovery`` is how nodes
    find each other.
    """

    node: str
    account: str
    unit: str
    directory: str
    certfile: str
    cacertfile: str
    cookie_file: str
    port: int
    discovery: str
    minimum_version: str

    @property
    def host(self) -> str:
        """The host part of the node name."""
        return self.node.partition("@")[2]

    def path(self, name: str) -> str:
        """Return the path of a configuration file."""
        return "%s/%s" % (self.directory, name)


class Finding(NamedTuple):
    """A fault of the own node; ``peer`` is the node that it concerns alone, None where it concerns all."""

    fault: diagnosis.Fault
    peer: str | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the FINDING of a module's result."""
        return {**self.fault.as_result(), "peer": self.peer}


class Node:
    """The own node as its files describe it. Reading never fails: what is wrong becomes a finding."""

    def __init__(self, place: Place, host: Host) -> None:
        self.place = place
        self.host = host
        self.problems: list[Finding] = []
        texts = host.texts([place.path(name) for name in (OPTIONS, ARGUMENTS, TABLE, SYSTEM)])
        options = self._said(texts, OPTIONS, node_settings.tls_options)
        self.options = options or node_settings.TlsOptions(Side(), Side())
        self.arguments = self._said(texts, ARGUMENTS, node_settings.arguments)
        self.table = self._said(texts, TABLE, node_settings.peers_table)
        self._said(texts, SYSTEM, node_settings.check_system)
        self.barred = host.barred(place.account, self._paths(texts))
        for path in (place.path(name) for name in (OPTIONS, ARGUMENTS, TABLE, SYSTEM)):
            if path in self.barred:
                self._problem("file", "options-unreadable", "%s: %s" % (path, self.barred[path]))

    def credentials(self, side: str) -> tls.Credentials:
        """Return what the node shows and trusts on a side."""
        said: Side = getattr(self.options, side)
        versions = [version for version in said.versions or () if version in tls.VERSIONS]
        certfile = said.certfile or self.place.certfile
        return tls.Credentials(
            certfile,
            said.cacertfile or self.place.cacertfile,
            min(versions) if versions else self.place.minimum_version,
            said.keyfile or certfile,
            max(versions) if versions else None,
            said.revocations,
            self.barred,
        )

    def certificates(self, side: str) -> list[certificate.Certificate]:
        """Return the certificates of the file that the node shows on a side, its own first."""
        return _certificates(self._text(self.credentials(side).certfile))

    def trusted(self, side: str) -> list[certificate.Certificate]:
        """Return the CAs that the node trusts on a side."""
        return _certificates(self._text(self.credentials(side).cacertfile))

    def findings(self, peers: Sequence[str], now: datetime) -> list[Finding]:
        """Return what is wrong with the node, consequences left out; peers are the nodes it should know."""
        found = [
            *self.problems,
            *self._files(),
            *self._certificate_findings(now),
            *self._argument_findings(),
            *self._table_findings(peers),
            *self._state_findings(self.host.state(self.place.unit, self.place.port)),
        ]
        explained = {name for finding in found for name in diagnosis.entry(finding.fault.id).explains}
        return list({finding: None for finding in found if finding.fault.id not in explained})

    def facts(self) -> dict[str, Any]:
        """Return what the answers of other hosts are compared with."""
        return {
            "certificates": {side: [_identity(one) for one in self.certificates(side)[:1]] for side in SIDES},
            "trust": {side: [_identity(one) for one in self.trusted(side)] for side in SIDES},
            "hidden": bool(self.arguments and self.arguments.hidden),
            "versions": {side: list(getattr(self.options, side).versions or []) for side in SIDES},
        }

    def _said(self, texts: Mapping[str, str], name: str, read: Callable[[str], Any]) -> Any:
        """Return what a configuration file says, None where there is none or it is not what a node reads."""
        path = self.place.path(name)
        try:
            return read(texts[path]) if path in texts else None
        except node_settings.SettingsError as error:
            self._problem("file", "options-invalid", "%s: %s" % (path, error))
            return None

    def _paths(self, texts: Mapping[str, str]) -> list[str]:
        sides = [getattr(self.options, side) for side in SIDES]
        named = [path for side in sides for path in (side.certfile, side.keyfile, side.cacertfile) if path]
        place = self.place
        return list(dict.fromkeys([*texts, place.certfile, place.cacertfile, place.cookie_file, *named]))

    def _text(self, path: str) -> str:
        return self.host.texts([path]).get(path, "")

    def _problem(self, kind: str, code: str, detail: str) -> None:
        self.problems.append(self._finding(kind, code, detail))

    def _finding(self, kind: str, code: str, detail: str, peer: str | None = None) -> Finding:
        place = self.place
        names = {
            "own_host": place.host,
            "host": place.host,
            "node": place.node,
            "port": place.port,
            "certfile": place.certfile,
            "cacertfile": place.cacertfile,
            "cookie_file": place.cookie_file,
            "detail": detail,
        }
        return Finding(diagnosis.explain(Symptom("host", kind, code), names), peer)

    def _files(self) -> Iterator[Finding]:
        """Load every file as the node does."""
        for load in (
            lambda: tls.node_context(self.credentials("client")),
            lambda: tls.node_context(self.credentials("server")),
            lambda: tls.read_cookie(self.place.cookie_file, self.barred),
        ):
            try:
                load()
            except tls.LocalFileError as error:
                yield self._finding("file", "%s-%s" % (error.kind, error.problem), str(error))

    def _certificate_findings(self, now: datetime) -> Iterator[Finding]:
        lists = [
            revoked
            for side in SIDES
            for text in self.host.directory(getattr(self.options, side).revocations)
            for revoked in _revocations(text)
        ]
        found = {}
        for side in SIDES:
            for seen in self.certificates(side)[:1]:
                found[side] = certificate.fault_of(seen, self.place.host, side, now, lists)
        server, client = (found.get(side) for side in SIDES)
        if server and client and server[0] == client[0]:
            yield self._finding("certificate", *server)
            return
        for side, fault in found.items():
            if fault:
                yield self._finding(side + "-certificate", *fault)

    def _argument_findings(self) -> Iterator[Finding]:
        said = self.arguments
        if said is None:
            return
        wanted = "long" if "." in self.place.host else "short"
        if said.names and said.names != wanted:
            flags = {"long": "-name", "short": "-sname"}
            detail = "%s starts it with %s, and its peers run with %s" % (
                self.place.path(ARGUMENTS), flags[said.names], flags[wanted],
            )  # fmt: skip
            yield self._finding("names", "mixed", detail)
        if said.names and said.protocol not in ("inet_tls", "inet6_tls"):
            yield self._finding("arguments", "plain", "%s lacks -proto_dist inet_tls" % self.place.path(ARGUMENTS))

    def _table_findings(self, peers: Sequence[str]) -> Iterator[Finding]:
        for peer in peers if self.table is not None else ():
            if peer not in self.table:
                yield self._finding("table", "missing", peer.partition("@")[2], peer)

    def _state_findings(self, state: State) -> Iterator[Finding]:
        port = self.place.port
        if state.holder is not None and state.unit is not None and state.holder != state.process:
            who = "process %d" % state.holder if state.holder else "a process that this host does not show"
            named = "%s (%s)" % (state.holder_program, who) if state.holder_program else who
            yield self._finding("listener", "foreign", "%s listens on port %d" % (named, port))
        if state.unit is None or state.holder is not None:
            return
        if not state.process:
            said = state.active + (" (%s)" % state.result if state.result not in ("", "success") else "")
            yield self._finding("unit", "inactive", "%s is %s" % (state.unit, said))
        elif state.listens:
            elsewhere = "it listens on port %s, planned is %d" % (", ".join(map(str, state.listens)), port)
            kind = "epmd-elsewhere" if self.place.discovery == "epmd" else "elsewhere"
            yield self._finding("listener", kind, elsewhere)
        else:
            detail = "%s is %s, and its process %d (%s) listens on no port" % (
                state.unit, state.active, state.process, state.program,
            )  # fmt: skip
            yield self._finding("listener", "none", detail)


def _certificates(text: str) -> list[certificate.Certificate]:
    found = []
    for der in certificate.from_pem(text):
        try:
            found.append(certificate.read(der))
        except certificate.CertificateError:
            continue
    return found


def _revocations(text: str) -> list[certificate.Revocations]:
    found = []
    for der in certificate.from_pem(text):
        try:
            found.append(certificate.read_revocations(der))
        except certificate.CertificateError:
            continue
    return found


def _identity(seen: certificate.Certificate) -> dict[str, Any]:
    return {
        "subject": seen.subject,
        "issuer": seen.issuer,
        "names": seen.names,
        "subject_key": seen.subject_key,
        "authority_key": seen.authority_key,
        "digest": seen.digest,
    }
