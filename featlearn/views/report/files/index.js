"use strict";
// The page of all runs: filters, order, selection, pages of the table, and news from the server where there is one.

const element = (id) => document.getElementById(id);
const ROWS = 100; // on one page of the table
const MOST_CHOSEN = 3;
const EVERY = 2000; // milliseconds between two questions to the server
const ANY = { status: "any", kind: "any", tags: "any" };

let known = data; // what all rows have in common
const rows = new Map(); // by the names of their directories
const made = new Map(); // the rows of the table: {row, cells, line}
const filters = { words: "", status: "", kind: "", tags: "" };
let conditions = [], sortedBy = "id", ascending = false, page = 0;
const chosen = new Set();

// --- which rows, in which order -----------------------------------------------------------------

function isShown(row) {
  const { values } = row, words = filters.words.toLowerCase().split(/\s+/).filter(Boolean);
  return (!filters.status || values.get("status") === filters.status) && (!filters.kind || values.get("kind") === filters.kind)
    && (!filters.tags || values.get("tags").includes(filters.tags)) && words.every((word) => textOf(row).includes(word))
    && conditions.every((condition) => holds(condition, values));
}

/** Text before numbers, what has no value last. */
function compare(a, b) {
  const x = valueOf(a, sortedBy), y = valueOf(b, sortedBy);
  if (x === undefined || y === undefined) return (x === undefined) - (y === undefined) || order(a.id, b.id);
  const [p, q] = typeof x === "number" ? [x, y] : [String(x), String(y)];
  const found = typeof x === typeof y ? order(p, q) : order(typeof y === "string", typeof x === "string");
  return (ascending ? found : -found) || order(a.id, b.id);
}
const order = (x, y) => (x < y ? -1 : x > y ? 1 : 0);

function columnsNow() {
  const listed = known.columns.map(([key, title, text]) => ({ key, title, sorts: true, text }));
  const asked = conditions.map(({ key }) => key).filter((key) => !["name", "kind", "status", "tags", "note", "created", ...listed.map((column) => column.key)].includes(key));
  return [
    { key: "choose", title: "" }, { key: "id", title: "run", sorts: true }, { key: "status", title: "status", sorts: true },
    { key: "neurons", title: "neurons" }, { key: "curve", title: "curve" }, { key: "tags", title: "tags", sorts: true }, { key: "note", title: "note", sorts: true },
    ...[...new Set(asked)].map((key) => ({ key, title: key, sorts: true })), ...listed,
    { key: "kind", title: "kind", sorts: true, text: true }, { key: "created", title: "created", sorts: true, text: true },
  ];
}

// --- the table ------------------------------------------------------------------------------------

const table = element("runs"), body = table.tBodies[0];

/** Draw what changed, and leave focus and scroll where they are. */
function show() {
  const focus = document.activeElement, held = table.contains(focus) && { line: focus.closest("tr")?.dataset.id, does: focus.dataset.does, key: focus.dataset.key };
  const all = [...rows.values()].filter(isShown).sort(compare);
  page = Math.min(page, Math.max(0, Math.ceil(all.length / ROWS) - 1));
  const columns = columnsNow(), part = all.slice(page * ROWS, (page + 1) * ROWS);
  showHead(columns);
  const layout = columns.map(({ key }) => key).join(), lines = part.map((row) => lineOf(row, columns, layout));
  if (lines.length !== body.rows.length || lines.some((line, i) => body.rows[i] !== line)) body.replaceChildren(...lines);
  if (held && !table.contains(document.activeElement)) {
    const where = held.line === undefined ? table.tHead : lines.find((line) => line.dataset.id === held.line);
    const again = [...(where?.querySelectorAll("button, input, a") ?? [])].find((one) => one.dataset.does === held.does && one.dataset.key === held.key);
    again?.focus({ preventScroll: true });
  }
  oneStop(document.activeElement?.closest?.("#runs tbody tr") ?? body.rows[0]);
  const first = page * ROWS + 1;
  element("count").textContent = all.length > ROWS ? `${first} to ${first + part.length - 1} of ${all.length}${all.length < rows.size ? `, of ${rows.size} in all` : ""}` : `${all.length} of ${rows.size}`;
  element("before").hidden = element("after").hidden = all.length <= ROWS;
  element("before").disabled = page === 0;
  element("after").disabled = (page + 1) * ROWS >= all.length;
  showChosen();
  keepAddress();
}

/** The line of the table for a row, made anew where the row or the columns changed. */
function lineOf(row, columns, layout) {
  const isChosen = chosen.has(row.id), old = made.get(row.id);
  const line = old?.line ?? node("tr", { "data-id": row.id });
  if (old?.row !== row || old.layout !== layout) line.replaceChildren(...cellsOf(row, columns, isChosen));
  line.classList.toggle("chosen", isChosen);
  const box = line.querySelector("input");
  if (box) box.checked = isChosen;
  made.set(row.id, { row, layout, line });
  return line;
}

