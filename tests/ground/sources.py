# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of every file: its licence, and the places it may name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

LICENCE = ("beam.tls_distribution contributors", "SPDX-License-Identifier: GPL-3.0-or-later")
CODE = {".py", ".yml", ".yaml", ".erl", ".sh", ".cfg", ".toml", ".js", ".css"}
MADE = {"changelogs/changelog.yaml"}
PLACES = (
    "example.net", "example.com", "example.org", "github.com/beam-tls-distribution/", "www.gnu.org/licenses/", "www.erlang.org/",
    "198.18.", "docs.ansible.com/", "json-schema.org/", "www.w3.org/", "www.rfc-editor.org/", "spdx.org/", "fsf.org/", "www.freedesktop.org/", "127.0.0.1",
)  # fmt: skip
"""What links may point to, the networks of the lab among them; a registry is never named."""
_LINK = re.compile(r"https?://([^\s\"'<>)\]`]+)")


def kept(checkout: Path) -> list[str]:
    """The files of the checkout that git keeps, or would if they were added."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=checkout, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(name for name in set(listed) if (checkout / name).is_file())


def text_of(path: Path) -> str:
    """A file's text; empty for one that is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def is_code(name: str, text: str) -> bool:
    """Whether a file carries the licence in its head."""
    return name not in MADE and Path(name).suffix != ".j2" and (Path(name).suffix in CODE or text.startswith("#!"))


def without_licence(checkout: Path) -> list[str]:
    """Files of code without the licence's lines in their head."""
    found = []
    for name in kept(checkout):
        text = text_of(checkout / name)
        head = "\n".join(text.splitlines()[:8])
        if text.strip() and is_code(name, text) and not all(line in head for line in LICENCE):
            found.append("%s: the three lines of the licence are not in its head" % name)
    return found


def foreign_addresses(checkout: Path) -> list[str]:
    """Links to places that are not among :data:`PLACES`."""
    found = []
    for name in kept(checkout):
        if name == "LICENSE":
            continue
        for address in _LINK.findall(text_of(checkout / name)):
            # A user and a password may stand before the place.
            authority, slash, path = address.partition("/")
            link = authority.rpartition("@")[2] + slash + path
            if not any(link.startswith(place) or link.split("/")[0].endswith("." + place) for place in PLACES):
                found.append("%s: %s" % (name, address))
    return found


def shell_scripts(checkout: Path) -> list[Path]:
    """Files that begin by naming a shell, templates left out."""
    return [
        checkout / name
        for name in kept(checkout)
        if not name.endswith(".j2") and re.match(r"#!.*\b(?:ba)?sh\n", text_of(checkout / name)[:40])
    ]
