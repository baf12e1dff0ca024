"use strict";
// Gradient descent on the exact loss of two-layer networks: numbers in, numbers out; nothing here knows the page.
//
// Student f(x) = Σ_j a_j φ(w_j·x), teacher f*(x) = Σ_k a*_k φ(w*_k·x), x ~ N(0, I). Over the joined list (c, v) of
// (a, w) and (−a*, w*) the loss is E[(f − f*)²] = Σ_ij c_i c_j K(v_i, v_j), K(u, v) = E[φ(u·x) φ(v·x)], and
//     ∂L/∂a_j = 2 Σ_i c_i K(w_j, v_i),   ∂L/∂w_j = 2 a_j Σ_i c_i (∂_s K v_i + 2 ∂_q K w_j),   s = w_j·v_i, q = |w_j|².
// With rows divided by ρ and t the product of two of these,
//     homogeneous   K = f|u||v| (√(1−t²) + t(asin t + half) − excess),  ρ = |v|        Cho & Saul 2009
//     erf           K = f asin t,                                       ρ = √(1 + q)   Williams 1998
//     quadratic     K = q_u q_v (2t² + 1 − excess),                     ρ = |v|        Isserlis 1918
// derived in docs/theory.md §2 and §3; the compiled backend of featlearn has the same (backends/pair_kernels.py).

const HOMOGENEOUS = 0, ERF = 1, QUADRATIC = 2;

/** The activations by name, and the key of their degrees in a configuration. symmetry: "even" where w and −w are one
 *  neuron, "odd" where (a, w) and (−a, −w) are, "none". power: of |w| in the mass of a neuron. */
const ACTIVATIONS = {
  relu: { name: "relu", drop: 2, family: HOMOGENEOUS, factor: 1 / (2 * Math.PI), half: 0, excess: 1, symmetry: "even" },
  plain_relu: { name: "relu", drop: 0, family: HOMOGENEOUS, factor: 1 / (2 * Math.PI), half: Math.PI / 2, excess: 0, symmetry: "none" },
  abs: { name: "abs", drop: 0, family: HOMOGENEOUS, factor: 2 / Math.PI, half: 0, excess: 0, symmetry: "even" },
  erf: { name: "erf", drop: 0, family: ERF, factor: 2 / Math.PI, half: 0, excess: 0, symmetry: "odd" },
  quadratic: { name: "quadratic", drop: 0, family: QUADRATIC, factor: 1, half: 0, excess: 0, symmetry: "even" },
};
const CLOSE = 0.9; // above this |t| the sine of an angle is found from the difference of the rows, which keeps its digits

/** A network in training: ``second`` (m) and ``first`` (m · dim, row by row) at the start, and a teacher set later. */
class Engine {
  constructor(activation, dim, second, first, mostTeachers) {
    const n = second.length + mostTeachers;
    Object.assign(this, { ...ACTIVATIONS[activation], dim, width: second.length, teachers: 0, steps: 0, loss: NaN });
    this.c = new Float64Array(n);
    this.v = new Float64Array(n * dim);
    this.unit = new Float64Array(n * dim); // rows divided by ρ
    this.scale = new Float64Array(n); // ρ
    this.weight = new Float64Array(n); // of a neuron in the sums over pairs
    this.byA = new Float64Array(n); // Σ K, Σ ∂K/∂q and Σ ∂K/∂s v, up to factors of the neuron's own
    this.byQ = new Float64Array(n);
    this.byRow = new Float64Array(n * dim);
    this.c.set(second);
    this.v.set(first);
  }

  /** Let the network learn from these neurons, rows of any norm. */
  setTeacher(second, first) {
    this.teachers = second.length;
    for (let k = 0; k < second.length; k++) this.c[this.width + k] = -second[k];
    this.v.set(first, this.width * this.dim);
  }

  get second() { return this.c.subarray(0, this.width); }
  get first() { return this.v.subarray(0, this.width * this.dim); }

  /** The products of the rows with unit rows, scaled: all that pairs need of one neuron. */
  ready() {
    const { dim, family, c, v, unit, scale, weight } = this, n = this.width + this.teachers;
    for (let i = 0; i < n; i++) {
      let q = 0;
      for (let x = i * dim; x < (i + 1) * dim; x++) q += v[x] * v[x];
      const rho = Math.sqrt(family === ERF ? 1 + q : q), inverse = rho > 0 ? 1 / rho : 0;
      for (let x = i * dim; x < (i + 1) * dim; x++) unit[x] = v[x] * inverse;
      scale[i] = rho;
      weight[i] = c[i] * (family === HOMOGENEOUS ? rho : family === QUADRATIC ? q : 1);
    }
  }

