# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows that all nodes are in a phase of a rotation of the CA, from what hosts answered. See plugin_utils/rotation.py."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, handover, revocations, rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import LEAVES, TRUST, Rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import certificate_table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import clean
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.rotation import WALL
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import trust_files

_SIDES = ("server", "client")


def unproven(
    topology: t.Mapping[str, t.Any],
    answers: certificate_table.Answers,
    under_way: Rotation,
    places: authorities.Places,
    now: datetime.datetime,
) -> list[str]:
    """Why it is not proven that all nodes are in the phase in force, a sentence each; empty if it is.

    ``answers`` are those of the action ``cluster_verify``, by host. Each node has to trust what it is to trust, to show its peers a certificate of the
    CA that signs, to be reached by every peer, and to let in or refuse a certificate of the other CA, where one of it can be had. From one signer to another
    a certificate is of the one that signs if it was issued since the phase began, and no node may need lists of revoked ones, as there are none of
    others than the private CA. Raises InputError and OSError.
    """
    rows = certificate_table.rows(topology, list(topology["nodes"]), answers, now)
    texts = trust_files.of_cluster(topology["cluster"]["signing"], authorities.trusted(places))
    trusted = {seen.digest: seen for text in texts for seen in _certificates(text)}
    signs = None if under_way.of_signers else next((seen for text in authorities.signs(places) for seen in _certificates(text)), None)
    sentences = certificate_table.needs(rows, 0)
    for row in rows:
        if row["answered"]:
            sentences += _of_host(row["host"], row["node"], answers[row["host"]], trusted, signs)
            sentences += _of_edges(row["host"], answers[row["host"]], under_way.phase in (TRUST, LEAVES))
            if under_way.of_signers:
                sentences += _of_signer(topology["nodes"][row["host"]], row, answers[row["host"]], under_way, places)
    return list(dict.fromkeys(sentences))


def _certificates(text: str) -> list[certificate.Certificate]:
    return [certificate.read(content) for content in pem.contents(text)]


def _of_host(
    host: str,
    node: str,
    answer: t.Mapping[str, t.Any],
    trusted: t.Mapping[str, certificate.Certificate],
    signs: certificate.Certificate | None,
) -> t.Iterator[str]:
    facts = answer.get("facts") or {}
    for side in _SIDES:
        found = {each["digest"] for each in (facts.get("trust") or {}).get(side) or ()}
        lacking = [seen.subject for digest, seen in trusted.items() if digest not in found]
        if lacking:
            yield "%s: %s does not trust %s yet." % (host, node, listed(lacking))
        elif len(found) > len(trusted):
            yield "%s: %s trusts others than %s." % (host, node, listed([seen.subject for seen in trusted.values()]))
        shown = (facts.get("certificates") or {}).get(side) or []
        if shown and signs is not None and not _is_of(shown[0], signs):
            yield "%s: the certificate of %s is of %s, and not of %s." % (host, node, clean(shown[0]["issuer"])[:80], signs.subject)


def _of_signer(
    node: t.Mapping[str, t.Any], row: certificate_table.Row, answer: t.Mapping[str, t.Any], under_way: Rotation, places: authorities.Places
) -> t.Iterator[str]:
    if rotation.issues(under_way):
        own = node["certificates"]["own"]
        allowed = [revocations.serial(own)] if own else handover.issued_since(places, under_way, node["node"])
        if row["serial"] not in allowed:
            signer = handover.signing_side(under_way).signer
            yield "%s: %s has no certificate that the signer %s has issued since this phase began." % (row["host"], row["node"], signer)
    if under_way.phase in (TRUST, LEAVES) and (answer.get("facts") or {}).get("lists_needed"):
        yield "%s: %s needs a list of revoked certificates of each CA, and there is none of the other signer's; %s" % (
            row["host"],
            row["node"],
            "run the playbook site, which restarts nodes in turns that were started by a version in which that could not be changed while they run.",
        )


def _is_of(shown: t.Mapping[str, t.Any], signs: certificate.Certificate) -> bool:
    """Whether a certificate is of a CA, by name and key identifier."""
    return certificate.names_issuer((shown["issuer"], shown["authority_key"]), (signs.subject, signs.subject_key))


def _of_edges(host: str, answer: t.Mapping[str, t.Any], lets_in: bool) -> t.Iterator[str]:
    for edge in answer["edges"]:
        if edge["fault"] is not None:
            yield "%s: it cannot connect with %s: %s" % (host, clean(edge["to"])[:80], clean(edge["fault"]["cause"])[:300])
    for wall in answer.get("walls") or ():
        if wall["wall"] == WALL and wall["held"] is not (not lets_in):
            said = "refuses" if lets_in else "lets in"
            if wall["held"] is None:
                said = "is not known to let in" if lets_in else "is not known to refuse"
            detail = clean(wall.get("detail") or "")[:200]
            yield "%s: %s %s who shows a certificate of the other CA (%s)." % (host, clean(wall["to"])[:80], said, detail)
