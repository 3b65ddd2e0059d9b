# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choices of role variables that come from a registry in Python: python tests/ground/roles.py writes them into the specifications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ground.own_modules import loaded


class Registry(NamedTuple):
    """Where the choices of a variable come from: a mapping in a module of ``plugins``, whose values may have a ``summary`` each."""

    role: str
    variable: str
    module: str
    mapping: str


REGISTRIES = (Registry("erlang_firewall", "erlang_firewall_backend", "module_utils._cluster.firewall.backends", "BACKENDS"),)


def entries(registry: Registry, checkout: Path) -> dict[str, str]:
    """The choices of a registry, and what each does, the rest of a sentence that begins with it; empty where nothing says so."""
    found = getattr(loaded(checkout, registry.module), registry.mapping)
    return {name: str(getattr(value, "summary", "")) for name, value in found.items()}


def written(specification: str, variable: str, choices: Mapping[str, str]) -> str:
    """A specification in which a variable has these choices, and a sentence on each where there are any. Raises ValueError where it has no list of choices."""
    start = re.search(r"(?m)^( +)%s:\n" % re.escape(variable), specification)
    if start is None:
        raise ValueError("there is no variable %s" % variable)
    inner = start[1] + "  "
    end = re.compile(r"(?m)^ {0,%d}\S" % len(start[1])).search(specification, start.end())
    option = specification[start.end() : end.start() if end else len(specification)]
    found = {"choices": "".join("%s  - %s\n" % (inner, name) for name in choices)}
    if all(choices.values()):
        found["description"] = "".join("%s  - V(%s) %s\n" % (inner, name, summary) for name, summary in choices.items())
    for key, lines in found.items():
        block = "%s%s:\n%s" % (inner, key, lines)
        option, count = re.subn(r"(?m)^%s%s:\n(?:%s  .*\n)+" % (inner, key, inner), block.replace("\\", r"\\"), option)
        if not count:
            raise ValueError("%s has no list of %s" % (variable, key))
    return specification[: start.end()] + option + (specification[end.start() :] if end else "")


def write(checkout: Path) -> list[Path]:
    """Writes the choices into the specifications, and returns those that were changed."""
    changed = []
    for registry in REGISTRIES:
        path = checkout / "roles" / registry.role / "meta" / "argument_specs.yml"
        text = path.read_text(encoding="utf-8")
        new = written(text, registry.variable, entries(registry, checkout))
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


def outdated(checkout: Path) -> list[str]:
    """Variables whose choices are not those of their registry, a sentence each."""
    found = []
    for registry in REGISTRIES:
        text = (checkout / "roles" / registry.role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        if written(text, registry.variable, entries(registry, checkout)) != text:
            found.append("%s: its choices are not those of %s; run: python tests/ground/roles.py" % (registry.variable, registry.mapping))
    return found
