# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults caused on the lab's hosts, networks and nodes, each taken back when its context ends."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab import hosts, network, roots
from lab.commands import altered, on, run_command
from lab.settings import RUN, host
from lab.shell import run

UNIT = "erlang-guard"
CONFIGURATION, CURRENT = "/etc/erlang/guard", "/opt/erlang/nodes/guard/current"
TABLE, CERTIFICATE, TRUST = ("%s/%s" % (CONFIGURATION, name) for name in ("peers.config", "node.pem", "ca.pem"))
OPTIONS, ARGUMENTS, SYSTEM = ("%s/%s" % (CURRENT, name) for name in ("inet_tls.conf", "vm.args", "sys.config"))
COOKIE = "/var/lib/merl/guard/.erlang.cookie"
DROP_IN = "/run/systemd/system/%s.service.d" % UNIT
AUTHORITY = RUN / "erlang" / "guard"
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
DAY = timedelta(days=1)
_CHANGES = itertools.count(1)

# Whoever restarts a unit again and again meets systemd's limit on that.
RESTART = "systemctl reset-failed %s; systemctl restart %s" % (UNIT, UNIT)
TRY_TO_RESTART = "systemctl reset-failed %s; timeout 10 systemctl restart %s; true" % (UNIT, UNIT)


@contextmanager
def edited(name: str, path: str, edit: str, apply: str = RESTART, back: str = RESTART) -> Iterator[None]:
    """A host with a file changed by a shell command (``{}`` is its path), and the node restarted or reloaded by another.

    One within another may change the same file: each keeps what it found under a name of its own.
    """
    kept = "/root/kept-%d%s" % (next(_CHANGES), path.replace("/", "-"))
    change = "cp -p %s %s && { %s; } && { %s; }" % (path, kept, edit.replace("{}", path), apply)
    with altered(name, change, "mv %s %s && { %s; }" % (kept, path, back)):
        yield


@contextmanager
def router_rule(router: str, text: str) -> Iterator[None]:
    """A router with a rule more at the head of what it forwards."""
    command = "nft --echo --handle insert rule inet router forward " + text
    done = run_command([*network.inside(router), *command.split()])
    handle = re.search(r"# handle (\d+)$", done.out, re.MULTILINE)
    if done.code or not handle:
        raise AssertionError("%s: %s" % (command, done.out))
    try:
        yield
    finally:
        run([*network.inside(router), "nft", "delete", "rule", "inet", "router", "forward", "handle", handle[1]])


@contextmanager
def blocked_router(router: str) -> Iterator[None]:
    """A router that lets nothing through, one way or the other."""
    with router_rule(router, "iifname internet drop"), router_rule(router, "oifname internet drop"):
        yield


@contextmanager
def router_table(router: str, name: str, chains: str) -> Iterator[None]:
    """A router with a table more."""
    network.load(router, "table %s {\n%s\n}\n" % (name, chains))
    try:
        yield
    finally:
        network.load(router, "delete table %s\n" % name)


