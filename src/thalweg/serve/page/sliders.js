// Sliders: of the chosen rule and of all. The learning rate's carries a red zone from the edge on.
import { element, number, standing } from "./words.js";

const FINE = 1000;

// One slider; on a log scale equal ways are equal factors.
export function slider({ name, label, low, high, log, complement, whole, about }, value, changed) {
  let scale = { to: (v) => (v - low) / (high - low), from: (p) => low + p * (high - low) };
  if (log) scale = { to: (v) => Math.log(v / low) / Math.log(high / low), from: (p) => low * (high / low) ** p };
  // From 0.9 to 0.99 is as far as from 0.99 to 0.999: what counts is the distance from one.
  if (complement && low === 0 && high < 1)
    scale = { to: (v) => Math.log(1 - v) / Math.log(1 - high), from: (p) => 1 - (1 - high) ** p };
  const part = (v) => Math.max(0, Math.min(1, scale.to(Math.max(low, Math.min(high, v)))));
  const tidy = (v) => (whole ? Math.round(v) : complement ? Number((1 - Number((1 - v).toPrecision(2))).toPrecision(6)) : Number(v.toPrecision(3)));
  const input = element("input", {
    type: "range", min: 0, max: FINE, step: 1, value: Math.round(FINE * part(value)), id: `slide-${name}`,
  });
  const shown = element("output", { textContent: number(value) });
  shown.htmlFor = input.id;
  input.setAttribute("aria-valuetext", number(value));
  input.addEventListener("input", () => {
    const now = tidy(scale.from(input.value / FINE));
    shown.textContent = number(now);
    input.setAttribute("aria-valuetext", number(now));
    changed(now);
  });
  input.title = about ?? "";
  const rail = element("div", { className: "rail" }, input);
  const node = element("div", { className: "slider" },
    element("label", { htmlFor: input.id, textContent: label }), rail, shown);
  return { node, rail, input, part };
}

// What is usual where a number is annealed: a momentum rises, a learning rate falls to a hundredth.
const usual = ({ name, low, high }, value, steps) => {
  if (name === "lr") return [value, Math.max(low, value / 100), steps];
  return [Math.min(0.5, value || 0.5), Math.min(high, Math.max(0.9, value)), 40];
};

export class HyperSliders {
  constructor(app, { title, hypers, verdict, common }) {
    Object.assign(this, { app, title, hypers, verdict, common });
  }

  // For the chosen rule. Made anew when another is chosen, never while one is dragged.
  make() {
    const { view, catalogue } = this.app;
    const runner = view.runners[view.chosen];
    const rule = catalogue.rules.find((one) => one.name === runner.rule);
    this.title.textContent = runner.label;
    this.lr = null;
    const nodes = [];
    for (const hyper of rule.hypers) {
      const value = runner.hypers[hyper.name] ?? hyper.default;
      if (hyper.kind === "schedule-able") nodes.push(this.annealed(runner, hyper, value));
      else nodes.push(slider(hyper, value, (now) => this.set(runner, hyper.name, now)).node);
    }
    for (const choice of rule.choices ?? []) nodes.push(this.choice(runner, choice));
    // The numbers that most people turn stand first; the others are a press away.
    const long = nodes.slice(0, 3).some((node) => node.children.length === 3 && node.matches(".annealed"));
    const more = nodes.splice(long ? 2 : 3);
    const at = nodes.findIndex((node) => node.contains(this.lr?.node)) + 1;
    nodes.splice(at, 0, this.verdict); // the words stand under the slider that they are about
    this.hypers.replaceChildren(...nodes);
    if (more.length) {
      const rest = element("details", {}, element("summary", { textContent: `${more.length} more` }), ...more);
      this.hypers.append(rest);
    }
    this.tell();
  }

