"use strict";
// The pictures of the laboratory, in the pixels of the page: the plane of the teacher, curves over angles and steps.

/** A new element of a drawing. */
function drawnIn(parent, tag, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

const set = (element, attributes) => { for (const name in attributes) element.setAttribute(name, attributes[name]); };
const pathOf = (points) => points.map(([x, y], i) => `${i && points[i - 1] ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** A name of a teacher line, with its index below. */
function named(parent, k, attributes) {
  const text = drawnIn(parent, "text", { "text-anchor": "middle", "font-weight": "bold", fill: textColourOf(k), ...attributes }, "w*");
  drawnIn(text, "tspan", { dy: 4, "font-size": "0.75em" }, String(k + 1));
  return text;
}

/** A drawing that fills the width of an element; ``draw`` is called whenever the size or the colours change. */
class Picture {
  constructor(element, height) {
    this.element = element;
    this.height = height;
    this.svg = drawnIn(element, "svg");
    this.again = () => {
      this.W = element.clientWidth;
      this.H = this.height(this.W);
      set(this.svg, { width: this.W, height: this.H });
      this.svg.replaceChildren();
      if (this.W) this.build();
    };
    new ResizeObserver(() => { if (element.clientWidth !== this.W) this.redraw(); }).observe(element);
    dark.addEventListener("change", () => this.redraw());
  }

  redraw() {
    if (!this.shown) return;
    this.again();
    this.update();
  }

  show(experiment, renewed) {
    const changed = this.shown !== experiment || renewed;
    this.shown = experiment;
    if (changed || !this.W) this.again();
    if (this.W) this.update();
  }

  /** Circles for the neurons, filled where the output weight is positive. */
  dots(parent) {
    this.circles = this.shown.neurons.map(() => drawnIn(parent, "circle", { "stroke-width": 1.5 }));
    this.unit = Math.max(...this.shown.settings.lines.map(({ weight }) => Math.abs(weight)));
  }

  placeDot(one, j, x, y, most) {
    const colour = one.alive ? colourOf(one.nearest) : theme().faint;
    const radius = Math.max(1.3, most * Math.sqrt(Math.min(one.mass / this.unit, 4)));
    set(this.circles[j], { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1), fill: colour, stroke: colour, "fill-opacity": one.positive ? 0.55 : 0 });
  }
}

/** The directions of neurons in the plane, and the teacher lines with handles that can be dragged. */
class Plane extends Picture {
  constructor(element, turned) {
    super(element, (width) => (this.shown.lines ? Math.min(0.5 * width, 320) + 14 : Math.min(width, 460)));
    this.turned = turned;
  }

  build() {
    const { svg, W, H, shown } = this, t = theme();
    this.R = shown.lines ? Math.min(W / 2 - 58, H - 66) : Math.min(W, H) / 2 - 50;
    this.centre = [W / 2, shown.lines ? H - 16 : H / 2];
    const [x, y] = this.centre, { R } = this;
    drawnIn(svg, "path", { d: shown.lines ? `M${x - R} ${y}A${R} ${R} 0 0 1 ${x + R} ${y}Z` : `M${x - R} ${y}A${R} ${R} 0 0 1 ${x + R} ${y}A${R} ${R} 0 0 1 ${x - R} ${y}`, fill: t.band, stroke: t.line });
    this.rays = shown.settings.lines.map((_, k) => drawnIn(svg, "line", { x1: x, y1: y, stroke: colourOf(k), "stroke-width": 2, "stroke-dasharray": "2 5" }));
    this.dots(drawnIn(svg, "g"));
    this.handles = shown.settings.lines.map((line, k) => this.handle(line, k));
  }

  handle(line, k) {
    const group = drawnIn(this.svg, "g", { class: "handle", tabindex: 0, role: "slider", "aria-label": `angle of teacher line ${k + 1}`, "aria-valuemin": 0, "aria-valuemax": this.shown.turn });
    drawnIn(group, "circle", { r: 22, fill: "transparent" }); // what a finger meets
    drawnIn(group, "circle", { r: 9, fill: line.weight > 0 ? colourOf(k) : theme().paper, stroke: colourOf(k), "stroke-width": 3 });
    const name = named(group, k, { "font-size": 15 });
    group.addEventListener("pointerdown", (event) => {
      group.setPointerCapture(event.pointerId);
      event.preventDefault();
      group.focus();
    });
    group.addEventListener("pointermove", (event) => { if (group.hasPointerCapture(event.pointerId)) this.turned(k, this.angleAt(event)); });
    group.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.turned(k, this.shown.settings.lines[k].angle + step * (event.shiftKey ? 10 : 1));
    });
    return { group, name };
  }

  /** The whole degrees of where a pointer is; of a half circle, below it means its nearer end. */
  angleAt(event) {
    const box = this.svg.getBoundingClientRect(), [x, y] = this.centre;
    const right = event.clientX - box.left - x, up = y - (event.clientY - box.top);
    if (this.shown.lines && up <= 0) return right < 0 ? 179 : 0;
    return Math.round(Math.atan2(up, right) / DEGREE);
  }

  update() {
    const { shown, R, centre: [x, y] } = this;
    shown.settings.lines.forEach(({ angle }, k) => {
      const cos = Math.cos(angle * DEGREE), sin = -Math.sin(angle * DEGREE);
      set(this.rays[k], { x2: x + (R + 8) * cos, y2: y + (R + 8) * sin });
      set(this.handles[k].group, { transform: `translate(${x + (R + 17) * cos} ${y + (R + 17) * sin})`, "aria-valuenow": angle, "aria-valuetext": `${angle} degrees` });
      set(this.handles[k].name, { x: 26 * cos, y: 24 * sin + 4 });
    });
    shown.neurons.forEach((one, j) => this.placeDot(one, j, x + R * one.x, y - R * one.y, 0.13 * R));
  }
}

/** A picture with axes. */
class Chart extends Picture {
  constructor(element) {
    super(element, (width) => Math.min(300, 160 + 0.3 * width));
    [this.left, this.right, this.top, this.bottom] = [58, 20, 24, 40];
  }

  frame(xTicks, title) {
    const { svg, W, H, left, right, top, bottom } = this, t = theme();
    for (const [x, text] of xTicks) {
      drawnIn(svg, "line", { x1: x, x2: x, y1: top, y2: H - bottom, stroke: t.line });
      drawnIn(svg, "text", { x, y: H - bottom + 16, "text-anchor": "middle", class: "tick" }, text);
    }
    drawnIn(svg, "text", { x: (left + W - right) / 2, y: H - 6, "text-anchor": "middle", class: "tick" }, title);
    this.rungs = drawnIn(svg, "g");
  }

  /** Ticks of the vertical axis, as [value, text]. */
  ladder(ticks, at) {
    const { rungs, W, left, right } = this, t = theme();
    const told = JSON.stringify([ticks, ticks.map(([value]) => at(value))]);
    if (told === this.told && rungs.childElementCount) return;
    this.told = told;
    rungs.replaceChildren();
    for (const [value, text] of ticks) {
      drawnIn(rungs, "line", { x1: left, x2: W - right, y1: at(value), y2: at(value), stroke: t.line });
      drawnIn(rungs, "text", { x: left - 6, y: at(value) + 4, "text-anchor": "end", class: "tick" }, text);
    }
  }
}

const ANGLES = 181;

/** What a new neuron would be pulled by, over the directions of the plane, with the band ±λ and the neurons. */
class Pull extends Chart {
  build() {
    const { svg, W, H, shown, left, right, top, bottom } = this, t = theme(), { turn } = shown;
    // of a half circle, 0° stands at the right, as in the plane
    this.at = (angle) => left + (W - left - right) * (shown.lines ? 1 - angle / turn : angle / turn);
    this.frame([0, 1, 2, 3, 4].map((n) => [this.at((n * turn) / 4), `${(n * turn) / 4}°`]), "direction in the teacher's plane");
    this.band = drawnIn(svg, "rect", { x: left, width: W - left - right, fill: t.faint, "fill-opacity": 0.18 });
    this.edges = [0, 1].map(() => drawnIn(svg, "line", { x1: left, x2: W - right, stroke: t.faint, "stroke-dasharray": "5 4" }));
    this.teacher = shown.settings.lines.map((_, k) => [drawnIn(svg, "line", { y1: top, y2: H - bottom, stroke: colourOf(k), "stroke-dasharray": "2 5", "stroke-width": 2 }), named(svg, k, { y: top - 8, "font-size": 13 })]);
    this.curve = drawnIn(svg, "path", { fill: "none", stroke: t.ink, "stroke-width": 2 });
    this.dots(drawnIn(svg, "g"));
  }

  update() {
    const { shown, H, W, top, bottom } = this, { decay } = shown.settings;
    const values = shown.pulls(ANGLES);
    shown.pullNeurons();
    const most = Math.max(1e-12, 1.25 * decay, ...values.map(Math.abs)), ten = 10 ** Math.floor(Math.log10(most));
    const limit = ten * ([1.2, 1.6, 2, 3, 4, 6, 8, 10].find((k) => k * ten >= most) ?? 10); // so that the axis rests
    const y = (value) => (top + H - bottom) / 2 - (Math.max(-1.03, Math.min(1.03, value / limit)) * (H - top - bottom)) / 2;
    const ticks = [[0, "0"]];
    if (decay > 0.16 * limit) ticks.push([decay, "λ"], [-decay, "−λ"]);
    if (decay < 0.8 * limit) ticks.push([limit, shownNumber(limit)], [-limit, shownNumber(-limit)]);
    this.ladder(ticks, y);
    set(this.band, { y: y(decay), height: Math.max(0, y(-decay) - y(decay)) });
    this.edges.forEach((edge, i) => set(edge, { y1: y(i ? -decay : decay), y2: y(i ? -decay : decay) }));
    shown.settings.lines.forEach(({ angle }, k) => {
      const x = this.at(angle);
      set(this.teacher[k][0], { x1: x, x2: x });
      set(this.teacher[k][1], { x: Math.max(12, Math.min(W - 12, x)) });
    });
    set(this.curve, { d: pathOf(Array.from(values, (value, i) => [this.at((i / (ANGLES - 1)) * shown.turn), y(value)])) });
    shown.neurons.forEach((one, j) => this.placeDot(one, j, this.at(one.angle), y(one.pull), 16));
  }
}

/** Steps on a logarithmic axis, from 0 on. */
class OverSteps extends Chart {
  build() {
    const { W, left, right, shown } = this;
    this.last = Math.max(10, 10 ** Math.ceil(Math.log10(1.05 * Math.max(shown.engine.steps, 1))));
    const low = Math.log10(START), high = Math.log10(this.last);
    this.at = (step) => left + ((Math.log10(onAxis(step)) - low) / (high - low)) * (W - left - right);
    const whole = Array.from({ length: Math.round(high) + 1 }, (_, n) => n), texts = powers(whole);
    const every = whole.length > 6 && W < 500 ? 2 : 1;
    this.frame([[this.at(0), "0"], ...whole.map((n) => [this.at(10 ** n), n % every ? "" : texts[n]])], "step");
    this.draw();
  }

  update() {
    if (this.shown.engine.steps > this.last) this.again();
    this.refresh();
  }
}

/** Loss and objective. */
class Losses extends OverSteps {
  draw() {
    const t = theme();
    this.marks = drawnIn(this.svg, "g");
    this.objective = drawnIn(this.svg, "path", { fill: "none", stroke: colourOf(1), "stroke-width": 2, "stroke-dasharray": "6 3" });
    this.loss = drawnIn(this.svg, "path", { fill: "none", stroke: t.ink, "stroke-width": 2 });
  }

  refresh() {
    const { shown: { history }, H, top, bottom } = this;
    let low = Infinity, high = 0;
    for (const { loss, objective } of history) {
      low = Math.min(low, Math.max(loss, 1e-15)); // below, rounding is what there is
      high = Math.max(high, objective);
    }
    low = Math.floor(Math.log10(low));
    high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(high, 1e-14))));
    const y = (value) => H - bottom - ((Math.log10(Math.max(value, 1e-15)) - low) / (high - low)) * (H - top - bottom);
    const whole = Array.from({ length: high - low + 1 }, (_, i) => low + i), every = Math.ceil(whole.length / 6), texts = powers(whole);
    this.ladder(whole.flatMap((n, i) => (i % every ? [] : [[10 ** n, texts[i]]])), y);
    for (const name of ["loss", "objective"]) set(this[name], { d: pathOf(history.map((one) => [this.at(one.step), y(one[name])])) });
    this.marks.replaceChildren();
    history.forEach(({ step, decay }, i) => {
      if (i && decay !== history[i - 1].decay) drawnIn(this.marks, "line", { x1: this.at(step), x2: this.at(step), y1: top, y2: H - bottom, stroke: theme().faint, "stroke-dasharray": "3 3" });
    });
  }
}

/** The angles of all neurons: lines on a canvas below the axes, as they are many. */
class Angles extends OverSteps {
  constructor(element) {
    super(element);
    this.canvas = document.createElement("canvas");
    element.append(this.canvas);
  }

  draw() {
    this.teacher = this.shown.settings.lines.map((_, k) => [drawnIn(this.svg, "line", { x1: this.left, x2: this.W - this.right, stroke: colourOf(k), "stroke-dasharray": "2 5", "stroke-width": 2 }), named(this.svg, k, { x: this.W - this.right - 14, "font-size": 13 })]);
  }

  refresh() {
    const { shown, W, H, top, bottom, canvas } = this, { history, turn } = shown;
    const y = (angle) => H - bottom - (angle / turn) * (H - top - bottom);
    this.ladder([0, 1, 2, 3, 4].map((n) => [(n * turn) / 4, `${(n * turn) / 4}°`]), y);
    shown.settings.lines.forEach(({ angle }, k) => {
      set(this.teacher[k][0], { y1: y(angle), y2: y(angle) });
      set(this.teacher[k][1], { y: y(angle) - 6 });
    });
    const fine = devicePixelRatio || 1;
    [canvas.width, canvas.height] = [W * fine, H * fine];
    set(canvas, { style: `width: ${W}px; height: ${H}px` });
    const pen = canvas.getContext("2d");
    pen.scale(fine, fine);
    const places = history.map(({ step }) => this.at(step));
    shown.neurons.forEach((one, j) => {
      pen.strokeStyle = one.alive ? colourOf(one.nearest) : theme().faint;
      pen.globalAlpha = one.alive ? 0.15 + 0.7 * Math.min(1, Math.sqrt(one.mass)) : 0.3;
      pen.beginPath();
      history.forEach(({ angles }, i) => {
        const leap = i && Math.abs(angles[j] - history[i - 1].angles[j]) > turn / 2; // from one end of the circle to the other
        pen[i && !leap ? "lineTo" : "moveTo"](places[i], y(angles[j]));
      });
      pen.stroke();
    });
  }
}
