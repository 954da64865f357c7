// The camera goes round the terrain: drag, wheel, two fingers, or arrow keys.
import { PerspectiveCamera, Vector3 } from "./vendor/three.module.min.js";

const TARGET = new Vector3(0, -0.11, 0);
const within = (value, low, high) => Math.max(low, Math.min(high, value));

export class Orbit {
  constructor(canvas, changed) {
    this.camera = new PerspectiveCamera(28, 1, 0.1, 40);
    this.changed = changed;
    this.set([-28, 36, 0.9]);
    const fingers = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      if (fingers.size === 1) this.turn((before[0] - now[0]) * 0.35, (now[1] - before[1]) * 0.3);
      else this.pinch(fingers, event.pointerId, before, now);
      fingers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"])
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => {
      // A page is scrolled with the wheel too; with Ctrl, or a pinch on a touch pad, it is a zoom.
      if (!event.ctrlKey && document.documentElement.scrollHeight > innerHeight + 4) return;
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.0012));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const move = {
      ArrowLeft: [-6, 0], ArrowRight: [6, 0], ArrowUp: [0, 4], ArrowDown: [0, -4],
    }[event.key];
    if (move) this.turn(...move);
    else if (event.key === "+" || event.key === "=") this.zoom(0.9);
    else if (event.key === "-") this.zoom(1.1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pinch(fingers, id, before, now) {
    const [other] = [...fingers].filter(([key]) => key !== id).map(([, place]) => place);
    const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
    this.zoom(apart(before) / Math.max(1, apart(now)));
  }

  turn(round, up) {
    this.set([this.round + round, this.high + up, this.far]);
  }

  zoom(factor) {
    this.set([this.round, this.high, this.far * factor]);
  }

  // Round and high in degrees, far as a multiple of what fits the window.
  set([round, high, far]) {
    this.round = ((round + 540) % 360) - 180;
    this.high = within(high, 4, 89);
    this.far = within(far, 0.35, 2.5);
    this.put();
    this.changed();
  }

  get() {
    return [this.round, this.high, this.far].map((value) => Math.round(value * 100) / 100);
  }

  fit(width, height) {
    this.camera.aspect = width / height;
    this.put();
  }

  put() {
    const reach = 4.6 * this.far * Math.max(1, 1.42 / this.camera.aspect);
    const [a, b] = [(this.round * Math.PI) / 180, (this.high * Math.PI) / 180];
    this.camera.position.set(
      reach * Math.sin(a) * Math.cos(b), reach * Math.sin(b), reach * Math.cos(a) * Math.cos(b),
    ).add(TARGET);
    this.camera.lookAt(TARGET);
    this.camera.updateProjectionMatrix();
  }
}
