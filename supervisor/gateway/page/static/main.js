// Starts the parts of the page, and tells them of each other.

import { ask } from "./api.js";
import { choice, offerVoices } from "./choice.js";
import { courses } from "./course.js";
import { $ } from "./dom.js";
import { gate } from "./gate.js";
import { watch } from "./live.js";
import { picker } from "./picker.js";
import { speaker } from "./speaker.js";
import { loadTuning, tuning } from "./tuning.js";

gate();
choice();
picker();
speaker(() => {});
courses();
tuning();

// With every status: what is not known yet is asked for; all of it where the supervisor is another.
watch(async (another) => {
  loadTuning(another);
  offerVoices(() => ask("page/about").catch(() => null), another);
}, (gone) => {
  for (const id of ["speak", "save", "knobs-all"]) $(id).disabled = gone;
});
