# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles held against their argument specifications, and their READMEs made from these: python tests/ground/roles.py writes them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

_NOTHING = object()
# Source: Ansible, "Module format and documentation", linking and other format macros.
_MARKUP = re.compile(r"\b(B|C|E|I|L|M|O|P|R|RV|U|V)\(((?:\\.|[^\\)])*)\)")
_EMPHASIS = {"B": "**", "I": "*"}
_NO_FACTS = frozenset(
    {
        "become",
        "check_mode",
        "facts",
        "failed_result",
        "pipelining",
        "play_batch",
        "play_hosts",
        "play_hosts_all",
        "playbook_python",
        "python_interpreter",
    }
)
"""What roles may read of Ansible's own variables. Whatever else begins so is, or may be, a fact."""
_BARE_FACT = re.compile(r"(?<![\w'\".])(?:erlang_survey|ansible_(?!builtin\b)\w+)\b")

_GIVEN_DEFAULT = re.compile(r"\b(erlang_\w+)\s*\|\s*d(?:efault)?\(([^)]*)\)")


IN_SITE = ("erlang_verify",)
"""Roles that have a playbook of their own, and are part of site too."""
EXAMPLES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("role_examples.yml").read_text())
"""Variables with values, by role."""


def bad_examples(roles: Path) -> list[str]:
    """Where an example sets what its role does not have, or does not take, a sentence each."""
    found = []
    for role in sorted(path for path in roles.iterdir() if path.is_dir()):
        specified = options(role)
        if not EXAMPLES.get(role.name):
            found.append("%s: there is no example" % role.name)
        for variable, value in EXAMPLES.get(role.name, {}).items():
            if variable not in specified:
                found.append("%s: the example sets %s, which is no variable of the role" % (role.name, variable))
            elif value not in specified[variable].get("choices", [value]):
                found.append("%s: the example sets %s to %s, which it does not take" % (role.name, variable, value))
            elif value == specified[variable].get("default"):
                found.append("%s: the example sets %s to its default" % (role.name, variable))
    return found


def specification(role: Path) -> dict[str, dict[str, Any]]:
    """The entry points of a role."""
    specs: dict[str, dict[str, Any]] = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return specs


def options(role: Path) -> dict[str, dict[str, Any]]:
    """The variables of a role, those of all entry points."""
    found: dict[str, dict[str, Any]] = {}
    for entry in specification(role).values():
        found.update(entry.get("options") or {})
    return found


def disagreements(roles: Path) -> list[str]:
    """Where defaults and specifications of the roles differ, a sentence each."""
    found = []
    for role in sorted(path for path in roles.iterdir() if path.is_dir()):
        path = role / "defaults" / "main.yml"
        defaults = yaml.safe_load(path.read_text()) if path.exists() else {}
        found += differences(role.name, defaults or {}, options(role))
    return found


def differences(name: str, defaults: dict[str, Any], specified: dict[str, dict[str, Any]]) -> list[str]:
    """Where the defaults of a role and its specification differ."""
    found = ["%s: %s has a default and no specification" % (name, variable) for variable in defaults if variable not in specified]
    for variable, option in specified.items():
        default, said = defaults.get(variable, _NOTHING), option.get("default", _NOTHING)
        templated = isinstance(default, str) and "{{" in default
        if variable != name and not variable.startswith((name + "_", "ansible_")):  # What Ansible itself reads has Ansible's name.
            found.append("%s: %s does not begin with the role's name" % (name, variable))
        if said is _NOTHING and default is not _NOTHING and not templated:
            found.append("%s: %s is %s by default, which its specification does not say" % (name, variable, default))
        elif said is not _NOTHING and default is _NOTHING:
            found.append("%s: %s has the default %s in its specification alone" % (name, variable, said))
        elif said is not _NOTHING and said != default:
            found.append("%s: %s is %s by default, and its specification says %s" % (name, variable, default, said))
        if not option.get("description"):
            found.append("%s: %s has no description" % (name, variable))
    return found


