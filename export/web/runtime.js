"use strict";
// ONNX Runtime Web in a worker, so that the page answers while it computes. Nothing here is specific to GANs.

const embedded = {}; // base64 by name, put here by the scripts that carry models and, offline, the runtime

/** The bytes of a file that lies beside the page, inside a script: a page opened from a disk may load nothing else. */
async function carried(name) {
  await new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `${name}.js`;
    script.onload = done;
    script.onerror = () => failed(new Error(`Expected the file ${name}.js beside the page. Received: none`));
    document.head.append(script);
  });
  const text = atob(embedded[name]);
  delete embedded[name];
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

/** The bytes of a file of the runtime, which the browser refuses unless they have the digest that is pinned. */
async function fetched(address, name, integrity) {
  const options = { integrity, credentials: "omit", referrerPolicy: "no-referrer" };
  const answer = await fetch(address + name, options).catch((error) => {
    throw new Error(
      `Expected ${name} with its pinned digest from ${address}. Received: no connection, or another file. ` +
        "A page that needs no network is written with --vendor: kerasgan explore NAME --vendor",
      { cause: error },
    );
  });
  if (!answer.ok) throw new Error(`Expected ${name} from ${address}. Received: ${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
}

/** What the worker does; its text becomes a script of its own. */
function work() {
  const sessions = new Map();
  let ort;
  const actions = {
    async start({ script, wasm }) {
      ort = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
      ort.env.wasm.numThreads = 1; // more need headers that a folder of files does not have
      ort.env.wasm.wasmBinary = wasm;
    },
    async open({ name, model }) {
      sessions.set(name, await ort.InferenceSession.create(new Uint8Array(model)));
    },
    async run({ name, feeds }) {
      const tensors = feeds.map(([input, type, data, dims]) => [input, new ort.Tensor(type, data, dims)]);
      const start = performance.now();
      const session = sessions.get(name);
      const made = (await session.run(Object.fromEntries(tensors)))[session.outputNames[0]];
      return { data: made.data, dims: made.dims, milliseconds: performance.now() - start };
    },
  };
  let turn = Promise.resolve(); // one thing after the other
  self.onmessage = ({ data: { id, action, content } }) => {
    turn = turn.then(async () => {
      try {
        self.postMessage({ id, result: await actions[action](content) });
      } catch (error) {
        self.postMessage({ id, error: String(error.message ?? error) });
      }
    });
  };
}

class Runtime {
  constructor() {
    this.worker = new Worker(URL.createObjectURL(new Blob([`(${work})()`], { type: "text/javascript" })));
    this.waiting = new Map();
    this.opened = new Map();
    this.requests = 0;
    this.worker.onmessage = ({ data: { id, result, error } }) => {
      const [done, failed] = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) done(result);
      else failed(new Error(error));
    };
  }

  request(action, content, transferred = []) {
    const id = this.requests++;
    return new Promise((done, failed) => {
      this.waiting.set(id, [done, failed]);
      this.worker.postMessage({ id, action, content }, transferred);
    });
  }

  /** Loads the runtime: its script and its WebAssembly, in this order in `files`. */
  async start({ address, files }) {
    const load = ([name, integrity]) => (address === null ? carried(name) : fetched(address, name, integrity));
    const [script, wasm] = await Promise.all(Object.entries(files).map(load));
    await this.request("start", { script, wasm }, [script, wasm]);
  }

  /** Loads a model once. */
  open(name) {
    if (!this.opened.has(name)) {
      this.opened.set(name, carried(name).then((model) => this.request("open", { name, model }, [model])));
    }
    return this.opened.get(name);
  }

  /** {data, dims, milliseconds} of a model's first output for inputs [name, type, data, dims]. */
  async run(name, feeds) {
    await this.open(name);
    return this.request("run", { name, feeds });
  }
}

/** Runs the newest of the tasks that come faster than they are done, and drops those in between; a promise of the last. */
function newest(task) {
  let next = null, running = null;
  const all = async () => {
    while (next !== null) {
      const now = next;
      next = null;
      await task(...now);
    }
  };
  return (...given) => {
    next = given;
    running ??= all().finally(() => (running = null));
    return running;
  };
}
