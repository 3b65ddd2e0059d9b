# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that a node boots with, compiled, and its boot script, made by systools from the versions found.

Sources: SSL User's Guide, "Using TLS for Erlang Distribution", chapter "Building Boot Scripts Including the ssl Application"; SASL
``systools(3)``; Compiler ``compile(3)`` (``deterministic``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import release, term_writer
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import files, otp, own_boot
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner

NAME = "start_ssl_clean"
KEY = ".key"
STAGING = ".boot-"

_PROGRAM = """
Compile = fun(Source) ->
    case compile:file(Source, [deterministic, return_errors, {outdir, "."}]) of
        {ok, _} -> ok;
        {ok, _, _} -> ok;
        Error -> io:format(standard_error, "~ts: ~tp~n", [Source, Error]), halt(1)
    end
end,
{ok, [{Sources, Path}]} = file:consult("made_from"),
lists:foreach(Compile, Sources),
case systools:make_script("start_ssl_clean", [silent, local, no_warn_sasl, {path, Path}]) of
    {ok, _, _} -> halt(0);
    {error, Module, Reason} -> io:format(standard_error, "~ts~n", [Module:format_error(Reason)]), halt(1)
end.
"""
_ACCESS = files.Access(0, 0, 0o644)
_DIRECTORY = files.Access(0, 0, 0o755)


class BootError(Exception):
    """Why there is no boot script, in a sentence."""


class Asked(NamedTuple):
    """What is asked for: the ``directory`` with ``src``, the ``applications`` to start, ``libraries`` (``lib`` directories) that hold
    applications besides OTP's, and the ``key`` that stands for all that the result is made from. ``starts`` says how some of the
    applications start, where not permanently; ``release`` is a release that boots itself."""

    directory: str
    applications: tuple[str, ...]
    libraries: tuple[str, ...]
    key: str
    starts: Mapping[str, str] = MappingProxyType({})
    release: own_boot.Release | None = None


def current_key(directory: str) -> str | None:
    """The key of what is there, None where nothing is complete."""
    try:
        with open(os.path.join(directory, "boot", KEY), encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError:
        return None


def make(erl: str, asked: Asked, final: str, run: Runner) -> None:
    """Compiles ``src`` and makes the boot script in a directory that is going to be called ``final``; the key comes last.

    A release that boots itself is put into its place with it. OTP's own applications win over those of the libraries: they are
    what fits the runtime. Raises :class:`BootError`, or :class:`files.FileSetError`.
    """
    found = otp.read(os.path.dirname(os.path.dirname(os.path.realpath(erl))))
    if found is None:
        raise BootError("%s belongs to no complete OTP; install one, or set erlang_otp_roots" % erl)
    directories: dict[str, str] = {}
    for library in reversed(asked.libraries):
        directories.update(otp.libraries(library))
    directories.update(found.directories)
    staging = tempfile.mkdtemp(prefix=STAGING, dir=asked.directory)
    try:
        if asked.release is not None:
            own_boot.check(asked.release, found)
        _prepare(staging, found.erts, asked, directories)
        outcome = run([erl, "-noinput", "-boot", "no_dot_erlang", "-eval", 'ok = file:set_cwd("%s"),' % staging + _PROGRAM])
        if outcome.code != 0:
            raise BootError(
                "no boot script: %s" % ((outcome.err.strip() or outcome.out.strip())[-2000:] or "erl ended with %d" % outcome.code)
            )
        if asked.release is not None:
            own_boot.put(asked.release, os.path.join(final, "ebin"), _modules(staging))
        files.apply(_set(staging, asked), run)
    except release.ReleaseError as error:
        raise BootError("no boot script: %s" % error) from error
    except own_boot.OwnBootError as error:
        raise BootError(str(error)) from error
    finally:
        shutil.rmtree(staging)


def _prepare(staging: str, erts: str, asked: Asked, directories: dict[str, str]) -> None:
    known = {}
    for name, path in directories.items():
        with open(os.path.join(path, "ebin", name + ".app"), encoding="utf-8") as stream:
            known[name] = release.read_app(stream.read())
    wanted = release.start_ssl_clean(erts, known, asked.applications, asked.starts)
    source = os.path.join(asked.directory, "src")
    sources = [os.path.join(source, name) for name in sorted(os.listdir(source)) if name.endswith(".erl") and not name.startswith(".")]
    searched = [os.path.join(directories[name], "ebin") for name, _unused in wanted.applications]
    _write(os.path.join(staging, NAME + ".rel"), release.rel_text(wanted))
    _write(os.path.join(staging, "made_from"), term_writer.dumps_file([(sources, searched)]))


def _set(staging: str, asked: Asked) -> files.Wanted:
    ebin, boot = os.path.join(asked.directory, "ebin"), os.path.join(asked.directory, "boot")
    made = [(ebin, name + ".beam") for name in _modules(staging)] + [(boot, NAME + suffix) for suffix in (".rel", ".script", ".boot")]
    wanted = [files.File(os.path.join(place, name), _ACCESS, _content(os.path.join(staging, name))) for place, name in made]
    wanted.append(files.File(os.path.join(boot, KEY), _ACCESS, (asked.key + "\n").encode()))
    return files.Wanted(directories=(files.Directory(ebin, _DIRECTORY), files.Directory(boot, _DIRECTORY)), files=tuple(wanted))


def _modules(staging: str) -> list[str]:
    """The modules that were compiled, by their names."""
    return sorted(name[: -len(".beam")] for name in os.listdir(staging) if name.endswith(".beam"))


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
