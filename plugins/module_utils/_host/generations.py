# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generations of a node on its host: each a directory with everything that the node reads only when it starts, made whole, and switched to in one step.

``CODE/generations/N`` is generation N. What is in it names its own directory, for which :data:`PLACE` stands in what is wanted. The text of the node's
systemd unit is in it as well, and says from which directory the node starts: so the step that switches is the renaming of a new unit into its place.
Before systemd has read it, a start is one of the former generation, and afterwards one of the new one; none is of both. ``CODE/current`` is a link to the
same directory, for people and for programs that read what a node starts with.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import boot, files, own_boot, writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner

PLACE = layout.GENERATION
"""What stands for the directory of a generation in what is wanted."""

DIGESTS = "digests"
"""The file of a generation that has a line ``restart SHA256 PATH`` for each file that the node reads when it starts. The control command writes down
the same lines with the digests of what a node that starts finds there."""
ERL = "erl"
"""The link of a generation to the runtime that the node is started with."""
UNIT = "unit"
"""The file of a generation that is the node's systemd unit as long as the generation is current."""
ABOUT = "about.json"
"""The file of a generation that says what is in it, for who has to know without reading all of it."""
_ENVIRONMENT = re.compile(r"EnvironmentFile=(/.*)/environment\n?\Z")
_PROVEN, _TRIED = "proven", "tried"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")
_COPIED = ("boot", "ebin")
_FORMER_LAYOUT = ("boot", "ebin", "src", "release", "release.ready", "release.stayed")


class GenerationError(Exception):
    """Why a generation cannot be made or switched to, in a sentence."""


class Places(NamedTuple):
    """Where things are: the node's directory ``code``, the file of its unit, and what the running node found when it started.

    ``shown`` are links for people, each with the name of the file of a generation that it leads to.
    """

    code: str
    unit: str
    running: str
    shown: tuple[tuple[str, str], ...] = ()

    @property
    def generations(self) -> str:
        """The directory of all generations."""
        return os.path.join(self.code, "generations")

    @property
    def current(self) -> str:
        """The link to the directory of the one that a start starts."""
        return os.path.join(self.code, "current")

    def directory(self, number: int) -> str:
        """The directory of a generation."""
        return os.path.join(self.generations, str(number))


def places_of(places: Mapping[str, str]) -> Places:
    """Where things are by the node's layout (``_cluster/layout.py``)."""
    shown = tuple((places[key], os.path.basename(places[key])) for key in layout.SHOWN)
    return Places(places["code"], places["service_file"], places["running_generation"], shown)


class Wanted(NamedTuple):
    """A generation as it is wanted.

    ``set`` are its files, links and validators, at paths that begin with :data:`PLACE`; the unit is among them. ``read`` are the paths that the node reads
    when it starts. ``modules`` is what modules and boot script are made from with the runtime ``erl``; its directory is of no account.
    ``access`` is that of its directories.
    """

    set: files.Wanted
    read: tuple[str, ...]
    modules: boot.Asked
    erl: str
    access: files.Access


class State(NamedTuple):
    """What there is: the generation that a start starts, the one that the running node started with, and the highest that was made (None each where there
    is none).

    ``right``: whether the current one is what is wanted. ``prepared``: one behind the current that is what is wanted. ``proven``, ``tried``:
    whether the one that is to run (``prepared``, or else the current one) ran and was found healthy, and whether its files were tried.
    ``runs``: whether the running node started with just the files of the one that is to run. ``former``: the last other one that was proven.
    """

    current: int | None
    running: int | None
    newest: int | None
    right: bool
    prepared: int | None
    proven: bool
    tried: bool
    runs: bool
    former: int | None


def parted(given: files.Wanted) -> tuple[files.Wanted, files.Wanted]:
    """The set of a generation, and the other set, of what a node reloads: what a set holds at paths that begin with :data:`PLACE`, and the rest."""

    def inside(path: str) -> bool:
        return path.startswith(PLACE + "/")

    checks: list[list[files.Validator]] = [[], []]
    for check in given.validators:
        for side, wanted in enumerate((True, False)):
            paths = tuple(path for path in check.paths if inside(path) is wanted)
            if paths:
                checks[side].append(check._replace(paths=paths))
    own, live = (
        files.Wanted(
            tuple(each for each in given.directories if inside(each.path) is wanted),
            tuple(each for each in given.files if inside(each.path) is wanted),
            tuple(each for each in given.links if inside(each.path) is wanted),
            tuple(each for each in given.absent if inside(each) is wanted),
            tuple(checks[0 if wanted else 1]),
        )
        for wanted in (True, False)
    )
    return own, live


