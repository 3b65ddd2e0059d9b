# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the lab, making hosts anew, opening its routers, running playbooks on it, and removing it without a trace."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import hosts, inventory, network, roots, settings
from lab.settings import CHECKOUT, DEFAULT_SUITE, EVERY_HOST, HOSTS, HOSTS_DIRECTORY, RUN, Host, cycled, oldest
from lab.shell import Failed, become, locked, run, step

LOCK = Path("/run/lock") / ("beam-tls-lab-%s.lock" % RUN.name)


def up(suites: list[str] | None = None, with_otp: bool = False, nodes: int | None = None) -> bool:
    """Has the lab up as asked, and returns whether its hosts were made for it.

    What is up already and the same stays; without ``suites``, ``with_otp`` and ``nodes`` whatever is up is good. ``nodes`` is how many
    hosts there are for nodes, by default as many as there are, or four.
    """
    with locked(LOCK, "command of this lab"):
        found = hosts.made()
        every = found.hosts if found is not None and nodes is None else settings.hosts(nodes or len(HOSTS))
        asked = hosts.Made(cycled(suites or [DEFAULT_SUITE], every), with_otp)
        good = found is not None and (found == asked or (suites is None and not with_otp and found.hosts == every))
        if good and len(network.existing()) == len(network.namespaces(every)):
            return False
        if found is not None:
            print("lab: the hosts are made anew, as they are not what is asked for", flush=True)
        _down()
        for suite in dict.fromkeys(asked.suites.values()):
            roots.bare(suite)
            if with_otp:
                roots.with_otp(suite)
        guard = roots.guard(oldest(list(asked.suites.values())))
        with step("networks, routers and firewalls"):
            RUN.mkdir(parents=True, exist_ok=True)
            hosts.make_keys(every)
            network.up(every)
            hosts.allow_watches()
        _boot(every, asked)
        inventory.write(guard, every)
        hosts.remember(asked)
        return True


def reset(names: Sequence[str]) -> None:
    """Makes hosts anew, bare as they were; all of them without ``names``."""
    with locked(LOCK, "command of this lab"):
        found = hosts.made()
        if found is None:
            raise SystemExit("lab: it is not up; ./lab up")
        chosen = [host for host in found.hosts if host.name in names or not names]
        absent = set(names) - {host.name for host in chosen}
        if absent:
            raise SystemExit("lab: it has no host %s" % ", ".join(sorted(absent)))
        (RUN / "made").unlink()
        if not names:
            for made in ("erlang", "plans"):
                shutil.rmtree(RUN / made, ignore_errors=True)
            (RUN / "opened").unlink(missing_ok=True)
        _boot(chosen, found)
        hosts.remember(found)


def _boot(chosen: Sequence[Host], made: hosts.Made) -> None:
    with step("hosts " + _listed(chosen, made.suites)):
        for host in chosen:
            hosts.stop(host)
            # Connections that wait for the next command do not outlive the host that they are to.
            for control in (RUN / "ssh").glob("????????????????????????????????????????"):
                control.unlink(missing_ok=True)
            hosts.prepare(host, made.hosts, made.suites[host.name], made.with_otp)
        hosts.write_known_hosts(made.hosts)
        for host in chosen:
            hosts.start(host)
        for host in chosen:
            hosts.wait(host)


def _listed(chosen: Sequence[Host], suites: dict[str, str]) -> str:
    """Hosts and their suites in a line: each by name as long as that fits."""
    if len(chosen) <= len(HOSTS):
        return ", ".join("%s (%s)" % (host.name, suites[host.name]) for host in chosen)
    used = dict.fromkeys(suites[host.name] for host in chosen)
    return "%s to %s, %d in all (%s)" % (chosen[0].name, chosen[-1].name, len(chosen), ", ".join(used))


def down() -> None:
    """Takes the lab away. Raises :class:`Failed` if anything of it is left."""
    with locked(LOCK, "command of this lab"):
        _down()
        left = leftovers()
        if left:
            raise Failed("lab: this is left over: %s" % ", ".join(left))
    LOCK.unlink(missing_ok=True)


def _down() -> None:
    (RUN / "made").unlink(missing_ok=True)
    for host in EVERY_HOST:
        hosts.stop(host)
    for process in _inside():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    network.down()
    for directory in (RUN, HOSTS_DIRECTORY):
        if directory.exists():
            shutil.rmtree(directory)
        # Where another lab has its own, it stays.
        with contextlib.suppress(OSError):
            directory.parent.rmdir()