let headed = "";
function showHead(columns) {
  const now = JSON.stringify([columns, sortedBy, ascending]);
  if (now === headed) return;
  headed = now;
  table.tHead.replaceChildren(node("tr", {}, ...columns.map(({ key, title, sorts, text }) => {
    const head = node("th", { scope: "col", className: text || ["id", "status", "neurons", "curve", "tags", "note"].includes(key) ? "left" : "" });
    if (!sorts) return head.append(title), head;
    head.setAttribute("aria-sort", key !== sortedBy ? "none" : ascending ? "ascending" : "descending");
    const button = node("button", { type: "button", "data-key": key }, title + (key === sortedBy ? (ascending ? " ▲" : " ▼") : ""));
    button.addEventListener("click", () => {
      ascending = sortedBy === key ? !ascending : !["id", "created"].includes(key);
      [sortedBy, page] = [key, 0];
      show();
    });
    head.append(button);
    return head;
  })));
}

/** Only the controls of one line are stops of the tab key: arrow keys go on from there. */
function oneStop(line) {
  for (const other of body.querySelectorAll("[data-does][tabindex='0']")) other.tabIndex = -1;
  for (const control of line?.querySelectorAll("[data-does]") ?? []) control.tabIndex = 0;
}

body.addEventListener("focusin", (event) => oneStop(event.target.closest("tr")));
body.addEventListener("keydown", (event) => {
  const lines = [...body.rows], at = lines.indexOf(event.target.closest("tr"));
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: lines.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const down = to >= at ? 1 : -1;
  for (let i = to; lines[i]; i += event.key === "Home" ? 1 : event.key === "End" ? -1 : down) {
    const controls = [...lines[i].querySelectorAll("[data-does]")];
    const next = controls.find((one) => one.dataset.does === event.target.dataset.does) ?? controls[0];
    if (next) return next.focus();
  }
});
body.addEventListener("click", ({ target }) => {
  const id = target.closest("tr").dataset.id;
  if (target.dataset.does === "choose") choose(id, target.checked);
  if (target.dataset.does === "copy") copy(commandFor([rows.get(id)]));
});

// --- the selection --------------------------------------------------------------------------------

function choose(id, on) {
  element("copied").textContent = on && chosen.size === MOST_CHOSEN ? `No more than ${MOST_CHOSEN} runs stand side by side; choose one less first.` : "";
  if (!on) chosen.delete(id);
  else if (chosen.size < MOST_CHOSEN) chosen.add(id);
  show();
}

function showChosen() {
  for (const id of chosen) if (!rows.has(id)) chosen.delete(id);
  const some = [...chosen].map((id) => rows.get(id));
  element("chosen").textContent = some.length ? (some.length === 1 ? "1 run chosen; with one or two more, side by side:" : `${some.length} runs side by side:`) : "Choose two or three runs to see them side by side.";
  for (const id of ["command", "copy", "none"]) element(id).hidden = !some.length;
  element("command").textContent = some.length ? commandFor(some) : "";
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // where the page may not: as from a field of text
    const field = node("textarea", { value: text, className: "unseen" }), before = document.activeElement;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    before?.focus({ preventScroll: true });
  }
  element("copied").textContent = `Copied: ${text}`;
}
element("copy").addEventListener("click", () => copy(element("command").textContent));
element("none").addEventListener("click", () => {
  chosen.clear();
  show();
  body.querySelector("[data-does][tabindex='0']")?.focus({ preventScroll: true });
});

// --- filters --------------------------------------------------------------------------------------

function filtered() {
  page = 0;
  show();
}

/** What can be chosen: what occurs, with how often. */
function showChoices() {
  const all = [...rows.values()].map((row) => row.values);
  for (const name of Object.keys(ANY)) {
    const count = new Map();
    for (const values of all) for (const value of [values.get(name)].flat()) count.set(value, (count.get(value) ?? 0) + 1);
    if (filters[name]) count.set(filters[name], count.get(filters[name]) ?? 0);
    const wanted = [["", ANY[name]], ...[...count].sort(([a], [b]) => order(a, b)).map(([value, n]) => [value, `${value} (${n})`])];
    const select = element(name);
    if (JSON.stringify(wanted) === select.dataset.offers) continue;
    select.dataset.offers = JSON.stringify(wanted);
    select.replaceChildren(...wanted.map(([value, text]) => new Option(text, value)));
    select.value = filters[name];
  }
  const keys = known.keys.join("\n");
  if (element("keys").dataset.offers !== keys) element("keys").replaceChildren(...known.keys.map((key) => new Option("", `${key}=`)));
  element("keys").dataset.offers = keys;
}

