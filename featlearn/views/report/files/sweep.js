"use strict";
// The page of a sweep: a heat map whose cells open the curves of their runs, and a table that can be sorted.

const columns = Object.fromEntries(
  Object.entries(data.columns).map(([name, column]) => [name, Array.isArray(column) ? column : numbers(column)]),
);
const shownText = (text) => (/^-?[\d.]+e[+-]\d+$/.test(text) ? text.replace(/e\+?(-?)0*/, "e$1").replaceAll("-", "−") : text); // numbers as shownNumber has them
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
const varied = keys.slice(0, -1); // without the seed: runs that differ in these have different settings
const fixed = Object.fromEntries(varied.map((key) => [key, 0])); // where an axis stands while the map does not show it

function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return !sorted.length ? null : sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The axes that the map does not show, but for the seed: a median over them would mix settings. */
const hidden = () => varied.filter((key) => key !== element("across").value && key !== element("up").value);

/** The runs of each cell of the map, as cells[row][column]. */
function cellsOf(across, up) {
  const same = across === up, others = hidden();
  const cells = (same ? [0] : axes[up].values).map(() => axes[across].values.map(() => []));
  for (const i of everyRun) {
    if (others.every((key) => axes[key].index[i] === fixed[key])) cells[same ? 0 : axes[up].index[i]][axes[across].index[i]].push(i);
  }
  return cells;
}

/** A choice of the value of each axis that the map does not show. */
function offerFixed() {
  element("fixed").hidden = !hidden().length;
  element("fixed").replaceChildren(...hidden().map((key, n) => {
    const field = document.createElement("span"), label = document.createElement("label"), select = document.createElement("select");
    field.className = "field";
    label.textContent = data.names[key];
    label.htmlFor = select.id = `fixed-${n}`;
    axes[key].values.forEach((text, i) => select.append(new Option(shownText(text), i)));
    select.value = String(fixed[key]);
    select.addEventListener("change", () => {
      fixed[key] = Number(select.value);
      drawMap();
    });
    field.append(label, select);
    return field;
  }));
}

/** What the value of a cell is: a median where several runs meet. */
const valueInWords = (runs) => (runs.length > 1 ? "median " : "");

/** How many runs of a cell are done; where none is, how they ended. */
function doneInWords(runs) {
  const known = runs.filter((i) => done[i]).length;
  if (!runs.length) return "no run here";
  if (!known) return `none done (${[...new Set(runs.map((i) => columns.status[i]))].join(", ")})`;
  return runs.length > 1 ? `${known} of ${runs.length} runs done` : "";
}

/** What the cells of the map are. */
function cellsInWords() {
  const all = cells.flat(), most = Math.max(...all.map((runs) => runs.length));
  const values = hidden().map((key) => `${data.names[key]} = ${shownText(axes[key].values[fixed[key]])}`);
  const what = most > 1 ? `the median over those of its ${most} runs, one a seed, that are done` : "one run";
  const none = all.filter(noneDone).flatMap((runs) => runs.map((i) => columns.status[i]));
  const crosses = none.length ? ` ×: none done (${[...new Set(none)].join(", ")}).` : "";
  return `Each cell is ${what}.${values.length ? ` Fixed: ${values.join(", ")}.` : ""}${crosses}`;
}

const noneDone = (runs) => runs.length > 0 && !runs.some((i) => done[i]);

const CELL = [58, 18]; // the least size of a cell with a number in it, in pixels
let cells = [], medians = [], at = null; // the cell that the arrow keys have come to
function drawMap() {
  const metric = element("metric").value, across = element("across").value, up = element("up").value;
  cells = cellsOf(across, up);
  medians = cells.map((row) => row.map((runs) => median(runs.filter((i) => done[i]).map((i) => columns[metric][i]))));
  const shown = medians.flat().filter((v) => v > 0);
  const log = data.log.includes(metric) && shown.length > 0;
  const low = Math.min(...shown), high = Math.max(...shown);
  const ticks = log ? logTicks(low === high ? low / 2 : low, low === high ? 2 * high : high) : null;
  if (at && (at.row >= cells.length || at.column >= cells[0].length)) at = null;
  element("cells").textContent = cellsInWords();
  element("cell").textContent = at ? cellInWords(at) : "";
  const texts = medians.map((row, r) => row.map((v, c) => {
    const runs = cells[r][c], value = runs.some((i) => done[i]) ? `${valueInWords(runs)}${shownNumber(v ?? NaN)}` : "";
    return [value, doneInWords(runs)].filter(Boolean).join("<br>");
  }));
  const crossed = cells.flatMap((row, y) => row.map((runs, x) => ({ x, y, runs }))).filter(({ runs }) => noneDone(runs));
  const crosses = {
    type: "scatter", mode: "markers", name: "none done", x: crossed.map(({ x }) => x), y: crossed.map(({ y }) => y), hoverinfo: "skip", showlegend: false,
    marker: { symbol: "x-thin", size: 12, color: theme().ink, line: { width: 2, color: theme().ink } },
  };
  const trace = {
    type: "heatmap", z: medians.map((row) => row.map((v) => (v === null || (log && v <= 0) ? null : log ? Math.log10(v) : v))),
    x: axes[across].values.map((_, i) => i), y: cells.map((_, i) => i), xgap: 1, ygap: 1, colorscale: data.colour_scale.map((colour, i, all) => [i / (all.length - 1), colour]),
    customdata: texts, hovertemplate: "%{customdata}<extra></extra>",
    showscale: medians.flat().some((v) => v !== null), ...(log ? { zmin: Math.log10(low === high ? low / 2 : low), zmax: Math.log10(low === high ? 2 * high : high) } : {}),
    colorbar: { title: { text: data.titles[metric], side: "right" }, thickness: 14,
      ...(log ? { tickvals: ticks.tickvals.map(Math.log10), ticktext: ticks.ticktext } : {}) },
  };
  const named = (key) => ({ tickvals: axes[key].values.map((_, i) => i), ticktext: axes[key].values.map((text) => plain(shownText(text))), title: { text: data.titles[key], standoff: 10 }, showgrid: false, zeroline: false });
  const sideways = across === up ? { visible: false, showgrid: false } : named(up);
  const wide = layout({ xaxis: named(across), yaxis: sideways, margin: { l: 60, r: 10, t: 10, b: 50 }, shapes: at ? [frameOf(at)] : [], annotations: written(trace) });
  return Plotly.react("map", [trace, crosses], { ...wide, plot_bgcolor: theme().band }, config);
}

