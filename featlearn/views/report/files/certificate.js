"use strict";
// The dual certificate in the page of a run: a curve over the circle of directions, or the colour of the sphere.

/** How far a direction in space is from the teacher that is nearest to it. */
function nearest(place, { teachers, lines }) {
  const angles = Array.from({ length: teachers.length / 3 }, (_, k) => {
    const tip = teachers.slice(3 * k, 3 * k + 3), product = place.reduce((sum, v, c) => sum + v * tip[c], 0) / (Math.hypot(...tip) * Math.hypot(...place));
    return (Math.acos(Math.min(1, Math.max(-1, lines ? Math.abs(product) : product))) * 180) / Math.PI;
  });
  const k = angles.indexOf(Math.min(...angles));
  return `${Math.round(angles[k])}° off teacher ${k + 1}`;
}

/** A certificate as it travels, unpacked; of_population says whose objective it tells of. */
function certificateOf(packed, of_population) {
  const points = numbers(packed.points), eta = numbers(packed.eta), atNeurons = numbers(packed.at_neurons);
  const decays = numbers(packed.decays), teachers = numbers(packed.teachers);
  const count = points.length / packed.rank, width = atNeurons.length / decays.length;
  const optima = packed.optima.map((o) => ({
    mass: numbers(o.mass), eta: o.eta ? numbers(o.eta) : null, angle: o.angle ? numbers(o.angle) : null, place: o.place ? numbers(o.place) : null,
  }));
  const of = (s) => eta.slice(s * count, (s + 1) * count);
  const all = [eta, atNeurons].map((values) => values.filter(Number.isFinite));
  const least = (pick, start) => all.flat().reduce((a, b) => pick(a, b), start);
  const lowest = least(Math.min, -1), highest = least(Math.max, 1);
  const certificate = {
    ...packed, points, count, decays, teachers, optima, of, range: [lowest, highest], highest: Math.max(-lowest, highest),
    atNeurons: (s) => atNeurons.slice(s * width, (s + 1) * width),
    atNeuron: (s, j) => atNeurons[s * width + j],
    optimumAt: (s) => (packed.optimum[s] < 0 ? null : optima[packed.optimum[s]]),
    /** A largest |η| among the points, its sign and its place. */
    largest: (s) => of(s).reduce((best, value, i) => (Math.abs(value) > Math.abs(best.eta) ? { eta: value, i } : best), { eta: 0, i: -1 }),
    told: (s, gap) => {
      const found = certificate.largest(s);
      if (found.i < 0) return "no certificate: λ = 0, or weights that are not finite";
      const verdict = Math.abs(found.eta) > 1.005 ? ` – a new neuron there would lower the objective${of_population}` : "";
      const place = packed.rank === 2 ? ` at ${Math.round(degrees(points[2 * found.i], points[2 * found.i + 1]))}°` : `, at the cross, ${nearest(points.slice(3 * found.i, 3 * found.i + 3), certificate)}`;
      const short = gap > 0 ? ` · gap${of_population} ${shownNumber(gap)}` : "";
      return `λ = ${shownNumber(decays[s])} · largest |η| ${shownNumber(Math.abs(found.eta))}${place}${verdict}${short}`;
    },
  };
  return certificate;
}

/** Where an axis shows η: linear between −1 and 1, logarithmic beyond: over few decades with the slope of the linear
 *  part, else shorter. */
function onEtaAxisOf({ highest, few_decades }, eta) {
  const size = Math.abs(eta);
  return size <= 1 ? eta : Math.sign(eta) * (1 + Math.log(size) / (highest > few_decades ? Math.LN10 : 1));
}

const degrees = (x, y) => ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;

/** The curve with the neurons at one snapshot; ``neuron(s)`` gives their angles, sizes, colours and texts.
 *  Directions stand in the order of the half circle beside: 0° is at the right. A bare one has axes and legend alone. */
