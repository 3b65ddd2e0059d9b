# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases that boot by themselves: what an archive is by its content, what of it cannot be honoured, and what its own commands are given.

A release of ``mix release`` or rebar3 (relx) is started by its own program ``bin/NAME``, which reads its configuration as its author meant. It
runs in a directory of the node that looks like the release (:data:`IN_ITS_PLACE` says what is not the release's own there): so none of its files
is changed, what is the mesh's wins, and everything else is the release's.

Sources: Mix, ``mix release`` (environment variables, vm.args, env.sh, runtime configuration); rebar3, "Releases" (``sys_config_src``,
``vm_args_src``, ``extended_start_script``), and the programs that both write; erl(1), ``-args_file``; SASL, systools(3).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import flags
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.configuration import KERNEL
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, Problem

SYSTOOLS, MIX, RELX = "systools", "mix", "relx"
"""Kinds of releases: an archive of systools has no program of its own, the others have one."""

CONFIGURATION = ("sys.config", "sys.config.src", "runtime.exs", "env.sh", "vm.args", "vm.args.src")
"""Files of ``releases/VERSION`` by which a release is configured."""

IN_ITS_PLACE = ("env.sh", "eval.vm.args", "vm.args", "vm.args.src", "remote.vm.args")
"""Files of ``releases/VERSION`` that are ours where a node runs a release, besides its boot files."""

RESERVED: dict[str, tuple[str, str]] = {
    "RELEASE_NODE": ("is the role's own", "use erlang_node_name and erlang_node_host"),
    "RELEASE_DISTRIBUTION": ("is the role's own", "remove it: nodes are distributed over TLS"),
    "RELEASE_COOKIE": ("is the role's own", "use erlang_cluster_cookie"),
    "RELX_COOKIE": ("is the role's own", "use erlang_cluster_cookie"),
    "COOKIE": ("is read by bin/NAME of the release as the cookie", "use erlang_cluster_cookie"),
    "ERL_DIST_PORT": ("is the role's own", "use erlang_node_listen_port"),
    "RELEASE_ROOT": ("is the release's own", "remove it"),
    "RELEASE_NAME": ("is the release's own", "remove it"),
    "RELEASE_VSN": ("is the release's own", "remove it"),
    "RELEASE_PROG": ("is the release's own", "remove it"),
    "RELEASE_COMMAND": ("is the release's own", "remove it"),
    "RELEASE_SYS_CONFIG": ("would have the release read another file", "use erlang_node_sys_config"),
    "RELX_CONFIG_PATH": ("would have the release read another file", "use erlang_node_sys_config"),
    "RELEASE_VM_ARGS": ("would have the release read another file", "use erlang_node_vm_args"),
    "RELEASE_REMOTE_VM_ARGS": ("would have the release read another file", "use erlang_node_vm_args"),
    "VMARGS_PATH": ("would have the release read another file", "use erlang_node_vm_args"),
}
"""Names in the environment of a node that boots its release's own way which are not the user's: why, and what to do instead."""

# What a variable of a release's .src files may name without being in the environment of the node: systemd and the release's program set it.
_PRESENT = frozenset([
    "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER", "PWD", "INVOCATION_ID", "RUNTIME_DIRECTORY", "ERL_CRASH_DUMP",
    "REL_NAME", "RELEASE_NAME", "RELEASE_VSN", "RELEASE_PROG", "ESCRIPT_NAME", "ROOTDIR", "BINDIR", "EMU", "PROGNAME",
])  # fmt: skip
# Flags of a release that say what the mesh says, and give way to it.
_GIVES_WAY = frozenset([
    "-name", "-sname", "-setcookie", "-nocookie", "-proto_dist", "-no_epmd", "-ssl_dist_opt", "-ssl_dist_optfile", "-epmd_module", "-start_epmd",
    "-epmd", "-epmd_args", "-epmd_port", "-erl_epmd_port", "-noinput",
])  # fmt: skip
# Flags that are the role's where the user gives them, and nobody's where a release brings them.
_TAKEN = frozenset(["-pa", "-config", "-env"])
_MODE = "-mode"
_ARGUMENT = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\$\{[^}]*\}|\\.|[^\s"'\\])+""")
_VARIABLE = re.compile(r"\$\{(?P<name>[^}:]+)(?P<default>:-[^}]*)?\}")
_COOKIE = re.compile(r"""[ \t]--?(?:set)?cookie[ \t]+("?)\$\{?(?:RELEASE_)?COOKIE\}?\1""")
_NAME_OF_NODE = re.compile(r"""[ \t]\$\(release_distribution "\$RELEASE_NODE"\)""")
_BUILD_AGAIN = "remove it from its vm.args, and build it again"


