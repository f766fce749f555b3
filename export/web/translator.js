"use strict";
// The page of an image-to-image model.

const LONGEST = 512; // pixels of a picture's longer side: larger ones are made smaller, as a browser has little memory

class Translator {
  constructor(facts, runtime) {
    Object.assign(this, { facts, runtime });
    this.show = newest((pixels) => this.paint(pixels));
    this.build();
    this.useNetwork(facts.networks[0]);
  }

  /** {images, made, whole}: what the network takes of ImageData, what it makes of that, and this as ImageData. */
  async translated(pixels) {
    const { multiple, smallest } = this.facts;
    const { file, channels } = this.network;
    const images = fromPixels(pixels, channels);
    const { data, dims } = reflected(images, multiple, smallest);
    const made = await this.runtime.run(file, [["images", "float32", data, dims]]);
    return { images, made, whole: toPixels(made) };
  }

  async paint(picture) {
    const { scale } = this.facts;
    const { size } = this.network;
    const pixels = size ? resized(picture, ...size) : picture;
    const { images, made, whole } = await this.translated(pixels);
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
    if (!pixels) return;
    this.last = pixels;
    if (this.view === "compare") await this.use(pixels);
    else this.changeView("compare");
  }

  /** Goes on with a network: with its drawings, if it takes some, otherwise with pictures. */
  async useNetwork(network) {
    this.network = network;
    const { drawing } = network;
    if (drawing) (this.drawing ??= new Drawing(this)).open(drawing);
    byId("views").hidden = !drawing;
    const [first] = await this.useExamples();
    if (network !== this.network) return; // another one was chosen meanwhile
    this.last = first ?? this.last;
    if (first && drawing) this.drawing.begin(first);
    this.changeView(drawing ? "draw" : "compare");
  }

  /** Shows the network's examples as buttons; their pixels. */
  useExamples() {
    const { examples } = this.network;
    const thumbnails = examples.map((_, index) => {
      const made = thumbnail(`Example ${index + 1}`, () => {
        if (this.view === "draw") this.drawing.example(made.canvas.pixels, made.button);
        else this.use(made.canvas.pixels);
      });
      return made;
    });
    byId("examples").replaceChildren(...thumbnails.map(({ button }) => button));
    byId("examples-box").hidden = !thumbnails.length;
    byId("credit").textContent = this.facts.credit ?? "";
    return Promise.all(thumbnails.map(async ({ canvas }, index) => {
      canvas.pixels = await readExample(examples[index]);
      paint(canvas, canvas.pixels);
      return canvas.pixels;
    }));
  }

  /** With the picture that was there before, if one was. */
  begin() {
    if (this.last) return this.use(this.last);
    byId("main").setAttribute("aria-busy", "false");
    return say("Choose a picture to begin with.");
  }

  build() {
    this.changeView = tabs(byId("views"), (view) => {
      this.view = view;
      byId("main").classList.toggle("draws", view === "draw");
      byId("panel-draw").hidden = byId("uses").hidden = byId("places").hidden = view !== "draw";
      byId("panel-compare").hidden = byId("own").hidden = view !== "compare";
      if (view === "compare") this.begin();
      else this.drawing.changed();
    });
    const divider = byId("divider");
    const split = () => byId("compare").style.setProperty("--split", `${divider.value}%`);
    divider.addEventListener("input", split);
    split();
    const names = this.facts.networks.map(({ direction }) => direction);
    if (names.length > 1) {
      const options = names.map((name) => name.split("").join(" to "));
      const change = (index) => this.useNetwork(this.facts.networks[index]);
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
