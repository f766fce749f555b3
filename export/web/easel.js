"use strict";
// A sheet to draw on by mouse, finger, pen or keyboard. Places and widths are in pixels of the network's input.

const SHARP = 1024; // pixels of the longer side of what is shown and saved
const TREMOR = 0.4; // pixels between the points of a stroke, at least
const ERASER = 3; // times as wide as the pen: nobody hits a line exactly twice
const KEY_STEP = 2; // pixels that an arrow key moves the pen; four times that with Shift

/** [x, y, width] halfway between two points of a stroke. */
const halfway = (a, b) => a.map((each, axis) => (each + b[axis]) / 2);

class Easel {
  constructor(canvas, changed) {
    Object.assign(this, { canvas, changed });
    this.erases = false;
    this.veil = 1; // opacity of the lines on the canvas
    this.listen();
  }

  /** A new sheet: the network's size, the level of its paper (255 or 0), and how wide its lines are. */
  open({ size: [height, width], paper, width: brush }) {
    Object.assign(this, { width, height, brush });
    [this.paper, this.ink] = paper ? ["#fff", "#000"] : ["#000", "#fff"];
    const scale = SHARP / Math.max(height, width);
    [this.canvas.width, this.canvas.height] = [width, height].map((side) => Math.round(side * scale));
    const layer = (factor, options) => {
      const canvas = element("canvas", { width: Math.round(width * factor), height: Math.round(height * factor) });
      const context = canvas.getContext("2d", options);
      Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: this.ink, fillStyle: this.ink });
      context.scale(factor, factor);
      return context;
    };
    this.sharp = layer(scale); // what is seen
    this.small = layer(1, { willReadFrequently: true }); // what the network is given
    Object.assign(this, { done: [], undone: [], stroke: null, sample: false, traced: null, colors: null, pen: null });
    this.redraw();
  }

  // What is on the sheet: strokes, since the last picture or the last clearing

  get last() {
    return this.done.findLastIndex(({ points }) => !points);
  }

  get empty() {
    return this.last === this.done.length - 1 && !this.done.at(-1)?.picture;
  }

  /** ImageData of the sheet, as the network takes it. */
  pixels() {
    const flat = element("canvas", { width: this.width, height: this.height });
    const context = flat.getContext("2d", { willReadFrequently: true });
    context.fillStyle = this.paper;
    context.fillRect(0, 0, this.width, this.height);
    context.drawImage(this.small.canvas, 0, 0);
    return context.getImageData(0, 0, this.width, this.height);
  }

  /** A canvas of ImageData whose paper is transparent and whose lines are ink. */
  inked(pixels) {
    const levels = fromPixels(resized(pixels, this.height, this.width), 1).data;
    const made = new ImageData(this.width, this.height);
    const paper = this.paper === "#fff" ? 255 : 0;
    made.data.fill(255 - paper);
    levels.forEach((level, place) => (made.data[4 * place + 3] = Math.abs(paper - Math.round(127.5 * (level + 1)))));
    const canvas = element("canvas");
    paint(canvas, made);
    return canvas;
  }

  /** Puts one thing on the sheet that `undo` takes away: {points, erases}, {picture}, or {}, which clears it. */
  commit(thing) {
    this.sample = false;
    this.done.push(thing);
    this.undone = [];
  }

  /** Shows a drawing instead of what is there. */
  take(pixels) {
    this.lift();
    this.commit({ picture: this.inked(pixels) });
    this.redraw();
  }

  clear() {
    this.lift();
    if (!this.empty) this.commit({});
    this.redraw();
  }

  undo() {
    this.move(this.done, this.undone);
  }

  redo() {
    this.move(this.undone, this.done);
  }

  move(from, to) {
    this.lift();
    if (from.length) to.push(from.pop());
    this.redraw();
  }

  redraw() {
    const { last } = this;
    for (const context of [this.sharp, this.small]) {
      context.clearRect(0, 0, this.width, this.height);
      const { picture } = this.done[last] ?? {};
      if (picture) context.drawImage(picture, 0, 0, this.width, this.height);
    }
    for (const stroke of this.done.slice(last + 1)) {
      stroke.points.forEach((_, index) => this.grow(stroke, index));
      this.finish(stroke);
    }
    this.show();
    this.changed();
  }

  // Strokes: curves through the middles of their steps, which have no corners

  grow({ points, erases }, index) {
    const [before, here] = [points[Math.max(0, index - 1)], points[index]];
    const from = halfway(points[Math.max(0, index - 2)], before);
    this.line(erases, from, before, index ? halfway(before, here) : here);
  }

  finish({ points, erases }) {
    const here = points.at(-1);
    this.line(erases, halfway(points.at(-2) ?? here, here), here, here);
  }

  line(erases, [fromX, fromY], [x, y, width], [toX, toY]) {
    for (const context of [this.sharp, this.small]) {
      context.globalCompositeOperation = erases ? "destination-out" : "source-over";
      context.beginPath();
      if (fromX === toX && fromY === toY) {
        context.arc(x, y, width / 2, 0, 2 * Math.PI);
        context.fill();
      } else {
        context.lineWidth = width;
        context.moveTo(fromX, fromY);
        context.quadraticCurveTo(x, y, toX, toY);
        context.stroke();
      }
      context.globalCompositeOperation = "source-over";
    }
  }

  begin(point, erases = this.erases) {
    if (this.sample) this.clear();
    this.stroke = { points: [point], erases };
    this.commit(this.stroke);
    this.grow(this.stroke, 0);
    this.changed();
  }

  extend(point) {
    const { points } = this.stroke;
    const [x, y] = points.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) < TREMOR) return;
    points.push(point);
    this.grow(this.stroke, points.length - 1);
    this.changed();
  }

  /** Ends the stroke, if there is one. */
  lift() {
    if (!this.stroke) return;
    this.finish(this.stroke);
    Object.assign(this, { stroke: null, pointer: null });
    this.changed();
  }

  // What is seen

  show() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.compose(this.canvas.getContext("2d"));
    });
  }

  compose(context) {
    const { width, height } = this.canvas;
    const layers = [[this.colors, 1], [this.traced, 0.22], [this.sharp.canvas, this.veil]];
    context.fillStyle = this.paper;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    for (const [layer, opacity] of layers) {
      context.globalAlpha = opacity;
      if (layer) context.drawImage(layer, 0, 0, width, height);
    }
    context.globalAlpha = 1;
    if (this.pen) this.ring(context);
  }

  /** The width of the pen, or of the eraser. */
  get tip() {
    return this.brush * ((this.stroke ?? this).erases ? ERASER : 1);
  }

  ring(context) {
    const scale = this.canvas.width / this.width, [x, y] = this.pen;
    for (const [color, line] of [["#fff", 5], ["#b4400f", 2.5]]) {
      context.beginPath();
      context.arc(x * scale, y * scale, Math.max(4, (this.tip * scale) / 2), 0, 2 * Math.PI);
      Object.assign(context, { strokeStyle: color, lineWidth: line });
      context.stroke();
    }
  }

  // Pointers and keys

  /** [x, y, width] of an event; a pen that is pressed harder draws wider. */
  point({ clientX, clientY, pointerType, pressure }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const wide = pointerType === "pen" && pressure ? 0.5 + pressure : 1;
    return [((clientX - left) / width) * this.width, ((clientY - top) / height) * this.height, this.tip * wide];
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      const erases = this.erases || (event.buttons & 32) > 0; // the other end of a pen
      if (this.stroke || (event.button !== 0 && event.button !== 5)) return; // a second finger, or another button
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.begin(this.point(event), erases);
      this.show();
    });
    canvas.addEventListener("pointermove", (event) => {
      this.pen = event.pointerType === "touch" ? null : this.point(event);
      if (this.stroke && event.pointerId === this.pointer) {
        const between = event.getCoalescedEvents?.() ?? [];
        for (const each of between.length ? between : [event]) this.extend(this.point(each));
      }
      this.show();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, ({ pointerId }) => {
        if (pointerId === this.pointer) this.lift();
        this.show();
      });
    }
    for (const gone of ["pointerleave", "blur"]) {
      canvas.addEventListener(gone, () => {
        this.pen = null;
        this.show();
      });
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long press
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Arrow keys move the pen, the space bar puts it down and lifts it. */
  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    if ((!move && event.key !== " ") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const sides = [this.width, this.height];
    const [x, y] = this.pen ?? sides.map((side) => side / 2);
    const step = KEY_STEP * (event.shiftKey ? 4 : 1);
    const place = [x, y].map((at, axis) => Math.min(sides[axis], Math.max(0, at + step * (move?.[axis] ?? 0))));
    this.pen = [...place, this.tip];
    if (move && this.stroke) this.extend(this.pen);
    else if (!move && this.stroke) this.lift();
    else if (!move) this.begin(this.pen);
    this.show();
  }
}
