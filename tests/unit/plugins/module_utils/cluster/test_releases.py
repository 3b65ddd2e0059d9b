# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout, releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.releases import MIX, RELX, SYSTOOLS, Brought

OF_MIX = """RELEASE_ROOT="$(pwd)"
start () {
  exec "$REL_VSN_DIR/$REL_EXEC" \\
       --cookie "$RELEASE_COOKIE" \\
       $(release_distribution "$RELEASE_NODE") \\
       --vm-args "$RELEASE_VM_ARGS" "$@"
}
rpc () {
  exec "$REL_VSN_DIR/elixir" \\
       --hidden --cookie "$RELEASE_COOKIE" \\
       $(release_distribution "rpc-$(rand)-$RELEASE_NODE") \\
       --rpc-eval "$RELEASE_NODE" "$1"
}
"""
OF_RELX = """# running with setcookie prevents a ~/.erlang.cookie from being created
exec "$BINDIR/erlexec" -setcookie "$COOKIE" -hidden $DIST_ARGS # RELX
ERL_FLAGS="${ERL_FLAGS} ${NAME_TYPE} $nodetool_id -setcookie ${COOKIE} -dist_listen false" "$ERTS_DIR/bin/escript"
case "$1" in
    foreground) exec erlexec -setcookie "${COOKIE}" -noshell ;;
esac
"""
RELEASE = {
    "name": "shop",
    "version": "1.0.0",
    "path": "/opt/erlang/apps/shop/1.0.0-ab",
    "kind": MIX,
    "erts": None,
}


@pytest.mark.parametrize(
    ("program", "files", "kind"),
    [
        (None, {"start.boot", "sys.config"}, SYSTOOLS),
        (OF_MIX, {"elixir", "env.sh"}, MIX),
        (OF_RELX, {"start.boot"}, RELX),
        ("#!/bin/sh\necho hello\n", {"start.boot"}, SYSTOOLS),
    ],
)
def test_a_release_is_told_by_its_content(program: str | None, files: set[str], kind: str) -> None:
    assert releases.kind(program, files) == kind


def test_arguments_of_the_release_stay_but_for_those_of_the_mesh() -> None:
    text = """## Customize flags
+P ${PROCESSES:-5 00}   # many
-name me@host -setcookie secret
-kernel inet_dist_listen_min 9000 logger_level debug
-kernel net_ticktime 5
-env A "b c" -shop flag 'of two words'
  -proto_dist
inet_tls
${FURTHER}
"""
    assert releases.own_arguments(text).splitlines() == [
        "+P ${PROCESSES:-5 00}",
        "-kernel logger_level debug",
        '-env A "b c"',
        "-shop flag 'of two words'",
        "${FURTHER}",
    ]
    assert not list(releases.problems(Brought(MIX), OF_MIX, ["ssl"], text))


@pytest.mark.parametrize(
    "flag", ["-heart", "-hidden", "-mode interactive", "-boot other", "-dist_listen false", "-extra x", "-remsh a@b", "-args_file f"]
)
def test_an_argument_that_cannot_be_honoured_is_refused_by_name(flag: str) -> None:
    (found,) = releases.problems(Brought(MIX), OF_MIX, ["ssl"], "+P 1024\n%s\n" % flag)
    assert "a vm.args with %s, which" % flag.split()[0] in found.problem and found.fix


@pytest.mark.parametrize(
    ("kind", "program", "words"),
    [(MIX, OF_MIX, "extra_applications: [:ssl]"), (RELX, OF_RELX, "[..., ssl]"), (SYSTOOLS, None, "the .rel")],
)
def test_a_release_without_ssl_is_refused_with_the_line_to_add(kind: str, program: str | None, words: str) -> None:
    (found,) = releases.problems(Brought(kind), program, ["kernel", "stdlib"], None)
    assert "without ssl" in found.problem and words in found.fix