def state(places: Places, wanted: Wanted | None) -> State:
    """What there is, held against what is wanted (None where nobody asks whether it is that)."""
    current, made = current_number(places), numbers(places)
    right = current is not None and wanted is not None and is_of(places, current, wanted)
    prepared = None
    if wanted is not None and not right:
        behind = [number for number in made if current is None or number > current]
        prepared = next((number for number in reversed(behind) if is_of(places, number, wanted)), None)
    to_run = prepared or current
    return State(
        current,
        running_number(places),
        made[-1] if made else None,
        right,
        prepared,
        to_run is not None and _marked(places, to_run, _PROVEN),
        to_run is not None and _marked(places, to_run, _TRIED),
        to_run is not None and runs(places, to_run),
        former(places, to_run),
    )


def numbers(places: Places) -> list[int]:
    """The generations that are there, each whole, in the order in which they were made."""
    try:
        names = os.listdir(places.generations)
    except OSError:
        return []
    return sorted(int(name) for name in names if _NUMBER.match(name))


def current_number(places: Places) -> int | None:
    """The generation that a start starts, as the node's unit says."""
    try:
        with open(places.unit, encoding="utf-8", errors="replace") as stream:
            named = {match.group(1) for match in map(_ENVIRONMENT.match, stream) if match}
    except OSError:
        return None
    number = _number(places, named.pop()) if len(named) == 1 else None
    return number if number in numbers(places) else None


def running_number(places: Places) -> int | None:
    """The generation that the running node started with, as its unit has written down."""
    try:
        with open(places.running, encoding="utf-8", errors="replace") as stream:
            found = {_number(places, os.path.dirname(path)) for path in _paths(stream.read())}
    except OSError:
        return None
    return (found - {None}).pop() if len(found - {None}) == 1 else None


def runs(places: Places, number: int) -> bool:
    """Whether the running node found the files of a generation as they are when it started, and listens on the port that the generation was made for.

    The port is in the table of peers, which is reloaded, and so another one after a start than the one that the generation is told to have: a node
    that went back to it started with the table that there was.
    """
    try:
        with open(places.running, encoding="utf-8", errors="replace") as stream:
            lines = stream.read().splitlines()
        with open(os.path.join(places.directory(number), DIGESTS), encoding="utf-8") as stream:
            read = stream.read().splitlines()
    except OSError:
        return False
    if {line for line in lines if line.startswith("restart ")} != set(read):
        return False
    port = about(places, number).get("listen_port")
    listens = [line for line in lines if line.startswith("listens ")]
    return not listens or port is None or listens == ["listens %s" % port]


def about(places: Places, number: int) -> dict[str, Any]:
    """What a generation says of itself; nothing where it cannot be read."""
    try:
        with open(os.path.join(places.directory(number), ABOUT), encoding="utf-8") as stream:
            found = json.load(stream)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def former(places: Places, number: int | None) -> int | None:
    """The last generation but ``number`` that ran and was found healthy."""
    proven = [other for other in numbers(places) if other != number and _marked(places, other, _PROVEN)]
    return max(proven, key=lambda other: os.stat(_mark(places, other, _PROVEN)).st_mtime_ns, default=None)


def waiting(places: Places, number: int) -> int | None:
    """The last generation behind ``number`` that was made and not found healthy: it waits to be switched to, or the node went back from it."""
    behind = [other for other in numbers(places) if other > number and not _marked(places, other, _PROVEN)]
    return behind[-1] if behind else None


def is_of(places: Places, number: int, wanted: Wanted) -> bool:
    """Whether a generation was made from what is wanted, be its files still so or not."""
    directory = places.directory(number)
    try:
        with open(os.path.join(directory, DIGESTS), encoding="utf-8") as stream:
            if stream.read() != _digests(places, wanted, directory):
                return False
    except OSError:
        return False
    return boot.current_key(directory) == wanted.modules.key and _target(os.path.join(directory, ERL)) == os.path.realpath(wanted.erl)


def differences(places: Places, number: int | None, wanted: Wanted) -> files.Result:
    """What differs between a generation (None for one that holds nothing) and what is wanted; the paths are those that it would have as the current one."""
    directory = None if number is None else places.directory(number)
    found = []
    for file in wanted.set.files:
        path = _at(file.path, places.current)
        content = None if directory is None else _read(_at(file.path, directory))
        shown = None if content is None or directory is None else content.replace(os.fsencode(directory), os.fsencode(places.current))
        own = _own(file, places.current)._replace(path=path)
        if shown != own.content:
            found.append(files.difference(own, shown, "new" if shown is None else "content"))
    targets = {ERL: os.path.realpath(wanted.erl), **{link.path[len(PLACE) + 1 :]: link.target for link in wanted.set.links}}
    for name, target in targets.items():
        before = None if directory is None else _target(os.path.join(directory, name))
        if before != target:
            was = "absent\n" if before is None else "-> %s\n" % before
            found.append(files.Difference(os.path.join(places.current, name), "link", was, "-> %s\n" % target))
    key = None if directory is None else boot.current_key(directory)
    if key != wanted.modules.key:
        path = os.path.join(places.current, "boot", boot.KEY)
        found.append(files.Difference(path, "key", (key or "none") + "\n", wanted.modules.key + "\n"))
    return files.Result(tuple(found))


