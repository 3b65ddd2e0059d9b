# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each variable of each role may be: one table, ``CHECKS``, by which every value is held to its shape and range.

A check takes a value that has the type its role asks for and yields what is wrong with it. What depends on several hosts is checked where the
topology is built.
"""

from __future__ import annotations

import ipaddress
import math
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import (
    configuration,
    environment,
    flags,
    rollout,
    tls_options,
    unit_settings,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, Problem, listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.version import Version

Check = Callable[[Any], Iterator[Problem]]

COOKIE_SHORTEST = 20
SHORTEST_BACKUP_PASSPHRASE = 12
PASSPHRASE_LONGEST = 1000
LONGEST = 4096
"""Characters that a text without a length of its own may have; the longest path that Linux takes."""

# net_kernel takes letters, digits, underscores and hyphens in the part before the @. It also names directories, a unit
# and an nftables table here, so that it starts with a letter or digit and is kept short.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
# RFC 1123, section 2.1: labels of letters, digits and hyphens.
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
APPLICATION = re.compile(r"[a-z][A-Za-z0-9_@]{0,254}\Z")
_PATH = re.compile(r"/[A-Za-z0-9_@+./-]*\Z")
_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLACES = ("--prefix", "--exec-prefix", "--libdir", "--bindir", "--host", "--build", "--target")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_:~=-]*\Z")
# Marks of templates that were not worked out, and what a person cannot see: control characters, surrogates, directions, no-break spaces.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff\ud800-\udfff]")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")

_SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr",
    "/var/run",
    "/var/tmp",
)
_NEEDED_WHOLE = ("/", "/home", "/mnt", "/opt", "/srv", "/var", "/var/cache", "/var/lib", "/var/log", "/usr/local", "/opt/erlang")
_PORT = "choose a port from 1 to 65535"
_OPEN_PORT = "choose a port from 1024 to 65535, since the account of a node may not open lower ones"
_ABSOLUTE = "give an absolute path of letters, digits and . _ @ + -, without .. or a slash at the end"


def _number(lowest: float, highest: float, fix: str) -> Check:
    def check(value: Any) -> Iterator[Problem]:
        if not math.isfinite(value) or not lowest <= value <= highest:
            between = "is not between %g and %g" if isinstance(lowest, float) else "is not between %d and %d"
            yield Problem(value, between % (lowest, highest), fix)

    return check


def _text(pattern: re.Pattern[str], problem: str, fix: str) -> Check:
    def check(value: Any) -> Iterator[Problem]:
        if not pattern.match(value):
            yield Problem(value, problem, fix)

    return check


def _plain(value: Any) -> Iterator[Problem]:
    """A text of one line without what cannot be seen."""
    if not isinstance(value, str):
        yield Problem(value, "is no text", "put it in quotes")
    elif _UNSEEN.search(value):
        yield Problem(value, "has characters that cannot be seen, such as line ends", "write it anew")
    elif _TEMPLATE.search(value):
        yield Problem(value, "has a template in it that was not worked out", "correct the quotes around it")
    elif len(value) > LONGEST:
        yield Problem(value, "is longer than %d characters" % LONGEST, "shorten it")


def _anything(value: Any) -> Iterator[Problem]:
    """What its type, or the choices that its role names, decide on already."""
    yield from ()


def _unless_empty(check: Check) -> Check:
    return lambda value: check(value) if value else iter(())


def _each(check: Check, what: str, empty: bool = True) -> Check:
    """A list, each of whose elements passes a check, and none of which is there twice."""

    def checked(values: Any) -> Iterator[Problem]:
        if not values and not empty:
            yield Problem(values, "is empty", "give %s" % what)
        seen: list[Any] = []
        for value in values:
            yield from check(value)
            if value in seen:
                yield Problem(value, "is there twice", "remove one")
            seen.append(value)

    return checked


def _cookie(value: Any) -> Iterator[Problem]:
    """What auth accepts (Erlang/OTP, "Distributed Erlang", security), and a length worth having."""
    fix = "use %d to 255 letters and digits, or leave it unset to have one made" % COOKIE_SHORTEST
    if not all("!" <= character <= "~" for character in value):
        yield Problem(None, "has characters that no cookie may have (spaces, line ends, or others than ASCII)", fix)
    if not COOKIE_SHORTEST <= len(value) <= 255:
        yield Problem(None, "is too %s" % ("short to be a secret" if len(value) < COOKIE_SHORTEST else "long"), fix)


def _backup_passphrase(value: Any) -> Iterator[Problem]:
    """Who finds the file can try passphrases as long as they like."""
    yield from _passphrase(value)
    if len(value) < SHORTEST_BACKUP_PASSPHRASE:
        yield Problem(None, "is too short to keep a backup secret", "use %d characters or more" % SHORTEST_BACKUP_PASSPHRASE)


def _passphrase(value: Any) -> Iterator[Problem]:
    if _UNSEEN.search(value) or len(value) > PASSPHRASE_LONGEST:
        fix = "use a line of at most %d characters" % PASSPHRASE_LONGEST
        yield Problem(None, "has line ends or other characters that cannot be seen, or is too long", fix)


def _pem(value: Any) -> Iterator[Problem]:
    """What its parts are is looked at where they are held against each other."""
    if "-----BEGIN " not in value:
        yield Problem(None, "is no PEM", "give the content of the file, as with lookup('ansible.builtin.file', PATH)")


def _host(value: Any) -> Iterator[Problem]:
    if is_address(value):
        fix = "give a name that resolves to it, and the address as erlang_node_addresses"
        yield Problem(value, "is an address, which no certificate of ours can carry", fix)
    elif len(value) > 253 or not all(_LABEL.match(label) for label in value.split(".")):
        yield Problem(
            value, "cannot be the host part of a node name", "use a host name: letters, digits and hyphens, in parts joined by dots"
        )


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _account(value: Any) -> Iterator[Problem]:
    if not _ACCOUNT.match(value) or value in ("root", "nobody", "daemon", "bin", "sys"):
        fix = "use up to 32 lower-case letters, digits, underscores and hyphens, and no account of the system such as root"
        yield Problem(value, "cannot be the name of a limited account", fix)


def _own_directory(problem: str) -> Check:
    """A directory on a host that may become another account's, or be filled: no part of the system."""

    def check(value: Any) -> Iterator[Problem]:
        if (
            not _PATH.match(value)
            or posixpath.normpath(value) != value
            or value.startswith("//")
            or value in _NEEDED_WHOLE
            or _within(value, _SYSTEM)
        ):
            yield Problem(value, problem, _ABSOLUTE + ", and no directory of the system")

    return check


