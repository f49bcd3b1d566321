// Starts the parts of the page.

import { askForKey } from "./api.js";
import { look, watch } from "./live.js";
import { loadVoices, speech } from "./speech.js";
import { loadTuning, tuning } from "./tuning.js";

speech();
tuning();
askForKey(look);
// With every status: what is not known yet is asked for; all of it where the supervisor is another.
watch((another) => {
  loadVoices(another);
  loadTuning(another);
});
