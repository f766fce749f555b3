"use strict";
// The page of an image-to-image model.

const LONGEST = 512; // pixels of a picture's longer side: larger ones are made smaller, as a browser has little memory

class Translator {
  constructor(facts, runtime) {
    Object.assign(this, { facts, runtime });
    this.network = facts.networks[0];
    this.show = newest((pixels) => this.paint(pixels));
    this.build();
    this.useExamples();
  }

  async paint(picture) {
    const { scale, multiple, smallest } = this.facts;
    const { file, channels, size } = this.network;
    const pixels = size ? resized(picture, ...size) : picture;
    const images = fromPixels(pixels, channels);
    const { data, dims } = reflected(images, multiple, smallest);
    const made = await this.runtime.run(file, [["images", "float32", data, dims]]);
    const whole = toPixels(made);
    paint(byId("before"), toPixels(images));
    const after = byId("after");
    [after.width, after.height] = [pixels.width * scale, pixels.height * scale];
    after.getContext("2d").putImageData(whole, 0, 0); // cuts the reflected border off
    byId("before").setAttribute("aria-label", `Before: ${pixels.width} by ${pixels.height} pixels`);
    after.setAttribute("aria-label", `After: ${after.width} by ${after.height} pixels`);
    byId("compare").style.setProperty("--ratio", picture.width / picture.height);
    byId("compare").classList.toggle("small", pixels.width < 200);
    byId("recipe").textContent = this.code();
    say(`Made in ${made.milliseconds.toFixed(0)} ms.`);
  }

  /** The command that gives the same result. */
  code() {
    const { direction } = this.network;
    return `kerasgan translate ${this.facts.name} PICTURE${direction ? ` --direction ${direction}` : ""}`;
  }

  /** Translates ImageData and shows input and output. */
  async use(pixels) {
    this.last = pixels;
    byId("main").setAttribute("aria-busy", "true");
    try {
      await this.show(pixels);
    } catch (error) {
      fail(error);
    } finally {
      byId("main").setAttribute("aria-busy", "false");
    }
  }

  async useBlob(blob) {
    if (!blob?.type.startsWith("image/")) return say("That is no picture.");
    const refused = (error) => say(`This picture cannot be read: ${error.message}`);
    const pixels = await readPicture(blob, LONGEST).catch(refused);
    if (pixels) await this.use(pixels);
  }

  useExamples() {
    const thumbnails = this.network.examples.map((address, index) => {
      const { button, canvas } = thumbnail(`Example ${index + 1}`, () => this.use(canvas.pixels));
      return { button, canvas, address };
    });
    byId("examples").replaceChildren(...thumbnails.map(({ button }) => button));
    byId("examples-box").hidden = !thumbnails.length;
    thumbnails.forEach(async ({ canvas, address }, index) => {
      canvas.pixels = await readExample(address);
      paint(canvas, canvas.pixels);
      if (index === 0) this.use(canvas.pixels);
    });
    if (!thumbnails.length) this.begin();
  }

  /** Without examples: with the picture that was there before, if one was. */
  begin() {
    if (this.last) return this.use(this.last);
    byId("main").setAttribute("aria-busy", "false");
    return say("Choose a picture to begin with.");
  }

  build() {
    const divider = byId("divider");
    const split = () => byId("compare").style.setProperty("--split", `${divider.value}%`);
    divider.addEventListener("input", split);
    split();
    const names = this.facts.networks.map(({ direction }) => direction);
    if (names.length > 1) {
      const options = names.map((name) => name.split("").join(" to "));
      const change = (index) => {
        this.network = this.facts.networks[index];
        this.useExamples();
      };
      byId("choices").append(choice({ legend: "Direction", options, value: 0, change }));
    }
    byId("file").addEventListener("change", ({ target }) => this.useBlob(target.files[0]));
    document.addEventListener("paste", ({ clipboardData: { files } }) => files.length && this.useBlob(files[0]));
    this.buildDrop();
    byId("save").addEventListener("click", () => download(byId("after"), `${this.facts.name}-after`));
  }

  buildDrop() {
    const over = (is) => byId("drop").classList.toggle("over", is);
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      over(true);
    });
    document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && over(false));
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.useBlob(event.dataTransfer.files[0]);
    });
  }
}
