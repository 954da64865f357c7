// Names of minima and passes in the scene: real text over it, sharp at every size.
import { Vector3 } from "./vendor/three.module.min.js";
import { isGlobal, isPass, meets, short } from "./marks.js";
import { inkOf } from "./palette.js";
import { element } from "./words.js";

const ROOM = 6;
const NAMED = 5;
const ASIDE = 0.03; // of half the width
const RISES = [0, -21, 21]; // beside its dot, above, below

export class Labels {
  constructor(layer) {
    this.layer = layer;
  }

  put(ground, frame, camera, canvas, wanted, trails) {
    if (this.ground !== ground) this.make(ground);
    this.nameBalls(trails);
    const taken = [];
    // Balls first: they are what one looks for, and a minimum stays where it is. A name stands on
    // the far side of its ball from the others, as far as a little to and fro does not matter.
    const across = this.balls.map(([trail]) => trail.ball.position.clone().project(camera).x);
    const middle = across.reduce((sum, x) => sum + x, 0) / across.length;
    for (const [k, [trail, node]] of this.balls.entries()) {
      if (Math.abs(across[k] - middle) > ASIDE) node.outward = across[k] < middle;
      node.hidden = !wanted || !trail.ball.visible;
      if (!node.hidden) this.lay(node, trail.ball.position.toArray(), camera, canvas, taken, RISES);
    }
    for (const [feature, node] of this.nodes) {
      const spot = frame.place(feature.x, feature.y, feature.height);
      node.hidden = !wanted;
      this.lay(node, spot, camera, canvas, taken, [0]);
      node.classList.toggle("behind", this.behind(frame, spot, camera));
    }
  }

  lay(node, spot, camera, canvas, taken, rises) {
    const { clientWidth: width, clientHeight: height } = canvas;
    const seen = new Vector3(...spot).project(camera);
    const [x, y] = [((seen.x + 1) / 2) * width, ((1 - seen.y) / 2) * height];
    node.style.transform = `translate(${x}px, ${y}px)`;
    const long = 7.2 * node.textContent.length + 22;
    const sides = node.outward ? [true, false] : [false, true];
    const places = rises.flatMap((rise) => sides.map((left) => ({
      left, rise, own: [left ? x - long : x, y + rise - 10, left ? x : x + long, y + rise + 10],
    })));
    // It stays where it was as long as it can: a name that jumps to and fro is not read.
    const before = places.findIndex(({ left, rise }) =>
      node.place === `${left} ${rise}` && left === (node.outward ?? left));
    if (before > 0) places.unshift(...places.splice(before, 1));
    const free = places.find(({ own }) =>
      own[0] > 0 && own[2] < width && !taken.some((other) => meets(own, other)));
    // A name that would lie over another is left out; its dot stays.
    node.classList.toggle("bare", !free);
    if (!free) return;
    taken.push(free.own);
    node.place = `${free.left} ${free.rise}`;
    node.classList.toggle("left", free.left);
    node.lastChild.style.marginTop = `${free.rise}px`;
  }

  // The few that run are named where they are; among many the list beside has to do.
  nameBalls(trails) {
    if (this.trails === trails) return;
    this.trails = trails;
    for (const [, node] of this.balls ?? []) node.remove();
    const named = trails.length <= NAMED ? trails.filter((trail) => !trail.own) : [];
    this.balls = named.map((trail) => {
      const name = element("b", { textContent: trail.track.runner.label });
      name.style.setProperty("--ink", inkOf(trail.track.runner));
      return [trail, element("span", { className: "label ball" }, name)];
    });
    this.layer.append(...this.balls.map(([, node]) => node));
  }

  make(ground) {
    this.ground = ground;
    const minima = ground.features.filter((feature) => !isPass(feature));
    // With many minima only the deepest are named; the others are dots on the map.
    const named = minima.length > ROOM ? minima.filter(isGlobal).slice(0, 2)
      : [...minima, ...ground.features.filter(isPass).slice(0, 4)];
    this.nodes = named.map((feature) => {
      const node = element("span", { className: `label ${isPass(feature) ? "pass" : ""}` },
        element("i", {}), element("b", { textContent: short(feature) }));
      node.title = feature.words;
      return [feature, node];
    });
    this.layer.replaceChildren(...this.nodes.map(([, node]) => node));
    this.trails = null;
  }

  // Is there ground between the eye and the spot?
  behind(frame, spot, camera) {
    const { ground } = frame;
    const eye = camera.position;
    for (let k = 3; k < 40; k++) {
      const part = (k / 40) ** 1.5 * 0.6;
      const [x, y, z] = spot.map((value, i) => value + part * (eye.getComponent(i) - value));
      const on = frame.on(
        ground.left + (x / frame.wide + 0.5) * ground.width, ground.bottom + (0.5 - z / frame.deep) * ground.depth);
      if (!on) return false;
      if (on[1] > y + 0.01) return true;
    }
    return false;
  }
}
