# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a role decides on, read from a host in one go. Nothing is changed, and no private key leaves the host."""

from __future__ import annotations

import contextlib
import glob
import grp
import hashlib
import importlib.util
import os
import pwd
import re
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import pem
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.certificate import CertificateError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.certificate import read as read_certificate
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import (
    commands,
    file_arguments,
    files,
    neighbours,
    otp,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import MISSING, Runner, find
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms, sudoers, systemd

MAX_FILE = 1024 * 1024
"""Longest file, in bytes, whose text is returned."""

FIREWALLD = "firewalld.service"
UFW_SETTINGS = "/etc/ufw/ufw.conf"
SUDOERS = "/etc/sudoers"
_PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "WantedBy")


class SurveyError(Exception):
    """A host that cannot be surveyed; the sentence says why, and what to do."""


def survey(params: Mapping[str, Any], run: Runner) -> dict[str, Any]:
    """The answers to the options of the module ``host_survey``; ``run`` runs commands. Raises :class:`SurveyError`."""
    system = platform()
    nodes = neighbours.names(params["nodes"]) if params["nodes"] else []
    units = _units([*params["units"], FIREWALLD, *map(neighbours.unit, nodes)], run)
    roots = params["otp_roots"] or [otp.ROOT]
    found = otp.find(roots)
    managers = _managers(units.pop(FIREWALLD))
    read = [neighbours.read(params["nodes"], name, units[neighbours.unit(name)]) for name in nodes]
    return {
        "platform": system,
        "account": account(params["account"], run) if params["account"] else None,
        "otp": found.as_result() if found else None,
        "boots": otp.booted(found, params["applications"]) if found else {},
        "otps": otp.survey(params["otp_prefix"], roots) if params["otp_prefix"] else [],
        "packages": packages(params["needs"], system, found),
        "certificate": certificate(params["certificate"]) if params["certificate"] else None,
        "files": {path: text(path) for path in params["files"]},
        "digests": {path: digest(path) for path in params["digests"]},
        "exists": {path: os.path.lexists(path) for path in params["exists"]},
        "leftovers": leftovers(params["leftovers"], time.time()),
        "sets": {name: right(arguments, run) for name, arguments in params["sets"].items()},
        "units": {name: units[name] for name in params["units"]},
        "nodes": [node for node in read if node is not None],
        "firewall": _firewall(params["firewall_check"], managers, run),
    }


def os_release(content: str) -> dict[str, str]:
    """The variables of the text of an ``os-release``. Source: os-release(5)."""
    found = {}
    for line in content.splitlines():
        match = re.match(r"([A-Z0-9_]+)=(.*)\Z", line.strip())
        if match:
            value = match.group(2)
            if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            found[match.group(1)] = value
    return found


def platform() -> dict[str, Any]:
    """What kind of host this is. Source: os-release(5); a suite that is not released yet has a codename and no version."""
    release = os_release(text("/etc/os-release") or text("/usr/lib/os-release") or "")
    return {
        "id": release.get("ID", "linux"),
        "id_like": release.get("ID_LIKE", "").split(),
        "version_id": release.get("VERSION_ID") or release.get("VERSION_CODENAME", ""),
        "architecture": os.uname().machine,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "user_groups": user_groups(text("/etc/login.defs") or ""),
        "python_cryptography": importlib.util.find_spec("cryptography") is not None,
    }


def packages(needs: Mapping[str, Sequence[str]], system: Mapping[str, Any], found: otp.Otp | None) -> dict[str, Any]:
    """What of the ``needs`` of roles is missing here: ``for`` (the applications that OTP lacks) and the ``names`` of packages, None where not known.

    Raises :class:`SurveyError` for a need that nobody knows.
    """
    lacking: dict[str, Any] = {}
    for need, wanted in needs.items():
        if need not in platforms.NEEDS:
            raise SurveyError("there is no need '%s'; there are %s" % (need, ", ".join(platforms.NEEDS)))
        missing = sorted(set(wanted).difference(found.applications if found else ()))
        if missing if need == "otp" else not _there(need, system):
            lacking[need] = {"for": missing, "names": platforms.packages(system, need, wanted)}
    return lacking


def _there(need: str, system: Mapping[str, Any]) -> bool:
    return bool(system["python_cryptography"]) if need == "cryptography" else find(need) is not None


def user_groups(login_defs: str) -> bool:
    """Whether a new account gets a group of its own, from the text of ``login.defs``. Source: useradd(8), USERGROUPS_ENAB."""
    return bool(re.search(r"(?m)^\s*USERGROUPS_ENAB\s+yes\b", login_defs))


def account(name: str, run: Runner = commands.run) -> dict[str, Any]:
    """What the host knows of the account ``name``.

    ``own_group`` is whether there is a group of its name, ``locked`` is whether no password can open it, ``groups`` are its further
    groups, ``sudo`` lists what lets it run commands by sudo: places in its configuration (``FILE:LINE``), or the command that says so where
    none is found there. ``run`` runs sudo, which is not asked about an account that is not there.
    """
    own_group = _is_group(name)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        nothing: dict[str, Any] = {"group": None, "home": None, "shell": None, "locked": False, "groups": [], "sudo": []}
        return {"name": name, "exists": False, "own_group": own_group, **nothing}
    try:
        group = grp.getgrgid(entry.pw_gid).gr_name
    except KeyError:
        group = str(entry.pw_gid)
    groups = sorted(other.gr_name for other in grp.getgrall() if name in other.gr_mem and other.gr_name != group)
    return {
        "name": name,
        "exists": True,
        "own_group": own_group,
        "group": group,
        "home": entry.pw_dir,
        "shell": entry.pw_shell,
        "locked": locked(text("/etc/shadow") or "", name, entry.pw_passwd),
        "groups": groups,
        "sudo": sudo(name, entry.pw_uid, [group, *groups], run),
    }


