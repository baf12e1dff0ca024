"use strict";
// The page of one run: curves, alignment, and the neurons at a time that a slider chooses.

const metrics = Object.fromEntries(Object.entries(data.metrics).map(([name, packed]) => [name, numbers(packed)]));
const steps = metrics.step;
const last = steps[steps.length - 1];
const x = steps.map(onAxis);

function line(name, label, colour, style) {
  const mode = steps.length <= 3 ? "lines+markers" : "lines";
  return {
    x, y: finite(metrics[name]), customdata: steps, text: metrics[name].map((y) => shownNumber(y)), name: label, mode, line: { color: colour, width: 2, ...style },
    hovertemplate: `%{text} at step %{customdata}<extra>${label}</extra>`,
  };
}

/** Where a legend stands: above a panel whose upper edge is at y. */
const legendAt = (y, numbered) => ({ orientation: "h", x: 0, y: y + (numbered ? 0.055 : 0.005), yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" });

/** Bands for the stages, their numbers above, and a line at the moment that the slider shows. */
function stages(moment) {
  const t = theme();
  const shapes = data.stages
    .map((s) => ({
      type: "rect", xref: "x", yref: "paper", x0: onAxis(s.first), x1: onAxis(s.last), y0: 0, y1: 1, layer: "below",
      line: { width: 0 }, fillcolor: t.band,
    }))
    .filter((_, i) => i % 2 === 1);
  if (moment !== null) {
    const at = onAxis(moment);
    shapes.push({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: t.faint, width: 1 } });
  }
  return shapes;
}

function stageNumbers() {
  if (data.stages.length === 1) return [];
  return data.stages.map((s, i) => ({
    xref: "x", yref: "paper", x: (Math.log10(onAxis(s.first)) + Math.log10(onAxis(s.last))) / 2, y: 1, yanchor: "bottom",
    text: String(i + 1), hovertext: plain(s.name), showarrow: false, font: { color: theme().faint },
  }));
}

// --- curves and alignment ---------------------------------------------------------------------

let moment = null;
const has = (name) => metrics[name].some((y) => y > 0);
const applies = (name) => metrics[name].some(Number.isFinite); // what takes teacher neurons does not to a polynomial

function drawCurves() {
  const traces = [];
  const [blue, orange, green, purple, , amber] = COLOURS;
  const decays = has("weight_decay"), alike = metrics.loss.every((y, i) => Object.is(y, metrics.objective[i])); // as where λ = 0
  if (has("loss")) traces.push(line("loss", (alike ? `${data.labels.loss} = ${data.labels.objective}` : data.labels.loss) + data.of_population, blue));
  if (has("train_loss")) traces.push(line("train_loss", data.labels.train_loss, purple, { dash: "dashdot" }));
  if (has("test_loss")) traces.push(line("test_loss", data.labels.test_loss, amber, { dash: "dot" }));
  if (has("objective") && !alike) traces.push(line("objective", data.labels.objective + data.of_population, orange, { dash: "dash" }));
  const gap = has("gap");
  if (gap) traces.push({ ...line("gap", data.labels.gap, green), yaxis: "y3", showlegend: false });
  traces.push({ ...line("weight_decay", data.labels.weight_decay, theme().ink, { shape: "vh" }), yaxis: "y2", showlegend: false });
  return Plotly.react("curves", traces, layout({
    xaxis: stepAxis(last, { anchor: "y2" }), shapes: stages(moment), annotations: stageNumbers(),
    legend: legendAt(1, true),
    yaxis: logAxis(traces.filter((trace) => !trace.yaxis).map((trace) => trace.y), { domain: [gap ? 0.5 : 0.33, 1], title: { text: data.losses } }),
    ...(gap ? { yaxis3: logAxis([metrics.gap], { domain: [0.22, 0.46], title: { text: "gap", standoff: 4 } }, 4) } : {}),
    yaxis2: logAxis([metrics.weight_decay], { domain: [0, gap ? 0.18 : 0.27], title: { text: "λ" }, ...(decays ? {} : { range: [-0.2, 1], tickvals: [0], ticktext: ["0"] }) }, 3),
  }), config);
}

function drawAlignment() {
  const [blue, orange, green, , sky] = COLOURS;
  const scheme = dark.matches ? "dark" : "light";
  const at = steps.map((_, i) => i).filter((i) => Number.isFinite(metrics.angle_median[i]));
  const quantile = (name, more) => ({
    x: at.map((i) => x[i]), y: at.map((i) => metrics[name][i]), mode: "lines", line: { color: blue, width: 0 },
    hoverinfo: "skip", showlegend: false, ...more,
  });
  const band = ({ low, high, fill, label }) => [
    quantile(low), quantile(high, { fill: "tonexty", fillcolor: fill[scheme], name: label, showlegend: true }),
  ];
  const traces = at.length
    ? [
        ...data.bands.flatMap(band),
        quantile("angle_median", {
          line: { color: dark.matches ? sky : blue, width: 2 }, name: "median of the mass", showlegend: true, hoverinfo: "all", text: at.map((i) => shownAngle(metrics.angle_median[i])),
          customdata: at.map((i) => steps[i]), hovertemplate: "%{text} at step %{customdata}<extra>median</extra>",
          mode: at.length <= 3 ? "lines+markers" : "lines",
        }),
      ]
    : [];
  if (applies("max_angle")) traces.push(line("max_angle", data.words.max_angle, orange, { dash: "dash" }));
  const shares = [line("subspace", data.words.subspace, green, { dash: "dot" })];
  if (applies("found")) {
    shares.push(
      line("aligned_mass", `${data.words.aligned_mass} (within ${data.aligned_within}°)`, blue),
      line("found", `${data.words.recovered}, of ${data.teachers}`, orange, { dash: "dash", shape: "hv" }),
    );
  }
  return Plotly.react("alignment", [...traces, ...shares.map((trace) => ({ ...trace, yaxis: "y2", legend: "legend2" }))], layout({
    xaxis: stepAxis(last, { anchor: "y2" }), shapes: stages(moment), annotations: stageNumbers(),
    legend: legendAt(1, true), legend2: legendAt(0.3, false),
    yaxis: logAxis([metrics.max_angle, ...data.bands.flatMap(({ low, high }) => [metrics[low], metrics[high]])], { domain: [0.53, 1], title: { text: "angle δ<sub>j</sub> (degrees)" } }),
    yaxis2: { domain: [0, 0.3], range: [-0.04, 1.04], tickvals: [0, 0.5, 1], tickformat: ".0%", title: { text: "share" } },
  }), config);
}

for (const id of data.teachers ? ["curves", "alignment"] : ["curves"]) {
  const chart = document.getElementById(id), ends = [0, steps.length - 1];
  const names = id === "curves" ? ["loss", "train_loss", "test_loss", "objective", "gap"].filter(has) : ["mean_angle", "max_angle", "aligned_mass", "subspace"].filter(applies);
  const told = names.map((name) => `${plain(data.words[name])} from ${ends.map((i) => shownNumber(metrics[name][i])).join(" to ")}`);
  chart.setAttribute("aria-label", `curves against steps 0 to ${last}: ${told.join("; ")}; as numbers in the table of stages and in the CSV file`);
}
document.getElementById("csv").addEventListener("click", () => {
  const names = Object.keys(metrics);
  download("metrics.csv", csvOf([names, ...steps.map((_, i) => names.map((name) => metrics[name][i]))]));
});

chart(drawCurves);
if (data.teachers) chart(drawAlignment);

// --- neurons ----------------------------------------------------------------------------------

const TRAIL = 12; // so many snapshots a trail goes back
const COORDINATES = ["x", "y", "z"];

function showNeurons(neurons) {
  const times = numbers(neurons.steps);
  const mass = numbers(neurons.mass), angle = numbers(neurons.angle), teacher = numbers(neurons.teacher);
  const place = numbers(neurons.place), teacherPlace = numbers(neurons.teacher_place);
  const width = mass.length / times.length, rank = neurons.rank, teachers = teacherPlace.length / rank;
  const heaviest = Math.max(...mass.filter(Number.isFinite), Number.MIN_VALUE);
  const least = neurons.least_mass;
  const inSpan = rank === 2 || rank === 3;
  const axes = inSpan ? COORDINATES.slice(0, rank) : ["x", "y"];
  const smallest = Math.min(...angle.filter((a) => a > 0), 1);

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
    const narrow = document.getElementById("neurons").clientWidth < 500;
    const heavy = !three ? 26 : narrow ? 13 : 22;
    const all = Array.from({ length: width }, (_, j) => j);
    return {
      type, mode: "markers", name: "neurons", showlegend: false,
      ...Object.fromEntries(axes.map((axis, c) => [axis, points.map((p) => p[c])])),
      marker: {
        size: all.map((j) => Math.max(4, heavy * Math.sqrt((mass[of(j)] || 0) / heaviest))),
        color: all.map((j) => (mass[of(j)] > neurons.alive_above ? colourOf(teacher[of(j)]) : "rgba(127,127,127,0.35)")),
        opacity: 0.85, line: { width: 0.5, color: theme().paper },
      },
      text: all.map((j) => `neuron ${j}, mass ${shownNumber(mass[of(j)])}, ${shownAngle(angle[of(j)])} off teacher ${teacher[of(j)] + 1}`),
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
    if (certificate) return certificateSphere(s);
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
      const eye = document.getElementById("neurons").layout?.scene?.camera?.eye;
      const axis = { visible: false, range: [-1.4, 1.4] };
      const far = document.getElementById("neurons").clientWidth < 500 ? 1.2 : 0.82; // from where the names just fit
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

  // --- the slider and the play button

  const slider = document.getElementById("time"), play = document.getElementById("play");
  const told = document.getElementById("moment"), speed = document.getElementById("speed");
  let timer = null;

  const draw = () => {
    const s = Number(slider.value);
    if (certificate && rank === 2) drawCertificate(s, certified);
    return Plotly.react("neurons", [...surroundings(s), ...rays(), ...trails(s), ...ends(dots(s))], frameLayout(), config);
  };

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

  function show(s) {
    slider.value = String(s);
    moment = times[s];
    const row = steps.indexOf(moment);
    const stage = data.stages.filter((span) => moment > span.first || span.first === 0).pop();
    const parts = [`step ${moment}`, stage ? stage.name : ""];
    if (row >= 0) parts.push(`loss ${shownNumber(metrics.loss[row])}`, applies("mean_angle") ? `mean angle ${shownAngle(metrics.mean_angle[row])}` : "");
    told.textContent = parts.filter(Boolean).join(" · ");
    slider.setAttribute("aria-valuetext", told.textContent);
    document.getElementById("neurons").setAttribute("aria-label", `neurons and teacher at step ${moment}. ${described(s)}`);
    document.getElementById("link").href = `#step=${moment}`;
    if (certificate) document.getElementById("certified").textContent = certificate.told(s, row >= 0 ? metrics.gap[row] : NaN);
    draw();
    for (const id of ["curves", "alignment"]) Plotly.relayout(id, { shapes: stages(moment) });
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }

  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) === times.length - 1) show(0);
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next < times.length) show(next);
      if (next >= times.length - 1) stop();
    }, Number(speed.value));
  });
  speed.addEventListener("change", () => {
    if (timer !== null) for (let clicks = 0; clicks < 2; clicks++) play.click(); // goes on at the other speed
  });
  addEventListener("hashchange", () => showLinked());
  if (three) document.getElementById("neurons").addEventListener("pointerup", () => setTimeout(draw)); // names go to the ends that one sees
  charts.push(draw);
  markStages(times);
  if (!showLinked()) show(times.length - 1);

  /** The moment that the address names: its last snapshot at that step or before. */
  function showLinked() {
    const step = Number(/^#step=(\d+)$/.exec(location.hash)?.[1] ?? NaN);
    if (Number.isNaN(step)) return false;
    stop();
    show(Math.max(0, times.findLastIndex((time) => time <= step)));
    return true;
  }
}

/** Below the slider: where the stages begin. */
function markStages(times) {
  data.stages.forEach((stage, i) => {
    const first = times.findIndex((step) => step > stage.first || (i === 0 && step >= stage.first));
    if (first < 0 || data.stages.length === 1) return;
    const mark = document.createElement("span");
    mark.style.left = `${(100 * first) / Math.max(times.length - 1, 1)}%`;
    mark.textContent = String(i + 1);
    mark.title = stage.name;
    document.getElementById("marks").append(mark);
  });
}

if (data.neurons) showNeurons(data.neurons);
