// Other settings on the recorded hour: beside what happened, and as an override.json.

import { ask } from "./api.js";
import { $, element, saveAs, write } from "./dom.js";
import { chart, path, rules, scale, steps } from "./drawing.js";
import { clock } from "./words.js";

const UNITS = { cpu_target: " %", hysteresis_factor: "", allocation_cooldown: " s" };
const NUMBERS = [...Object.keys(UNITS), "min_cores", "max_cores"];
const ROWS = [
  ["changes", "changes of the count"],
  ["peak_cores", "most cores"],
  ["core_seconds", "core-seconds held"],
  ["mean_utilization", "mean utilization, %"],
  ["longest_wait_s", "longest wait, s"],
];

const LOOKS = 60;  // For the supervisor to apply a change: it looks at the file every second.

let drawn = null;
let before = null;  // What was in force when the knobs were set to it; null until it is known.

export function tuning() {
  for (const name in UNITS) $(name).addEventListener("input", outputs);
  $("tune-form").addEventListener("submit", (event) => {
    event.preventDefault();
    simulate();
  });
  $("reset").addEventListener("click", inForce);
  $("download").addEventListener("click", download);
  $("apply").addEventListener("click", apply);
  new ResizeObserver(draw).observe($("tune-chart"));
}

// Sets the knobs to what is in force, where that is not known yet, or by another supervisor.
export async function loadTuning(another) {
  if (another) before = null;
  if (!before) await inForce();
}

async function inForce() {
  const [found, may] = await Promise.all([policyInForce(), ask("page/about").catch(() => null)]);
  $("apply").hidden = $("unless-applied").hidden = !may?.may_apply;
  $("by-hand").hidden = Boolean(may?.may_apply);
  if (found) before = found;
  $("apply").disabled = !before; // Knobs that stand anywhere would be applied.
  if (!found) return;
  for (const name of NUMBERS) $(name).value = found[name] ?? "";
  $("aggressive_mode").checked = found.aggressive_mode;
  outputs();
}

async function policyInForce() {
  const allocation = await ask("diagnostics/cpu-allocation").catch(() => null);
  return allocation?.policy && { ...allocation.policy, min_cores: allocation.policy.min_cores ?? 1 };
}

function outputs() {
  for (const name in UNITS) write(`${name}-out`, $(name).value + UNITS[name]);
}

function settings() {
  const values = Object.fromEntries(NUMBERS.map((name) => [name, $(name).value === "" ? null : Number($(name).value)]));
  return { ...values, aggressive_mode: $("aggressive_mode").checked };
}

async function simulate() {
  $("simulate").disabled = true;
  say("simulating …");
  try {
    const [recorded, { in_force, trial }] = await Promise.all([ask("page/trace"), ask("page/simulation", settings())]);
    drawn = { recorded, trial };
    $("tune-result").hidden = false;
    draw();
    $("tune-table").replaceChildren(...ROWS.map(([name, title]) => element("tr", {},
      element("th", { scope: "row" }, title),
      ...[recorded, in_force, trial].map((run) => element("td", {}, String(run.summary[name] ?? "–"))))));
    say(`The last ${clock(recorded.seconds)}. What the first two columns differ is the simulation's error; waits come out short, as the load arrives evenly.`);
  } catch (error) {
    say(error.message, true);
  } finally {
    $("simulate").disabled = false;
  }
}

/** Cores as it happened, and with other settings. */
function draw() {
  if (!drawn) return;
  const { recorded: { points, seconds }, trial } = drawn, most = Math.max(1, ...points.cores, ...trial.points.cores), y = scale(most);
  const stride = Math.ceil(most / 5), counts = Array.from({ length: Math.floor(most / stride) + 1 }, (_, i) => i * stride);
  const words = `Cores over ${clock(seconds)}, recorded and simulated; the table has the sums.`;
  chart($("tune-chart"), seconds, words, (x, width) => {
    const line = ({ time_s: times, cores }) => steps([...cores.map((n, i) => [x(seconds - times[i]), y(n)]), ...cores.slice(-1).map((n) => [x(0), y(n)])]);
    return [...rules(width, y, counts, String), path("cores-line", line(trial.points)), path("happened-line", line(points))];
  });
}

// Only what was moved: the rest may come from elsewhere, and is to stay there.
async function apply() {
  if (!before) return;
  const moved = Object.fromEntries(Object.entries(settings()).filter(([name, value]) => value !== before[name]));
  const names = Object.keys(moved);
  if (!names.length) return say("Nothing differs from what is in force.");
  $("apply").disabled = true;
  say("applying …");
  try {
    const { held_back } = await ask("settings/override", { performance: { dynamic_cpu_allocation: moved } });
    const held = Object.entries(held_back).map(([key, origin]) => `${key} is held by ${origin}`);
    if (held.length) say(`Written to override.json, but ${held.join(", ")}.`, true);
    else say(await applied(moved) ? `In force now: ${names.join(", ")}.` : "Written to override.json; the supervisor has not applied it yet.");
  } catch (error) {
    say(error.message, true);
  } finally {
    $("apply").disabled = false;
  }
}

async function applied(moved) {
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const found = await policyInForce();
    if (found && Object.entries(moved).every(([name, value]) => found[name] === value)) {
      before = found;
      return true;
    }
  }
  return false;
}

function download() {
  const document = { performance: { dynamic_cpu_allocation: settings() } };
  saveAs(new Blob([`${JSON.stringify(document, null, 2)}\n`], { type: "application/json" }), "override.json");
}

function say(text, bad = false) {
  $("tuned").classList.toggle("bad", bad);
  write("tuned", text);
}
