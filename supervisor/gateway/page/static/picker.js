// The list of voices: searched by name or language, chosen by mouse or keyboard.

import { $, element, icon } from "./dom.js";
import { search, voices } from "./voices.js";

let options = [], active = 0, chosen = null, among = [], done = () => {};

export function picker() {
  const dialog = $("picker");
  $("find").addEventListener("input", () => show());
  $("find").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) activate(Math.min(options.length - 1, Math.max(0, active + step)), true);
    else if (event.key === "Enter") take(options[active]?.voice);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // Beside it.
  });
  dialog.addEventListener("close", () => done(null));
}

/**
 * Has a voice chosen; null where the person leaves it.
 * @param {{title: string, model?: string, current?: object}} wish `model`: only its voices.
 */
export function pick({ title, model, current }) {
  $("picker-title").textContent = title;
  chosen = current;
  among = model ? voices.filter((voice) => voice.model === model) : voices;
  $("find").value = "";
  $("picker").showModal();
  show();
  $("find").focus();
  return new Promise((resolve) => (done = resolve));
}

function take(voice) {
  if (!voice) return;
  done(voice);
  done = () => {};
  $("picker").close();
}

function show() {
  options = [];
  const groups = search($("find").value, among).map(([name, list], number) => element("div", { role: "group", "aria-labelledby": `group-${number}` },
    element("p", { id: `group-${number}`, class: "group" }, name, " ", element("small", {}, String(list.length))),
    ...list.map(option)));
  $("found").replaceChildren(...groups);
  $("none-found").hidden = options.length > 0;
  activate(Math.max(0, $("find").value ? 0 : options.findIndex(({ voice }) => voice === chosen)), true);
}

function option(voice) {
  const number = options.length;
  const node = element("div", { role: "option", id: `option-${number}`, "aria-selected": String(voice === chosen), class: "option" },
    element("b", {}, voice.name), element("span", { class: "quiet" }, voice.about), voice === chosen ? icon("check", "small") : "");
  node.addEventListener("click", () => take(voice));
  node.addEventListener("pointermove", () => activate(number, false));
  options.push({ voice, node });
  return node;
}

function activate(number, scroll) {
  options[active]?.node.classList.remove("active");
  active = number;
  const found = options[active]?.node;
  if (!found) return $("find").removeAttribute("aria-activedescendant");
  found.classList.add("active");
  $("find").setAttribute("aria-activedescendant", found.id);
  if (scroll) found.scrollIntoView({ block: "nearest" });
}
