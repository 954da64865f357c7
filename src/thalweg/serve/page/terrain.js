// The terrain in three dimensions, with its lines of equal height projected on a floor.
import {
  BufferAttribute, BufferGeometry, CanvasTexture, DoubleSide, Group, Mesh, MeshBasicMaterial,
  MeshLambertMaterial, PlaneGeometry, SRGBColorSpace,
} from "./vendor/three.module.min.js";
import { paintGround, paintLines } from "./paint.js";
import { prisms } from "./prism.js";

const RELIEF = 0.66; // height of the highest ground; the map is at most 2 wide
export const FLOOR = -0.5;

// From coordinates of the surface to the scene's: one scale for both axes, as arrows stand at a
// right angle to lines of equal height only then; but a very thin strip is widened to be seen.
export class Frame {
  constructor(ground, log) {
    this.ground = ground;
    this.log = log;
    const longest = Math.max(ground.width, ground.depth);
    this.wide = Math.max(0.9, (2 * ground.width) / longest);
    this.deep = Math.max(0.9, (2 * ground.depth) / longest);
  }

  place(x, y, height) {
    const { ground } = this;
    return [
      (ground.across(x) - 0.5) * this.wide,
      this.ground.lift(height, this.log) * RELIEF - 0.24,
      (0.5 - ground.up(y)) * this.deep,
    ];
  }

  // On the ground below a point, or null outside the map and over a hole.
  on(x, y) {
    const height = this.ground.at(x, y);
    return Number.isNaN(height) ? null : this.place(x, y, height);
  }
}

export function makeTerrain(frame, tones, basins) {
  const group = new Group();
  group.add(makeSurface(frame, tones, basins), makeRim(frame, tones), makeFloor(frame, tones));
  return group;
}

function picture(frame, draw) {
  const canvas = document.createElement("canvas");
  const scale = 1024 / Math.max(frame.wide, frame.deep);
  canvas.width = Math.round(frame.wide * scale);
  canvas.height = Math.round(frame.deep * scale);
  canvas.getContext("2d", { willReadFrequently: true }); // drawn by the processor, as it is read once
  draw(canvas);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.anisotropy = 4;
  return texture;
}

function makeSurface(frame, tones, basins) {
  const { ground } = frame;
  const { columns, rows, cells } = ground;
  const positions = new Float32Array(3 * columns * rows);
  const places = new Float32Array(2 * columns * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const k = i * columns + j;
      const height = Number.isNaN(cells[k]) ? ground.low : cells[k];
      positions.set(frame.place(ground.x[j], ground.y[i], height), 3 * k);
      places.set([j / (columns - 1), i / (rows - 1)], 2 * k);
    }
  }
  const faces = [];
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const k = i * columns + j;
      const corners = [k, k + 1, k + columns, k + columns + 1];
      // A cell with a hole in it is left out, never bridged.
      if (corners.some((corner) => Number.isNaN(cells[corner]))) continue;
      faces.push(k, k + 1, k + columns + 1, k, k + columns + 1, k + columns);
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("uv", new BufferAttribute(places, 2));
  geometry.setIndex(faces);
  geometry.computeVertexNormals();
  const { log } = frame;
  const map = picture(frame, (canvas) =>
    paintGround(canvas, ground, tones, { log, shade: false, basins }));
  return new Mesh(geometry, new MeshLambertMaterial({
    map, side: DoubleSide, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1,
  }));
}

// A line round the ground's edge, where it is seen against the page.
function makeRim(frame, tones) {
  const { ground } = frame;
  const { columns, rows, x, y, cells } = ground;
  const round = [];
  for (let j = 0; j < columns; j++) round.push([0, j]);
  for (let i = 1; i < rows; i++) round.push([i, columns - 1]);
  for (let j = columns - 2; j >= 0; j--) round.push([rows - 1, j]);
  for (let i = rows - 2; i >= 0; i--) round.push([i, 0]);
  const spots = round.map(([i, j]) => {
    const height = cells[i * columns + j];
    return Number.isNaN(height) ? null : frame.place(x[j], y[i], height);
  });
  const pieces = spots.slice(1).map((to, k) => [spots[k], to]).filter(([from, to]) => from && to);
  return new Mesh(prisms(pieces, 0.0032), new MeshBasicMaterial({ color: tones.rim }));
}

function makeFloor(frame, tones) {
  const map = picture(frame, (canvas) => {
    const context = canvas.getContext("2d");
    context.fillStyle = tones.sheet;
    context.fillRect(0, 0, canvas.width, canvas.height);
    paintLines(context, canvas, frame.ground, tones);
    context.strokeStyle = tones.heavy;
    context.lineWidth = 3;
    context.strokeRect(1, 1, canvas.width - 2, canvas.height - 2);
  });
  const floor = new Mesh(
    new PlaneGeometry(frame.wide, frame.deep),
    new MeshBasicMaterial({ map, transparent: true, opacity: 0.9, depthWrite: false, side: DoubleSide }),
  );
  floor.rotation.x = -Math.PI / 2;
  floor.position.y = FLOOR;
  return floor;
}

export function dispose(group) {
  group.traverse((part) => {
    if (!part.userData.shared) part.geometry?.dispose();
    part.material?.map?.dispose();
    part.material?.dispose();
  });
}