def sudo(name: str, uid: int, groups: Sequence[str], run: Runner) -> list[str]:
    """What lets an account run commands by sudo, see :func:`account`. ``groups`` are all its groups."""
    asking = ["sudo", "-l", "-U", name]
    outcome = run(asking)
    if outcome.code == MISSING:
        return []
    may = sudoers.allowed(outcome.out)
    if may is False:
        return []
    places = sudoers.rules_for(SUDOERS, name, uid, groups, _read_root, os.listdir)
    return places or ([" ".join(asking)] if may else [])


def _is_group(name: str) -> bool:
    """Asked by name, as a directory such as LDAP need not list its groups."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def locked(shadow: str, name: str, password: str) -> bool:
    """Whether no password opens the account. ``password`` is its field in passwd, ``shadow`` the text of that file (shadow(5))."""
    for line in shadow.splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 1 and password == "x":
            password = fields[1]
            break
    return password.startswith(("!", "*"))


def certificate(path: str) -> dict[str, Any] | None:
    """The certificates of a PEM file, whether the first belongs to the private key in it, and what each part of the file is called.

    None where there is no file.
    """
    content = text(path)
    if content is None:
        return None
    blocks, labels = [pem.text(pem.CERTIFICATE, each) for each in _certificates(content)], pem.labels(content)
    if not blocks:
        return {"pem": "", "key_matches": False, "labels": labels}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(path, password=lambda: b"")
        matches = True
    except (ssl.SSLError, OSError, ValueError):
        matches = False
    return {"pem": "".join(blocks), "key_matches": matches, "labels": labels}


def _certificates(content: str) -> list[bytes]:
    """The certificates of a PEM file, as DER, and nothing that only calls itself one."""
    found = []
    for each in pem.contents(content):
        with contextlib.suppress(CertificateError):
            read_certificate(each)
            found.append(each)
    return found


def text(path: str) -> str | None:
    """The text of a file, or None where there is none. Raises :class:`SurveyError` for one that is too long or not readable."""
    try:
        content = _read_root(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise SurveyError("%s is not readable (%s): connect as root, or set become" % (path, error.strerror)) from error
    return content


def leftovers(patterns: Sequence[str], now: float) -> dict[str, int]:
    """The paths that match patterns of a shell, each with the seconds since it was last changed."""
    found = {}
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            try:
                found[path] = max(0, int(now - os.lstat(path).st_mtime))
            except FileNotFoundError:
                continue
    return found


def digest(path: str) -> str | None:
    """The SHA-256 of a file in hexadecimal, or None where there is none. Raises :class:`SurveyError` for one that is not readable."""
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise SurveyError("%s is not readable (%s): connect as root, or set become" % (path, error.strerror)) from error


def right(arguments: Mapping[str, Any], run: Runner) -> bool:
    """Whether the files of a set are as its arguments want them. What makes the set impossible is for who applies it to say."""
    empty: dict[str, Any] = {"directories": [], "files": [], "links": [], "absent": [], "validators": []}
    try:
        return not files.apply(file_arguments.wanted({**empty, **arguments}, check=True), run, check=True).differences
    except files.FileSetError:
        return False


def _read_root(path: str) -> str:
    with open(path, "rb") as stream:
        content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise OSError(27, "it is longer than %d bytes" % MAX_FILE, path)
    return content.decode("utf-8", "replace")


def _units(names: Sequence[str], run: Runner) -> dict[str, dict[str, Any]]:
    outcome = run(["systemctl", "show", "--property=" + ",".join(_PROPERTIES), "--", *names])
    if outcome.code != 0:
        raise SurveyError("systemd does not answer (%s): the node runs as a unit of systemd" % (outcome.err.strip() or outcome.code))
    return units(names, outcome.out)


def units(names: Sequence[str], shown: str) -> dict[str, dict[str, Any]]:
    """The states of units, from what ``systemctl show`` prints for ``names``."""
    return {
        name: {
            "load": said.get("LoadState", ""),
            "active": said.get("ActiveState", ""),
            "enabled": said.get("UnitFileState", ""),
            "needs_reload": said.get("NeedDaemonReload") == "yes",
            "wanted_by": said.get("WantedBy", "").split(),
        }
        for name, said in systemd.properties_by_unit(names, shown).items()
    }


def _managers(firewalld: Mapping[str, Any]) -> list[str]:
    """Programs that manage the packet filter of this host and would not know of rules beside theirs."""
    managers = ["firewalld"] if firewalld["active"] == "active" else []
    if re.search(r"(?mi)^\s*ENABLED\s*=\s*[\"']?yes", text(UFW_SETTINGS) or ""):
        managers.append("ufw")
    return managers


def _firewall(check: Sequence[str], managers: list[str], run: Runner) -> dict[str, Any]:
    """``right`` is whether the check of the node's packet filter approves of what is in the kernel."""
    return {
        "nft": find("nft"),
        "managers": managers,
        "right": bool(check) and os.path.exists(check[0]) and run(check).code == 0,
    }
