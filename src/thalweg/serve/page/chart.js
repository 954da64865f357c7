// The losses over the steps, drawn as they happen; the cursor is the same moment as on the map.
import { dashOf, inkOf, tones } from "./palette.js";
import { number } from "./words.js";

const MARGIN = { left: 46, right: 10, top: 8, bottom: 22 };

export class Chart {
  constructor(app, canvas) {
    this.app = app;
    this.canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    const seek = (event) => {
      const box = canvas.getBoundingClientRect();
      const part = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
      this.app.player.seek(Math.round(part * this.app.steps));
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.app.player.pause();
      seek(event);
    });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
  }

  // Above the lowest ground, as only that has a logarithm everywhere; from the bottom up to the
  // start's own height, as what shoots out of the map would flatten all the rest.
  scale() {
    const { tracks, ground } = this.app;
    const shown = tracks.filter((track) => track.runner.on);
    const above = (loss) => loss - ground.low;
    const values = shown.flatMap((track) => track.loss.filter((loss) => loss !== null).map(above));
    const start = shown.length ? Math.max(...shown.map((track) => above(track.loss[0]))) : 1;
    const high = Math.min(Math.max(...values, 1e-9), 20 * start || 1);
    const least = Math.max(high * 1e-8, Math.min(...values.filter((v) => v > 0), high / 10));
    const [a, b] = [Math.log10(least), Math.log10(high * 1.15)];
    return { up: (v) => (Math.log10(Math.max(v, least)) - a) / (b - a), ticks: decades(a, b) };
  }

  draw() {
    const { tracks, ground, player, steps } = this.app;
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (!ground || !tracks.length || box.width < 40) return;
    const density = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [box.width, Math.max(90, box.height)];
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    const { left, right, top, bottom } = MARGIN;
    const scale = this.scale();
    const x = (step) => left + (step / steps) * (width - left - right);
    const y = (loss) => height - bottom - Math.max(0, Math.min(1, scale.up(loss - ground.low))) * (height - top - bottom);
    const { muted, rule, text } = tones();
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of scale.ticks) {
      const at = height - bottom - scale.up(tick) * (height - top - bottom);
      context.strokeStyle = rule;
      line(context, left, at, width - right, at);
      context.fillStyle = muted;
      context.fillText(number(tick), left - 7, at);
    }
    context.textAlign = "left";
    context.fillText("0", left, height - 9);
    context.textAlign = "right";
    context.fillText(`${ground.path ? "point" : "step"} ${steps}`, width - right, height - 9);
    context.lineJoin = "round";
    for (const track of tracks) {
      if (!track.runner.on) continue;
      context.strokeStyle = inkOf(track.runner);
      const curve = (from, to) => {
        context.beginPath();
        for (let k = from; k <= to; k++) context.lineTo(x(k), y(track.loss[k] ?? Infinity));
        context.stroke();
      };
      context.globalAlpha = 0.22;
      context.lineWidth = 1.2;
      curve(0, track.last);
      context.globalAlpha = 1;
      context.lineWidth = track === this.app.chosen ? 2.4 : 1.7;
      context.setLineDash(dashOf(track.runner));
      curve(0, track.index(player.time));
      context.setLineDash([]);
    }
    context.strokeStyle = text;
    context.globalAlpha = 0.45;
    context.lineWidth = 1;
    line(context, x(player.time), top, x(player.time), height - bottom);
    context.globalAlpha = 1;
  }
}

const line = (context, x0, y0, x1, y1) => {
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
};

const decades = (a, b) => {
  if (b - a < 2) {
    const fine = [];
    for (let power = Math.floor(a); power <= b; power++)
      for (const part of b - a < 1 ? [1, 2, 3, 5] : [1, 3]) fine.push(part * 10 ** power);
    return fine.filter((tick) => Math.log10(tick) >= a && Math.log10(tick) <= b);
  }
  const every = Math.max(1, Math.ceil((b - a) / 4));
  const ticks = [];
  for (let power = Math.ceil(a); power <= b; power++) if (power % every === 0) ticks.push(10 ** power);
  return ticks;
};
