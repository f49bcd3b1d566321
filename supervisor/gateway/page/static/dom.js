// Small helpers around the document. Text goes in as text, never as markup.

/** @type {(id: string) => any} */
export const $ = (id) => document.getElementById(id);

/** An element with these attributes (null and false: none) and children. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** A symbol of the page's sprite. */
export const icon = (name, kind = "") => svg("svg", { class: kind, "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button with an action. */
export function button(attributes, action, ...children) {
  const node = element("button", { type: "button", ...attributes }, ...children);
  node.addEventListener("click", action);
  return node;
}

/** Writes only what changed, so that a screen reader or a selection is not disturbed. */
export function write(target, text) {
  const node = typeof target === "string" ? $(target) : target;
  if (node.textContent !== String(text)) node.textContent = text;
}

/** Shows a play button as what it does next. */
export function playKey(node, playing) {
  node.setAttribute("aria-label", playing ? "Pause" : "Play");
  node.querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
}

/** Saves these bytes as a file, as a link would. */
export function saveAs(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const keeping = (storage) => ({
  get: (name, otherwise) => {
    try {
      return JSON.parse(storage().getItem(name)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set: (name, value) => {
    try {
      storage().setItem(name, JSON.stringify(value));
    } catch {} // A browser that keeps nothing, or not so much, is no fault.
  },
});

/** What the person chose last, if this browser keeps it. */
export const remembered = keeping(() => localStorage);

/** What is kept until the tab is closed. */
export const ofTab = keeping(() => sessionStorage);
