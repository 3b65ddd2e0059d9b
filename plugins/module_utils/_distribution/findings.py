# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host finds wrong with its own node: from the node's files, its certificates, its unit and its port.

Facts come in, faults go out; the host is looked at elsewhere. A fault that is a mere consequence of another one is
left out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    diagnosis,
    node_configuration,
    node_name,
    node_settings,
    options,
    pem,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_configuration import (
    ARGUMENTS,
    SYSTEM,
    TABLE,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober

SIDES = ("server", "client")

NAMED = 3
"""How many of the things that are too many a finding names."""


class Listener(NamedTuple):
    """A socket that listens: where, and whose it is.

    ``own`` tells whether a process of the node's unit has it, None where that cannot be seen. ``process`` is 0 where
    none is seen; ``program`` and ``account`` are empty then.
    """

    address: str
    port: int
    own: bool | None
    process: int
    program: str
    account: str

    @property
    def on_loopback(self) -> bool:
        """Whether it is this host alone that reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def who(self) -> str:
        """The program in words."""
        if not self.process:
            return "a process that this host does not show"
        return "%s (process %d, account %s)" % (self.program, self.process, self.account)


class State(NamedTuple):
    """The node's unit, and who listens on its port, on epmd's, or is of the unit and listens elsewhere.

    ``unit`` is its name, None where systemd knows none; ``active``, ``sub`` and ``result`` are what systemd says of it;
    ``process`` and ``program`` are those of its main process, which may be one that only starts the node. ``waiting`` says who waits at
    the node's port and is not accepted, empty if nobody is kept waiting.
    """

    unit: str | None
    active: str
    sub: str
    result: str
    process: int
    program: str
    listeners: tuple[Listener, ...]
    waiting: str = ""


class Host(Protocol):
    """What is asked of the host."""

    def texts(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the text of those of the files that can be read."""

    def directory(self, path: str | None) -> list[str]:
        """Return the text of the files of a directory."""

    def barred(self, account: str, paths: Sequence[str]) -> dict[str, str]:
        """Return why the account cannot read those of the files that it cannot."""

    def packet_filter(self, command: Sequence[str]) -> str:
        """Return what is wrong with the packet filter by the command that checks it, empty if nothing is."""

    def connect_as_nobody(self, places: Sequence[tuple[str, int]]) -> list[int | None]:
        """Return how attempts of an account without business end: 0, an error number, None where nobody tried."""

    def state(self, unit: str, ports: Sequence[int]) -> State:
        """Return the state of the unit, and who listens on the ports."""

    def registered(self, port: int) -> list[str] | None:
        """Return the names that are registered with the host's epmd at a port, None where no epmd answers."""


class Place(NamedTuple):
    """The node of a host and where its things are: ``directory`` holds its configuration. ``discovery`` is how nodes
    find each other. ``authorities`` are the digests of the CAs that nodes of the cluster are to trust; none where that is
    not known. ``packet_filter_check`` is the command that checks the packet filter, empty where none is ours.
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
    epmd_port: int = 4369
    authorities: tuple[str, ...] = ()
    packet_filter_check: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host part of the node name."""
        return node_name.parsed(self.node).host

    def path(self, key: str) -> str:
        """Return the path of a configuration file, by its key in the layout."""
        return layout.configuration(self.directory)[key]


def place(params: Mapping[str, Any]) -> Place:
    """Return where a node's things are, from options of node_verify: where they say, or where the roles put them. Raises OptionError."""
    usual = options.usual_credentials(params["node"], params, "node")
    return Place(
        node=params["node"],
        account=params["account"],
        unit=params["unit"] or layout.layout(node_name.parsed(params["node"]).name)["service"],
        directory=options.directory_of(params["node"], params, "node"),
        certfile=usual.certfile,
        cacertfile=usual.cacertfile,
        cookie_file=options.cookie_file_of(params["node"], params, "node"),
        port=params["port"],
        discovery=params["discovery"],
        minimum_version=usual.minimum_version,
        packet_filter_check=tuple(params.get("packet_filter_check") or ()),
        epmd_port=params["epmd_port"],
        authorities=tuple(seen.digest for text in params["authorities"] or () for seen in _certificates(text)),
    )


class Finding(NamedTuple):
    """A fault of the own node; ``peer`` is the node that it concerns alone, None where it concerns all."""

    fault: diagnosis.Fault
    peer: str | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the FINDING of a module's result."""
        return {**self.fault.as_result(), "peer": self.peer}


class OwnNode:
    """The own node as its files describe it. Reading never fails: what is wrong becomes a finding."""

    def __init__(self, place: Place, host: Host) -> None:
        self.place = place
        self.host = host
        self.problems: list[Finding] = []
        said = node_configuration.read(place.directory, host.texts)
        self.configuration = said
        for path, problem in said.problems.items():
            self._problem("file", "options-invalid", "%s: %s" % (path, problem))
        self.barred = host.barred(place.account, self._paths())
        revoked = dict.fromkeys(path for path in (said.side(side).revoked_file for side in SIDES) if path is not None)
        for path in (said.options_file, *revoked, *(place.path(name) for name in (ARGUMENTS, TABLE, SYSTEM))):
            if path in self.barred:
                self._problem("file", "options-unreadable", "%s: %s" % (path, self.barred[path]))

    def credentials(self, side: str) -> tls.Credentials:
        """Return what the node shows and trusts on a side."""
        place = self.place
        usual = tls.Credentials(place.certfile, place.cacertfile, place.minimum_version, barred=self.barred)
        return self.configuration.credentials(side, usual)

    def prober(self, timeout: float) -> Prober:
        """Return what the node brings to connections that it opens, each of which may take so many seconds."""
        return Prober(self.place.host, self.credentials("client"), self.place.cookie_file, timeout)

    def certificates(self, side: str) -> list[certificate.Certificate]:
        """Return the certificates of the file that the node shows on a side, its own first."""
        return _certificates(self._text(self.credentials(side).certfile))

    def trusted(self, side: str) -> list[certificate.Certificate]:
        """Return the CAs that the node trusts on a side."""
        inline = self.configuration.side(side).authorities
        if inline is not None:
            return _read(inline)
        return _certificates(self._text(self.credentials(side).cacertfile))

    def findings(self, peers: Sequence[str], now: datetime) -> list[Finding]:
        """Return what is wrong with the node, consequences left out; peers are the nodes it should know."""
        state = self.host.state(self.place.unit, (self.place.port, self.place.epmd_port))
        further = [*self._filter_findings(), *self._state_findings(state), *self._epmd_findings(state)]
        return _roots([*self._standing(peers, now), *further])

    def standing(self, peers: Sequence[str], now: datetime) -> list[Finding]:
        """Return what is wrong with the node's files alone, whatever its unit does; consequences are left out."""
        return _roots(self._standing(peers, now))

    def _standing(self, peers: Sequence[str], now: datetime) -> list[Finding]:
        return [
            *self.problems,
            *self._files(),
            *self._certificate_findings(now),
            *self._trust_findings(),
            *self._revocation_findings(now),
            *self._argument_findings(),
            *self._table_findings(peers),
        ]

    def facts(self, now: datetime) -> dict[str, Any]:
        """Return what the answers of other hosts are compared with; now is the time by this host's clock."""
        return {
            "time": round(now.timestamp(), 1),
            "certificates": {side: [_identity(one) for one in self.certificates(side)[:1]] for side in SIDES},
            "trust": {side: [_identity(one) for one in self.trusted(side)] for side in SIDES},
            "hidden": bool(self.configuration.arguments and self.configuration.arguments.hidden),
            "versions": {side: list(self.configuration.side(side).versions or []) for side in SIDES},
            "tls": {side: _lists(self.configuration.side(side)) for side in SIDES},
            "lists_needed": any(self.configuration.side(side).lists_needed for side in SIDES),
        }

    def _paths(self) -> list[str]:
        sides = [self.configuration.side(side) for side in SIDES]
        named = [path for side in sides for path in (side.certfile, side.keyfile, side.cacertfile) if path]
        place = self.place
        return list(dict.fromkeys([*self.configuration.read, place.certfile, place.cacertfile, place.cookie_file, *named]))

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
            for text in self.host.directory(self.configuration.side(side).revocations)
            for revoked in certificate.revocations_in(text)
        ]
        found = {}
        for side in SIDES:
            shown = self.certificates(side)
            for seen in shown[:1]:
                keys = self.configuration.side(side).revoked_keys
                fault = certificate_rules.fault_of(seen, self.place.host, side, now, lists, shown[1:], keys)
                excess = certificate_rules.excess_of(seen, self.place.host)
                found[side] = fault or (("excess", excess) if excess else None)
        server, client = (found.get(side) for side in SIDES)
        if server and client and server[0] == client[0]:
            yield self._finding("certificate", *server)
            return
        for side, fault in found.items():
            if fault:
                yield self._finding(side + "-certificate", *fault)

    def _revocation_findings(self, now: datetime) -> Iterator[Finding]:
        """Find lists of revoked certificates with which a node refuses, or is about to refuse, everybody; one for both sides."""
        for side in SIDES:
            said = self.configuration.side(side)
            if said.revoked_file is not None and said.revoked_file not in self.configuration.read:
                yield self._finding("revocations", "missing", "%s cannot be read" % said.revoked_file)
                return
            if said.revocations is not None and said.lists_needed:
                lists = [revoked for text in self.host.directory(said.revocations) for revoked in certificate.revocations_in(text)]
                fault = certificate_rules.list_fault(lists, self._issuers(side, {each.issuer for each in lists}), now)
                if fault is not None:
                    yield self._finding("revocations", fault[0], "%s: %s" % (said.revocations, fault[1]))
                    return

    def _issuers(self, side: str, listed: Collection[str]) -> list[certificate.Certificate]:
        """Return the CAs of the cluster of which there is a list, by their names, or has to be one, as the node's own certificate is of them; all if
        there is none of any.
        """
        shown, known = self.certificates(side), self.place.authorities
        roots = [each for each in self.trusted(side) if each.own_issuer and (not known or each.digest in known)]
        found = [each for each in [*roots, *shown[1:]] if each.subject in listed or any(own.issued_by(each) for own in shown[:1])]
        return found or roots

    def _trust_findings(self) -> Iterator[Finding]:
        """Find what the node would let in beyond the certificates of the cluster's CA."""
        for side in SIDES if self.place.authorities else ():
            trusted = self.trusted(side)
            strange = [seen for seen in trusted if seen.digest not in self.place.authorities]
            if strange:
                code = "stranger" if len(strange) < len(trusted) else "unknown-ca"
                detail = "%s holds %s" % (self._trust_file(side), _shortened([seen.subject for seen in strange]))
                yield self._finding("trust", code, detail)
        if self.configuration.options is not None:
            said = [(side, option) for side in SIDES for option in self.configuration.side(side).loosened]
            if said:
                detail = "in %s %s" % (self.configuration.options_file, _listed("%s of the %s" % (option, side) for side, option in said))
                yield self._finding("options", "loosened", detail)
        if self.configuration.arguments is not None and self.configuration.arguments.overrides:
            yield self._finding("options", "loosened", "%s gives -ssl_dist_opt" % self.place.path(ARGUMENTS))

    def _trust_file(self, side: str) -> str:
        inline = self.configuration.side(side).authorities is not None
        return "cacerts in " + self.configuration.options_file if inline else self.credentials(side).cacertfile

    def _argument_findings(self) -> Iterator[Finding]:
        said = self.configuration.arguments
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
        if self.configuration.entries is None:
            return
        listed = [entry.node for entry in self.configuration.entries]
        for peer in peers:
            if peer not in listed:
                yield self._finding("table", "missing", node_name.parsed(peer).host, peer)
        strange = [name for name in listed if name not in (*peers, self.place.node)]
        if strange:
            yield self._finding("table", "stranger", "%s lists %s" % (self.place.path(TABLE), _shortened(strange)))

    def _filter_findings(self) -> Iterator[Finding]:
        command = self.place.packet_filter_check
        wrong = self.host.packet_filter(command) if command else ""
        if wrong:
            yield self._finding("filter", "wrong", wrong)

    def _state_findings(self, state: State) -> Iterator[Finding]:
        if state.waiting:
            yield self._finding("listener", "crowded", state.waiting)
        if state.unit is None:
            return
        at_port = [each for each in state.listeners if each.port == self.place.port]
        ours = [each for each in at_port if each.own is not False]
        # Beside the node, others may use the same port on the loopback.
        foreign = [each for each in at_port if each.own is False and not (ours and each.on_loopback)]
        if foreign:
            detail = "%s listens on port %d" % (foreign[0].who, self.place.port)
            yield self._finding("listener", "foreign", detail)
        elif ours and all(each.on_loopback for each in ours):
            detail = "it is bound to %s" % _listed(each.address for each in ours)
            yield self._finding("listener", "loopback", detail)
        elif not ours:
            yield self._absence(state)

    def _absence(self, state: State) -> Finding:
        """Return why nobody listens on the node's port."""
        if not state.process:
            said = state.active + (" (%s)" % state.result if state.result not in ("", "success") else "")
            return self._finding("unit", "inactive", "%s is %s" % (state.unit, said))
        elsewhere = _listed(str(port) for port in sorted({each.port for each in state.listeners if each.own}))
        if elsewhere:
            kind = "epmd-elsewhere" if self.place.discovery == "epmd" else "elsewhere"
            detail = "it listens on port %s, planned is %d" % (elsewhere, self.place.port)
            return self._finding("listener", kind, detail)
        detail = "%s is %s, and its process %d (%s) listens on no port" % (
            state.unit, state.active, state.process, state.program,
        )  # fmt: skip
        return self._finding("listener", "none", detail)

    def _epmd_findings(self, state: State) -> Iterator[Finding]:
        """Find an epmd where nodes are found without one, unless nodes of another kind are registered with it."""
        if self.place.discovery == "epmd":
            return
        at_port = [each for each in state.listeners if each.port == self.place.epmd_port]
        running = [each for each in at_port if each.program == "epmd"]
        waiting = [each for each in at_port if each.process == 1]
        if running and self.host.registered(self.place.epmd_port):
            return
        for each in (running or waiting)[:1]:
            places = _listed(place.address for place in running or waiting)
            detail = "%s listens on port %d of %s" % (each.who, each.port, places)
            yield self._finding("epmd", "uninvited", detail)