class Brought(NamedTuple):
    """What an archive brings besides applications: its kind, the version of its own emulator if it has one, the files of :data:`CONFIGURATION`
    that it has, and by name the variables of its ``.src`` files that have no default."""

    kind: str = SYSTOOLS
    erts: str | None = None
    configuration: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


def kind(program: str | None, files: Collection[str]) -> str:
    """Return what made a release: ``program`` is the text of its ``bin/NAME``, ``files`` the names in ``releases/VERSION``."""
    if program is None:
        return SYSTOOLS
    if "elixir" in files and "RELEASE_ROOT" in program:
        return MIX
    return RELX if "RELX" in program or "erlexec" in program else SYSTOOLS


def problems(brought: Brought, program: str | None, applications: Collection[str], arguments: str | None) -> Iterator[InputError]:
    """Return what keeps a release from running as itself. ``arguments`` is the text of its ``vm.args`` or ``vm.args.src``."""
    if "ssl" not in applications:
        line = {
            MIX: "add extra_applications: [:ssl] to application/0 in mix.exs",
            RELX: "add ssl to {release, {NAME, VERSION}, [..., ssl]} in rebar.config",
        }.get(brought.kind, "add ssl to the applications of the .rel")
        yield InputError("holds a release that boots itself without ssl, which distribution over TLS needs", line + ", and build it again")
    if brought.kind == RELX and not (program and re.search(r"(?m)\bforeground\)", program)):
        fix = "set {extended_start_script, true} in rebar.config, and build it again"
        yield InputError("holds a release whose program has no command foreground", fix)
    if brought.kind != SYSTOOLS and program is not None:
        try:
            own_program(program, brought.kind)
        except InputError as error:
            yield error
    if arguments is not None:
        for problem in _arguments(arguments)[1]:
            yield InputError("holds a vm.args with %s, which %s" % (problem.shown, problem.problem), problem.fix)


def variables(text: str) -> list[str]:
    """Return the variables of a ``.src`` file that it gives no default, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("%", "#"))]
    found = [match for line in lines for match in _VARIABLE.finditer(line)]
    return list(dict.fromkeys(match["name"] for match in found if match["default"] is None))


def environment_problems(needed: Sequence[str], environment: Mapping[str, object]) -> Iterator[Problem]:
    """Return what is wrong with the environment of a node for the release that it runs, whose files need some variables; no value is shown."""
    for name in environment:
        if name in RESERVED:
            yield Problem(name, *RESERVED[name])
    for name in needed:
        if name not in environment and name not in _PRESENT:
            yield Problem(name, "is not there, and the configuration of the release names it without a default", "set it")


def own_arguments(text: str) -> str:
    """Return the text of a release's ``vm.args`` without what is the mesh's, a flag with its values on each line."""
    return "".join(line + "\n" for line in _arguments(text)[0])


def _arguments(text: str) -> tuple[list[str], list[Problem]]:
    """Read a file of arguments as erl does: words, quotes, comments from a # to the end of the line."""
    groups: list[list[str]] = []
    for line in text.splitlines():
        for number, word in enumerate(_ARGUMENT.findall(line)):
            if word.startswith("#"):
                break
            # A variable in front of a line may be further flags, or none.
            if flags.is_flag(word) or (word.startswith("$") and number == 0) or not groups:
                groups.append([word])
            else:
                groups[-1].append(word)
    kept, found = [], []
    for flag, *values in groups:
        if flag in _GIVES_WAY:
            continue
        if flag == "-kernel":
            pairs = [(name, value) for name, value in zip(values[::2], values[1::2]) if name not in KERNEL]
            if pairs or not values:
                kept.append(" ".join([flag, *(word for pair in pairs for word in pair)]))
            continue
        if flag == _MODE:
            found.append(Problem(flag, "bin/NAME gives by itself", "use RELEASE_MODE or CODE_LOADING_MODE in erlang_node_environment"))
        elif flag not in _TAKEN and (flag in flags.OWN or flag.startswith("-beam_tls_")):
            found.append(Problem(flag, flags.OWN.get(flag, ("is the role's own", ""))[0], _BUILD_AGAIN))
        kept.append(" ".join([flag, *values]))
    return kept, found


