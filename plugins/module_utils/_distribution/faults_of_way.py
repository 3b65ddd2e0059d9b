# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on the way to a peer: where it is, and whether a connection to its port comes about. Pure data."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    ANY,
    OWN,
    WAY,
    Entry,
    Symptom,
)

ENTRIES = (
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
        (Symptom("mesh", "traffic", "not-sent"), Symptom("mesh", "traffic", "answer-dropped")),
        "The packet filter of {own_host} itself drops its connections to TCP port {port} of {address}: {detail}.",
        "Allow them in the output and input rules of {own_host}.",
        OWN,
    ),
    Entry(
        "dropped-by-peer-filter",
        (Symptom("mesh", "traffic", "not-answered"),),
        "The packet filter of {owner} drops what {own_host} sends to TCP port {port}: {detail}.",
        "Run the role erlang_firewall for {owner}; if other rules of that host drop it, accept TCP port {port} from the "
        "cluster's hosts there.",
    ),
    Entry(
        "dropped-by-filter",
        (Symptom("mesh", "traffic", "both-ways"),),
        "The packet filter of {owner} drops connections to TCP port {port}, those of its own node as well as those of its peers: {detail}.",
        "Run the role erlang_firewall for {owner}; if other rules of that host drop them, accept TCP port {port} from and to "
        "the cluster's hosts there.",
        explains=("connection-filtered", "dropped-by-own-filter", "dropped-by-peer-filter"),
    ),
    Entry(
        "dropped-on-the-way",
        (Symptom("mesh", "traffic", "not-arrived"), Symptom("mesh", "traffic", "answer-lost")),
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
)
