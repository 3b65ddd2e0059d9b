# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one signer to another: what nodes were made to trust and who signed, as the cluster's directory remembers it, and both sides of a rotation.

``signing.json`` is the record. It is written when trust is put into force, by what the inventory says, so that nothing that a host sends decides whom
nodes trust. A rotation has a former and a following side; its phases are those of authorities.py, and in the phases in between nodes trust both. The
certificates that are trusted then lie beside it, as the user's own files may be replaced meanwhile.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, files, issued
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import DROP, KEEP, LEAVES, TRUST, Places, Rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import registry, trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import OWN, PRIVATE_CA

_FORMER, _NEXT, _BOTH = ("rotation_former", "rotation_next", "rotation_both")
_TEXTS = ("trust", "chain")


class Side(t.NamedTuple):
    """Who signs, and what nodes trust with it: ``signing`` is that of the topology's cluster, ``trust`` are the certificates in the files that it names,
    ``chain`` those of an intermediate CA, in PEM. The private CA's own certificate is in none of them. Nothing of it is secret.
    """

    signing: dict[str, t.Any]
    trust: str
    chain: str = ""

    @property
    def signer(self) -> str:
        """The signer's name."""
        return str(self.signing["signer"])

    def same(self, other: Side) -> bool:
        """Whether the other one signs with the same, and nodes trust the same with it, wherever files are."""
        return self._meaning() == other._meaning()

    def _meaning(self) -> tuple[t.Any, ...]:
        command = list(self.signing.get("command") or ())
        return self.signer, command, set(pem.contents(self.trust)), pem.contents(self.chain)


def of(signing: t.Mapping[str, t.Any]) -> Side:
    """What the inventory says, by ``signing`` of the topology's cluster, with the contents of its files. Raises InputError."""
    chain = signing.get("intermediate_certificate")
    return Side(dict(signing), trust_files.read(signing["trust"]), trust_files.read([chain]) if chain else "")


