"use strict";
// The page of a sweep: a heat map whose cells open the curves of their runs, and a table that can be sorted.

const columns = Object.fromEntries(
  Object.entries(data.columns).map(([name, column]) => [name, Array.isArray(column) ? column : numbers(column)]),
);
const count = columns.id.length;
const done = columns.status.map((status) => status === "done");
const everyRun = Array.from({ length: count }, (_, i) => i);
const element = (id) => document.getElementById(id);

function options(select, names, chosen) {
  for (const name of names) {
    const option = document.createElement("option");
    option.value = name;
    option.textContent = data.names[name] ?? name;
    select.append(option);
  }
  select.value = chosen;
}

// --- the map ----------------------------------------------------------------------------------

const axes = data.axes; // {key: {values: [text, …], index: [place of each run]}}, the seed last
const keys = Object.keys(axes);
options(element("metric"), data.metrics, data.metrics[0]);
options(element("across"), keys, keys[0]);
options(element("up"), keys, keys[Math.min(1, keys.length - 1)]);

function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return !sorted.length ? null : sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The runs of each cell of the map, as cells[row][column]. */
function cellsOf(across, up) {
  const same = across === up;
  const cells = (same ? [0] : axes[up].values).map(() => axes[across].values.map(() => []));
  for (const i of everyRun) cells[same ? 0 : axes[up].index[i]][axes[across].index[i]].push(i);
  return cells;
}

let cells = [];
function drawMap() {
  const metric = element("metric").value, across = element("across").value, up = element("up").value;
  cells = cellsOf(across, up);
  const medians = cells.map((row) => row.map((runs) => median(runs.filter((i) => done[i]).map((i) => columns[metric][i]))));
  const shown = medians.flat().filter((v) => v > 0);
  const log = data.log.includes(metric) && shown.length > 0;
  const low = Math.floor(Math.log10(Math.min(...shown))), high = Math.ceil(Math.log10(Math.max(...shown)));
  const powers = Array.from({ length: high - low + 1 || 0 }, (_, i) => low + i);
  const texts = medians.map((row, r) => row.map((v, c) => {
    const runs = cells[r][c];
    return `median ${shownNumber(v ?? NaN)}<br>${runs.filter((i) => done[i]).length} of ${runs.length} runs done`;
  }));
  const trace = {
    type: "heatmap", z: medians.map((row) => row.map((v) => (v === null || (log && v <= 0) ? null : log ? Math.log10(v) : v))),
    x: axes[across].values.map((_, i) => i), y: cells.map((_, i) => i), xgap: 1, ygap: 1, colorscale: "Viridis",
    text: texts, hovertemplate: "%{text}<extra></extra>",
    colorbar: { title: { text: data.titles[metric], side: "right" }, thickness: 14,
      ...(log ? { tickvals: powers, ticktext: powers.map((p) => `10<sup>${p}</sup>`) } : {}) },
  };
  const ticks = (key) => ({ tickvals: axes[key].values.map((_, i) => i), ticktext: axes[key].values.map(plain), title: { text: data.titles[key] }, showgrid: false, zeroline: false });
  const sideways = across === up ? { visible: false, showgrid: false } : ticks(up);
  const wide = layout({ xaxis: ticks(across), yaxis: sideways, margin: { l: 60, r: 10, t: 10, b: 50 } });
  return Plotly.react("map", [trace], { ...wide, plot_bgcolor: theme().band }, config);
}

chart(drawMap).then(() => {
  element("map").on("plotly_click", (event) => {
    const { x, y } = event.points[0];
    open(cells[y][x]);
  });
});
for (const id of ["metric", "across", "up"]) element(id).addEventListener("change", drawMap);

// --- curves -----------------------------------------------------------------------------------

const MOST = 50; // curves at once
let chosen = [];
if (data.curves) options(element("curve"), data.curve_names, data.curve_names[0]);

function nameOf(i) {
  const values = keys.map((key) => `${data.names[key]} ${axes[key].values[axes[key].index[i]]}`);
  return `${columns.id[i]}: ${values.join(", ")}`;
}

