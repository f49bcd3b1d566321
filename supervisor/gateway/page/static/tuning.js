// Other settings on the recorded hour: beside what happened, and as an override.json.

import { ask } from "./api.js";
import { clock, coresChart } from "./chart.js";
import { $, element, write } from "./dom.js";

const UNITS = { cpu_target: " %", hysteresis_factor: "", allocation_cooldown: " s" };
const NUMBERS = [...Object.keys(UNITS), "min_cores", "max_cores"];
const ROWS = [
  ["changes", "changes of the count"],
  ["peak_cores", "most cores"],
  ["core_seconds", "core-seconds held"],
  ["mean_utilization", "mean utilization, %"],
  ["longest_wait_s", "longest wait, s"],
];

let drawn = null;

export function tuning() {
  for (const name in UNITS) $(name).addEventListener("input", outputs);
  $("tune-form").addEventListener("submit", (event) => {
    event.preventDefault();
    simulate();
  });
  $("reset").addEventListener("click", inForce);
  $("download").addEventListener("click", download);
  new ResizeObserver(draw).observe($("tune-chart"));
  inForce();
}

export async function inForce() {
  const allocation = await ask("/diagnostics/cpu-allocation").catch(() => null);
  if (!allocation?.policy) return;
  for (const name of NUMBERS) $(name).value = allocation.policy[name] ?? (name === "min_cores" ? 1 : "");
  $("aggressive_mode").checked = allocation.policy.aggressive_mode;
  outputs();
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
    const [recorded, { in_force, trial }] = await Promise.all([ask("/page/trace"), ask("/page/simulation", settings())]);
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

function draw() {
  if (drawn) coresChart($("tune-chart"), drawn.recorded.points, drawn.trial.points, drawn.recorded.seconds);
}

function download() {
  const document = { performance: { dynamic_cpu_allocation: settings() } };
  const blob = new Blob([`${JSON.stringify(document, null, 2)}\n`], { type: "application/json" });
  const link = element("a", { href: URL.createObjectURL(blob), download: "override.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function say(text, bad = false) {
  $("tuned").classList.toggle("bad", bad);
  write("tuned", text);
}
