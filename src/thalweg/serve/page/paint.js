// Paints the ground from above: tint, hill-shade, lines of equal height. The map shows it, and the
// same picture lies on the terrain in three dimensions, so that the two can't disagree.
import { rgb, tint } from "./palette.js";

// Light from the north-west, as on paper maps: from any other side hills look like holes.
const SUN = [-0.55, 0.6, 0.58];

export function paintGround(canvas, ground, tones, { log, shade, basins }) {
  const { columns, rows } = ground;
  const small = new OffscreenCanvas(columns, rows);
  const context = small.getContext("2d");
  const image = context.createImageData(columns, rows);
  const ramp = tones.ramp.map(rgb);
  const level = (i, j) => ground.lift(ground.cells[i * columns + j], log);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const here = level(i, j);
      if (Number.isNaN(here)) continue;
      let light = 1;
      if (shade) {
        const [west, east] = [level(i, Math.max(0, j - 1)), level(i, Math.min(columns - 1, j + 1))];
        const [south, north] = [level(Math.max(0, i - 1), j), level(Math.min(rows - 1, i + 1), j)];
        const [dx, dy] = [0.16 * (east - west) * columns, 0.16 * (north - south) * rows];
        const facing = (-dx * SUN[0] - dy * SUN[1] + SUN[2]) / Math.hypot(dx, dy, 1);
        light = 1 + 0.34 * Math.max(-0.9, Math.min(0.14, facing - SUN[2]));
      }
      const at = 4 * ((rows - 1 - i) * columns + j);
      tint(ramp, log ? here ** 1.5 : here).forEach((value, c) => { image.data[at + c] = value * light; });
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  const target = canvas.getContext("2d");
  target.clearRect(0, 0, canvas.width, canvas.height);
  target.imageSmoothingQuality = "high";
  // Half a cell beyond the edge: the grid's points are the middles of the picture's dots.
  const [w, h] = [canvas.width / (columns - 1), canvas.height / (rows - 1)];
  target.drawImage(small, -w / 2, -h / 2, canvas.width + w, canvas.height + h);
  if (basins) paintBasins(target, canvas, basins, tones);
  paintLines(target, canvas, ground, tones);
}

export function paintLines(context, canvas, ground, tones) {
  const { width, height } = canvas;
  const scale = Math.max(width, height) / 900;
  ground.contours.forEach((ends, number) => {
    context.beginPath();
    for (let k = 0; k < ends.length; k += 4) {
      context.moveTo(ends[k] * width, (1 - ends[k + 1]) * height);
      context.lineTo(ends[k + 2] * width, (1 - ends[k + 3]) * height);
    }
    const heavy = number % 4 === 3;
    context.lineWidth = (heavy ? 1.9 : 1.2) * scale;
    context.strokeStyle = heavy ? tones.heavy : tones.line;
    context.stroke();
  });
}

function paintBasins(context, canvas, { x, y, ends }, tones) {
  const small = new OffscreenCanvas(x.length, y.length);
  const inner = small.getContext("2d");
  ends.forEach((row, i) => row.forEach((end, j) => {
    if (end < 0) return;
    inner.fillStyle = tones.basins[end % tones.basins.length];
    inner.fillRect(j, y.length - 1 - i, 1, 1);
  }));
  context.globalAlpha = 0.62;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  context.globalAlpha = 1;
}
