# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's own configuration files say about its distribution. Text comes in; nothing is read here.

Sources: SSL User's Guide, "Using TLS for Erlang Distribution" (``-ssl_dist_optfile``); erl(1) (``-args_file``); the
table of peers is described in the module ``beam_tls_epmd`` of the role erlang_node, the file of revoked keys in ``beam_tls_revocation``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import tls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import term_parser, terms, tls_names
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

_DIGEST = re.compile("[0-9a-f]{64}")
_BOOLEANS = (True, False, Atom("true"), Atom("false"))


class SettingsError(ValueError):
    """A configuration file is not what a node reads; the message says where and why."""


class Side(NamedTuple):
    """What a node brings to one side of a connection; None stands for what the file leaves out.

    ``versions`` are TLS versions as Python names them. ``revocations`` is the directory of revocation lists, given where
    certificates are held against them, and ``lists_needed`` tells whether they are refused without a current one. ``revoked_file`` is the file of revoked
    keys, which says that too, and ``revoked_keys`` are their digests. ``authorities`` are the DER of CAs
    that the options themselves hold, which take the
    place of those in ``cacertfile``. ``loosened`` says which options let in more than a certificate of those CAs.
    ``ciphers``, ``groups`` and ``signature_algs`` are what is taken, as OTP names them, None where that is what OTP takes by itself.
    """

    certfile: str | None = None
    keyfile: str | None = None
    cacertfile: str | None = None
    versions: tuple[str, ...] | None = None
    revocations: str | None = None
    authorities: tuple[bytes, ...] | None = None
    loosened: tuple[str, ...] = ()
    lists_needed: bool = False
    ciphers: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    signature_algs: tuple[str, ...] | None = None
    revoked_file: str | None = None
    revoked_keys: frozenset[str] = frozenset()

    def with_revoked(self, revoked: Revoked | None) -> Side:
        """Return what the side does with what its file of revoked keys says; None for one that cannot be read, with which it refuses everybody."""
        if revoked is None:
            return self._replace(lists_needed=self.lists_needed and self.revoked_file is None)
        return self._replace(lists_needed=self.lists_needed and revoked.lists, revoked_keys=revoked.keys)


class Revoked(NamedTuple):
    """What a file of revoked keys says: whether certificates are refused without a current list of revoked ones, and the digests of the keys."""

    lists: bool
    keys: frozenset[str]


OWN_VERIFICATION = terms.Export(Atom("beam_tls_revocation"), Atom("verify"), 3)
"""The function that a node's own option ``verify_fun`` calls: it lets in less than ssl would by itself, but for what a file of revoked keys says of lists."""

LOOSENING = (
    "allow_any_ca_purpose",
    "customize_hostname_check",
    "partial_chain",
    "psk_identity",
    "sni_fun",
    "sni_hosts",
    "srp_identity",
    "user_lookup_fun",
    "verify_fun",
)
"""Options of ssl that put something else in the place of its verification; none of them is needed by a node."""


class TlsOptions(NamedTuple):
    """Both sides of a TLS options file."""

    server: Side
    client: Side


class Arguments(NamedTuple):
    """What the emulator flags say: ``-name`` (``long``) or ``-sname`` (``short``), the distribution's protocol, and
    whether the node hides; None and False where there is no such flag. ``options`` is the TLS options file, and ``overrides``
    tells whether single TLS options are given beside it (``-ssl_dist_opt``). ``epmd_port`` is that of ``-epmd_port``.
    """

    names: str | None = None
    node: str | None = None
    protocol: str | None = None
    hidden: bool = False
    options: str | None = None
    overrides: bool = False
    epmd_port: int | None = None


def tls_options(text: str) -> TlsOptions:
    """Return what a TLS options file says; raise SettingsError."""
    found = _consulted(text)
    if len(found) != 1 or not isinstance(found[0], list):
        raise SettingsError("it does not hold one list, [{server, [...]}, {client, [...]}]")
    sections = dict(item for item in found[0] if isinstance(item, tuple) and len(item) == 2)
    return TlsOptions(*(_side(sections.get(Atom(name)), name) for name in ("server", "client")))


def credentials(said: Side, usual: Credentials) -> Credentials:
    """Return what a node brings to a side of its connections; what its TLS options file leaves out is as in ``usual``."""
    versions = [version for version in said.versions or () if version in tls.VERSIONS]
    certfile = said.certfile or usual.certfile
    return Credentials(
        certfile,
        said.cacertfile or usual.cacertfile,
        min(versions) if versions else usual.minimum_version,
        said.keyfile or certfile,
        max(versions) if versions else None,
        said.revocations if said.lists_needed else None,
        usual.barred,
        said.ciphers,
        said.groups,
        said.revoked_keys,
    )


