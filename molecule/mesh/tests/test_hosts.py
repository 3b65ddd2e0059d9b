# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on the hosts of a mesh: account, files, certificate, ports, packet filter, unit, command."""

from __future__ import annotations

import base64
import re

import pytest
from lab.inventory import SECRET_PARTS, SECRETS

testinfra_hosts = ["ansible://erlang"]

CONFIG = "/etc/erlang/guard"
GENERATION = "/opt/erlang/nodes/guard/generations/1"
HOME = "/var/lib/merl/guard"


def name_of(host) -> str:
    """The inventory's name of a host."""
    return host.backend.get_hostname()


def test_account(host) -> None:
    user = host.user("merl")
    assert user.exists and user.shell == "/usr/sbin/nologin" and user.home == "/var/lib/merl"
    assert user.groups == ["merl"]
    assert host.run("passwd --status merl").stdout.split()[1] == "L"
    assert host.file("/var/lib/merl").mode == 0o700 and host.file("/var/lib/merl").user == "merl"
    assert host.run("grep -rlw merl /etc/sudoers /etc/sudoers.d").stdout == ""


@pytest.mark.parametrize(
    ("path", "owner", "group", "mode"),
    [
        (CONFIG, "root", "merl", 0o750),
        (CONFIG + "/peers.config", "root", "merl", 0o640),
        (CONFIG + "/node.pem", "root", "merl", 0o640),
        (CONFIG + "/ca.pem", "root", "merl", 0o640),
        (CONFIG + "/crls", "root", "merl", 0o750),
        (CONFIG + "/revoked.config", "root", "merl", 0o640),
        (CONFIG + "/generation", "root", "merl", 0o640),
        (HOME, "merl", "merl", 0o700),
        (HOME + "/.erlang.cookie", "merl", "merl", 0o400),
        ("/opt/erlang/nodes/guard", "root", "merl", 0o750),
        (GENERATION, "root", "merl", 0o750),
        (GENERATION + "/sys.config", "root", "merl", 0o640),
        (GENERATION + "/environment", "root", "merl", 0o640),
        (GENERATION + "/vm.args", "root", "merl", 0o640),
        (GENERATION + "/inet_tls.conf", "root", "merl", 0o640),
        (GENERATION + "/boot/start_ssl_clean.boot", "root", "root", 0o644),
        ("/usr/local/bin/erlang-guard", "root", "root", 0o755),
    ],
)
def test_files(host, path: str, owner: str, group: str, mode: int) -> None:
    file = host.file(path)
    assert (file.user, file.group, file.mode) == (owner, group, mode)


@pytest.mark.parametrize("name", ["sys.config", "vm.args", "inet_tls.conf", "environment"])
def test_what_a_start_reads_is_shown_beside_the_rest(host, name: str) -> None:
    assert host.file("%s/%s" % (CONFIG, name)).linked_to == "%s/%s" % (GENERATION, name)


def test_nothing_half_written(host) -> None:
    assert (
        host.run(r"find /etc /opt /var/lib /usr/local /run -xdev \( -name '*.staged' -o -name '*.previous' -o -name '.boot-*' \)").stdout
        == ""
    )
    assert host.run("ls /run/erlang-guard.next.key").rc == 2


def test_list_of_revoked_certificates(host) -> None:
    """It is empty, of the CA, in date for years, and under the name that nodes and OpenSSL look for."""
    (name,) = host.check_output("ls %s/crls", CONFIG).split()
    said = host.check_output("openssl crl -in %s/crls/%s -noout -hash -text -CAfile %s/ca.pem 2>&1", CONFIG, name, CONFIG)
    assert name.endswith(".r0") and name[:-3] in said.replace("=", " ").split()
    assert "verify OK" in said and "No Revoked Certificates" in said
    assert host.run("openssl verify -crl_check -CAfile %s/ca.pem -CApath %s/crls %s/node.pem", CONFIG, CONFIG, CONFIG).rc == 0
    options = host.check_output("tr -d '[:space:]' < %s/inet_tls.conf", CONFIG)
    assert options.count("{crl_check,peer}") == options.count("beam_tls_revocation:verify/3") == 2
    assert host.check_output("grep -v '^%%' %s/revoked.config", CONFIG) == "{lists, true}."


def test_certificate(host) -> None:
    said = host.check_output("openssl x509 -in %s/node.pem -noout -text", CONFIG)
    assert "DNS:%s.example.net" % name_of(host) in said
    assert "TLS Web Server Authentication" in said and "TLS Web Client Authentication" in said
    assert "CA:FALSE" in said and "Digital Signature" in said and "prime256v1" in said
    assert "OK" in host.check_output("openssl verify -CAfile %s/ca.pem %s/node.pem", CONFIG, CONFIG)
    assert host.run("openssl x509 -in %s/node.pem -noout -checkend $((799 * 86400))", CONFIG).rc == 0
    assert host.run("openssl x509 -in %s/node.pem -noout -checkend $((801 * 86400))", CONFIG).rc == 1


def test_only_the_distribution_port_and_ssh_listen(host) -> None:
    listening = host.check_output("ss -Hltn")
    ports = {line.split()[3].rsplit(":", 1)[1] for line in listening.splitlines()}
    assert ports == {"22", "4370"}


def test_port_mapper_is_masked(host) -> None:
    for unit in ("epmd.socket", "epmd.service"):
        assert host.run("systemctl is-enabled %s", unit).stdout.strip() == "masked"
        assert host.run("systemctl is-active %s", unit).rc != 0


