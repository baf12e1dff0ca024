"use strict";
// An experiment of the laboratory: its settings, as a link and as a configuration, and the network in training.

const DEGREE = Math.PI / 180;
const ALIGNED_WITHIN = 5, ALIVE_ABOVE = 1e-6; // as in featlearn.theory.alignment
const MOST_LINES = 5;
const CHOICES = {
  dim: [2, 3, 4, 6, 8, 12, 16, 24, 32],
  width: [1, 2, 3, 5, 10, 20, 30, 50, 100, 150, 200, 300],
  start: [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1],
  step: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3],
  decay: [0, ...[1e-5, 1e-4, 1e-3, 0.01, 0.1].flatMap((ten) => [1, 1.5, 2, 3, 5, 7].map((k) => Number((k * ten).toPrecision(2)))), 1],
};
const SETTINGS = {
  activation: "relu", dim: 6, width: 100, start: 0.1, seed: 0, decay: 0.005, step: 0.2,
  lines: [{ angle: 25, weight: 1 }, { angle: 85, weight: 0.7 }, { angle: 145, weight: 1.2 }],
};

const turnOf = (settings) => (ACTIVATIONS[settings.activation].symmetry === "none" ? 360 : 180);
const wrapped = (angle, turn) => ((angle % turn) + turn) % turn;
const shortened = (number) => Number(number.toPrecision(6));

/** The settings as the end of an address. */
function linkOf(settings) {
  const { lines, ...rest } = settings;
  const told = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
  return `#${told.join("&")}&lines=${lines.map(({ angle, weight }) => `${shortened(angle)}:${shortened(weight)}`).join(",")}`;
}

