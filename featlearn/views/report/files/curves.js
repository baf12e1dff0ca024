"use strict";
// Curves of one run against its steps: losses with λ, and the alignment. They take a run as runOf gives it.

/** A run as it travels (metrics, stages, labels, words, bands …), with its columns as numbers. */
function runOf(packed) {
  const metrics = Object.fromEntries(Object.entries(packed.metrics).map(([name, column]) => [name, numbers(column)]));
  const steps = metrics.step;
  return {
    ...packed, metrics, steps, last: steps[steps.length - 1], x: steps.map(onAxis),
    has: (name) => metrics[name].some((y) => y > 0),
    applies: (name) => metrics[name].some(Number.isFinite), // what takes teacher neurons does not to a polynomial
  };
}

/** A column of a run as a line. */
function columnLine({ metrics, steps, x }, name, label, colour, style) {
  const mode = steps.length <= 3 ? "lines+markers" : "lines";
  return {
    x, y: finite(metrics[name]), customdata: steps, text: metrics[name].map((y) => shownNumber(y)), name: label, mode, line: { color: colour, width: 2, ...style },
    hovertemplate: `%{text} at step %{customdata}<extra>${label}</extra>`,
  };
}

/** Where a legend stands: above a panel whose upper edge is at y. */
const legendAt = (y, numbered) => ({ orientation: "h", x: 0, y: y + (numbered ? 0.055 : 0.005), yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" });

/** Bands for the stages, their numbers above, and a line at the moment that the slider shows. */
function stageShapes(run, moment) {
  const t = theme();
  const shapes = run.stages
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

/** The numbers of the stages, above. */
function stageNumbers(run) {
  if (run.stages.length === 1) return [];
  return run.stages.map((s, i) => ({
    xref: "x", yref: "paper", x: (Math.log10(onAxis(s.first)) + Math.log10(onAxis(s.last))) / 2, y: 1, yanchor: "bottom",
    text: String(i + 1), hovertext: plain(s.name), showarrow: false, font: { color: theme().faint },
  }));
}

const lossNames = ({ has }) => ["loss", "train_loss", "test_loss", "objective", "gap"].filter(has);

/** A chart against steps, with a line at a moment and marks of what happened, which lead there by ``go(event)``; it says for
 *  those who do not see it how the named columns go. */
function markedChart(element, run, names, draw, go) {
  const ends = [0, run.steps.length - 1];
  const told = names.map((name) => `${plain(run.words[name])} from ${ends.map((i) => shownNumber(run.metrics[name][i])).join(" to ")}`);
  element.setAttribute("aria-label", `curves against steps 0 to ${run.last}: ${told.join("; ")}; as numbers in the table of stages and in the CSV file`);
  chart(() => draw());
  return { mark: momentsOn(element, run.events, go) };
}

/** Losses, objective, gap and λ. Returns an object whose ``mark(step)`` says where the line stands that marks a moment. */
function lossesChart(element, run, go) {
  const { metrics, last, has } = run;
  const line = (...parts) => columnLine(run, ...parts);
  return markedChart(element, run, lossNames(run), () => {
    const traces = [];
    const [blue, orange, green, purple, , amber] = COLOURS;
    const decays = has("weight_decay"), alike = metrics.loss.every((y, i) => Object.is(y, metrics.objective[i])); // as where λ = 0
    if (has("loss")) traces.push(line("loss", (alike ? `${run.labels.loss} = ${run.labels.objective}` : run.labels.loss) + run.of_population, blue));
    if (has("train_loss")) traces.push(line("train_loss", run.labels.train_loss, purple, { dash: "dashdot" }));
    if (has("test_loss")) traces.push(line("test_loss", run.labels.test_loss, amber, { dash: "dot" }));
    if (has("objective") && !alike) traces.push(line("objective", run.labels.objective + run.of_population, orange, { dash: "dash" }));
    const gap = has("gap");
    if (gap) traces.push({ ...line("gap", run.labels.gap, green), yaxis: "y3", showlegend: false });
    traces.push({ ...line("weight_decay", run.labels.weight_decay, theme().ink, { shape: "vh" }), yaxis: "y2", showlegend: false });
    return Plotly.react(element, traces, layout({
      xaxis: stepAxis(last, { anchor: "y2" }), shapes: stageShapes(run, null), annotations: stageNumbers(run),
      legend: legendAt(1, true),
      yaxis: logAxis(traces.filter((trace) => !trace.yaxis).map((trace) => trace.y), { domain: [gap ? 0.5 : 0.33, 1], title: { text: run.losses } }),
      ...(gap ? { yaxis3: logAxis([metrics.gap], { domain: [0.22, 0.46], title: { text: "gap", standoff: 4 } }, 4) } : {}),
      yaxis2: logAxis([metrics.weight_decay], { domain: [0, gap ? 0.18 : 0.27], title: { text: "λ" }, ...(decays ? {} : { range: [-0.2, 1], tickvals: [0], ticktext: ["0"] }) }, 3),
    }), config);
  }, go);
}

/** Angles and shares; likewise. */
function alignmentChart(element, run, go) {
  const { metrics, steps, x, last, applies } = run;
  const line = (...parts) => columnLine(run, ...parts);
  return markedChart(element, run, ["mean_angle", "max_angle", "aligned_mass", "subspace"].filter(applies), () => {
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
          ...run.bands.flatMap(band),
          quantile("angle_median", {
            line: { color: dark.matches ? sky : blue, width: 2 }, name: "median of the mass", showlegend: true, hoverinfo: "all", text: at.map((i) => shownAngle(metrics.angle_median[i])),
            customdata: at.map((i) => steps[i]), hovertemplate: "%{text} at step %{customdata}<extra>median</extra>",
            mode: at.length <= 3 ? "lines+markers" : "lines",
          }),
        ]
      : [];
    if (applies("max_angle")) traces.push(line("max_angle", run.words.max_angle, orange, { dash: "dash" }));
    const shares = [line("subspace", run.words.subspace, green, { dash: "dot" })];
    if (applies("found")) {
      shares.push(
        line("aligned_mass", `${run.words.aligned_mass} (within ${data.aligned_within}°)`, blue),
        line("found", `${run.words.recovered}, of ${run.teachers}`, orange, { dash: "dash", shape: "hv" }),
      );
    }
    return Plotly.react(element, [...traces, ...shares.map((trace) => ({ ...trace, yaxis: "y2", legend: "legend2" }))], layout({
      xaxis: stepAxis(last, { anchor: "y2" }), shapes: stageShapes(run, null), annotations: stageNumbers(run),
      legend: legendAt(1, true), legend2: legendAt(0.3, false),
      yaxis: logAxis([metrics.max_angle, ...run.bands.flatMap(({ low, high }) => [metrics[low], metrics[high]])], { domain: [0.53, 1], title: { text: "angle δ<sub>j</sub> (degrees)" } }),
      yaxis2: { domain: [0, 0.3], range: [-0.04, 1.04], tickvals: [0, 0.5, 1], tickformat: ".0%", title: { text: "share" } },
    }), config);
  }, go);
}
