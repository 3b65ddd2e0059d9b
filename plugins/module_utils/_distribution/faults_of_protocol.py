# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the distribution protocol and of calls, and those that show when the answers of several hosts are compared. Pure data."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    ANY,
    OWN,
    Entry,
    Symptom,
)

ENTRIES = (
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
        "no-answer",
        (Symptom("mesh", "answer", "none"),),
        "{owner} gave no answer: {detail}.",
        "See what ansible says of {owner} further up, and verify again.",
        OWN,
    ),
    Entry(
        "unexplained",
        (Symptom("mesh", "answer", "unexplained"),),
        "The attempt failed, and the host did not say why.",
        "Run the verification again with -vvv.",
        OWN,
    ),
    Entry(
        "unexpected",
        (Symptom(ANY, ANY),),
        "The attempt ended at the stage it was in: {detail}.",
        "Read the log of {node}.",
        transient=True,
    ),
)