/** The numbers in the cells, where these are large enough: black or white, whichever is the more legible. */
function written({ z, zmin, zmax }) {
  const place = element("map"), shown = z.flat().filter((v) => v !== null);
  if (place.clientWidth * 0.75 < CELL[0] * z[0].length || place.clientHeight * 0.75 < CELL[1] * z.length) return [];
  const low = zmin ?? Math.min(...shown), high = zmax ?? Math.max(...shown);
  return z.flatMap((row, y) => row.map((v, x) => ({
    x, y, showarrow: false, text: cells[y][x].some((i) => done[i]) ? shownNumber(medians[y][x] ?? NaN) : "",
    font: { color: v === null ? theme().ink : inkOn(high > low ? (v - low) / (high - low) : 0.5) },
  })));
}

/** Black or white on a colour of the scale, between whose places it is interpolated. */
function inkOn(share) {
  const scale = data.colour_scale, place = share * (scale.length - 1), below = Math.min(Math.floor(place), scale.length - 2);
  const part = (colour, c) => parseInt(colour.slice(1 + 2 * c, 3 + 2 * c), 16) / 255;
  const linear = [0, 1, 2].map((c) => part(scale[below], c) + (place - below) * (part(scale[below + 1], c) - part(scale[below], c)));
  const light = linear.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000000" : "#ffffff";
}

const frameOf = ({ row, column }) => ({
  type: "rect", x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5, line: { color: COLOURS[1], width: 4 },
});

/** What a cell holds, in words. */
function cellInWords({ row, column }) {
  const across = element("across").value, up = element("up").value, runs = cells[row][column];
  const where = [across, ...(across === up ? [] : [up])].map((key, i) => `${data.names[key]} ${shownText(axes[key].values[i ? row : column])}`);
  const value = runs.some((i) => done[i]) ? `${valueInWords(runs)}${data.names[element("metric").value]} ${shownNumber(medians[row][column] ?? NaN)}` : "";
  return `${where.join(", ")}: ${[value, doneInWords(runs)].filter(Boolean).join(", ")}`;
}

function goTo(cell) {
  at = cell;
  element("cell").textContent = cellInWords(cell);
  return Plotly.relayout("map", { shapes: [frameOf(cell)] });
}

function startMap() {
  options(element("metric"), data.metrics, data.metrics[0]);
  options(element("across"), keys, keys[0]);
  options(element("up"), keys, keys[1]);
  offerFixed();
  chart(drawMap).then(() => element("map").on("plotly_click", (event) => {
    const { x, y } = event.points[0];
    goTo({ row: y, column: x });
    open(cells[y][x]);
  }));
  element("map").addEventListener("keydown", moveOnMap);
  element("metric").addEventListener("change", drawMap);
  for (const id of ["across", "up"]) {
    element(id).addEventListener("change", () => {
      offerFixed();
      drawMap();
    });
  }
}

function moveOnMap(event) {
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[event.key];
  if (event.key === "Enter" && at) open(cells[at.row][at.column]);
  if (!move) return;
  event.preventDefault();
  const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
  goTo(at ? { row: within(at.row + move[0], cells.length), column: within(at.column + move[1], cells[0].length) } : { row: 0, column: 0 });
}

if (varied.length) startMap();

// --- curves -----------------------------------------------------------------------------------

const MOST = 50; // curves at once
let chosen = [];
if (data.curves) options(element("curve"), data.curve_names, data.curve_names[0]);