function open(runs) {
  chosen = runs;
  for (const row of element("results").tBodies[0].rows) row.classList.toggle("chosen", runs.includes(Number(row.dataset.run)));
  const names = runs.slice(0, 3).map(nameOf).join("; ") + (runs.length > 3 ? ` and ${runs.length - 3} more` : "");
  element("chosen").textContent = !runs.length ? "No run has ended in this cell." : data.curves ? names : `${names} – ${data.no_curves}`;
  drawChosen();
}

function drawChosen() {
  if (!data.curves) return undefined;
  const known = chosen.filter((i) => data.curves[columns.id[i]]).slice(0, MOST);
  element("curves").hidden = known.length === 0;
  if (!known.length) {
    if (chosen.length) element("chosen").textContent += " – no log of it was found.";
    return undefined;
  }
  const name = element("curve").value;
  let last = 1;
  const traces = known.map((i, n) => {
    const curve = data.curves[columns.id[i]];
    const at = numbers(curve.step), y = numbers(curve[name]);
    last = Math.max(last, at[at.length - 1]);
    return {
      x: at.map(onAxis), y: data.log.includes(name) ? positive(y) : finite(y), customdata: at, mode: at.length <= 3 ? "lines+markers" : "lines",
      name: plain(columns.id[i]), line: { color: colourOf(n), width: 1.5 }, hovertemplate: "%{y:.3g} at step %{customdata}<extra>%{fullData.name}</extra>",
    };
  });
  return Plotly.react("curves", traces, layout({
    xaxis: stepAxis(last), yaxis: { type: data.log.includes(name) ? "log" : "linear", title: { text: data.titles[name] } },
    showlegend: known.length <= 10,
  }), config);
}
charts.push(() => (chosen.length ? drawChosen() : undefined));
element("curve").addEventListener("change", drawChosen);

// --- the table --------------------------------------------------------------------------------

const table = element("results");
const heads = ["id", ...keys, ...data.shown, "status", "message"];
let order = everyRun, sortedBy = null, ascending = true;

const cellValue = (name, i) => (axes[name] ? axes[name].index[i] : columns[name][i]);
const cellText = (name, i) => {
  if (axes[name]) return axes[name].values[axes[name].index[i]];
  const value = columns[name][i];
  return typeof value === "number" ? shownNumber(value) : value ?? "";
};

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.isFinite(b) - Number.isFinite(a);
    return ascending ? a - b : b - a;
  }
  return (ascending ? 1 : -1) * String(a ?? "").localeCompare(String(b ?? ""));
}

function sortBy(name) {
  ascending = sortedBy === name ? !ascending : true;
  sortedBy = name;
  order = [...everyRun].sort((i, j) => compare(cellValue(name, i), cellValue(name, j)) || i - j);
  fillHead();
  fillBody();
  table.tHead.querySelectorAll("button")[heads.indexOf(name)].focus();
}

function fillHead() {
  const row = document.createElement("tr");
  for (const name of heads) {
    const head = document.createElement("th"), button = document.createElement("button");
    head.scope = "col";
    button.type = "button";
    button.textContent = (data.names[name] ?? name) + (name === sortedBy ? (ascending ? " ▲" : " ▼") : "");
    head.setAttribute("aria-sort", name !== sortedBy ? "none" : ascending ? "ascending" : "descending");
    button.addEventListener("click", () => sortBy(name));
    head.append(button);
    row.append(head);
  }
  table.tHead.replaceChildren(row);
}

function fillBody() {
  const rows = order.slice(0, data.most_rows).map((i) => {
    const row = document.createElement("tr");
    row.dataset.run = String(i);
    row.classList.toggle("chosen", chosen.includes(i));
    for (const name of heads) {
      const cell = document.createElement("td");
      if (name === "id") {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = columns.id[i];
        button.addEventListener("click", () => {
          open([i]);
          element("curves-title").scrollIntoView();
        });
        cell.append(button);
      } else {
        cell.textContent = cellText(name, i);
        if (name === "message") cell.className = "text";
      }
      row.append(cell);
    }
    return row;
  });
  table.tBodies[0].replaceChildren(...rows);
}

fillHead();
fillBody();
