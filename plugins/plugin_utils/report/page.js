/* Copyright (c) 2026 beam.tls_distribution contributors
 * GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";

const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* Colours: those of the system, or the other ones. */
const theme = find(".theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = isDark() ? "Light colours" : "Dark colours"; };
theme.hidden = false;
nameTheme();
system.addEventListener("change", nameTheme);
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});

/* A head sorts its table by its column; numbers as numbers, empty cells last. */
const words = new Intl.Collator(undefined, { numeric: true });
for (const table of all("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => find("button", head).addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...body.rows].map((row) => [row.cells[column].dataset.key ?? row.cells[column].textContent.trim(), row]);
    keyed.sort(([one], [two]) => {
      if (one === "" || two === "") return (one === "") - (two === "");
      const difference = isNaN(one) || isNaN(two) ? words.compare(one, two) : one - two;
      return down ? -difference : difference;
    });
    body.append(...keyed.map(([, row]) => row));
  }));
}

/* The edges that are listed: those of a state, and those of a node. */
const rows = all("#edges tbody tr");
const form = find(".filter");
function list() {
  const { state, node } = form.elements;
  let shown = 0;
  for (const row of rows) {
    const bad = row.classList.contains("failed") || row.classList.contains("no-answer");
    row.hidden = (state.value === "bad" && !bad) || (state.value === "good" && !row.classList.contains("ok"))
      || (node.value !== "" && row.dataset.from !== node.value && row.dataset.to !== node.value);
    shown += !row.hidden;
  }
  find("output", form).textContent = shown + " of " + rows.length + " edges";
  all(".mesh .node").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.node === node.value)));
  light();
}
if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", list);
  find("button", form).addEventListener("click", () => { form.reset(); list(); });
}
function choose(name) {
  if (!form) return;
  form.elements.node.value = form.elements.node.value === name ? "" : name;
  list();
}

/* The drawing: what is pointed at, or has the focus, is told below it and stands out. */
const mesh = find(".mesh");
const readout = find(".readout");
const titles = new Map(rows.map((row) => [row.dataset.from + "\n" + row.dataset.to, row]));
const hint = mesh.classList.contains("matrix")
  ? "Point at a cell, or go there with the arrow keys. A node's name, or Enter, lists its edges alone."
  : "Point at a node or an edge; arrow keys go round a node's edges. A click, or Enter, lists a node's edges alone.";

function tell(from, to) {
  const row = titles.get(from + "\n" + to);
  if (!row) { readout.textContent = hint; return; }
  const cells = row.cells;
  const facts = [[cells[11], " ms"], [cells[5], " days left of the certificate"]]
    .filter(([cell]) => cell.textContent !== "").map(([cell, unit]) => cell.textContent + unit);
  readout.textContent = from + " → " + to + ": " + [cells[2].dataset.key, ...facts].join(", ");
}

/* Edges of a node, or one of them, stand out; without either, those of the node that is chosen. */
function light(name = form?.elements.node.value || null, to = null) {
  mesh.classList.toggle("chosen", name !== null);
  for (const edge of all(".edge", mesh)) {
    const { from, to: target } = edge.dataset;
    edge.classList.toggle("of-chosen", to === null ? from === name || target === name : from === name && target === to);
  }
}

function leave() {
  light();
  readout.textContent = hint;
}

function circle() {
  for (const node of all(".node", mesh)) {
    const name = node.dataset.node;
    const around = rows.filter((row) => row.dataset.from === name || row.dataset.to === name).map((row) => row.dataset);
    let at = -1;
    const rest = () => {
      at = -1;
      light(name);
      readout.textContent = find("title", node).textContent;
    };
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", find("title", node).textContent);
    node.addEventListener("click", () => choose(name));
    node.addEventListener("mouseenter", rest);
    node.addEventListener("focus", rest);
    node.addEventListener("mouseleave", leave);
    node.addEventListener("blur", leave);
    node.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step && around.length) {
        at = (at + step + around.length + (at < 0 && step < 0)) % around.length;
        light(around[at].from, around[at].to);
        tell(around[at].from, around[at].to);
      } else if (event.key === "Enter" || event.key === " ") {
        choose(name);
      } else if (event.key === "Escape") {
        rest();
      } else {
        return;
      }
      event.preventDefault();
    });
  }
  for (const edge of all(".edge", mesh)) {
    const { from, to } = edge.dataset;
    edge.addEventListener("mouseenter", () => { light(from, to); tell(from, to); });
    edge.addEventListener("mouseleave", leave);
  }
}

function matrix() {
  const { left, top, cell } = Object.fromEntries(Object.entries(mesh.dataset).map(([key, value]) => [key, Number(value)]));
  const names = all(".node", mesh).map((node) => node.dataset.node);
  const cursor = find(".cursor", mesh);
  let at = [0, 1];
  const inside = (number) => Math.max(0, Math.min(names.length - 1, number));
  function go(row, column) {
    at = [inside(row), inside(column)];
    cursor.setAttribute("x", left + at[1] * cell);
    cursor.setAttribute("y", top + at[0] * cell);
    mesh.classList.add("pointed");
    all(".node", mesh).forEach((node, number) => node.classList.toggle("pointed", at.includes(number)));
    tell(names[at[0]], names[at[1]]);
  }
  function away() {
    mesh.classList.remove("pointed");
    all(".node.pointed", mesh).forEach((node) => node.classList.remove("pointed"));
    readout.textContent = hint;
  }
  mesh.setAttribute("tabindex", "0");
  mesh.setAttribute("role", "application");
  mesh.setAttribute("aria-roledescription", "matrix of edges");
  mesh.addEventListener("focus", () => { if (mesh.matches(":focus-visible")) go(...at); });
  mesh.addEventListener("blur", away);
  mesh.addEventListener("mouseleave", away);
  mesh.addEventListener("mousemove", (event) => {
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(mesh.getScreenCTM().inverse());
    const [row, column] = [Math.floor((spot.y - top) / cell), Math.floor((spot.x - left) / cell)];
    if (row === inside(row) && column === inside(column)) go(row, column);
    else away();
  });
  mesh.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowUp: [-1, 0] }[event.key];
    if (step) go(at[0] + step[0], at[1] + step[1]);
    else if (event.key === "Enter" || event.key === " ") choose(names[at[0]]);
    else return;
    event.preventDefault();
  });
  for (const node of all(".node", mesh)) node.addEventListener("click", () => choose(node.dataset.node));
}

if (rows.length) {
  readout.textContent = hint;
  mesh.setAttribute("role", "group");
  (mesh.classList.contains("matrix") ? matrix : circle)();
  list();
}
