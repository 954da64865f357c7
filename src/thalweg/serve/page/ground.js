// The ground: heights on a grid, how high each is drawn, and lines of equal height.

const LINES = 20;

export class Ground {
  constructor(answer) {
    Object.assign(this, answer);
    this.columns = this.x.length;
    this.rows = this.y.length;
    this.left = this.x[0];
    this.right = this.x[this.columns - 1];
    this.bottom = this.y[0];
    this.top = this.y[this.rows - 1];
    this.width = this.right - this.left;
    this.depth = this.top - this.bottom;
    // A slice knows nothing of the ground beside it, so it never calls a minimum global.
    this.features = this.features.map((feature) => ({ ...feature, slice: Boolean(this.path) }));
    this.cells = new Float64Array(this.columns * this.rows);
    let low = Infinity;
    let high = -Infinity;
    this.height.forEach((row, i) => row.forEach((value, j) => {
      const height = value === null ? NaN : value; // a hole stays a hole
      this.cells[i * this.columns + j] = height;
      if (height < low) low = height;
      if (height > high) high = height;
    }));
    for (const feature of this.features) if (feature.height < low) low = feature.height;
    this.low = low;
    this.high = high > low ? high : low + 1;
    // Where the logarithm begins: a fiftieth of how high the ground mostly lies, so that lines of
    // equal height are neither all in one narrow pit nor missing from a wide floor.
    const sorted = this.cells.filter((height) => !Number.isNaN(height)).sort();
    const mostly = sorted.length ? sorted[sorted.length >> 1] - this.low : 0;
    this.floor = Math.max(1e-3 * (this.high - this.low), 0.02 * mostly);
    this.logSpan = Math.log((this.high - this.low + this.floor) / this.floor);
    this.contours = contours(this);
  }

  // 0 at the lowest ground, 1 at the highest.
  lift(height, log) {
    const above = Math.max(0, height - this.low);
    if (log) return Math.min(1.2, Math.log((above + this.floor) / this.floor) / this.logSpan);
    return Math.min(1.2, above / (this.high - this.low));
  }

  // The height at a point, between the grid's own; NaN outside and in a hole.
  at(x, y) {
    const u = ((x - this.left) / this.width) * (this.columns - 1);
    const v = ((y - this.bottom) / this.depth) * (this.rows - 1);
    if (!(u >= 0 && v >= 0 && u <= this.columns - 1 && v <= this.rows - 1)) return NaN;
    const j = Math.min(this.columns - 2, Math.floor(u));
    const i = Math.min(this.rows - 2, Math.floor(v));
    const [a, b] = [u - j, v - i];
    const k = i * this.columns + j;
    const c = this.cells;
    return (1 - b) * ((1 - a) * c[k] + a * c[k + 1])
      + b * ((1 - a) * c[k + this.columns] + a * c[k + this.columns + 1]);
  }

  // Between 0 and 1 across the map, from the left and from the bottom.
  across(x) { return (x - this.left) / this.width; }
  up(y) { return (y - this.bottom) / this.depth; }
}

// Marching squares: for each level the ends of short lines, as numbers between 0 and 1. The levels
// are equal factors of height, so that a flat floor shows its shape beside a high wall.
function contours(ground) {
  const { columns, rows, cells } = ground;
  const lifted = Float64Array.from(cells, (height) => ground.lift(height, true));
  const lines = [];
  for (let number = 1; number < LINES; number++) {
    const level = number / LINES;
    const ends = [];
    for (let i = 0; i + 1 < rows; i++) {
      for (let j = 0; j + 1 < columns; j++) {
        const k = i * columns + j;
        const [a, b, c, d] = [lifted[k], lifted[k + 1], lifted[k + columns + 1], lifted[k + columns]];
        const kind = (a > level) + 2 * (b > level) + 4 * (c > level) + 8 * (d > level);
        if (kind === 0 || kind === 15 || Number.isNaN(a + b + c + d)) continue;
        const cut = (p, q) => (level - p) / (q - p);
        const south = [j + cut(a, b), i];
        const east = [j + 1, i + cut(b, c)];
        const north = [j + cut(d, c), i + 1];
        const west = [j, i + cut(a, d)];
        for (const [from, to] of crossing(kind, south, east, north, west, a + b + c + d > 4 * level))
          ends.push(from[0] / (columns - 1), from[1] / (rows - 1), to[0] / (columns - 1), to[1] / (rows - 1));
      }
    }
    lines.push(ends);
  }
  return lines;
}

// Which sides of a square a line joins; the two ambiguous squares are decided by their middle.
function crossing(kind, south, east, north, west, high) {
  switch (kind) {
    case 1: case 14: return [[west, south]];
    case 2: case 13: return [[south, east]];
    case 3: case 12: return [[west, east]];
    case 4: case 11: return [[east, north]];
    case 6: case 9: return [[south, north]];
    case 7: case 8: return [[west, north]];
    default: return (kind === 5) === high
      ? [[south, east], [west, north]] : [[west, south], [east, north]];
  }
}
