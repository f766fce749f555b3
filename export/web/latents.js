"use strict";
// Latent priors, as exported files describe them: the draws are those of kerasgan in Python, row by row.

/** The plain priors that a prior consists of, with the columns of each. */
function priorParts(prior, size, start = 0, code = null) {
  if (prior.name !== "product") return [{ prior, start, size, code }];
  return prior.parts.flatMap((part) => {
    const parts = priorParts(part, part.size, start, part.code ?? null);
    start += part.size;
    return parts;
  });
}

/** The center of a continuous prior, whose latents can be interpolated; null for other priors. */
function priorCenter(prior) {
  if (prior.name === "uniform") return (prior.low + prior.high) / 2;
  return ["normal", "truncated_normal"].includes(prior.name) ? 0 : null;
}

/** The range of a slider, [lowest, highest], and whether the prior is bounded by it. */
function priorRange(prior) {
  if (prior.name === "uniform") return { range: [prior.low, prior.high], bounded: true };
  if (prior.name === "truncated_normal") return { range: [-prior.threshold, prior.threshold], bounded: true };
  return { range: [-3, 3], bounded: false };
}

/** `count` latents of `size` numbers each, as an array of Float32Arrays; `seeds` is a list of whole numbers. */
function drawLatents(prior, count, size, seeds) {
  if (prior.name === "product") {
    const parts = prior.parts.map((part, index) => drawLatents(part, count, part.size, [...seeds, 2 + index]));
    return Array.from({ length: count }, (_, row) => joined(parts.map((part) => part[row])));
  }
  const random = new Random(seeds);
  const rows = (draw) => Array.from({ length: count }, () => Float32Array.from({ length: size }, draw));
  if (prior.name === "normal") return rows(() => random.normal());
  if (prior.name === "uniform") {
    const low = Math.fround(prior.low), width = Math.fround(prior.high - prior.low);
    return rows(() => low + Math.fround(width * random.float()));
  }
  if (prior.name === "truncated_normal") {
    const bound = prior.threshold, mass = 2 * normalShare(bound) - 1;
    const inside = (unit) => Math.min(bound, Math.max(-bound, normalQuantile(0.5 + (unit - 0.5) * mass)));
    return rows(() => inside(random.double()));
  }
  if (prior.name === "categorical") {
    const chosen = choices(prior.probabilities, count, seeds);
    return chosen.map((index) => oneHot(size, index));
  }
  if (prior.name === "gaussian_mixture") {
    const noise = new Random([...seeds, 3]);
    return choices(prior.weights, count, [...seeds, 2]).map((index) => {
      const mean = Float32Array.from(prior.means[index]), scale = Float32Array.from(prior.scales[index]);
      return Float32Array.from(mean, (center, column) => center + Math.fround(scale[column] * noise.normal()));
    });
  }
  throw new Error(`Expected a latent prior that this page can draw. Received: ${prior.name}`);
}

function choices(probabilities, count, seeds) {
  const random = new Random(seeds);
  let sum = 0;
  const sums = probabilities.slice(0, -1).map((share) => (sum += share));
  return Array.from({ length: count }, () => {
    const unit = random.double();
    return sums.filter((bound) => bound <= unit).length;
  });
}

function oneHot(size, index) {
  const row = new Float32Array(size);
  row[index] = 1;
  return row;
}

function joined(rows) {
  const whole = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let start = 0;
  for (const row of rows) {
    whole.set(row, start);
    start += row.length;
  }
  return whole;
}

/** The normal's share below x, by its power series: exact to rounding for |x| < 6. */
function normalShare(x) {
  let term = x, sum = x;
  for (let odd = 3; Math.abs(term) > 1e-17; odd += 2) sum += term *= (x * x) / odd;
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

/** Its inverse, by Newton's method. */
function normalQuantile(share) {
  let x = 0;
  for (let step = 0; step < 60; step++) {
    const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    const change = Math.max(-1, Math.min(1, (normalShare(x) - share) / density));
    x -= change;
    if (Math.abs(change) < 1e-13) break;
  }
  return x;
}

/** Latents moved toward the mean, as `generate(truncation=)`; categories and mixtures stay what they are. */
function truncate(parts, latents, truncation) {
  const moved = latents.slice();
  for (const { prior, start, size } of parts) {
    const center = priorCenter(prior);
    if (center === null) continue;
    for (let column = start; column < start + size; column++) {
      moved[column] = center + Math.fround(truncation * Math.fround(latents[column] - center));
    }
  }
  return moved;
}

/** Latents between two others, at a share of the way: spherical interpolation if the prior is normal, else linear. */
function between(parts, first, second, share) {
  const made = first.slice();
  for (const { prior, start, size } of parts) {
    const [a, b] = [first, second].map((latents) => latents.subarray(start, start + size));
    if (prior.name === "categorical") made.set(share < 0.5 ? a : b, start);
    else if (prior.name === "normal") made.set(onArc(a, b, share), start);
    else made.set(a.map((value, column) => (1 - share) * value + share * b[column]), start);
  }
  return made;
}

/** Directions turn at constant speed, lengths change linearly. */
function onArc(a, b, share) {
  const lengths = [a, b].map((each) => Math.hypot(...each));
  const cosine = a.reduce((sum, value, column) => sum + value * b[column], 0) / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const chord = [1 - share, share];
  if (!(Math.sin(angle) > 1e-6)) return a.map((value, column) => chord[0] * value + chord[1] * b[column]);
  const length = chord[0] * lengths[0] + chord[1] * lengths[1];
  const [first, second] = chord.map((part, index) => (length * Math.sin(part * angle)) / Math.sin(angle) / lengths[index]);
  return a.map((value, column) => first * value + second * b[column]);
}
