"use strict";
// The controls of a replay: slider, marks, play, speed, keyboard, and the address of a moment. They know nothing of charts.

const MOVES = 10; // seconds that all the snapshots of a replay take at 1×
const STANDING = 30; // seconds more that it stands still, at most
const READS = 0.06; // seconds that a reader takes for a character
const STANDS = 1.5; // seconds that it stands still at something that happened, at least
const SPEEDS = [0.5, 1, 2, 4];
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Replay snapshots at these steps, from the start at once unless motion is to be reduced or the address names a moment.
 *  ``show(s, playing, moment)`` is called with the index of the snapshot to show and the step that is meant, which may lie
 *  before it, after the snapshot before; it returns that in words. More, where wanted:
 *  ``events`` ({step, text}), which are marked and stood still at; ``frame(s, share)``, called for each picture while
 *  playing with how much of the way to the next snapshot is over; ``neuron()``, the number of the neuron that the address
 *  names beside the moment, and ``choose(number)``, called with that of an address; ``logged``, steps between snapshots
 *  that may be meant, too. Returns ``go(step)`` and ``changed()``,
 *  to be called when the neuron has changed. */
function replay(times, stages, show, { events = [], frame = null, neuron = () => null, choose = () => {}, logged = [] } = {}) {
  const slider = document.getElementById("time"), play = document.getElementById("play"), speed = document.getElementById("speed");
  const last = times.length - 1, place = slider.closest("section");
  const marks = marksOf(times, stages, events), stands = standsOf(marks.filter((mark) => mark.s < last)), pace = MOVES / Math.max(last, 1);
  let at = 0, shown = -1, moment = times[0], left = 0, before = null, request = null, written = null;

  const playing = () => request !== null;

  function tell(s, step = times[s]) {
    [shown, moment] = [s, step];
    slider.value = String(s);
    slider.setAttribute("aria-valuetext", show(s, playing(), step));
    document.getElementById("link").href = `#${fragment()}`;
    const now = marks.findLastIndex((mark) => mark.s <= s);
    marks.forEach((mark, i) => mark.button.classList.toggle("now", i === now));
  }

  function go(s) {
    at = Math.min(Math.max(s, 0), last);
    tell(at);
  }

  /** Show a step: by the snapshot there, or the next one, at which what happens there has happened. */
  function goToStep(step) {
    at = snapshotAt(times, step);
    tell(at, logged.includes(step) && step < times[at] ? step : times[at]);
  }

  function start() {
    if (playing() || last === 0) return;
    if (at >= last) at = 0;
    left = stands.get(at) ?? 0;
    before = null;
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
    request = requestAnimationFrame(step);
    tell(at);
  }

  function stop() {
    if (!playing()) return;
    cancelAnimationFrame(request);
    request = null;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
    go(Math.floor(at));
  }

  /** A picture: time goes on by what has passed since the one before, a tenth of a second at most. */
  function step(now) {
    let passed = before === null ? 0 : Math.min((now - before) / 1000, 0.1) * Number(speed.value);
    before = now;
    while (passed > 0 && at < last) {
      if (left > 0) {
        const waits = Math.min(left, passed);
        left -= waits;
        passed -= waits;
        continue;
      }
      const next = Math.floor(at) + 1, needed = (next - at) * pace;
      at = passed >= needed ? next : at + passed / pace;
      passed -= Math.min(needed, passed);
      if (at === next) left = stands.get(next) ?? 0;
    }
    if (at >= last) return stop();
    request = requestAnimationFrame(step);
    if (Math.floor(at) !== shown) tell(Math.floor(at));
    frame?.(Math.floor(at), at - Math.floor(at));
  }

  const fragment = () => `step=${moment}${neuron() === null ? "" : `&neuron=${neuron()}`}`;

  /** Put moment and neuron into the address, once the hand rests; the way back through the history stays as it was. */
  function write() {
    clearTimeout(written);
    written = setTimeout(() => history.replaceState(null, "", `#${fragment()}`), 300);
  }

  function chosenByHand(s) {
    stop();
    go(s);
    write();
  }
  function chosenStep(step) {
    stop();
    goToStep(step);
    write();
  }

  const toggle = () => {
    if (!playing()) return start();
    stop();
    write();
  };

  speed.replaceChildren(...SPEEDS.map((factor) => new Option(factor === 0.5 ? "½×" : `${factor}×`, String(factor), factor === 1, factor === 1)));
  slider.addEventListener("input", () => chosenByHand(Number(slider.value)));
  play.addEventListener("click", toggle);
  addEventListener("hashchange", () => goLinked());
  document.addEventListener("keydown", (event) => {
    const on = event.target, inField = on.closest("input:not([type=range]), select, textarea, table, pre");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || inField) return;
    if (event.key === " " && !on.closest("button, a, summary")) toggle();
    else if (on !== slider && (on === document.body || place.contains(on)) && event.key in moves) chosenByHand(moves[event.key]());
    else return;
    event.preventDefault();
  });
  const moves = { ArrowLeft: () => shown - 1, ArrowRight: () => shown + 1, Home: () => 0, End: () => last };

  const strip = document.getElementById("marks");
  strip.removeAttribute("aria-hidden");
  strip.append(...marks.map((mark) => mark.button));
  marks.forEach((mark) => mark.button.addEventListener("click", () => (mark.events.length ? chosenStep(mark.events[0].step) : chosenByHand(mark.s))));

  if (!goLinked()) {
    if (still.matches || last === 0) go(last);
    else {
      go(0);
      whenSeen(document.getElementById("moment"), start);
    }
  }
  still.addEventListener("change", () => still.matches && stop());

  /** Moment and neuron that the address names. */
  function goLinked() {
    const named = new URLSearchParams(location.hash.slice(1)), whole = (name) => (/^\d+$/.test(named.get(name) ?? "") ? Number(named.get(name)) : null);
    const step = whole("step"), number = whole("neuron");
    if (step === null && number === null) return false;
    stop();
    if (number !== null) choose(number);
    goToStep(step ?? times[last]);
    return true;
  }

  return { go: chosenStep, pause: stop, changed: () => { tell(shown, moment); if (!playing()) write(); } };
}

