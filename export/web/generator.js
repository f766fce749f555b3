"use strict";
// The page of a model that draws images from latents.

const DRAWS = 8; // of a seed, shown as thumbnails
const CELLS = 16; // of a grid without classes
const ROWS = 6; // of a grid with a column for each class
const MANY_CLASSES = 12; // beyond which the grid shows one class
const PATIENCE = 600; // milliseconds that previews of the directions may take
const LARGEST_SEED = 2 ** 32 - 1;

class Generator {
  constructor(facts, runtime) {
    Object.assign(this, { facts, runtime });
    this.file = facts.networks[0].file;
    this.parts = priorParts(facts.latent_prior, facts.latent_dim);
    this.directions = facts.directions.map((numbers) => Float32Array.from(numbers));
    this.state = { view: "picture", seed: 0, draw: 0, label: facts.label ?? 0, truncation: facts.truncates ? 1 : (facts.truncation ?? 1) };
    this.cost = Infinity; // milliseconds per image, once measured
    this.clear();
    this.redraw();
    this.showOne = newest(() => this.paintOne());
    this.showStrip = newest(() => this.paintStrip());
    this.showGrid = newest(() => this.paintGrid());
    this.showEnds = newest(() => this.paintEnds());
    this.build();
  }

  // What is drawn

  clear() {
    this.amounts = this.directions.map(() => 0);
    this.edits = new Map(); // latents that a slider holds
  }

  redraw() {
    this.draws = drawLatents(this.facts.latent_prior, CELLS, this.facts.latent_dim, [this.state.seed]);
  }

  /** Latents after all edits of the sliders. */
  adjusted(latents, amounts = this.amounts) {
    const moved = latents.slice();
    for (const [column, value] of this.edits) moved[column] = value;
    amounts.forEach((amount, index) => {
      if (amount) this.directions[index].forEach((step, column) => (moved[column] += amount * step));
    });
    for (const { prior, start, size } of this.parts) {
      const { range, bounded } = priorRange(prior);
      if (!bounded) continue;
      for (let column = start; column < start + size; column++) {
        moved[column] = Math.min(range[1], Math.max(range[0], moved[column]));
      }
    }
    const truncates = this.facts.truncates === "latents" && this.state.truncation !== 1;
    return truncates ? truncate(this.parts, moved, this.state.truncation) : moved;
  }

  /** {data, dims} of the images of latents, of one class or one each. */
  async images(rows, labels = this.state.label) {
    const feeds = [["latents", "float32", joined(rows), [rows.length, this.facts.latent_dim]]];
    if (this.facts.num_classes) {
      const each = Int32Array.from(rows, (_, index) => (Array.isArray(labels) ? labels[index] : labels));
      feeds.push(["labels", "int32", each, [rows.length]]);
    }
    if (this.facts.truncates === "input") {
      const each = new Float32Array(rows.length).fill(this.state.truncation);
      feeds.push(["truncation", "float32", each, [rows.length]]);
    }
    const made = await this.runtime.run(this.file, feeds);
    this.cost = made.milliseconds / rows.length;
    return made;
  }

  latents() {
    return this.adjusted(this.draws[this.state.draw]);
  }

  // What is shown

  async changed() {
    const change = (this.change = {}); // unlike any other
    byId("main").setAttribute("aria-busy", "true");
    byId("recipe").textContent = this.code();
    try {
      await Promise.all(this.state.view === "grid" ? [this.showGrid()] : [this.showOne(), this.showStrip()]);
      await this.showEnds();
    } catch (error) {
      fail(error);
    }
    if (this.change === change) byId("main").setAttribute("aria-busy", "false");
  }

  async paintOne() {
    if (this.state.view === "film") return this.film.paint();
    const made = await this.images([this.latents()]);
    paint(byId("picture"), toPixels(made));
    const of = this.facts.num_classes ? ` of class ${this.className(this.state.label)}` : "";
    byId("picture").setAttribute("aria-label", `Draw ${this.state.draw} of seed ${this.state.seed}${of}`);
    say(`Drawn in ${made.milliseconds.toFixed(0)} ms.`);
  }

