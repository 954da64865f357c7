// Names of minima and passes in the scene: real text over it, sharp at every size.
import { Vector3 } from "./vendor/three.module.min.js";
import { isGlobal, isPass, meets, short } from "./marks.js";
import { element } from "./words.js";

const ROOM = 6;

export class Labels {
  constructor(layer) {
    this.layer = layer;
  }

  put(ground, frame, camera, canvas, wanted) {
    if (this.ground !== ground) this.make(ground);
    const { clientWidth: width, clientHeight: height } = canvas;
    const taken = [];
    for (const [feature, node] of this.nodes) {
      const spot = frame.place(feature.x, feature.y, feature.height);
      const seen = new Vector3(...spot).project(camera);
      node.hidden = !wanted;
      const [x, y] = [((seen.x + 1) / 2) * width, ((1 - seen.y) / 2) * height];
      node.style.transform = `translate(${x}px, ${y}px)`;
      // A name that would lie over another is left out; its dot stays.
      const long = 8 * short(feature).length + 16;
      const own = x > width - 118 ? [x - long, y - 10, x, y + 10] : [x, y - 10, x + long, y + 10];
      const crowded = taken.some((other) => meets(own, other));
      if (!crowded) taken.push(own);
      node.classList.toggle("bare", crowded);
      node.classList.toggle("left", x > width - 118);
      node.classList.toggle("behind", this.behind(frame, spot, camera));
    }
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
