# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault is brought about for real, on one host or between two, and one verification has to name it: the right
fault, on the host where its remedy is, at the edges it breaks, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from diagnosed import around, diagnose, edge, into, out_of, verified
from lab import attacks, fault_injection
from lab.commands import altered, on, report, wait_until
from lab.fault_injection import ARGUMENTS, CERTIFICATE, COOKIE, OPTIONS, RESTART, TABLE, TRUST, Authority, edited, put
from lab.settings import HOSTS, host

ALPHA, BRAVO, DAVE = (host(name).address for name in ("alpha", "bravo", "dave"))
HOSTS_FILE = "/etc/hosts"
LOOKUPS = "/etc/nsswitch.conf"
RESOLVE = "sed -i '/^hosts:/s/files.*/files dns/' " + LOOKUPS
NOT_APPLIED = "true"


@contextmanager
def restarted_with(path: str, edit: str) -> Iterator[None]:
    """Bravo's node, restarted with an edited file; it may not come up with it."""
    with edited("bravo", path, edit, apply=fault_injection.TRY_TO_RESTART):
        yield


@contextmanager
def both(one: AbstractContextManager[None], other: AbstractContextManager[None]) -> Iterator[None]:
    """Two causes at a time."""
    with one, other:
        yield


NETWORK = {
    "name does not resolve": (
        lambda: edited("alpha", HOSTS_FILE, "sed -i /bravo/d {}; sed -i '/^hosts:/s/dns//' " + LOOKUPS, NOT_APPLIED, RESOLVE),
        {("name-unknown", "alpha"): {edge("alpha", "bravo")}},
    ),
    "no name server answers": (
        lambda: edited("alpha", HOSTS_FILE, "sed -i /bravo/d {}", NOT_APPLIED, NOT_APPLIED),
        {("resolver-unavailable", "alpha"): {edge("alpha", "bravo")}},
    ),
    "resolves differently on two hosts": (
        lambda: edited("alpha", HOSTS_FILE, "sed -i 's/^%s bravo/%s bravo/' {}" % (BRAVO, DAVE), NOT_APPLIED, NOT_APPLIED),
        {("name-differs", "alpha"): {edge("alpha", "bravo")}},
    ),
    "resolves to an address that nobody has": (
        lambda: edited("alpha", HOSTS_FILE, "sed -i 's/^%s bravo/198.18.2.77 bravo/' {}" % BRAVO, NOT_APPLIED, NOT_APPLIED),
        {("name-differs", "alpha"): {edge("alpha", "bravo")}},
    ),
    "no route": (
        lambda: altered("alpha", "ip route add unreachable %s" % BRAVO, "ip route del unreachable %s" % BRAVO),
        {("connection-no-route", "alpha"): {edge("alpha", "bravo"), edge("bravo", "alpha")}},
    ),
    "dropped by the target's local firewall": (
        lambda: altered(
            "bravo",
            "nft 'table inet cut { chain first { type filter hook prerouting priority 0; ip saddr %s tcp dport 4370 drop; }; }'" % ALPHA,
            "nft delete table inet cut",
        ),
        {("dropped-by-peer-filter", "bravo"): {edge("alpha", "bravo")}},
    ),
    "dropped by the origin's local firewall": (
        lambda: altered(
            "alpha",
            "nft 'table inet out { chain output { type filter hook output priority 0; ip daddr %s tcp dport 4370 drop; }; }'" % BRAVO,
            "nft delete table inet out",
        ),
        {("dropped-by-own-filter", "alpha"): {edge("alpha", "bravo")}},
    ),
    "dropped by a router": (
        lambda: fault_injection.router_rule("router-south", "ip saddr %s tcp dport 4370 drop" % ALPHA),
        {("dropped-on-the-way", None): {edge("alpha", "bravo")}},
    ),
    "answers dropped by a router": (
        lambda: fault_injection.router_rule("router-north", "ip saddr %s tcp sport 4370 drop" % BRAVO),
        {("dropped-on-the-way", None): {edge("alpha", "bravo")}},
    ),
    "a router shut both ways": (
        lambda: fault_injection.blocked_router("router-south"),
        {("dropped-on-the-way", None): into("bravo") | out_of("bravo")},
    ),
    "a router shut to two hosts": (
        lambda: fault_injection.router_rule("router-east", "ct state new iifname internet drop"),
        {("dropped-on-the-way", None): {edge(one, other) for one in ("alpha", "bravo") for other in ("carol", "dave")}},
    ),
    "a router that rejects": (
        lambda: fault_injection.router_rule("router-south", "ct state new iifname internet reject with icmpx type host-unreachable"),
        {("host-out-of-reach", "bravo"): into("bravo")},
    ),
    "the network of a host down": (
        lambda: altered("bravo", "ip link set eth0 down", "ip link set eth0 up; ip route add 198.18.0.0/16 via 198.18.2.1"),
        {("connection-no-route", "bravo"): into("bravo") | out_of("bravo")},
    ),
    "dropped by a host's local firewall both ways": (
        lambda: altered(
            "bravo",
            # Before the hook of input, in whose chains our keeper accepts the peers as soon as they are there.
            "nft 'table inet cut { chain first { type filter hook prerouting priority 0; iifname \"eth0\" drop; }; }'",
            "nft delete table inet cut",
        ),
        {("dropped-by-filter", "bravo"): into("bravo") | out_of("bravo")},
    ),
    "two causes at a time": (
        lambda: both(
            altered("bravo", "systemctl stop erlang-guard", RESTART),
            fault_injection.router_rule("router-east", "ip saddr %s ip daddr %s tcp dport 4370 drop" % (ALPHA, DAVE)),
        ),
        {("node-down", "bravo"): {"bravo"} | into("bravo"), ("dropped-on-the-way", None): {edge("alpha", "dave")}},
    ),
    "port forwarded to the wrong node": (
        lambda: fault_injection.router_table(
            "router-north",
            "ip astray",
            "chain prerouting { type nat hook prerouting priority dstnat; "
            "ip saddr %s ip daddr %s tcp dport 4370 dnat to %s\n}" % (ALPHA, BRAVO, DAVE),
        ),
        {("other-node", "bravo"): {edge("alpha", "bravo")}},
    ),
}