def _inside() -> list[int]:
    """Connections of ssh that wait for the next command, by the path of their sockets."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if process.read_bytes().startswith(b"ssh: %s/" % str(RUN / "ssh").encode()):
                found.append(int(process.parent.name))
    return found


def leftovers() -> list[str]:
    """What there still is of the lab: namespaces, mounts, processes, directories."""
    left = ["namespace " + name for name in network.existing()]
    left += ["mount " + point for directory in (RUN, HOSTS_DIRECTORY) for point in hosts.mounts(directory)]
    left += ["directory %s" % directory for directory in (RUN, HOSTS_DIRECTORY) if directory.exists()]
    left += ["host %s" % host.name for host in EVERY_HOST if hosts.pid(host) is not None]
    left += ["control group " + name for name in hosts.groups()]
    left += ["connection %d" % process for process in _inside()]
    return left


def control(argv: Sequence[object]) -> list[str]:
    """The command that runs ``argv`` where Ansible runs: in the control namespace, with the collection on its path."""
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(roots.collections()),
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "BEAM_LAB_INVENTORY": str(inventory.FILE),
    }
    assignments = ["%s=%s" % item for item in environment.items()]
    return [*network.inside("control"), "env", *assignments, *(str(argument) for argument in argv)]


def playbook(name: str) -> str:
    """The path of a playbook of the collection, or that of a file."""
    found = CHECKOUT / "playbooks" / (name + ".yml")
    if found.exists():
        return str(found)
    if Path(name).exists():
        return name
    known = ", ".join(sorted(path.stem for path in found.parent.glob("*.yml")))
    raise SystemExit("lab: there is no playbook '%s'; there are %s, or give the path of one" % (name, known))


def play(name: str, options: Sequence[str]) -> list[str]:
    """The command that runs a playbook on the lab's hosts; its routers are opened first where it needs them to be."""
    needs_up()
    if Path(playbook(name)).name in ("site.yml", "verify.yml"):
        open_routers(variables(options))
    return control(["ansible-playbook", "--inventory=%s" % inventory.FILE, playbook(name), *options])


def variables(options: Sequence[str]) -> list[str]:
    """Those of ``options`` that set variables."""
    found: list[str] = []
    for number, option in enumerate(options):
        if option in ("-e", "--extra-vars"):
            found += options[number : number + 2]
        elif option.startswith("--extra-vars="):
            found.append(option)
    return found


def open_routers(options: Sequence[str]) -> None:
    """Has the routers let through what the collection's own plan for upstream firewalls says; nothing to do where they do."""
    files = [Path(option[option.index("@") + 1 :]) for option in options if re.match(r"(--extra-vars=)?@", option)]
    said = [inventory.FILE.read_text(), *options, *(file.read_text() for file in files)]
    key = hashlib.sha256("\0".join(said).encode()).hexdigest()
    known, opened = RUN / "plans" / key, RUN / "opened"
    if not known.exists():
        with step("plan of what the routers have to open"):
            run(control(["ansible-playbook", "--inventory=%s" % inventory.FILE, playbook("firewall_plan"), *options]))
            plans = sorted((RUN / "erlang").glob("*/upstream.nft"), key=lambda path: path.stat().st_mtime)
            known.parent.mkdir(exist_ok=True)
            shutil.copyfile(plans[-1], known.with_suffix(".new")).rename(known)
    plan = known.read_text()
    if not opened.exists() or opened.read_text() != plan:
        network.open_routers(plan, needs_up().hosts)
        opened.write_text(plan)


def needs_up() -> hosts.Made:
    """What the hosts are made of. Ends with a sentence if the lab is not up."""
    found = hosts.made()
    if found is None:
        raise SystemExit("lab: it is not up; ./lab up")
    return found


def ssh(name: str, command: Sequence[str]) -> None:
    """Goes on as a shell, or a command, on a host."""
    if settings.host(name) not in needs_up().hosts:
        raise SystemExit("lab: it has no host %s; ./lab up --hosts N makes more" % name)
    chosen = hosts.ssh(settings.host(name))
    become([*chosen, *command] if command or not sys.stdin.isatty() else [*chosen[:-1], "-t", chosen[-1]])
