// The rules that run: legend, choice and standing in one list.
import { element, number } from "./words.js";

export class Runners {
  constructor(app, list, add) {
    this.app = app;
    this.list = list;
    this.adding = add;
    add.addEventListener("change", () => {
      if (add.value) app.addRunner(add.value);
      add.value = "";
    });
  }

  offer() {
    const { rules, presets } = this.app.catalogue;
    const option = (value, words) => element("option", { value, textContent: words });
    const group = (label, options) => {
      const made = element("optgroup", { label });
      made.append(...options);
      return made;
    };
    this.adding.replaceChildren(
      option("", "Add a rule"),
      group("Presets", presets.map((preset, k) => option(`preset:${k}`, preset.label))),
      group("Rules", rules.map((rule) => option(`rule:${rule.name}`, rule.title))));
  }

  make() {
    const { view } = this.app;
    this.rows = view.runners.map((runner, k) => {
      const chip = element("span", { className: `chip ${runner.ink.dash ?? ""}` });
      chip.style.setProperty("--light", runner.ink.light);
      chip.style.setProperty("--dark", runner.ink.dark);
      const show = element("button", {
        type: "button", className: "show", title: runner.on ? "Hide" : "Show",
        ariaPressed: String(runner.on), ariaLabel: `Show ${runner.label}`,
        onclick: () => this.app.showRunner(k),
      }, chip);
      const loss = element("span", { className: "loss" });
      const choose = element("button", {
        type: "button", className: "choose", onclick: () => this.app.choose(k),
      }, element("span", { className: "name", textContent: runner.label }), loss);
      choose.setAttribute("aria-current", String(k === view.chosen));
      const remove = element("button", {
        type: "button", className: "remove", textContent: "×", ariaLabel: `Remove ${runner.label}`,
        onclick: () => this.app.removeRunner(k),
      });
      remove.hidden = view.runners.length === 1 || this.app.saved;
      const row = element("li", { className: k === view.chosen ? "chosen" : "" }, show, choose, remove);
      return { row, loss };
    });
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
    this.adding.hidden = this.app.saved; // a file holds the tracks that it holds
    this.adding.disabled = view.runners.length >= (this.app.catalogue.runners?.high ?? 8);
    this.tell();
  }

  // Where each stands at this moment; the lowest is named in bold.
  tell() {
    const { tracks, player } = this.app;
    const losses = tracks.map((track) => track.lossAt(player.time));
    const best = Math.min(...losses.filter((loss, k) => loss !== null && tracks[k].runner.on));
    this.rows?.forEach(({ row, loss }, k) => {
      const track = tracks[k];
      if (!track) return void (loss.textContent = "");
      const gone = /diverged/.test(track.ended) && player.time >= track.last;
      loss.textContent = gone ? "diverged" : number(losses[k]);
      loss.title = track.ended;
      row.classList.toggle("best", losses[k] === best && !gone);
      row.classList.toggle("gone", gone);
    });
  }
}