def make(places: Places, wanted: Wanted, run: Runner) -> int:
    """Makes what is wanted whole, and returns its number.

    It is made beside, checked, and has its name only then. Raises :class:`GenerationError`.
    """
    made = numbers(places)
    number = made[-1] + 1 if made else 1
    final = places.directory(number)
    staged = writing.staged(final)
    try:
        os.makedirs(places.generations, mode=0o755, exist_ok=True)
        _fill(staged, final, places, wanted, run)
        # After a loss of power it is whole, or not there.
        writing.flush(staged)
        os.rename(staged, final)
    except (boot.BootError, own_boot.OwnBootError, files.FileSetError) as error:
        raise GenerationError(str(error).replace(staged, final)) from error
    except OSError as error:
        raise GenerationError("%s cannot be made (%s)" % (final, error.strerror)) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return number


def _fill(staged: str, final: str, places: Places, wanted: Wanted, run: Runner) -> None:
    own = [_own(file, final)._replace(path=_at(file.path, staged)) for file in wanted.set.files]
    parts = sorted({os.path.dirname(file.path) for file in own} - {staged})
    links = [link._replace(path=_at(link.path, staged)) for link in wanted.set.links]
    links.append(files.Link(os.path.join(staged, ERL), os.path.realpath(wanted.erl)))
    checks = [check._replace(paths=tuple(_at(path, staged) for path in check.paths)) for check in wanted.set.validators]
    directories = tuple(files.Directory(path, wanted.access) for path in (staged, *parts))
    files.apply(files.Wanted(directories, tuple(own), tuple(links), (), tuple(checks)), run)
    current, release = current_number(places), wanted.modules.release
    if release is not None:
        release = own_boot.Release(*(_with_place(value, final) for value in release))._replace(directory=_at(release.directory, staged))
    if current is not None and release is None and boot.current_key(places.directory(current)) == wanted.modules.key:
        for name in _COPIED:
            shutil.copytree(os.path.join(places.directory(current), name), os.path.join(staged, name), symlinks=True)
    else:
        boot.make(wanted.erl, wanted.modules._replace(directory=staged, release=release), final, run)
    digests = files.File(os.path.join(staged, DIGESTS), wanted.access._replace(mode=0o640), _digests(places, wanted, final).encode())
    files.apply(files.Wanted(files=(digests,)), run)


def remove_leftovers(places: Places, check: bool) -> files.Result:
    """Removes what a run that was interrupted left of a generation that it made or removed. Raises OSError."""
    names = os.listdir(places.generations) if os.path.isdir(places.generations) else []
    left = [os.path.join(places.generations, name) for name in sorted(names) if writing.is_staged(name)]
    for path in left if not check else ():
        shutil.rmtree(path)
    return files.Result(tuple(files.Difference(path, "left by an interrupted run", "present\n", "absent\n") for path in left))


def repair(places: Places, number: int, wanted: Wanted, run: Runner, check: bool) -> files.Result:
    """Puts back what was changed by hand in a generation that was made from what is wanted, and what leads to it if it is the current one.

    Raises :class:`GenerationError`.
    """
    directory, current = places.directory(number), current_number(places) == number
    own = [_own(file, directory)._replace(path=_at(file.path, directory)) for file in wanted.set.files]
    unit = next(file for file in own if file.path == os.path.join(directory, UNIT))
    links = []
    if current:
        own.append(unit._replace(path=places.unit))
        links = _links(places, number)
    try:
        result = files.apply(files.Wanted(files=tuple(own), links=tuple(links)), run, check)
    except files.FileSetError as error:
        raise GenerationError(str(error)) from error
    if places.unit in result.changed_paths and not check:
        _read_units(run)
    return result


