"use strict";
// What moves in space, on a canvas over the chart in space and seen as that is: drawing such a chart anew takes too long.

/** From places to pixels as the chart in space shows them, and which of them a ball of this radius hides. */
function sightOf(element, radius) {
  const scene = element._fullLayout.scene._scene, { model, view, projection } = scene.glplot.cameraParams;
  const frame = element.getBoundingClientRect(), box = scene.container.getBoundingClientRect();
  const product = (a, b) => Array.from({ length: 16 }, (_, i) => [0, 1, 2, 3].reduce((sum, k) => sum + a[4 * k + (i % 4)] * b[4 * Math.floor(i / 4) + k], 0));
  const m = product(projection, product(view, model)).map((v, i) => v * (i < 12 ? scene.dataScale[Math.floor(i / 4)] : 1));
  const { x, y, z } = element._fullLayout.scene.camera.eye, range = 2.8; // that of the axes, as wide as the cube
  const eye = [x, y, z].map((v) => range * v), left = box.left - frame.left, top = box.top - frame.top;
  return {
    eye, left, top, width: box.width, height: box.height, key: [...m, box.width, box.height, left, top].join(),
    at([p, q, r]) {
      const w = m[3] * p + m[7] * q + m[11] * r + m[15];
      const a = (m[0] * p + m[4] * q + m[8] * r + m[12]) / w, b = (m[1] * p + m[5] * q + m[9] * r + m[13]) / w;
      return [left + (0.5 + 0.5 * a) * box.width, top + (0.5 - 0.5 * b) * box.height];
    },
    /** Whether the ball lies between the eye and a place. */
    hidden([p, q, r]) {
      const u = p - eye[0], v = q - eye[1], w = r - eye[2];
      const along = Math.min(1, -(eye[0] * u + eye[1] * v + eye[2] * w) / (u * u + v * v + w * w));
      return radius > 0 && Math.hypot(eye[0] + along * u, eye[1] + along * v, eye[2] + along * w) < 0.99 * radius;
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

/** The cells of the sphere that are seen: their corners in pixels, and between which values of η they lie. */
function cellsSeen(sight, [rows, columns]) {
  const cuts = rows < 20 ? 3 : 2, down = (rows - 1) * cuts, around = (columns - 1) * cuts, cells = [];
  const place = (i, j) => {
    const v = (Math.PI * i) / down, u = (2 * Math.PI * j) / around;
    return [Math.cos(u) * Math.sin(v), Math.sin(u) * Math.sin(v), Math.cos(v)].map((x) => BALL * x);
  };
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < around; j++) {
      if (dot(place(i + 0.5, j + 0.5), sight.eye) < 0.8 * BALL * BALL) continue;
      const y = (i + 0.5) / cuts, x = (j + 0.5) / cuts, r = Math.floor(y), c = Math.floor(x), dy = y - r, dx = x - c;
      const path = new Path2D();
      [[0, 0], [0, 1], [1, 1], [1, 0]].forEach(([k, l]) => path.lineTo(...sight.at(place(i + k, j + l))));
      path.closePath();
      cells.push({ path, first: r * columns + c, dy, dx });
    }
  }
  return cells;
}

const seen = new WeakMap(); // the cells of a certificate, as long as nobody turns the sphere

/** The half of the sphere that is seen, in the colours of η this share of the way from one snapshot to another. */
function paintSphere(pen, sight, certificate, from, to, share) {
  if (seen.get(certificate)?.key !== sight.key) seen.set(certificate, { key: sight.key, cells: cellsSeen(sight, certificate.size) });
  const columns = certificate.size[1], a = certificate.of(from), b = certificate.of(to), colour = colourOfEta(certificate);
  const eta = a.map((v, i) => (Number.isFinite(b[i]) ? v + share * (b[i] - v) : v));
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
  for (const { path, first, dy, dx } of seen.get(certificate).cells) {
    const above = (1 - dx) * eta[first] + dx * eta[first + 1], below = (1 - dx) * eta[first + columns] + dx * eta[first + columns + 1];
    pen.fillStyle = pen.strokeStyle = colour((1 - dy) * above + dy * below);
    pen.fill(path);
    pen.stroke(path); // or the paper shows between cells
  }
}

/** The atoms of the optimum, as rings. */
function paintAtoms(pen, sight, { mass, place }) {
  const heaviest = Math.max(...mass.map(Math.abs));
  pen.strokeStyle = theme().ink;
  pen.lineWidth = 3;
  mass.forEach((m, i) => strokeInSpace(pen, sight, ring(place.slice(3 * i, 3 * i + 3), Math.max(0.05, 0.16 * Math.sqrt(Math.abs(m) / heaviest)))));
}
