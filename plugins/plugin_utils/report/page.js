/* Copyright (c) 2026 beam.tls_distribution contributors
 * GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";

/* A head sorts its table by its column; numbers as numbers, empty cells last. */
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
    const order = (one, two) => {
      const [a, b] = [key(one), key(two)];
      if (a === "" || b === "") return (a === "") - (b === "");
      const numbers = a !== "" && b !== "" && !isNaN(a) && !isNaN(b);
      const difference = numbers ? a - b : a.localeCompare(b, undefined, { numeric: true });
      return down ? -difference : difference;
    };
    body.append(...[...body.rows].sort(order));
  }));
}

/* A node that is pointed at, focused or chosen shows its own edges; a chosen one filters the table of edges too. */
const mesh = document.querySelector(".mesh");
const nodes = [...mesh.querySelectorAll(".node")];
const edges = [...mesh.querySelectorAll(".edge")];
const rows = [...document.querySelectorAll("#edges tbody tr")];
const filter = document.querySelector(".filter");
let chosen = null;

const touches = (edge, name) => edge.dataset.from === name || edge.dataset.to === name;

function light(name) {
  mesh.classList.toggle("chosen", name !== null);
  edges.forEach((edge) => edge.classList.toggle("of-chosen", name !== null && touches(edge, name)));
}

function choose(name) {
  chosen = name;
  nodes.forEach((node) => node.setAttribute("aria-pressed", String(node.dataset.node === name)));
  rows.forEach((row) => { row.hidden = name !== null && !touches(row, name); });
  if (filter) {
    filter.hidden = name === null;
    filter.querySelector("[role=status]").textContent = name === null ? "" : "Edges of " + name + " only.";
  }
  light(name);
}

for (const node of nodes) {
  const name = node.dataset.node;
  const toggle = () => choose(chosen === name ? null : name);
  node.addEventListener("click", toggle);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      toggle();
    } else if (event.key === "Escape") {
      choose(null);
    }
  });
  node.addEventListener("mouseenter", () => light(name));
  node.addEventListener("mouseleave", () => light(chosen));
  node.addEventListener("focus", () => light(name));
  node.addEventListener("blur", () => light(chosen));
}
filter?.querySelector("button").addEventListener("click", () => choose(null));
