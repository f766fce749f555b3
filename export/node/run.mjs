// Draws the images of a seed file with a generator that kerasgan exported to ONNX, in Node.
//
//     npm install                                                  # in this folder; or onnxruntime-node, which is faster
//     node run.mjs generator.onnx --seeds seeds.json -o drawn.png
//     node run.mjs bundle -o drawn.png                             # the folder, with its seeds.json
//
// The seed file is JSON: for each input of the model a list with a value for each image. Pictures, for a model that makes
// images of images, are levels from 0 to 255; what the file does not name is fed with zeros (noise) or ones (truncation).

import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { crc32, deflateSync } from "node:zlib";

const CHUNK = 64; // images at a time
const ARRAYS = { float32: Float32Array, int32: Int32Array };
const COLOR_TYPES = { 1: 0, 2: 4, 3: 2, 4: 6 }; // PNG: gray, gray with alpha, RGB, RGB with alpha

async function main() {
  const options = { seeds: { type: "string" }, output: { type: "string", short: "o", default: "drawn.png" } };
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  if (positionals.length !== 1) throw new Error(`Expected one model. Received: ${positionals.join(", ") || "none"}`);
  const ort = await import("onnxruntime-node").catch(() => import("onnxruntime-web"));
  const { model, folder } = await found(positionals[0]);
  const session = await ort.InferenceSession.create(await readFile(model)).catch(() => {
    throw new Error(`Expected a file that ONNX Runtime opens. Received: ${model}`);
  });
  const seeds = await read(values.seeds ?? join(folder, "seeds.json"));
  const count = Object.values(seeds)[0].length;
  const images = [];
  for (let start = 0; start < count; start += CHUNK) {
    const feeds = {};
    for (const input of session.inputMetadata) feeds[input.name] = fed(ort, input, seeds, start, Math.min(count, start + CHUNK));
    images.push((await session.run(feeds))[session.outputNames[0]]);
  }
  await writeFile(values.output, png(grid(images, count)));
  console.log(`${values.output}: ${count} images`);
}

/** The path of a model's file, which is `path` or the one in that folder, and the folder of the seed file. */
async function found(path) {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return { model: path, folder: "" };
  const models = info?.isDirectory() ? (await readdir(path)).filter((name) => name.endsWith(".onnx")) : [];
  if (models.length !== 1) throw new Error(`Expected a model, or a folder with one *.onnx. Received: ${path}`);
  return { model: join(path, models[0]), folder: path };
}

async function read(path) {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`Expected the seeds.json of a bundle. Received: ${path}`);
  }
}

/** The tensor of an input for the images from `start` to `end`. */
function fed(ort, { name, type, shape }, seeds, start, end) {
  if (!(type in ARRAYS)) throw new Error(`Expected inputs of float32 or int32. Received: ${name} of ${type}`);
  const rows = seeds[name]?.slice(start, end);
  if (rows === undefined && !["noise", "truncation"].includes(name)) {
    throw new Error(`Expected ${name} in the seed file. Received: ${Object.keys(seeds).join(", ")}`);
  }
  const dims = [end - start, ...(rows ? sizes(rows[0]) : shape.slice(1))];
  if (rows === undefined) {
    const length = dims.reduce((product, size) => product * size, 1);
    return new ort.Tensor(type, new ARRAYS[type](length).fill(name === "truncation" ? 1 : 0), dims);
  }
  const data = ARRAYS[type].from(rows.flat(Infinity), name === "images" ? (level) => Math.fround(level / 127.5) - 1 : undefined);
  return new ort.Tensor(type, data, dims);
}

function sizes(value) {
  return Array.isArray(value) ? [value.length, ...sizes(value[0])] : [];
}

/** One picture of many images, row by row, as levels; halves are rounded to even, as NumPy does. */
function grid(tensors, count) {
  const [, height, width, channels] = tensors[0].dims;
  const columns = Math.ceil(Math.sqrt(count)), rows = Math.ceil(count / columns);
  const levels = new Uint8ClampedArray(rows * height * columns * width * channels);
  const line = width * channels;
  let index = 0;
  for (const { data, dims } of tensors) {
    const pixels = data instanceof Float32Array ? data.map((value) => (value + 1) * 127.5) : data; // the array clamps
    for (let image = 0; image < dims[0]; image++, index++) {
      const row = Math.floor(index / columns), column = index % columns;
      for (let y = 0; y < height; y++) {
        const from = (image * height + y) * line;
        levels.set(pixels.subarray(from, from + line), ((row * height + y) * columns + column) * line);
      }
    }
  }
  return { levels, height: rows * height, width: columns * width, channels };
}

function png({ levels, height, width, channels }) {
  const chunk = (kind, content) => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), content]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(content.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, COLOR_TYPES[channels], 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const line = width * channels;
  const lines = Buffer.alloc(height * (line + 1)); // each line begins with its filter: 0, none
  for (let y = 0; y < height; y++) lines.set(levels.subarray(y * line, (y + 1) * line), y * (line + 1) + 1);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
