# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CAs of a cluster, by what is in its directory: which one signs, and which ones nodes have to trust.

That is one CA, ``ca.pem``, unless it is being rotated. Then ``ca.next.pem`` is a second one, and ``rotation.json`` says how far it is. The phases lie on a
line, and two that are next to each other go together: nodes of which some are in one and some in the other can all make new connections.

=========  ======================  ===========
phase      nodes trust             who signs
=========  ======================  ===========
``keep``   ``ca.pem``              ``ca.pem``
``trust``  both                    ``ca.pem``
``leaves`` both                    the next CA
``drop``   the next CA             the next CA
=========  ======================  ===========

A rotation from one signer to another has the same phases, and ``rotation.json`` says of both sides what they are (handover.py). The files of the cluster's
own CA are then what they were.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files, issued

KEEP, TRUST, LEAVES, DROP = PHASES = ("keep", "trust", "leaves", "drop")
"""The phases in their order."""

_SAID = {
    KEEP: "it was turned back, and nodes come to trust the former CA alone",
    TRUST: "nodes come to trust both, and certificates are of the former CA",
    LEAVES: "nodes trust both, and their certificates come to be of the next CA",
    DROP: "nodes come to trust the next CA alone",
}

OF_DIRECTORY = "The cluster's directory %s; %s."
"""A sentence on what is wrong with what is read here, to be filled with problem and fix of an InputError."""

Places = t.Mapping[str, str]
"""Where everything of a cluster is: ``layout.cluster``."""


class Pair(t.NamedTuple):
    """The files of a CA: its key and its certificate."""

    key: Path
    certificate: Path


class Rotation(t.NamedTuple):
    """A rotation that is under way: its phase (see PHASES), since when it is in it, and whether it was turned back. From one signer to another it has both
    sides, as handover.py writes them.
    """

    phase: str
    since: str
    back: bool = False
    former: dict[str, t.Any] | None = None
    following: dict[str, t.Any] | None = None

    @property
    def of_signers(self) -> bool:
        """Whether it is one from a signer to another, and not from the private CA to the next one of its own."""
        return self.former is not None

    @property
    def sentence(self) -> str:
        """What is said of it in every run."""
        what = "The CA of this cluster is being rotated"
        if self.former is not None and self.following is not None:
            signers = [str((side.get("signing") or {}).get("signer")) for side in (self.former, self.following)]
            what = "This cluster is being taken from one signer to another (%s to %s)" % (signers[0], signers[1])
        return "%s: since %s, %s. Run the playbook rotate_ca to go on." % (what, self.since, _SAID[self.phase])


def rotation(places: Places) -> Rotation | None:
    """The rotation of the CA that is under way, None if none is. Raises InputError if it cannot be told."""
    path = Path(places["rotation"])
    text = _text(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
        told = Rotation(found["phase"], str(found["since"]), found["back"], found.get("former"), found.get("following"))
    except (ValueError, KeyError, TypeError, AttributeError):
        told = None
    if told is None or told.phase not in PHASES or not isinstance(told.back, bool) or (told.former is None) is not (told.following is None):
        raise InputError(
            "does not say how far the rotation of the CA is (%s is damaged)" % path.name, "put that file back from your backup"
        )
    return told


def signing(places: Places, under_way: Rotation | None = None) -> Pair:
    """The files of the CA that signs; they need not be there. Raises InputError.

    ``under_way`` is the rotation, where it is known already.
    """
    under_way = under_way or rotation(places)
    own = Pair(Path(places["ca_key"]), Path(places["ca_certificate"]))
    if under_way is None or under_way.of_signers or under_way.phase in (KEEP, TRUST):
        return own
    following = Pair(Path(places["next_ca_key"]), Path(places["next_ca_certificate"]))
    if under_way.phase == LEAVES:
        return following
    # A run that ended while it put the files of the next CA into the place of those of the former one.
    return Pair(*(new if new.exists() else old for new, old in zip(following, own, strict=True)))


def not_signing(places: Places, under_way: Rotation) -> Pair:
    """The files of the CA of a rotation that does not sign; they need not be there."""
    if under_way.phase in (KEEP, TRUST):
        return Pair(Path(places["next_ca_key"]), Path(places["next_ca_certificate"]))
    return Pair(Path(places["ca_key"]), Path(places["ca_certificate"]))


def trusted(places: Places) -> list[str]:
    """The CAs that nodes have to trust, a text in PEM each; none as long as there is none. Raises InputError."""
    under_way = rotation(places)
    if under_way is not None and not under_way.of_signers and under_way.phase in (TRUST, LEAVES):
        return known(places)
    return _texts([signing(places, under_way).certificate])


def signs(places: Places) -> list[str]:
    """The certificate of the CA that signs, in PEM; none as long as there is none. Raises InputError."""
    return _texts([signing(places).certificate])


def lists(places: Places) -> list[str]:
    """The lists of revoked certificates, in PEM, as one text; nothing as long as there are none. Raises InputError."""
    text = _text(Path(places["revocations"]))
    return [] if text is None else [text.rstrip()]


def known(places: Places) -> list[str]:
    """All CAs of which nodes may have certificates, a text in PEM each. Raises InputError."""
    paths, under_way = [Path(places["ca_certificate"])], rotation(places)
    if under_way is not None and not under_way.of_signers:
        paths.append(Path(places["next_ca_certificate"]))
    return _texts(paths)


def enter(
    places: Places,
    phase: str,
    back: bool,
    now: datetime.datetime,
    former: dict[str, t.Any] | None = None,
    following: dict[str, t.Any] | None = None,
) -> Rotation:
    """Writes down that a rotation is in a phase, whose files have to be there. Raises OSError."""
    entered = Rotation(phase, issued.time(now), back, former, following)
    files.write(Path(places["rotation"]), json.dumps(entered._asdict()) + "\n")
    return entered


def finish(places: Places, under_way: Rotation) -> None:
    """Ends a rotation in its last phase: the CA that nodes trust alone is that of the cluster, and nothing of the other one is left. Raises OSError.

    Whenever it is interrupted, what is in the directory means the same, and it can be done again.
    """
    if under_way.of_signers:
        for key in ("rotation", "rotation_former", "rotation_next", "rotation_both"):
            Path(places[key]).unlink(missing_ok=True)
        return
    following = [(places["next_ca_key"], places["ca_key"]), (places["next_ca_certificate"], places["ca_certificate"])]
    for new, own in following:
        with contextlib.suppress(FileNotFoundError):
            if under_way.phase == DROP:
                os.replace(new, own)
            else:
                os.unlink(new)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(places["rotation"])


def _texts(paths: t.Iterable[Path]) -> list[str]:
    found = [_text(path) for path in paths]
    return [text.strip() + "\n" for text in found if text is not None]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError("holds %s, which cannot be read on the controller (%s)" % (path.name, reason), "correct its permissions") from None
