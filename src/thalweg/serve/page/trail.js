// A track in three dimensions: a thin rope over the ground, a ball at its end, a shadow under it.
import {
  BufferAttribute, BufferGeometry, CircleGeometry, Group, Mesh, MeshBasicMaterial, MeshStandardMaterial,
  SphereGeometry, Vector3,
} from "./vendor/three.module.min.js";
import { FLOOR } from "./terrain.js";

const SIDES = 5;
const MOST = 2400; // pieces of rope
const BALL = new SphereGeometry(1, 32, 20);
const DISC = new CircleGeometry(1, 24);
const UP = new Vector3(0, 0, 1);

export class Trail {
  constructor(track, frame, colour, { thick, own }) {
    this.track = track;
    this.frame = frame;
    this.own = own; // a real network's track has a height of its own, off the slice
    this.group = new Group();
    this.rope = this.makeRope(colour, thick ? 0.0095 : 0.0068);
    this.size = thick ? 0.042 : 0.036;
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
    return this.own ? this.frame.place(x, y, loss) : this.frame.on(x, y);
  }

  makeRope(colour, radius) {
    const { track } = this;
    const pieces = [];
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
        if (from && to) pieces.push([from, to]);
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

  // On the floor below, for the eye that compares with the projected lines.
  get below() {
    return [this.ball.position.x, FLOOR, this.ball.position.z];
  }
}

// Each piece a prism of its own: joints of a bouncing track are sharp, and a tube bent there is flat.
export function prisms(pieces, radius) {
  const positions = new Float32Array(pieces.length * SIDES * 6);
  const faces = new Uint32Array(pieces.length * SIDES * 6);
  const [along, side, top] = [new Vector3(), new Vector3(), new Vector3()];
  pieces.forEach(([from, to], number) => {
    along.set(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
    side.set(0, 1, 0).cross(along);
    if (side.lengthSq() < 1e-14) side.set(1, 0, 0);
    side.setLength(radius);
    top.copy(along).cross(side).setLength(radius);
    for (let k = 0; k < SIDES; k++) {
      const [a, b] = [Math.cos((2 * Math.PI * k) / SIDES), Math.sin((2 * Math.PI * k) / SIDES)];
      const off = [a * side.x + b * top.x, a * side.y + b * top.y, a * side.z + b * top.z];
      const vertex = number * SIDES * 2 + k;
      positions.set(from.map((value, i) => value + off[i]), 3 * vertex);
      positions.set(to.map((value, i) => value + off[i]), 3 * (vertex + SIDES));
      const next = number * SIDES * 2 + ((k + 1) % SIDES);
      faces.set([vertex, next, vertex + SIDES, next, next + SIDES, vertex + SIDES], 6 * (number * SIDES + k));
    }
  });
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(faces, 1));
  return geometry;
}