def _within(path: str, directories: Sequence[str]) -> bool:
    return any(path == directory or path.startswith(directory + "/") for directory in directories)


def _absolute(value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not _PATH.match(value) or posixpath.normpath(value) != value or value == "/" or value.startswith("//"):
        yield Problem(value, "is no absolute path of a directory or file", _ABSOLUTE)


def _code_path(value: Any) -> Iterator[Problem]:
    wrong = flags.plain_text(value)
    if wrong is not None:
        yield Problem(value, *wrong)
    elif not str(value).startswith("/") or posixpath.normpath(str(value)) != str(value):
        yield Problem(value, "is no absolute path on the host", "give one without .. or a slash at the end")


def _shell(value: Any) -> Iterator[Problem]:
    yield from _absolute(value)
    if posixpath.basename(str(value)) not in ("nologin", "false"):
        yield Problem(value, "does not refuse to log in", "give the path of nologin or false")


def _start(values: Any) -> Iterator[Problem]:
    for number, value in enumerate(values):
        wrong = flags.plain_text(value)
        if wrong is not None:
            yield Problem(value, *wrong)
        elif flags.is_flag(str(value)):
            yield Problem(value, "would be a flag of its own", "use erlang_node_vm_args for flags")
        elif number < 2 and re.search(r"\s", str(value)):
            yield Problem(value, "is not the name of a module or function", "give module, function and arguments, an item each")


def _addresses(values: Any) -> Iterator[Problem]:
    """That there are some; what an address may be is checked with those of all hosts."""
    if not values:
        yield Problem(values, "is empty", "give addresses, or remove it")


def _option(value: Any) -> Iterator[Problem]:
    yield from _plain(value)
    if not value.startswith("--") or value.split("=")[0] in _PLACES:
        fix = "give arguments such as --with-odbc; compilers and flags belong into erlang_otp_build_environment"
        yield Problem(value, "is not an argument that configure may be given here", fix)


def _settings(values: Any) -> Iterator[Problem]:
    """Environment of a build."""
    for name, value in values.items():
        if not isinstance(name, str) or not _VARIABLE.match(name):
            yield Problem(str(name), "is not the name of an environment variable", "use names such as CFLAGS")
        elif isinstance(value, bool) or not isinstance(value, (str, int)):
            yield Problem("%s: %s" % (name, value), "has a value that is no text", "put it in quotes")
        else:
            yield from _plain(str(value))


def _version(value: Any) -> Iterator[Problem]:
    try:
        Version(value)
    except ValueError:
        yield Problem(value, "is no version of OTP", "name each version in full, such as 27.3.4.1")


def _file(value: Any) -> Iterator[Problem]:
    yield from _plain(value)
    if not value:
        yield Problem(value, "is empty", "remove it, or give the path of a file")
    if value.endswith("/"):
        yield Problem(value, "is a directory, and a file is asked for", "give the path of the file")


def _url_or_path(value: Any) -> Iterator[Problem]:
    yield from _plain(value)
    if re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE) and not re.match(r"https?://[^/\s]+/\S", value, re.IGNORECASE):
        yield Problem(value, "is a URL that nothing can be fetched from here", "give an https or http URL, or a path")


