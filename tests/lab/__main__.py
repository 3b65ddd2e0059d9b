# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of ./lab."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import textwrap

from lab import demo, lifecycle, network, testing
from lab.settings import CHECKOUT, EVERY_HOST, HOSTS, MOST_NODES, NAME, SUITES, host, hosts
from lab.shell import become

DESCRIPTION = """\
Real hosts (systemd, sshd, nftables) on firewalled networks, all on this machine and seen by nobody; four of them by default:

%s

./lab up --hosts N makes more, up to %d, two of them behind a router that translates addresses, and a host that only dials out;
./lab up --help draws them.

Ansible runs in a namespace "control", which reaches every host's sshd by a network of its own. Routers drop all that the firewall plan
does not ask for. What takes long to make is kept in $BEAM_LAB_CACHE (/var/cache/beam-tls-lab); $BEAM_LAB names one of several labs.
""" % (textwrap.indent(network.drawing(HOSTS), "    "), MOST_NODES)

DRAWN = 16
UP = """\
Makes the lab, or sees that it is up: what is up already and the same stays. With --hosts %d it is this; fewer or more hosts
differ in the later names alone, and with four there are only the first three networks:

%s

The neighbour and the stranger are namespaces without a system; mobile is a host like the others, but no node: %d nodes are %d hosts.
""" % (DRAWN, textwrap.indent(network.drawing(hosts(DRAWN)), "    "), DRAWN, DRAWN + 1)


def number_of_hosts(text: str) -> int:
    """A number of hosts that the lab can have."""
    if not text.isdigit() or not len(HOSTS) <= int(text) <= MOST_NODES:
        raise argparse.ArgumentTypeError("the lab has %d to %d hosts" % (len(HOSTS), MOST_NODES))
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="./lab", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    suites = "the suites of the hosts (%s), in turn; trixie by default" % ", ".join(SUITES)

    command = commands.add_parser(
        "up", help="make the lab, or see that it is up", description=UP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument(
        "--hosts", type=number_of_hosts, metavar="N", help="how many hosts there are for nodes, %d to %d" % (len(HOSTS), MOST_NODES)
    )
    command.add_argument("--suite", type=lambda text: text.split(","), metavar="SUITE[,SUITE...]", help=suites)
    command.add_argument("--with-otp", action="store_true", help="with the distribution's OTP already installed")
    commands.add_parser("down", help="take the lab away; only the cache stays")
    command = commands.add_parser("reset", help="make hosts anew, bare; all of them by default")
    command.add_argument("host", nargs="*", choices=[[], *(known.name for known in EVERY_HOST)], metavar="HOST")
    command = commands.add_parser("ssh", help="a shell on a host, or a command")
    command.add_argument("host", choices=[known.name for known in EVERY_HOST], metavar="HOST")
    command.add_argument("rest", nargs=argparse.REMAINDER, metavar="COMMAND")
    command = commands.add_parser("play", help="run a playbook of the collection (site, verify, firewall_plan), or a file, on the hosts")
    command.add_argument("playbook")
    command.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS", help="options of ansible-playbook")
    command = commands.add_parser("open", help="have the routers let through what the firewall plan says")
    command.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS", help="options of ansible-playbook")
    command = commands.add_parser("run", help="run a command in the network of control, stranger, neighbour or a router")
    command.add_argument(
        "place",
        choices=[name for name in network.namespaces(EVERY_HOST) if name not in (network.WIRE, *(known.name for known in EVERY_HOST))],
        metavar="PLACE",
    )
    command.add_argument("rest", nargs=argparse.REMAINDER, metavar="COMMAND")
    command = commands.add_parser("demo", help="from bare hosts to a mesh with an application at work, and the table that proves it")
    command.add_argument("--suite", type=lambda text: text.split(","), metavar="SUITE[,SUITE...]", help=suites)
    command = commands.add_parser("test", help="run the tests: %s; all of them by default" % ", ".join(testing.PARTS))
    command.add_argument("part", nargs="*")
    command = commands.add_parser("bench", help="measure, and print one line of JSON: noop, converge, mesh, otp_build, rotate")
    command.add_argument("name")
    return top


def main() -> int:
    """Entry point."""
    asked = parser().parse_args()
    if asked.command == "up":
        lifecycle.up(asked.suite, asked.with_otp, asked.hosts)
        print("lab: '%s' is up: %s" % (NAME, ", ".join("%s %s" % (known.name, known.address) for known in lifecycle.needs_up().hosts)))
    elif asked.command == "down":
        lifecycle.down()
    elif asked.command == "reset":
        lifecycle.reset(asked.host)
    elif asked.command == "ssh":
        lifecycle.ssh(host(asked.host).name, asked.rest)
    elif asked.command == "play":
        become(lifecycle.play(asked.playbook, asked.rest))
    elif asked.command == "open":
        lifecycle.needs_up()
        lifecycle.open_routers(asked.rest)
    elif asked.command == "run":
        lifecycle.needs_up()
        become(lifecycle.control(asked.rest) if asked.place == "control" else [*network.inside(asked.place), *asked.rest])
    elif asked.command == "demo":
        return demo.demo(asked.suite)
    elif asked.command == "test":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return testing.test(asked.part)
        except KeyboardInterrupt:
            print("lab: interrupted; what was running has been ended", flush=True)
            return 130
    elif asked.command == "bench":
        return bench(asked.name)
    return 0


def bench(name: str) -> int:
    """Runs a benchmark."""
    helpers = ("measure", "fleet", "probe_peers")
    script = CHECKOUT / "tests" / "bench" / (name + ".py")
    if not script.exists() or name in helpers:
        known = sorted(path.stem for path in script.parent.glob("*.py") if path.stem not in helpers)
        raise SystemExit("lab: there is no benchmark '%s'; there are %s" % (name, ", ".join(known)))
    return subprocess.run([sys.executable, str(script)], check=False, env=dict(os.environ)).returncode


if __name__ == "__main__":
    sys.exit(main())
