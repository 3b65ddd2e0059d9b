# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of TLS: versions and ciphers, certificates of both sides, what is trusted. Pure data."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    ANY,
    OWN,
    WITHOUT_TLS,
    Entry,
    Symptom,
)


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
            explains=(server, client, *WITHOUT_TLS),
            problem=problem,
        ),
        Entry(
            server,
            (Symptom("tls", "certificate", problem), Symptom("host", "server-certificate", problem)),
            cause,
            remedy,
            explains=WITHOUT_TLS,
            side="server",
            problem=problem,
        ),
        Entry(
            client,
            (Symptom("tls", "client-certificate", problem), Symptom("host", "client-certificate", problem)),
            cause,
            remedy,
            OWN,
            side="client",
            problem=problem,
        ),
    )


_REFUSES_ALL = ("client-certificate-refused", "client-certificate-revoked", "handshake-closed", "tls-alert", "tls-closed")
"""What a node is reported for that refuses the certificate of everybody."""

ENTRIES = (
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
        "Run the role erlang_node for {owner}, which writes the table of peers and has the node reload it.",
        OWN,
    ),
    Entry(
        "trust-unknown-ca",
        (Symptom("mesh", "trust", "unknown-ca"), Symptom("host", "trust", "unknown-ca")),
        "The trust bundle of {owner} does not hold the CA that issued its peers' certificates ({detail}).",
        "Run the role erlang_node for {owner}, which writes the cluster's CA there and has the node reload it.",
        OWN,
        explains=("server-certificate-unknown-ca", "client-certificate-unknown-ca"),
    ),
    Entry(
        "revocations-missing",
        (Symptom("tls", "certificate", "crl-missing"), Symptom("host", "revocations", "missing")),
        "{own_host} refuses every certificate, as it has nothing that says which ones are revoked ({detail}).",
        "Run the playbook site, which brings {own_host} the list of the cluster's CA and the file of revoked keys.",
        OWN,
        explains=_REFUSES_ALL,
    ),
    Entry(
        "revocations-expired",
        (Symptom("tls", "certificate", "crl-expired"), Symptom("host", "revocations", "expired")),
        "{own_host} refuses every certificate, as its list of revoked ones is out of date ({detail}).",
        "Run the playbook site, which makes a current list of the cluster's CA and brings it to {own_host}.",
        OWN,
        explains=_REFUSES_ALL,
    ),
    Entry(
        "revocations-expiring",
        (Symptom("host", "revocations", "expiring"),),
        "The list of revoked certificates of {own_host} runs out soon, and its node then refuses everybody ({detail}).",
        "Run the playbook renew or site, which makes the next list of the cluster's CA and brings it to {own_host}, before the old one ends.",
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
)