def arguments_file(own: str, ours: Sequence[str], comment: str) -> str:
    """Return the text of a ``vm.args``: the release's ``own`` arguments, and then ours, a flag with its values on each line.

    The program of relx looks for some flags at the beginning of lines.
    """
    lines: list[str] = []
    for argument in ours:
        if flags.is_flag(argument) or not lines:
            lines.append(shlex.quote(argument))
        else:
            lines[-1] += " " + shlex.quote(argument)
    return "## %s: the release's own, without what is the mesh's.\n%s## The mesh's.\n%s" % (
        comment,
        own,
        "".join(line + "\n" for line in lines),
    )


def own_program(text: str, kind: str) -> str:
    """Return ``bin/NAME`` of a release, less what passes the cookie on a command line, where everybody on the host reads it.

    Without it the runtime reads the cookie from the file in its home. What gives the node its name goes as well: it is among our
    arguments. Raises InputError for a program that is not as we know it.
    """
    changed, count = _COOKIE.subn("", text)
    if kind == MIX:
        changed, names = _NAME_OF_NODE.subn("", changed)
        count = count if names else 0
    if not count:
        raise InputError(
            "holds a release whose bin/NAME does not pass cookie and name as known ones do", "build it with another version of %s" % kind
        )
    return changed


def environment_program(own: str | None, values: Mapping[str, str], comment: str) -> str:
    """Return the ``env.sh`` by which ``bin/NAME`` of mix is told what is the mesh's, before and after the file of the release, ``own`` its path.

    ``values`` are variables that are the mesh's. The cookie is in the file of the node's home, and the application may ask for it.
    """
    ours = "".join("export %s=%s\n" % (name, shlex.quote(value)) for name, value in values.items())
    ours += 'RELEASE_COOKIE=$(cat "$HOME/.erlang.cookie")\nexport RELEASE_COOKIE\n'
    return """# %s.
%s%s# What is the mesh's, whatever that file said.
%sRELEASE_SYS_CONFIG="$RELX_OUT_FILE_PATH/sys"
RELEASE_REMOTE_VM_ARGS="$REL_VSN_DIR/remote.vm.args"
case $RELEASE_COMMAND in
    eval) RELEASE_VM_ARGS="$REL_VSN_DIR/eval.vm.args" ;;
    *) RELEASE_VM_ARGS="$REL_VSN_DIR/vm.args" ;;
esac
export RELEASE_SYS_CONFIG RELEASE_VM_ARGS RELEASE_REMOTE_VM_ARGS
""" % (comment, ours, ". %s\n" % shlex.quote(own) if own else "", ours)