NODE = {
    "refused (node down)": (
        lambda: altered("bravo", "systemctl stop erlang-guard", RESTART),
        {("node-down", "bravo"): {"bravo"} | into("bravo")},
    ),
    "port taken by something else": (
        lambda: altered(
            "bravo",
            "systemctl stop erlang-guard; systemd-run --quiet --unit=squatter python3 -m http.server 4370; sleep 0.5; "
            "systemctl start --no-block erlang-guard; sleep 1",
            "systemctl stop squatter; " + RESTART,
        ),
        {("port-taken", "bravo"): {"bravo"} | into("bravo")},
    ),
    "node on the loopback alone": (
        lambda: edited("bravo", ARGUMENTS, "printf -- '-kernel\\ninet_dist_use_interface\\n{127,0,0,1}\\n' >> {}"),
        {("node-on-loopback", "bravo"): {"bravo"} | into("bravo")},
    ),
    "epmd that no node needs": (
        lambda: altered(
            "bravo",
            "systemd-run --quiet --unit=left-over epmd; until ss -Hltn | grep -q :4369; do sleep 0.1; done",
            "systemctl stop left-over",
        ),
        {("epmd-uninvited", "bravo"): {"bravo"}},
    ),
    "connections held open, and no handshake finished": (
        lambda: attacks.held_connections("bravo", "127.0.0.1", 60, first="16"),
        {("connections-waiting", "bravo"): {"bravo"} | into("bravo")},
    ),
    "packet filter without its keeper": (
        lambda: altered("bravo", "systemctl stop erlang-guard-firewall-keeper", "systemctl start erlang-guard-firewall-keeper"),
        {("packet-filter-wrong", "bravo"): {"bravo"}},
    ),
    "node up but not distributed": (
        lambda: altered("bravo", "erlang-guard eval 'supervisor:terminate_child(kernel_sup, net_sup)' || true", RESTART),
        {("node-not-distributed", "bravo"): {"bravo"} | into("bravo")},
    ),
    "node listens on another port": (
        lambda: restarted_with(TABLE, "sed -i 's/{listen_port, 4370}/{listen_port, 4399}/' {}"),
        {("node-port-differs", "bravo"): {"bravo"} | into("bravo")},
    ),
    "plain node behind the port": (
        lambda: restarted_with(ARGUMENTS, "sed -i '/proto_dist/,+3d' {}"),
        {("plain-node", "bravo"): around("bravo")},
    ),
    "TLS version not shared": (
        lambda: restarted_with(OPTIONS, "sed -i s/tlsv1.3/tlsv1.2/ {}"),
        {("tls-version", "bravo"): into("bravo") | out_of("bravo")},
    ),
    "no shared cipher": (
        lambda: restarted_with(OPTIONS, "sed -i '0,/{versions/s//{signature_algs, [rsa_pss_rsae_sha256]}, {versions/' {}"),
        {("tls-no-shared-cipher", "bravo"): {"bravo"} | into("bravo")},
    ),
    "options that do not verify": (
        lambda: restarted_with(OPTIONS, "sed -i '0,/{fail_if_no_peer_cert, *true}/s//{fail_if_no_peer_cert, false}/' {}"),
        {("trust-loosened", "bravo"): {"bravo"}},
    ),
    "node in the table that is no member": (
        lambda: edited("bravo", TABLE, "echo \"{peer, 'guard@eve.example.net', resolve, 4370}.\" >> {}"),
        {("table-beyond-cluster", "bravo"): {"bravo"}},
    ),
    "bad options file": (
        lambda: restarted_with(OPTIONS, "echo '{' >> {}"),
        {("options-file-invalid", "bravo"): around("bravo")},
    ),
    "wrong cookie": (
        lambda: restarted_with(COOKIE, put("{}", "another-cookie-than-the-others")),
        {("cookie-mismatch", "bravo"): into("bravo") | out_of("bravo")},
    ),
    "cookie file rights": (
        lambda: restarted_with(COOKIE, "chmod 0444 {}"),
        {("cookie-file-rights", "bravo"): around("bravo")},
    ),
    "node not in the table of a peer": (
        lambda: edited("bravo", TABLE, "sed -i /alpha/d {}"),
        {("node-not-allowed", "bravo"): {"bravo", edge("alpha", "bravo"), edge("bravo", "alpha")}},
    ),
    "short and long names mixed": (
        lambda: restarted_with(ARGUMENTS, "sed -i 's/^-name/-sname/; s/^guard@bravo.*/guard@bravo/' {}"),
        {("names-mixed", "bravo"): around("bravo")},
    ),
    "net_ticktime differs": (
        lambda: altered(
            "bravo",
            "erlang-guard eval 'net_kernel:set_net_ticktime(30, 0)'",
            "erlang-guard eval 'net_kernel:set_net_ticktime(60, 0)'",
        ),
        {("net-ticktime-differs", "bravo"): {"bravo"}},
    ),
    "hidden node": (
        lambda: edited("bravo", ARGUMENTS, "echo -hidden >> {}", RESTART + "; sleep 2"),
        {("node-hidden", "bravo"): {"bravo"}},
    ),
}


