# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as people meet it in a browser: what they see, in both kinds of colours, at both sizes, and by keyboard alone."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import model
from ansible_collections.beam.tls_distribution.tests.page.conftest import NARROW, SMALL, WIDE, Browser, broken, healthy
from selenium.webdriver.common.keys import Keys

SIZES = (2, 4, 16, 64)
MADE = {"healthy": healthy, "broken": broken}
LEAST_CONTRAST = 4.5

TEXTS = """
const seen = new Map();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const opaque = (colour) => !/^rgba\\(.*, 0\\)$|^transparent$/.test(colour);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || element.closest("title, script, style") || !element.checkVisibility()) continue;
  const style = getComputedStyle(element);
  const vector = element instanceof SVGElement;
  let ground = null;
  if (vector) {
    const behind = element.parentElement.querySelector(":scope > rect, :scope > circle.dot");
    const on = element.matches(".edge rect + text, .sign") && behind ? getComputedStyle(behind).fill : null;
    ground = on && opaque(on) ? on : null;
  }
  for (let at = element; at && !ground; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (opaque(colour)) ground = colour;
  }
  const colour = vector ? style.fill : style.color;
  const key = colour + " on " + ground;
  if (!seen.has(key)) seen.set(key, [colour, ground, walker.currentNode.textContent.trim().slice(0, 30)]);
}
return [...seen.values()];
"""
OVERFLOWING = """
const width = document.documentElement.clientWidth;
return [document.documentElement.scrollWidth - width,
  [...document.querySelectorAll("body *")].filter((one) => !one.closest(".scroll > *, .skip") && one.checkVisibility()
    && one.getBoundingClientRect().right > width + 0.5).map((one) => one.tagName + "." + one.className)];
"""
LABELS = """
return [...document.querySelectorAll(".mesh .node")].flatMap((node) =>
  [...node.querySelectorAll(":scope > text:not(.sign)")].map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const scale = document.querySelector(".mesh").getScreenCTM().a;
    const written = [text, ...text.children].filter((one) => one.firstChild?.nodeType === Node.TEXT_NODE);
    const sizes = written.map((one) => parseFloat(getComputedStyle(one).fontSize));
    return { text: text.textContent, left, right, top, bottom, letters: scale * Math.min(...sizes) };
  }));
"""
PUSHED = """
return [...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth + 0.5)
  .map((one) => one.firstElementChild.getAttribute("class"))
"""
LEAST_LETTERS = 9.5
"""Pixels that letters of a drawing measure at least."""
FOCUSED = "const one = document.activeElement; return one.dataset.node || one.className || one.name || one.textContent;"


def overlap(one: dict[str, t.Any], other: dict[str, t.Any]) -> bool:
    """Whether two boxes have an area in common, or touch."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 0 and down > 0


def shown(browser: Browser, kind: str, count: int, **how: t.Any) -> model.Report:
    report = MADE[kind](count)
    browser.show(report, **how)
    return report


def luminance(colour: str) -> float:
    """Relative luminance of a computed colour. Source: WCAG 2.2, "relative luminance"."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two computed colours. Source: WCAG 2.2, "contrast ratio"."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def column(browser: Browser, table: str, number: int) -> list[str]:
    """The keys that rows, in the order shown, have in a column."""
    keys = """return [...document.querySelectorAll(arguments[0] + " tbody tr:not([hidden])")].map(
        (row) => row.cells[arguments[1]].dataset.key ?? row.cells[arguments[1]].textContent)"""
    return list(browser.ask(keys, table, number))


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("count", SIZES)
def test_nothing_is_fetched_nothing_complains_and_all_of_it_is_there(browser, kind, count):
    report = shown(browser, kind, count)
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.driver.title == report["summary"]
    assert len(browser.all("#edges tbody tr")) == count * (count - 1)
    assert len(browser.all("#nodes tbody tr")) == count
    assert len(browser.all(".mesh .node")) == count
    assert len(browser.all(".faults > li")) == len(report["faults"])
    bad = [edge for edge in report["edges"] if edge["state"] in model.BAD_EDGES]
    drawn = browser.all(".mesh .edge.failed, .mesh .edge.no-answer")
    assert len(drawn) == len(bad) and all(edge.rect["width"] > 0 for edge in drawn[:20])
    days = [node["certificate_days_left"] for node in report["nodes"]]
    assert sorted(column(browser, "#nodes", 6)) == sorted(str(day) for day in days)


