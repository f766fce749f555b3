"use strict";
// A closed walk through the draws of a seed.

const LEG = 1600; // milliseconds from one draw to the next, at a steady pace

class Film {
  constructor(generator) {
    this.generator = generator;
    this.position = 0; // from 0 to 1, where it begins again
    this.playing = false;
    byId("position").addEventListener("input", ({ target }) => this.jump(Number(target.value)));
    byId("play").addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    fill(byId("position"));
  }

  /** The draw that was passed last. */
  get leg() {
    return Math.min(DRAWS - 1, Math.floor(this.position * DRAWS));
  }

  jump(position) {
    this.position = position;
    this.mark();
    this.generator.showOne().catch(fail);
  }

  mark() {
    byId("position").value = this.position;
    byId("position").setAttribute("aria-valuetext", `${Math.round(100 * this.position)} %`);
    fill(byId("position"));
    this.generator.mark(this.leg);
  }

  async paint() {
    const { draws, parts } = this.generator;
    const { leg } = this, next = (leg + 1) % DRAWS;
    const latents = between(parts, draws[leg], draws[next], this.position * DRAWS - leg);
    paint(byId("picture"), toPixels(await this.generator.images([this.generator.adjusted(latents)])));
    byId("picture").setAttribute("aria-label", `From draw ${leg} to draw ${next}`);
  }

  start() {
    this.playing = true;
    this.button("Pause");
    let before = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      const share = ((now - before) * Number(byId("pace").value)) / (LEG * DRAWS);
      before = now;
      this.position = (this.position + Math.max(0, share)) % 1;
      this.mark();
      this.generator.showOne().then(() => requestAnimationFrame(tick), fail);
    };
    requestAnimationFrame(tick);
  }

  stop() {
    this.playing = false;
    this.button("Play");
  }

  button(text) {
    byId("play").textContent = text;
  }
}