@pytest.mark.parametrize("fault", [*NETWORK, *NODE])
def test_fault(fault: str) -> None:
    inject, expected = {**NETWORK, **NODE}[fault]
    with inject():
        diagnose(fault, expected)


SERVER, CLIENT = CERTIFICATE.replace("node", "server"), CERTIFICATE.replace("node", "client")
FORGET = (
    "erlang-guard eval 'spawn(fun Again() -> gen_server:call(ssl_pem_cache_dist, {unconditionally_clear_pem_cache, self()}), "
    "timer:sleep(200), Again() end)'"
)
"""Has a node read its PEM files at every handshake, which it does every two minutes otherwise."""


@pytest.fixture(scope="module")
def sides() -> Iterator[None]:
    """Bravo's node with a certificate file for each side of a connection."""
    copies = "cp -p %s %s && cp -p %s %s" % (CERTIFICATE, SERVER, CERTIFICATE, CLIENT)
    edit = "sed -i -e '1,/{client/s/node.pem/server.pem/' -e '/{client/,$s/node.pem/client.pem/' %s" % OPTIONS
    with edited("bravo", OPTIONS, copies + " && " + edit, RESTART + "; " + FORGET, "rm %s %s; %s" % (SERVER, CLIENT, RESTART)):
        yield


@contextmanager
def showing(pem: str, *paths: str) -> Iterator[None]:
    """Bravo's node with other PEM files."""
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(edited("bravo", path, put("{}", pem), "true", "true"))
        stack.enter_context(altered("bravo", "sleep 0.5", "true"))
        yield


