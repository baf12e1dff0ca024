"use strict";
// What is drawn over a chart without drawing the chart again: moving dots on a canvas, and lines at moments.

/** A canvas over a chart. ``paint(pen, x, y)`` draws on it, with functions from values to pixels, now and again whenever
 *  the chart has been drawn. Returns what draws it. */
function overlayOn(element, paint) {
  const canvas = document.createElement("canvas");
  canvas.className = "overlay";
  const draw = () => {
    const { xaxis, yaxis, scene, width, height } = element._fullLayout ?? {};
    if (!xaxis && !scene) return;
    if (canvas.parentNode !== element) element.append(canvas);
    const fine = devicePixelRatio || 1, size = [width, height].map((length) => Math.round(length * fine));
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d");
    pen.setTransform(fine, 0, 0, fine, 0, 0);
    pen.clearRect(0, 0, width, height);
    paint(pen, (v) => xaxis._offset + xaxis.d2p(v), (v) => yaxis._offset + yaxis.d2p(v));
  };
  whenever(element, draw);
  return draw;
}

/** Call after every drawing of a chart, which has been drawn once or is about to be. */
async function whenever(element, call) {
  while (!element.on) await new Promise((resolve) => setTimeout(resolve, 20));
  element.on("plotly_afterplot", call);
  call();
}

/** A disc of this diameter. */
function disc(pen, x, y, size, fill, edge) {
  pen.beginPath();
  pen.arc(x, y, size / 2, 0, 2 * Math.PI);
  if (fill) {
    pen.fillStyle = fill;
    pen.fill();
  }
  if (edge) {
    pen.strokeStyle = edge;
    pen.stroke();
  }
}

/** The marks of one neuron: a ring around it. */
function ringed(pen, x, y, size) {
  const t = theme();
  pen.globalAlpha = 1;
  for (const [width, colour] of [[5, t.paper], [2.5, t.ink]]) {
    pen.lineWidth = width;
    disc(pen, x, y, size + 8, null, colour);
  }
}

/** A line that marks a moment in a chart against steps, and marks of what happened, above, that lead to their moments. */
function momentsOn(element, events = [], go = () => {}) {
  const line = document.createElement("div"), marks = events.map((event) => {
    const mark = document.createElement("button");
    Object.assign(mark, { type: "button", className: "happened", title: event.text, tabIndex: -1 });
    mark.setAttribute("aria-hidden", "true"); // the same marks stand below the slider
    mark.addEventListener("click", () => go(event));
    return mark;
  });
  line.className = "now-line";
  let moment = null;
  const place = () => {
    const { xaxis, _size } = element._fullLayout ?? {};
    if (!xaxis) return;
    if (line.parentNode !== element) element.append(line, ...marks);
    const at = (mark, step) => {
      const x = xaxis.d2p(onAxis(step));
      mark.hidden = step === null || x < -1 || x > xaxis._length + 1;
      Object.assign(mark.style, { transform: `translateX(${xaxis._offset + x}px)`, top: `${_size.t}px` });
    };
    line.style.height = `${_size.h}px`;
    at(line, moment);
    marks.forEach((mark, i) => at(mark, events[i].step));
  };
  whenever(element, place);
  return (step) => {
    moment = step;
    place();
  };
}