  async paintStrip() {
    const made = await this.images(this.draws.slice(0, DRAWS).map((row) => this.adjusted(row)));
    this.thumbnails.forEach(({ canvas }, index) => paint(canvas, toPixels(made, index)));
    this.mark(this.state.view === "film" ? this.film.leg : this.state.draw);
  }

  className(label) {
    return this.facts.class_names?.[label] ?? String(label);
  }

  classInPython(label) {
    const name = this.facts.class_names?.[label] ?? label; // a file's own class may be a name, too
    return typeof name === "string" ? JSON.stringify(name) : name;
  }

  mark(draw) {
    this.thumbnails.forEach(({ button }, index) => button.setAttribute("aria-pressed", index === draw));
  }

  async paintGrid() {
    const { rows, labels } = this.cells();
    const made = await this.images(rows.map((row) => this.adjusted(this.draws[row])), labels);
    rows.forEach((_, index) => paint(this.grid[index].canvas, toPixels(made, index)));
    say(`${rows.length} pictures drawn in ${made.milliseconds.toFixed(0)} ms.`);
  }

  /** What a grid's cells show: every class of some draws, or many draws. */
  cells() {
    const classes = this.facts.num_classes ?? 0;
    const shown = classes > 1 && classes <= MANY_CLASSES;
    if (!shown) return { columns: 4, rows: [...Array(CELLS).keys()], labels: this.state.label, classes: 0 };
    const places = [...Array(ROWS * classes).keys()];
    const rows = places.map((at) => Math.floor(at / classes)), labels = places.map((at) => at % classes);
    return { columns: classes, rows, labels, classes };
  }

  /** What each direction does, at both ends of its slider. */
  async paintEnds() {
    const ends = this.ends ?? [];
    if (!ends.length || 2 * ends.length * this.cost > PATIENCE) return;
    const rows = ends.flatMap((_, index) =>
      [-3, 3].map((amount) => this.adjusted(this.draws[this.state.draw], this.amounts.with(index, amount))));
    const made = await this.images(rows);
    ends.flat().forEach((canvas, index) => paint(canvas, toPixels(made, index)));
  }

  /** Whether an image has a class: a chosen one, or the one fixed in the file. */
  get classed() {
    return this.facts.num_classes !== undefined || this.facts.label !== undefined;
  }

  /** The Python expression that generates the same; nothing if sliders have changed the latents. */
  code() {
    if (this.edits.size || this.amounts.some(Boolean)) return "";
    const { view, seed, draw, label, truncation } = this.state;
    const labels = this.classed ? [`labels=${this.classInPython(label)}`] : [];
    const share = truncation === 1 ? [] : [`truncation=${truncation}`];
    const call = (name, ...given) => `${name}(${[...given, ...share].join(", ")})`;
    const points = `gan.prior.draw(${DRAWS}, gan.latent_dim, ${seed})`;
    if (view === "film") return call("kerasgan.exploration.walk", "gan", points, "frames=96", ...labels);
    if (view === "picture") return `${call("gan.generate", draw + 1, `seed=${seed}`, ...labels)}[${draw}]`;
    if (this.cells().classes) return call("kerasgan.exploration.class_grid", "gan", ROWS, `seed=${seed}`);
    return call("gan.generate", CELLS, `seed=${seed}`, ...labels);
  }

  /** A program with that expression; the latents are written out if they have no seed. */
  program() {
    const { label, truncation } = this.state;
    const labels = this.classed ? `, labels=${this.classInPython(label)}` : "";
    const share = this.facts.truncates !== "latents" && truncation !== 1 ? `, truncation=${truncation}` : "";
    const loaded = `gan = kerasgan.zoo.load(${JSON.stringify(this.facts.entry ?? "NAME")})`;
    const call = this.code() || `gan.generate(latents=[[${Array.from(this.latents()).join(", ")}]]${labels}${share})[0]`;
    return `import kerasgan\n\n${loaded}\nimages = ${call}\n`;
  }