  /** Find the gradient at the weights that there are, as sums over pairs, and the loss; returns the loss. */
  sums() {
    this.ready();
    const { dim, width, family, half, excess, c, unit, scale, weight, byA, byQ, byRow } = this;
    const n = width + this.teachers, level = 0.5 * (1 - excess);
    for (let i = 0; i < n; i++) this.alone(i);
    for (let j = 1; j < n; j++) {
      const wj = weight[j], atJ = j * dim;
      let aj = 0, qj = 0;
      for (let i = 0; i < j; i++) {
        const wi = weight[i], atI = i * dim;
        let t = 0, value, slope, through;
        for (let x = 0; x < dim; x++) t += unit[atI + x] * unit[atJ + x];
        if (family === HOMOGENEOUS) {
          const root = t > CLOSE || t < -CLOSE ? this.sine(atI, atJ, t) : Math.sqrt((1 - t) * (1 + t));
          through = Math.atan2(t, root) + half; // asin t
          slope = root - excess;
          value = t * through + slope;
        } else if (family === ERF) {
          through = 1 / Math.sqrt((1 - t) * (1 + t));
          slope = -t * through;
          value = Math.asin(t);
        } else {
          through = t;
          slope = level;
          value = 2 * (t * t + level);
        }
        aj += wi * value;
        qj += wi * slope;
        byA[i] += wj * value;
        byQ[i] += wj * slope;
        const toI = wj * through, toJ = wi * through;
        for (let x = 0; x < dim; x++) {
          byRow[atI + x] += toI * unit[atJ + x];
          byRow[atJ + x] += toJ * unit[atI + x];
        }
      }
      byA[j] += aj;
      byQ[j] += qj;
    }
    let loss = 0;
    for (let i = 0; i < n; i++) loss += c[i] * this.ofOutput(i) * byA[i];
    return (this.loss = loss);
  }

  /** Begin the sums of a neuron with what it is to itself. */
  alone(i) {
    const { dim, family, half, excess, unit, scale, weight, byA, byQ, byRow } = this;
    let through = Math.PI / 2 + half, slope = -excess, value = through - excess;
    if (family === ERF) {
      const q = scale[i] * scale[i] - 1, t = q / (1 + q), root = Math.sqrt(1 + 2 * q) / (1 + q);
      through = 1 / root;
      slope = -t / root;
      value = Math.asin(t);
    } else if (family === QUADRATIC) {
      through = 1;
      slope = 0.5 * (1 - excess);
      value = 2 * (1 + slope);
    }
    byA[i] = weight[i] * value;
    byQ[i] = weight[i] * slope;
    for (let x = i * dim; x < (i + 1) * dim; x++) byRow[x] = weight[i] * through * unit[x];
  }

  /** √(1 − t²) of two unit rows that are nearly parallel or opposite, from 2 sin(θ/2) = |û ∓ v̂|. */
  sine(atI, atJ, t) {
    const { dim, unit } = this, side = t > 0 ? 1 : -1;
    let square = 0;
    for (let x = 0; x < dim; x++) {
      const apart = unit[atI + x] - side * unit[atJ + x];
      square += apart * apart;
    }
    return Math.sqrt(square * (1 - 0.25 * square));
  }

  /** What turns the sums of a neuron into Σ c K. */
  ofOutput(i) {
    const rho = this.scale[i];
    return this.factor * (this.family === HOMOGENEOUS ? rho : this.family === QUADRATIC ? rho * rho : 1);
  }

  /** One step of gradient descent on L + λ/2 (|a|² + |W|²). */
  step(size, decay) {
    this.sums();
    const { dim, width, family, factor, c, v, unit, scale, byA, byQ, byRow } = this;
    for (let j = 0; j < width; j++) {
      const a = c[j], rho = scale[j];
      const through = 2 * a * factor * (family === HOMOGENEOUS ? 1 : family === ERF ? 1 / rho : 4 * rho);
      c[j] = a - size * (2 * this.ofOutput(j) * byA[j] + decay * a);
      for (let x = j * dim; x < (j + 1) * dim; x++) {
        v[x] -= size * (through * (byRow[x] + byQ[j] * unit[x]) + decay * v[x]);
      }
    }
    this.steps++;
  }

  /** ½ (|a|² + |W|²). */
  size() {
    const { c, v, width, dim } = this;
    let total = 0;
    for (let j = 0; j < width; j++) total += c[j] * c[j];
    for (let x = 0; x < width * dim; x++) total += v[x] * v[x];
    return 0.5 * total;
  }

  /** −∂L/∂a of a new neuron with a unit row, the entries of ``row`` from ``at`` on (``count`` of them, the rest 0);
   *  λ times the dual certificate η of docs/theory.md §10. For the weights of the last ``sums`` or ``ready``. */
  pull(row, at, count) {
    const { dim, family, half, excess, unit, weight } = this, n = this.width + this.teachers;
    const shrink = family === ERF ? Math.SQRT1_2 : 1, level = 0.5 * (1 - excess);
    let total = 0;
    for (let i = 0; i < n; i++) {
      let t = 0;
      for (let x = 0; x < count; x++) t += row[at + x] * unit[i * dim + x];
      t = Math.max(-1, Math.min(1, shrink * t));
      if (family === HOMOGENEOUS) {
        const root = Math.sqrt((1 - t) * (1 + t));
        total += weight[i] * (root + t * (Math.atan2(t, root) + half) - excess);
      } else total += weight[i] * (family === ERF ? Math.asin(t) : 2 * (t * t + level));
    }
    return -2 * this.factor * total;
  }
}