def recorded(places: Places) -> Side | None:
    """What was put into force last; None where nothing is written of it. Raises InputError."""
    path = Path(places["signing"])
    try:
        return _side(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("does not say what nodes trust (%s cannot be read)" % path.name, "put that file back from your backup") from None


def write_down(places: Places, side: Side) -> None:
    """Writes down what is put into force, unless that is written already. Raises OSError."""
    path, text = Path(places["signing"]), json.dumps(side._asdict(), sort_keys=True) + "\n"
    try:
        if path.read_text(encoding="utf-8") == text:
            return
    except (FileNotFoundError, ValueError):
        pass
    files.write(path, text)


def _side(found: t.Any) -> Side:
    """Raises KeyError and TypeError for what is no side."""
    side = Side(found["signing"], found["trust"], found["chain"])
    if side.signing["signer"] not in registry.CHOICES or not all(isinstance(getattr(side, key), str) for key in _TEXTS):
        raise TypeError
    return side


def sides(under_way: Rotation) -> tuple[Side, Side]:
    """The former and the following side of a rotation from one signer to another. Raises InputError."""
    try:
        return _side(under_way.former), _side(under_way.following)
    except (KeyError, TypeError):
        raise InputError("does not say who signs (rotation.json is damaged)", "put that file back from your backup") from None


def signing_side(under_way: Rotation) -> Side:
    """The side that signs in the phase in force. Raises InputError."""
    former, following = sides(under_way)
    return former if under_way.phase in (KEEP, TRUST) else following


def lay_out(places: Places, former: Side, following: Side) -> None:
    """Writes the certificates that nodes trust before, while and after they trust both sides. Raises OSError."""
    both = list(dict.fromkeys([*pem.contents(former.trust), *pem.contents(following.trust)]))
    texts = {_FORMER: former.trust, _NEXT: following.trust, _BOTH: "".join(pem.text(pem.CERTIFICATE, each) for each in both)}
    for key, text in texts.items():
        files.write(Path(places[key]), text)


def effective(under_way: Rotation, places: Places, inventory: Side) -> dict[str, t.Any]:
    """Who signs in the phase in force and what nodes trust, as ``signing`` of the topology's cluster. ``inventory`` is what the inventory says.

    Raises InputError where that is neither of the two sides.
    """
    former, following = sides(under_way)
    if not (inventory.same(former) or inventory.same(following)):
        raise InputError(
            "is being taken from the signer %s to %s, and the inventory has others by now" % (former.signer, following.signer),
            "write the settings of one of the two into it, and finish with the playbook rotate_ca, or turn back",
        )
    side = signing_side(under_way)
    chosen = inventory if inventory.same(side) else side
    if under_way.phase in (KEEP, DROP):
        trust = [places[_FORMER if under_way.phase == KEEP else _NEXT]] if side.trust else []
    else:
        trust = [places[_BOTH]]
        if PRIVATE_CA in (former.signer, following.signer) and side.signer != PRIVATE_CA:
            trust.append(places["ca_certificate"])
    return {**chosen.signing, "trust": trust}


def issued_since(places: Places, under_way: Rotation, node: str) -> list[str]:
    """The serial numbers of the certificates of a node that were issued since the phase in force began. Raises OSError."""
    found = issued.entries(Path(places["issued"]), ("node", "serial", "issued"))
    return [entry["serial"] for entry in found if entry["node"] == node and entry["issued"] >= under_way.since]


def about(under_way: Rotation, places: Places, signer: str, node: str, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the topology says of the certificate of a node, in the place of what is ``given`` by the inventory alone.

    ``kept`` is whether the node keeps the certificate that it has as long as that is good. ``issued`` are the serial numbers of those of which it has to have
    one, None where that is no matter. Raises OSError.
    """
    own = given["own"] if signer == OWN else None
    if under_way.phase == KEEP or (under_way.phase == TRUST and not under_way.back):
        return {"exact": False, "own": None, "kept": True}
    kind = registry.SIGNERS.get(signer)
    found = {"exact": bool(kind and kind.exact), "own": own, **({"until": given["until"]} if own and "until" in given else {})}
    renews = under_way.phase == (TRUST if under_way.back else LEAVES)
    return {**found, "issued": issued_since(places, under_way, node) if renews and not own else None}


def applied(topology: dict[str, t.Any], under_way: Rotation | None) -> dict[str, t.Any]:
    """A topology as the inventory gives it, with what the phase in force says of who signs and of nodes' certificates. Raises InputError and OSError."""
    if under_way is None or not under_way.of_signers:
        return topology
    cluster, places = topology["cluster"], topology["cluster"]["layout"]
    given = cluster.get("signing_given", cluster["signing"])
    signing = effective(under_way, places, of(given))
    nodes = {}
    for name, node in topology["nodes"].items():
        said = node.get("certificates_given", node["certificates"])
        told = about(under_way, places, signing["signer"], node["node"], said)
        nodes[name] = {**node, "certificates": told, "certificates_given": said}
    return {**topology, "nodes": nodes, "cluster": {**cluster, "signing": signing, "signing_given": given}}


def begin(topology: t.Mapping[str, t.Any]) -> tuple[Side, Side] | None:
    """Both sides of the rotation that the inventory asks for, None for one of the private CA to another one of its own. Raises InputError."""
    places, following = topology["cluster"]["layout"], of(topology["cluster"]["signing"])
    former = recorded(places)
    if former is None and following.signer != PRIVATE_CA:
        raise InputError(
            "does not say what nodes trust, as no run of this version has put that into force",
            "run the playbook site with the settings as they were, then write the new ones into the inventory",
        )
    return None if former is None or former.same(following) else (former, following)


def lacks_ca(places: Places, following: Side) -> bool:
    """Whether the private CA has to be made before it can sign. Raises InputError."""
    return following.signer == PRIVATE_CA and not authorities.signs(places)
