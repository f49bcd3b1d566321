// The form that asks for a key, in place of a page that cannot be used without.

import { onLock, useKey } from "./api.js";
import { $, write } from "./dom.js";
import { look, setLocked } from "./live.js";

let tried = false;

export function gate() {
  onLock((locked, wrong) => {
    setLocked(locked);
    $("open").hidden = locked;
    $("key-form").hidden = !locked;
    $("key-wrong").hidden = !(locked && wrong);
    write("key-wrong", locked && wrong ? "This key is not known here. Look whether all of it was copied." : "");
    $("key").toggleAttribute("aria-invalid", locked && wrong);
    if (locked && !tried) $("key").focus();
    tried = locked;
  });
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey($("key").value.trim());
    $("key").value = "";
    setLocked(false);
    look();
  });
}
