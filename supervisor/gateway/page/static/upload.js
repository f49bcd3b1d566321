// A file that is dropped or chosen becomes an audiobook: sent with its progress, refused with a reason.

import { headers } from "./api.js";
import { terms } from "./choice.js";
import { $, button, element, write } from "./dom.js";
import { bytes } from "./words.js";

const KINDS = /\.(epub|txt|text|md|markdown|html?|xhtml)$/i;

let most = null, gone = false, then = () => {};

/** @param {() => void} sent called when the server has a book more. */
export function uploads(sent) {
  then = sent;
  $("file").addEventListener("change", () => {
    take([...$("file").files]);
    $("file").value = "";
  });
  let inside = 0;
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const over = (shown) => ($("drop-here").hidden = !shown);
  addEventListener("dragenter", (event) => files(event) && !$("books-part").hidden && (over(true), (inside += 1)));
  addEventListener("dragleave", (event) => files(event) && inside && (inside -= 1) === 0 && over(false));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault(); // Or the browser leaves the page for the file.
    inside = 0;
    over(false);
    if (!$("books-part").hidden) take([...event.dataTransfer.files]);
  });
}

/** @param {number | null} size the most bytes that a book may have. */
export function limitUploads(size) {
  most = size;
}

/** Nothing can be sent while the supervisor is gone. */
export function stopUploads(isGone) {
  gone = isGone;
  $("file").disabled = isGone;
  $("file").parentElement.classList.toggle("off", isGone);
}

function take(files) {
  for (const file of files) {
    const line = element("div", { class: "upload" }, element("p", {}));
    $("uploads").append(line);
    const refusal = refused(file);
    if (refusal) over(line, refusal);
    else send(file, line);
  }
}

function refused(file) {
  if (gone) return `${file.name}: the supervisor does not answer now; try again when it is back.`;
  if (!KINDS.test(file.name)) return `${file.name} is no book this page can read: it takes EPUB, HTML, Markdown and plain text.`;
  if (!file.size) return `${file.name} is empty.`;
  if (most && file.size > most) return `${file.name} has ${bytes(file.size)}; a book may have ${bytes(most)}. Cut it in two, or take the pictures out of it.`;
  return null;
}

function send(file, line) {
  const wish = terms() ?? {}, sending = new XMLHttpRequest();
  const query = new URLSearchParams({ name: file.name, ...(wish.model ? { model: wish.model, voice: wish.voice, speed: wish.speed } : {}) });
  const bar = element("i"), text = line.querySelector("p");
  write(text, `Sending ${file.name} …`);
  line.append(element("div", { class: "progress", role: "progressbar", "aria-label": `Sending ${file.name}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, bar));
  sending.open("POST", `v1/books?${query}`);
  for (const [name, value] of Object.entries(headers())) sending.setRequestHeader(name, value);
  sending.setRequestHeader("Content-Type", "application/octet-stream");
  sending.upload.addEventListener("progress", ({ loaded, total }) => {
    const percent = Math.round((100 * loaded) / total);
    bar.style.width = `${percent}%`;
    bar.parentElement.setAttribute("aria-valuenow", percent);
    write(text, percent < 100 ? `Sending ${file.name}: ${bytes(loaded)} of ${bytes(total)}` : `Looking into ${file.name} …`);
  });
  sending.addEventListener("load", () => {
    if (sending.status < 300) {
      line.remove();
      return then();
    }
    over(line, `${file.name}: ${message(sending)}`);
  });
  sending.addEventListener("error", () => over(line, `${file.name} could not be sent: the connection broke off.`));
  sending.send(file);
}

function message(answer) {
  try {
    return JSON.parse(answer.responseText).error.message;
  } catch {
    return `the gateway answered ${answer.status}`;
  }
}

/** The end of an upload that did not succeed. */
function over(line, text) {
  const close = button({ class: "ghost" }, () => line.remove(), "All right");
  line.replaceChildren(element("p", { class: "bad" }, text, " ", close));
}