  // Controls

  build() {
    this.buildViews();
    this.buildSeed();
    this.buildChoices();
    byId("save").addEventListener("click", () => this.save());
    byId("copy").addEventListener("click", () => {
      const done = [() => say("Copied."), () => say("This browser does not let pages copy.")];
      navigator.clipboard.writeText(this.program()).then(...done);
    });
    byId("reset").addEventListener("click", () => {
      this.clear();
      this.showMovers(this.mover);
      this.changed();
    });
    this.buildMovers();
    this.show("picture");
  }

  buildViews() {
    this.film = new Film(this);
    this.thumbnails = Array.from({ length: DRAWS }, (_, index) =>
      thumbnail(`Draw ${index}`, () => (this.state.view === "film" ? this.film.jump(index / DRAWS) : this.choose(index))));
    byId("thumbnails").append(...this.thumbnails.map(({ button }) => button));
    const { columns, rows, labels } = this.cells();
    this.grid = rows.map((row, index) => {
      const label = Array.isArray(labels) ? labels[index] : null;
      const name = label === null ? `Draw ${row}` : `Draw ${row} of class ${label}`;
      return thumbnail(name, () => this.pick(row, label));
    });
    byId("grid").style.setProperty("--columns", columns);
    byId("grid").append(...this.grid.map(({ button }) => button));
    this.show = tabs(document.querySelector(".stage [role=tablist]"), (view) => {
      this.state.view = view;
      byId("panel-one").hidden = view === "grid";
      byId("panel-many").hidden = view !== "grid";
      byId("panel-one").setAttribute("aria-labelledby", `tab-${view}`);
      byId("player").hidden = view !== "film";
      byId("save").textContent = view === "grid" ? "Save grid" : "Save picture";
      if (view !== "film") this.film.stop();
      this.changed();
    });
  }

  buildSeed() {
    const seed = byId("seed");
    const set = (number) => {
      this.state.seed = Math.min(LARGEST_SEED, Math.max(0, Math.floor(number) || 0));
      seed.value = this.state.seed;
      this.redraw();
      this.showMovers?.(this.mover);
      this.changed();
    };
    seed.addEventListener("change", () => set(Number(seed.value)));
    byId("earlier").addEventListener("click", () => set(this.state.seed - 1));
    byId("later").addEventListener("click", () => set(this.state.seed + 1));
    byId("dice").addEventListener("click", () => set(Math.random() * 1e6));
  }

  buildChoices() {
    const classes = this.facts.num_classes;
    if (classes) {
      const options = Array.from({ length: classes }, (_, index) => this.className(index));
      this.classes = choice({ legend: "Class", options, value: 0, change: (label) => this.set({ label }) });
      byId("choices").append(this.classes);
    }
    if (this.facts.truncates) {
      const change = (truncation) => this.set({ truncation });
      this.truncation = slider({ label: "Truncation", range: [0, 1], value: 1, change });
      byId("choices").append(this.truncation.root);
    }
  }

  set(settings) {
    Object.assign(this.state, settings);
    this.changed();
  }

  choose(draw) {
    this.state.draw = draw;
    this.showMovers(this.mover);
    this.changed();
  }

  /** From a cell of the grid to its picture. */
  pick(draw, label) {
    if (label !== null) {
      this.state.label = label;
      this.classes.querySelectorAll("input")[label].checked = true;
    }
    this.choose(draw);
    this.show("picture");
    byId("tab-picture").focus();
  }

  save() {
    const name = `${this.facts.name}-${this.state.seed}`;
    if (this.state.view !== "grid") return download(byId("picture"), `${name}-${this.state.draw}`);
    return download(gridOf(this.grid.map(({ canvas }) => canvas), this.cells().columns), name);
  }
}
