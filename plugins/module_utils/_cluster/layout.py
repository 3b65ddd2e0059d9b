# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the things of a node and of a cluster are: every path and every name of a unit, table or command, each said here and nowhere else.

It imports nothing of the collection, so that every room, and every program that is sent to a host, may ask it.
"""

from __future__ import annotations

import posixpath

ACCOUNT_HOME = "/var/lib/merl"
"""The home of the nodes' account where a module is not told of another: the default of ``erlang_account_home``."""

CONFIGURATIONS = "/etc/erlang"
"""Below it each node of a host has its configuration."""

OWN = "/opt/erlang"
"""What of the collection is no configuration and no data lies below it."""

NODES = OWN + "/nodes"
"""Below it each node of a host has its code."""

ERLS = NODES + "/*/generations/*/erl"
"""A pattern of the links to the runtimes that nodes of a host start, in all their generations."""

APPLICATIONS = OWN + "/apps"
"""Below it each release of an application has a directory."""

OTPS = "/opt/erlang/otp"
"""Below it OTPs that were not installed by packages lie side by side."""

SYSTEMD = "/etc/systemd/system"
"""Where systemd looks for units of the host's own (systemd.unit(5), UNIT FILE LOAD PATH)."""

WANTED_AT_BOOT = SYSTEMD + "/multi-user.target.wants"
"""The links to units that start with the host, as ``systemctl enable`` makes them."""

# The node's files by their names in the directory of its configuration.
_CONFIGURATION = {
    "sys_config": "sys.config",
    "vm_args": "vm.args",
    "tls_options": "inet_tls.conf",
    "peers": "peers.config",
    "environment": "environment",
    "certificate": "node.pem",
    "trust": "ca.pem",
    "revocations": "crls",
    "revoked_keys": "revoked.config",
    "generation": "generation",
    "firewall_rules": "firewall.nft",
    "watch_settings": "watch.json",
}


GENERATION = "@GENERATION@"
"""What stands for the directory of a generation in files that are made for one, as its number is known on the host alone."""

SHOWN = ("sys_config", "vm_args", "tls_options", "environment")
"""Of the files in the directory of a node's configuration, those that it reads only when it starts: links to where they are."""


def configuration(directory: str) -> dict[str, str]:
    """Return the paths of the files in a node's configuration directory, by the keys that ``layout`` has for them."""
    return {key: posixpath.join(directory, name) for key, name in _CONFIGURATION.items()}


