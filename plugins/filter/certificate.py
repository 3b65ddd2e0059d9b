# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about certificates, on the controller."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import node_files, service
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import certificate_table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import own_certificates

_HOUR = 3600
"""Seconds after which the key of a run of somebody else is taken for left behind."""


def certificate_faults(
    found: dict[str, t.Any] | None, trust: str, node: t.Mapping[str, t.Any], days: int, renew_before_days: int
) -> list[str]:
    """Why a node needs a new certificate; see ``certificates.certificate_faults``."""
    if certificates.CRYPTOGRAPHY_MISSING is not None:
        raise AnsibleFilterError("The Python package cryptography is missing on the controller; install it there.")
    now = datetime.datetime.now(datetime.timezone.utc)
    about = node.get("certificates") or {}
    if about.get("own"):
        return own_certificates.differs(found, about["own"])
    valid = own_certificates.ANY_DAYS if about.get("kept") else days
    wanted = certificates.Wanted(node["node"], node["host"], valid, renew_before_days, about.get("exact", True))
    return certificates.certificate_faults(found, trust, wanted, now)


def key_leftovers(leftovers: dict[str, int], own: str) -> list[str]:
    """The keys that runs left behind: those whose path begins with ``own``, and those of others that are older than an hour."""
    return [path for path, seconds in leftovers.items() if path.startswith(own) or seconds > _HOUR]


def certificate_state(
    survey: dict[str, t.Any],
    host: str,
    issuer: str,
    node: t.Mapping[str, t.Any],
    days: int,
    renew_before_days: int,
    own_keys: str,
    signed: str = "",
    revoked: str = "",
    revoked_keys: t.Collection[str] = (),
) -> dict[str, t.Any]:
    """What has to be done about a host's certificate.

    ``signed`` is the certificate that the host got in this run, behind the survey. ``to_issue`` is whether a new one has to be issued, ``to_remove``
    whether keys that runs left behind (``leftovers``) have to go, ``right`` whether neither; ``to_install`` whether the host lacks ``packages``
    that make keys and requests;
    ``issued`` and ``removed`` are what is said of it in check mode. ``revoked`` are the lists of revoked certificates in PEM, ``revoked_keys`` the digests of
    revoked keys.
    """
    found = {"pem": signed, "key_matches": True} if signed else survey["certificate"]
    faults = certificate_faults(found, issuer, node, days, renew_before_days)
    faults += revocations.faults(found, revoked, revoked_keys)
    packages = survey.get("packages", {}).get("cryptography")
    allowed = (node.get("certificates") or {}).get("issued")
    if not faults and not signed and allowed is not None and revocations.serial(str(found["pem"])) not in allowed:
        faults.append("it is of the signer that another one takes the place of")
    leftovers = key_leftovers(survey["leftovers"], own_keys)
    return {
        "right": not faults and not leftovers,
        "to_issue": bool(faults),
        "to_remove": bool(leftovers),
        "leftovers": leftovers,
        "to_install": packages is not None,
        "packages": packages["names"] if packages else [],
        "issued": "%s would get a new certificate, because %s." % (host, ", and ".join(faults)),
        "removed": "%s would lose %s, which a run left behind." % (host, " and ".join(leftovers)),
    }


def has_certificate(survey: t.Mapping[str, t.Any]) -> bool:
    """Whether a host has a certificate."""
    return bool(survey["certificate"])


def lists_to_publish(survey: t.Mapping[str, t.Any], needed: bool, lists: str) -> bool:
    """Whether what is revoked is brought to a host: the role erlang_node brings it to one without a certificate. Lists that are needed have to be there."""
    return bool(has_certificate(survey) and (lists or not needed))


def common_name(text: str) -> str:
    """A text as far as it may be the common name of a certificate. Rules: RFC 5280, A.1, ub-common-name."""
    return text[:64]


def revocation_files(text: str, node: t.Mapping[str, t.Any], needed: bool, keys: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """What is revoked as files of a node, as the module file_set takes them: lists in PEM, whether they are needed, and the digests of keys."""
    try:
        return node_files.revoked(node, revocations.of_node(text, needed, keys))
    except ValueError as error:
        raise AnsibleFilterError("What is to be the lists of revoked certificates is none (%s)." % error) from None


def certificate_rows(
    topology: t.Mapping[str, t.Any], hosts: t.Sequence[str], answers: t.Mapping[str, t.Mapping[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """The certificates of all nodes; see ``certificate_table.rows``."""
    return certificate_table.rows(topology, hosts, answers, datetime.datetime.now(datetime.timezone.utc))


def reloaded_files(layout: dict[str, str]) -> dict[str, t.Any]:
    """The list of the files that a running node reloads, as the role erlang_node writes it, from the layout of a node."""
    return service.reloaded(layout)


def own_certificate_file(text: t.Any, trust: str) -> str:
    """What a node reads, from the key and certificate that the user gives. Secret."""
    try:
        return own_certificates.read(text, trust).file
    except InputError as error:
        raise AnsibleFilterError("%s %s; %s." % (own_certificates.VARIABLE, error.problem, error.fix)) from None


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "certificate_faults": certificate_faults,
            "certificate_rows": certificate_rows,
            "certificate_state": certificate_state,
            "common_name": common_name,
            "certificates_not_shown": certificate_table.not_shown,
            "has_certificate": has_certificate,
            "key_leftovers": key_leftovers,
            "lists_to_publish": lists_to_publish,
            "own_certificate_file": own_certificate_file,
            "reloaded_files": reloaded_files,
            "revocation_files": revocation_files,
        }
