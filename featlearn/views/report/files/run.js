"use strict";
// The page of one run: its curves, and its neurons with a replay, joined.

const run = runOf(data);
const lossCurves = lossesChart(document.getElementById("curves"), run);
const alignmentCurves = run.teachers ? alignmentChart(document.getElementById("alignment"), run) : null;

document.getElementById("csv").addEventListener("click", () => {
  const { metrics, steps } = run, names = Object.keys(metrics);
  download("metrics.csv", csvOf([names, ...steps.map((_, i) => names.map((name) => metrics[name][i]))]));
});

if (run.neurons) {
  const { metrics, steps, stages } = run;
  const certificate = run.certificate ? certificateOf(run.certificate, run.of_population) : null;
  const neurons = neuronsChart(document.getElementById("neurons"), run.neurons, certificate, document.getElementById("certificate"));
  const told = document.getElementById("moment");
  replay(neurons.times, stages, (s) => {
    const moment = neurons.times[s], row = steps.indexOf(moment);
    const stage = stages.filter((span) => moment > span.first || span.first === 0).pop();
    const parts = [`step ${moment}`, stage ? stage.name : ""];
    if (row >= 0) parts.push(`loss ${shownNumber(metrics.loss[row])}`, run.applies("mean_angle") ? `mean angle ${shownAngle(metrics.mean_angle[row])}` : "");
    told.textContent = parts.filter(Boolean).join(" · ");
    if (certificate) document.getElementById("certified").textContent = certificate.told(s, row >= 0 ? metrics.gap[row] : NaN);
    neurons.show(s);
    for (const curves of [lossCurves, alignmentCurves]) curves?.mark(moment);
    return told.textContent;
  });
}
