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
      if (typeof value === "boolean") continue;
      if (hyper.kind === "schedule-able" && hyper.name === "momentum") nodes.push(this.momentum(runner, hyper, value));
      else if (typeof value === "number") {
        const made = slider(hyper, value, (now) => this.set(runner, hyper.name, now));
        if (hyper.name === "lr") this.lr = { ...made, zone: made.rail.appendChild(element("div", { className: "zone", hidden: true })) };
        nodes.push(made.node);
      }
    }
    // The numbers that most people turn stand first; the others are a press away.
    const more = nodes.splice(3);
    const at = this.lr ? nodes.indexOf(this.lr.node) + 1 : 0;
    nodes.splice(at, 0, this.verdict); // the words stand under the slider that they are about
    this.hypers.replaceChildren(...nodes);
    if (more.length) {
      const rest = element("details", {}, element("summary", { textContent: `${more.length} more` }), ...more);
      this.hypers.append(rest);
    }
    this.tell();
  }

  // Momentum may rise on the way: from one value to another, over so many steps.
  momentum(runner, hyper, value) {
    const annealed = typeof value === "object";
    const [from, to, steps] = annealed ? value.ramp : [value, value, 40];
    const box = element("div", { className: "momentum" });
    const ramp = { now: [from, to, steps] };
    const put = (k) => (now) => {
      ramp.now[k] = now;
      this.set(runner, hyper.name, { ramp: [...ramp.now] });
    };
    const button = element("button", {
      type: "button", className: "anneal", textContent: "anneal", ariaPressed: String(annealed),
      title: "From one momentum to another while it runs",
      onclick: () => {
        this.set(runner, hyper.name, annealed ? to : { ramp: [Math.min(0.5, from || 0.5), Math.max(0.9, from), 40] });
        this.make();
      },
    });
    if (annealed) {
      const high = Math.max(2, this.app.view.steps);
      box.append(
        slider({ ...hyper, name: "momentum-from", label: `${hyper.label} from` }, from, put(0)).node,
        slider({ ...hyper, name: "momentum-to", label: "to" }, to, put(1)).node,
        slider({ name: "momentum-steps", label: "over steps", low: 1, high, whole: true }, steps, put(2)).node);
    } else box.append(slider(hyper, value, (now) => this.set(runner, hyper.name, now)).node);
    box.children[annealed ? 1 : 0].querySelector("label").append(" ", button);
    return box;
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
