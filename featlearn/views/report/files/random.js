"use strict";
// The random numbers of NumPy, so that a seed means here what it means in a configuration: the generator that
// ``featlearn.training.networks.generator`` makes of a seed and a purpose, and its normal deviates.

/** ``numpy.random.SeedSequence(entropy).generate_state(count, uint32)`` (O'Neill's seed_seq_fe). */
function seedWords(entropy, count) {
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (x, y) => {
    const result = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y) | 0;
    return result ^ (result >>> 16);
  };
  const pool = [0, 1, 2, 3].map((i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  for (let from = 4; from < entropy.length; from++) for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(entropy[from]));
  let next = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    let value = pool[i % 4] ^ next;
    next = Math.imul(next, 0x58f38ded);
    value = Math.imul(value, next);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/** ``numpy.random.PCG64``: the next 64 bits at each call (O'Neill 2014, PCG XSL RR 128/64). */
function pcg64(entropy) {
  const words = seedWords(entropy, 8).map(BigInt), whole = (1n << 128n) - 1n, low = (1n << 64n) - 1n;
  const long = (i) => (words[2 * i + 1] << 32n) | words[2 * i];
  const multiplier = 0x2360ed051fc65da44385df649fccf645n, increment = ((((long(2) << 64n) | long(3)) << 1n) | 1n) & whole;
  let state = (increment + ((long(0) << 64n) | long(1))) & whole;
  const advance = () => { state = (state * multiplier + increment) & whole; };
  advance();
  return () => {
    advance();
    const value = (state >> 64n) ^ (state & low), turn = state >> 122n;
    return ((value >> turn) | (value << ((64n - turn) & 63n))) & low;
  };
}

/** The layers of the ziggurat of the normal density (Marsaglia & Tsang 2000), 256 of them as in NumPy. */
const ZIGGURAT = (() => {
  const edge = 3.6541528853610088, area = 0.004928673233974655, unit = 2 ** 52;
  const density = (x) => Math.exp(-0.5 * x * x), wide = area / density(edge);
  const inside = [Math.floor((edge / wide) * unit), 0], scale = [wide / unit], height = [1];
  scale[255] = edge / unit;
  height[255] = density(edge);
  for (let i = 254, x = edge, last = edge; i >= 1; i--) {
    x = Math.sqrt(-2 * Math.log(area / x + density(x)));
    inside[i + 1] = Math.floor((x / last) * unit);
    last = x;
    scale[i] = x / unit;
    height[i] = density(x);
  }
  return { edge, inside, scale, height };
})();

/** Normal deviates one by one: those of ``generator(seed, purpose).standard_normal``. */
function normals(seed, purpose) {
  const bits = pcg64([seed, ...Array.from(purpose, (letter) => letter.charCodeAt(0))]);
  const uniform = () => Number(bits() >> 11n) / 2 ** 53;
  const { edge, inside, scale, height } = ZIGGURAT;
  const beyond = (negative) => {
    for (;;) {
      const x = -Math.log1p(-uniform()) / edge, y = -Math.log1p(-uniform());
      if (y + y > x * x) return negative ? -(edge + x) : edge + x;
    }
  };
  return () => {
    for (;;) {
      const drawn = bits(), layer = Number(drawn & 255n), size = Number((drawn >> 9n) & 0xfffffffffffffn);
      const x = size * scale[layer] * ((drawn >> 8n) & 1n ? -1 : 1);
      if (size < inside[layer]) return x;
      if (layer === 0) return beyond(Boolean((drawn >> 17n) & 1n));
      if ((height[layer - 1] - height[layer]) * uniform() + height[layer] < Math.exp(-0.5 * x * x)) return x;
    }
  };
}

/** The start ``{kind: sphere, norm, second_layer: {std: 1}, balanced: true}``: rows of one norm in random directions,
 *  output weights of the same size and random sign. */
function sphereStart(seed, width, dim, norm) {
  const normal = normals(seed, "student"), first = new Float64Array(width * dim), second = new Float64Array(width);
  for (let at = 0; at < first.length; at += dim) {
    let square = 0;
    for (let x = at; x < at + dim; x++) square += (first[x] = normal()) ** 2;
    for (let x = at; x < at + dim; x++) first[x] = norm * (first[x] / Math.sqrt(square));
  }
  for (let j = 0; j < width; j++) second[j] = norm * Math.sign(normal());
  return { second, first };
}
