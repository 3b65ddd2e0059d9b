# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser, and reports for it to show."""

from __future__ import annotations

import json
import os
import typing as t
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import model
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.page import page
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import Mesh, full
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

DRIVER, BROWSER = "/usr/bin/chromedriver", "/usr/bin/chromium"
WIDE, SMALL, NARROW = (1280, 1000), (400, 800), (360, 740)
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
_REFUSED = {
    "id": "connection-refused",
    "cause": "Nothing listens on TCP port 4370 of 198.18.2.10.",
    "remedy": "Start the node, and look at its journal: journalctl -u erlang-guard.",
}
_DROPPED = {
    "id": "connection-timeout",
    "cause": "198.18.2.10 does not answer on TCP port 4370 within 5 s: a packet filter drops what is sent there.",
    "remedy": "Open TCP port 4370 from 198.18.1.10 to 198.18.2.10; the playbook firewall_plan lists what is needed.",
}
_EXPIRED = {
    "id": "server-certificate-expired",
    "cause": "The certificate of guard@bravo.example.net is not valid any more: it ended on 2026-11-20 10:00 UTC.",
    "remedy": "Have a new one issued: run the role erlang_certs for bravo.",
}


def healthy(count: int) -> model.Report:
    """A mesh in which all is well."""
    mesh = Mesh(count)
    _certified(mesh)
    return mesh.build()


def _certified(mesh: Mesh) -> None:
    for number, name in enumerate(mesh.names):
        mesh.certify(name, 780 - number)


def broken(count: int) -> model.Report:
    """A mesh in which nobody reaches the second node, and as much else is wrong as its size has room for."""
    mesh = Mesh(count)
    names = mesh.names
    _certified(mesh)
    mesh.certify(names[0], 250)
    mesh.fail(names[0], names[1], _DROPPED, "connect")
    for name in names[2:]:
        mesh.fail(name, names[1], _EXPIRED)
    if count > 3:
        mesh.answers[names[3]]["running"].update(ok=False, peers=[], fault=_REFUSED, otp_release=None, uptime=None, memory=None)
        mesh.answers[names[0]]["walls"][2].update(held=False, detail="TLS let us in")
        for name in names[:2] + names[3:]:
            mesh.edge(name, names[2])["certificate_days_left"] = 9.2
        mesh.answers[names[0]]["running"]["peers"].remove(full(names[2]))
        mesh.answers[names[2]]["running"]["peers"].remove(full(names[0]))
    if count > 5:
        del mesh.answers[names[5]]
    return mesh.build()


class Browser:
    """A browser with a page of a report, and what the tests ask of it."""

    def __init__(self, driver: webdriver.Chrome, place: Path) -> None:
        self.driver = driver
        self.place = place
        self.logged: list[dict[str, t.Any]] = []

    def show(self, report: model.Report, size: tuple[int, int] = WIDE, scheme: str = "light", script: bool = True) -> None:
        """Shows a report as somebody sees it whose window and system are like that."""
        path = self.place / "report.html"
        path.write_text(page(report), encoding="utf-8")
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.resize(size)
        self.driver.get_log("performance")
        self.driver.get(path.as_uri())

    def resize(self, size: tuple[int, int]) -> None:
        """Gives the page a viewport of that size."""
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def ask(self, script: str, *arguments: t.Any) -> t.Any:
        """What a function of JavaScript returns."""
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        """The elements that match."""
        return list(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def one(self, selector: str) -> WebElement:
        """The first element that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other, wherever the focus is."""
        actions = webdriver.ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was shown, the page itself left out."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if url != (self.place / "report.html").as_uri()]

    def complaints(self) -> list[str]:
        """What the console has to say."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextmanager
def started(profile: Path) -> t.Iterator[webdriver.Chrome]:
    """A browser that keeps what it remembers in a directory of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for switch in (*_SWITCHES, "--user-data-dir=%s" % profile):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Nothing that the browser asks for on its own behalf goes to a proxy of this machine, or leaves it.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER, env=environment))
    try:
        driver.set_script_timeout(60)
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[webdriver.Chrome]:
    """The browser, started once."""
    with started(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(driver: webdriver.Chrome, tmp_path: Path) -> Browser:
    """The browser, and a place for its page."""
    return Browser(driver, tmp_path)
