"use strict";
// The λ-path in the page of a run: the atoms of the optimum against λ, and the neurons at the λ of one time.

/** Draw it into an element; ``neurons`` as they travel. Its ``show(s)`` shows the neurons of a snapshot. */
function pathChart(element, path, neurons) {
  const decays = numbers(path.decays), x = numbers(path.weight_decay), height = numbers(path.height), mass = numbers(path.mass);
  const place = numbers(neurons.place), angle = numbers(neurons.angle), masses = numbers(neurons.mass), nearestTo = numbers(neurons.teacher);
  const width = masses.length / decays.length, heaviest = Math.max(...mass.map(Math.abs), 1e-300);
  const LEAST = 1e-3; // degrees, the least that a logarithmic axis shows
  const shown = (y) => (path.plane ? y : Math.max(y, LEAST));
  const sizeOf = (m) => Math.max(4, 22 * Math.sqrt(Math.abs(m) / heaviest));
  const heightOf = (j) => shown(path.plane ? degrees(place[2 * j], place[2 * j + 1]) : angle[j]);
  let at = decays.length - 1;

  /** The branches of one teacher line, with a gap after each piece. */
  function branches(k) {
    const pieces = path.branches.filter(([i, j]) => path.teacher[j] === k && !(path.plane && Math.abs(height[i] - height[j]) > path.turn / 2));
    const through = (values) => pieces.flatMap(([i, j]) => [values[i], values[j], null]);
    return { x: through(x), y: through(height.map(shown)), mode: "lines", line: { color: colourOf(k), width: 2 }, hoverinfo: "skip", showlegend: false };
  }

  function atoms(t) {
    const colours = path.teacher.map((k, i) => (path.certified[i] ? colourOf(k) : t.faint));
    return {
      x, y: height.map(shown), mode: "markers", name: "atoms of the optimum", hoverinfo: "text",
      marker: { size: mass.map(sizeOf), symbol: path.certified.map((sure) => (sure ? "circle-open" : "square-open")), color: colours, opacity: 0.75, line: { width: 1.3 } },
      text: x.map((decay, i) => `atom of mass ${shownNumber(mass[i])} at λ = ${shownNumber(decay)}${path.certified[i] ? "" : ", not certified"}`),
    };
  }

  function alive() {
    const of = Array.from({ length: width }, (_, j) => at * width + j).filter((j) => masses[j] > neurons.alive_above && decays[at] > 0);
    return {
      x: of.map(() => decays[at]), y: of.map(heightOf), mode: "markers", name: "neurons", hoverinfo: "text",
      marker: { size: of.map((j) => sizeOf(masses[j])), color: of.map((j) => colourOf(nearestTo[j])), opacity: 0.75, line: { width: 0.8, color: theme().ink } },
      text: of.map((j) => `neuron of mass ${shownNumber(masses[j])} at ${shownAngle(heightOf(j))}`),
    };
  }

  function draw() {
    const t = theme(), lines = [...new Set(path.teacher)].sort((a, b) => a - b);
    const guide = (more) => ({ type: "line", layer: "below", ...more });
    const marks = {
      x: path.marks.map((mark) => mark.weight_decay), y: path.marks.map((mark) => shown(mark.height)), mode: "markers", name: "atoms come or go",
      marker: { symbol: "triangle-up", size: 11, color: t.ink, line: { width: 1, color: t.paper } }, hoverinfo: "text",
      text: path.marks.map((mark) => `λ = ${shownNumber(mark.weight_decay)}: ${mark.text}`),
    };
    const used = [...x, ...decays.filter((decay) => decay > 0)], ends = [used.reduce((a, b) => Math.max(a, b)) * 1.3, used.reduce((a, b) => Math.min(a, b)) / 1.3];
    const { tickvals, ticktext } = logTicks(ends[1], ends[0]);
    const shapes = path.marks.map((mark) => guide({ x0: mark.weight_decay, x1: mark.weight_decay, yref: "paper", y0: 0, y1: 1, line: { color: t.faint, width: 1, dash: "dash" } }));
    if (decays[at] > 0) shapes.push(guide({ x0: decays[at], x1: decays[at], yref: "paper", y0: 0, y1: 1, line: { color: t.ink, width: 1.5 } }));
    for (const [k, y] of path.teachers.entries()) shapes.push(guide({ xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color: colourOf(k), width: 1, dash: "dot" } }));
    const annotations = path.teachers.map((y, k) => ({ xref: "paper", x: 1, xanchor: "left", y, showarrow: false, text: `<b>w*<sub>${k + 1}</sub></b>`, font: { color: textColourOf(k) } }));
    const vertical = path.plane
      ? { range: [0, path.turn], dtick: path.turn / 4, ticksuffix: "°", title: { text: "direction in the plane" } }
      : logAxis([height.map(shown), angle.map(shown)], { title: { text: "angle to the nearest teacher line (°)" } });
    return Plotly.react(element, [...lines.map(branches), atoms(t), ...(path.marks.length ? [marks] : []), alive()], layout({
      height: 420, xaxis: { type: "log", range: ends.map(Math.log10), tickvals, ticktext, title: { text: "weight decay λ (falls to the right)" } },
      yaxis: vertical, shapes, annotations, margin: { l: 60, r: 34, t: 40, b: 45 }, hovermode: "closest",
    }), config);
  }
  chart(draw);
  return {
    show(s) {
      at = s;
      draw();
    },
  };
}
