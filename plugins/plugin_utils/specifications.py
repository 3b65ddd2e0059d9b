# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles' own specifications of their variables, and variables held against them."""

from __future__ import annotations

import difflib
import functools
import re
import typing as t
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, listed

_COLLECTION = Path(__file__).parents[2]
_Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Options = dict[str, dict[str, t.Any]]

# How alike two names have to be for one to be a misspelling of the other, where the prefix is no role's.
_ALIKE = 0.9
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_KINDS = {
    "int": ("an integer", "a number"),
    "float": ("a number", "a number"),
    "bool": ("true or false", "true or false"),
    "list": ("a list", "a list"),
    "dict": ("a mapping", "a mapping"),
    "str": ("a string", "a string"),
    "path": ("a path", "a path"),
}


@functools.cache
def default_of(variable: str) -> t.Any:
    """The default of a variable of a role of this collection, for what works before a role is there. Raises KeyError for one without."""
    role = next(iter(role for role in _COLLECTION.glob("roles/*") if variable.startswith(role.name + "_")))
    specification = yaml.load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"), Loader=_Loader)
    return specification["argument_specs"]["main"]["options"][variable]["default"]


class Specifications:
    """The public variables of all roles of a collection.

    ``options`` maps each variable to its entry in its role's ``meta/argument_specs.yml``, ``roles`` are their names.
    """

    def __init__(self, collection: Path, load: t.Callable[[str], t.Any]) -> None:
        """Reads the specifications in the directory of a collection; ``load`` reads a YAML file."""
        self.options: Options = {}
        self.roles: list[str] = []
        self._computed: set[str] = set()
        for path in sorted(collection.glob("roles/*/meta/argument_specs.yml")):
            role = path.parent.parent
            self.roles.append(role.name)
            for entry in load(str(path))["argument_specs"].values():
                self.options.update(entry.get("options") or {})
            computed = role / "vars" / "main.yml"
            if computed.exists():
                self._computed.update(load(str(computed)) or {})

    def defaults(self) -> dict[str, t.Any]:
        """The defaults of all variables that have one, as written (they may be templates)."""
        return {name: option["default"] for name, option in self.options.items() if option.get("default") is not None}

    def literals(self) -> dict[str, t.Any]:
        """The defaults that are no templates."""
        return {name: default for name, default in self.defaults().items() if "{{" not in str(default)}

    def is_secret(self, name: str) -> bool:
        """Whether a variable's value must not be shown."""
        return bool(self.options[name].get("no_log"))

    def nearest(self, name: str, also_known: t.Collection[str] = ()) -> str | None:
        """The variable that a name was probably meant to be; None if it is no mistake, empty if nothing is near it.

        A mistake is a name with a role's prefix that the role does not know, or one that is nearly that of a variable.
        """
        if name in self.options or name in self._computed or name in also_known:
            return None
        of_role = any(name.startswith(role + "_") for role in self.roles)
        cutoff = 0.6 if of_role else _ALIKE
        close = difflib.get_close_matches(name, list(self.options), n=1, cutoff=cutoff)
        if close:
            return close[0]
        return "" if of_role else None

    def validated(self, name: str, value: t.Any) -> t.Any:
        """A variable's value in the type that its role asks for.

        What YAML makes of a value without quotes is not taken for a text, nor a text or true for a list or a number: Ansible would.
        Raises InputError if it has another type, or is none of the choices.
        """
        self._check_kind(name, value)
        result = ArgumentSpecValidator({name: self.options[name]}).validate({name: value})
        if not result.error_messages:
            return result.validated_parameters[name]
        raise self._error(name, value, result.error_messages)

    def is_needed(self, name: str) -> bool:
        """Whether a variable has to have a value: those with a default, where nothing else stands for it being absent."""
        return self.options[name].get("default") is not None

    def without_value(self, name: str) -> InputError:
        """The fault of a variable that has to have a value and has none."""
        kind = self.options[name].get("type", "str")
        return InputError("has no value", "give %s, or remove it" % _KINDS.get(kind, (kind, kind))[1])

    def _check_kind(self, name: str, value: t.Any) -> None:
        option = self.options[name]
        kind = option.get("type", "str")
        if not _is_kind(kind, value):
            raise self._error(name, value, [])
        if isinstance(value, str) and _NO_TEXT.search(value):
            raise InputError("has characters that no name of a file can have", "write it anew")
        element = option.get("elements", "str")
        if kind == "list" and not all(_is_element(element, item) for item in value):
            raise self._error(name, value, ["Elements value"])

    def _error(self, name: str, value: t.Any, messages: list[str]) -> InputError:
        option = self.options[name]
        kind = option.get("type", "str")
        choices = option.get("choices")
        if choices and not isinstance(value, (list, dict)):
            return InputError("is not known", "choose %s" % listed([str(choice) for choice in choices], " or "))
        if any("Elements value" in message for message in messages):
            element = option.get("elements", "str")
            return InputError(
                "has an element that is not %s" % _KINDS.get(element, (element, ""))[0],
                "give a list in which each is %s" % _KINDS.get(element, (element, element))[1],
            )
        is_that, give = _KINDS.get(kind, (kind, kind))
        if any("unable to convert" in message for message in messages) or not messages:
            return InputError("is not %s" % is_that, "give %s" % give)
        return InputError("does not fit (%s)" % " ".join(" ".join(messages).split()), "see the role's README")


def _is_kind(kind: str, value: t.Any) -> bool:
    """Whether a value is of a kind as YAML or a template gives it; numbers may be texts, as command lines and INI files have no others."""
    if kind == "raw":
        return True
    if kind in ("int", "float"):
        if isinstance(value, str):
            return re.fullmatch(r"[+-]?[0-9]+" if kind == "int" else r"[+-]?[0-9]+(\.[0-9]+)?", value) is not None
        return isinstance(value, int if kind == "int" else (int, float)) and not isinstance(value, bool)
    if kind == "bool":
        return isinstance(value, (bool, str, int))
    if kind == "list":
        return isinstance(value, (list, tuple))
    return isinstance(value, t.Mapping if kind == "dict" else str)


def _is_element(element: str, item: t.Any) -> bool:
    """Integers are texts where each item of a list is one: arguments of commands are written so."""
    return _is_kind(element, item) or (element == "str" and isinstance(item, int) and not isinstance(item, bool))
