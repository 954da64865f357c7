// Colours that canvases need; those of the document stand in page.css.

const LIGHT = {
  paper: "#fbfaf7", card: "#ffffff", text: "#24292f", muted: "#5f656b", rule: "#e5e2db",
  accent: "#2f6f8f",
  // From the floor to the walls: cool and pale first, so that the tracks stay what the eye sees.
  ramp: ["#d3e4e6", "#e3ebe6", "#f1efe4", "#ece4d3", "#ddd2c0", "#c9bfb2"],
  line: "rgba(60, 78, 86, .30)", heavy: "rgba(60, 78, 86, .50)", shadow: "rgba(40, 48, 52, .26)",
  sheet: "rgba(236, 233, 224, .55)", rim: "#8d9699",
  sun: 1.75, sky: 1.45, skyColour: "#ffffff", soil: "#c8bfae", halo: "rgba(251, 250, 247, .88)",
  basins: ["#8fc1d4", "#e8c48a", "#b5cfa0", "#d7abc4", "#c9c1e4", "#e2b7a0", "#a6d3c3", "#d9d49a"],
};

const DARK = {
  paper: "#131619", card: "#1b1e22", text: "#e4e4e0", muted: "#a2a5a2", rule: "#2d3136",
  accent: "#7fb9d6",
  ramp: ["#17323c", "#1f3b42", "#2c444a", "#3d4c50", "#545a5a", "#6d6c68"],
  line: "rgba(214, 226, 230, .20)", heavy: "rgba(214, 226, 230, .36)", shadow: "rgba(0, 0, 0, .5)",
  sheet: "rgba(28, 34, 38, .8)", rim: "#7f8a8e",
  sun: 2.0, sky: 1.15, skyColour: "#dbe8ee", soil: "#20262a", halo: "rgba(19, 22, 25, .82)",
  basins: ["#2f7f9c", "#9a7431", "#5d8042", "#8c5474", "#6b61a0", "#93563a", "#3a8570", "#85803a"],
};

const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : system.matches;
};
export const tones = () => (isDark() ? DARK : LIGHT);
export const inkOf = (runner) => runner.ink[isDark() ? "dark" : "light"];

const DASHES = { solid: [], dash: [7, 5], dot: [1.5, 4], dashdot: [7, 4, 1.5, 4] };
export const dashOf = (runner) => DASHES[runner.ink.dash] ?? [];

export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// The colour of a lifted height, as three numbers.
export const tint = (ramp, level) => {
  const place = Math.max(0, Math.min(0.9999, level)) * (ramp.length - 1);
  const k = Math.floor(place);
  return ramp[k].map((value, i) => value + (place - k) * (ramp[k + 1][i] - value));
};

// Calls `changed` when the reader's system or the switch changes the theme.
export const onTheme = (changed) => {
  system.addEventListener("change", changed);
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
};
