"use strict";
// The controls of a replay: slider, play button, speed and the address of a moment. They know nothing of charts.

/** Replay snapshots at these steps: ``show(s)`` is called with the index of the one to show, which it returns the words of. */
function replay(times, stages, show) {
  const slider = document.getElementById("time"), play = document.getElementById("play"), speed = document.getElementById("speed");
  let timer = null;

  function go(s) {
    slider.value = String(s);
    slider.setAttribute("aria-valuetext", show(s));
    document.getElementById("link").href = `#step=${times[s]}`;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }

  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value));
  });
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (Number(slider.value) === times.length - 1) go(0);
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next < times.length) go(next);
      if (next >= times.length - 1) stop();
    }, Number(speed.value));
  });
  speed.addEventListener("change", () => {
    if (timer !== null) for (let clicks = 0; clicks < 2; clicks++) play.click(); // goes on at the other speed
  });
  addEventListener("hashchange", () => goLinked());
  markStages(times, stages);
  if (!goLinked()) go(times.length - 1);

  /** The moment that the address names: its last snapshot at that step or before. */
  function goLinked() {
    const step = Number(/^#step=(\d+)$/.exec(location.hash)?.[1] ?? NaN);
    if (Number.isNaN(step)) return false;
    stop();
    go(Math.max(0, times.findLastIndex((time) => time <= step)));
    return true;
  }
}

/** Below the slider: where the stages begin. */
function markStages(times, stages) {
  stages.forEach((stage, i) => {
    const first = times.findIndex((step) => step > stage.first || (i === 0 && step >= stage.first));
    if (first < 0 || stages.length === 1) return;
    const mark = document.createElement("span");
    mark.style.left = `${(100 * first) / Math.max(times.length - 1, 1)}%`;
    mark.textContent = String(i + 1);
    mark.title = stage.name;
    document.getElementById("marks").append(mark);
  });
}
