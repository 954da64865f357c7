// The keyboard. Letters and digits work anywhere but in a field where one writes.
import { element } from "./words.js";

export const KEYS = [
  ["Space", "Play or pause"], ["← →", "One step back, on (with Shift: ten)"], ["Home, End", "The start, the end"],
  ["1 to 9", "Choose a rule (with Shift: show or hide it)"], ["↑ ↓", "Faster, slower"],
  ["L", "Log height"], ["N", "Labels"], ["B", "Basins of attraction"], ["O", "One step"],
  ["T", "Light or dark"], ["C", "Copy the link"], ["P", "PNG"], ["S", "Save as one HTML file"], ["?", "This list"],
];

export function listen(app, box, list) {
  list.replaceChildren(...KEYS.flatMap(([key, words]) => [
    element("dt", {}, element("kbd", { textContent: key })), element("dd", { textContent: words })]));
  const toggles = { l: "log", n: "labels", b: "basins", o: "arrows" };
  const letters = { t: "turnTheme", c: "copy", p: "png", s: "save" };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const on = event.target;
    if (/^(TEXTAREA|SELECT)$/.test(on.tagName) || (on.tagName === "INPUT" && on.type === "number")) return;
    const far = event.shiftKey ? 10 : 1;
    const key = event.key.toLowerCase();
    const digit = /^(Digit|Numpad)([1-9])$/.exec(event.code);
    const slides = on.tagName === "INPUT" && on.type === "range";
    if (document.querySelector("dialog[open]")) return;
    if (digit) event.shiftKey ? app.showRunner(digit[2] - 1) : app.choose(digit[2] - 1);
    else if (key === " " && on.tagName !== "BUTTON" && on.tagName !== "SUMMARY") app.player.toggle();
    else if (event.key === "?") box.showModal();
    else if (toggles[key]) app.toggle(toggles[key]);
    else if (letters[key]) app[letters[key]]();
    else if (slides) return;
    else if (key === "arrowleft") app.player.step(-far);
    else if (key === "arrowright") app.player.step(far);
    else if (key === "home") app.player.seek(0);
    else if (key === "end") app.player.seek(app.steps);
    else if (key === "arrowup") app.faster(1);
    else if (key === "arrowdown") app.faster(-1);
    else return;
    event.preventDefault();
  });
}
