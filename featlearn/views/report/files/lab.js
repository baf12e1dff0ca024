"use strict";
// The page of the laboratory: its controls, and the loop that trains.

const part = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const PRESETS = {
  lines: [{}, "One dot after the other climbs onto a teacher line or fades. The curve sinks into the band and rests on its edge, touching it at the lines."],
  die: [{ decay: 0.05, lines: [{ angle: 30, weight: 1 }, { angle: 90, weight: 0.5 }, { angle: 150, weight: 1 }] },
    "Now raise λ step by step: all lines lose mass, the weakest dies first, near 0.15, and at 0.3 nothing is left."],
  close: [{ decay: 0.05, lines: [{ angle: 85, weight: 1 }, { angle: 95, weight: 1 }] },
    "At this λ one line between the two is best. Lower λ to 0.01 or less and watch the curve lift on both sides of it: the neurons part."],
  blurred: [{ decay: 0, start: 0.4 }, "The loss falls all the way, but the directions stay as they happen to fit. Then raise λ to 0.005: neurons that cancel each other vanish, the rest turn to the lines."],
  signs: [{ decay: 0.001, lines: [{ angle: 30, weight: 1 }, { angle: 75, weight: -1 }, { angle: 130, weight: 1 }] }, "A line of negative weight takes open dots, where the curve touches the lower edge."],
  circle: [{ activation: "plain_relu", decay: 0.001, lines: [{ angle: 20, weight: 1 }, { angle: 100, weight: 0.8 }, { angle: 300, weight: 1 }] }, "Plain relu tells w from −w: directions instead of lines."],
};
const SLIDERS = ["decay", "step", "start"];

let experiment = new Experiment(settingsOf(location.hash));
let playing = false, rate = 0, last = 0, drawnAt = 0, due = 0;

const plane = new Plane(part("plane"), (k, angle) => {
  experiment.settings.lines[k].angle = wrapped(angle, experiment.turn);
  retaught();
});
const pictures = [plane, new Pull(part("pull"))], curves = [new Losses(part("losses")), new Angles(part("angles"))];

// --- showing

function show({ renewed = false, all = true } = {}) {
  const { engine, measures, settings } = experiment;
  for (const picture of pictures) picture.show(experiment, renewed);
  if (all) for (const curve of curves) curve.show(experiment, renewed);
  const facts = {
    steps: engine.steps, loss: shownNumber(experiment.loss), objective: shownNumber(experiment.objective),
    mean_angle: shownAngle(measures.mean_angle), aligned_mass: `${(100 * measures.aligned_mass).toFixed(1)} %`,
    alive: measures.alive, recovered: `${measures.recovered} of ${settings.lines.length}`, rate: rate ? String(Math.round(rate)) : "–",
  };
  for (const [name, value] of Object.entries(facts)) part(name).textContent = value;
  if (all) showConfiguration();
}

function showConfiguration() {
  const { moved, settings } = experiment;
  part("moved").hidden = moved === null;
  if (moved !== null) part("moved").textContent = `The target was changed at step ${moved}, in the middle of the run. A configuration has one target from the start: press Reset, and what you train then is what this says.`;
  part("yaml").textContent = configuration();
  history.replaceState(null, "", linkOf(settings));
}

/** That of this run; before it begins, and of a target that moved, that of a run with these settings. */
function configuration() {
  const { settings, parts, moved } = experiment;
  const planned = [{ steps: 20000, step: settings.step, decay: settings.decay }];
  return yamlOf(settings, parts.length && moved === null ? parts : planned);
}

const say = (text) => { part("said").textContent = text; };

// --- training

function play(wanted) {
  if (experiment.diverged) wanted = false;
  if (playing === wanted) return;
  playing = wanted;
  part("play").textContent = playing ? "❚❚ Pause" : "▶ Play";
  part("play").setAttribute("aria-pressed", String(playing));
  [rate, last, due] = [0, performance.now(), 0];
  if (playing) requestAnimationFrame(frame);
  else show();
}

function frame(now) {
  if (!playing) return;
  const speed = Number(part("speed").value), seconds = Math.min(0.25, Math.max(0.001, (now - last) / 1000));
  last = now;
  due = Math.min(due + speed * seconds, speed); // steps that this speed owes
  const begun = performance.now(), taken = experiment.run(speed ? Math.floor(due) : Infinity, 24);
  due -= taken;
  const spent = (performance.now() - begun) / 1000;
  if (taken) rate = rate ? rate + 0.1 * ((speed ? taken / seconds : taken / spent) - rate) : speed || taken / spent;
  if (experiment.diverged) return diverged();
  const slow = now - drawnAt > (still.matches ? 1000 : 250); // of much that changes little
  if (slow || !still.matches) show({ all: slow });
  if (slow) drawnAt = now;
  requestAnimationFrame(frame);
}

function diverged() {
  playing = false;
  part("play").textContent = "▶ Play";
  part("play").setAttribute("aria-pressed", "false");
  say(`The weights diverged after step ${experiment.engine.steps}: choose a smaller step size, and press Reset.`);
  showConfiguration();
}

function restart(settings = experiment.settings) {
  experiment = new Experiment(structuredClone(settings));
  rate = 0;
  say("");
  showControls();
  show({ renewed: true });
}