def layout(name: str, account_home: str = ACCOUNT_HOME) -> dict[str, str]:
    """Return where everything of a node is: absolute paths and names.

    ``name`` is the part of the node's name before the @, ``account_home`` the home of the account that it runs as. What a key means:
    ``docs/architecture.md``, "Names and paths".
    """
    unit = "erlang-%s" % name
    config = posixpath.join(CONFIGURATIONS, name)
    code = posixpath.join(NODES, name)
    home = posixpath.join(account_home, name)
    runtime = "/run/" + unit
    current, binaries = code + "/current", code + "/bin"
    firewall, watch = unit + "-firewall", unit + "-watch"
    return {
        "unit": unit,
        "service": unit + ".service",
        "service_file": "%s/%s.service" % (SYSTEMD, unit),
        "service_link": "%s/%s.service" % (WANTED_AT_BOOT, unit),
        "table": "erlang_" + name,
        "control": "/usr/local/bin/" + unit,
        "control_program": code + "/control.pyz",
        "config": config,
        "configurations": CONFIGURATIONS,
        **configuration(config),
        "code": code,
        "bin": binaries,
        "generations": code + "/generations",
        "current": current,
        "about": current + "/about.json",
        "unit_text": current + "/unit",
        "erl": current + "/erl",
        "ebin": current + "/ebin",
        "src": current + "/src",
        "boot": current + "/boot",
        "boot_script": current + "/boot/start_ssl_clean",
        "boot_key": current + "/boot/.key",
        "release": current + "/release",
        "release_program": current + "/release/run",
        "account_home": account_home.rstrip("/") or "/",
        "home": home,
        "cookie": home + "/.erlang.cookie",
        "runtime": runtime,
        "running_generation": runtime + "/generation",
        "reload_asked": runtime + "/reload.asked",
        "reload_told": runtime + "/reload.told",
        "next_key": runtime + ".next",
        "firewall_unit": firewall,
        "firewall_service_file": "%s/%s.service" % (SYSTEMD, firewall),
        "firewall_service_link": "%s/%s.service" % (WANTED_AT_BOOT, firewall),
        "firewall_keeper_unit": firewall + "-keeper",
        "firewall_keeper_file": "%s/%s-keeper.service" % (SYSTEMD, firewall),
        "firewall_program": binaries + "/packet-filter",
        "firewall_runtime": "/run/" + firewall,
        "firewall_loaded": "/run/%s/loaded" % firewall,
        "firewall_checked": "/run/%s/checked" % firewall,
        "watch_unit": watch,
        "watch_service_file": "%s/%s.service" % (SYSTEMD, watch),
        "watch_timer_file": "%s/%s.timer" % (SYSTEMD, watch),
        "watch_timer_link": "%s/timers.target.wants/%s.timer" % (SYSTEMD, watch),
        "watch_program": code + "/watch.pyz",
        "watch_state": "/var/lib/" + watch,
        "watch_metrics": "/var/lib/%s/%s.prom" % (watch, unit),
    }


def of_generation(places: dict[str, str], directory: str) -> dict[str, str]:
    """Return the layout of a node with what it reads only when it starts in a directory, in the place of where the links lead."""
    within = {key: directory + path[len(places["current"]) :] for key, path in places.items() if path.startswith(places["current"] + "/")}
    return {**places, **within, **{key: posixpath.join(directory, _CONFIGURATION[key]) for key in SHOWN}}


def units(name: str) -> list[str]:
    """Return the units that a node may have, by their full names, the node's own service first."""
    places = layout(name)
    firewall, keeper, watch = places["firewall_unit"], places["firewall_keeper_unit"], places["watch_unit"]
    return [places["service"], keeper + ".service", firewall + ".service", watch + ".timer", watch + ".service"]


def cluster(directory: str) -> dict[str, str]:
    """Return where everything of a cluster is on the controller, below its directory."""
    return {
        "ca_key": posixpath.join(directory, "ca.key"),
        "ca_certificate": posixpath.join(directory, "ca.pem"),
        "ca_passphrase": posixpath.join(directory, "ca.passphrase"),
        "next_ca_key": posixpath.join(directory, "ca.next.key"),
        "next_ca_certificate": posixpath.join(directory, "ca.next.pem"),
        "rotation": posixpath.join(directory, "rotation.json"),
        "rotation_former": posixpath.join(directory, "rotation.former.pem"),
        "rotation_next": posixpath.join(directory, "rotation.next.pem"),
        "rotation_both": posixpath.join(directory, "rotation.both.pem"),
        "signing": posixpath.join(directory, "signing.json"),
        "cookie": posixpath.join(directory, "cookie"),
        "issued": posixpath.join(directory, "issued.jsonl"),
        "revocations": posixpath.join(directory, "crl.pem"),
        "revoked": posixpath.join(directory, "revoked.jsonl"),
        "lock": posixpath.join(directory, "lock"),
        "members": posixpath.join(directory, "members.json"),
        "decommissioned": posixpath.join(directory, "decommissioned"),
        "report": posixpath.join(directory, "report"),
        "plan": posixpath.join(directory, "report", "plan.json"),
    }


def application(name: str, version: str, digest: str) -> str:
    """Return the directory of a release of an application; ``digest`` tells archives of the same version apart."""
    return "%s/%s/%s-%s" % (APPLICATIONS, name, version, digest)