BOTH, SERVERS, CLIENTS = (SERVER, CLIENT), (SERVER,), (CLIENT,)
LAST = {"before": timedelta(days=9), "after": timedelta(hours=-1)}
NEXT = {"before": timedelta(hours=-1)}
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
KEY_USAGE_OF_A_CA = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
CERTIFICATES = {
    "certificate expired": (BOTH, LAST, "certificate-expired", around("bravo")),
    "server certificate expired": (SERVERS, LAST, "server-certificate-expired", {"bravo"} | into("bravo")),
    "client certificate expired": (CLIENTS, LAST, "client-certificate-expired", {"bravo"} | out_of("bravo")),
    "not yet valid (clock)": (BOTH, NEXT, "certificate-not-yet-valid", around("bravo")),
    "SAN does not carry the host": (BOTH, {"names": ["other.example.net"]}, "certificate-name", around("bravo")),
    "name not allowed to this certificate": (
        CLIENTS,
        {"names": ["carol.example.net"]},
        "client-certificate-name",
        {"bravo"} | out_of("bravo"),
    ),
    "CN only": (BOTH, {"names": []}, "certificate-common-name-only", around("bravo")),
    "SAN is a wildcard": (BOTH, {"names": ["*.example.net"]}, "certificate-name", around("bravo")),
    "key usage of a CA": (BOTH, {"further": [(KEY_USAGE_OF_A_CA, True)]}, "certificate-usage", around("bravo")),
    "critical extension that nodes do not know": (BOTH, {"further": [(UNKNOWN, True)]}, "certificate-extension", around("bravo")),
    "key on a curve that TLS 1.3 has not": (BOTH, {"curve": ec.SECP224R1}, "certificate-algorithm", around("bravo")),
    "names of other hosts as well": (
        BOTH,
        {"names": ["bravo.example.net", "carol.example.net"]},
        "certificate-excess",
        {"bravo"},
    ),
    "EKU missing, the client's": (
        BOTH,
        {"usages": [fault_injection.SERVER_AUTH]},
        "client-certificate-purpose",
        {"bravo"} | out_of("bravo"),
    ),
    "EKU missing, the server's": (
        BOTH,
        {"usages": [fault_injection.CLIENT_AUTH]},
        "server-certificate-purpose",
        {"bravo"} | into("bravo"),
    ),
}


@pytest.mark.parametrize("fault", CERTIFICATES)
def test_certificate(fault: str, sides: None) -> None:
    paths, particulars, name, places = CERTIFICATES[fault]
    with showing(Authority().issue("bravo.example.net", **particulars), *paths):
        diagnose(fault, {(name, "bravo"): places})


def test_unknown_ca_on_our_side(sides: None) -> None:
    """Nobody trusts the CA of bravo's certificate."""
    with showing(Authority(foreign=True).issue("bravo.example.net"), *BOTH):
        diagnose("unknown CA on ours", {("certificate-unknown-ca", "bravo"): around("bravo")})


def test_unknown_ca_on_their_side(sides: None) -> None:
    """Bravo does not trust the CA of everybody's certificates."""
    with showing(Authority(foreign=True).certificate, TRUST):
        diagnose("unknown CA on their side", {("trust-unknown-ca", "bravo"): around("bravo")})


def test_strangers_behind_the_certificate(sides: None) -> None:
    """The new certificate, followed by the old one: nodes look for a way through what comes behind."""
    _key, begin, old = Authority().issue("bravo.example.net").partition("-----BEGIN CERT")
    with showing(Authority().issue("bravo.example.net") + begin + old, *BOTH):
        diagnose("old certificate behind the new one", {("certificate-chain", "bravo"): around("bravo")})


def test_a_bundle_with_an_intermediate(sides: None) -> None:
    """A CA that was issued by another is none to begin at, even one that the cluster means to trust."""
    pem = Authority().issue("ca.example.net")
    own = pem[pem.index("-----BEGIN CERT") :]
    with edited("bravo", TRUST, "printf %%s '%s' >> {}" % own, "true", "true"):
        wanted = [on("bravo", "cat " + TRUST).out]
        places = {"bravo"} | out_of("bravo")
        diagnose("intermediate in the bundle", {("trust-file-not-root", "bravo"): places}, __erlang_verify_authorities=wanted)


