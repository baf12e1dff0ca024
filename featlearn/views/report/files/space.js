"use strict";
// What moves in space, on a canvas over the chart in space and seen as that is: drawing such a chart anew takes too long.

/** From places to pixels as the chart in space shows them, and which of them a ball of this radius hides. */
function sightOf(element, radius) {
  const scene = element._fullLayout.scene._scene, { model, view, projection } = scene.glplot.cameraParams;
  const frame = element.getBoundingClientRect(), box = scene.container.getBoundingClientRect();
  const times = (matrix, v) => [0, 1, 2, 3].map((row) => v.reduce((sum, value, column) => sum + matrix[4 * column + row] * value, 0));
  const { x, y, z } = element.layout.scene.camera?.eye ?? element._fullLayout.scene.camera.eye, range = 2.8; // that of the axes, as wide as the cube
  const eye = [x, y, z].map((v) => range * v);
  return {
    eye, left: box.left - frame.left, top: box.top - frame.top, width: box.width, height: box.height,
    at(place) {
      const [a, b, , w] = times(projection, times(view, times(model, [...place.map((v, c) => v * scene.dataScale[c]), 1])));
      return [box.left - frame.left + (0.5 + (0.5 * a) / w) * box.width, box.top - frame.top + (0.5 - (0.5 * b) / w) * box.height];
    },
    hidden(place) {
      const way = place.map((v, c) => v - eye[c]), along = -dot(eye, way) / dot(way, way);
      return radius > 0 && Math.hypot(...eye.map((v, c) => v + Math.min(1, Math.max(0, along)) * way[c])) < 0.99 * radius;
    },
  };
}

const dot = (a, b) => a.reduce((sum, v, c) => sum + v * b[c], 0);

/** A line through places, where it is seen. */
function strokeInSpace(pen, sight, places) {
  pen.beginPath();
  let on = false;
  for (const place of places) {
    const seen = place !== null && !sight.hidden(place);
    if (seen) pen[on ? "lineTo" : "moveTo"](...sight.at(place));
    on = seen;
  }
  pen.stroke();
}

/** The names of colours as red, green and blue. */
const parts = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));

/** The colours of the sphere, as certificateSphere has them. */
function colourOfEta(certificate) {
  const [below, blue, middle, orange, above] = certificate.colours[dark.matches ? "dark" : "light"].map(parts);
  return (eta) => {
    const size = Math.min(Math.abs(eta) || 0, 1), end = eta < 0 ? blue : orange;
    const found = Math.abs(eta) > 1.002 ? (eta < 0 ? below : above) : middle.map((v, c) => Math.round(v + size * (end[c] - v)));
    return `rgb(${found})`;
  };
}

/** The half of the sphere that is seen, in the colours of η this share of the way from one snapshot to another. */
function paintSphere(pen, sight, certificate, from, to, share) {
  const [rows, columns] = certificate.size, [a, b] = [certificate.of(from), certificate.of(to)], colour = colourOfEta(certificate);
  const eta = (i) => (Number.isFinite(b[i]) ? a[i] + share * (b[i] - a[i]) : a[i]);
  const cuts = rows < 20 ? 3 : 2, down = (rows - 1) * cuts, around = (columns - 1) * cuts;
  const place = (i, j) => {
    const v = (Math.PI * i) / down, u = (2 * Math.PI * j) / around;
    return [Math.cos(u) * Math.sin(v), Math.sin(u) * Math.sin(v), Math.cos(v)].map((x) => BALL * x);
  };
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < around; j++) {
      const middle = place(i + 0.5, j + 0.5);
      if (dot(middle, sight.eye) < 0.8 * BALL * BALL) continue;
      const y = (i + 0.5) / cuts, x = (j + 0.5) / cuts, r = Math.floor(y), c = Math.floor(x), [dy, dx] = [y - r, x - c];
      const at = (k, l) => eta((r + k) * columns + c + l);
      pen.fillStyle = pen.strokeStyle = colour((1 - dy) * ((1 - dx) * at(0, 0) + dx * at(0, 1)) + dy * ((1 - dx) * at(1, 0) + dx * at(1, 1)));
      pen.beginPath();
      [[0, 0], [0, 1], [1, 1], [1, 0]].forEach(([k, l]) => pen.lineTo(...sight.at(place(i + k, j + l))));
      pen.closePath();
      pen.fill();
      pen.stroke();
    }
  }
}

/** The atoms of the optimum, as rings. */
function paintAtoms(pen, sight, { mass, place }) {
  const heaviest = Math.max(...mass.map(Math.abs));
  pen.strokeStyle = theme().ink;
  pen.lineWidth = 3;
  mass.forEach((m, i) => strokeInSpace(pen, sight, ring(place.slice(3 * i, 3 * i + 3), Math.max(0.05, 0.16 * Math.sqrt(Math.abs(m) / heaviest)))));
}