def test_the_policy_stops_what_does_not_belong(browser):
    """A page into which somebody got a script, a style and an address to fetch runs and fetches none of it."""
    browser.show(healthy(2))
    path = browser.place / "report.html"
    strange = '<script>document.title = "taken"</script><style>body{display:none}</style><img src="picture.png">'
    path.write_text(path.read_text().replace("<main", strange + "<main"))
    browser.driver.get(path.as_uri())
    assert browser.driver.title != "taken" and browser.one("main").is_displayed()
    assert len([message for message in browser.complaints() if "Content Security Policy" in message]) == 3
    allowed = path.read_text().replace("Content-Security-Policy", "Nothing")
    path.write_text(allowed)
    browser.driver.get(path.as_uri())
    assert browser.driver.title == "taken"
    browser.complaints()


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("count", SIZES)
def test_nothing_is_wider_than_the_window(browser, count, size):
    shown(browser, "broken", count, size=size)
    assert browser.ask(OVERFLOWING) == [0, []]


@pytest.mark.parametrize("size", [WIDE, SMALL])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 9, 16])
def test_labels_of_the_mesh_do_not_touch_and_are_large_enough_to_read(browser, count, size):
    shown(browser, "broken", count, size=size)
    labels = browser.ask(LABELS)
    assert len(labels) >= count
    touching = [(one["text"], other["text"]) for one, other in itertools.combinations(labels, 2) if overlap(one, other)]
    assert not touching
    assert min(label["letters"] for label in labels) >= LEAST_LETTERS
    left, right = browser.ask("const box = document.querySelector('.mesh').getBoundingClientRect(); return [box.left, box.right]")
    assert left >= 0 and right <= size[0]
    assert all(left <= label["left"] and label["right"] <= right for label in labels)


@pytest.mark.parametrize("count", [4, 16])
def test_on_a_small_screen_tables_are_cards_with_nothing_to_push_sideways(browser, count):
    shown(browser, "broken", count, size=SMALL)
    assert browser.ask(PUSHED) == []
    values = (
        "return [...document.querySelectorAll('#edges tbody tr:last-child td')].map((one) => getComputedStyle(one, '::before').content)"
    )
    heads = browser.ask(values)
    assert [head.strip('"') for head in heads[3:5]] == ["Cipher", "Days left"] and "total ms" in heads[-1]
    browser.all("#edges thead button")[11].click()
    times = [float(key) for key in column(browser, "#edges", 11) if key]
    assert times == sorted(times)


def test_a_drawing_wider_than_the_window_says_so(browser):
    shown(browser, "broken", 24, size=SMALL)
    assert [name.strip() for name in browser.ask(PUSHED)] == ["mesh matrix large"]
    assert browser.one(".sideways").is_displayed()
    shown(browser, "broken", 24, size=WIDE)
    assert browser.ask(PUSHED) == [] and not browser.one(".sideways").is_displayed()


def test_it_says_how_nodes_find_each_other_and_what_looked(browser):
    report = shown(browser, "healthy", 4)
    assert browser.one(".facts").text.split("\n") == [
        "Discovery port: one port for all nodes",
        "TCP port 4370",
        "IPv4",
        "beam.tls_distribution 1.0.0",
    ]
    assert report["collection"] == {"name": "beam.tls_distribution", "version": "1.0.0"}
    assert "port 4370" in browser.one("#nodes tbody th").text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("count", [4, 16, 64])
