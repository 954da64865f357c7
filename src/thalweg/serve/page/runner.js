// A runner: a rule with its settings, as the list shows it and as an ask carries it.

const DASHES = ["solid", "dash", "dot", "dashdot"];

export function runnerOf(preset, catalogue, surface) {
  const rule = catalogue.rules.find((one) => one.name === preset.rule);
  return {
    label: preset.label,
    rule: preset.rule,
    ink: preset.ink ?? rule.ink,
    on: true,
    noise: preset.noise ?? true,
    hypers: { ...preset.hypers, ...preset.surfaces?.[surface] },
  };
}

// One more, by "preset:NUMBER" or "rule:NAME"; its name and its dash are not those of another.
export function another(key, runners, { presets, rules }, surface) {
  const [kind, name] = key.split(":");
  const rule = rules.find((one) => one.name === name);
  const preset = kind === "preset" ? presets[name] : {
    label: rule.title,
    rule: rule.name,
    ink: rule.ink,
    hypers: Object.fromEntries(rule.hypers.map((hyper) => [hyper.name, hyper.default])),
  };
  const runner = runnerOf(preset, { rules }, surface);
  const taken = new Set(runners.map((one) => one.label));
  for (let copy = 2; taken.has(runner.label); copy++) runner.label = `${preset.label} ${copy}`;
  const used = runners.filter((one) => one.ink.light === runner.ink.light).map((one) => one.ink.dash);
  const dash = DASHES.find((one) => !used.includes(one)) ?? "solid";
  if (used.includes(runner.ink.dash)) runner.ink = { ...runner.ink, dash };
  return runner;
}
