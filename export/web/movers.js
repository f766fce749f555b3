"use strict";
// The sliders of a generator: codes that have names, directions that change the images most, and single latents.

Object.assign(Generator.prototype, {
  /** One tab for each kind of slider that the model has. */
  buildMovers() {
    this.codes = this.parts.filter(({ code }) => code !== null);
    const kinds = [["codes", "Codes", this.codes], ["directions", "Directions", this.directions], ["latents", "Latents", [1]]];
    for (const [view, title] of kinds.filter(([, , those]) => those.length)) {
      byId("movers").append(element("button", { role: "tab", type: "button", "data-view": view }, title));
    }
    this.showMovers = tabs(byId("movers"), (view) => {
      this.mover = view;
      this.ends = [];
      byId("sliders").replaceChildren(...this[`${view}Sliders`]());
      if (view === "directions") this.showEnds().catch(fail);
    });
    this.showMovers(byId("movers").firstElementChild.dataset.view);
  },

  directionsSliders() {
    const hint = "What changes the pictures most, the strongest first; in standard deviations.";
    const sliders = this.directions.map((_, index) => {
      const ends = [-3, 3].map(() => element("canvas", { width: 1, height: 1, className: "end", "aria-hidden": "true" }));
      this.ends.push(ends);
      const change = (amount) => {
        this.amounts[index] = amount;
        this.changed();
      };
      return slider({ label: `Direction ${index + 1}`, range: [-3, 3], value: this.amounts[index], change, ends }).root;
    });
    return [element("p", { className: "soft" }, hint), ...sliders];
  },

  latentsSliders() {
    const columns = this.parts.flatMap(({ prior, start, size }) =>
      Array.from({ length: size }, (_, index) => this.columnSlider(`Latent ${start + index}`, start + index, prior)));
    return [element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": "All latents" }, ...columns)];
  },

  codesSliders() {
    return this.codes.flatMap((part) =>
      part.prior.name === "categorical" ? [this.categoryChoice(part)] : this.columnSliders(part));
  },

  columnSliders({ prior, start, size, code }) {
    const name = code[0].toUpperCase() + code.slice(1);
    return Array.from({ length: size }, (_, index) =>
      this.columnSlider(size > 1 ? `${name} ${index + 1}` : name, start + index, prior));
  },

  columnSlider(label, column, prior) {
    const { range } = prior.name === "categorical" ? { range: [0, 1] } : priorRange(prior);
    const value = this.edits.get(column) ?? this.draws[this.state.draw][column];
    const change = (number) => {
      this.edits.set(column, number);
      this.changed();
    };
    return slider({ label, range, value, change }).root;
  },

  /** A code that is one of several: the draw's own, or the one that is chosen. */
  categoryChoice({ start, size, code }) {
    const options = Array.from({ length: size }, (_, index) => String(index));
    const latents = this.draws[this.state.draw].subarray(start, start + size);
    const held = Array.from(latents, (value, index) => this.edits.get(start + index) ?? value);
    const change = (index) => {
      oneHot(size, index).forEach((value, column) => this.edits.set(start + column, value));
      this.changed();
    };
    const legend = code[0].toUpperCase() + code.slice(1);
    return choice({ legend, options, value: held.indexOf(Math.max(...held)), change });
  },
});
