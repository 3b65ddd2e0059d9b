# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our Erlang, compiled and analysed: with-erl ROOT python tests/ground/erlang.py compile | xref | dialyzer DIRECTORY | make-dialyzer SOURCES DIRECTORY

What is found is printed, and makes the command fail. ``make-dialyzer`` compiles dialyzer from a source tree of OTP, as no layer of the lab has it,
and writes it with a PLT of the OTP at hand into a directory, which ``dialyzer`` is handed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RUNNING = ("roles/erlang_node/files/src", "examples/guard/src")
"""What runs in nodes."""
COMPILED = (*RUNNING, "examples/guard/test", "molecule/suites/hostile")
WARNINGS = ("-Wall", "-Werror", "+debug_info", "+warn_export_vars", "+warn_unused_import", "+warn_obsolete_guard")
APPLICATIONS = "[erts, kernel, stdlib, crypto, public_key, ssl, mnesia]"
"""The applications that our code calls, whose types the PLT has."""

_XREF = """
{ok, _} = xref:start(ours),
ok = xref:set_default(ours, [{warnings, false}]),
ok = xref:set_library_path(ours, code_path),
{ok, _} = xref:add_directory(ours, "%(ebin)s"),
Found = [{Kind, Calls} || Kind <- [undefined_function_calls, locals_not_used, deprecated_function_calls],
                          {ok, [_ | _] = Calls} <- [xref:analyze(ours, Kind)]],
[io:format("~p: ~p~n", [Kind, Calls]) || {Kind, Calls} <- Found],
halt(length(Found))."""
_DIALYZER = """
Warnings = dialyzer:run([{init_plt, "%(plt)s"}, {warnings, [unmatched_returns, error_handling, unknown]}, {files_rec, ["%(ebin)s"]}]),
[io:format("~ts", [dialyzer:format_warning(Warning)]) || Warning <- Warnings],
halt(min(length(Warnings), 1))."""
_PLT = """
_ = dialyzer:run([{analysis_type, plt_build}, {output_plt, "%(plt)s"},
                  {files_rec, [code:lib_dir(Name, ebin) || Name <- %(applications)s]}]),
halt()."""


def compiled(output: Path, directories: Sequence[str]) -> Path:
    """Compiles the modules of some directories, each into one of its own below ``output``."""
    for number, directory in enumerate(directories):
        place = output / str(number)
        place.mkdir()
        run(["erlc", *WARNINGS, "-o", str(place), *map(str, sorted((CHECKOUT / directory).glob("*.erl")))])
    return output


def together(output: Path) -> Path:
    """Compiles what runs in nodes into one directory."""
    compiled(output, RUNNING)
    ebin = output / "ebin"
    ebin.mkdir()
    for beam in output.glob("[0-9]/*.beam"):
        beam.rename(ebin / beam.name)
    return ebin


def run(argv: Sequence[str]) -> None:
    """Runs a command, which says itself what is wrong. Raises SystemExit if something is."""
    ended = subprocess.run(argv, cwd=CHECKOUT, check=False, stdin=subprocess.DEVNULL)
    if ended.returncode:
        raise SystemExit(1)


def evaluate(expression: str) -> None:
    """Evaluates an expression in a runtime of its own."""
    run(["erl", "-noinput", "-boot", "start_clean", "-eval", expression])


def place_of_dialyzer() -> Path:
    """Where dialyzer lies in the root file system that is mounted: a PLT goes with the paths of the modules that built it."""
    return Path(os.environ["WITH_ERL_SCRATCH"], "root", "usr", "lib", "erlang", "lib", "dialyzer")


def dialyzer(output: Path, made: Path) -> None:
    """Has dialyzer look through what runs in nodes; ``made`` is what :func:`make_dialyzer` left."""
    ebin = together(output)
    shutil.copytree(made / "dialyzer", place_of_dialyzer())
    # The runtime sees the directory of temporary files, and the checkout.
    shutil.copy(made / "plt", output / "plt")
    evaluate(_DIALYZER % {"plt": output / "plt", "ebin": ebin})


def make_dialyzer(output: Path, sources: Path, made: Path) -> None:
    """Compiles dialyzer from a source tree and builds the PLT."""
    library = output / "lib"
    for application, pattern in (("dialyzer", "*"), ("compiler", "*.hrl"), ("syntax_tools", "prettypr.erl")):
        place = library / application / "src"
        place.mkdir(parents=True)
        for path in (sources / "lib" / application / "src").glob(pattern):
            shutil.copy(path, place)
    ebin = output / "dialyzer" / "ebin"
    ebin.mkdir(parents=True)
    found = re.search(r"^DIALYZER_VSN *= *(\S+)$", (sources / "lib" / "dialyzer" / "vsn.mk").read_text(), re.MULTILINE)
    version = found[1] if found else "0"
    modules = sorted(str(path) for path in library.glob("*/src/*.erl"))
    run(["erlc", '-DVSN="%s"' % version, "-I", str(library), "-I", str(library / "dialyzer" / "src"), "-o", str(ebin), *modules])
    specification = (library / "dialyzer" / "src" / "dialyzer.app.src").read_text()
    (ebin / "dialyzer.app").write_text(specification.replace("%VSN%", version))
    shutil.copytree(output / "dialyzer", place_of_dialyzer())
    evaluate(_PLT % {"plt": output / "plt", "applications": APPLICATIONS})
    for name in ("dialyzer", "plt"):
        shutil.move(str(output / name), str(made / name))


def main() -> int:
    """Entry point."""
    commands: dict[str, Callable[..., object]] = {
        "compile": lambda output: compiled(output, COMPILED),
        "xref": lambda output: evaluate(_XREF % {"ebin": together(output)}),
        "dialyzer": dialyzer,
        "make-dialyzer": make_dialyzer,
    }
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as output:
        commands[sys.argv[1]](Path(output), *map(Path, sys.argv[2:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
