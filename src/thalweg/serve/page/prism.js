// Lines with a body: WebGL's own are one dot thin.
import { BufferAttribute, BufferGeometry, Vector3 } from "./vendor/three.module.min.js";

export const SIDES = 5;

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