def _unfit_name(value: Any) -> Iterator[Problem]:
    if not NAME.match(value):
        fix = "use 1 to 64 letters, digits, underscores and hyphens, the first a letter or digit"
        yield Problem(value, "cannot be the part of a node name before the @", fix)


def _hosts(value: Any) -> Iterator[Problem]:
    for name in filter(None, (name.strip() for name in value.split(","))):
        if not re.match(r"[^./\s][^/\s]{0,199}\Z", name):
            yield Problem(name, "is not the name of a host", "give names of the inventory, separated by commas")


def _hook(*kinds: str, needed: bool = False) -> Check:
    """What is done at a node at some moment: a call in it, a command on its host, or a file of tasks, of which ``kinds`` may be given."""
    forms = {
        "call": "{call: [module, function, [arguments]]}",
        "command": "{command: [argument, ...]}",
        "tasks": "{tasks: path of a file on the controller}",
    }
    contents: dict[str, Check] = {"call": _call, "command": _command, "tasks": _tasks}

    def check(value: Any) -> Iterator[Problem]:
        if set(value) in ({kind} for kind in kinds):
            for kind, given in value.items():
                yield from contents[kind](given)
        elif value or needed:
            problem = "is neither a call nor a command" if kinds == ("call", "command") else "is no call, command or file of tasks"
            yield Problem(listed(sorted(map(str, value))), problem, "give %s" % listed([forms[kind] for kind in kinds], " or "))

    return check


def _command(given: Any) -> Iterator[Problem]:
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(word, str) and word and "\0" not in word for word in given):
        yield Problem(str(given), "is not a list of arguments", "give the command and its arguments, an item each, in quotes")


def _arguments(given: Any) -> Iterator[Problem]:
    """A command and its arguments, which stand in the list of processes."""
    yield from _command(given)
    for word in given:
        yield from _plain(word)


def _call(given: Any) -> Iterator[Problem]:
    if (
        not isinstance(given, (list, tuple))
        or len(given) not in (2, 3)
        or not all(isinstance(name, str) and name for name in given[:2])
        or not isinstance((given[2:] and given[2]) or [], (list, tuple))
    ):
        yield Problem(str(given), "is not a call", "give module, function and a list of arguments, as in [my_app, leave, []]")


def _tasks(given: Any) -> Iterator[Problem]:
    if not isinstance(given, str):
        yield Problem(str(given), "is no path of a file", "give the path of a file of tasks on the controller")
    else:
        yield from _file(given)


