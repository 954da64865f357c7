// Puts the parts together: who is told of which change.
import { App } from "./app.js";
import { named, titleOf } from "./caption.js";
import { Chart } from "./chart.js";
import { keyOf, Live, Remembering, Saved } from "./data.js";
import { copyLink, picture, saveHTML } from "./export.js";
import { listen } from "./keys.js";
import { MapView } from "./map.js";
import { OneStep } from "./onestep.js";
import { onTheme } from "./palette.js";
import { Runners } from "./runners.js";
import { HyperSliders } from "./sliders.js";
import { element, number } from "./words.js";

const at = (id) => document.getElementById(id);
const stored = JSON.parse(at("saved").textContent.trim() || "null");

const notice = at("notice");
const notify = (words, soon = false) => {
  notice.textContent = words;
  notice.hidden = !words;
  if (soon) setTimeout(() => { if (notice.textContent === words) notice.hidden = true; }, 2500);
};
const LOST = "The server does not answer; trying again.";
const told = (open) => {
  if (!open) notify(LOST);
  else if (notice.textContent === LOST) notify("");
};
const source = stored ? new Saved(stored) : new Live(`${location.protocol.replace("http", "ws")}//${location.host}/talk`, told);
const data = new Remembering(source, stored ? Infinity : 24);
if (stored) for (const entry of stored.answers) data.kept.set(keyOf(entry.ask, entry.args), entry);

const app = new App(data, Boolean(stored));
window.thalweg = app; // for whoever looks from the console, and for tests
app.notify = notify;
app.map = new MapView(app, at("map"), at("tip"));
app.chart = new Chart(app, at("chart"));
const runners = new Runners(app, at("runners"), at("add"));
const sliders = new HyperSliders(app, {
  title: at("chosen"), hypers: at("hypers"), verdict: at("verdict"), common: at("common") });
const onestep = new OneStep(app, at("onestep"));
// Stands in until the scene is there, and for good where there is no WebGL.
app.scene = { rebuild() {}, retrack() {}, request() {}, draw() {}, canvas: at("scene"),
  orbit: { get: () => app.view.camera, set() {} } };

// The page and its map are there in no time; the library for three dimensions is fetched behind the
// first picture, while the server computes.
const library = new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))
  .then(() => import("./scene.js"));
library.catch(() => {}); // told of where it is waited for

async function raise() {
  try {
    const { SceneView } = await library;
    app.scene = new SceneView(app, at("scene"), at("labels"));
    app.scene.resize();
    app.scene.rebuild();
  } catch (error) {
    at("labels").textContent = "This browser draws no WebGL; the map shows the same ground.";
    console.warn(error.message);
  }
}

const moment = () => {
  app.map.draw();
  app.chart.draw();
  app.scene.request();
  runners.tell();
  sliders.tell();
  onestep.tell();
  const { player, steps } = app;
  at("scrub").max = steps;
  at("scrub").value = player.time;
  at("clock").textContent = `${app.ground.path ? "point" : "step"} ${Math.floor(player.time + 1e-9)} of ${steps}`;
  at("play").ariaLabel = player.playing ? "Pause" : "Play";
  at("play").classList.toggle("playing", player.playing);
  at("speed").value = player.speed;
  for (const button of document.querySelectorAll("[data-toggle]"))
    button.setAttribute("aria-pressed", String(Boolean(app.view[button.dataset.toggle])));
  document.querySelector('[data-toggle="basins"]').ariaBusy = String(Boolean(app.surveying));
};
const look = () => {
  app.map.repaint();
  app.scene.rebuild();
};
const lists = () => {
  runners.make();
  if (!app.ground?.path) sliders.make();
};

const tellAbout = () => {
  const surface = app.surface();
  at("about").textContent = app.story ?? (surface ? `${surface.about} ${surface.formula}` : "");
  at("about").title = surface?.formula ?? "";
};

