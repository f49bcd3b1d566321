// Small helpers around the document. Text goes in as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Writes only what changed, so that a screen reader or a selection is not disturbed.
export function write(id, text) {
  const node = $(id);
  if (node.textContent !== String(text)) node.textContent = text;
}

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
