// A track in three dimensions: a thin rope over the ground, a ball at its end, a shadow under it.
import {
  BufferGeometry, CircleGeometry, Group, Mesh, MeshBasicMaterial, MeshStandardMaterial, SphereGeometry,
  Vector3,
} from "./vendor/three.module.min.js";
import { prisms, SIDES } from "./prism.js";

const MOST = 2400; // pieces of rope
const BALL = new SphereGeometry(1, 32, 20);
const DISC = new CircleGeometry(1, 24);
const UP = new Vector3(0, 0, 1);
// Lengths of ink and of gap, in the scene's units; the map has the same ones in dots.
const DASHES = { dash: [0.05, 0.035], dot: [0.012, 0.025], dashdot: [0.05, 0.025, 0.012, 0.025] };

const isInk = (dashes, gone) => {
  if (!dashes) return true;
  let left = gone % dashes.reduce((sum, length) => sum + length);
  return dashes.findIndex((length) => (left -= length) < 0) % 2 === 0;
};

export class Trail {
  constructor(track, frame, colour, { thick, own, order }) {
    // Where two lie on the same way the later one is on top, as on the map.
    this.above = 0.004 * order;
    this.track = track;
    this.frame = frame;
    this.own = own; // a real network's track has a height of its own, off the slice
    this.group = new Group();
    this.rope = this.makeRope(colour, thick ? 0.0085 : 0.0062);
    this.size = thick ? 0.044 : 0.04;
    this.ball = new Mesh(BALL, new MeshStandardMaterial({
      color: colour, emissive: colour, emissiveIntensity: 0.28, roughness: 0.38,
    }));
    this.ball.scale.setScalar(this.size);
    this.shade = new Mesh(DISC, new MeshBasicMaterial({
      color: "#000000", transparent: true, opacity: 0.24, depthWrite: false,
    }));
    this.shade.scale.setScalar(this.size * 1.05);
    this.ball.userData.shared = this.shade.userData.shared = true; // one sphere for all balls
    this.group.add(this.rope, this.ball, this.shade);
    if (own) {
      this.stem = new Mesh(new BufferGeometry(), new MeshBasicMaterial({ color: colour, transparent: true, opacity: 0.5 }));
      this.group.add(this.stem);
    }
  }

  // On the ground, or at the loss that the network really had there.
  spot(x, y, loss) {
    const spot = this.own ? this.frame.place(x, y, loss) : this.frame.on(x, y);
    if (spot) spot[1] += this.above;
    return spot;
  }

  makeRope(colour, radius) {
    const { track } = this;
    const pieces = [];
    const dashes = DASHES[track.runner.ink.dash];
    let gone = 0;
    this.ends = new Int32Array(track.steps + 1);
    // Steps are straight on the map; over the ground each is laid in pieces.
    const finest = Math.max(1, Math.min(14, Math.floor(MOST / Math.max(1, track.last))));
    for (let k = 0; k < track.last; k++) {
      const way = Math.hypot(
        this.frame.ground.across(track.x[k + 1]) - this.frame.ground.across(track.x[k]),
        this.frame.ground.up(track.y[k + 1]) - this.frame.ground.up(track.y[k]));
      const parts = this.own ? 1 : Math.max(1, Math.min(finest, Math.ceil(way * 90)));
      for (let p = 0; p < parts; p++) {
        const at = (part) => this.spot(
          track.x[k] + part * (track.x[k + 1] - track.x[k]),
          track.y[k] + part * (track.y[k + 1] - track.y[k]),
          track.loss[k] + part * (track.loss[k + 1] - track.loss[k]));
        const [from, to] = [at(p / parts), at((p + 1) / parts)];
        if (!from || !to) continue;
        gone += Math.hypot(...from.map((value, i) => to[i] - value));
        if (isInk(dashes, gone)) pieces.push([from, to]);
      }
      this.ends[k + 1] = pieces.length;
    }
    this.ends.fill(pieces.length, track.last + 1);
    const material = new MeshBasicMaterial({ color: colour });
    return new Mesh(prisms(pieces, radius), material);
  }

  show(time) {
    const { track } = this;
    const k = track.index(time);
    const next = Math.min(track.last, k + 1);
    const part = Math.max(0, Math.min(1, time - k));
    const drawn = this.ends[k] + Math.round(part * (this.ends[next] - this.ends[k]));
    this.rope.geometry.setDrawRange(0, drawn * SIDES * 6);
    const [x, y] = track.place(time);
    const loss = track.loss[k] + part * (track.loss[next] - track.loss[k]);
    const spot = this.spot(x, y, loss);
    this.ball.visible = this.shade.visible = Boolean(spot);
    if (this.stem) this.plant(x, y, spot);
    if (!spot) return;
    const up = this.normal(x, y);
    this.at = new Vector3(...spot).addScaledVector(up, this.own ? 0 : this.size);
    this.ball.position.copy(this.at);
    this.shade.visible = !this.own;
    this.shade.position.set(...spot).addScaledVector(up, 0.004);
    this.shade.quaternion.setFromUnitVectors(UP, up);
  }

  // Upright from the ground: a ball lies on a slope, it is not sunk into it.
  normal(x, y) {
    const { ground } = this.frame;
    const [dx, dy] = [ground.width / 200, ground.depth / 200];
    const spots = [this.frame.on(x - dx, y), this.frame.on(x + dx, y), this.frame.on(x, y - dy), this.frame.on(x, y + dy)];
    if (spots.includes(null)) return new Vector3(0, 1, 0);
    const [west, east, south, north] = spots.map((spot) => new Vector3(...spot));
    return east.sub(west).cross(north.sub(south)).normalize();
  }

  // The stem: how far the network's own loss is from the slice's at the same place.
  plant(x, y, spot) {
    const foot = this.frame.on(x, y);
    this.stem.visible = Boolean(foot && spot);
    if (!this.stem.visible) return;
    this.stem.geometry.dispose();
    this.stem.geometry = prisms([[foot, spot]], 0.004);
  }
}
