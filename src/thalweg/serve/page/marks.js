// What stands on a picture of the ground: minima, passes, arrows, and the room that names need.
export const isPass = (feature) => /pass|saddle/.test(feature.kind);
export const isGlobal = (feature) => /global/.test(feature.kind);
// On the picture two words; the whole sentence is under the pointer and in the list for readers.
export const short = (feature) => (feature.slice && !isPass(feature) ? "minimum of this slice" : feature.kind);

// Boxes as left, top, right, bottom.
export const box = (x, y, half, tall) => [x - half, y - tall, x + half, y + tall];
export const meets = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

export function star(context, x, y, size) {
  for (let k = 0; k < 10; k++) {
    const length = k % 2 ? size * 0.45 : size;
    context.lineTo(x + length * Math.sin((k * Math.PI) / 5), y - length * Math.cos((k * Math.PI) / 5));
  }
  context.closePath();
}

export function arrow(context, from, to, colour, halo, s) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (!(length > 0.5)) return;
  const head = Math.min(9 * s, length * 0.6);
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  for (const [width, style] of [[5.5 * s, halo], [2.6 * s, colour]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    for (const side of [0.45, -0.45]) {
      context.moveTo(...to);
      context.lineTo(to[0] - head * Math.cos(angle + side), to[1] - head * Math.sin(angle + side));
    }
    context.stroke();
  }
}
