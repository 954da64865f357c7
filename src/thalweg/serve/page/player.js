// Time: which step the balls are at, and how fast they roll.

export const SPEEDS = [2, 6, 15, 40, 100, 250]; // steps a second
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Player {
  constructor(changed, length) {
    this.changed = changed;
    this.length = length;
    this.clock = 0;
    this.speed = 2;
    this.playing = false;
  }

  get calm() {
    return still.matches;
  }

  // Where motion is not wanted, balls stand at whole steps instead of rolling between them.
  get time() {
    return this.calm ? Math.floor(this.clock + 1e-9) : this.clock;
  }

  play() {
    if (this.clock >= this.length()) this.clock = 0;
    this.playing = true;
    this.before = null;
    requestAnimationFrame((now) => this.frame(now));
    this.changed();
  }

  frame(now) {
    if (!this.playing) return;
    // A tab that slept must not jump; nor does a slow machine skip what one wants to see.
    const passed = this.before === null ? 0 : Math.min(0.1, (now - this.before) / 1000);
    this.before = now;
    this.clock = Math.min(this.length(), this.clock + passed * SPEEDS[this.speed]);
    if (this.clock >= this.length()) this.playing = false;
    this.changed();
    if (this.playing) requestAnimationFrame((next) => this.frame(next));
  }

  pause() {
    this.playing = false;
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(time) {
    this.clock = Math.max(0, Math.min(this.length(), time));
    this.changed();
  }

  step(by) {
    this.playing = false;
    this.seek(by > 0 ? Math.floor(this.clock + 1e-9) + by : Math.ceil(this.clock - 1e-9) + by);
  }
}