  // A number may change on the way: from one value to another, over so many steps.
  annealed(runner, hyper, value) {
    const annealed = typeof value === "object";
    const [from, to, steps] = annealed ? value.ramp : [value, value, 40];
    const box = element("div", { className: "annealed" });
    const ramp = { now: [from, to, steps] };
    const put = (k) => (now) => {
      ramp.now[k] = now;
      this.set(runner, hyper.name, { ramp: [...ramp.now] });
    };
    const button = element("button", {
      type: "button", className: "anneal", textContent: "anneal", ariaPressed: String(annealed),
      title: `From one ${hyper.label} to another while it runs`, ariaLabel: `anneal ${hyper.label}`,
      onclick: () => {
        const { steps: whole } = this.app.view;
        this.set(runner, hyper.name, annealed ? (hyper.name === "lr" ? from : to) : { ramp: usual(hyper, value, whole) });
        this.make();
      },
    });
    if (annealed) {
      const high = Math.max(2, this.app.view.steps);
      const first = slider({ ...hyper, name: `${hyper.name}-from`, label: `${hyper.label} from` }, from, put(0));
      box.append(first.node,
        slider({ ...hyper, name: `${hyper.name}-to`, label: "to" }, to, put(1)).node,
        slider({ name: `${hyper.name}-steps`, label: "over steps", low: 1, high, whole: true }, steps, put(2)).node);
      if (hyper.name === "lr") this.redZone(first);
    } else {
      const made = slider(hyper, value, (now) => this.set(runner, hyper.name, now));
      box.append(made.node);
      if (hyper.name === "lr") this.redZone(made);
    }
    box.children[annealed ? 1 : 0].querySelector("label").append(" ", button);
    return box;
  }

  redZone(made) {
    this.lr = { ...made, zone: made.rail.appendChild(element("div", { className: "zone", hidden: true })) };
  }

  // Yes or no, or one of some words.
  choice(runner, { name, label, default: usual, choices }) {
    const words = (value) => (value === true ? "yes" : value === false ? "no" : String(value ?? "none"));
    const input = element("select", {
      id: `choose-${name}`, onchange: () => this.set(runner, name, choices[input.selectedIndex]),
    }, ...choices.map((value) => element("option", { textContent: words(value) })));
    input.selectedIndex = choices.indexOf(runner.hypers[name] ?? usual);
    return element("div", { className: "slider choice" },
      element("label", { htmlFor: input.id, textContent: label }), input);
  }

  set(runner, name, value) {
    runner.hypers[name] = value;
    this.app.rerun();
  }

  makeCommon() {
    const { view, catalogue } = this.app;
    const noise = catalogue.noise ?? { label: "Batch noise", low: 0, high: 1 };
    const steps = catalogue.steps ?? { high: 400 };
    const put = (name) => (now) => {
      view[name] = now;
      this.app.rerun();
    };
    const places = ["x", "y"].map((axis, k) => {
      const [low, high] = this.app.ground ? [[this.app.ground.left, this.app.ground.right],
        [this.app.ground.bottom, this.app.ground.top]][k] : [-1, 1];
      const input = element("input", {
        type: "number", value: Number(view.start[k].toPrecision(5)), min: low, max: high, step: "any",
        ariaLabel: `Start ${axis}`,
        onchange: () => {
          const value = Number(input.value);
          const start = [...view.start];
          start[k] = Math.max(low, Math.min(high, Number.isFinite(value) ? value : start[k]));
          this.app.moveStart(start);
          this.app.dropped();
        },
      });
      return input;
    });
    this.places = places;
    this.common.replaceChildren(
      slider({ ...noise, name: "noise" }, view.noise, put("noise")).node,
      slider({ name: "steps", label: "Steps", low: 10, high: steps.high, log: true, whole: true }, view.steps, put("steps")).node,
      slider({ name: "seed", label: "Seed", low: 0, high: 30, whole: true }, view.seed, put("seed")).node,
      element("div", { className: "slider" }, element("label", { textContent: "Start" }),
        element("div", { className: "places" }, ...places)));
  }

  // What changes with the moment: the red zone and the words under it.
  tell() {
    const { chosen, player, view } = this.app;
    this.places?.forEach((input, k) => {
      if (document.activeElement !== input) input.value = Number(view.start[k].toPrecision(4));
    });
    const edge = chosen?.edgeAt(player.time) ?? null;
    const lr = chosen?.lrAt(player.time) ?? null;
    if (this.lr) {
      const { zone, part } = this.lr;
      zone.hidden = edge === null;
      if (edge !== null) {
        zone.style.setProperty("--from", part(edge));
        zone.dataset.edge = edge;
      }
    }
    // What the moment shows, and what the library says of the whole run.
    const whole = chosen?.words ? chosen.words.replace(/^(?=\d)/, "The whole run is ") : "";
    const text = `${standing(lr, edge)} ${whole}`.trim();
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    this.verdict.ariaLive = player.playing ? "off" : "polite"; // not a sentence for each step
    this.verdict.classList.toggle("over", edge !== null && lr !== null && lr > edge);
  }
}
