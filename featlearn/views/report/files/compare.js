"use strict";
// The page of two or three runs side by side: one replay of all of them, and charts in which they lie over each other.

const runs = data.runs.map((packed) => ({ ...runOf(packed), name: plain(packed.name) }));
const last = Math.max(...runs.map((run) => run.last));
const DASHES = ["solid", "dash", "dot"]; // as the swatches in report.css
/** The colours of runs are others than those of teacher neurons. */
const colourOfRun = (i) => (i === 0 ? theme().ink : textColourOf(i === 1 ? 3 : 5));
const ZERO = 0.3; // where a logarithmic axis of λ shows 0, in parts of its least value

function colourSwatches() {
  runs.forEach((_, i) => document.querySelectorAll(`.run-${i}`).forEach((swatch) => { swatch.style.borderTopColor = colourOfRun(i); }));
}

// --- losses, angles and shares ------------------------------------------------------------------

/** One column of all runs: as lines on axis number row, and that axis. */
function panel(name, row, first, domain) {
  const axis = row ? `y${row + 1}` : "y";
  const range = data.ranges[name], decay = name === "weight_decay", share = name === "aligned_mass" || name === "subspace";
  const zero = decay && runs.some((run) => run.metrics[name].includes(0)) ? ZERO * range[0] : null;
  const shown = (run) => (zero === null ? run : { ...run, metrics: { ...run.metrics, [name]: run.metrics[name].map((v) => v || zero) } });
  const traces = runs.map((run, i) => ({
    ...columnLine(shown(run), name, run.name + (run.status === "done" ? "" : ` (${run.status})`), colourOfRun(i), { dash: DASHES[i], ...(decay ? { shape: "vh" } : {}) }),
    text: run.metrics[name].map((v) => (name.includes("angle") ? shownAngle(v) : shownNumber(v))),
    hovertemplate: `%{text} at step %{customdata}<extra>${run.name}</extra>`,
    yaxis: axis, connectgaps: true, legendgroup: String(i), showlegend: row === 0,
  }));
  const title = { text: decay ? "λ" : name.includes("angle") ? "angle δ<sub>j</sub> (°)" : inTwoLines(data.words[name]), standoff: 4 };
  if (share) return { traces, axis: { domain, range: [-0.04, 1.04], tickvals: [0, 0.5, 1], tickformat: ".0%", title } };
  const scaled = logAxis([[...(zero === null ? [] : [zero]), ...(range ?? [])]], { domain, title }, first ? 6 : 3);
  if (zero !== null) Object.assign(scaled, withZero(scaled, zero));
  return { traces, axis: scaled };
}

const inTwoLines = (words) => words.replace(/^(aligned|first layer|training|test) /, "$1<br>"); // beside a low panel

/** The ticks of an axis, and one at the place of zero. */
function withZero({ tickvals, ticktext }, zero) {
  const kept = tickvals.map((v, i) => [v, ticktext[i]]).filter(([v]) => v > 1.5 * zero);
  return { tickvals: [zero, ...kept.map(([v]) => v)], ticktext: ["0", ...kept.map(([, text]) => text)] };
}

/** A chart with a panel for each column, the first of them the tallest, that can mark a moment. */
function stacked(element, names) {
  const shares = names.map((_, row) => (row ? 1 : 1.8)), whole = shares.reduce((sum, share) => sum + share, 0);
  const gap = 0.05, room = 1 - gap * (names.length - 1);
  const domainOf = (row) => {
    const top = 1 - shares.slice(0, row).reduce((sum, share) => sum + (share * room) / whole + gap, 0);
    return [Math.max(0, top - (shares[row] * room) / whole), top];
  };
  const common = { stages: data.stages };
  const told = names.map((name) => `${plain(data.words[name])}: ${runs.map((run) => `${run.name} from ${endsOf(run.metrics[name]).map((v) => shownNumber(v)).join(" to ")}`).join(", ")}`);
  element.setAttribute("aria-label", `curves against steps 0 to ${last}. ${told.join("; ")}; the ends are in the table`);
  chart(() => {
    const panels = names.map((name, row) => panel(name, row, row === 0, domainOf(row)));
    return Plotly.react(element, panels.flatMap(({ traces }) => traces), layout({
      ...Object.fromEntries(panels.map(({ axis }, row) => [row ? `yaxis${row + 1}` : "yaxis", axis])),
      xaxis: stepAxis(last, { anchor: names.length > 1 ? `y${names.length}` : "y" }),
      shapes: stageShapes(common, null), annotations: data.stages.length ? stageNumbers(common) : [], legend: legendAt(1, data.stages.length > 1),
    }), config);
  });
  return { mark: momentsOn(element) };
}

