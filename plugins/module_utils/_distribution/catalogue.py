# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of faults, as data: how each shows, what it comes from, what to do about it, and on which host.

An entry is recognised by its symptoms. Those of a connection name the stage it ended in, what kind of thing ended it
and a code within that kind. Those of the stage ``host`` are what a host finds when it looks at its own node, those of
the stage ``mesh`` what comes out when the answers of several hosts are compared. docs/diagnosis.md is made from this
file. Names of alerts are those of RFC 8446, section 6.
"""

from __future__ import annotations

from typing import NamedTuple

STAGES = ("resolve", "connect", "tls", "handshake", "cookie")
"""The stages of an attempt, in their order."""

ANY = "*"

OWN, PEER, WAY = "own", "peer", "way"
"""Where the remedy is: on the host that meets the fault, on that of its peer, or between the two."""


class Symptom(NamedTuple):
    """How a fault shows: the stage it ended, the kind of ending, a code within that kind. ANY matches every value."""

    stage: str
    kind: str
    code: str = ANY

    def matches(self, other: Symptom) -> bool:
        """Tell whether other is an instance of this pattern."""
        return all(mine in (ANY, theirs) for mine, theirs in zip(self, other))


class Entry(NamedTuple):
    """One fault of the catalogue.

    The sentences may use ``{owner}`` (the host where the remedy is), ``{node}`` and ``{host}`` (the peer's),
    ``{address}``, ``{port}``, ``{epmd_port}``, ``{own_host}``, ``{certfile}``, ``{cacertfile}``, ``{cookie_file}``,
    ``{timeout}`` (seconds) and ``{detail}``. ``several`` are cause and remedy of a fault between hosts that shows on
    several edges; they may use ``{between}`` (the hosts, by sides) and ``{direction}`` besides. ``at`` is where the
    remedy is; what a host finds at its own node is always there. ``transient`` says that it may pass by itself while a
    node starts. ``explains`` lists what else a host with this fault is reported for, which is no fault of its own then.
    ``breaks`` says that the node itself connects to nobody with it, even if a connection with its certificate comes
    about.
    """

    id: str
    symptoms: tuple[Symptom, ...]
    cause: str
    remedy: str
    at: str = PEER
    transient: bool = False
    explains: tuple[str, ...] = ()
    breaks: bool = False
    several: tuple[str, str] | None = None


_ABSENT = ("connection-refused", "epmd-name-unknown", "node-down", "node-not-distributed")
"""What a node is reported for that did not come up."""

_WITHOUT_TLS = (
    "handshake-closed",
    "tls-alert",
    "tls-closed",
    "tls-failed",
    "tls-no-shared-cipher",
    "tls-timeout",
)
"""What a node is reported for that runs, and cannot set TLS up."""

_REISSUE = "Have a new certificate issued: run the role erlang_certs for {owner}."


def _file(name: str, code: str, cause: str, remedy: str) -> Entry:
    """Return the entry of a file that the node of its host cannot use."""
    return Entry(name, (Symptom(ANY, "file", code),), cause, remedy, OWN, explains=(*_ABSENT, *_WITHOUT_TLS), breaks=True)


def _certificate(problem: str, cause: str, remedy: str) -> tuple[Entry, ...]:
    """Return the entries of one fault of a certificate: as its host finds it where the node shows one certificate on
    both sides, and as peers meet it where the node is the server, and where it is the client.
    """
    server, client = "server-certificate-" + problem, "client-certificate-" + problem
    return (
        Entry(
            "certificate-" + problem,
            (Symptom("host", "certificate", problem),),
            cause,
            remedy,
            OWN,
            explains=(server, client, *_WITHOUT_TLS),
        ),
        Entry(
            server,
            (Symptom("tls", "certificate", problem), Symptom("host", "server-certificate", problem)),
            cause,
            remedy,
            explains=_WITHOUT_TLS,
        ),
        Entry(
            client,
            (Symptom("tls", "client-certificate", problem), Symptom("host", "client-certificate", problem)),
            cause,
            remedy,
            OWN,
        ),
    )


CATALOGUE = (
    _file(
        "certificate-file-unreadable",
        "certificate-unreadable",
        "The node of {owner} cannot read its certificate and key ({detail}).",
        "Give the file to root and the node's group, mode 0640; the role erlang_certs does for {owner}.",
    ),
    _file(
        "certificate-file-invalid",
        "certificate-invalid",
        "The certificate file of {owner} does not hold a certificate and its private key ({detail}).",
        _REISSUE,
    ),
    _file(
        "certificate-key-mismatch",
        "certificate-mismatch",
        "The private key of {owner} is not the one that its certificate was issued for ({detail}).",
        _REISSUE,
    ),
    _file(
        "certificate-key-encrypted",
        "certificate-encrypted",
        "The private key of {owner} is encrypted, and a node starts without anybody to type a passphrase ({detail}).",
        "Store the key without a passphrase, readable for root and the node's group alone.",
    ),
    _file(
        "trust-file-unreadable",
        "trust-unreadable",
        "The node of {owner} cannot read its trust bundle ({detail}).",
        "Give the file to root and the node's group, mode 0640; the role erlang_node does for {owner}.",
    ),
    _file(
        "trust-file-invalid",
        "trust-invalid",
        "The trust bundle of {owner} holds no certificate ({detail}).",
        "Run the role erlang_node for {owner}; it writes the cluster's CA there.",
    ),
    _file(
        "trust-file-not-root",
        "trust-not-root",
        "The trust bundle of {owner} holds a certificate that is no root, and nodes build no way to one from it ({detail}).",
        "Keep roots alone in the bundle, and intermediate CAs in the files of the nodes that need them; the role erlang_node "
        "writes the cluster's CA there.",
    ),
    _file(
        "cookie-file-unreadable",
        "cookie-unreadable",
        "The node of {owner} cannot read its cookie ({detail}).",
        "Give {cookie_file} to the node's account, mode 0400; the role erlang_node does for {owner}.",
    ),
    _file(
        "cookie-file-rights",
        "cookie-rights",
        "The node of {owner} refuses a cookie that others may read ({detail}).",
        "Make {cookie_file} readable for its owner alone, mode 0400; the role erlang_node does for {owner}.",
    ),
    _file(
        "cookie-file-empty",
        "cookie-empty",
        "The cookie file of {owner} holds no cookie ({detail}).",
        "Run the role erlang_node for {owner}; it writes the cluster's cookie there.",
    ),
    _file(
        "cookie-file-invalid",
        "cookie-invalid",
        "The cookie of {owner} holds characters that a node does not accept in one ({detail}).",
        "Run the role erlang_node for {owner}; it writes the cluster's cookie there.",
    ),
    _file(
        "options-file-unreadable",
        "options-unreadable",
        "The node of {owner} cannot read its configuration ({detail}).",
        "Give the file to root and the node's group, mode 0640; the role erlang_node does for {owner}.",
    ),
    _file(
        "options-file-invalid",
        "options-invalid",
        "A configuration file of {owner} is not what a node reads ({detail}).",
        "Run the role erlang_node for {owner}; it has the node's own erl read such a file before it replaces the old.",
    ),
    Entry(
        "port-taken",
        (Symptom("host", "listener", "foreign"),),
        "The port of the node of {owner} is taken by another program: {detail}.",
        "Stop that program or move it to another port, then start the node.",
        explains=(
            *_ABSENT,
            *_WITHOUT_TLS,
            "handshake-malformed",
            "handshake-timeout",
            "other-node",
            "plain-node",
            "server-certificate-name",
            "server-certificate-unknown-ca",
            "tls-not-spoken",
            "tls-version",
        ),
    ),
    Entry(
        "connections-waiting",
        (Symptom("host", "listener", "crowded"),),
        "The node of {owner} does not get to the connections that wait at its port: {detail}.",
        "Find out who holds connections to port {port} of {owner} and does not finish a handshake (ss -tnp lists them), and "
        "end it: a node takes up as many handshakes at a time as it has schedulers, and gives each seven seconds.",
        explains=(
            *_WITHOUT_TLS,
            "call-timeout",
            "connection-filtered",
            "connection-refused",
            "cookie-timeout",
            "dropped-by-peer-filter",
            "handshake-timeout",
        ),
    ),
    Entry(
        "packet-filter-wrong",
        (Symptom("host", "filter", "wrong"),),
        "The packet filter of the node of {owner} does not stand as it was planned: {detail}.",
        "Run the role erlang_firewall for {owner}; if somebody stopped the packet filter's unit there, start it again.",
        explains=("connection-filtered", "connection-prohibited", "dropped-by-own-filter", "dropped-by-peer-filter"),
    ),
    Entry(
        "node-down",
        (Symptom("host", "unit", "inactive"),),
        "The node of {owner} does not run: {detail}.",
        "Start it; if it does not stay up, its journal says why.",
        transient=True,
        explains=("connection-refused", "epmd-name-unknown"),
    ),
    Entry(
        "node-port-differs",
        (Symptom("host", "listener", "elsewhere"),),
        "The node of {owner} listens on another port than planned: {detail}.",
        "Run the role erlang_node for {owner}, and restart the node.",
        explains=("connection-filtered", "connection-refused", "dropped-by-peer-filter", "dropped-on-the-way"),
    ),
    Entry(
        "node-on-loopback",
        (Symptom("host", "listener", "loopback"),),
        "The node of {owner} listens on the loopback alone, where no peer reaches it: {detail}.",
        "Take inet_dist_use_interface out of the parameters of kernel (erlang_node_sys_config or erlang_node_vm_args), or "
        "give it the address that peers connect to, and restart the node.",
        explains=("connection-filtered", "connection-refused", "dropped-by-peer-filter", "dropped-on-the-way"),
    ),
    Entry(
        "epmd-uninvited",
        (Symptom("host", "epmd", "uninvited"),),
        "An epmd listens on {owner}, with which no node is registered: {detail}.",
        "End it, and what starts it, such as the commands of a release (bin/NAME rpc) or epmd.socket of systemd; where a node "
        "of another cluster needs it, start that node, which registers with it.",
    ),
    Entry(
        "node-not-distributed",
        (Symptom("host", "listener", "none"),),
        "The node of {owner} runs, and does not listen for its peers: {detail}.",
        "Its journal says why the distribution did not start; correct that, and restart the node.",
        transient=True,
        explains=("connection-refused", "epmd-name-unknown"),
    ),
    Entry(
        "node-not-allowed",
        (Symptom("handshake", "status", "not_allowed"), Symptom("host", "table", "missing")),
        "{owner} does not let the node of {detail} in: its table of peers does not list that node.",
        "Run the role erlang_node for {owner}, which writes the table of peers and has the node take it in.",
        transient=True,
        explains=("handshake-closed",),
        breaks=True,
    ),
    Entry(
        "names-mixed",
        (Symptom("handshake", "names-mixed"), Symptom("host", "names", "mixed")),
        "The node of {owner} mixes short and long node names, which never connect with each other: {detail}.",
        "Start all nodes of the cluster with -name and host parts that have a dot, or all with -sname and without; the "
        "role erlang_node writes the right flag for {owner}.",
        explains=("other-node",),
        breaks=True,
    ),
    Entry(
        "plain-node",
        (Symptom("tls", "plain-node"), Symptom("host", "arguments", "plain")),
        "The node of {owner} runs without TLS ({detail}).",
        "Run the role erlang_node for {owner}; every node of a cluster must be stopped before the first one starts with TLS.",
        breaks=True,
    ),
    Entry(
        "name-unknown",
        (
            Symptom("resolve", "name", "EAI_NONAME"),
            Symptom("resolve", "name", "EAI_NODATA"),
            Symptom("resolve", "name", "EAI_ADDRFAMILY"),
        ),
        "{own_host} cannot resolve the name {host}.",
        "Add {host} to DNS or to /etc/hosts of {own_host}, or use discovery map.",
        OWN,
    ),
    Entry(
        "resolver-unavailable",
        (Symptom("resolve", "name", ANY),),
        "The resolver of {own_host} did not answer for {host} ({detail}).",
        "Check /etc/resolv.conf and the name servers of {own_host}.",
        OWN,
        transient=True,
    ),
    Entry(
        "resolve-timeout",
        (Symptom("resolve", "timeout"),),
        "{own_host} took longer than {timeout} seconds to find out where {node} listens.",
        "Check the name servers of {own_host}; a dead one makes every look-up slow.",
        OWN,
        transient=True,
    ),
    Entry(
        "name-differs",
        (Symptom("mesh", "resolve", "differs"),),
        "{own_host} resolves {host} to {address}, and others reach it elsewhere: {detail}.",
        "Correct the entry of {host} in /etc/hosts or in the name servers of {own_host}.",
        OWN,
    ),
    Entry(
        "epmd-down",
        (Symptom("resolve", "epmd", "ECONNREFUSED"),),
        "No epmd listens on port {epmd_port} of {address}.",
        "Start epmd on {owner}, and restart the node, or use discovery port, which needs none.",
        transient=True,
    ),
    Entry(
        "epmd-filtered",
        (Symptom("resolve", "epmd", "timeout"),),
        "Nothing came back from epmd's port {epmd_port} of {address} within {timeout} seconds: a packet filter drops it.",
        "Open TCP port {epmd_port} of {host} to {own_host} in every firewall on the way, or use discovery port.",
        WAY,
        several=(
            "Nothing comes back from epmd's port {epmd_port} between {between}, {direction}: a packet filter drops it.",
            "Open TCP port {epmd_port} {direction} in every firewall between them, or use discovery port.",
        ),
    ),
    Entry(
        "epmd-name-unknown",
        (Symptom("resolve", "epmd", "no-such-name"),),
        "epmd on {owner} runs, and does not know {node}.",
        "Restart the node, so that it registers again.",
        transient=True,
    ),
    Entry(
        "epmd-foreign",
        (Symptom("resolve", "epmd", "malformed"), Symptom("resolve", "epmd", "closed")),
        "What listens on port {epmd_port} of {address} is no epmd ({detail}).",
        "Find out what took that port on {owner} and move it, or set erlang_cluster_epmd_port.",
    ),
    Entry(
        "epmd-unreachable",
        (Symptom("resolve", "epmd", ANY),),
        "No connection with epmd on port {epmd_port} of {address}: {detail}.",
        "Check routes and firewalls between {own_host} and {host}.",
        WAY,
        transient=True,
        several=(
            "No connection with epmd on port {epmd_port} between {between}, {direction}: {detail}.",
            "Check routes and firewalls between them.",
        ),
    ),
    Entry(
        "epmd-port-not-open",
        (Symptom("connect", "epmd-port"), Symptom("host", "listener", "epmd-elsewhere")),
        "epmd on {owner} names port {port} for {node}, which is not the one that the firewalls open ({detail}).",
        "Have the node listen on the planned port: run the role erlang_node for {owner}, and restart the node.",
    ),
    Entry(
        "connection-refused",
        (Symptom("connect", "os", "ECONNREFUSED"),),
        "Nothing listens on TCP port {port} of {address}, or a firewall rejects it.",
        "Start the node of {owner} and check that it listens on that port.",
        transient=True,
    ),
    Entry(
        "connection-filtered",
        (Symptom("connect", "timeout"),),
        "Nothing came back from TCP port {port} of {address} within {timeout} seconds: a packet filter drops it, or the host is down.",
        "Open TCP port {port} of {address} to {own_host} in every firewall on the way; the playbook firewall_plan lists the rules.",
        WAY,
        transient=True,
        several=(
            "Nothing comes back from TCP port {port} within {timeout} seconds between {between}, {direction}: a packet filter drops it, or hosts are down.",
            "Open TCP port {port} {direction} in every firewall between them; the playbook firewall_plan lists the rules.",
        ),
    ),
    Entry(
        "dropped-by-own-filter",
        (Symptom("mesh", "watch", "not-sent"), Symptom("mesh", "watch", "answer-dropped")),
        "The packet filter of {own_host} itself drops its connections to TCP port {port} of {address}: {detail}.",
        "Allow them in the output and input rules of {own_host}.",
        OWN,
    ),
    Entry(
        "dropped-by-peer-filter",
        (Symptom("mesh", "watch", "not-answered"),),
        "The packet filter of {owner} drops what {own_host} sends to TCP port {port}: {detail}.",
        "Run the role erlang_firewall for {owner}; if other rules of that host drop it, accept TCP port {port} from the "
        "cluster's hosts there.",
    ),
    Entry(
        "dropped-by-filter",
        (Symptom("mesh", "watch", "both-ways"),),
        "The packet filter of {owner} drops connections to TCP port {port}, those of its own node as well as those of its peers: {detail}.",
        "Run the role erlang_firewall for {owner}; if other rules of that host drop them, accept TCP port {port} from and to "
        "the cluster's hosts there.",
        explains=("connection-filtered", "dropped-by-own-filter", "dropped-by-peer-filter"),
    ),
    Entry(
        "dropped-on-the-way",
        (Symptom("mesh", "watch", "not-arrived"), Symptom("mesh", "watch", "answer-lost")),
        "A router or firewall between {own_host} and {host} drops packets to TCP port {port} of {address}: {detail}.",
        "Open TCP port {port} of {address} to {own_host} in the firewalls between them; the playbook firewall_plan lists the rules.",
        WAY,
        several=(
            "A router or firewall between {between} drops packets to TCP port {port}, {direction}: {detail}.",
            "Open TCP port {port} {direction} in the routers and firewalls between them; the playbook firewall_plan lists the rules.",
        ),
    ),
    Entry(
        "connection-no-route",
        (Symptom("connect", "os", "EHOSTUNREACH"), Symptom("connect", "os", "ENETUNREACH")),
        "No way leads from {own_host} to {address}: {detail}.",
        "Correct the routes of {own_host}; if they are right, {host} is down, or a firewall rejects TCP port {port}.",
        OWN,
        transient=True,
        explains=("connection-filtered",),
        several=(
            "No way leads between {between}, {direction}: {detail}.",
            "Check the routers between them and the routes of these hosts; if they are right, a firewall rejects TCP port {port}.",
        ),
    ),
    Entry(
        "host-out-of-reach",
        (Symptom("mesh", "way", "none"),),
        "No way leads from {own_host} to {host}, which none of them reaches at {address}: {detail}.",
        "See that {host} is up and has that address, and that no router or firewall in front of it rejects TCP port {port}.",
    ),
    Entry(
        "connection-prohibited",
        (Symptom("connect", "os", "EACCES"), Symptom("connect", "os", "EPERM")),
        "The packet filter of {own_host} does not let connections out to TCP port {port} of {address}.",
        "Allow that connection in the output rules of {own_host}.",
        OWN,
    ),
    Entry(
        "connection-failed",
        (Symptom("connect", ANY),),
        "The connection to TCP port {port} of {address} failed: {detail}.",
        "Check the network between {own_host} and {host}.",
        WAY,
        transient=True,
        several=(
            "Connections to TCP port {port} between {between} fail, {direction}: {detail}.",
            "Check the network between them.",
        ),
    ),
    Entry(
        "tls-not-spoken",
        (
            Symptom("tls", "tls", "WRONG_VERSION_NUMBER"),
            Symptom("tls", "tls", "PACKET_LENGTH_TOO_LONG"),
            Symptom("tls", "tls", "RECORD_LAYER_FAILURE"),
            Symptom("tls", "tls", "UNKNOWN_PROTOCOL"),
            Symptom("tls", "tls", "HTTP_REQUEST"),
        ),
        "What listens on port {port} of {address} does not speak TLS.",
        "Find out what took that port on {owner}; a node of this cluster must listen there.",
    ),
    Entry(
        "tls-version",
        (
            Symptom("tls", "alert", "PROTOCOL_VERSION"),
            Symptom("tls", "tls", "UNSUPPORTED_PROTOCOL"),
            Symptom("tls", "tls", "NO_PROTOCOLS_AVAILABLE"),
            Symptom("tls", "tls", "WRONG_SSL_VERSION"),
        ),
        "{owner} has no TLS version in common with its peers ({detail}).",
        "Write the same versions in both parts of the TLS options file of {owner} as its peers have (OTP before 29 "
        "speaks TLS 1.2 only unless told), and restart the node.",
    ),
    Entry(
        "tls-no-shared-cipher",
        (
            Symptom("tls", "alert", "HANDSHAKE_FAILURE"),
            Symptom("tls", "alert", "INSUFFICIENT_SECURITY"),
            Symptom("tls", "tls", "NO_SHARED_CIPHER"),
            Symptom("tls", "tls", "NO_CIPHERS_AVAILABLE"),
        ),
        "{owner} has no cipher, group or signature algorithm in common with its peers ({detail}).",
        "Compare ciphers, supported_groups and signature_algs in the TLS options file of {owner} with those of its peers "
        "and with the key type of the certificates.",
    ),
    Entry(
        "clock-wrong",
        (Symptom("mesh", "clock", "wrong"),),
        "The clock of {owner} is wrong, so that it takes certificates for out of time that are not: {detail}.",
        "Set the clock of {owner}, and have it kept right (systemd-timesyncd or chrony), then restart the node.",
        explains=("certificate-expired", "certificate-not-yet-valid"),
    ),
    Entry(
        "authority-expired",
        (Symptom("mesh", "authority", "expired"),),
        "The CA certificate by which peers are verified at {own_host} has expired ({detail}).",
        "Run the playbook site for {own_host}; if the CA certificate in erlang_cluster_directory has expired itself, have "
        "a new one made there first.",
        OWN,
    ),
    *_certificate(
        "expired",
        "The certificate of {owner} has expired ({detail}).",
        "Renew it: run the role erlang_certs for {owner}, and check that host's clock.",
    ),
    *_certificate(
        "not-yet-valid",
        "The certificate of {owner} is not valid yet ({detail}).",
        "Compare the clocks of the hosts and of the controller; when they are right, run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "unknown-ca",
        "The certificate of {owner} was not issued by a CA that its peers trust ({detail}).",
        "Have a certificate of the cluster's CA issued: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "common-name-only",
        "The certificate of {owner} carries its name as common name only, where nothing looks for it any more ({detail}).",
        "Issue one whose subject alternative name is {owner}: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "name",
        "The certificate of {owner} is not for {owner} ({detail}).",
        "Issue one whose subject alternative name is {owner}, the host part of the node name: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "purpose",
        "The certificate of {owner} may not be used on this side of a connection ({detail}).",
        "Issue one with both extended key usages, serverAuth and clientAuth: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "usage",
        "The key usages of the certificate of {owner} are none of a node ({detail}).",
        "Issue one with the key usage digitalSignature alone: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "extension",
        "The certificate of {owner} has a critical extension that nodes do not know ({detail}).",
        "Issue one without it, or with the extension not critical: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "algorithm",
        "The certificate of {owner} has a kind of key or of signature that nodes do not take ({detail}).",
        "Issue one with a key on the curve P-256 that is signed with ECDSA and SHA-256: run the role erlang_certs for {owner}.",
    ),
    *_certificate(
        "chain",
        "The certificate of {owner} comes with others that do not lead to its CA, and nodes then refuse it ({detail}).",
        "Leave in the file the certificate of the node, behind it the CAs that lead to the root, each the issuer of the one "
        "before, and nothing else: run the role erlang_certs for {owner}.",
    ),
    Entry(
        "certificate-excess",
        (
            Symptom("host", "certificate", "excess"),
            Symptom("host", "server-certificate", "excess"),
            Symptom("host", "client-certificate", "excess"),
        ),
        "The certificate of {owner} allows more than to be the node of {owner}: {detail}.",
        "Find out who asked for it and what else was signed for {owner}, and issue one with that name alone: run the role "
        "erlang_certs for {owner}.",
        OWN,
    ),
    *_certificate(
        "revoked",
        "The certificate of {owner} is revoked ({detail}).",
        "Issue a new one, if {owner} may still be a member of the cluster: run the role erlang_certs for {owner}.",
    ),
    Entry(
        "trust-beyond-cluster",
        (Symptom("host", "trust", "stranger"),),
        "The node of {owner} trusts others beside the CA of the cluster, and whoever has a certificate of theirs gets in: {detail}.",
        "Run the role erlang_node for {owner}, which writes the CA of the cluster there and nothing else.",
        OWN,
        explains=("trust-file-not-root",),
    ),
    Entry(
        "trust-loosened",
        (Symptom("host", "options", "loosened"),),
        "The TLS options of {owner} let in more than certificates of the cluster's CA: {detail}.",
        "Run the role erlang_node for {owner}, which writes options that verify both sides, and restart the node.",
        OWN,
    ),
    Entry(
        "table-beyond-cluster",
        (Symptom("host", "table", "stranger"),),
        "{owner} lets nodes in that are not in the topology: {detail}.",
        "Run the role erlang_node for {owner}, which writes the table of peers and has the node take it in.",
        OWN,
    ),
    Entry(
        "trust-unknown-ca",
        (Symptom("mesh", "trust", "unknown-ca"), Symptom("host", "trust", "unknown-ca")),
        "The trust bundle of {owner} does not hold the CA that issued its peers' certificates ({detail}).",
        "Run the role erlang_node for {owner}, which writes the cluster's CA there and has the node take it in.",
        OWN,
        explains=("server-certificate-unknown-ca", "client-certificate-unknown-ca"),
    ),
    Entry(
        "revocations-missing",
        (Symptom("tls", "certificate", "crl-missing"), Symptom("tls", "certificate", "crl-expired")),
        "{own_host} refuses every certificate, as its list of revoked ones is missing or out of date ({detail}).",
        "Put a current revocation list of the cluster's CA in place on {own_host}.",
        OWN,
    ),
    Entry(
        "server-certificate-invalid",
        (Symptom("tls", "certificate", ANY),),
        "The certificate of {owner} does not verify: {detail}.",
        "Look at it with openssl x509 -text, and issue a new one.",
    ),
    Entry(
        "client-certificate-required",
        (Symptom("tls", "client-certificate", "required"),),
        "{node} asks for a certificate, and {owner} showed none.",
        "Check that {certfile} holds the certificate of {owner}.",
        OWN,
    ),
    Entry(
        "client-certificate-refused",
        (Symptom("tls", "client-certificate", ANY),),
        "{node} refuses the certificate of {owner} (alert {detail}).",
        "Look at {certfile} of {owner} with openssl x509 -text: it needs clientAuth, a signature that the node accepts, "
        "and the name {owner}.",
        OWN,
    ),
    Entry(
        "tls-alert",
        (Symptom("tls", "alert", ANY),),
        "{node} ended the TLS handshake with the alert {detail}.",
        "Read that node's log; raise the log level of ssl in its TLS options file if it is silent.",
    ),
    Entry(
        "tls-timeout",
        (Symptom("tls", "timeout"),),
        "Port {port} of {address} accepts connections, and no TLS answer came within {timeout} seconds.",
        "Check on {owner} that the node is responsive and that nothing else listens there; over links with a smaller "
        "MTU, check for lost large packets.",
        transient=True,
    ),
    Entry(
        "tls-closed",
        (Symptom("tls", "closed"),),
        "{node} closed the connection during the TLS handshake without a word.",
        "Read the log of that node: its certificate or key may be unreadable to it, or it is going down.",
        transient=True,
    ),
    Entry(
        "tls-failed",
        (Symptom("tls", ANY),),
        "The TLS handshake with {node} failed: {detail}.",
        "Read that node's log, and compare the TLS options files of both hosts.",
    ),
    Entry(
        "node-busy",
        (Symptom("handshake", "status", "nok"), Symptom("handshake", "status", "alive")),
        "{node} is busy with another connection of the same name (status {detail}).",
        "Try again; if it stays, restart the node that holds the stale connection.",
        transient=True,
    ),
    Entry(
        "other-node",
        (Symptom("handshake", "other-node"), Symptom("mesh", "certificate", "other-node")),
        "Another node answers at {address}, port {port}, where {node} should: {detail}.",
        "Correct the forwarding of port {port} in front of {owner}, or the address and port of {node}.",
        explains=("server-certificate-name",),
    ),
    Entry(
        "handshake-closed",
        (Symptom("handshake", "closed"),),
        "{node} took the certificate of {own_host} and closed the connection instead of answering its name: its table "
        "lists no host of that certificate, or it is going down.",
        "Check that the table of peers of {owner} lists the node of {own_host}, and reload that node; then read its log.",
        transient=True,
    ),
    Entry(
        "handshake-timeout",
        (Symptom("handshake", "timeout"),),
        "TLS with {node} stands, and it did not answer our name within {timeout} seconds.",
        "Check the load of {owner}; net_kernel of that node may be blocked.",
        transient=True,
    ),
    Entry(
        "handshake-malformed",
        (Symptom("handshake", "malformed"), Symptom("cookie", "malformed")),
        "What listens on port {port} of {address} speaks TLS, and not the distribution protocol.",
        "Find out what took that port on {owner}; a node of this cluster must listen there.",
    ),
    Entry(
        "otp-too-far-apart",
        (Symptom("mesh", "otp", "far-apart"),),
        "The OTP releases of {owner} and its peers are too far apart to connect: {detail}.",
        "Bring them within two major releases of each other; upgrade {owner} first.",
        explains=("call-failed", "call-lost", "handshake-closed", "handshake-malformed"),
    ),
    Entry(
        "cookie-mismatch",
        (Symptom("cookie", "closed"), Symptom("cookie", "cookie")),
        "{owner} holds another cookie than its peers.",
        "Run the role erlang_node for {owner}; a node reads a new cookie when it is restarted.",
    ),
    Entry(
        "cookie-timeout",
        (Symptom("cookie", "timeout"),),
        "{node} did not answer the proof of our cookie within {timeout} seconds.",
        "Check the load of {owner}; net_kernel of that node may be blocked.",
        transient=True,
    ),
    Entry(
        "net-ticktime-differs",
        (Symptom("mesh", "net-ticktime", "differs"),),
        "The node of {owner} runs with another net_ticktime than the cluster's: {detail}.",
        "Run the role erlang_node for {owner}, and restart the node; otherwise connections break while nothing is wrong with the network.",
    ),
    Entry(
        "node-hidden",
        (Symptom("mesh", "connection", "hidden"),),
        "The node of {owner} is hidden: neither it nor its peers list each other among the nodes they see ({detail}).",
        "Start it without the flag -hidden: run the role erlang_node for {owner}, and correct erlang_node_vm_args if it comes from there.",
    ),
    Entry(
        "stranger-connected",
        (Symptom("mesh", "connection", "stranger"),),
        "{detail}, and is no node of the cluster.",
        "If it belongs to the cluster, add it to the inventory; otherwise stop it, and run the playbook site, which takes it "
        "out of the tables of peers and out of the packet filters and has nodes end their connections with it.",
    ),
    Entry(
        "one-sided",
        (Symptom("mesh", "connection", "one-sided"),),
        "{owner} says that it is connected to {node}, which does not say so of it.",
        "Verify again in a minute; if it stays, one side lost the connection: compare erlang_cluster_net_ticktime and "
        "look at the packet filters between {owner} and {host}, which may forget connections too soon.",
        OWN,
    ),
    Entry(
        "call-timeout",
        (Symptom("call", "timeout"),),
        "{node} let us in and did not answer the call within {timeout} seconds.",
        "Give the call more time, or look at the load of {owner}.",
    ),
    Entry(
        "call-failed",
        (Symptom("call", "badrpc"),),
        "{node} could not carry out the call: {detail}.",
        "Check module, function and arguments of the call.",
    ),
    Entry(
        "call-lost",
        (Symptom("call", ANY),),
        "The connection with {node} ended during the call: {detail}.",
        "Check that the node still runs.",
        transient=True,
    ),
    Entry(
        "unexpected",
        (Symptom(ANY, ANY),),
        "The attempt ended at the stage it was in: {detail}.",
        "Read the log of {node}.",
        transient=True,
    ),
)