_RUN = """#!/bin/sh
# %(comment)s.
# Runs a command of the release as the node's account: for the service, and for the control command. A start is the service's alone.
set -eu
umask 077
command=${1:-}
PATH=%(path)s:$PATH
# Where the release may write; what holds for the start of the node is not written over by other commands.
RELEASE_TMP=${RELEASE_TMP:-$HOME/release}
RUNNER_LOG_DIR=${RUNNER_LOG_DIR:-$HOME/log}
case $command in
%(start)s)
    [ -n "${RUNTIME_DIRECTORY:-}" ] || { echo "only %(unit)s starts this release; try: systemctl start %(unit)s" >&2; exit 1; }
    RELX_OUT_FILE_PATH=$HOME/release/started
    ;;
%(refused)s)
    echo "$command is no command that this release has here; what starts and installs is systemd's and the playbook's: systemctl start %(unit)s" >&2
    exit 1
    ;;
%(asking)s)
    RELX_OUT_FILE_PATH=$HOME/release/asked
    ERL_FLAGS=%(flags)s
    export ERL_FLAGS
    ;;
*)
    RELX_OUT_FILE_PATH=$HOME/release/asked
    ;;
esac
mkdir -p "$RELEASE_TMP" "$RUNNER_LOG_DIR" "$RELX_OUT_FILE_PATH"
export PATH RELEASE_TMP RUNNER_LOG_DIR RELX_OUT_FILE_PATH
%(go)s
"""
# What runtime.exs finds as the configuration is one file, and it is merged into that: so ours has to be in it. Parameters of ours win.
_MERGE = """case $command in
start | eval)
    merged=$RELX_OUT_FILE_PATH/sys.config
    %(erl)s -noinput -boot no_dot_erlang -eval %(program)s -extra %(own)s %(ours)s "$merged.new"
    { grep "^%%%%" %(own)s || true; cat "$merged.new"; } >"$merged"
    rm "$merged.new"
    ;;
esac
"""
_MERGE_PROGRAM = (
    "[Own, Ours, Merged] = init:get_plain_arguments(), {ok, [Below]} = file:consult(Own), {ok, [Above]} = file:consult(Ours), "
    "Names = lists:usort([Name || {Name, _} <- Below ++ Above]), "
    "Of = fun(Name, All) -> lists:append([Parameters || {Found, Parameters} <- All, Found =:= Name]) end, "
    "Over = fun(Name) -> Mine = Of(Name, Above), Mine ++ [Pair || {Key, _} = Pair <- Of(Name, Below), not lists:keymember(Key, 1, Mine)] end, "
    'ok = file:write_file(Merged, unicode:characters_to_binary(io_lib:format("~tw.~n", [[{Name, Over(Name)} || Name <- Names]]))), halt().'
)
_PROGRAM_COMMANDS = {
    MIX: {"start": "start", "refused": "start_iex | daemon | daemon_iex", "asking": "remote | rpc | stop | restart | pid"},
    RELX: {
        "start": "foreground",
        "refused": "start | daemon | daemon_boot | daemon_attach | attach | console | console_boot | upgrade | downgrade | install | uninstall | unpack",
        "asking": "remote_console | remote | remsh | rpc | eval | stop | restart | reboot | pid | ping | status | versions",
    },
    SYSTOOLS: {"start": "start", "refused": "*", "asking": "-"},
}


def start_command(kind: str) -> str:
    """Return the command of a release's program that runs the node in the foreground."""
    return _PROGRAM_COMMANDS[kind]["start"]


def run_program(
    release: Mapping[str, Any], layout: Mapping[str, str], erl: str, ours: Sequence[str], asking: Sequence[str], comment: str
) -> str:
    """Return the program that runs a release's own, for the service and the control command.

    ``release`` is the topology's application, ``layout`` that of its node, ``erl`` the emulator of the host. ``ours`` are all arguments of
    a node whose release has no program, ``asking`` those of a command that asks the node.
    """
    words, root = _PROGRAM_COMMANDS[release["kind"]], layout["release"]
    if release["kind"] != SYSTOOLS:
        go = 'exec %s "$@"' % shlex.quote("%s/own/%s" % (root, release["name"]))
        if release["kind"] == MIX:
            own = "%s/releases/%s/sys.config" % (release["path"], release["version"])
            merged = {"erl": erl, "program": _MERGE_PROGRAM, "own": own, "ours": layout["sys_config"]}
            go = _MERGE % {key: shlex.quote(value) for key, value in merged.items()} + go
    else:
        # What the boot file calls its root is where the release is; an emulator of the host's has its own directory.
        binaries = '"$(dirname "$(dirname "$(readlink -f %s)")")"/erts-*/bin' % shlex.quote(erl)
        if release["erts"] is not None:
            binaries = "%s/erts-%s/bin" % (root, release["erts"])
        started = " ".join(map(shlex.quote, ours))
        go = 'set -- %s\nROOTDIR=%s BINDIR=$1 EMU=beam PROGNAME=erl\nexport ROOTDIR BINDIR EMU PROGNAME\nexec "$BINDIR/erlexec" %s' % (
            binaries,
            shlex.quote(root),
            started,
        )
    values = {"comment": comment, "path": shlex.quote(erl.rpartition("/")[0] or "/usr/bin"), "unit": layout["service"], "go": go}
    return _RUN % {**values, **words, "flags": shlex.quote(" ".join(asking))}
