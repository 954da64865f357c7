// Numbers as people read them.

export const number = (value) => {
  if (value === null || !Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits.replace("-", "−").replace(".0", "")}e${Number(power)}`.replace("e-", "e−");
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
};

// How a learning rate stands to the edge, in words.
export const standing = (lr, edge) => {
  if (edge === null || lr === null || !(edge > 0)) return "";
  const here = `The edge here is ${number(edge)}`;
  const times = lr > 0 ? edge / lr : Infinity;
  const about = (value) => number(Number(value.toPrecision(value < 10 ? 3 : value < 100 ? 2 : 1)));
  if (times < 1) return `${here}: the learning rate is ${about(1 / times)} times that, and overshoots.`;
  return `${here}, ${about(times)} times the learning rate.`;
};

export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