def _roots(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings that are no consequence of another one, each once."""
    explained = {name for finding in found for name in diagnosis.entry(finding.fault.id).explains}
    return list({finding: None for finding in found if finding.fault.id not in explained})


def _shortened(words: Sequence[str]) -> str:
    """Return the first few of many."""
    more = len(words) - NAMED
    return "; ".join(words[:NAMED]) + (" and %d more" % more if more > 0 else "")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _certificates(text: str) -> list[certificate.Certificate]:
    return _read(pem.contents(text))


def _read(ders: Iterable[bytes]) -> list[certificate.Certificate]:
    found = []
    for der in ders:
        try:
            found.append(certificate.read(der))
        except certificate.CertificateError:
            continue
    return found


def _lists(side: node_settings.Side) -> dict[str, list[str]]:
    """The lists of names that a side's TLS options give; what they leave out is not there."""
    given = {"ciphers": side.ciphers, "groups": side.groups, "signature_algs": side.signature_algs}
    return {name: list(names) for name, names in given.items() if names is not None}


def _identity(seen: certificate.Certificate) -> dict[str, Any]:
    return {
        "subject": seen.subject,
        "issuer": seen.issuer,
        "names": seen.names,
        "subject_key": seen.subject_key,
        "authority_key": seen.authority_key,
        "digest": seen.digest,
        "serial": "%x" % seen.serial,
        "not_before": round(seen.not_before.timestamp()),
        "not_after": round(seen.not_after.timestamp()),
    }
