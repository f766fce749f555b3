"use strict";
// numpy.random.default_rng: a seed gives the numbers here that it gives in Python, so that pictures can be found again.
// SeedSequence (O'Neill 2015, randutils), PCG64 XSL-RR (O'Neill 2014), ziggurat of 256 layers (Marsaglia, Tsang 2000).

const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;
const PCG_MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** `count` 32-bit words from a list of whole numbers below 2^32. */
function seedWords(entropy, count) {
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (into, value) => {
    const both = (Math.imul(0xca01f9dd, into) - Math.imul(0x4973f715, value)) | 0;
    return both ^ (both >>> 16);
  };
  const pool = [0, 1, 2, 3].map((index) => hashed(entropy[index] ?? 0));
  for (let source = 0; source < 4; source++)
    for (let target = 0; target < 4; target++)
      if (source !== target) pool[target] = mixed(pool[target], hashed(pool[source]));
  for (const word of entropy.slice(4))
    for (let target = 0; target < 4; target++) pool[target] = mixed(pool[target], hashed(word));
  constant = 0x8b51f9dd;
  return Array.from({ length: count }, (_, index) => {
    let value = pool[index % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/** Of the layers of the normal's ziggurat: their bounds in 23 bits, their widths per bit, and their heights. */
const ZIGGURAT = (() => {
  const edge = 3.6541528853610088, area = 0.00492867323397465524494;
  const density = (x) => Math.exp(-0.5 * x * x);
  const right = new Float64Array(256);
  right[255] = edge;
  for (let layer = 254; layer > 0; layer--) {
    right[layer] = Math.sqrt(-2 * Math.log(area / right[layer + 1] + density(right[layer + 1])));
  }
  const heights = Float32Array.from(right, density);
  const bounds = Float64Array.from(right, (x, layer) => Math.round((2 ** 23 * right[layer - 1]) / x));
  right[0] = area / density(edge); // of the lowest layer, with the tail
  bounds[0] = Math.round((2 ** 23 * edge) / right[0]);
  return { edge, bounds, heights, widths: Float32Array.from(right, (x) => x / 2 ** 23) };
})();

class Random {
  /** @param {number[]} seeds whole numbers below 2^32. */
  constructor(seeds) {
    const words = seedWords(seeds, 8).map(BigInt);
    const pair = (index) => words[index] | (words[index + 1] << 32n);
    this.increment = ((((pair(4) << 64n) | pair(6)) << 1n) | 1n) & MASK128;
    this.state = (this.increment + ((pair(0) << 64n) | pair(2))) & MASK128;
    this.step();
    this.kept = null; // the upper half of 64 bits of which the lower were used
  }

  step() {
    this.state = (this.state * PCG_MULTIPLIER + this.increment) & MASK128;
  }

  bits64() {
    this.step();
    const folded = (this.state >> 64n) ^ (this.state & MASK64);
    const turn = this.state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & MASK64;
  }

  bits32() {
    if (this.kept !== null) {
      const upper = this.kept;
      this.kept = null;
      return upper;
    }
    const both = this.bits64();
    this.kept = Number(both >> 32n);
    return Number(both & 0xffffffffn);
  }

  /** Uniform on [0, 1) in steps of 2^-53. */
  double() {
    return Number(this.bits64() >> 11n) / 2 ** 53;
  }

  /** Uniform on [0, 1) in steps of 2^-24. */
  float() {
    return (this.bits32() >>> 8) / 2 ** 24;
  }

  /** A standard normal float32. */
  normal() {
    const { edge, bounds, heights, widths } = ZIGGURAT;
    for (;;) {
      const bits = this.bits32();
      const layer = bits & 255, place = bits >>> 9;
      const size = Math.fround(place * widths[layer]);
      const x = bits & 256 ? -size : size;
      if (place < bounds[layer]) return x;
      if (layer === 0) return this.tail(edge, (place >>> 8) & 1);
      const step = Math.fround(Math.fround(heights[layer - 1] - heights[layer]) * this.float());
      if (Math.fround(step + heights[layer]) < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** Beyond the edge (Marsaglia 1964), rounded to float32 where NumPy rounds. */
  tail(edge, negative) {
    const exponential = () => -Math.fround(Math.log1p(-this.float()));
    for (;;) {
      const beyond = Math.fround(Math.fround(1 / edge) * exponential());
      const other = exponential();
      if (2 * other > Math.fround(beyond * beyond)) {
        const x = Math.fround(Math.fround(edge) + beyond);
        return negative ? -x : x;
      }
    }
  }
}
