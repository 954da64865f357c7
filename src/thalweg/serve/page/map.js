// The map: the ground from above, linked with the terrain. A press or a drag places the start.
import { arrow, box, isGlobal, isPass, meets, short, star } from "./marks.js";
import { dashOf, inkOf, tones } from "./palette.js";
import { paintGround } from "./paint.js";
import { scaled } from "./track.js";
import { number } from "./words.js";

const CROWD = 40; // among so many only the minima are marked

export class MapView {
  constructor(app, canvas, tip) {
    this.app = app;
    this.canvas = canvas;
    this.tip = tip;
    this.ground = document.createElement("canvas");
    new ResizeObserver(() => this.fit() && this.repaint()).observe(canvas.parentElement);
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => this.say(null));
    canvas.addEventListener("keydown", (event) => this.nudge(event));
  }

  // The ground is painted once; balls and tracks are drawn over it for each frame.
  repaint() {
    const { ground, view, basins } = this.app;
    if (!ground) return;
    this.fit();
    this.canvas.width = this.ground.width = Math.round(this.wide * this.density);
    this.canvas.height = this.ground.height = Math.round(this.high * this.density);
    paintGround(this.ground, ground, tones(), {
      log: view.log, shade: true, basins: view.basins ? basins : null,
    });
    this.draw();
  }

  // As large as its place allows; true if that changed.
  fit() {
    const { ground } = this.app;
    if (!ground) return false;
    const place = this.canvas.parentElement;
    const aspect = Math.max(0.5, Math.min(2, ground.width / ground.depth));
    const before = [this.wide, this.high, this.density].join();
    const tallest = parseFloat(getComputedStyle(place).maxHeight) || Infinity;
    this.wide = Math.max(120, Math.min(place.clientWidth, tallest * aspect));
    this.high = this.wide / aspect;
    this.density = Math.min(2, devicePixelRatio || 1);
    this.canvas.style.width = `${this.wide}px`;
    this.canvas.style.height = `${this.high}px`;
    return before !== [this.wide, this.high, this.density].join();
  }

  px(x, y) {
    const { ground } = this.app;
    return [ground.across(x) * this.canvas.width, (1 - ground.up(y)) * this.canvas.height];
  }

  draw() {
    const { ground, tracks, view, player } = this.app;
    if (!ground || !this.density) return;
    const context = this.canvas.getContext("2d");
    context.drawImage(this.ground, 0, 0);
    context.lineJoin = context.lineCap = "round";
    const marks = ground.features.filter((feature) => !isPass(feature) || ground.features.length < CROWD);
    for (const feature of marks) this.mark(context, feature);
    if (view.labels) this.name(context, marks);
    for (const track of tracks) if (track.runner.on) this.trail(context, track, player.time);
    for (const track of tracks) if (track.runner.on) this.ball(context, track, player.time);
    if (!ground.path) this.start(context, view.start);
    if (view.arrows && this.app.chosen) this.arrows(context, this.app.chosen, player.time);
  }

  trail(context, track, time) {
    const s = this.density;
    const line = (from, to) => {
      context.beginPath();
      for (let k = from; k <= to; k++) context.lineTo(...this.px(track.x[k], track.y[k]));
    };
    context.strokeStyle = inkOf(track.runner);
    // What is still to come, faintly: the whole way can be seen before it is played.
    context.globalAlpha = 0.2;
    context.lineWidth = 1.1 * s;
    line(0, track.last);
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = (track === this.app.chosen ? 2.6 : 1.9) * s;
    context.setLineDash(dashOf(track.runner).map((length) => length * s));
    line(0, track.index(time));
    context.lineTo(...this.px(...track.place(time)));
    context.stroke();
    context.setLineDash([]);
  }

  ball(context, track, time) {
    const s = this.density;
    context.beginPath();
    context.arc(...this.px(...track.place(time)), 5.2 * s, 0, 7);
    context.fillStyle = inkOf(track.runner);
    context.strokeStyle = tones().paper;
    context.lineWidth = 1.6 * s;
    context.fill();
    context.stroke();
  }

  start(context, [x, y]) {
    const s = this.density;
    context.beginPath();
    context.arc(...this.px(x, y), 8 * s, 0, 7);
    context.strokeStyle = tones().text;
    context.lineWidth = 1.4 * s;
    context.stroke();
  }

  mark(context, feature) {
    const s = this.density;
    const [x, y] = this.px(feature.x, feature.y);
    const { text } = tones();
    context.fillStyle = context.strokeStyle = text;
    context.lineWidth = 1.4 * s;
    context.beginPath();
    if (isPass(feature)) {
      for (const side of [-1, 1]) {
        context.moveTo(x - 3.4 * s, y - 3.4 * side * s);
        context.lineTo(x + 3.4 * s, y + 3.4 * side * s);
      }
      context.globalAlpha = 0.6;
      context.stroke();
      context.globalAlpha = 1;
    } else {
      if (isGlobal(feature)) star(context, x, y, 6.5 * s);
      else context.arc(x, y, (this.app.ground.features.length < CROWD ? 3 : 1.8) * s, 0, 7);
      context.fill();
    }
  }

  // Names beside the minima, where there is room: the deepest first, none over another.
  name(context, marks) {
    const s = this.density;
    const { text, halo } = tones();
    context.font = `${11.5 * s}px system-ui, sans-serif`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 3.5 * s;
    context.strokeStyle = halo;
    context.fillStyle = text;
    const taken = marks.map((feature) => box(...this.px(feature.x, feature.y), 4 * s, 4 * s));
    const worth = marks.length < CROWD ? (feature) => !isPass(feature) : isGlobal;
    const minima = marks.filter(worth).sort((a, b) => a.height - b.height);
    for (const feature of minima.slice(0, 12)) {
      const [x, y] = this.px(feature.x, feature.y);
      const half = context.measureText(short(feature)).width / 2;
      const places = [[x + 9 * s + half, y], [x - 9 * s - half, y], [x, y - 15 * s], [x, y + 15 * s]];
      const free = places.find((place) => {
        const own = box(...place, half, 7 * s);
        return own[0] > 0 && own[2] < this.canvas.width && own[1] > 0 && own[3] < this.canvas.height
          && !taken.some((other) => meets(own, other));
      });
      if (!free) continue;
      taken.push(box(...free, half, 7 * s));
      context.strokeText(short(feature), free[0] - half, free[1]);
      context.fillText(short(feature), free[0] - half, free[1]);
    }
  }

  arrows(context, track, time) {
    const arrows = track.arrows(time);
    if (!arrows) return;
    const drawn = scaled(arrows, this.app.ground);
    const from = this.px(...drawn.at);
    const { muted, text } = tones();
    const kinds = [["downhill", text], ["momentum", muted], ["step", inkOf(track.runner)]];
    for (const [kind, colour] of kinds)
      if (drawn[kind]) {
        const to = this.px(drawn.at[0] + drawn[kind][0], drawn.at[1] + drawn[kind][1]);
        arrow(context, from, to, colour, tones().halo, this.density);
      }
  }

  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    const { ground } = this.app;
    const within = (part) => Math.max(0, Math.min(1, part));
    return [
      ground.left + within((event.clientX - frame.left) / frame.width) * ground.width,
      ground.bottom + within(1 - (event.clientY - frame.top) / frame.height) * ground.depth,
    ];
  }

  press(event) {
    if (event.button !== 0 || this.app.ground.path) return;
    this.canvas.setPointerCapture(event.pointerId);
    const drag = (moved) => this.app.moveStart(this.place(moved));
    const stop = () => {
      this.canvas.removeEventListener("pointermove", drag);
      this.canvas.removeEventListener("pointerup", stop);
      this.canvas.removeEventListener("pointercancel", stop);
      this.app.dropped();
    };
    this.canvas.addEventListener("pointermove", drag);
    this.canvas.addEventListener("pointerup", stop);
    this.canvas.addEventListener("pointercancel", stop);
    drag(event);
  }

  // The same with the keyboard: arrow keys move the start by a fiftieth of the map.
  nudge(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    const { ground, view } = this.app;
    if (!way || ground.path) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 250 : 50;
    const within = (value, low, high) => Math.max(low, Math.min(high, value));
    this.app.moveStart([
      within(view.start[0] + (way[0] * ground.width) / far, ground.left, ground.right),
      within(view.start[1] + (way[1] * ground.depth) / far, ground.bottom, ground.top),
    ]);
    this.app.dropped();
  }

  hover(event) {
    if (!this.app.ground) return;
    const [x, y] = this.place(event);
    const near = (feature) => Math.hypot(
      this.app.ground.across(feature.x) - this.app.ground.across(x),
      this.app.ground.up(feature.y) - this.app.ground.up(y));
    const feature = this.app.ground.features.find((one) => near(one) < 0.022);
    const height = this.app.ground.at(x, y);
    this.say(feature ? feature.words : `(${number(x)}, ${number(y)})  height ${number(height)}`);
  }

  say(words) {
    this.tip.textContent = words ?? this.tip.dataset.words;
  }
}
