// Starts the parts of the page.

import { askForKey } from "./api.js";
import { look, watch } from "./live.js";
import { speech, voices } from "./speech.js";
import { inForce, tuning } from "./tuning.js";

askForKey(() => {
  look();
  voices();
  inForce();
});
watch();
speech();
tuning();