def arguments(text: str) -> Arguments:
    """Return what a file of emulator flags says; the last flag of a kind counts."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise SettingsError("its quotation marks do not match") from error
    found = Arguments()
    for word, value in zip(words, [*words[1:], ""]):
        if word in ("-name", "-sname"):
            found = found._replace(names="long" if word == "-name" else "short", node=value)
        elif word == "-proto_dist":
            found = found._replace(protocol=value)
        elif word == "-epmd_port" and value.isdecimal():
            found = found._replace(epmd_port=int(value))
        elif word == "-hidden":
            found = found._replace(hidden=True)
        elif word == "-ssl_dist_optfile":
            found = found._replace(options=value)
        elif word == "-ssl_dist_opt":
            found = found._replace(overrides=True)
    return found


class Entry(NamedTuple):
    """A node in a table of peers. ``address`` is None where its host part resolves to it, ``port`` where its port mapper knows it."""

    node: str
    address: str | None
    port: int | None


def peer_entries(text: str) -> list[Entry]:
    """Return the nodes of a table of peers; raise SettingsError."""
    found = []
    for term in _consulted(text):
        if isinstance(term, tuple) and len(term) == 4 and term[0] == Atom("peer"):
            _peer, node, address, port = term
            found.append(Entry(str(node), _path(address), port if isinstance(port, int) and not isinstance(port, bool) else None))
    if not found:
        raise SettingsError("it lists no peer")
    return found


def revoked(text: str) -> Revoked:
    """Return what a file of revoked keys says, described in the module ``beam_tls_revocation``; raise SettingsError."""
    first, *others = _consulted(text) or [None]
    keys = [
        term[1]
        for term in others
        if isinstance(term, tuple) and len(term) == 2 and term[0] == Atom("key") and _DIGEST.fullmatch(str(term[1]))
    ]
    if (
        not isinstance(first, tuple)
        or len(first) != 2
        or first[0] != Atom("lists")
        or first[1] not in _BOOLEANS
        or len(keys) != len(others)
    ):
        raise SettingsError("it does not hold {lists, Boolean} and one {key, Digest} for each revoked key")
    return Revoked(first[1] in (True, Atom("true")), frozenset(str(key) for key in keys))


def check_system(text: str) -> None:
    """Raise SettingsError where a ``sys.config`` is no list of applications and their parameters (config(4))."""
    found = _consulted(text)
    if len(found) != 1 or not isinstance(found[0], list):
        raise SettingsError("it does not hold one list of applications")


def _consulted(text: str) -> list[Any]:
    try:
        return term_parser.consult(text)
    except terms.TermError as error:
        raise SettingsError(str(error)) from error


def _side(section: Any, name: str) -> Side:
    options = _properties(section)
    versions = options.get("versions")
    return Side(
        _path(options.get("certfile")),
        _path(options.get("keyfile")),
        _path(options.get("cacertfile")),
        tuple(tls_names.VERSIONS.get(str(version), str(version)) for version in versions) if isinstance(versions, list) else None,
        _revocations(options) if options.get("crl_check") in (True, Atom("true"), Atom("peer"), Atom("best_effort")) else None,
        _authorities(options.get("cacerts")),
        tuple(_loosened(options, name)),
        options.get("crl_check") in (True, Atom("true"), Atom("peer")),
        _ciphers(options.get("ciphers")),
        _names(options.get("supported_groups")) or _names(options.get("eccs")),
        _names(options.get("signature_algs")),
        _revoked_file(options.get("verify_fun")),
    )


def _ciphers(value: Any) -> tuple[str, ...] | None:
    """The cipher suites in ``{ciphers, ["TLS_...", ...]}``; None where there are none, or they are written in another form."""
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and not isinstance(each, Atom) for each in value):
        return None
    names: dict[str, str] = {openssl: name for suites in tls_names.CIPHERS.values() for name, openssl in suites.items()}
    return tuple(str(names.get(each, each)) for each in value)


def _names(value: Any) -> tuple[str, ...] | None:
    """The names in a list of atoms, pairs of TLS 1.2 left out; None where there is none."""
    found = tuple(str(each) for each in value if isinstance(each, Atom)) if isinstance(value, list) else ()
    return found or None


def _authorities(value: Any) -> tuple[bytes, ...] | None:
    """The certificates in ``{cacerts, [DER, ...]}``, None where there is no such option."""
    if not isinstance(value, list):
        return None
    return tuple(each for each in value if isinstance(each, bytes))


def _loosened(options: dict[str, Any], name: str) -> Iterator[str]:
    """Yield the options of a side, ``server`` or ``client``, that let in more than its CAs and its peer's name do."""
    if options.get("verify") != Atom("verify_peer"):
        yield "verify is not verify_peer"
    if name == "server" and options.get("fail_if_no_peer_cert") not in (True, Atom("true")):
        yield "fail_if_no_peer_cert is not true"
    if name == "client" and options.get("server_name_indication") == Atom("disable"):
        yield "server_name_indication is disable"
    for option in LOOSENING:
        own = option == "verify_fun" and _revoked_file(options.get(option)) is not None
        if not own and options.get(option) not in (None, False, Atom("undefined"), Atom("false")):
            yield "%s is given" % option


def _revoked_file(value: Any) -> str | None:
    """The file in ``{verify_fun, {fun beam_tls_revocation:verify/3, File}}``."""
    return _path(value[1]) if isinstance(value, tuple) and len(value) == 2 and value[0] == OWN_VERIFICATION else None


def _revocations(options: dict[str, Any]) -> str | None:
    """The directory in ``{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, Directory}]}}}`` (ssl, ``crl_cache_opts``)."""
    cache = options.get("crl_cache")
    if not isinstance(cache, tuple) or len(cache) != 2 or cache[0] != Atom("ssl_crl_hash_dir"):
        return None
    return _path(_properties(cache[1][1]).get("dir")) if isinstance(cache[1], tuple) and len(cache[1]) == 2 else None


def _properties(items: Any) -> dict[str, Any]:
    if not isinstance(items, list):
        return {}
    pairs: Sequence[Any] = [item for item in items if isinstance(item, tuple) and len(item) == 2]
    return {str(key): value for key, value in reversed(pairs) if isinstance(key, Atom)}


def _path(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) and not isinstance(value, Atom) else None
