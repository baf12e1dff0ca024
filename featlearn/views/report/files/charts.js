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
const dark = matchMedia("(prefers-color-scheme: dark)");
/** The colour for text beside what has the colour of k. */
const textColourOf = (k) => data.text_colours[dark.matches ? "dark" : "light"][k % COLOURS.length];

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
dark.addEventListener("change", () => charts.forEach((draw) => draw()));

const START = 0.4; // where a logarithmic axis shows step 0
const onAxis = (step) => Math.max(step, START);

// --- ticks: in one form, and no more than can be read

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (n) => `10${n < 0 ? "⁻" : ""}${[...String(Math.abs(n))].map((digit) => RAISED[digit]).join("")}`;

/** The texts of powers of ten: 0.1, 1, 10 where these are short, else 10⁻¹, 10⁰, 10¹. */
function powers(exponents) {
  const short = exponents.every((n) => n >= -2 && n <= 3);
  return exponents.map((n) => (short ? String(Number((10 ** n).toPrecision(3))) : power(n)));
}

/** Values of a logarithmic axis from low to high, and their texts. */
function logTicks(low, high, most = 6) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const whole = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  if (whole.length >= 3) {
    const every = Math.ceil(whole.length / most);
    const kept = whole.filter((_, i) => (whole.length - 1 - i) % every === 0);
    return { tickvals: kept.map((n) => 10 ** n), ticktext: powers(kept) };
  }
  for (const between of [[1, 2, 5], [1, 3]]) {
    const values = [first - 1, ...whole, last + 1].flatMap((n) => between.map((k) => k * 10 ** n)).filter((v) => v >= low * 0.999 && v <= high * 1.001);
    const kept = [...new Set(values.map((v) => Number(v.toPrecision(2))))].sort((a, b) => a - b);
    if (kept.length >= 2 && kept.length <= most) return { tickvals: kept, ticktext: kept.map((v) => shownNumber(v)) };
  }
  // less than a factor of about two: evenly spaced, in as many digits as tell them apart
  const size = 10 ** Math.floor(Math.log10((high - low) / 2));
  const step = size * ([5, 2].find((k) => k * size <= (high - low) / 2) ?? 1), start = Math.ceil(low / step - 1e-6);
  const digits = Math.max(3, Math.ceil(Math.log10(high / step) + 1e-9) + 1);
  const even = Array.from({ length: Math.floor(high / step + 1e-6) - start + 1 }, (_, i) => Number(((start + i) * step).toPrecision(digits)));
  const kept = even.filter((_, i) => even.length <= most || i % 2 === 0);
  return { tickvals: kept, ticktext: kept.map((v) => shownNumber(v, digits)) };
}

/** A logarithmic axis for columns of values; a linear one where none is positive. */
function logAxis(columns, more, most = 6) {
  let low = Infinity, high = 0;
  for (const values of columns) for (const v of values) if (v > 0 && Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!high) return { ...more };
  const room = Math.max(0.05 * Math.log10(high / low), 0.1);
  const range = [Math.log10(low) - room, Math.log10(high) + room];
  const ticks = low === high ? { tickvals: [low], ticktext: [shownNumber(low)] } : logTicks(10 ** range[0], 10 ** range[1], most);
  return { type: "log", range, ...ticks, ...more };
}

/** An axis of steps from 0 on. */
function stepAxis(last, more) {
  const whole = Array.from({ length: Math.floor(Math.log10(Math.max(last, 1) * 1.2)) + 1 }, (_, n) => n);
  const ticks = [START, ...whole.map((n) => 10 ** n)], names = ["0", ...powers(whole)];
  const range = [Math.log10(START), Math.log10(Math.max(last, 2) * 1.1)];
  return { type: "log", tickvals: ticks, ticktext: names, range, title: { text: "step" }, ...more };
}

const positive = (values) => values.map((y) => (y > 0 ? y : null));
const finite = (values) => values.map((y) => (Number.isFinite(y) ? y : null));

/** A number with three digits, or more, as the tables have it: 0.00123, 1.31e−6, 1.23e4; counts in full. */
function shownNumber(x, digits = 3) {
  if (!Number.isFinite(x)) return "–";
  const exponent = Number(x.toExponential(digits - 1).split("e")[1]);
  const counts = Number.isInteger(x) && Math.abs(x) < 1e6;
  const text = !counts && (exponent < -4 || exponent >= digits) ? x.toExponential(digits - 1).replace(/\.?0*e/, "e").replace("e+", "e") : String(counts ? x : Number(x.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/** An angle as the tables have it. */
const shownAngle = (angle) => (Number.isFinite(angle) ? `${angle.toFixed(2)}°` : "–");

// --- what can be taken away

/** Offer a text as a file. */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A value as a CSV file holds it; nothing in it is taken for a formula. */
function csvCell(value) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
const csvOf = (rows) => rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

for (const button of document.querySelectorAll("button.image")) {
  const chart = button.dataset.chart;
  button.setAttribute("aria-label", `image of the chart: ${chart}`);
  button.addEventListener("click", () => Plotly.downloadImage(chart, { format: "png", scale: 2, filename: chart }));
}
