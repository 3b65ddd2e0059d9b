# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a new CA or a new cookie may be made: not where hosts have those of a CA or a cookie that the directory lacks."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault

VARIABLE = "erlang_cluster_begin_anew"
_DIRECTORY = "erlang_cluster_directory"


class HostFound(t.NamedTuple):
    """What a host of the cluster was found to have.

    ``answered`` is whether it was asked in this run, ``own`` whether its certificate is from the CA in the directory (None where
    it has none), ``cookie`` whether it has a cookie.
    """

    name: str
    answered: bool
    own: bool | None
    cookie: bool


class Directory(t.NamedTuple):
    """What there is in the cluster's directory: ``ca.pem``, ``ca.key``, a cookie (there, or given by the user).

    ``own_ca`` is whether its CA is the one that signs; otherwise ``ca`` tells of what the user has nodes trust. ``changed`` is whether the inventory has
    another signer, or has nodes trust others, than what was put into force last.
    """

    path: str
    cluster: str
    ca: bool
    key: bool
    cookie: bool
    own_ca: bool = True
    changed: bool = False


class Places(t.NamedTuple):
    """Where a host keeps the certificate of the CA, and its cookie."""

    ca: str
    cookie: str


def faults(directory: Directory, hosts: t.Sequence[HostFound], places: Places) -> list[InventoryFault]:
    """Why nothing may be made anew, unless the user asked for it."""
    return [fault for fault in (_ca(directory, hosts, places), _cookie(directory, hosts, places)) if fault]


def _ca(directory: Directory, hosts: t.Sequence[HostFound], places: Places) -> InventoryFault | None:
    strangers = tuple(host.name for host in hosts if host.own is False)
    silent = tuple(host.name for host in hosts if not host.answered)
    anew = "to begin anew with a CA that gives every node another certificate, add %s" % _option(directory)
    back = "put back ca.key, ca.pem, ca.passphrase and cookie from a backup or from whoever has them"
    if directory.key:
        back = "put back ca.pem (a host has it in %s)" % places.ca
    lacks = "holds ca.key without ca.pem" if directory.key else "holds no CA"
    if strangers and directory.changed and not any(host.own for host in hosts):
        problem = "are others than those that are in force: nodes would be given certificates that others do not trust yet"
        fix = "run the playbook rotate_ca, which has all nodes trust both first, or, %s" % anew
        return InventoryFault(strangers, "erlang_certs_signer", None, "and erlang_certs_trust_files " + problem, fix)
    if not directory.ca and strangers:
        return _fault(
            strangers,
            directory,
            "%s, and %s certificates of one" % (lacks, _have(strangers)),
            "%s, or, %s" % (back, anew),
        )
    if not directory.ca and silent:
        unknown = "%s, and it is not known whether %s certificates of one, for want of an answer" % (
            lacks,
            _have(silent),
        )
        return _fault(silent, directory, unknown, "run it on all hosts once they can be reached; if there are none, or %s" % anew)
    if directory.ca and strangers and not directory.own_ca and not any(host.own for host in hosts):
        problem = "has no CA that %s certificates of" % _have(strangers)
        fix = (
            "run the playbook site with the settings as they were, then rotate_ca with these, so that nodes trust both first, or, %s" % anew
        )
        return InventoryFault(strangers, "erlang_certs_trust_files", None, problem, fix)
    if directory.ca and strangers and not any(host.own for host in hosts):
        problem = "holds another CA than the one that %s certificates of" % _have(strangers)
        if silent:
            back = "run it without --limit if other hosts have certificates of this one, %s" % back
        return _fault(strangers, directory, problem, "%s, or, %s" % (back, anew))
    return None


def _cookie(directory: Directory, hosts: t.Sequence[HostFound], places: Places) -> InventoryFault | None:
    if directory.cookie:
        return None
    holders = tuple(host.name for host in hosts if host.cookie)
    silent = tuple(host.name for host in hosts if not host.answered)
    anew = "to have all nodes restart with a new one, add %s" % _option(directory)
    if holders:
        back = "put back the file cookie (a host has its content in %s), set erlang_cluster_cookie, or, %s" % (
            places.cookie,
            anew,
        )
        return _fault(holders, directory, "holds no cookie, and %s one" % _have(holders), back)
    # Without a CA they are told so already.
    if silent and directory.ca:
        unknown = "holds no cookie, and it is not known whether %s one, for want of an answer" % _have(silent)
        return _fault(silent, directory, unknown, "put it back, run it on all hosts once they can be reached, or, %s" % anew)
    return None


def _option(directory: Directory) -> str:
    return "-e %s=%s" % (VARIABLE, directory.cluster)


def _have(hosts: tuple[str, ...]) -> str:
    return "this host has" if len(hosts) == 1 else "these hosts have"


def _fault(hosts: tuple[str, ...], directory: Directory, problem: str, fix: str) -> InventoryFault:
    return InventoryFault(hosts, _DIRECTORY, directory.path, problem, fix)
