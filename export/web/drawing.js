"use strict";
// Drawings that a network colors while they are made.

const NARROW = "(max-width: 56rem)"; // as in the style sheet
const WELCOME = "Draw with mouse, finger or pen, and see it colored meanwhile. ";
const VEIL = 0.4; // opacity of lines above a picture that does not keep them

class Drawing {
  constructor(page) {
    this.page = page;
    this.easel = new Easel(byId("drawing"), () => this.changed());
    this.result = element("canvas"); // what the network made
    this.recolor = newest(() => this.color());
    this.traces = false;
    this.build();
  }

  /** Begins with another network's drawings. */
  open(drawing) {
    this.facts = drawing;
    const { size: [height, width], width: brush } = drawing;
    this.result.width = 0;
    [byId("colored").width, byId("colored").height] = [0, 0];
    const brushes = { label: "Brush", range: [brush / 3, 4 * brush], value: brush, change: (wide) => (this.easel.brush = wide) };
    this.brush = slider({ ...brushes, digits: 1 });
    byId("brush").replaceChildren(this.brush.root);
    byId("easel").style.setProperty("--ratio", width / height);
    this.easel.open(drawing);
    this.spread(drawing.keeps_lines && matchMedia(NARROW).matches);
  }

  /** Whether the colors come under the pen, or beside the drawing. */
  spread(under) {
    this.under = under;
    byId("easel").classList.toggle("under", under);
    byId("places").querySelectorAll("input")[Number(under)].checked = true;
    this.easel.veil = under && !this.facts.keeps_lines ? VEIL : 1;
    this.show();
  }

  // Colors

  changed() {
    const { easel } = this;
    byId("undo").disabled = !easel.done.length;
    byId("redo").disabled = !easel.undone.length;
    byId("wipe").disabled = easel.empty;
    byId("invitation").textContent = easel.empty ? "Draw here" : easel.sample ? "Draw here, and the example makes room" : "";
    byId("easel").classList.toggle("blank", easel.empty);
    byId("main").setAttribute("aria-busy", "true");
    this.recolor().then(
      () => byId("main").setAttribute("aria-busy", "false"),
      fail,
    );
  }

  async color() {
    const { easel, page } = this;
    if (easel.empty) this.result.width = 0;
    else {
      const pixels = easel.pixels();
      const { made, whole } = await page.translated(pixels);
      [this.result.width, this.result.height] = [pixels.width, pixels.height];
      this.result.getContext("2d").putImageData(whole, 0, 0); // cuts the reflected border off
      this.cost = made.milliseconds;
      byId("cost").textContent = `${this.cost.toFixed(0)} ms per picture`;
    }
    this.show();
    if (!easel.stroke) say(easel.empty ? "The sheet is empty." : `Colored in ${this.cost.toFixed(0)} ms.`);
  }

  show() {
    const { easel, result } = this;
    const colors = result.width ? result : null;
    easel.colors = this.under ? colors : null;
    easel.show();
    const colored = byId("colored");
    [colored.width, colored.height] = [easel.canvas.width, easel.canvas.height];
    const context = colored.getContext("2d");
    context.fillStyle = easel.paper;
    if (!colors) return context.fillRect(0, 0, colored.width, colored.height);
    context.imageSmoothingEnabled = result.width >= 64;
    context.imageSmoothingQuality = "high";
    context.drawImage(result, 0, 0, colored.width, colored.height);
    if (this.facts.keeps_lines) context.drawImage(easel.sharp.canvas, 0, 0);
  }

  // Examples

  /** The first thing on the sheet: an example, which makes room for the first stroke. */
  begin(pixels) {
    this.easel.take(pixels);
    this.easel.sample = true;
    this.easel.done.splice(0, this.easel.done.length - 1);
    this.changed();
  }

  /** An example to color, or to trace; what is traced already is taken away. */
  example(pixels, button) {
    const { easel } = this;
    if (!this.traces) return easel.take(pixels);
    if (easel.sample) easel.clear();
    const pressed = button.getAttribute("aria-pressed") === "true";
    for (const each of byId("examples").children) each.setAttribute("aria-pressed", each === button && !pressed);
    easel.traced = pressed ? null : easel.inked(pixels);
    easel.show();
  }

  trace(traces) {
    this.traces = traces;
    for (const each of byId("examples").children) {
      if (traces) each.setAttribute("aria-pressed", "false");
      else each.removeAttribute("aria-pressed");
    }
    this.easel.traced = null;
    this.easel.show();
  }

  // Controls

  build() {
    const { easel } = this;
    byId("summary").prepend(WELCOME);
    const tools = choice({ legend: "Tool", options: ["Pen", "Eraser"], value: 0, change: (index) => (easel.erases = index === 1) });
    byId("tools").prepend(tools);
    const places = ["Colors beside", "Colors under the pen"];
    byId("places").append(choice({ legend: "Colors", options: places, value: 0, change: (index) => this.spread(index === 1) }));
    const uses = ["Color it", "Trace it"];
    byId("uses").append(choice({ legend: "What to do with an example", options: uses, value: 0, change: (index) => this.trace(index === 1) }));
    byId("undo").addEventListener("click", () => easel.undo());
    byId("redo").addEventListener("click", () => easel.redo());
    byId("wipe").addEventListener("click", () => easel.clear());
    byId("save-colored").addEventListener("click", () => download(byId("colored"), `${this.page.facts.name}-drawing`));
    byId("save-lines").addEventListener("click", () => {
      const lines = element("canvas");
      paint(lines, easel.pixels());
      download(lines, `${this.page.facts.name}-lines`);
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const { easel } = this, letter = event.key.toLowerCase();
    if (this.page.view !== "draw" || event.altKey || event.target.matches("input[type=number], select, textarea")) return;
    if (event.ctrlKey || event.metaKey) {
      if (letter !== "z" && letter !== "y") return;
      if (letter === "y" || event.shiftKey) easel.redo();
      else easel.undo();
      return event.preventDefault();
    }
    const tool = { p: 0, b: 0, e: 1 }[letter], wider = { "[": 1 / 1.25, "]": 1.25 }[letter];
    if (tool !== undefined) byId("tools").querySelectorAll("input[type=radio]")[tool].click();
    if (wider) {
      easel.brush = this.brush.set(easel.brush * wider);
      easel.show();
    }
  }
}
