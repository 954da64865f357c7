// The one-step view in words and numbers; the map and the scene draw its arrows.
import { inkOf, tones } from "./palette.js";
import { element, number } from "./words.js";

export class OneStep {
  constructor(app, box) {
    this.app = app;
    this.box = box;
  }

  tell() {
    const { chosen, player, view } = this.app;
    const arrows = view.arrows && chosen ? chosen.arrows(player.time) : null;
    this.box.hidden = !arrows;
    if (!arrows) return;
    const { muted, text } = tones();
    const rows = [
      ["downhill", "Downhill", text], ["momentum", "Momentum", muted], ["step", "Step", inkOf(chosen.runner)],
    ].filter(([kind]) => arrows[kind]).map(([kind, words, colour]) => {
      const mark = element("i", { textContent: "→" });
      mark.style.color = colour;
      const length = Math.hypot(...arrows[kind]);
      return element("li", {}, mark, element("span", { textContent: words }), element("b", { textContent: number(length) }));
    });
    const [before, after] = arrows.loss;
    this.box.replaceChildren(
      element("p", { textContent: `${chosen.runner.label}, step ${arrows.number}` }),
      element("ul", {}, ...rows),
      element("p", { className: "note", textContent: `Loss ${number(before)} → ${number(after)}. The step is as long as drawn; the others show direction.` }));
  }
}
