"use strict";
// The neurons of a run at one of its snapshots: in the plane, in space, or as angles against masses.

const TRAIL = 12; // so many snapshots a trail goes back
const COORDINATES = ["x", "y", "z"];

/** The chart of the neurons of a run in one element, its certificate in the same (a sphere) or in another one (a circle).
 *  ``show(s)`` draws snapshot s; ``move(s, share)`` draws quickly, on a canvas, what lies this share of the way from there to
 *  the next one; ``mark(j)`` marks a neuron; ``described(s)`` says what snapshot s shows. ``pointed(j)`` is called when
 *  something points at a neuron, or with null at none, ``picked(j)`` when one is chosen. */
function neuronsChart(element, neurons, certificate = null, certificateElement = null, { pointed = null, picked = null } = {}) {
  let shown = 0, share = 0, moving = false, marked = null;
  const times = numbers(neurons.steps), index = neurons.index;
  const numberOf = (j) => (index ? index[j] : j), alive = (i) => mass[i] > neurons.alive_above;
  const mass = numbers(neurons.mass), angle = numbers(neurons.angle), teacher = numbers(neurons.teacher);
  const place = numbers(neurons.place), teacherPlace = numbers(neurons.teacher_place);
  const width = mass.length / times.length, rank = neurons.rank, teachers = teacherPlace.length / rank;
  const heaviest = neurons.heaviest ?? Math.max(...mass.filter(Number.isFinite), Number.MIN_VALUE); // of several charts the same
  const rootOfShare = (m) => Math.sqrt(Math.min((m || 0) / heaviest, 1));
  const least = neurons.least_mass;
  const inSpan = rank === 2 || rank === 3;
  const axes = inSpan ? COORDINATES.slice(0, rank) : ["x", "y"];
  const smallest = neurons.smallest ?? Math.min(...angle.filter((a) => a > 0), 1);

  const at = (s, j) => {
    const i = s * width + j;
    if (inSpan) {
      const p = Array.from({ length: rank }, (_, c) => place[i * rank + c]), size = Math.hypot(...p);
      return rank === 3 && certificate && size > 0 ? p.map((v) => v / size) : p; // onto the ball, inside of which nothing is seen
    }
    return [Math.max(mass[i] || 0, least), Math.max(Number.isFinite(angle[i]) ? angle[i] : 90, smallest)];
  };
  const distance = (p, q) => Math.hypot(...p.map((v, c) => v - q[c]));
  const jumps = (p, q) => neurons.folded && distance(p, q) > neurons.leap;
  const three = rank === 3;
  const type = three ? "scatter3d" : "scatter";

  function dots(s) {
    const points = Array.from({ length: width }, (_, j) => at(s, j));
    const of = (j) => s * width + j;
    const narrow = element.clientWidth < 500;
    const heavy = !three ? 26 : narrow ? 13 : 22;
    const all = Array.from({ length: width }, (_, j) => j);
    return {
      type, mode: "markers", name: "neurons", showlegend: false,
      ...Object.fromEntries(axes.map((axis, c) => [axis, points.map((p) => p[c])])),
      marker: {
        size: all.map((j) => Math.max(4, heavy * rootOfShare(mass[of(j)]))),
        color: all.map((j) => (mass[of(j)] > neurons.alive_above ? colourOf(teacher[of(j)]) : "rgba(127,127,127,0.35)")),
        opacity: 0.85, line: { width: 0.5, color: theme().paper },
      },
      text: all.map((j) => `neuron ${numberOf(j)}, mass ${shownNumber(mass[of(j)])}, ${shownAngle(angle[of(j)])} off teacher ${teacher[of(j)] + 1}`),
      hoverinfo: "text",
    };
  }

  /** Dots on an opaque ball: of a neuron that is a line, at both of its ends. */
  function ends(one) {
    if (!three || !certificate || !neurons.lines) return [one];
    return [one, { ...one, name: "other ends", ...Object.fromEntries(axes.map((axis) => [axis, one[axis].map((v) => -v)])) }];
  }

  /** The last stretch of every way, a trace for each teacher. */
  function trails(s) {
    const paths = Array.from({ length: teachers }, () => axes.map(() => []));
    for (let j = 0; j < width; j++) {
      const path = paths[teacher[s * width + j]];
      let before = null;
      for (let q = Math.max(0, s - TRAIL); q <= s; q++) {
        const p = at(q, j);
        const gone = inSpan && mass[q * width + j] <= neurons.alive_above; // what is left of such a row leaves the span
        if (before && (gone || jumps(before, p))) path.forEach((values) => values.push(null));
        path.forEach((values, c) => values.push(p[c]));
        before = p;
      }
      path.forEach((values) => values.push(null));
    }
    return paths.map((path, k) => ({
      type, mode: "lines", hoverinfo: "skip", showlegend: !inSpan, opacity: inSpan ? 0.4 : 0.7, name: `w*<sub>${k + 1}</sub>`,
      line: { color: colourOf(k), width: three ? 2 : 1 }, ...Object.fromEntries(axes.map((axis, c) => [axis, path[c]])),
    }));
  }

  function rays() {
    if (!inSpan) return [];
    return Array.from({ length: teachers }, (_, k) => {
      const tip = Array.from({ length: rank }, (_, c) => teacherPlace[k * rank + c]);
      const ends = three && neurons.lines ? [tip.map((v) => -v), tip] : [tip.map(() => 0), tip];
      return {
        type, mode: three ? "lines" : "lines+text", hoverinfo: "skip", showlegend: false, line: { color: colourOf(k), width: three ? 5 : 2 },
        ...Object.fromEntries(axes.map((axis, c) => [axis, ends.map((p) => (three ? 1.3 : 1.12) * p[c])])),
        text: ["", `<b>w*<sub>${k + 1}</sub></b>`], textposition: "top center", textfont: { color: textColourOf(k), size: 15 },
      };
    });
  }

  /** The names at the ends of the teacher's rays in space: of a line, at the end that is nearer to the eye. */
  function namesOfTeachers(eye) {
    return Array.from({ length: teachers }, (_, k) => {
      const tip = Array.from({ length: 3 }, (_, c) => teacherPlace[3 * k + c]);
      const far = tip[0] * eye.x + tip[1] * eye.y + tip[2] * eye.z < 0;
      const [x, y, z] = tip.map((v) => (far && neurons.lines ? -1.36 : 1.36) * v);
      return { x, y, z, text: `<b>w*<sub>${k + 1}</sub></b>`, showarrow: false, font: { color: textColourOf(k), size: 15 }, bgcolor: theme().paper, borderpad: 0, name: `w*${k + 1}` };
    });
  }

  /** Sizes, colours and texts of the neurons, with their angles in the plane, as the certificate shows them. */
  function certified(s) {
    const { marker, text } = dots(s);
    const angle = Array.from({ length: width }, (_, j) => degrees(...at(s, j)));
    return { marker, text, angle };
  }

  function surroundings(s) {
    const t = theme();
    const quiet = { hoverinfo: "skip", showlegend: false };
    if (rank === 2) {
      const turn = Array.from({ length: 181 }, (_, i) => (i * (neurons.folded ? Math.PI : 2 * Math.PI)) / 180);
      const closed = neurons.folded ? [...turn, 0] : turn;
      return [{ type, mode: "lines", line: { color: t.faint, width: 1 }, x: closed.map(Math.cos), y: closed.map(Math.sin), ...quiet }];
    }
    if (!three) return [];
    if (certificate) return certificateSphere(certificate, s);
    const u = Array.from({ length: 25 }, (_, i) => (i * Math.PI) / 12), v = Array.from({ length: 13 }, (_, i) => (i * Math.PI) / 12);
    const surface = (f) => v.map((b) => u.map((a) => f(a, b)));
    return [{
      type: "surface", opacity: 0.12, showscale: false, colorscale: [[0, t.faint], [1, t.faint]], contours: { x: { highlight: false }, y: { highlight: false }, z: { highlight: false } },
      x: surface((a, b) => Math.cos(a) * Math.sin(b)), y: surface((a, b) => Math.sin(a) * Math.sin(b)), z: surface((_, b) => Math.cos(b)), ...quiet,
    }];
  }

  function frameLayout() {
    const bare = { visible: false, showgrid: false, zeroline: false };
    if (three) {
      const eye = element.layout?.scene?.camera?.eye;
      const axis = { visible: false, range: [-1.4, 1.4] };
      const far = element.clientWidth < 500 ? 1.2 : 0.82; // from where the names just fit
      const annotations = namesOfTeachers(eye ?? { x: 0.9, y: 0.9, z: 0.6 });
      const scene = { annotations, domain: { y: [certificate ? 0.2 : 0, 1] }, xaxis: axis, yaxis: axis, zaxis: axis, aspectmode: "cube", dragmode: "turntable", camera: { eye: { x: 0.9 * far, y: 0.9 * far, z: 0.6 * far } } };
      return layout({ margin: { l: 0, r: 0, t: 0, b: 0 }, uirevision: "stay", scene });
    }
    if (rank === 2) {
      const bottom = neurons.folded ? -0.08 : -1.25;
      return layout({
        margin: { l: 5, r: 5, t: 5, b: 5 }, uirevision: "stay",
        xaxis: { ...bare, range: [-1.25, 1.25], constrain: "domain" }, yaxis: { ...bare, range: [bottom, 1.25], scaleanchor: "x" },
      });
    }
    const t = theme();
    const note = { showarrow: false, font: { color: t.faint } };
    const dotted = { line: { color: t.faint, width: 1, dash: "dot" }, type: "line" };
    return layout({
      uirevision: "stay",
      annotations: [
        { ...note, x: Math.log10(neurons.alive_above), xref: "x", y: 1, yref: "paper", yanchor: "top", text: "← vanished", xanchor: "left" },
        { ...note, x: 0, xref: "paper", y: Math.log10(data.aligned_within), yref: "y", xanchor: "left", yanchor: "bottom", text: `aligned: ${data.aligned_within}°` },
      ],
      xaxis: logAxis([[least, heaviest]], { title: { text: "mass |a<sub>j</sub>|‖w<sub>j</sub>‖" } }),
      yaxis: logAxis([[smallest, 90], angle], { title: { text: "angle δ<sub>j</sub> (degrees)" } }),
      shapes: [
        { ...dotted, xref: "x", x0: neurons.alive_above, x1: neurons.alive_above, yref: "paper", y0: 0, y1: 1 },
        { ...dotted, yref: "y", y0: data.aligned_within, y1: data.aligned_within, xref: "paper", x0: 0, x1: 1 },
      ],
    });
  }

  const inPlane = certificate && rank === 2;
  const draw = () => {
    if (inPlane) drawCertificate(certificateElement, certificate, shown, certified, moving && !three);
    const own = moving && !three ? [] : [...trails(shown), ...ends(dots(shown)), ...(three ? ringInSpace() : [])];
    return Plotly.react(element, [...surroundings(shown), ...rays(), ...own], frameLayout(), config);
  };

  // --- on a canvas: what moves, and the mark of a neuron

  const radii = Array.from(mass, (m) => Math.max(4, 26 * rootOfShare(m)));
  const mixed = (a, b) => a + share * (b - a);
  const next = () => Math.min(shown + 1, times.length - 1);

  let kept = { s: -1, paths: [] };
  const trailsNow = () => (kept.s === shown ? kept : (kept = { s: shown, paths: trails(shown) })).paths;

  /** Where a neuron is between two snapshots, in pixels; it jumps where the half plane is folded. */
  function placed(j, x, y) {
    const p = at(shown, j), q = at(next(), j), from = [x(p[0]), y(p[1])];
    return share === 0 || jumps(p, q) ? from : [mixed(from[0], x(q[0])), mixed(from[1], y(q[1]))];
  }

  const sized = (j) => mixed(radii[shown * width + j], radii[next() * width + j]);
  const coloured = (j) => (alive(shown * width + j) ? colourOf(teacher[shown * width + j]) : "rgba(127,127,127,0.35)");

  function paint(pen, x, y) {
    if (moving) {
      pen.globalAlpha = inSpan ? 0.4 : 0.7;
      pen.lineWidth = 1;
      trailsNow().forEach((path, k) => {
        pen.strokeStyle = colourOf(k);
        pen.beginPath();
        let on = false;
        path.x.forEach((v, i) => {
          if (v === null) on = false;
          else if (on) pen.lineTo(x(v), y(path.y[i]));
          else { pen.moveTo(x(v), y(path.y[i])); on = true; }
        });
        pen.stroke();
      });
      pen.globalAlpha = 0.85;
      pen.lineWidth = 0.5;
      const { paper } = theme();
      for (let j = 0; j < width; j++) disc(pen, ...placed(j, x, y), sized(j), coloured(j), paper);
    }
    if (marked !== null) ringed(pen, ...placed(marked, x, y), sized(marked));
  }

  function paintCertified(pen, x, y) {
    const place = (j) => {
      const [a, b] = [shown, next()].map((s) => degrees(...at(s, j))), size = [shown, next()].map((s) => certificate.atNeuron(s, j));
      const turned = Math.abs(a - b) > 90 ? a : mixed(a, b);
      return Number.isFinite(size[0]) ? [x(turned), y(onEtaAxisOf(certificate, mixed(size[0], Number.isFinite(size[1]) ? size[1] : size[0])))] : null;
    };
    if (moving) {
      paintCertificate(pen, x, y, certificate, { from: shown, to: next(), share });
      pen.globalAlpha = 0.85;
      pen.lineWidth = 0.5;
      const { paper } = theme();
      for (let j = 0; j < width; j++) {
        const spot = place(j);
        if (spot) disc(pen, ...spot, sized(j), coloured(j), paper);
      }
    }
    const spot = marked === null ? null : place(marked);
    if (spot) ringed(pen, ...spot, sized(marked));
  }

  /** The same in space, over all that is drawn there. */
  function paintSpace(pen) {
    if (!moving || !element._fullLayout.scene?._scene?.glplot) return;
    const sight = sightOf(element, certificate ? BALL : 0), t = theme(), both = neurons.lines && certificate ? [1, -1] : [1];
    pen.globalAlpha = 1;
    pen.fillStyle = t.paper;
    pen.fillRect(sight.left, sight.top, sight.width, sight.height);
    if (certificate) paintSphere(pen, sight, certificate, shown, next(), share);
    const optimum = certificate?.optimumAt(shown);
    if (optimum) paintAtoms(pen, sight, optimum);
    for (let k = 0; k < teachers; k++) {
      const tip = [0, 1, 2].map((c) => teacherPlace[3 * k + c]), begins = neurons.lines ? -1 : 0;
      pen.strokeStyle = colourOf(k);
      pen.lineWidth = 3;
      strokeInSpace(pen, sight, Array.from({ length: 41 }, (_, i) => tip.map((v) => 1.3 * (begins + ((1 - begins) * i) / 40) * v)));
    }
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1;
    trailsNow().forEach((path, k) => {
      pen.strokeStyle = colourOf(k);
      strokeInSpace(pen, sight, path.x.map((v, i) => (v === null ? null : [v, path.y[i], path.z[i]])));
    });
    pen.lineWidth = 0.5;
    const heavy = (element.clientWidth < 500 ? 13 : 22) / 26;
    for (let j = 0; j < width; j++) {
      const p = at(shown, j), q = at(next(), j), turn = dot(p, q) < 0 && neurons.lines ? -1 : 1;
      const between = p.map((v, c) => mixed(v, turn * q[c])), size = certificate ? Math.hypot(...between) || 1 : 1;
      for (const side of both) {
        const place = between.map((v) => (side * v) / size);
        if (sight.hidden(place)) continue;
        pen.globalAlpha = 0.85;
        pen.lineWidth = 0.5;
        disc(pen, ...sight.at(place), Math.max(4, heavy * sized(j)), coloured(j), t.paper);
        if (j === marked) ringed(pen, ...sight.at(place), heavy * sized(j));
      }
    }
    pen.globalAlpha = 1;
    pen.font = "bold 15px sans-serif";
    Object.assign(pen, { textAlign: "center", textBaseline: "middle" });
    namesOfTeachers(element._fullLayout.scene.camera.eye).forEach(({ x, y, z, name, font }) => {
      const [left, top] = sight.at([x, y, z]), wide = pen.measureText(name).width + 2;
      pen.fillStyle = t.paper;
      pen.fillRect(left - wide / 2, top - 10, wide, 20);
      pen.fillStyle = font.color;
      pen.fillText(name, left, top);
    });
  }

  const paintings = three ? [overlayOn(element, paintSpace)] : [overlayOn(element, paint), ...(inPlane ? [overlayOn(certificateElement, paintCertified)] : [])];
  const repaint = () => paintings.forEach((painting) => painting());

  /** In space the mark of a neuron is a ring around its ends. */
  function ringInSpace() {
    const place = marked === null ? [0, 0, 0] : at(shown, marked);
    if (!Math.hypot(...place)) return [];
    const rings = [place, ...(neurons.lines ? [place.map((v) => -v)] : [])].map((p) => ring(p, 0.17));
    return [{ type, mode: "lines", name: "marked", showlegend: false, hoverinfo: "skip", line: { color: theme().ink, width: 7 }, ...drawn(rings) }];
  }

  // --- pointing and picking

  const isDot = (point) => ["neurons", "other ends", "certified"].includes(point.data.name);
  for (const chosen of inPlane ? [element, certificateElement] : [element]) {
    whenever(chosen, () => {
      if (chosen.dataset.listens) return;
      chosen.dataset.listens = "yes";
      chosen.on("plotly_hover", ({ points }) => isDot(points[0]) && !three && pointed?.(points[0].pointNumber));
      chosen.on("plotly_unhover", () => !three && pointed?.(null));
      chosen.on("plotly_click", ({ points }) => isDot(points[0]) && picked?.(points[0].pointNumber));
    });
  }

  /** What the picture shows, for those who do not see it. */
  function described(s) {
    const living = Array.from({ length: width }, (_, j) => j).filter((j) => mass[s * width + j] > neurons.alive_above);
    const near = Array.from({ length: teachers }, (_, k) => {
      const own = living.filter((j) => teacher[s * width + j] === k);
      const share = own.reduce((sum, j) => sum + mass[s * width + j], 0), widest = own.reduce((most, j) => Math.max(most, angle[s * width + j]), 0);
      return own.length ? `${own.length} near teacher ${k + 1}, of mass ${shownNumber(share)}, at most ${shownAngle(widest)} off` : `none near teacher ${k + 1}`;
    });
    return `${living.length} living neurons of ${width}: ${near.join("; ")}`;
  }

  function tell(s) {
    element.setAttribute("aria-label", `neurons and teacher at step ${times[s]}. ${described(s)}`);
  }

  function show(s) {
    [shown, share, moving] = [s, 0, false];
    tell(s);
    return draw();
  }

  function move(s, part) {
    const begins = !moving, onward = s !== shown;
    [shown, share, moving] = [s, part, true];
    if (begins || onward) tell(s);
    if (begins && !three) draw();
    repaint();
  }

  function mark(j) {
    marked = j;
    if (three && !moving) draw();
    repaint();
  }

  if (three) element.addEventListener("pointerup", () => setTimeout(draw)); // names go to the ends that one sees
  charts.push(draw);
  return { times, width, mass, angle, teacher, numberOf, alive, show, move, mark, described };
}
