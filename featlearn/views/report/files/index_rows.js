"use strict";
// What is known of each run, and its row in the table. Text from users reaches the page as text only.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const STATUS_CLASSES = { done: "done", diverged: "diverged", failed: "failed", unreadable: "failed" };
const notSettings = new Set(["name", "kind", "status", "created", "config_hash", "backend", "device", "tags", "note", ...Object.values(data.headed).flat()]);

/** Rows as they arrive, whose values have their keys in lists that many rows share. */
function unpacked({ shapes, rows }) {
  return rows.map((row) => {
    const [shape, ...values] = row.values;
    return { ...row, values: new Map(shapes[shape].map((key, i) => [key, values[i]])) };
  });
}

/** What the words of the filter are looked for in. */
function textOf(row) {
  row.text ??= [
    row.id, ...["name", "kind", "status", "note"].map((key) => row.values.get(key) ?? ""), ...row.values.get("tags"), row.error ?? "",
    ...[...row.values].filter(([key]) => !notSettings.has(key)).map(([key, value]) => `${key}=${writtenValue(value)}`),
  ].join("\n").toLowerCase();
  return row.text;
}

function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const bytesOf = (text) => Array.from(atob(text), (c) => c.charCodeAt(0));
const colourOf = (k) => data.colours[k % data.colours.length];

/** The neurons at the end, in the half plane or the plane of the teacher. */
function neuronsPicture({ neurons, teachers, half }) {
  const angle = (byte) => (half ? (Math.PI * byte) / 255 : (2 * Math.PI * byte) / 256);
  const at = (byte, radius) => [(radius * Math.cos(angle(byte))).toFixed(3), (-radius * Math.sin(angle(byte))).toFixed(3)];
  const bytes = bytesOf(neurons), rays = bytesOf(teachers), dots = [];
  for (let i = 0; i < bytes.length; i += 4) dots.push(bytes.slice(i, i + 4));
  const label = `${dots.length === 1 ? "neurons at 1 place" : `neurons at ${dots.length} places`} of the plane, ${rays.length} teacher ${half ? "lines" : "directions"}`;
  const circle = half ? drawn("path", { d: "M-1 0A1 1 0 0 1 1 0Z", class: "rim" }) : drawn("circle", { r: 1, class: "rim" });
  const box = half ? { viewBox: "-1.25 -1.25 2.5 1.45", width: 62, height: 36 } : { viewBox: "-1.25 -1.25 2.5 2.5", width: 44, height: 44 };
  return drawn("svg", { ...box, role: "img", "aria-label": label },
    circle,
    ...rays.map((byte, k) => drawn("line", { x1: 0, y1: 0, x2: at(byte, 1.2)[0], y2: at(byte, 1.2)[1], stroke: colourOf(k), "stroke-width": 0.06 })),
    ...dots.map(([byte, radius, mass, k]) => {
      const [cx, cy] = at(byte, radius / 255);
      return drawn("circle", { cx, cy, r: Math.max(0.05, 0.2 * (mass / 255)).toFixed(3), fill: colourOf(k), class: "dot" });
    }));
}

/** The loss over the rows of the log. */
function lossPicture({ loss, column, first, last }) {
  const bytes = bytesOf(loss), width = 96, height = 30, pieces = [];
  bytes.forEach((byte, i) => {
    if (byte === 255) return;
    const point = `${(2 + ((width - 4) * i) / Math.max(bytes.length - 1, 1)).toFixed(1)} ${(height - 3 - ((height - 6) * byte) / 254).toFixed(1)}`;
    pieces.push(`${i && bytes[i - 1] !== 255 ? "L" : "M"}${point}`);
  });
  const number = (x) => (x === null ? "none" : Number(x.toPrecision(3)));
  const label = `${column.replaceAll("_", " ")} from ${number(first)} to ${number(last)}`;
  return drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, drawn("path", { d: pieces.join(""), class: "curve" }));
}

/** How a run stands; of one that runs, with how far it is. */
function statusCell(row) {
  const status = row.values.get("status"), cell = node("td", { className: `left ${STATUS_CLASSES[status] ?? ""}` }, row.status);
  const step = row.values.get("step");
  if (row.steps && step !== undefined) {
    cell.append(node("br"), node("small", {}, `step ${step} of ${row.steps}`), node("br"), node("progress", { value: step, max: row.steps, "aria-label": "steps done" }));
  }
  if (row.error) cell.append(node("br"), node("small", { className: "error" }, row.error));
  return cell;
}

/** The value of a row by which a column sorts; undefined where there is none. */
const valueOf = (row, key) => (key === "id" ? row.id : key === "tags" ? row.values.get("tags").join(" ") || undefined : (row.values.get(key) ?? undefined));

function cellText(row, key) {
  if (row.texts[key] !== undefined) return row.texts[key];
  const value = row.values.get(key);
  return value === undefined ? "" : typeof value === "string" ? value : Array.isArray(value) ? value.map(writtenValue).join(", ") : typeof value === "boolean" ? String(value) : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** What to type for a page about some runs. */
const commandFor = (rows) => `featlearn report ${rows.map((row) => row.typed).join(" ")}${data.where}`;

/** The name of a row, which leads to its page; where there is none yet, with a button for the command that makes it. */
function nameOf(row) {
  if (row.page) return [node("a", { href: row.page, "data-does": "open", tabIndex: -1 }, row.id)];
  if (!row.typed || row.values.get("kind") === "reproduction" || row.values.get("status") === "unreadable") return [row.id];
  const title = commandFor([row]);
  return [row.id, " ", node("button", { type: "button", "data-does": "copy", tabIndex: -1, title, "aria-label": `copy: ${title}` }, "copy command")];
}

/** The cells of a row, in the order of the columns; what acts on them is told by data-does. */
function cellsOf(row, columns, isChosen) {
  return columns.map(({ key, text }) => {
    if (key === "choose") {
      if (row.values.get("kind") !== "run" || row.values.get("status") === "unreadable" || !row.typed) return node("td");
      return node("td", {}, node("input", { type: "checkbox", checked: isChosen, "data-does": "choose", tabIndex: -1, "aria-label": `choose ${row.id}` }));
    }
    if (key === "id") return node("th", { scope: "row", className: "left name" }, ...nameOf(row));
    if (key === "status") return statusCell(row);
    if (key === "neurons") return node("td", {}, row.drawn?.neurons === undefined ? "" : neuronsPicture(row.drawn));
    if (key === "curve") return node("td", {}, row.drawn?.loss === undefined ? "" : lossPicture(row.drawn));
    if (key === "tags") return node("td", { className: "left tagged" }, ...row.values.get("tags").map((tag) => node("span", { className: "tag" }, tag)));
    return node("td", { className: key === "note" ? "text" : text ? "left" : "" }, key === "created" ? cellText(row, key).slice(0, 16).replace("T", " ") : cellText(row, key));
  });
}