_APPLICATIONS = _text(APPLICATION, "is not the name of an application", "give names of OTP applications, such as mnesia")
_INVENTORY_GROUP = _text(
    _GROUP, "is not the name of a group", "use letters, digits, underscores, hyphens and dots, the first a letter or underscore"
)
_DAYS = "choose from 1 to 36500 days"
CHECKS: dict[str, Check] = {
    "ansible_pipelining": _anything,
    "erlang_account_home": _own_directory("cannot be the home of an account"),
    "erlang_account_name": _account,
    "erlang_account_shell": _shell,
    "erlang_app_applications": _each(_APPLICATIONS, "applications"),
    "erlang_app_code_paths": _each(_code_path, "directories"),
    "erlang_app_keep": _number(0, 1000, "give the number of older releases that are kept beside the newest"),
    "erlang_app_release": _unless_empty(_file),
    "erlang_app_start": _start,
    "erlang_certs_ca_days": _number(1, 36500, _DAYS),
    "erlang_certs_ca_passphrase": _unless_empty(_passphrase),
    "erlang_certs_days": _number(1, 36500, _DAYS),
    "erlang_certs_own_certificate": _unless_empty(_pem),
    "erlang_certs_rotate_back": _anything,
    "erlang_certs_rotate_until": _anything,
    "erlang_certs_renew_before_days": _number(0, 36500, "choose from 0 days to less than erlang_certs_days"),
    "erlang_certs_revoke": _hosts,
    "erlang_certs_signer": _anything,
    "erlang_certs_trust_files": _each(_file, "paths of files"),
    "erlang_cluster_address_family": _anything,
    "erlang_cluster_backup_file": _unless_empty(_plain),
    "erlang_cluster_backup_passphrase": _unless_empty(_backup_passphrase),
    "erlang_cluster_begin_anew": _unless_empty(_plain),
    "erlang_cluster_cookie": _unless_empty(_cookie),
    "erlang_cluster_directory": _unless_empty(_plain),
    "erlang_cluster_discovery": _anything,
    "erlang_cluster_epmd_port": _number(1024, 65535, _OPEN_PORT),
    "erlang_cluster_group": _INVENTORY_GROUP,
    "erlang_cluster_name": _unfit_name,
    "erlang_cluster_net_ticktime": _number(4, 86400, "choose from 4 to 86400 seconds"),
    "erlang_cluster_port": _number(1024, 65535, _OPEN_PORT),
    "erlang_decommission": _hosts,
    "erlang_decommission_data": _anything,
    "erlang_decommission_leave": _hook("call", "command", needed=True),
    "erlang_decommission_timeout": _number(1, 86400, "choose from 1 to 86400 seconds"),
    "erlang_firewall_backend": _anything,
    "erlang_node_addresses": _addresses,
    "erlang_node_buffer_bytes": _number(4096, 64 * 1024 * 1024, "choose from 4096 bytes to 64 MiB"),
    "erlang_node_connect": _anything,
    "erlang_node_environment": environment.problems,
    "erlang_node_host": _host,
    "erlang_node_listen_port": _number(1024, 65535, _OPEN_PORT),
    "erlang_node_name": _unfit_name,
    "erlang_node_port": _number(1, 65535, _PORT),
    "erlang_node_sources": _addresses,
    "erlang_node_sys_config": configuration.problems,
    "erlang_node_tls_options": tls_options.problems,
    "erlang_node_tls_versions": _each(_anything, "tlsv1.3, tlsv1.2 or both", empty=False),
    "erlang_node_unit_settings": unit_settings.problems,
    "erlang_node_vm_args": flags.problems,
    "erlang_otp_allow_below_floor": _each(_version, "versions"),
    "erlang_otp_archive": _unless_empty(_file),
    "erlang_otp_build_directory": _own_directory("cannot be the directory of builds"),
    "erlang_otp_build_environment": _settings,
    "erlang_otp_build_host": _unless_empty(_plain),
    "erlang_otp_build_jobs": _number(0, 1024, "give the number of jobs of make, or 0 for one per processor"),
    "erlang_otp_build_options": _each(_option, "arguments of configure"),
    "erlang_otp_build_packages": _each(
        _text(_PACKAGE, "is not the name of a package", "give names of packages of the distribution"), "packages"
    ),
    "erlang_otp_build_patches": _each(_file, "paths of patches"),
    "erlang_otp_build_sha256": _unless_empty(_text(SHA256, "is no SHA-256", "give the 64 hexadecimal digits that sha256sum prints")),
    "erlang_otp_build_source": _unless_empty(_url_or_path),
    "erlang_otp_cache": _unless_empty(_plain),
    "erlang_otp_keep": _number(0, 1000, "give the number of OTPs that are kept besides the current one"),
    "erlang_otp_roots": _each(_absolute, "directories in which an OTP may be", empty=False),
    "erlang_otp_source": _anything,
    "erlang_rollout_after": _hook("call", "command", "tasks"),
    "erlang_rollout_before": _hook("call", "command", "tasks"),
    "erlang_rollout_confirm": _anything,
    "erlang_rollout_force": _anything,
    "erlang_rollout_health": _hook("call", "command"),
    "erlang_rollout_serial": rollout.serial_problems,
    "erlang_rollout_settle": _number(0, 3600, "choose from 0 to 3600 seconds"),
    "erlang_rollout_timeout": _number(1, 86400, "choose from 1 to 86400 seconds"),
    "erlang_rollout_together": _anything,
    "erlang_verify_outsiders_group": _INVENTORY_GROUP,
    "erlang_verify_report_directory": _unless_empty(_plain),
    "erlang_verify_retry_seconds": _number(0.0, 600.0, "choose from 0 to 600 seconds"),
    "erlang_verify_timeout": _number(0.1, 300.0, "choose from 0.1 to 300 seconds"),
    "erlang_verify_walls": _each(_anything, "walls"),
    "erlang_verify_watch": _anything,
    "erlang_verify_watch_directory": _unless_empty(_own_directory("cannot be the directory of a collector")),
    "erlang_verify_watch_interval": _number(10, 86400, "choose from 10 to 86400 seconds"),
}
"""The check of each variable. A variable of a role that is neither here nor a signer's own fails a test."""

