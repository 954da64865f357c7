// The page's one state: what is shown, what was answered, and who must hear when either changes.
import { newest } from "./data.js";
import { Ground } from "./ground.js";
import * as link from "./link.js";
import { isDark } from "./palette.js";
import { Player } from "./player.js";
import { another, runnerOf } from "./runner.js";
import { Track } from "./track.js";

const SIZE = 161; // points of the ground along each axis
const BASINS = 61;
// Of trainings on a slice, which are runs and not rules: vermilion, blue, green.
const PATHS = [["#D55E00", "#F07A28"], ["#0072B2", "#4A9FDB"], ["#009E73", "#1DB98C"]]
  .map(([light, dark]) => ({ light, dark, dash: "solid" }));

export class App {
  constructor(data, saved) {
    this.data = data;
    this.saved = saved;
    this.tracks = [];
    this.ground = null;
    this.basins = null;
    this.wanted = this.shown = 0;
    this.heard = () => {}; // main.js: redraws what a change concerns
    this.player = new Player(() => this.heard("time"), () => this.steps);
    const tracks = newest(() => this.track());
    this.fetchTracks = () => {
      this.wanted += 1;
      tracks();
    };
    this.fetchBasins = newest(() => this.attract());
  }

  async begin(hash) {
    this.player.playing = false;
    const { story } = this.catalogue;
    const first = this.catalogue.surfaces.find((one) => one.name === story?.surface) ?? this.catalogue.surfaces[0];
    const view = {
      surface: first?.name ?? `run:${this.catalogue.runs[0]?.id}`, start: null, steps: null,
      noise: null, seed: 0, log: null, labels: true, basins: false, arrows: false,
      camera: null, time: null, chosen: null, runners: null,
    };
    this.view = link.read(hash, view, this.catalogue);
    const known = this.surface() || this.run();
    if (!known) this.view.surface = first.name;
    const told = { ...this.stage(this.view.surface), ...(this.view.runners ? null : this.told(this.view.surface)) };
    for (const [name, value] of Object.entries(told)) this.view[name] ??= value;
    this.view.runners ??= this.cast(this.view.surface);
    this.basins = null;
    this.player.clock = 0;
    await this.land();
  }

  surface() {
    return this.catalogue.surfaces.find((one) => one.name === this.view.surface);
  }

  run() {
    return this.catalogue.runs.find((run) => `run:${run.id}` === this.view.surface);
  }

  // Who runs first: on the story's surface its own, else the article's four, with the learning
  // rates that are stated for this surface.
  cast(surface) {
    const { story, presets } = this.catalogue;
    const first = story?.surface === surface ? story.runners : presets;
    return first.map((one) => runnerOf(one, this.catalogue, surface));
  }

  // What a surface begins with, and how it is looked at.
  stage(name) {
    const surface = this.catalogue.surfaces.find((one) => one.name === name);
    return {
      start: surface?.start ?? [0, 0], log: surface?.log ?? false, steps: this.catalogue.steps?.default ?? 120,
      noise: this.catalogue.noise?.default ?? 0, camera: [-28, 36, 0.9], chosen: 0,
    };
  }

  // The same where the story is told; nothing elsewhere.
  told(name) {
    const { story } = this.catalogue;
    if (story?.surface !== name) return {};
    return { start: story.start, log: story.log, steps: story.steps, noise: story.noise, camera: story.camera, chosen: story.chosen };
  }

  // Whether those run who ran first on the surface shown, and not the reader's own choice.
  get casted() {
    const names = (runners) => runners.map((runner) => runner.label).join("|");
    return Boolean(this.surface()) && names(this.view.runners) === names(this.cast(this.view.surface));
  }

  // The story's own sentence, where it can be seen.
  get story() {
    const { story } = this.catalogue;
    return story?.surface === this.view.surface && this.casted ? story.words : null;
  }

  async go(name) {
    this.player.pause();
    const { view } = this;
    const anew = this.casted || this.run();
    view.surface = name;
    view.time = null;
    this.basins = null;
    const surface = this.surface();
    const stage = this.stage(name);
    Object.assign(view, { start: stage.start, log: stage.log });
    if (surface && anew) {
      Object.assign(view, stage, this.told(name), { runners: this.cast(name) });
      this.scene.orbit.set(view.camera);
    } else if (!surface) {
      this.scene.orbit.set(stage.camera);
    } else {
      for (const runner of view.runners) {
        const preset = this.catalogue.presets.find((one) => one.label === runner.label);
        Object.assign(runner.hypers, preset?.surfaces?.[name]);
      }
    }
    await this.land();
    this.player.seek(0);
    if (!this.player.calm) this.player.play();
  }

