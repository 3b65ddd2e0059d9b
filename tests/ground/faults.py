# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/diagnosis.md, made from the catalogue of faults: python tests/ground/faults.py writes it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from ground.own_modules import loaded

PAGE = Path("docs") / "diagnosis.md"

HEAD = """\
<!-- Made from the catalogue in plugins/module_utils/_distribution by tests/ground/faults.py. -->

# Faults, and what to do about them

Every edge of a mesh that fails, and every node with which something is wrong, is given one fault of this catalogue: by `node_ping` and
`node_verify` from what one host sees, by `mesh_report` from the answers of all hosts together. A fault names one cause, one remedy, and the
host where the remedy is. What is a mere consequence of another fault is not reported: the line *Explains* of a fault lists what else
disappears with it.

In the sentences, HOST is the host where the remedy is, HERE the host that tells of the fault, PEER the host that it wanted to reach and NODE
that host's node; DETAIL is what was found in the case at hand.

| fault | seen by | remedy on |
|---|---|---|
"""

NAMES = {
    "owner": "HOST", "own_host": "HERE", "host": "PEER", "node": "NODE", "address": "ADDRESS", "port": "PORT", "epmd_port": "EPMD-PORT",
    "certfile": "CERTIFICATE-FILE", "cacertfile": "TRUST-FILE", "cookie_file": "COOKIE-FILE", "timeout": "TIMEOUT", "detail": "DETAIL",
    "between": "HOSTS", "direction": "DIRECTION", "from": "HERE", "to": "PEER", "walls": "WALL is",
}  # fmt: skip

STAGES = {
    "resolve": "finding out where the peer listens",
    "connect": "connecting",
    "tls": "the TLS handshake",
    "handshake": "the distribution handshake",
    "cookie": "the proof of the cookie",
    "call": "a call",
    "*": "any stage",
}

WALLS = {"fell": "does not stand", "unproven": "is not proven", "no-answer": "is not tried"}

SHOWN = {
    ("tls", "alert"): "the peer ends the TLS handshake with the alert %s",
    ("tls", "certificate"): "the peer's certificate is refused here (%s)",
    ("tls", "client-certificate"): "the peer refuses this host's certificate (%s)",
    ("resolve", "name"): "looking the peer's name up ends with %s",
    ("resolve", "epmd"): "asking the peer's epmd ends with %s",
    ("handshake", "status"): "the peer answers our name with the status %s",
    ("*", "file"): "a file of the node itself does not serve (%s)",
}


def catalogue(checkout: Path) -> ModuleType:
    """The module that holds the catalogue, of this checkout."""
    return loaded(checkout, "module_utils._distribution.catalogue")


def page(checkout: Path) -> str:
    """The text of the page."""
    data = catalogue(checkout)
    lines = [HEAD.rstrip("\n")]
    lines += ["| %s | %s | %s |" % (_link(entry), seen_by(entry), _where(entry)) for entry in data.CATALOGUE]
    for _sentences, group in itertools.groupby(data.CATALOGUE, key=lambda entry: (entry.cause, entry.remedy)):
        entries = list(group)
        lines += ["", "## %s" % ", ".join(entry.id for entry in entries), ""]
        lines += ["- *Shows:* " + _listed(shown(symptom) for entry in entries for symptom in entry.symptoms) + "."]
        lines += ["- *Cause:* " + entries[0].cause.format_map(NAMES), "- *Remedy:* " + entries[0].remedy.format_map(NAMES)]
        if entries[0].several:
            cause, remedy = (sentence.format_map(NAMES) for sentence in entries[0].several)
            lines += ["- *Where several edges show it:* %s %s" % (cause, remedy)]
        explained = sorted({name for entry in entries for name in entry.explains} - {entry.id for entry in entries})
        lines += ["- *Explains:* %s." % ", ".join("`%s`" % name for name in explained)] if explained else []
    return "\n".join(lines) + "\n"


def outdated(checkout: Path) -> str:
    """What is wrong with the page as it is; empty if nothing is."""
    path = checkout / PAGE
    current = path.exists() and path.read_text() == page(checkout)
    return "" if current else "%s is not what the catalogue says; run python tests/ground/faults.py" % PAGE


def shown(symptom: Any) -> str:
    """A symptom in words."""
    code = "" if symptom.code == "*" else symptom.code
    if symptom.stage == "host":
        return "HOST looks at its own node, and finds: %s %s" % (symptom.kind, code)
    if symptom.stage == "mesh":
        return "the answers of the hosts are compared: %s %s" % (symptom.kind, code)
    if symptom.stage == "wall":
        return "the wall `%s` %s" % (symptom.code, WALLS[symptom.kind])
    sentence = SHOWN.get((symptom.stage, symptom.kind))
    if sentence:
        return sentence % ("`%s`" % code.lower() if code else "any other")
    kind = {"*": "in any other way", "os": "with", "timeout": "without an answer in time", "closed": "with the connection closed"}
    ending = kind.get(symptom.kind, "with " + symptom.kind)
    return "%s ends %s%s" % (STAGES[symptom.stage], ending, " `%s`" % code if code else "")


def seen_by(entry: Any) -> str:
    """Who sees a fault."""
    if entry.symptoms[0].stage == "wall":
        return "a host that tries the wall"
    stages = {"host" if symptom.kind == "file" else symptom.stage for symptom in entry.symptoms}
    sides = [name for name, here in (("the host itself", "host" in stages), ("all answers together", "mesh" in stages)) if here]
    return ", ".join((["a host that connects"] if stages - {"host", "mesh"} else []) + sides)


def _where(entry: Any) -> str:
    if entry.symptoms[0].stage == "wall" and entry.at == "own":
        return "the host that tries"
    places = {"own": "the host that connects", "peer": "its peer", "way": "the way between them"}
    only_host = seen_by(entry) == "the host itself"
    return "the host itself" if only_host else places[entry.at]


def _link(entry: Any) -> str:
    return "`%s`" % entry.id


def _listed(parts: Any) -> str:
    return "; ".join(dict.fromkeys(" ".join(part.split()) for part in parts))


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[2]
    (here / PAGE).write_text(page(here))