def switch(places: Places, number: int, run: Runner) -> list[str]:
    """Has the next start of the node start a generation, and returns the paths that changed.

    Raises :class:`GenerationError`; then the former one is what a start starts, unless the message says that systemd has not read its units.
    """
    if number not in numbers(places):
        raise GenerationError("there is no generation %d in %s" % (number, places.generations))
    changed = []
    try:
        if not _unit_in_place(places, number):
            with open(os.path.join(places.directory(number), UNIT), encoding="utf-8") as stream:
                text = stream.read()
            with writing.beside(places.unit) as there, open(there, "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), 0o644)
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            writing.flush(places.unit)
            changed.append(places.unit)
        for link in _links(places, number):
            if _target(link.path) != link.target:
                with writing.beside(link.path) as there:
                    os.symlink(link.target, there)
                changed.append(link.path)
    except OSError as error:
        raise GenerationError("generation %d of %s cannot be made current (%s)" % (number, places.code, error.strerror)) from error
    # Also where a run was interrupted before it came to this.
    _read_units(run)
    return changed


def _links(places: Places, number: int) -> list[files.Link]:
    """What leads to a generation that is current."""
    current = files.Link(places.current, os.path.relpath(places.directory(number), places.code))
    return [current, *(files.Link(path, os.path.join(places.current, name)) for path, name in places.shown)]


def _read_units(run: Runner) -> None:
    outcome = run(["systemctl", "daemon-reload"])
    if outcome.code != 0:
        raise GenerationError("systemd does not read its units again: %s" % (outcome.err.strip() or outcome.code))


def is_tried(places: Places, number: int) -> bool:
    """Whether the files of a generation were tried, and found good."""
    return _marked(places, number, _TRIED)


def mark_tried(places: Places, number: int) -> None:
    """Writes down that the files of a generation were tried, and found good. Raises OSError."""
    writing.write(_mark(places, number, _TRIED), "", 0o644)


def mark_proven(places: Places, number: int) -> bool:
    """Writes down that a generation runs and was found healthy; returns whether that was news. Raises OSError."""
    news = not _marked(places, number, _PROVEN)
    if news:
        writing.write(_mark(places, number, _PROVEN), "", 0o644)
    return news


def outdated(places: Places, keep: int) -> list[int]:
    """The generations that nothing needs any more: not the current and the running one, nor the last ``keep`` others that were proven.

    What was made behind the current one waits to be switched to.
    """
    current, running = current_number(places), running_number(places)
    made = numbers(places)
    proven = sorted(
        (number for number in made if number not in (current, running) and _marked(places, number, _PROVEN)),
        key=lambda number: os.stat(_mark(places, number, _PROVEN)).st_mtime_ns,
        reverse=True,
    )
    kept = {current, running, *proven[: max(keep, 1)]}
    return [number for number in made if number not in kept and (current is None or number < current)]


def remove(places: Places, gone: list[int]) -> None:
    """Removes generations; each loses its name first, so that none is there by half. Raises OSError."""
    for number in gone:
        staged = writing.staged(places.directory(number))
        os.rename(places.directory(number), staged)
        shutil.rmtree(staged)


def _digests(places: Places, wanted: Wanted, directory: str) -> str:
    """The lines of :data:`DIGESTS` of a generation in a directory."""
    contents = {file.path: _own(file, directory).content for file in wanted.set.files}
    unit = os.path.join(PLACE, UNIT)
    found = [(places.unit if path == unit else _at(path, directory), hashlib.sha256(contents[path]).hexdigest()) for path in wanted.read]
    return "".join("restart %s %s\n" % (digest, path) for path, digest in found)


def left_from_before(places: Places) -> list[str]:
    """What a node had in the place of generations before there were any."""
    return [path for path in (os.path.join(places.code, name) for name in _FORMER_LAYOUT) if os.path.lexists(path)]


def remove_path(path: str) -> None:
    """Removes a file, a link or a directory with all that is in it. Raises OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _own(file: files.File, directory: str) -> files.File:
    """A file with its content as it is in the generation of that directory."""
    return file._replace(content=file.content.replace(PLACE.encode("ascii"), os.fsencode(directory)))


def _with_place(value: Any, directory: str) -> Any:
    """A text, or texts, as they are in the generation of that directory."""
    if isinstance(value, str):
        return value.replace(PLACE, directory)
    return [_with_place(each, directory) for each in value] if isinstance(value, (list, tuple)) else value


def _at(path: str, directory: str) -> str:
    """A path that begins with :data:`PLACE`, in that directory."""
    return directory + path[len(PLACE) :]


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _unit_in_place(places: Places, number: int) -> bool:
    try:
        with open(places.unit, "rb") as installed, open(os.path.join(places.directory(number), UNIT), "rb") as own:
            return installed.read() == own.read()
    except OSError:
        return False


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _number(places: Places, directory: str) -> int | None:
    parent, name = os.path.split(os.path.normpath(directory))
    return int(name) if parent == places.generations and _NUMBER.match(name) else None


def _paths(text: str) -> Iterator[str]:
    for line in text.splitlines():
        parts = line.split(" ", 2)
        if len(parts) == 3 and parts[2].startswith("/"):
            yield parts[2]


def _mark(places: Places, number: int, mark: str) -> str:
    return os.path.join(places.directory(number), mark)


def _marked(places: Places, number: int, mark: str) -> bool:
    return os.path.exists(_mark(places, number, mark))