def test_a_program_that_is_not_known_is_refused() -> None:
    (found,) = releases.problems(Brought(MIX), 'RELEASE_ROOT=x exec elixir --cookie="$RELEASE_COOKIE"', ["ssl"], None)
    assert "does not pass cookie and name as known ones do" in found.problem
    (found,) = releases.problems(Brought(RELX), OF_RELX.replace("foreground", "start"), ["ssl"], None)
    assert "extended_start_script" in found.fix


@pytest.mark.parametrize(("text", "kind"), [(OF_MIX, MIX), (OF_RELX, RELX)])
def test_the_program_passes_no_cookie(text: str, kind: str) -> None:
    changed = releases.own_program(text, kind)
    assert not re.search(r"cookie \S*COOKIE", changed)
    if kind == MIX:
        assert '"$RELEASE_NODE") \\\n       --vm-args' not in changed and "rpc-$(rand)-$RELEASE_NODE" in changed
    else:
        assert "$nodetool_id -dist_listen false" in changed and "-hidden $DIST_ARGS" in changed
    with pytest.raises(InputError):
        releases.own_program("exec erl", kind)


def test_variables_without_a_default() -> None:
    text = '%% ${NOT_THIS}\n[{shop, [{port, ${PORT}}, {level, "${LEVEL:-info}"}, {token, "${TOKEN}"}, {again, ${PORT}}]}].\n'
    assert releases.variables(text) == ["PORT", "TOKEN"]


def test_the_environment_is_held_to_what_the_release_needs() -> None:
    found = list(releases.environment_problems(["PORT", "HOME"], {"RELEASE_COOKIE": "s3cret", "MINE": "x"}))
    assert [(problem.shown, "s3cret" in str(problem)) for problem in found] == [("RELEASE_COOKIE", False), ("PORT", False)]


def test_each_flag_stands_on_a_line_of_its_own() -> None:
    made = releases.arguments_file("+P 1024\n", ["-name", "guard@alpha", "-config", "/etc/a b", "-proto_dist", "inet_tls"], "Made")
    assert made.splitlines()[1:] == ["+P 1024", "## The mesh's.", "-name guard@alpha", "-config '/etc/a b'", "-proto_dist inet_tls"]


def test_env_sh_gives_what_is_the_mesh_s_the_last_word() -> None:
    made = releases.environment_program("/rel/env.sh", {"RELEASE_NODE": "guard@alpha"}, "Made")
    assert made.index("export RELEASE_NODE=guard@alpha") < made.index(". /rel/env.sh") < made.rindex("export RELEASE_NODE=guard@alpha")


def test_the_runner_of_each_kind() -> None:
    places = layout.layout("guard")
    made = releases.run_program(RELEASE, places, "/usr/bin/erl", [], ["-proto_dist", "inet_tls"], "Made")
    assert 'exec /opt/erlang/nodes/guard/current/release/own/shop "$@"' in made and "file:consult(Own)" in made
    made = releases.run_program({**RELEASE, "kind": RELX}, places, "/usr/bin/erl", [], ["-pa", "x"], "Made")
    assert "file:consult" not in made and "ERL_FLAGS='-pa x'" in made and "foreground)" in made
    made = releases.run_program({**RELEASE, "kind": SYSTOOLS, "erts": "15.2"}, places, "/usr/bin/erl", ["-boot", "start"], [], "Made")
    assert "set -- /opt/erlang/nodes/guard/current/release/erts-15.2/bin\n" in made and 'exec "$BINDIR/erlexec" -boot start' in made
    assert made.index("\n*)\n    echo ") < made.index("exit 1\n    ;;\n"), "it has no command but that of the service"
    made = releases.run_program({**RELEASE, "kind": SYSTOOLS}, places, "/usr/bin/erl", ["-boot", "start"], [], "Made")
    assert "readlink -f /usr/bin/erl" in made and "ROOTDIR=/opt/erlang/nodes/guard/current/release" in made
