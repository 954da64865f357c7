// The view as a link and back. What a link holds was written by anyone: each part is checked, and
// what does not fit is left at its default.

const finite = (text) => (text !== null && text !== "" && Number.isFinite(Number(text)) ? Number(text) : null);
const short = String; // all digits: a link must give the same tracks, not nearly the same

export function write(view) {
  const parts = new URLSearchParams();
  parts.set("s", view.surface);
  parts.set("at", view.start.map(short).join());
  parts.set("n", view.steps);
  parts.set("noise", short(view.noise));
  parts.set("seed", view.seed);
  parts.set("show", ["log", "labels", "basins", "arrows"].filter((name) => view[name]).join());
  parts.set("cam", view.camera.join());
  if (view.time !== null) parts.set("t", short(view.time));
  view.runners.forEach((runner, number) => {
    const hypers = Object.entries(runner.hypers).map(([name, value]) =>
      `${name}=${value?.ramp ? value.ramp.map(short).join("~") : typeof value === "number" ? short(value) : value}`);
    const flags = [runner.on ? "" : "off", number === view.chosen ? "chosen" : "", runner.noise ? "" : "calm"];
    parts.append("r", [runner.label, runner.rule, hypers.join(";"), ...flags.filter(Boolean)].join("|"));
  });
  return parts.toString().replaceAll("%2C", ",").replaceAll("%7C", "|").replaceAll("%3D", "=")
    .replaceAll("%3B", ";").replaceAll("%7E", "~");
}

export function read(hash, view, catalogue) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  if (parts.has("s")) view.surface = parts.get("s");
  const pair = (parts.get("at") ?? "").split(",").map(finite);
  if (pair.length === 2 && !pair.includes(null)) view.start = pair;
  for (const [key, name] of [["n", "steps"], ["noise", "noise"], ["seed", "seed"]]) {
    const value = finite(parts.get(key));
    if (value !== null && value >= 0) view[name] = name === "noise" ? value : Math.round(value);
  }
  if (parts.has("show")) {
    const shown = parts.get("show").split(",");
    for (const name of ["log", "labels", "basins", "arrows"]) view[name] = shown.includes(name);
  }
  const camera = (parts.get("cam") ?? "").split(",").map(finite);
  if (camera.length === 3 && !camera.includes(null)) view.camera = camera;
  view.time = finite(parts.get("t"));
  const runners = parts.getAll("r").map((text) => readRunner(text, catalogue)).filter(Boolean);
  if (runners.length) {
    view.runners = runners;
    view.chosen = Math.max(0, runners.findIndex((runner) => runner.chosen));
  }
  return view;
}

function readRunner(text, catalogue) {
  const [label, name, given = "", ...flags] = text.split("|");
  const rule = catalogue.rules.find((one) => one.name === name);
  if (!rule || !label) return null;
  const known = [...catalogue.presets, ...(catalogue.story?.runners ?? [])];
  const preset = known.find((one) => one.label === label && one.rule === name);
  const hypers = { ...preset?.hypers };
  for (const part of given.split(";").filter(Boolean)) {
    const [key, value = ""] = part.split("=");
    const chosen = rule.choices?.find((one) => one.name === key)?.choices.find((one) => String(one) === value);
    if (chosen !== undefined) hypers[key] = chosen;
    const numbers = value.split("~").map(finite);
    if (!rule.hypers.some((hyper) => hyper.name === key) || numbers.includes(null)) continue;
    if (numbers.length === 1) hypers[key] = numbers[0];
    if (numbers.length === 3) hypers[key] = { ramp: numbers };
  }
  return {
    label: label.slice(0, 60), rule: name, hypers, ink: preset?.ink ?? rule.ink, on: !flags.includes("off"),
    noise: !flags.includes("calm"), chosen: flags.includes("chosen"),
  };
}
