"use strict";
// Starts the page that suits the model.

function describe() {
  byId("name").textContent = facts.title;
  byId("summary").textContent = facts.summary;
  const [height, width, channels] = facts.image_shape;
  const known = {
    Family: facts.family,
    Images: `${width} × ${height} × ${channels}`,
    Parameters: facts.parameters.toLocaleString("en"),
    License: facts.license ?? "not stated",
    "ONNX Runtime Web": facts.runtime.version,
    kerasgan: facts.kerasgan,
  };
  for (const [name, value] of Object.entries(known)) {
    byId("facts").append(element("div", {}, element("dt", {}, name), element("dd", {}, String(value))));
  }
}

/** Shows an error, visibly and to screen readers. */
function fail(error) {
  byId("failure").textContent = `This does not work here: ${error.message}`;
  byId("failure").hidden = false;
  byId("loading")?.remove();
  byId("main").setAttribute("aria-busy", "false");
}

async function start() {
  describe();
  const runtime = new Runtime();
  await runtime.start(facts.runtime);
  await runtime.open(facts.networks[0].file);
  const draws = facts.latent_prior !== undefined;
  byId("loading").replaceWith(byId(draws ? "generator" : "translator").content.cloneNode(true));
  byId("main").classList.toggle("small-images", Math.max(...facts.image_shape.slice(0, 2)) < 200);
  window.page = draws ? new Generator(facts, runtime) : new Translator(facts, runtime);
}

start().catch(fail);