function nameOf(i) {
  const values = keys.map((key) => `${data.names[key]} ${shownText(axes[key].values[axes[key].index[i]])}`);
  return `${columns.id[i]}: ${values.join(", ")}`;
}

function open(runs) {
  chosen = runs;
  for (const row of element("results").tBodies[0].rows) {
    const own = runs.includes(Number(row.dataset.run));
    row.classList.toggle("chosen", own);
    row.querySelector("button").setAttribute("aria-pressed", String(own));
  }
  const names = runs.slice(0, 3).map(nameOf).join("; ") + (runs.length > 3 ? ` and ${runs.length - 3} more` : "");
  element("chosen").textContent = !runs.length ? "No run is chosen." : data.curves ? names : `${names} – ${data.no_curves}`;
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
      x: at.map(onAxis), y: data.log.includes(name) ? positive(y) : finite(y), customdata: at, text: y.map((value) => shownNumber(value)), mode: at.length <= 3 ? "lines+markers" : "lines",
      name: plain(columns.id[i]), line: { color: colourOf(n), width: 1.5, dash: ["solid", "dash", "dot", "dashdot"][n % 4] }, hovertemplate: "%{text} at step %{customdata}<extra>%{fullData.name}</extra>",
    };
  });
  return Plotly.react("curves", traces, layout({
    xaxis: stepAxis(last), yaxis: (data.log.includes(name) ? logAxis : (_, more) => more)(traces.map((t) => t.y), { title: { text: data.titles[name] } }),
    showlegend: known.length <= 10,
  }), config);
}
charts.push(() => (chosen.length ? drawChosen() : undefined));
element("curve").addEventListener("change", drawChosen);

// --- the table --------------------------------------------------------------------------------

const table = element("results");
const heads = ["id", ...keys, ...data.shown, "status", ...(Object.keys(data.pages).length ? ["page"] : []), ...(columns.message.some(Boolean) ? ["message"] : [])];
let order = everyRun, sortedBy = null, ascending = true;

const cellValue = (name, i) => (name === "page" ? cellText(name, i) : axes[name] ? axes[name].index[i] : columns[name][i]);
const cellText = (name, i) => {
  if (name === "page") return data.pages[columns.id[i]] ? "page" : "";
  if (axes[name]) return shownText(axes[name].values[axes[name].index[i]]);
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
    if (name === "message") head.className = "left";
    button.type = "button";
    button.textContent = (data.heads[name] ?? name) + (name === sortedBy ? (ascending ? " ▲" : " ▼") : "");
    head.setAttribute("aria-sort", name !== sortedBy ? "none" : ascending ? "ascending" : "descending");
    button.addEventListener("click", () => sortBy(name));
    head.append(button);
    row.append(head);
  }
  table.tHead.replaceChildren(row);
}

/** The runs of the table: those that hold every word of the filter. */
function shownRuns() {
  const words = element("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = words.length ? order.filter((i) => ((text) => words.every((word) => text.includes(word)))(heads.map((name) => cellText(name, i)).join(" ").toLowerCase())) : order;
  return kept.slice(0, data.most_rows);
}

function fillBody() {
  const rows = shownRuns().map((i, place) => {
    const row = document.createElement("tr");
    row.dataset.run = String(i);
    row.classList.toggle("chosen", chosen.includes(i));
    for (const name of heads) {
      const cell = document.createElement("td");
      if (name === "id") {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = columns.id[i];
        button.tabIndex = place ? -1 : 0; // one stop for the table: arrow keys go on from there
        button.setAttribute("aria-pressed", String(chosen.includes(i)));
        button.addEventListener("click", () => open(chosen.includes(i) ? chosen.filter((other) => other !== i) : [...chosen, i]));
        cell.append(button);
      } else if (name === "page" && data.pages[columns.id[i]]) {
        const link = document.createElement("a");
        link.href = data.pages[columns.id[i]];
        link.textContent = "page";
        link.setAttribute("aria-label", `page of run ${columns.id[i]}`);
        cell.append(link);
      } else {
        cell.textContent = cellText(name, i);
        if (name === "message") cell.className = "text long";
        if (name === "status") cell.className = ["done", "diverged", "failed"].find((status) => status === columns.status[i]) ?? "";
      }
      row.append(cell);
    }
    return row;
  });
  table.tBodies[0].replaceChildren(...rows);
}

fillHead();
fillBody();

table.tBodies[0].addEventListener("keydown", (event) => {
  const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!move) return;
  event.preventDefault();
  const buttons = [...table.tBodies[0].querySelectorAll("button")];
  const next = buttons[buttons.indexOf(event.target) + move];
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
element("filter").addEventListener("input", fillBody);
element("clear").addEventListener("click", () => open([]));
element("csv").addEventListener("click", () => {
  const names = ["id", ...keys, ...data.metrics.filter((name) => !keys.includes(name)), "status"];
  const value = (name, i) => (axes[name] ? axes[name].values[axes[name].index[i]] : columns[name][i]);
  download("results.csv", csvOf([names, ...order.map((i) => names.map((name) => value(name, i)))]));
});