def test_text_can_be_read(browser, count, scheme):
    shown(browser, "broken", count, scheme=scheme)
    pairs = browser.ask(TEXTS)
    assert len(pairs) > 8
    faint = [(round(contrast(one, other), 2), text, one, other) for one, other, text in pairs if contrast(one, other) < LEAST_CONTRAST]
    assert not faint


def test_light_and_dark_are_the_systems_and_the_button_changes_them(browser):
    def paper() -> float:
        return luminance(browser.ask("return getComputedStyle(document.documentElement).backgroundColor"))

    shown(browser, "broken", 4, scheme="light")
    light, bright = browser.driver.get_screenshot_as_png(), paper()
    shown(browser, "broken", 4, scheme="dark")
    dark, dim = browser.driver.get_screenshot_as_png(), paper()
    assert bright > 0.8 and dim < 0.05 and light != dark
    button = browser.one(".theme")
    assert button.text == "Light colours"
    button.click()
    assert paper() == bright and button.text == "Dark colours"
    button.click()
    assert paper() == dim
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert paper() > 0.9
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("count", [4, 64])
def test_the_keyboard_gets_everywhere_in_the_order_of_the_page_and_out_again(browser, count):
    shown(browser, "broken", count)
    stops = []
    for _press in range(200):
        browser.press(Keys.TAB)
        if browser.ask("return document.activeElement === document.body || !document.hasFocus()"):
            break
        visible = browser.ask(
            """const one = document.activeElement, style = getComputedStyle(one), halo = one.querySelector?.(":scope > .halo");
            return (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || (halo && getComputedStyle(halo).stroke !== "none")"""
        )
        assert visible, browser.ask(FOCUSED)
        stops.append(browser.ask("const box = document.activeElement.getBoundingClientRect(); return box.top + scrollY"))
    else:
        pytest.fail("the focus does not leave the page")
    sections = browser.ask("return [...document.querySelectorAll('section')].map((one) => one.getBoundingClientRect().top + scrollY)")
    passed = [sum(stop >= section for section in sections) for stop in stops[1:]]
    assert passed == sorted(passed) and len(set(passed)) == len(sections)
    assert len(stops) < 60


def test_the_skip_link_comes_first_and_leads_to_the_findings(browser):
    shown(browser, "broken", 4)
    browser.press(Keys.TAB)
    assert browser.ask(FOCUSED) == "skip" and browser.one(".skip").rect["x"] > 0
    browser.press(Keys.ENTER)
    assert browser.ask("return document.activeElement.id") == "main"


@pytest.mark.parametrize("count", [4, 64])
def test_the_keyboard_sorts(browser, count):
    shown(browser, "broken", count)
    head = browser.all("#edges thead th")[11]
    browser.ask("arguments[0].querySelector('button').focus()", head)
    browser.press(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    times = [float(key) for key in column(browser, "#edges", 11) if key]
    assert times == sorted(times) and len(set(times)) > 1
    browser.press(Keys.SPACE)
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(key) for key in column(browser, "#edges", 11) if key] == sorted(times, reverse=True)
    other = browser.all("#edges thead th")[0]
    other.find_element("tag name", "button").click()
    assert (head.get_attribute("aria-sort"), other.get_attribute("aria-sort")) == ("none", "ascending")
    assert column(browser, "#edges", 0) == sorted(column(browser, "#edges", 0))


def test_days_are_sorted_as_numbers_and_what_is_not_known_comes_last(browser):
    shown(browser, "broken", 16)
    browser.all("#edges thead th")[5].find_element("tag name", "button").click()
    keys = column(browser, "#edges", 5)
    known = [float(key) for key in keys if key]
    assert known == sorted(known) and known[0] == 9.2
    assert keys[len(known) :] == [""] * (len(keys) - len(known)) and len(keys) > len(known)