def bare_facts(roles: Path) -> list[str]:
    """Where a role reads a fact by its bare name, which is there only as long as facts are injected as variables."""
    found = []
    for path in sorted(path for path in roles.glob("*/*/**/*") if path.suffix in {".yml", ".j2"} and path.parts[-2] != "meta"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.partition("# ")[0]
            found += [
                "%s:%d: %s is to be read from ansible_facts" % (path.relative_to(roles), number, name)
                for name in _BARE_FACT.findall(code)
                if name.removeprefix("ansible_") not in _NO_FACTS
            ]
    return found


def second_defaults(roles: Path) -> list[str]:
    """Where a role gives a default to a variable whose specification has one, a sentence each.

    Only the default of another variable may do so, as a role is also checked where the one with that variable is not in the play, and then it
    has to say the same.
    """
    specified = {name: option for role in roles.iterdir() if role.is_dir() for name, option in options(role).items()}
    found = []
    for path in sorted(path for path in roles.glob("*/*/**/*") if path.suffix in {".yml", ".j2"} and path.parts[-2] != "meta"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for name, given in _GIVEN_DEFAULT.findall(line):
                said = specified.get(name, {}).get("default", _NOTHING)
                allowed = path.parent.name == "defaults" and yaml.safe_load(given) == said
                if said is not _NOTHING and not allowed:
                    found.append("%s:%d: %s has the default %s already" % (path.relative_to(roles), number, name, said))
    return found


def plain(text: str) -> str:
    """Ansible's markup as Markdown."""
    return _MARKUP.sub(_markdown, text)


def _markdown(found: re.Match[str]) -> str:
    kind, inner = found[1], re.sub(r"\\(.)", r"\1", found[2])
    if kind in ("L", "R", "U"):
        words, _comma, address = inner.partition(",")
        return words.strip() if kind == "R" else "[%s](%s)" % (words.strip(), (address or words).strip())
    if kind in ("B", "I"):
        return "%s%s%s" % (_EMPHASIS[kind], inner, _EMPHASIS[kind])
    # Of an option or a plugin of another place its own name is enough: NAMESPACE.COLLECTION.NAME#KIND:OPTION=VALUE.
    inner = inner.partition("#")[0] if kind in ("M", "P") else re.sub(r"\A[\w.]+#\w+:", "", inner)
    return "`%s`" % inner


def paragraphs(description: Any) -> list[str]:
    """A description as a list of paragraphs."""
    return [plain(str(item)) for item in (description if isinstance(description, list) else [description])]


def readme(role: Path) -> str:
    """The README of a role."""
    entries = specification(role)
    lines = ["<!-- Made from meta/argument_specs.yml by tests/ground/roles.py. -->", "", "# %s" % role.name, ""]
    for name, entry in entries.items():
        if len(entries) > 1:
            lines += ["## Entry point `%s`" % name, ""]
        lines += ["%s." % plain(entry["short_description"]).rstrip("."), ""]
        for paragraph in paragraphs(entry.get("description", [])):
            lines += [paragraph, ""]
        lines += variables(entry.get("options") or {})
    example = EXAMPLES.get(role.name)
    if example:
        shown = yaml.safe_dump(example, sort_keys=False, default_flow_style=False, width=100)
        lines += [
            "## Example",
            "",
            "In the variables of the nodes' group, which the topology reads:",
            "",
            "```yaml",
            "# group_vars/erlang.yml",
            shown + "```",
            "",
        ]
    lines += ["## Use", "", "```yaml", "- name: %s" % plain(next(iter(entries.values()))["short_description"]).rstrip(".")]
    lines += ["  ansible.builtin.import_role:", "    name: beam.tls_distribution.%s" % role.name, "```", ""]
    if (role.parents[1] / "playbooks" / (role.name.removeprefix("erlang_") + ".yml")).exists() and role.name not in IN_SITE:
        lines += ["The playbook `beam.tls_distribution.%s` runs it, behind the topology." % role.name.removeprefix("erlang_")]
    else:
        lines += [
            "The playbook `beam.tls_distribution.site` runs all roles in their order; this one relies on what those before it have found."
        ]
        lines += ["With `--tags %s` the playbook runs this role alone, after the topology and the survey." % role.name]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def variables(specified: dict[str, dict[str, Any]]) -> list[str]:
    """A section on each variable."""
    if not specified:
        return ["It has no variables of its own.", ""]
    lines = ["## Variables", ""]
    for variable, option in specified.items():
        kind = option.get("type", "str") + (" of %s" % option["elements"] if "elements" in option else "")
        facts = ["Type %s" % kind, "default `%s`" % json.dumps(option["default"]) if "default" in option else "no default"]
        if "choices" in option:
            facts.append("one of %s" % ", ".join("`%s`" % choice for choice in option["choices"]))
        if option.get("required"):
            facts.append("required")
        if option.get("no_log"):
            facts.append("secret")
        lines += ["### `%s`" % variable, "", "%s." % "; ".join(facts), ""]
        for paragraph in paragraphs(option.get("description", [])):
            lines += [paragraph, ""]
    return lines


def markup(roles: Path) -> list[str]:
    """What is left of Ansible's markup in the READMEs of the roles, a sentence each; code is what it is."""
    found = []
    for path in sorted(roles.glob("*/README.md")):
        text = re.sub(r"(?s)```.*?```|`[^`]*`", "", path.read_text())
        found += [
            "%s/README.md: %s is markup of Ansible" % (path.parent.name, left[0]) for left in re.finditer(r"\b[A-Z]{1,2}\([^)]*\)", text)
        ]
    return found


def outdated(roles: Path) -> list[str]:
    """Roles whose README is not what their specification says."""
    return [
        "%s/README.md is not up to date; run: python tests/ground/roles.py" % role.name
        for role in sorted(path for path in roles.iterdir() if path.is_dir())
        if not (role / "README.md").exists() or (role / "README.md").read_text() != readme(role)
    ]


def main() -> int:
    """Writes choices that come from a registry into the specifications, and the READMEs."""
    checkout = Path(__file__).resolve().parents[2]
    sys.path.insert(0, str(checkout / "tests"))
    from ground import choices

    choices.write(checkout)
    for role in sorted(path for path in (checkout / "roles").iterdir() if path.is_dir()):
        (role / "README.md").write_text(readme(role))
    return 0


if __name__ == "__main__":
    sys.exit(main())