def test_trust_beyond_the_cluster(sides: None) -> None:
    """Bravo trusts another CA beside the cluster's, so that whoever has a certificate of it gets in."""
    with edited("bravo", TRUST, "printf %%s '%s' >> {}" % Authority(foreign=True).certificate, "true", "true"):
        diagnose("trusts another CA too", {("trust-beyond-cluster", "bravo"): {"bravo"}})


def test_wildcard(sides: None) -> None:
    """A name with a wildcard, which nodes refuse and many libraries do not."""
    with showing(Authority().issue("bravo.example.net", names=["*.example.net"]), *BOTH):
        verified()
        told = report()["faults"]
        assert {one["host"] for one in told} == {"bravo"} and len(told) == 1, told


def test_key_of_another_certificate(sides: None) -> None:
    key, _end, _certificate = Authority().issue("bravo.example.net").partition("-----BEGIN CERT")
    _key, begin, certificate = Authority().issue("bravo.example.net").partition("-----BEGIN CERT")
    with showing(key + begin + certificate, *BOTH):
        diagnose("key does not match the certificate", {("certificate-key-mismatch", "bravo"): around("bravo")})


def test_unreadable_file(sides: None) -> None:
    with altered("bravo", "chmod 0600 %s %s; sleep 0.5" % BOTH, "chmod 0640 %s %s; sleep 0.5" % BOTH):
        diagnose("unreadable file (rights)", {("certificate-file-unreadable", "bravo"): around("bravo")})


LISTS = "/etc/erlang/guard/crls/*.r0"


@contextmanager
def checking(names: list[str], text: str) -> Iterator[None]:
    """Hosts whose nodes hold certificates against another list of revoked ones. It is in force at once."""
    with ExitStack() as stack:
        for name in names:
            path = on(name, "echo " + LISTS).out.strip()
            stack.enter_context(edited(name, path, put(path, text), NOT_APPLIED, NOT_APPLIED))
        yield


def test_revoked(sides: None) -> None:
    """Bravo's certificate is in the list of all others: they refuse it on both sides, and bravo itself does not know."""
    authority, serial = Authority(), 0xBAD
    text = authority.revocations(serial)
    others = [known.name for known in HOSTS if known.name != "bravo"]
    with showing(authority.issue("bravo.example.net", serial=serial), *BOTH), checking(others, text):
        diagnose("revoked", {("certificate-revoked", "bravo"): into("bravo") | out_of("bravo")})


@pytest.mark.parametrize(
    ("left", "name", "where"),
    [
        (timedelta(hours=-1), "revocations-expired", {"bravo"} | into("bravo") | out_of("bravo")),
        (timedelta(hours=6), "revocations-expiring", {"bravo"}),
    ],
)
def test_revocation_list_runs_out(left: timedelta, name: str, where: set[str]) -> None:
    """Bravo holds the certificates of its peers against a list that is out of date, or will be soon."""
    with checking(["bravo"], Authority().revocations(left=left)):
        diagnose(name, {(name, "bravo"): where})


def test_lists_that_share_nothing() -> None:
    """Bravo's node takes another cipher suite than all others: an attempt of ours comes through, and the nodes do not."""
    with ExitStack() as stack:
        for known in HOSTS:
            cipher = "TLS_CHACHA20_POLY1305_SHA256" if known.name == "bravo" else "TLS_AES_256_GCM_SHA384"
            stack.enter_context(edited(known.name, OPTIONS, "sed -i 's/{versions/{ciphers, [\"%s\"]}, {versions/' {}" % cipher, RESTART))
        diagnose("lists share nothing", {("tls-no-shared-cipher", "bravo"): into("bravo") | out_of("bravo")})


def cut(name: str, *matches: str) -> AbstractContextManager[None]:
    """A host that drops what it would send, where a match of nftables says so."""
    rules = "; ".join("%s drop" % match for match in matches)
    table = "table inet cut { chain output { type filter hook output priority 0; %s; }; }" % rules
    return altered(name, "nft '%s'" % table, "nft delete table inet cut")


def test_authority_expired() -> None:
    """The CA's certificate has ended on all hosts: that is one fault, of no host."""
    with ExitStack() as stack:
        for known in HOSTS:
            ended_authority = put("{}", Authority().valid_until(timedelta(days=-1)))
            stack.enter_context(edited(known.name, TRUST, ended_authority))
        everything = set().union(*(around(known.name) for known in HOSTS))
        diagnose("CA expired", {("authority-expired", None): everything})


