"use strict";
// One neuron: its angle and its mass against the steps, and what it is at a moment.

/** Angle and mass of a neuron at all snapshots. ``show(j)`` draws those of one, or hides the chart for null; ``mark(step)`` marks a moment. */
function neuronTraces(element, chartOfNeurons, run) {
  const { times, width, mass, angle, teacher, numberOf } = chartOfNeurons, x = times.map(onAxis);
  const mark = momentsOn(element);
  let shown = null;
  const column = (values) => times.map((_, s) => values[s * width + shown]);
  const draw = () => {
    if (shown === null) return;
    const of = (values, words, format) => ({
      x, y: positive(column(values)), customdata: times, text: column(values).map(format), type: "scatter", mode: "lines+markers", showlegend: false,
      line: { color: theme().ink, width: 1.5 }, marker: { size: 5, color: column(teacher).map(colourOf) }, hovertemplate: `%{text} at step %{customdata}<extra>${words}</extra>`,
    });
    const angles = of(angle, "angle", shownAngle), masses = { ...of(mass, "mass", (v) => shownNumber(v)), yaxis: "y2" };
    Plotly.react(element, [angles, masses], layout({
      margin: { l: 60, r: 12, t: 10, b: 45 }, xaxis: stepAxis(run.last, { anchor: "y2" }),
      yaxis: logAxis([angles.y], { domain: [0.55, 1], title: { text: "angle (°)", standoff: 4 } }, 4), yaxis2: logAxis([masses.y], { domain: [0, 0.45], title: { text: "mass", standoff: 4 } }, 4),
    }), config);
    element.setAttribute("aria-label", `angle and mass of neuron ${numberOf(shown)} against steps`);
  };
  charts.push(draw);
  return {
    mark,
    show(j) {
      shown = j;
      element.hidden = j === null;
      draw();
    },
  };
}

/** What a neuron is at a snapshot, in words. */
function neuronTold({ times, width, mass, angle, teacher, numberOf, alive }, j, s) {
  const i = s * width + j, off = Number.isFinite(angle[i]) ? `${shownAngle(angle[i])} from w*${teacher[i] + 1}` : "without a direction";
  return `neuron ${numberOf(j)} at step ${times[s]}: ${off}, mass ${shownNumber(mass[i])}${alive(i) ? "" : " (it has died)"}`;
}