const landed = () => {
  const run = app.run();
  at("surface").value = app.view.surface;
  tellAbout();
  at("report").hidden = !run?.report;
  document.body.classList.toggle("slice", Boolean(app.ground.path));
  const slice = [app.ground.caption, app.ground.mode, app.ground.noise, app.ground.variance];
  at("caption").hidden = !app.ground.caption;
  at("caption").textContent = slice.filter((words) => typeof words === "string").join(" ");
  at("tip").dataset.words = app.ground.path ? "A slice through the loss; the path is the training's own." : "Press or drag to place the start.";
  at("tip").textContent = at("tip").dataset.words;
  at("features").replaceChildren(...app.ground.features.map((feature) =>
    element("li", { textContent: `${feature.words} At (${number(feature.x)}, ${number(feature.y)}), height ${number(feature.height)}.` })));
  document.title = `${titleOf(app)}: thalweg terrain`;
  sliders.makeCommon();
};

let keeping;
app.keepLink = () => {
  try {
    history.replaceState(null, "", `#${app.link()}`);
  } catch { /* a page in a sandbox has no address of its own */ }
};
const keepSoon = () => {
  clearTimeout(keeping);
  keeping = setTimeout(app.keepLink, 400);
};
app.turned = keepSoon;
app.heard = (what) => {
  if (what === "ground") landed();
  if (["ground", "look", "basins"].includes(what)) look();
  if (["ground", "chosen", "shown", "adopted"].includes(what)) lists();
  if (what === "chosen") tellAbout();
  if (what === "adopted") sliders.makeCommon();
  if (["tracks", "chosen", "shown"].includes(what)) app.scene.retrack();
  if (!(what === "time" && app.player.playing)) keepSoon();
  if (app.ground) moment();
};
onTheme(() => {
  look();
  moment();
});

function offer() {
  const { surfaces, runs } = app.catalogue;
  const group = (label, options) => {
    const made = element("optgroup", { label });
    made.append(...options.map(([value, words]) => element("option", { value, textContent: words })));
    return options.length ? [made] : [];
  };
  at("surface").replaceChildren(
    ...group("Surfaces", surfaces.map(({ name }) => [name, named(name)])),
    ...group("Slices through networks", runs.filter((run) => run.terrain).map((run) => [`run:${run.id}`, run.name])),
    ...group("Reports", runs.filter((run) => run.report && !run.terrain).map((run) => [`report:${run.id}`, run.name])));
}

function openReport(id) {
  at("reportbox").querySelector("iframe").src = `report/${encodeURIComponent(id)}`;
  at("reportbox").showModal();
}

const fail = (error) => notify(error.message);
app.save = () => saveHTML(app).catch(fail);
app.png = () => picture(app).catch(fail);
app.copy = () => copyLink(app).then(() => notify("The link is in the clipboard.", true), () => notify(location.href));

at("surface").addEventListener("change", (event) => {
  const { value } = event.target;
  if (value.startsWith("report:")) {
    event.target.value = app.view.surface;
    openReport(value.slice(7));
  } else app.go(value).catch(fail);
});
at("report").addEventListener("click", () => openReport(app.run().id));
at("share").addEventListener("click", app.copy);
at("picture").addEventListener("click", app.png);
at("save").addEventListener("click", app.save);
at("theme").addEventListener("click", () => app.turnTheme());
at("help").addEventListener("click", () => at("helpbox").showModal());
at("play").addEventListener("click", () => app.player.toggle());
at("back").addEventListener("click", () => app.player.step(-1));
at("forth").addEventListener("click", () => app.player.step(1));
at("scrub").addEventListener("input", (event) => {
  app.player.pause();
  app.player.seek(Math.round(event.target.value));
});
at("speed").addEventListener("input", (event) => { app.player.speed = Number(event.target.value); });
for (const button of document.querySelectorAll("[data-toggle]"))
  button.addEventListener("click", () => app.toggle(button.dataset.toggle));
listen(app, at("helpbox"), at("keys"));

// From a link; and again when its part after "#" changes.
async function begin(hash) {
  delete document.documentElement.dataset.ready;
  await app.begin(hash);
  if (!app.scene.terrain) await raise();
  app.scene.orbit.set(app.view.camera);
  if (app.view.time !== null) app.player.seek(app.view.time);
  else if (!app.player.calm) app.player.play();
  document.documentElement.dataset.ready = "true";
}
addEventListener("hashchange", () => begin(location.hash).catch(fail));

data.ask("catalogue").then((catalogue) => {
  app.catalogue = catalogue;
  offer();
  runners.offer();
  return begin(location.hash.length > 1 ? location.hash : stored?.view ?? "");
}).catch(fail);