function drawCertificate(element, certificate, s, neuron, bare = false) {
  const onEtaAxis = (eta) => onEtaAxisOf(certificate, eta);
  const t = theme(), turn = certificate.lines ? 180 : 360;
  const angles = Array.from({ length: certificate.count }, (_, i) => (i * turn) / (certificate.count - 1));
  const curve = (values, label, line) => ({
    x: angles, y: finite(values).map((y) => (y === null ? null : onEtaAxis(y))), customdata: values, mode: "lines", name: label, line,
    text: Array.from(values, (y) => shownNumber(y)), hovertemplate: `η %{text} at %{x:.1f}°<extra>${label}</extra>`,
  });
  const optimum = certificate.optimumAt(s), dots = neuron(s), at = certificate.atNeurons(s);
  const traces = [];
  if (optimum) {
    const size = optimum.mass.map((mass) => Math.max(6, 24 * Math.sqrt(Math.abs(mass) / Math.max(...optimum.mass.map(Math.abs)))));
    traces.push(curve(optimum.eta, "optimum", { color: t.faint, width: 1.2, dash: "dash" }));
    traces.push({
      x: optimum.angle, y: optimum.mass.map(Math.sign), mode: "markers", name: "atoms", cliponaxis: false,
      marker: { size, symbol: "circle-open", color: t.faint, line: { width: 1.5, color: t.faint } },
      text: optimum.mass.map((mass) => `atom of mass ${shownNumber(mass)}`), hoverinfo: "text", showlegend: false,
    });
  }
  traces.push(curve(certificate.of(s), "network", { color: t.ink, width: 2 }));
  traces.push({
    x: dots.angle, y: finite(at).map((y) => (y === null ? null : onEtaAxis(y))), mode: "markers", name: "certified", showlegend: false,
    marker: dots.marker, text: dots.text.map((text, j) => `${text}, η ${shownNumber(at[j])}`), hoverinfo: "text", cliponaxis: false,
  });
  if (bare) for (const trace of traces) Object.assign(trace, { x: [null], y: [null], customdata: [null], text: [null] });
  const names = [], shapes = [
    { type: "rect", xref: "paper", x0: 0, x1: 1, y0: -1, y1: 1, line: { width: 0 }, fillcolor: t.band, layer: "below" },
  ];
  for (let k = 0; k < certificate.teachers.length / 2; k++) {
    const x = degrees(certificate.teachers[2 * k], certificate.teachers[2 * k + 1]);
    shapes.push({ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, layer: "below", line: { color: colourOf(k), width: 1, dash: "dot" } });
    names.push({ x, yref: "paper", y: 1, yanchor: "bottom", showarrow: false, text: `<b>w*<sub>${k + 1}</sub></b>`, font: { color: textColourOf(k) } });
  }
  const [low, high] = certificate.range.map(onEtaAxis);
  const decades = Math.ceil(Math.log10(Math.max(certificate.highest, 10))), every = Math.ceil(decades / 4);
  const exponents = Array.from({ length: decades + 1 }, (_, n) => n).filter((n) => n % every === 0);
  const many = certificate.highest > certificate.few_decades;
  const sizes = many ? exponents.map((n) => 10 ** n) : certificate.ticks, shown = many ? powers(exponents) : sizes.map(String);
  const ticks = [...sizes.map((x) => -x), 0, ...sizes], texts = [...shown.map((text) => `−${text}`), "0", ...shown];
  return Plotly.react(element, traces, layout({
    uirevision: "stay", shapes, annotations: names, margin: { l: 50, r: 28, t: 30, b: 80 },
    legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top" },
    xaxis: { range: certificate.lines ? [turn, 0] : [0, turn], dtick: turn / 4, ticksuffix: "°", showgrid: false, title: { text: "direction w in the teacher's plane" } },
    yaxis: {
      range: [low - 0.04 * (high - low), high + 0.07 * (high - low)], zeroline: false, tickvals: ticks.map(onEtaAxis), ticktext: texts,
      title: { text: "certificate η(w)" },
    },
  }), config);
}

/** The curves between two snapshots, this share of the way from one to the other, and the atoms, on a canvas. */
function paintCertificate(pen, x, y, certificate, { from, to, share }) {
  const t = theme(), turn = certificate.lines ? 180 : 360, optimum = certificate.optimumAt(from);
  const [a, b] = [certificate.of(from), certificate.of(to)];
  const curve = (at) => {
    pen.beginPath();
    for (let i = 0; i < certificate.count; i++) {
      const eta = at(i);
      if (Number.isFinite(eta)) pen.lineTo(x((i * turn) / (certificate.count - 1)), y(onEtaAxisOf(certificate, eta)));
    }
    pen.stroke();
  };
  pen.globalAlpha = 1;
  pen.strokeStyle = t.faint;
  if (optimum) {
    pen.lineWidth = 1.2;
    pen.setLineDash([9, 9]);
    curve((i) => optimum.eta[i]);
    pen.setLineDash([]);
    pen.lineWidth = 1.5;
    const heaviest = Math.max(...optimum.mass.map(Math.abs));
    optimum.mass.forEach((mass, i) => disc(pen, x(optimum.angle[i]), y(Math.sign(mass)), Math.max(6, 24 * Math.sqrt(Math.abs(mass) / heaviest)), null, t.faint));
  }
  pen.strokeStyle = t.ink;
  pen.lineWidth = 2;
  curve((i) => (Number.isFinite(b[i]) ? a[i] + share * (b[i] - a[i]) : a[i]));
}

