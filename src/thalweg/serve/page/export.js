// What one takes along: a link, a picture, one HTML file.
import { conditions, settings, titleOf } from "./caption.js";
import { inkOf, tones } from "./palette.js";
import { element } from "./words.js";

// The page as it came, before any script changed it: in a saved file, that is its own shell.
const AS_LOADED = `<!doctype html>\n${document.documentElement.outerHTML}`;

function hand(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

async function fetchShell() {
  const answer = await fetch("page/saved.html");
  if (!answer.ok) throw new Error(`The server did not hand over the page (${answer.status}).`);
  return answer.text();
}

export async function saveHTML(app) {
  const shell = app.saved ? AS_LOADED : await fetchShell();
  const { catalogue, kept } = app.data;
  const answers = [...kept.values()];
  const present = new Set(answers.map((entry) => entry.args.name ?? entry.args.run));
  // A surface that the file does not hold must not be offered in it.
  const held = {
    ...catalogue,
    surfaces: catalogue.surfaces.filter((surface) => present.has(surface.name)),
    runs: catalogue.runs.filter((run) => present.has(run.id)).map((run) => ({ ...run, report: false })),
  };
  // "<" would end the element that holds the data.
  const text = JSON.stringify({ catalogue: held, answers, view: app.link() }).replaceAll("<", "\\u003c");
  const mark = /(<script type="application\/json" id="saved">)[\s\S]*?(<\/script>)/;
  const page = shell.replace(mark, (_, open, close) => open + text + close);
  hand(new Blob([page], { type: "text/html" }), `thalweg-${app.view.surface.replace(/[^\w-]+/g, "-")}.html`);
}

export async function copyLink(app) {
  app.keepLink();
  await navigator.clipboard.writeText(location.href);
}

// The scene, the map and the chart on one sheet, with the legend and what was run.
export function picture(app) {
  const shades = tones();
  const [width, height, margin] = [2000, 1250, 60];
  const sheet = element("canvas", { width, height });
  const context = sheet.getContext("2d");
  context.fillStyle = shades.paper;
  context.fillRect(0, 0, width, height);
  const put = (canvas, x, y, w, h) => {
    const scale = Math.min(w / canvas.width, h / canvas.height);
    const [dw, dh] = [canvas.width * scale, canvas.height * scale];
    context.drawImage(canvas, x + (w - dw) / 2, y + (h - dh) / 2, dw, dh);
  };
  app.scene.draw();
  put(app.scene.canvas, margin, 130, 1280, 900);
  put(app.map.canvas, 1380, 130, 560, 470);
  put(app.chart.canvas, 1380, 640, 560, 400);
  context.fillStyle = shades.text;
  context.font = "600 46px system-ui, sans-serif";
  context.fillText(titleOf(app), margin, 92);
  context.font = "26px system-ui, sans-serif";
  let [x, y] = [margin, 1110];
  for (const { runner } of app.tracks.filter((track) => track.runner.on)) {
    const words = `${runner.label}  ${settings(runner)}`;
    const long = context.measureText(words).width + 110;
    if (x + long > width - margin) [x, y] = [margin, y + 44];
    context.fillStyle = inkOf(runner);
    context.beginPath();
    context.arc(x + 12, y - 9, 11, 0, 7);
    context.fill();
    context.fillStyle = shades.text;
    context.fillText(words, x + 36, y);
    x += long;
  }
  context.fillStyle = shades.muted;
  context.font = "22px system-ui, sans-serif";
  context.fillText(`thalweg ${app.catalogue.version} · ${conditions(app)}`, margin, height - 40);
  return new Promise((resolve) => sheet.toBlob((blob) => {
    hand(blob, `thalweg-${app.view.surface.replace(/[^\w-]+/g, "-")}.png`);
    resolve();
  }));
}
