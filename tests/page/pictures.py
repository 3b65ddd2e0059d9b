# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of the report: python tests/page/pictures.py DIRECTORY [NAME...], with the collection on PYTHONPATH under its name.

A name is KIND-COUNT-WIDTH-SCHEME, as in ``broken-4-1200-dark``; without names it is all of them. A whole page is shown, unless ``-top`` follows.
"""

from __future__ import annotations

import base64
import itertools
import sys
from pathlib import Path

from ansible_collections.beam.tls_distribution.tests.page.conftest import Browser, broken, healthy, started
from selenium import webdriver

KINDS = {"healthy": healthy, "broken": broken}
ALL = ["-".join(parts) for parts in itertools.product(KINDS, ("4", "16", "64"), ("400", "1200"), ("light", "dark"))]
HEIGHT = 1000
TOP = {"400": 800, "1200": 880}
"""How much of a page is its top, in pixels by its width."""


def picture(driver: webdriver.Chrome, directory: Path, name: str) -> Path:
    """Takes one picture, and returns its path."""
    kind, count, width, scheme, *rest = name.split("-")
    browser = Browser(driver, directory)
    browser.show(KINDS[kind](int(count)), size=(int(width), HEIGHT), scheme=scheme)
    height = TOP[width] if rest else browser.ask("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": int(width), "height": min(height, 6000), "scale": 1}
    made = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    path = directory / (name + ".png")
    path.write_bytes(base64.b64decode(made["data"]))
    return path


def main() -> int:
    """Takes the pictures asked for."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with started(directory / "profile") as driver:
        for name in sys.argv[2:] or ALL:
            print(picture(driver, directory, name), flush=True)
    (directory / "report.html").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