/** The first and the last of some values that are numbers. */
function endsOf(values) {
  const known = values.filter(Number.isFinite);
  return [known[0], known[known.length - 1]];
}

// --- the replay ---------------------------------------------------------------------------------

/** The index of the nearest of some steps in order; of two that are as near, the earlier one. */
function nearest(times, moment) {
  return times.reduce((best, time, s) => (Math.abs(time - moment) < Math.abs(times[best] - moment) ? s : best), 0);
}

/** What a run shows at a moment, in words. */
function told(run, step, moment) {
  const stage = run.stages.filter((span) => step > span.first || span.first === 0).pop();
  const ended = moment > run.last, off = step !== moment && !ended;
  const parts = [`step ${step}${ended ? ` (${run.status} there)` : off ? " (its nearest snapshot)" : ""}`, stage ? stage.name : ""];
  const row = run.steps.indexOf(step), loss = data.losses[0];
  if (row >= 0) parts.push(`${data.words[loss]} ${shownNumber(run.metrics[loss][row])}`, run.applies("mean_angle") ? `mean angle ${shownAngle(run.metrics.mean_angle[row])}` : "");
  return parts.filter(Boolean).join(" · ");
}

/** What happened last in a run, up to a moment. */
function lastEvent({ events }, moment) {
  const found = events.findLast(({ step }) => step <= moment);
  return found ? `Last, at step ${found.step}: ${found.text}` : "";
}

/** The picture of a run: snapshots as the index of the nearest one, or between two moments of the replay. */
function sideOf(run, i) {
  const chart = neuronsChart(document.getElementById(`neurons-${i}`), run.neurons), { times } = chart;
  const at = times.map((time) => data.moments.indexOf(time)); // its snapshots among the moments
  const words = document.getElementById(`told-${i}`), event = document.getElementById(`event-${i}`);
  return {
    show(moment, playing) {
      const s = nearest(times, moment);
      words.textContent = told(run, times[s], moment);
      event.textContent = lastEvent(run, moment);
      if (!playing) chart.show(s);
      return times[s];
    },
    move(s, share) {
      const own = Math.max(at.findLastIndex((k) => k <= s), 0), later = at[own + 1];
      chart.move(own, later === undefined || s < at[own] ? 0 : (s + share - at[own]) / (later - at[own]));
    },
  };
}

function showReplay(marked) {
  const shown = runs.map((run, i) => i).filter((i) => runs[i].neurons);
  const sides = shown.map((i) => sideOf(runs[i], i));
  function show(s, playing) {
    const moment = data.moments[s], steps = sides.map((side) => side.show(moment, playing));
    marked.forEach((one) => one.mark(moment));
    const differ = !playing && new Set(steps).size > 1;
    const text = `step ${moment}${differ ? `; the pictures are of different steps: ${steps.join(", ")}` : ""}`;
    document.getElementById("moment").textContent = text;
    return text;
  }
  const events = runs.flatMap(({ name, events }) => events.map(({ step, text }) => ({ step, text: `${name}: ${text}` })));
  events.sort((a, b) => a.step - b.step);
  replay(data.moments, data.stages, show, { events, frame: (s, share) => sides.forEach((side) => side.move(s, share)) });
  if (data.one_frame && runs[shown[0]].neurons.rank === 3) turnTogether(shown.map((i) => document.getElementById(`neurons-${i}`)));
}

/** Spheres in one frame turn together. */
function turnTogether(elements) {
  let turning = false;
  for (const element of elements) {
    element.on("plotly_relayout", async (change) => {
      const camera = change["scene.camera"];
      if (!camera || turning) return;
      turning = true;
      await Promise.all(elements.filter((other) => other !== element).map((other) => Plotly.relayout(other, { "scene.camera": camera })));
      turning = false;
    });
  }
}

charts.push(colourSwatches);
colourSwatches();
const marked = [stacked(document.getElementById("losses"), data.loss_columns)];
if (data.alignment.length) marked.push(stacked(document.getElementById("alignment"), data.alignment));
if (data.moments.length) showReplay(marked);
