"use strict";
// The page of one run: its curves, its neurons with a replay, what happens, and one neuron that is marked in all of them.

const run = runOf(data);
if (matchMedia("(max-width: 40rem)").matches) document.querySelector(".opening")?.removeAttribute("open"); // it would fill two screens
let goTo = () => {}; // of the replay, where there is one
const curves = [lossesChart(document.getElementById("curves"), run, (event) => goTo(event.step))];
if (run.teachers) curves.push(alignmentChart(document.getElementById("alignment"), run, (event) => goTo(event.step)));

document.getElementById("csv").addEventListener("click", () => {
  const { metrics, steps } = run, names = Object.keys(metrics);
  download("metrics.csv", csvOf([names, ...steps.map((_, i) => names.map((name) => metrics[name][i]))]));
});

/** The numbers at the top, at the last logged row up to a step; at the end as they stand in the file. */
function factsOf() {
  const facts = [...document.querySelectorAll("dd[data-fact]")].map((element) => ({ element, name: element.dataset.fact, atEnd: element.textContent }));
  const told = (name, value) => {
    if (name === "step") return value.toLocaleString("en").replaceAll(",", "\u2009");
    if (name === "recovered") return `${value} of ${run.teachers}`;
    if (name === "subspace" || name === "aligned_mass") return Number.isFinite(value) ? `${(100 * value).toFixed(1)}%` : "–";
    return name.includes("angle") ? shownAngle(value) : shownNumber(value);
  };
  return (moment) => {
    const row = run.steps.findLastIndex((step) => step <= moment);
    for (const { element, name, atEnd } of facts) element.textContent = moment >= run.last ? atEnd : told(name, run.metrics[name][row]);
  };
}

/** What has happened last up to a snapshot: the events between the one before and it. Links of events lead to theirs. */
function captions(times) {
  const groups = times.map(() => []);
  for (const event of run.events) groups[snapshotAt(times, event.step)].push(event);
  const element = document.getElementById("caption"), links = [...document.querySelectorAll("#happened li")];
  const chapters = [...document.querySelectorAll("#chapters button")];
  for (const button of chapters) button.addEventListener("click", () => goTo(Number(button.dataset.step)));
  return (s, stage, moment) => {
    const told = run.events.filter((event) => event.step <= moment), latest = told.length ? snapshotAt(times, told.at(-1).step) : -1;
    const since = latest < 0 ? [] : groups[latest].filter((event) => told.includes(event));
    const texts = since.length ? since.map((event) => event.text) : [s === 0 ? "The neurons stand where they were drawn at random; no step has been taken." : "Training goes on; nothing to tell has happened yet."];
    element.replaceChildren();
    const when = document.createElement("b");
    when.textContent = since.length ? (latest === s ? "Now" : "Before") : s === 0 ? "Start" : "Now";
    element.append(when, stage && run.stages.length > 1 ? ` · stage ${run.stages.indexOf(stage) + 1}, ${stage.name} · ` : " · ", texts.join(" "));
    for (const button of chapters) button.classList.toggle("now", button === chapters.findLast((each) => Number(each.dataset.step) <= moment));
    links.forEach((link, i) => link.classList.toggle("now", since.includes(run.events[i])));
  };
}

function showNeurons() {
  const { metrics, steps, stages } = run;
  const certificate = run.certificate ? certificateOf(run.certificate, run.of_population) : null;
  const field = document.getElementById("neuron"), ofNeuron = document.getElementById("neuron-told"), told = document.getElementById("moment");
  let at = 0, chosen = null, pointed = null, controls = null;

  const marked = () => pointed ?? chosen;
  function markNeuron() {
    neurons.mark(marked());
    traces.show(marked());
    tellNeuron();
  }
  function tellNeuron() {
    ofNeuron.textContent = marked() === null ? "Point at a dot, click it, or enter its number to follow one neuron." : neuronTold(neurons, marked(), at);
  }
  function choose(j) {
    [chosen, pointed] = [j, null];
    field.value = j === null ? "" : String(neurons.numberOf(j));
    markNeuron();
    controls?.changed();
  }
  const byNumber = (number) => Array.from({ length: neurons.width }, (_, j) => j).find((j) => neurons.numberOf(j) === number) ?? null;

  const neurons = neuronsChart(document.getElementById("neurons"), run.neurons, certificate, document.getElementById("certificate"), {
    pointed: (j) => { pointed = j; markNeuron(); },
    picked: (j) => choose(j === chosen ? null : j),
  });
  const path = data.path ? pathChart(document.getElementById("path"), data.path, data.neurons) : null;
  const traces = neuronTraces(document.getElementById("traces"), neurons, run);
  const showFacts = factsOf(), caption = captions(neurons.times);
  field.addEventListener("input", () => choose(field.value === "" ? null : byNumber(Number(field.value))));
  document.addEventListener("keydown", (event) => event.key === "Escape" && choose(null));
  for (const id of ["neurons", "certificate"]) document.getElementById(id)?.addEventListener("pointerdown", () => controls?.pause());

  const gapAt = (step) => metrics.gap[steps.indexOf(step)] ?? NaN;
  function show(s, playing, moment) {
    at = s;
    const taken = neurons.times[s], row = steps.findLastIndex((step) => step <= moment);
    const stage = stages.filter((span) => moment > span.first || span.first === 0).pop();
    const parts = [`step ${moment}`, stage ? stage.name : "", `λ = ${shownNumber(metrics.weight_decay[row])}`, `loss ${shownNumber(metrics.loss[row])}`];
    if (run.applies("mean_angle")) parts.push(`mean angle ${shownAngle(metrics.mean_angle[row])}`);
    if (taken !== moment) parts.push(`neurons drawn as they are ${taken - moment} step${taken - moment === 1 ? "" : "s"} later`);
    told.textContent = parts.filter(Boolean).join(" · ");
    if (certificate) document.getElementById("certified").textContent = certificate.told(s, gapAt(taken));
    caption(s, stage, moment);
    showFacts(moment);
    tellNeuron();
    if (!playing) neurons.show(s);
    path?.show(s);
    for (const one of [...curves, traces]) one.mark(moment);
    return told.textContent;
  }

  controls = replay(neurons.times, stages, show, {
    events: run.events, logged: steps, frame: neurons.move, neuron: () => (chosen === null ? null : neurons.numberOf(chosen)), choose: (number) => choose(byNumber(number)),
  });
  if (chosen === null) traces.show(null);
  goTo = controls.go;
}

if (run.neurons) showNeurons();