FILE, ARGUMENTS, PASSPHRASE = _unless_empty(_file), _unless_empty(_arguments), _unless_empty(_passphrase)
"""Checks of the path of a file, of a command and its arguments, and of a passphrase, each of which may be empty."""


def seconds(most: int) -> Check:
    """Return the check of a number of seconds, 1 at least."""
    return _number(1, most, "choose from 1 to %d seconds" % most)


class Further(NamedTuple):
    """Variables that are not known here, as signers have them: their checks, and the names of those that are secret. They are the same on all hosts."""

    checks: Mapping[str, Check] = MappingProxyType({})
    secrets: frozenset[str] = frozenset()


NOTHING_FURTHER = Further()


def problems(variable: str, value: Any, further: Further = NOTHING_FURTHER) -> Iterator[Problem]:
    """What is wrong with a value of a variable; nothing where it is absent."""
    check = CHECKS.get(variable) or further.checks.get(variable)
    return check(value) if value is not None and check else iter(())


def of_host(inventory: str, variables: Mapping[str, Any], further: Further = NOTHING_FURTHER) -> list[InventoryFault]:
    """What is wrong with the variables of a host, each by itself and with one another. Those with a default are there."""
    faults = [
        InventoryFault((inventory,), variable, *problem)
        for variable, value in variables.items()
        for problem in problems(variable, value, further)
    ]
    days, renew, ca = (variables["erlang_certs_" + name] for name in ("days", "renew_before_days", "ca_days"))
    if renew >= days:
        problem = "is not less than erlang_certs_days (%d), so that every run would issue a certificate" % days
        faults.append(InventoryFault((inventory,), "erlang_certs_renew_before_days", renew, problem, "choose half of erlang_certs_days"))
    if days > ca and variables.get("erlang_certs_signer", "private_ca") == "private_ca":
        problem = "is more than erlang_certs_ca_days (%d), so that certificates would outlive the CA that vouches for them" % ca
        faults.append(InventoryFault((inventory,), "erlang_certs_days", days, problem, "choose fewer days"))
    return faults
