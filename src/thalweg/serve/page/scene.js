// The scene: terrain, trails, arrows and labels. It is drawn when something changed, never idly.
import {
  ConeGeometry, DirectionalLight, Group, HemisphereLight, Mesh, MeshBasicMaterial, Scene, Vector3,
  WebGLRenderer, DoubleSide,
} from "./vendor/three.module.min.js";
import { Orbit } from "./camera.js";
import { Labels } from "./labels.js";
import { inkOf, tones } from "./palette.js";
import { dispose, Frame, makeTerrain } from "./terrain.js";
import { scaled } from "./track.js";
import { prisms } from "./prism.js";
import { Trail } from "./trail.js";

export class SceneView {
  constructor(app, canvas, layer) {
    this.app = app;
    this.canvas = canvas;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
    this.scene = new Scene();
    this.sky = new HemisphereLight();
    this.sun = new DirectionalLight();
    this.sun.position.set(-2.2, 2.6, -1.6);
    this.scene.add(this.sky, this.sun);
    this.orbit = new Orbit(canvas, () => { this.request(); app.turned?.(); });
    this.labels = new Labels(layer);
    this.trails = [];
    this.retired = [];
    this.arrowGroup = new Group();
    this.scene.add(this.arrowGroup);
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
  }

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) return;
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio || 1));
    this.renderer.setSize(box.width, box.height, false);
    this.orbit.fit(box.width, box.height);
    if (this.frame) this.draw(); // at once: another size has wiped the canvas
  }

  // New ground, another height or another theme.
  rebuild() {
    const { ground, view, basins } = this.app;
    if (!ground) return;
    this.retire(this.terrain);
    const shades = tones();
    this.sky.color.set(shades.skyColour);
    this.sky.groundColor.set(shades.soil);
    this.sky.intensity = shades.sky;
    this.sun.intensity = shades.sun;
    this.frame = new Frame(ground, view.log);
    this.terrain = makeTerrain(this.frame, shades, view.basins ? basins : null);
    this.scene.add(this.terrain);
    this.retrack();
  }

  // New tracks, or other ones chosen or hidden.
  retrack() {
    for (const trail of this.trails) this.retire(trail.group);
    if (!this.frame) return;
    const { tracks, ground, chosen } = this.app;
    this.trails = tracks.filter((track) => track.runner.on).map((track, order) =>
      new Trail(track, this.frame, inkOf(track.runner), { thick: track === chosen, own: Boolean(ground.path), order }));
    for (const trail of this.trails) this.scene.add(trail.group);
    this.request();
  }

  // Taken from the scene now, freed after the next picture: freed before, the graphics card's
  // programs would go with it, only to be built again at once, which takes long.
  retire(group) {
    if (!group) return;
    this.scene.remove(group);
    this.retired.push(group);
  }

  request() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  draw() {
    if (!this.frame) return;
    const { player, ground, view } = this.app;
    for (const trail of this.trails) trail.show(player.time);
    this.drawArrows();
    this.renderer.render(this.scene, this.orbit.camera);
    this.retired.splice(0).forEach(dispose);
    this.labels.put(ground, this.frame, this.orbit.camera, this.canvas, view.labels, this.trails);
  }

  drawArrows() {
    this.retire(this.arrowGroup);
    this.arrowGroup = new Group();
    this.scene.add(this.arrowGroup);
    const { chosen, player, view, ground } = this.app;
    const arrows = view.arrows && chosen ? chosen.arrows(player.time) : null;
    if (!arrows) return;
    const drawn = scaled(arrows, ground);
    const shades = tones();
    const kinds = [["downhill", shades.text], ["momentum", shades.muted], ["step", inkOf(chosen.runner)]];
    kinds.forEach(([kind, colour], number) => {
      if (drawn[kind]) this.arrow(drawn.at, drawn[kind], colour, 0.05 + 0.012 * number);
    });
  }

  // Flat above the point, as the vectors are: in the plane of the two weights.
  arrow(at, [dx, dy], colour, above) {
    const foot = this.frame.on(...at);
    if (!foot) return;
    const head = this.frame.place(at[0] + dx, at[1] + dy, this.app.ground.low);
    const from = new Vector3(foot[0], foot[1] + above, foot[2]);
    const to = new Vector3(head[0], from.y, head[2]);
    const way = to.clone().sub(from);
    const length = way.length();
    if (length < 1e-4) return;
    const tip = Math.min(0.07, length * 0.6);
    const neck = to.clone().addScaledVector(way.normalize(), -tip);
    // Drawn through the ground: an arrow that dives into a hillside would tell half of the step.
    const material = new MeshBasicMaterial({ color: colour, depthTest: false, side: DoubleSide, transparent: true });
    const cone = new Mesh(new ConeGeometry(tip * 0.38, tip, 16), material);
    cone.position.copy(neck.clone().add(to).multiplyScalar(0.5));
    cone.quaternion.setFromUnitVectors(new Vector3(0, 1, 0), way);
    const shaft = new Mesh(prisms([[from.toArray(), neck.toArray()]], 0.009), material);
    for (const part of [shaft, cone]) part.renderOrder = 5;
    this.arrowGroup.add(shaft, cone);
  }
}