/** Call once, as soon as an element is on the screen. */
function whenSeen(element, call) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    call();
  });
  watch.observe(element);
}

/** The first snapshot at a step or after it; the last one where there is none. */
function snapshotAt(times, step) {
  const s = times.findIndex((time) => time >= step);
  return s < 0 ? times.length - 1 : s;
}

/** For how many seconds a replay stands still at marks, by snapshots: while what happened there is read, or in proportion
 *  to that where all of it would take longer than ``STANDING``. Where only a stage begins, it goes on. */
function standsOf(marks) {
  const read = marks.map((mark) => [mark.s, READS * mark.events.filter((event) => event.kind !== "stage").reduce((sum, event) => sum + event.text.length, 0)]).filter(([, time]) => time > 0);
  const shorter = (times) => Math.min(1, STANDING / times.reduce((sum, [, time]) => sum + time, 0));
  const factor = shorter(read), long = read.map(([s, time]) => [s, Math.max(STANDS, factor * time)]), again = shorter(long);
  return new Map(long.map(([s, time]) => [s, again * time]));
}

/** What stands below the slider: where stages begin, by their numbers, and what happened, one button for each snapshot. */
function marksOf(times, stages, events) {
  const marks = new Map();
  const markAt = (s) => marks.get(s) ?? marks.set(s, { s, number: "", texts: [], events: [] }).get(s);
  stages.forEach((stage, i) => {
    const first = times.findIndex((step) => step > stage.first || (i === 0 && step >= stage.first));
    if (first < 0 || stages.length === 1) return;
    markAt(first).number = String(i + 1);
    markAt(first).texts.push(`stage ${i + 1}, ${stage.name}`);
  });
  for (const event of events) {
    const mark = markAt(snapshotAt(times, event.step));
    mark.events.push(event);
    mark.texts.push(event.text);
  }
  return [...marks.values()].sort((a, b) => a.s - b.s).map((mark) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = mark.events.length ? "event" : "stage";
    button.style.left = `${(100 * mark.s) / Math.max(times.length - 1, 1)}%`;
    button.textContent = mark.number;
    button.title = mark.texts.join("\n");
    button.setAttribute("aria-label", `step ${times[mark.s]}: ${mark.texts.join(" ")}`);
    return { ...mark, button };
  });
}
