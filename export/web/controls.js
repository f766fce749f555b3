"use strict";
// Elements of the page.

const byId = (id) => document.getElementById(id);

/** An element with properties, `aria-...` and `data-...` attributes among them, and children. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Says something to readers of the screen and listeners alike. */
function say(text) {
  byId("status").textContent = text;
}

/** A slider with its label and number; `set` shows a value without calling `change`, and returns it within its range. */
function slider({ label, range: [low, high], value, change, ends = [], digits = 2 }) {
  const input = element("input", { type: "range", min: low, max: high, step: (high - low) / 200, "aria-label": label });
  const shown = element("span", { className: "number", "aria-hidden": "true" });
  const show = () => {
    shown.textContent = Number(input.value).toFixed(digits);
    fill(input);
  };
  const set = (number) => {
    input.value = number;
    show();
    return Number(input.value);
  };
  input.addEventListener("input", () => {
    show();
    change(Number(input.value));
  });
  set(value);
  const [before, after] = ends.length ? ends : ["", ""];
  const row = element("span", { className: "track" }, before, input, after);
  return { root: element("label", { className: "slider" }, element("span", { "aria-hidden": "true" }, label), shown, row), set };
}

/** Colors a range up to its thumb, from the middle where that means zero. */
function fill(input) {
  const [low, high] = [Number(input.min), Number(input.max)];
  const at = (number) => `${(100 * (number - low)) / (high - low)}%`;
  const zero = low < 0 && high > 0 ? 0 : low;
  const ends = [zero, Number(input.value)].sort((a, b) => a - b);
  input.style.setProperty("--from", at(ends[0]));
  input.style.setProperty("--to", at(ends[1]));
}

/** One of several: a row of chips, or a list where they are many. */
function choice({ legend, options, value, change }) {
  const box = element("fieldset", {}, element("legend", {}, legend));
  if (options.length > 20) {
    const select = element("select", { "aria-label": legend });
    options.forEach((option, index) => select.add(new Option(option, index, false, index === value)));
    select.addEventListener("change", () => change(Number(select.value)));
    box.append(select);
    return box;
  }
  const row = element("div", { className: options.every((option) => option.length < 3) ? "chips short" : "chips" });
  options.forEach((option, index) => {
    const radio = element("input", { type: "radio", name: legend, value: index, checked: index === value });
    radio.addEventListener("change", () => change(index));
    row.append(element("label", { className: "chip" }, radio, element("span", {}, option)));
  });
  box.append(row);
  return box;
}

/** Tabs: the arrow keys move between them, as the ARIA pattern has it. */
function tabs(list, change) {
  const all = () => [...list.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const each of all()) {
      each.setAttribute("aria-selected", each === tab);
      each.tabIndex = each === tab ? 0 : -1;
    }
    change(tab.dataset.view);
  };
  list.addEventListener("click", ({ target }) => target.role === "tab" && select(target));
  list.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const each = all();
    const next = each[(each.indexOf(document.activeElement) + move + each.length) % each.length];
    next.focus();
    select(next);
    event.preventDefault();
  });
  return (view) => select(all().find((tab) => tab.dataset.view === view));
}

/** A button that shows a small picture. */
function thumbnail(label, press) {
  const canvas = element("canvas", { width: 1, height: 1, "aria-hidden": "true" });
  const button = element("button", { type: "button", className: "thumbnail", "aria-label": label }, canvas);
  button.addEventListener("click", press);
  return { button, canvas };
}