/** The settings that the end of an address tells; what it does not tell, or tells wrongly, is as usual. */
function settingsOf(hash) {
  const told = new URLSearchParams(hash.replace(/^#/, "")), settings = structuredClone(SETTINGS);
  if (Object.hasOwn(ACTIVATIONS, told.get("activation") ?? "")) settings.activation = told.get("activation");
  for (const key of Object.keys(CHOICES)) {
    const value = told.has(key) ? Number(told.get(key)) : NaN;
    if (CHOICES[key].includes(value)) settings[key] = value;
  }
  const seed = told.has("seed") ? Number(told.get("seed")) : NaN;
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) settings.seed = seed;
  const lines = (told.get("lines") ?? "").split(",").slice(0, MOST_LINES).map((line) => line.split(":").map(Number));
  if (lines.every(([angle, weight]) => Number.isFinite(angle) && Math.abs(weight) >= 0.1 && Math.abs(weight) <= 2)) {
    settings.lines = lines.map(([angle, weight]) => ({ angle, weight }));
  }
  for (const line of settings.lines) line.angle = shortened(wrapped(line.angle, turnOf(settings)));
  return settings;
}

/** A number as YAML reads it back to the last bit: an exponent needs a point before it. */
const yamlNumber = (x) => String(x).replace(/^(-?\d+)e/, "$1.0e");

/** The rows of the teacher, one after the other: unit vectors in the plane of the first two coordinates. */
function teacherRows({ lines, dim }) {
  const rows = new Float64Array(lines.length * dim);
  lines.forEach(({ angle }, k) => rows.set([Math.cos(angle * DEGREE), Math.sin(angle * DEGREE)], k * dim));
  return rows;
}

/** The configuration of an experiment: one stage for each part of the training that has a λ and a step size of its
 *  own, {steps, step, decay}. */
function yamlOf(settings, parts) {
  const { dim, width, start, seed, lines } = settings, { name, drop } = ACTIVATIONS[settings.activation];
  const rows = teacherRows(settings), list = (values) => `[${Array.from(values, yamlNumber).join(", ")}]`;
  return [
    "# An experiment of the laboratory of featlearn: `featlearn lab`.",
    "name: laboratory",
    `seed: ${seed}`,
    "teacher:",
    "  directions:",
    ...lines.map((_, k) => `    - ${list(rows.subarray(k * dim, (k + 1) * dim))}`),
    `  output_weights: ${list(lines.map(({ weight }) => weight))}`,
    "student:",
    `  width: ${width}`,
    `  init: {kind: sphere, norm: ${yamlNumber(start)}, second_layer: {std: 1.0}, balanced: true}`,
    `activation: {name: ${name}, drop_hermite_below: ${drop}}`,
    "data: {kind: population}",
    "stages:",
    ...parts.flatMap(({ steps, step, decay }, i) => [
      `  ${parts.length > 1 ? `part_${i + 1}` : "descent"}:`,
      "    train: [first_layer, second_layer]",
      `    steps: ${steps}`,
      `    step_size: ${yamlNumber(step)}`,
      `    weight_decay: ${yamlNumber(decay)}`,
    ]),
    "",
  ].join("\n");
}

/** A network in training, and what is remembered of it. */
class Experiment {
  constructor(settings) {
    this.settings = settings;
    const { activation, dim, width, start, seed } = settings, { second, first } = sphereStart(seed, width, dim, start);
    this.engine = new Engine(activation, dim, second, first, MOST_LINES);
    this.lines = this.engine.symmetry !== "none"; // whether w and −w are one neuron
    this.turn = turnOf(settings);
    this.parts = [];
    this.moved = null; // the step at which the target was changed
    this.diverged = false;
    this.history = [];
    this.next = 0;
    this.neurons = Array.from({ length: width }, () => ({ x: 0, y: 0, angle: 0, mass: 0, positive: true, nearest: 0, apart: 0, pull: 0 }));
    this.setTeacher();
  }

  /** Let the network learn the lines of the settings. */
  setTeacher() {
    const { lines } = this.settings;
    this.engine.setTeacher(lines.map(({ weight }) => weight), teacherRows(this.settings));
    if (this.engine.steps) this.moved = this.engine.steps;
    else [this.history, this.next] = [[], 0];
    this.look();
  }

  /** Take up to ``most`` steps, for at most so many milliseconds; stops where the weights diverge. */
  run(most, milliseconds) {
    const { engine, settings, parts } = this, until = performance.now() + milliseconds;
    let part = parts.at(-1);
    if (part?.step !== settings.step || part?.decay !== settings.decay) part = { steps: 0, step: settings.step, decay: settings.decay };
    let taken = 0;
    while (taken < most && !this.diverged) {
      engine.step(part.step, part.decay);
      taken++;
      if (!part.steps++) parts.push(part);
      if (engine.steps >= this.next) this.look();
      if (taken % 8 === 0 && performance.now() > until) break;
    }
    if (taken) this.look();
    return taken;
  }

  /** Measure the network as it is; now and then, remember it. */
  look() {
    const { engine, settings } = this;
    engine.sums();
    this.loss = Math.max(engine.loss, 0);
    this.objective = this.loss + settings.decay * engine.size();
    this.diverged = !(engine.loss < 1e9) || !Number.isFinite(engine.size());
    if (this.diverged) return;
    this.measure();
    if (engine.steps < this.next) return;
    const angles = Float32Array.from(this.neurons, ({ angle }) => angle);
    this.history.push({ step: engine.steps, loss: this.loss, objective: this.objective, decay: settings.decay, angles });
    this.next = Math.max(engine.steps + 1, Math.ceil(engine.steps * 1.03));
  }

  /** Where the neurons are, and how they lie to the teacher (featlearn.theory.alignment). */
  measure() {
    const { engine: { second, first, dim }, neurons, settings, lines } = this;
    const rows = teacherRows(settings), weights = settings.lines.map(({ weight }) => Math.abs(weight));
    const alive = ALIVE_ABOVE * weights.reduce((sum, weight) => sum + weight, 0);
    let total = 0, spread = 0, aligned = 0, living = 0;
    const found = settings.lines.map(() => false);
    for (let j = 0; j < neurons.length; j++) {
      const one = neurons[j], at = j * dim;
      let square = 0;
      for (let x = at; x < at + dim; x++) square += first[x] * first[x];
      const norm = Math.sqrt(square), inverse = norm > 0 ? 1 / norm : 0;
      const fold = lines && first[at + 1] < 0 ? -1 : 1;
      one.mass = Math.abs(second[j]) * norm;
      one.positive = second[j] * (this.engine.symmetry === "odd" ? fold : 1) > 0;
      one.x = fold * first[at] * inverse;
      one.y = fold * first[at + 1] * inverse;
      one.angle = wrapped(Math.atan2(one.y, one.x) / DEGREE, this.turn);
      one.apart = Infinity;
      for (let k = 0; k < weights.length; k++) {
        let across = 0, along = 0;
        for (let x = 0; x < dim; x++) {
          const u = first[at + x] * inverse, v = rows[k * dim + x];
          across += (u - v) ** 2;
          along += (u + v) ** 2;
        }
        if (lines && along < across) [across, along] = [along, across];
        const apart = (2 * Math.atan2(Math.sqrt(across), Math.sqrt(along))) / DEGREE;
        if (apart < one.apart) [one.apart, one.nearest] = [apart, k];
        if (apart < ALIGNED_WITHIN && one.mass > alive) found[k] = true;
      }
      one.alive = one.mass > alive;
      living += one.alive;
      total += one.mass;
      spread += one.mass * one.apart ** 2;
      if (one.apart < ALIGNED_WITHIN) aligned += one.mass;
    }
    this.measures = {
      mean_angle: Math.sqrt(spread / total), aligned_mass: aligned / total, alive: living, recovered: found.filter(Boolean).length,
    };
  }

  /** What a new neuron in each direction of the plane would be pulled by, at ``count`` angles from 0 to the turn. */
  pulls(count) {
    const { engine, turn } = this, row = new Float64Array(2);
    return Float64Array.from({ length: count }, (_, i) => {
      const angle = (i / (count - 1)) * turn * DEGREE;
      row[0] = Math.cos(angle);
      row[1] = Math.sin(angle);
      return engine.pull(row, 0, 2);
    });
  }

  /** The same for the neurons' own directions, which need not lie in the plane; as if folded to the upper half. */
  pullNeurons() {
    const { engine, neurons } = this, { dim, first } = engine, row = new Float64Array(dim);
    neurons.forEach((one, j) => {
      const own = first.subarray(j * dim, (j + 1) * dim), norm = Math.hypot(...own) || 1;
      for (let x = 0; x < dim; x++) row[x] = own[x] / norm;
      const turned = engine.symmetry === "odd" && own[1] < 0 ? -1 : 1;
      one.pull = turned * engine.pull(row, 0, dim);
    });
  }
}