@contextmanager
def other_otp(name: str, suite: str) -> Iterator[None]:
    """A host whose node runs with the OTP of another suite, and with nothing of the collection but its files and the module that these name."""
    known = host(name)
    layer, below, place = roots.with_otp(suite), roots.bare(suite), hosts.root(known) / "opt" / ("otp-" + suite)
    shutil.copytree(layer / "usr" / "lib" / "erlang", place, symlinks=True, dirs_exist_ok=True)
    for library in below.glob("usr/lib/*/libcrypto.so.*"):
        shutil.copy(library, place)
    inside = "/opt/" + place.name
    (erts,) = place.glob("erts-*")
    settings = ("ROOTDIR=" + inside, "BINDIR=%s/%s/bin" % (inside, erts.name), "EMU=beam", "PROGNAME=erl", "LD_LIBRARY_PATH=" + inside)
    erl = "%s/%s/bin/erlexec" % (inside, erts.name)
    compiled = '[{ok, _} = compile:file(File, [{outdir, "%s"}]) || File <- init:get_plain_arguments()], halt().' % inside
    sources = ["%s/src/beam_tls_%s.erl" % (CURRENT, module) for module in ("revocation", "terms")]
    done = on(name, shlex.join(["env", *settings, erl, "-noinput", "-eval", compiled, "-extra", *sources]))
    assert done.code == 0, done.out
    flags = "-noinput -name guard@%s -proto_dist inet_tls -ssl_dist_optfile %s -start_epmd false -erl_epmd_port 4370 -pa " + inside
    lines = ["[Service]", "Type=exec", "ExecStart=", "ExecStart=%s %s" % (erl, flags % (known.fqdn, OPTIONS))]
    lines += ["Environment=" + setting for setting in settings]
    with altered(name, "true", RESTART), drop_in(name, "otp", lines), altered(name, RESTART + "; sleep 2", "true"):
        yield


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *found) {
    int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, found);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) found->tv_sec += SECONDS;
    return result;
}
time_t time(time_t *place) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (place) *place = found.tv_sec;
    return found.tv_sec;
}
int gettimeofday(struct timeval *restrict found, void *restrict zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    found->tv_sec = exact.tv_sec;
    found->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
"""
"""A library whose clock is some seconds ahead. Hosts in namespaces share the machine's clock, which nobody may set."""


@contextmanager
def other_time(name: str, ahead: timedelta) -> Iterator[None]:
    """A host whose clock is ahead, or behind: for every program that is started there, and for the node."""
    place, library = hosts.root(host(name)) / "usr/local/lib", "/usr/local/lib/clock.so"
    source = place / "clock.c"
    source.write_text(CLOCK)
    run(["cc", "-shared", "-fPIC", "-DSECONDS=%dL" % ahead.total_seconds(), "-o", str(place / "clock.so"), str(source), "-ldl"])
    with altered(name, "echo %s > /etc/ld.so.preload; %s" % (library, RESTART), "rm /etc/ld.so.preload; " + RESTART):
        yield


@contextmanager
def drop_in(name: str, label: str, lines: Sequence[str]) -> Iterator[None]:
    """A host whose unit has settings more, from its next start on."""
    path = "%s/%s.conf" % (DROP_IN, label)
    written = "mkdir -p %s && %s" % (DROP_IN, put(path, "\n".join(lines) + "\n"))
    with altered(name, written + " && systemctl daemon-reload", "rm %s && systemctl daemon-reload" % path):
        yield


class Authority:
    """A CA that issues what the cluster's own does not: the cluster's, or with ``foreign`` one that nobody knows."""

    def __init__(self, foreign: bool = False) -> None:
        if foreign:
            self.key: ec.EllipticCurvePrivateKey = ec.generate_private_key(ec.SECP256R1())
            self.name = _name("foreign")
            return
        passphrase = (AUTHORITY / "ca.passphrase").read_bytes().strip()
        key = serialization.load_pem_private_key((AUTHORITY / "ca.key").read_bytes(), passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AssertionError("the key of the cluster's CA is another kind of key")
        self.key = key
        self.name = x509.load_pem_x509_certificate((AUTHORITY / "ca.pem").read_bytes()).subject

    @property
    def certificate(self) -> str:
        """A certificate of the CA itself, as PEM text."""
        builder = self._builder(self.name, self.key, DAY, DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return _pem(builder.sign(self.key, hashes.SHA256()))

    def valid_until(self, after: timedelta) -> str:
        """A certificate of the CA itself, with its key and its name, that ends some time from now, as PEM text."""
        builder = self._builder(self.name, self.key, 30 * DAY, after)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return _pem(builder.sign(self.key, hashes.SHA256()))

    def issue(
        self,
        host_part: str,
        names: Sequence[str] | None = None,
        usages: Sequence[x509.ObjectIdentifier] = (SERVER_AUTH, CLIENT_AUTH),
        before: timedelta = timedelta(hours=1),
        after: timedelta = timedelta(days=1),
        serial: int | None = None,
        curve: type[ec.EllipticCurve] = ec.SECP256R1,
        further: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> str:
        """A certificate and its key as PEM text, valid from a time before now until a time after it; ``names`` are what it is
        for instead of ``host_part``, ``further`` are extensions and whether they are critical.
        """
        key = ec.generate_private_key(curve())
        builder = self._builder(_name(host_part), key, before, after, serial)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        alternative = [x509.DNSName(name) for name in ([host_part] if names is None else names)]
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        for extension, critical in further:
            builder = builder.add_extension(extension, critical=critical)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return secret.decode() + _pem(builder.sign(self.key, hashes.SHA256()))

    def revocations(self, *serials: int, left: timedelta = timedelta(days=1)) -> str:
        """A revocation list with serial numbers that was issued two days ago and holds for some time from now, as PEM text."""
        now = datetime.now(timezone.utc)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(now - timedelta(days=2)).next_update(now + left)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        builder = builder.add_extension(x509.CRLNumber(1), False)
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(hours=1))
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        before: timedelta,
        after: timedelta,
        serial: int | None = None,
    ) -> x509.CertificateBuilder:
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(serial or x509.random_serial_number())
        builder = builder.not_valid_before(now - before).not_valid_after(now + after)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return builder.add_extension(identifier, critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(made: x509.Certificate) -> str:
    return made.public_bytes(serialization.Encoding.PEM).decode()


def put(path: str, text: str) -> str:
    """The shell command that replaces what is in a file, and leaves its owner and its mode."""
    return "printf %%s %s > %s" % (shlex.quote(text), path)