  async land() {
    const { view } = this;
    const name = view.surface;
    const run = this.run();
    const answer = run ? await this.data.ask("terrain", { run: run.id })
      : await this.data.ask("surface", { name, size: SIZE });
    if (view.surface !== name) return; // another was chosen meanwhile
    this.ground = new Ground(answer);
    this.tracks = [];
    this.heard("ground");
    if (this.ground.path) this.showPath();
    else await this.track();
    if (view.basins) this.fetchBasins();
  }

  // A real network's own way over the slice, as one track: nothing is computed anew for it.
  showPath() {
    const { path, paths = [path] } = this.ground;
    this.tracks = paths.filter((points) => points.length).map((points, k) => {
      const of = (key) => points.map((point) => point[key]);
      const label = paths.length > 1 ? `Training ${k + 1}` : "Training";
      const answer = { label, x: of("x"), y: of("y"), loss: of("loss"), out: of("out"), ended: "finished" };
      return new Track(answer, { label, ink: PATHS[k % PATHS.length], on: true, hypers: {} });
    });
    this.heard("tracks");
  }

  async track() {
    const { view } = this;
    const number = this.wanted;
    if (!this.surface()) return;
    const asked = {
      surface: view.surface, start: [...view.start], steps: view.steps, noise: view.noise, seed: view.seed,
      runners: view.runners.map(({ label, rule, hypers, noise }) => ({ label, rule, hypers: { ...hypers }, noise })),
    };
    try {
      const answer = await this.data.ask("tracks", asked);
      const stale = view.surface !== asked.surface || answer.tracks.length !== view.runners.length;
      if (stale) return;
      if (answer.asked) this.adopt(answer.asked);
      this.tracks = answer.tracks.map((track, k) => new Track(track, view.runners[k]));
      this.notify("");
    } catch (error) {
      this.notify(error.message);
    } finally {
      this.shown = number;
    }
    this.heard("tracks");
  }

  // Whether something newer was asked for than is shown.
  get waiting() {
    return this.shown !== this.wanted;
  }

  // A saved page shows the nearest run that it holds; start and sliders go where that one was.
  adopt(asked) {
    Object.assign(this.view, { start: asked.start, steps: asked.steps, noise: asked.noise, seed: asked.seed });
    asked.runners.forEach((runner, k) => { this.view.runners[k].hypers = { ...runner.hypers }; });
    this.heard("adopted");
  }

  async attract() {
    const { view } = this;
    if (!view.basins || !this.surface()) return;
    const runner = view.runners[view.chosen];
    this.surveying = true;
    this.heard("time");
    try {
      this.basins = await this.data.ask("attraction", {
        surface: view.surface, rule: runner.rule, hypers: { ...runner.hypers }, size: BASINS });
    } catch (error) {
      this.basins = null;
      view.basins = false;
      this.notify(error.message);
    }
    this.surveying = false;
    this.heard("basins");
  }

  get chosen() {
    return this.tracks[this.ground?.path ? 0 : this.view.chosen];
  }

  get steps() {
    return Math.max(1, ...this.tracks.map((track) => track.steps));
  }

  rerun() {
    this.fetchTracks();
    clearTimeout(this.later);
    if (this.view.basins) this.later = setTimeout(() => this.fetchBasins(), 350);
  }

  moveStart(start) {
    this.view.start = start.map((value) => Number(value.toPrecision(6)));
    this.player.pause();
    this.player.seek(0);
    this.fetchTracks();
  }

  dropped() {
    if (this.saved) this.fetchTracks();
    if (!this.player.calm) this.player.play();
    else this.player.seek(this.steps);
  }

  choose(k) {
    if (!this.view.runners[k] || this.ground.path) return;
    this.view.chosen = k;
    this.heard("chosen");
    if (this.view.basins) this.fetchBasins();
  }

  showRunner(k) {
    const runner = this.view.runners[k];
    if (!runner) return;
    runner.on = !runner.on;
    this.heard("shown");
  }

  addRunner(key) {
    const { runners, surface } = this.view;
    const runner = another(key, runners, this.catalogue, surface);
    runners.push(runner);
    this.choose(runners.length - 1);
    this.rerun();
  }

  removeRunner(k) {
    const { view } = this;
    view.runners.splice(k, 1);
    this.tracks.splice(k, 1);
    view.chosen = Math.max(0, Math.min(view.chosen - (k < view.chosen ? 1 : 0), view.runners.length - 1));
    this.heard("chosen");
    this.rerun();
  }

  toggle(name) {
    this.view[name] = !this.view[name];
    if (name === "basins" && this.view.basins) this.fetchBasins();
    this.heard(name === "arrows" || name === "labels" ? "time" : "look");
  }

  faster(by) {
    this.player.speed = Math.max(0, Math.min(5, this.player.speed + by));
    this.heard("time");
  }

  turnTheme() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  }

  link() {
    const time = this.player.playing || this.player.clock >= this.steps ? null : this.player.time;
    return link.write({ ...this.view, camera: this.scene.orbit.get(), time });
  }
}
