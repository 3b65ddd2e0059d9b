# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the control command of a node asks of it, and of other nodes of the cluster, as the node's own files say how.

A node that is asked may have been taken over. So whoever asks is no Erlang node, which would do what a connected node tells it to: it
sends its question, takes one answer of bounded size within a bounded time, and passes over all else that comes.
What takes Erlang, such as reading an expression or writing a term, is done by the module ``beam_tls_control`` in the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate_files,
    diagnosis,
    handshake,
    node_configuration,
    node_name,
    node_settings,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt, AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    ChannelError,
    DeadlineExceeded,
    FrameTooLong,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import (
    BadRpc,
    CallError,
    HiddenNode,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_configuration import Texts
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

CONNECT_SECONDS = 5.0
"""Seconds that a connection may take to come about."""

ANSWER_SECONDS = 10.0
"""Seconds that a question without work behind it may take."""

TEXT_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that are shown. A node of ours answers with a million characters at most."""

EPMD_PORT = 4369
MODULE = "beam_tls_control"


class Refusal(Exception):
    """A question was not asked or brought no answer; the sentence says why."""


class Own(NamedTuple):
    """What a node's own files say: its name, what it brings to its connections, where the nodes of its cluster are, and in which file that stands."""

    node: str
    prober: Prober
    peers: Mapping[str, Peer]
    table: str

    def peer(self, node: str) -> Peer:
        """Return a node of the cluster; raise Refusal."""
        if node not in self.peers:
            raise Refusal("%s cannot be reached: it is no node of this cluster, as %s does not list it." % (node, self.table))
        return self.peers[node]


def own(node: str, directory: str, texts: Texts, cookie_file: str) -> Own:
    """Return what the files of a node's configuration say, which ``texts`` reads. Raises Refusal."""
    said = node_configuration.read(directory, texts)
    for path, found in (
        (said.path(node_configuration.ARGUMENTS), said.arguments),
        (said.path(node_configuration.TABLE), said.entries),
        (said.options_file, said.options),
    ):
        if path in said.problems:
            raise Refusal("%s: %s; run the playbook again for this host." % (path, said.problems[path]))
        if found is None:
            raise Refusal("%s cannot be read; run the playbook again for this host." % path)
    credentials = said.credentials("client", tls.Credentials(said.path("certificate"), said.path("trust")))
    prober = Prober(node_name.parsed(node).host, credentials, cookie_file, CONNECT_SECONDS)
    epmd_port = said.arguments.epmd_port if said.arguments is not None else None
    peers = {entry.node: _peer(entry, epmd_port) for entry in said.entries or ()}
    return Own(node, prober, peers, said.path(node_configuration.TABLE))


def _peer(entry: node_settings.Entry, epmd_port: int | None) -> Peer:
    addresses = (entry.address,) if entry.address else ()
    return Peer.of(entry.node, addresses, entry.port, (epmd_port or EPMD_PORT) if entry.port is None else None)


class Question(NamedTuple):
    """A call of ``beam_tls_control``: a function, its arguments as texts, and the seconds that it may take."""

    function: str
    arguments: tuple[bytes, ...]
    seconds: float


def ping(mine: Own, node: str, name: str) -> None:
    """Connect to a node of the cluster as the hidden node ``name`` and part again; raise Refusal."""
    peer = mine.peer(node)
    _connected(mine.prober, peer, name).close()


def text(mine: Own, name: str, question: Question) -> str:
    """Return the text that the node answers a question with; raise Refusal, also with the node's own sentence."""
    outcome = _ask(mine, name, question)
    if isinstance(outcome, tuple) and len(outcome) == 2 and outcome[0] in (Atom("ok"), Atom("error")) and isinstance(outcome[1], bytes):
        said = _shown(mine, outcome[1])
        if outcome[0] == Atom("ok"):
            return said
        raise Refusal(said)
    raise _foreign(mine)


def lines(mine: Own, name: str, question: Question) -> list[tuple[str, str]]:
    """Return the pairs of texts that the node answers a question with; raise Refusal."""
    outcome = _ask(mine, name, question)
    if not isinstance(outcome, list) or not all(_is_line(pair) for pair in outcome):
        raise _foreign(mine)
    return [(_shown(mine, key), _shown(mine, value)) for key, value in outcome]


def certificates(mine: Own, now: datetime) -> list[tuple[str, str]]:
    """Return a line for the certificate in the node's file and one for each CA that it trusts: until when, and whether it should have been renewed."""
    return [("CA" if each.authority else "certificate", _until(each, now)) for each in certificate_files.held(mine.prober.credentials)]


def _until(held: certificate_files.Held, now: datetime) -> str:
    days, date = held.certificate.days_left(now), held.certificate.not_after.strftime("%Y-%m-%d")
    told = "ended on %s" % date if days < 0 else "good until %s, for %d days more" % (date, days)
    return told + (", and should have been renewed: run the playbook %s" % held.playbook if held.is_overdue(now) else "")


def _is_line(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(part, bytes) for part in pair)


def _shown(mine: Own, said: bytes) -> str:
    if len(said) > TEXT_LIMIT:
        raise Refusal("%s answered with %d bytes of text; at most %d are shown." % (mine.node, len(said), TEXT_LIMIT))
    return said.decode("utf-8", "backslashreplace")


def _foreign(mine: Own) -> Refusal:
    return Refusal("%s answered with something that its module %s does not answer with." % (mine.node, MODULE))


def _connected(prober: Prober, peer: Peer, name: str) -> Attempt:
    attempt = prober.attempt(peer)
    try:
        prober.go(attempt, handshake.named(name))
    except AttemptFailed as failure:
        fault = prober.explain(attempt, failure)
        attempt.close()
        raise Refusal("%s cannot be reached: %s %s" % (peer.node, fault.cause, fault.remedy)) from failure
    return attempt


def _ask(mine: Own, name: str, question: Question) -> Any:
    attempt = _connected(mine.prober, mine.peer(mine.node), name)
    try:
        return HiddenNode.of(attempt).call(MODULE, question.function, list(question.arguments), question.seconds)
    except DeadlineExceeded as error:
        raise Refusal("%s did not answer within %g s." % (mine.node, question.seconds)) from error
    except FrameTooLong as error:
        raise Refusal("%s answered with %d bytes; at most %d are read." % (mine.node, error.length, error.limit)) from error
    except BadRpc as error:
        raise Refusal("The call failed in %s: %s" % (mine.node, error)) from error
    except (CallError, ChannelError, OSError) as error:
        raise Refusal("%s gave no answer: %s." % (mine.node, diagnosis.describe(error))) from error
    finally:
        attempt.close()
