# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that a host finds at its own node, or a peer at that node's door: its files, its unit, its port, its table of peers. Pure data."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    ABSENT,
    ANY,
    OWN,
    WITHOUT_TLS,
    Entry,
    Symptom,
)

_REISSUE = "Have a new certificate issued: run the role erlang_certs for {owner}."


def _file(name: str, code: str, cause: str, remedy: str) -> Entry:
    """Return the entry of a file that the node of its host cannot use."""
    return Entry(name, (Symptom(ANY, "file", code),), cause, remedy, OWN, explains=(*ABSENT, *WITHOUT_TLS), isolates=True)


ENTRIES = (
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
            *ABSENT,
            *WITHOUT_TLS,
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
            *WITHOUT_TLS,
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
        "Run the role erlang_node for {owner}, which writes the table of peers and has the node reload it.",
        transient=True,
        explains=("handshake-closed",),
        isolates=True,
    ),
    Entry(
        "names-mixed",
        (Symptom("handshake", "names-mixed"), Symptom("host", "names", "mixed")),
        "The node of {owner} mixes short and long node names, which never connect with each other: {detail}.",
        "Start all nodes of the cluster with -name and host parts that have a dot, or all with -sname and without; the "
        "role erlang_node writes the right flag for {owner}.",
        explains=("other-node",),
        isolates=True,
    ),
    Entry(
        "plain-node",
        (Symptom("tls", "plain-node"), Symptom("host", "arguments", "plain")),
        "The node of {owner} runs without TLS ({detail}).",
        "Run the role erlang_node for {owner}; every node of a cluster must be stopped before the first one starts with TLS.",
        isolates=True,
    ),
)