function showConditions() {
  element("conditions").replaceChildren(...conditions.map((condition) => {
    const text = conditionText(condition), button = node("button", { type: "button", "aria-label": `remove ${text}` }, "×");
    button.addEventListener("click", () => {
      conditions = conditions.filter((other) => other !== condition);
      element("refused").textContent = "";
      showConditions();
      filtered();
      element("condition").focus();
    });
    return node("li", {}, text, " ", button);
  }));
}

/** Add a condition; whether it is one. */
function ask(text) {
  try {
    const condition = conditionOf(text, known), all = [...rows.values()].map((row) => row.values);
    if (!conditions.some((other) => conditionText(other) === conditionText(condition))) conditions.push(condition);
    element("refused").textContent = all.some((values) => holds(condition, values)) ? "" : whyNone(condition, all);
  } catch (error) {
    element("refused").textContent = error.message;
    return false;
  }
  showConditions();
  return true;
}

element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!ask(element("condition").value)) return;
  element("condition").value = "";
  filtered();
});
for (const name of Object.keys(filters)) {
  element(name).addEventListener(name === "words" ? "input" : "change", () => {
    filters[name] = element(name).value;
    filtered();
  });
}
element("clear").addEventListener("click", () => {
  for (const name of Object.keys(filters)) element(name).value = filters[name] = "";
  conditions = [];
  element("refused").textContent = "";
  showConditions();
  filtered();
});
for (const [id, by] of [["before", -1], ["after", 1]]) {
  element(id).addEventListener("click", () => {
    page += by;
    show();
    element("scroll").scrollTop = 0;
  });
}

// --- the address of the page holds what is asked for, so that it is there again after looking at a run ------------

function keepAddress() {
  const now = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  for (const condition of conditions) now.append("where", conditionText(condition));
  for (const id of chosen) now.append("run", id);
  if (sortedBy !== "id" || ascending) now.set("sort", `${ascending ? "" : "-"}${sortedBy}`);
  if (page) now.set("page", page + 1);
  const hash = now.size ? `#${now}` : "";
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
}

function readAddress() {
  const then = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(filters)) filters[name] = element(name).value = then.get(name) ?? "";
  then.getAll("where").forEach(ask);
  for (const id of then.getAll("run").slice(0, MOST_CHOSEN)) if (rows.get(id)?.typed) chosen.add(id);
  const sort = then.get("sort") ?? "-id";
  [sortedBy, ascending] = [sort.replace(/^-/, ""), !sort.startsWith("-")];
  page = Math.max(0, (Number.parseInt(then.get("page"), 10) || 1) - 1);
}

// --- what is known, and when it was read ------------------------------------------------------------

function take(news) {
  known = { ...known, ...news };
  for (const id of news.gone ?? []) {
    rows.delete(id);
    made.delete(id);
  }
  for (const row of unpacked(news)) rows.set(row.id, row);
  const count = (test) => [...rows.values()].filter((row) => test(row.values)).length;
  const kinds = ["run", "sweep", "reproduction"].map((kind) => [`${kind}s`, count((values) => values.get("kind") === kind)]);
  const facts = [...kinds, ["running", count((values) => values.get("status") === "running")], ["unreadable", count((values) => values.get("status") === "unreadable")]];
  const told = facts.filter(([name, n]) => n || name === "runs").map(([name, n]) => node("div", {}, node("dt", {}, name), node("dd", {}, String(n))));
  element("facts").replaceChildren(...told);
  showRead();
}

const clock = (seconds) => new Date(seconds * 1000).toLocaleString();
function showRead() {
  element("read").textContent = `Data read on ${clock(known.read)}${data.served ? "; read again every two seconds while this page is in sight." : `. For newer data: featlearn report --index${data.where}, with --watch to keep it fresh.`}`;
}

/** Ask the server what is new, and say so when it is gone. */
async function askServer() {
  if (!document.hidden) {
    try {
      const answer = await fetch(`changes?since=${known.version}`, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(answer.statusText);
      const news = await answer.json(), changed = news.version !== known.version;
      take(changed ? news : { ...news, gone: [], rows: [] });
      element("alone").textContent = "";
      if (changed) {
        showChoices();
        show();
      }
    } catch {
      if (!element("alone").textContent) element("alone").textContent = `The server does not answer since ${clock(Date.now() / 1000)}; what is shown was read on ${clock(known.read)}. Start it again with: featlearn report --index --watch${data.where}`;
    }
  }
  setTimeout(askServer, EVERY);
}

take(data);
readAddress();
showChoices();
show();
table.dataset.ready = "yes";
if (data.served) {
  setTimeout(askServer, EVERY);
  document.addEventListener("visibilitychange", () => showRead());
}
