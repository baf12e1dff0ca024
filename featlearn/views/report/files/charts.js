"use strict";
// What the pages of runs and of sweeps share: data, colours, axes. Text from users reaches the page as text only.

const data = JSON.parse(document.getElementById("data").textContent);

/** Numbers that travel as base64: {f4: …} or {f8: …}, little-endian floats. */
function numbers(packed) {
  const bytes = Uint8Array.from(atob(packed.f8 ?? packed.f4), (c) => c.charCodeAt(0));
  return Array.from(packed.f8 !== undefined ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer));
}

/** A user's text as Plotly shows it letter by letter. */
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const COLOURS = data.colours;
const colourOf = (k) => COLOURS[k % COLOURS.length];

function theme() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { paper: of("--paper"), ink: of("--ink"), faint: of("--faint"), line: of("--line"), band: of("--band") };
}

const config = { responsive: true, displayModeBar: false };
const touched = matchMedia("(pointer: coarse)").matches; // a finger on a chart then scrolls the page

/** A layout in the colours of the page. */
function layout(more) {
  const t = theme();
  const axis = { gridcolor: t.line, linecolor: t.line, zerolinecolor: t.line, automargin: true, exponentformat: "power" };
  const styled = {
    paper_bgcolor: t.paper, plot_bgcolor: t.paper, font: { color: t.ink, size: 13 },
    margin: { l: 60, r: 12, t: 40, b: 45 }, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    hoverlabel: { align: "left" }, dragmode: touched ? false : "zoom", ...more,
  };
  for (const name of Object.keys(styled)) {
    if (/^[xy]axis\d*$/.test(name)) styled[name] = { ...axis, ...styled[name] };
  }
  return styled;
}

const charts = [];
/** Draw a chart, and again whenever the page turns dark or light. */
async function chart(draw) {
  charts.push(draw);
  await draw();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((draw) => draw()));

const START = 0.4; // where a logarithmic axis shows step 0
const onAxis = (step) => Math.max(step, START);

/** An axis of steps from 0 on. */
function stepAxis(last, more) {
  const ticks = [START, 1];
  for (let x = 10; x <= last * 1.2; x *= 10) ticks.push(x);
  const names = ticks.map((x) => (x === START ? "0" : x < 100 ? String(x) : `10<sup>${Math.round(Math.log10(x))}</sup>`));
  const range = [Math.log10(START), Math.log10(Math.max(last, 2) * 1.1)];
  return { type: "log", tickvals: ticks, ticktext: names, range, title: { text: "step" }, ...more };
}

const positive = (values) => values.map((y) => (y > 0 ? y : null));
const finite = (values) => values.map((y) => (Number.isFinite(y) ? y : null));
const shownNumber = (x) => (Number.isFinite(x) ? String(Number(x.toPrecision(3))) : "–");
