// Starts the parts of the page, and tells them of each other.

import { ask } from "./api.js";
import { books, offerBooks } from "./books.js";
import { choice, offerVoices } from "./choice.js";
import { courses } from "./course.js";
import { dock, pauseBook } from "./dock.js";
import { $ } from "./dom.js";
import { gate } from "./gate.js";
import { offerHosts } from "./hosts.js";
import { watch } from "./live.js";
import { picker } from "./picker.js";
import { quiet, speaker } from "./speaker.js";
import { loadTuning, tuning } from "./tuning.js";
import { limitUploads, stopUploads } from "./upload.js";

gate();
choice();
picker();
speaker(pauseBook);
dock(quiet);
books();
courses();
tuning();

// With every status: what is not known yet is asked for; all of it where the supervisor is another.
watch(async (another) => {
  loadTuning(another);
  offerVoices(about, another);
  offerBooks(another);
}, (gone, out) => {
  for (const id of ["speak", "save", "knobs-all", "range"]) $(id).disabled = gone;
  disable("#jobs .job, #books .pause, #books .delete", gone);
  if (out) disable("#books .listen, #books .chapters button", true); // Else what is ready can be heard.
  stopUploads(gone);
});

function disable(controls, are) {
  for (const control of document.querySelectorAll(controls)) control.disabled = are;
}

/** What the supervisor can do. */
async function about() {
  const found = await ask("page/about").catch(() => null);
  if (found) {
    limitUploads(found.max_book_bytes ?? null);
    offerHosts(found.fleet === true);
  }
  return found;
}
