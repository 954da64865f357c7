// What a picture says of itself: its title, the settings of each rule, and what was run.
import { number } from "./words.js";

// "six-hump-camel" as a title.
export const named = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");

export const titleOf = (app) => (app.surface() ? named(app.view.surface) : app.run()?.name) ?? "";

export function conditions({ view, ground }) {
  if (ground?.path) return ground.caption;
  const start = view.start.map(number).join(", ");
  return `start (${start}) · ${view.steps} steps · noise ${number(view.noise)} · seed ${view.seed}`;
}

const ends = (value) => (value.ramp ? value.ramp.slice(0, 2) : [value]).map(number).join(" to ");

export function settings({ label, hypers: { lr, momentum } }) {
  const words = lr === undefined ? [] : [`lr ${ends(lr)}`];
  if (momentum && !/momentum/i.test(label)) words.push(`momentum ${ends(momentum)}`);
  return words.join(", ");
}
