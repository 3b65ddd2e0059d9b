# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choices of role variables that come from a registry in Python: python tests/ground/roles.py writes them into the specifications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml
from ground.own_modules import loaded


class Registry(NamedTuple):
    """Where the choices of a variable come from: a mapping in a module of ``plugins``, whose values may have a ``summary`` each."""

    role: str
    variable: str
    module: str
    mapping: str


_SIGNERS = "plugin_utils.signers.registry"
REGISTRIES = (
    Registry("erlang_firewall", "erlang_firewall_backend", "module_utils._cluster.firewall.backends", "BACKENDS"),
    Registry("erlang_certs", "erlang_certs_signer", _SIGNERS, "CHOICES"),
)
_BLOCK = re.compile(r"(?ms)^( *)(# Made from plugin_utils/signers .*?\n)(.*?)^\1# Here these end\.\n")
"""What the role of the signers has of their own variables: in its specification, and, of those that have a default, among its defaults."""


def entries(registry: Registry, checkout: Path) -> dict[str, str]:
    """The choices of a registry, and what each does, the rest of a sentence that begins with it; empty where nothing says so."""
    found = getattr(loaded(checkout, registry.module), registry.mapping)
    return {name: value if isinstance(value, str) else str(getattr(value, "summary", "")) for name, value in found.items()}


def of_signers(checkout: Path) -> dict[Path, str]:
    """The files of the role of the signers with the variables of these in them."""
    role, signers = checkout / "roles" / "erlang_certs", loaded(checkout, _SIGNERS).SIGNERS
    specified = "".join(signer.specification for signer in signers.values())
    options = yaml.safe_load(specified) or {}
    defaults = {variable: option["default"] for variable, option in options.items() if "default" in option}
    lines = {
        role / "meta" / "argument_specs.yml": specified,
        role / "defaults" / "main.yml": yaml.safe_dump(defaults, sort_keys=False) if defaults else "",
    }
    return {path: _replaced(path.read_text(encoding="utf-8"), inner) for path, inner in lines.items()}


def _replaced(text: str, inner: str) -> str:
    found = _BLOCK.search(text)
    if found is None:
        raise ValueError("there is no place for the variables of signers")
    start, end = found.span(3)
    return text[:start] + "".join(found[1] + line for line in inner.splitlines(keepends=True)) + text[end:]


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
    for path, new in of_signers(checkout).items():
        if new != path.read_text(encoding="utf-8"):
            path.write_text(new, encoding="utf-8")
            changed.append(path)
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
    found = [
        "%s: the variables of signers are not those of plugin_utils/signers; run: python tests/ground/roles.py" % path.name
        for path, new in of_signers(checkout).items()
        if new != path.read_text(encoding="utf-8")
    ]
    for registry in REGISTRIES:
        text = (checkout / "roles" / registry.role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        if written(text, registry.variable, entries(registry, checkout)) != text:
            found.append("%s: its choices are not those of %s; run: python tests/ground/roles.py" % (registry.variable, registry.mapping))
    return found