def test_clock() -> None:
    """Bravo's clock is behind, for its node and for whoever looks at it, by a library that is put before all programs."""
    with fault_injection.other_time("bravo", timedelta(days=-400)):
        diagnose("clock behind", {("clock-wrong", "bravo"): around("bravo")})


def test_few_are_asked() -> None:
    """Of the edges that are tried the same is said as when all are."""
    with restarted_with(COOKIE, put("{}", "another-cookie-than-the-others")):
        for asked in ("alpha,bravo", "bravo"):
            assert verified(limit=asked).code != 0
            told = report()["faults"]
            assert [(one["id"], one["host"]) for one in told] == [("cookie-mismatch", "bravo")], told


def test_nodes_that_are_not_of_the_cluster() -> None:
    """Alpha and bravo are taken out of the inventory, and are connected with those that are left."""
    missing = "erlang-guard eval \"['guard@alpha.example.net', 'guard@bravo.example.net'] -- nodes().\""
    assert wait_until(lambda: {on(name, missing).out.strip() for name in ("carol", "dave")} == {"[]"}, 90)
    assert verified(erlang_cluster_group="east").code != 0
    told = report()["faults"]
    assert [(one["id"], one["host"], one["where"]) for one in told] == 2 * [("stranger-connected", None, ["carol", "dave"])], told
    assert [one["cause"].partition(" ")[0] for one in told] == ["guard@%s.example.net" % name for name in ("alpha", "bravo")]


def test_partitioned() -> None:
    """Bravo's node gives alpha's up, which does not hear of it, and its node alone does not get through to alpha."""
    knows = "erlang-guard eval \"lists:member('guard@alpha.example.net', nodes()).\""
    assert wait_until(lambda: "true" in on("bravo", knows).out)
    sockets = on("bravo", "ss -Htnp state established dst %s | grep beam.smp" % ALPHA).out.splitlines()
    assert len(sockets) == 1, sockets
    own, other = (place.rpartition(":")[2] for place in sockets[0].split()[2:4])
    here = "ip daddr %s tcp sport %s tcp dport %s" % (ALPHA, own, other)
    there = "ip daddr %s tcp sport %s tcp dport %s" % (BRAVO, other, own)
    give_up = "erlang-guard eval \"erlang:disconnect_node('guard@alpha.example.net').\" | grep true && sleep 6"
    with cut("bravo", here, "meta skuid merl tcp dport 4370 ip daddr " + ALPHA), cut("alpha", there), altered("bravo", give_up, "true"):
        diagnose("partitioned (A sees B, B does not see A)", {("one-sided", "alpha"): {edge("alpha", "bravo")}})


def test_otp_too_far_apart() -> None:
    with fault_injection.other_otp("bravo", "bullseye"):
        diagnose("OTP versions too far apart", {("otp-too-far-apart", "bravo"): into("bravo") | out_of("bravo")})


WRAPPED = ["[Service]", "NotifyAccess=all", "ExecStart=", "ExecStart=/bin/sh -c '/usr/bin/erl -args_file %s; true'" % ARGUMENTS]
STRICT = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nCipherString = DEFAULT:@SECLEVEL=4\nMaxProtocol = TLSv1.2\n"
OPENSSL = "/etc/ssl/openssl.cnf"
REGISTERED = (
    "systemd-run --quiet --unit=other-epmd epmd; systemd-run --quiet --setenv=HOME=/root --unit=other-node erl -noinput -sname rabbit@localhost; "
    "until epmd -names | grep -q rabbit; do sleep 0.1; done"
)


def test_what_is_no_fault() -> None:
    """A unit whose main process only starts the node, an OpenSSL policy that no node heeds, and an epmd that others need."""
    with ExitStack() as stack:
        stack.enter_context(altered("bravo", "true", RESTART))
        stack.enter_context(fault_injection.drop_in("bravo", "wrapped", WRAPPED))
        stack.enter_context(edited("bravo", OPENSSL, put("{}", STRICT), RESTART + "; sleep 2", "true"))
        stack.enter_context(altered("bravo", REGISTERED, "systemctl stop other-node other-epmd"))
        done = verified()
        assert done.code == 0, done.out


def test_all_is_well_again() -> None:
    done = verified()
    assert done.code == 0, done.out