@pytest.mark.parametrize("count", [4, 64])
def test_edges_are_filtered(browser, count):
    report = shown(browser, "broken", count)
    bad = sum(edge["state"] in model.BAD_EDGES for edge in report["edges"])
    name = report["nodes"][2]["inventory"]
    browser.ask("arguments[0].focus()", browser.one("[name=state]"))
    browser.press(Keys.DOWN)
    assert len(column(browser, "#edges", 0)) == bad
    assert browser.one(".filter output").text == "%d of %d edges" % (bad, count * (count - 1))
    browser.one("[name=node]").send_keys(name)
    both = list(zip(column(browser, "#edges", 0), column(browser, "#edges", 1)))
    assert both and all(name in pair for pair in both)
    browser.one(".filter button").click()
    assert len(column(browser, "#edges", 0)) == count * (count - 1)


def test_a_node_tells_of_itself_and_arrow_keys_go_round_its_edges(browser):
    shown(browser, "broken", 4)
    browser.ask("document.querySelector('[data-node=alpha]').focus()")
    assert browser.one(".readout").text.startswith("alpha: up, 89 days left")
    lit = "return [...document.querySelectorAll('.mesh .edge.of-chosen')].map((one) => one.dataset.from + '>' + one.dataset.to)"
    assert len(browser.ask(lit)) == 6
    seen = set()
    for _press in range(6):
        browser.press(Keys.ARROW_RIGHT)
        (edge,) = browser.ask(lit)
        seen.add(edge)
        assert browser.one(".readout").text.startswith(edge.replace(">", " → ") + ": ")
    assert len(seen) == 6 and "alpha>bravo" in seen
    browser.press(Keys.ENTER)
    assert len(column(browser, "#edges", 0)) == 6
    assert browser.one("[data-node=alpha]").get_attribute("aria-pressed") == "true"
    browser.press(Keys.ENTER)
    assert len(column(browser, "#edges", 0)) == 12


def test_in_a_matrix_arrow_keys_go_from_edge_to_edge(browser):
    shown(browser, "broken", 64)
    browser.press(*[Keys.TAB] * 7)
    browser.ask("document.querySelector('.mesh').focus({focusVisible: true})")
    readout = browser.one(".readout")
    assert readout.text == "node01 → node02: failed: connect, 4.9 ms, 89 days left of the certificate"
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert readout.text.startswith("node03 → node02: failed: tls")
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert readout.text.startswith("node03 → node05: ok")
    browser.press(Keys.ENTER)
    assert len(column(browser, "#edges", 0)) == 126


@pytest.mark.parametrize("count", [4, 16, 64])
def test_pointing_at_an_edge_tells_of_it(browser, count):
    report = shown(browser, "broken", count)
    first, second = (node["inventory"] for node in report["nodes"][:2])
    edge = browser.one(".mesh .edge[data-from=%s][data-to=%s]" % (first, second))
    browser.ask("arguments[0].scrollIntoView({block: 'center'})", edge)
    spot = browser.ask(
        """const mark = arguments[0].querySelector("text").getBoundingClientRect();
        return [mark.left + mark.width / 2, mark.top + mark.height / 2]""",
        edge,
    )
    move = {"type": "mouseMoved", "x": spot[0], "y": spot[1]}
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", move)
    assert browser.one(".readout").text.startswith("%s → %s: failed: connect" % (first, second))


@pytest.mark.parametrize("count", [4, 64])
def test_without_a_script_everything_is_there_and_what_is_wrong_comes_first(browser, count):
    shown(browser, "broken", count, script=False)
    try:
        texts = [row.text for row in browser.all("#edges tbody tr")[:3]]
        assert all("failed" in text for text in texts[:1])
        assert browser.one(".faults").is_displayed() and browser.one(".mesh").is_displayed()
        assert not browser.one(".filter").is_displayed() and not browser.one(".theme").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_it_prints(browser):
    shown(browser, "broken", 16)
    assert len(browser.driver.print_page()) > 20000
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        hidden = [selector for selector in ("nav", ".theme", ".filter", ".readout") if browser.one(selector).is_displayed()]
        assert not hidden
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