def test_packet_filter(host) -> None:
    table = host.check_output("nft list table inet erlang_guard")
    peers = {"198.18.1.10", "198.18.2.10", "198.18.3.10", "198.18.3.20"} - {host.check_output("hostname -I").split()[0]}
    sets = dict(re.findall(r"(?s)set (\w+) \{(.*?)\n\t\}", table))
    assert set(re.findall(r"198\.18\.\d+\.\d+", sets["peers4"])) == peers
    assert set(re.findall(r"(198\.18\.\d+\.\d+) \. 4370", sets["places4"])) == {"198.18.1.10", "198.18.2.10", "198.18.3.10", "198.18.3.20"}
    assert "tcp dport 4370 counter" in table and "drop" in table and "meta skuid @accounts accept" in table
    assert set(re.findall(r"\d+", sets["accounts"].partition("elements")[2])) == {"0", host.check_output("id -u merl")}


def test_unit(host) -> None:
    service = host.service("erlang-guard")
    assert service.is_running and service.is_enabled
    assert host.service("erlang-guard-firewall").is_running and host.service("erlang-guard-firewall").is_enabled
    # By erlang_node_unit_settings of the inventory; the template has 2 s.
    assert host.check_output("systemctl show -P RestartUSec erlang-guard") == "1s"
    exposure = re.search(
        r"Overall exposure level for erlang-guard.service: ([0-9.]+)", host.check_output("systemd-analyze security erlang-guard")
    )
    assert exposure and float(exposure.group(1)) <= 2.0
    main = host.check_output("systemctl show --property=MainPID --value erlang-guard")
    status = host.file("/proc/%s/status" % main).content_string
    uid = host.check_output("id -u merl")
    assert "Uid:\t%s\t%s\t%s\t%s" % (uid, uid, uid, uid) in status and "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status


def test_control_command(host) -> None:
    node = "guard@%s.example.net" % name_of(host)
    assert "pong" in host.check_output("erlang-guard ping") + host.check_output("erlang-guard ping guard@carol.example.net")
    assert host.check_output("erlang-guard rpc erlang node") == "'%s'" % node
    assert host.check_output("erlang-guard eval 'lists:sum([1, 2]).'") == "3"
    assert node in host.check_output("erlang-guard status")
    # Not q(), which in a remote shell stops the node.
    # The shell's input ends when it has answered.
    answered = "n=0; until grep -qF \\'%s\\' /root/shell || [ $n -ge 300 ]; do sleep 0.1; n=$((n + 1)); done" % node
    shell = ": >/root/shell; (echo 'node().'; %s) | TERM=dumb timeout 60 erlang-guard remsh >/root/shell; cat /root/shell" % answered
    assert node in host.run(shell).stdout
    assert host.run("erlang-guard ping guard@nowhere.example.net").rc != 0
    assert host.run("su -s /bin/sh nobody -c 'erlang-guard ping'").rc != 0


def secrets(host) -> str:
    """What must not be seen, a line each."""
    cookie = host.file(HOME + "/.erlang.cookie").content_string.strip()
    assert len(cookie) >= 20
    return "\n".join([cookie, "PRIVATE KEY-----", *SECRET_PARTS])


def by_nobody(host, command: str) -> str:
    """What a command prints for an account that has no business with the node; secrets are its input, so that they are none of its arguments."""
    done = host.run("base64 -d <<'END' | su -s /bin/sh nobody -c %s\n%s\nEND", command, base64.b64encode(secrets(host).encode()).decode())
    return done.stdout


def test_no_secret_for_others(host) -> None:
    """Neither arguments of a process, nor units, nor files that others can read, hold the cookie, a key or what is secret of the application."""
    places = "/etc /opt /var/lib/merl /var/log /var/tmp /tmp /run /usr/local"
    assert by_nobody(host, "grep -rlsF -f - " + places) == ""
    assert by_nobody(host, "grep -lsF -f - /proc/[0-9]*/cmdline") == ""
    assert (
        by_nobody(host, "cat >/tmp/seen-by-nobody; systemctl show erlang-guard | grep -F -f /tmp/seen-by-nobody; rm /tmp/seen-by-nobody")
        == ""
    )
    # What shows that it is looked for in the right way.
    assert "/etc/hostname" in by_nobody(host, "cat >/dev/null; cat /etc/hostname | grep -rlsF -f - /etc/hostname")
    read = host.run("printf '%s\n' | grep -rlF -f - /etc/erlang /opt/erlang/nodes", SECRET_PARTS[0]).stdout
    assert read.split() == [GENERATION + "/sys.config"]


def test_a_release_is_for_root_and_the_account(host) -> None:
    """Whatever is in it: the cookie of a release of Mix may be read by all as far as its own mode goes."""
    (place,) = host.check_output("ls -d /opt/erlang/apps/guard/1.0.0-*").split()
    assert (host.file(place).user, host.file(place).group, host.file(place).mode) == ("root", "merl", 0o750)
    assert by_nobody(host, "cat >/dev/null; find /opt/erlang/apps /opt/erlang/nodes -type f -readable 2>/dev/null") == ""
    assert host.run("su -s /bin/sh merl -c 'ls %s/lib'", place).rc == 0


def test_the_environment_is_what_was_given(host) -> None:
    """Line ends, quotes, backslashes and what else a shell or systemd might take for its own."""
    main = host.check_output("systemctl show --property=MainPID --value erlang-guard")
    environment = base64.b64decode(host.check_output("base64 /proc/%s/environ", main)).decode().split("\0")
    for name in ("GUARD_TOKEN", "GUARD_KEY"):
        assert "%s=%s" % (name, SECRETS[name]) in environment
    assert "HOME=" + HOME in environment and "LANG=C.UTF-8" in environment
    assert not host.file("/root/made-by-a-value").exists


def test_journal_has_no_secret(host) -> None:
    journal = host.check_output("journalctl --no-pager")
    assert [line for line in secrets(host).splitlines() if line in journal] == []