const BALL = 0.9; // its radius: dots and rings on the unit sphere stand clear of it

/** The sphere coloured by η, and the atoms of the optimum on it. */
function certificateSphere(certificate, s) {
  const [rows, columns] = certificate.size;
  const grid = (at) => Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i * columns + j)));
  const t = theme(), values = certificate.of(s);
  const [below, blue, middle, orange, above] = certificate.colours[dark.matches ? "dark" : "light"];
  const quiet = { x: { highlight: false }, y: { highlight: false }, z: { highlight: false } };
  const bound = 1.4, edge = (1 - 1.002 / bound) / 2; // colours of |η| ≤ 1, and one for what is beyond
  const traces = [{
    type: "surface", name: "certificate", x: grid((i) => BALL * certificate.points[3 * i]), y: grid((i) => BALL * certificate.points[3 * i + 1]),
    z: grid((i) => BALL * certificate.points[3 * i + 2]), surfacecolor: grid((i) => (Number.isFinite(values[i]) ? values[i] : 0)),
    cmin: -bound, cmax: bound, contours: quiet, showscale: true,
    colorbar: {
      title: { text: "η(w)", side: "top" }, orientation: "h", thickness: 12, len: 0.85, x: 0.5, y: 0, yanchor: "bottom", outlinewidth: 0,
      tickvals: [-1.28, -1, 0, 1, 1.28], ticktext: ["< −1", "−1", "0", "1", "> 1"],
    },
    colorscale: [[0, below], [edge, below], [edge, blue], [0.5, middle], [1 - edge, orange], [1 - edge, above], [1, above]],
    lighting: { ambient: 1, diffuse: 0, specular: 0 }, text: grid((i) => `η ${shownNumber(values[i])}`), hoverinfo: "text",
  }];
  const optimum = certificate.optimumAt(s);
  if (optimum) {
    const heaviest = Math.max(...optimum.mass.map(Math.abs));
    const rings = optimum.mass.map((mass, i) => ring([0, 1, 2].map((c) => optimum.place[3 * i + c]), Math.max(0.05, 0.16 * Math.sqrt(Math.abs(mass) / heaviest))));
    traces.push({
      type: "scatter3d", mode: "lines", name: "atoms", showlegend: false, line: { color: t.ink, width: 4 },
      ...drawn(rings), text: rings.flatMap((points, i) => [...points, null].map(() => `atom of mass ${shownNumber(optimum.mass[i])}`)), hoverinfo: "text",
    });
  }
  const { i, eta } = certificate.largest(s);
  if (i >= 0) {
    const place = certificate.points.slice(3 * i, 3 * i + 3), both = certificate.lines ? [place, place.map((v) => -v)] : [place];
    traces.push({
      type: "scatter3d", mode: "lines", name: "largest", showlegend: false, line: { color: t.ink, width: 5 }, ...drawn(both.flatMap(cross)),
      text: `largest |η| ${shownNumber(Math.abs(eta))}`, hoverinfo: "text",
    });
  }
  return traces;
}

/** Strokes in space, one after the other. */
const drawn = (strokes) => Object.fromEntries(["x", "y", "z"].map((axis, c) => [axis, strokes.flatMap((points) => [...points.map((p) => p[c]), null])]));

/** A cross on the sphere: two strokes through a point of it. */
function cross(place) {
  const around = ring(place, 0.11);
  return [4, 12].map((i) => [around[i], around[i + 16]]);
}

/** A circle on the sphere about a point of it, of this radius as seen from the centre. */
function ring([x, y, z], radius) {
  const size = Math.hypot(x, y, z), w = [x / size, y / size, z / size];
  const least = w.map(Math.abs).indexOf(Math.min(...w.map(Math.abs))), axis = [0, 1, 2].map((c) => Number(c === least) - w[least] * w[c]);
  const u = axis.map((v) => v / Math.hypot(...axis)), v = [0, 1, 2].map((c) => w[(c + 1) % 3] * u[(c + 2) % 3] - w[(c + 2) % 3] * u[(c + 1) % 3]);
  return Array.from({ length: 33 }, (_, i) => (i * Math.PI) / 16).map((turn) => (
    w.map((at, c) => 1.01 * (Math.cos(radius) * at + Math.sin(radius) * (Math.cos(turn) * u[c] + Math.sin(turn) * v[c])))
  ));
}
