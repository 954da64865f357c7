// A track: where one optimizer went, and where its ball is at a moment between two steps.

export class Track {
  constructor(answer, runner) {
    Object.assign(this, answer);
    this.runner = runner;
    this.steps = this.x.length - 1;
    // What is not finite is not a place; the ball stays where it was last seen.
    const lost = this.x.findIndex((x, k) => x === null || this.y[k] === null);
    this.last = lost < 0 ? this.steps : Math.max(0, lost - 1);
  }

  // The whole step that time is in; a track that ended early stays at its end.
  index(time) {
    return Math.max(0, Math.min(this.last, Math.floor(time + 1e-9)));
  }

  place(time) {
    const k = this.index(time);
    const next = Math.min(this.last, k + 1);
    const part = Math.max(0, Math.min(1, time - k));
    return [this.x[k] + part * (this.x[next] - this.x[k]), this.y[k] + part * (this.y[next] - this.y[k])];
  }

  lossAt(time) {
    return this.loss[this.index(time)];
  }

  edgeAt(time) {
    return this.edge?.[Math.min(this.index(time), this.edge.length - 1)] ?? null;
  }

  lrAt(time) {
    return this.lr?.[Math.min(this.index(time), this.lr.length - 1)] ?? null;
  }

  // The three arrows of a step, as vectors in the plane: downhill, what momentum carries, the step.
  arrows(time) {
    const k = Math.min(this.index(time), this.last - 1);
    if (k < 0 || !this.gradient) return null;
    const back = (vector) => (vector && vector[0] !== null ? [-vector[0], -vector[1]] : null);
    return {
      at: [this.x[k], this.y[k]],
      downhill: back(this.gradient[k]),
      momentum: back(this.momentum?.[k]),
      step: [this.x[k + 1] - this.x[k], this.y[k + 1] - this.y[k]],
      loss: [this.loss[k], this.loss[k + 1]],
      number: k + 1,
    };
  }
}

// Downhill and momentum in the plane's units: the longer is a seventh of the map, as their own
// lengths are slopes and not ways. The step is drawn as long as it is.
export function scaled(arrows, ground) {
  const length = (vector) => (vector ? Math.hypot(...vector) : 0);
  const longest = Math.max(length(arrows.downhill), length(arrows.momentum));
  const factor = longest > 0 ? Math.min(ground.width, ground.depth) / 7 / longest : 0;
  const times = (vector) => vector && vector.map((value) => value * factor);
  return { ...arrows, downhill: times(arrows.downhill), momentum: times(arrows.momentum) };
}