function retaught() {
  experiment.setTeacher();
  say("");
  showLines();
  show({ renewed: plane.handles.length !== experiment.settings.lines.length, all: !playing });
}

// --- controls

function showControls() {
  const { settings } = experiment;
  for (const name of SLIDERS) {
    const slider = part(name), value = String(settings[name]);
    slider.max = CHOICES[name].length - 1;
    slider.value = CHOICES[name].indexOf(settings[name]);
    slider.setAttribute("aria-valuetext", value);
    part(`${name}_value`).textContent = value;
  }
  for (const name of ["dim", "width"]) {
    part(name).replaceChildren(...CHOICES[name].map((value) => new Option(value, value)));
    part(name).value = settings[name];
  }
  part("activation").value = settings.activation;
  part("seed").value = settings.seed;
  for (const text of document.querySelectorAll("[data-for]")) text.hidden = !text.dataset.for.split(" ").includes(settings.activation);
  showLines();
}

/** A row of numbers for each teacher line; what has the focus keeps it. */
function showLines() {
  const rows = part("lines"), { lines } = experiment.settings;
  while (rows.childElementCount > lines.length) rows.lastElementChild.remove();
  while (rows.childElementCount < lines.length) rows.append(lineRow(rows.childElementCount));
  lines.forEach((line, k) => {
    const [angle, weight] = rows.children[k].querySelectorAll("input");
    if (Number(angle.value) !== line.angle || !angle.value) angle.value = line.angle;
    if (Number(weight.value) !== line.weight || !weight.value) weight.value = line.weight;
    rows.children[k].querySelector("output").textContent = String(line.weight).replace("-", "−");
  });
  part("more").disabled = lines.length === MOST_LINES;
  part("fewer").disabled = lines.length === 1;
}

function lineRow(k) {
  const row = part("line").content.firstElementChild.cloneNode(true), [angle, weight] = row.querySelectorAll("input");
  row.querySelector("sub").textContent = k + 1;
  row.style.setProperty("--own", `var(--line-${k})`);
  angle.setAttribute("aria-label", `angle of teacher line ${k + 1}, degrees`);
  weight.setAttribute("aria-label", `output weight of teacher line ${k + 1}`);
  angle.addEventListener("change", () => {
    if (!angle.value || !Number.isFinite(Number(angle.value))) return void showLines();
    experiment.settings.lines[k].angle = wrapped(Number(angle.value), experiment.turn);
    retaught();
  });
  weight.addEventListener("input", () => {
    experiment.settings.lines[k].weight = Number(weight.value) || 0.1;
    retaught();
    plane.show(experiment, true);
  });
  return row;
}

/** A new line goes into the middle of the widest gap. */
function addLine() {
  const { settings, turn } = experiment, angles = settings.lines.map(({ angle }) => angle).sort((a, b) => a - b);
  const gaps = angles.map((angle, i) => (angles[i + 1] ?? angles[0] + turn) - angle), widest = Math.max(...gaps);
  settings.lines.push({ angle: Math.round(wrapped(angles[gaps.indexOf(widest)] + widest / 2, turn)), weight: 1 });
  retaught();
}

async function copied(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = button.dataset.name ??= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1500);
}

part("play").addEventListener("click", () => play(!playing));
part("one").addEventListener("click", () => {
  play(false);
  experiment.run(1, 1000);
  if (experiment.diverged) diverged();
  else show();
});
part("reset").addEventListener("click", () => {
  play(false);
  restart();
});
for (const name of SLIDERS) {
  part(name).addEventListener("input", () => {
    experiment.settings[name] = CHOICES[name][Number(part(name).value)];
    if (name === "start") return restart();
    showControls();
    if (!experiment.diverged) experiment.look();
    show({ all: !playing });
  });
}
for (const name of ["dim", "width", "activation", "seed"]) {
  part(name).addEventListener("change", () => {
    const value = part(name).value, seed = Math.min(2 ** 32 - 1, Math.max(0, Math.floor(Number(value)) || 0));
    const link = linkOf({ ...experiment.settings, [name]: name === "activation" ? value : name === "seed" ? seed : Number(value) });
    restart(settingsOf(link));
  });
}
part("more").addEventListener("click", addLine);
part("fewer").addEventListener("click", () => {
  experiment.settings.lines.pop();
  retaught();
});
for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", () => {
    const [settings, hint] = PRESETS[button.dataset.preset];
    play(false);
    restart({ ...structuredClone(SETTINGS), ...settings });
    part("hint").textContent = hint;
    play(true);
  });
}
part("copy").addEventListener("click", () => copied(configuration(), part("copy")));
part("link").addEventListener("click", () => copied(location.href.split("#")[0] + linkOf(experiment.settings), part("link")));
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.target.closest("button, input, select, summary, a, pre")) return;
  event.preventDefault();
  play(!playing);
});
window.addEventListener("hashchange", () => {
  play(false);
  restart(settingsOf(location.hash));
});
part("speed").value = "600";
COLOURS.forEach((colour, k) => document.documentElement.style.setProperty(`--line-${k}`, colour));
restart();
part("plane").data = experiment; // the page is ready
