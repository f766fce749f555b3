"use strict";
// A closed walk through the draws of a seed.

const LEG = 1600; // milliseconds from one draw to the next, at a steady pace
const FRAMES = 96; // of a film that is saved

class Film {
  constructor(generator) {
    this.generator = generator;
    this.position = 0; // from 0 to 1, where it begins again
    this.playing = false;
    byId("position").addEventListener("input", ({ target }) => this.jump(Number(target.value)));
    byId("play").addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    byId("record").hidden = !window.MediaRecorder;
    byId("record").addEventListener("click", () => this.save());
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

  /** The latents at a position. */
  at(position) {
    const { draws, parts } = this.generator;
    const leg = Math.floor(position * DRAWS) % DRAWS, next = (leg + 1) % DRAWS;
    return this.generator.adjusted(between(parts, draws[leg], draws[next], position * DRAWS - leg));
  }

  async paint() {
    paint(byId("picture"), toPixels(await this.generator.images([this.at(this.position)])));
    byId("picture").setAttribute("aria-label", `From draw ${this.leg} to draw ${(this.leg + 1) % DRAWS}`);
  }

  /** The whole walk as a video: all frames are drawn before, so that it moves evenly however slow the model is. */
  async record(count = FRAMES, milliseconds = (LEG * DRAWS) / Number(byId("pace").value)) {
    const frames = [];
    for (let index = 0; index < count; index++) {
      frames.push(toPixels(await this.generator.images([this.at(index / count)])));
      say(`Frame ${index + 1} of ${count} drawn.`);
    }
    return video(frames, milliseconds);
  }

  async save() {
    this.stop();
    byId("record").disabled = true;
    try {
      const film = await this.record();
      const { facts, state } = this.generator;
      give(film, `${facts.name}-${state.seed}.${film.type.split("/")[1]}`);
      say("The film is saved.");
    } catch (error) {
      fail(error);
    } finally {
      byId("record").disabled = false;
    }
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
