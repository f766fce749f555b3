"use strict";
// Images in [-1, 1] to pixels on a canvas, files and back.

const SMALLEST_VIDEO = 256; // pixels of its shorter side: players blur what is smaller
const QUALITY = 8e6; // bits per second of a video

/** ImageData of the image at `index` among (count, height, width, channels); rounds as NumPy does: halves to even. */
function toPixels({ data, dims }, index = 0) {
  const [, height, width, channels] = dims;
  const area = height * width, start = index * area * channels;
  const levels = Uint8ClampedArray.from(
    data.subarray(start, start + area * channels),
    (value) => Math.fround(Math.fround(Math.min(1, Math.max(-1, value)) + 1) * 127.5),
  );
  if (channels === 4) return new ImageData(levels, width, height);
  const pixels = new Uint8ClampedArray(4 * area).fill(255);
  for (let place = 0; place < area; place++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * place + channel] = levels[place * channels + (channels === 1 ? 0 : channel)];
    }
  }
  return new ImageData(pixels, width, height);
}

/** Shows ImageData as it is; style sheets decide how large. */
function paint(canvas, pixels) {
  if (canvas.width !== pixels.width || canvas.height !== pixels.height) {
    [canvas.width, canvas.height] = [pixels.width, pixels.height];
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** {data, dims} in [-1, 1] of ImageData, in gray (ITU-R BT.601, as Pillow) or in colors. */
function fromPixels({ data, width, height }, channels) {
  const images = new Float32Array(width * height * channels);
  for (let place = 0; place < width * height; place++) {
    const colors = data.subarray(4 * place, 4 * place + 3);
    const levels = channels === 1 ? [(colors[0] * 19595 + colors[1] * 38470 + colors[2] * 7471 + 0x8000) >> 16] : colors;
    for (let channel = 0; channel < channels; channel++) {
      images[place * channels + channel] = Math.fround(levels[channel] / 127.5) - 1;
    }
  }
  return { data: images, dims: [1, height, width, channels] };
}

/** Images continued at the bottom and at the right by their mirror image, to multiples that a network takes. */
function reflected({ data, dims }, multiple, smallest) {
  const [, height, width, channels] = dims;
  const [tall, wide] = [height, width].map((side) => Math.ceil(Math.max(side, smallest) / multiple) * multiple);
  const mirrored = (place, side) => {
    const period = Math.max(1, 2 * (side - 1));
    return Math.min(place % period, period - (place % period));
  };
  const padded = new Float32Array(tall * wide * channels);
  for (let row = 0; row < tall; row++) {
    for (let column = 0; column < wide; column++) {
      const from = (mirrored(row, height) * width + mirrored(column, width)) * channels;
      padded.set(data.subarray(from, from + channels), (row * wide + column) * channels);
    }
  }
  return { data: padded, dims: [1, tall, wide, channels] };
}

/** ImageData of anything that a canvas can draw, at a size. */
function rasterized(source, height, width) {
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** ImageData at another size. */
function resized(pixels, height, width) {
  if (pixels.height === height && pixels.width === width) return pixels;
  const canvas = element("canvas");
  paint(canvas, pixels);
  return rasterized(canvas, height, width);
}

/** The pixels of a picture, made smaller if its longer side is longer than `longest`. */
async function readPicture(blob, longest) {
  const picture = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const share = Math.min(1, longest / Math.max(picture.width, picture.height));
  const [height, width] = [picture.height, picture.width].map((side) => Math.max(1, Math.round(side * share)));
  return rasterized(picture, height, width);
}

/** The pixels of a picture inside the page. */
async function readExample(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return rasterized(picture, picture.naturalHeight, picture.naturalWidth);
}

/** Many canvases of one size as one, row by row. */
function gridOf(canvases, columns) {
  const [{ width, height }] = canvases;
  const grid = document.createElement("canvas");
  grid.width = columns * width;
  grid.height = Math.ceil(canvases.length / columns) * height;
  const context = grid.getContext("2d");
  canvases.forEach((each, index) => {
    context.drawImage(each, (index % columns) * width, Math.floor(index / columns) * height);
  });
  return grid;
}

/** A video of ImageData of one size, which takes as long to make as it lasts. */
async function video(frames, milliseconds) {
  const [{ width, height }] = frames;
  const times = Math.ceil(Math.max(1, SMALLEST_VIDEO / Math.min(width, height)));
  const screen = element("canvas", { width: width * times, height: height * times }), picture = element("canvas");
  const context = screen.getContext("2d");
  context.imageSmoothingEnabled = false;
  const stream = screen.captureStream(0); // a frame on request
  const mimeType = ["video/webm", "video/mp4"].find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: QUALITY });
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise((done, failed) => {
    recorder.addEventListener("stop", done);
    recorder.addEventListener("error", ({ error }) => failed(error));
  });
  recorder.start();
  for (const frame of frames) {
    paint(picture, frame);
    context.drawImage(picture, 0, 0, screen.width, screen.height);
    stream.getVideoTracks()[0].requestFrame();
    await new Promise((done) => setTimeout(done, milliseconds / frames.length));
  }
  recorder.stop();
  await stopped;
  return new Blob(parts, { type: mimeType });
}

/** Gives a canvas to the user as a PNG. */
function download(canvas, name) {
  canvas.toBlob((blob) => give(blob, `${name}.png`));
}

/** Gives a file to the user. */
function give(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
