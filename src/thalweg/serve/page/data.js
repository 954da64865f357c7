// Where answers come from: a live server over a websocket, or the page's own saved answers.
// Both are one object with ask(name, args) -> Promise, so no other module knows which it is.

// The words of a question in a fixed order, so that the same question is the same key.
const settle = (value) => {
  if (Array.isArray(value)) return value.map(settle);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, settle(value[key])]));
  return value;
};
export const keyOf = (name, args) => name + JSON.stringify(settle(args));

export class Live {
  constructor(address, told) {
    this.address = address;
    this.told = told; // called with true or false as the connection comes and goes
    this.waiting = new Map();
    this.queue = [];
    this.number = 0;
    this.pause = 500;
    this.open();
  }

  open() {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = 500;
      this.told(true);
      for (const text of this.queue.splice(0)) socket.send(text);
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = () => {
      for (const { reject } of this.waiting.values()) reject(new Error("The connection was lost."));
      this.waiting.clear();
      this.queue.length = 0;
      this.told(false);
      // Twice as long each time: a server that is gone must not be knocked at without end.
      setTimeout(() => this.open(), this.pause);
      this.pause = Math.min(8000, 2 * this.pause);
    };
  }

  hear(message) {
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    if (message.error === undefined && message.more) return waiting.more?.(message.answer);
    this.waiting.delete(message.id);
    if (message.error !== undefined) waiting.reject(new Error(message.error));
    else waiting.resolve(message.answer);
  }

  ask(name, args = {}, more = undefined) {
    const id = ++this.number;
    const text = JSON.stringify({ ...args, id, ask: name });
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, more });
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
      else this.queue.push(text);
    });
  }
}

// How far two questions for tracks are apart; other rules count more than any distance.
const apart = (a, b) => {
  const rules = (args) => args.runners.map((runner) => runner.rule).join();
  let distance = rules(a) === rules(b) ? 0 : 1e6;
  distance += Math.hypot(a.start[0] - b.start[0], a.start[1] - b.start[1]);
  const other = new Map(b.runners.map((runner) => [runner.label, runner]));
  for (const runner of a.runners) {
    const hypers = other.get(runner.label)?.hypers ?? {};
    for (const [name, value] of Object.entries(runner.hypers))
      if (typeof value === "number" && typeof hypers[name] === "number")
        distance += Math.abs(Math.log((Math.abs(value) + 1e-9) / (Math.abs(hypers[name]) + 1e-9)));
      else if (JSON.stringify(value) !== JSON.stringify(hypers[name])) distance += 10;
  }
  return distance + (a.noise === b.noise ? 0 : 5) + (a.seed === b.seed ? 0 : 1);
};

export class Saved {
  constructor({ catalogue, answers }) {
    this.catalogue = catalogue;
    this.answers = answers;
    this.byKey = new Map(answers.map((entry) => [keyOf(entry.ask, entry.args), entry]));
  }

  async ask(name, args = {}) {
    if (name === "catalogue") return this.catalogue;
    const exact = this.byKey.get(keyOf(name, args));
    if (exact) return exact.answer;
    // Nothing is computed here: the nearest saved run is shown, and it says which one it is.
    const near = this.answers.filter(
      (entry) => entry.ask === name && entry.args.surface === args.surface && name === "tracks");
    if (near.length === 0)
      throw new Error("This saved page does not hold that; the live page computes it.");
    const best = near.reduce((a, b) => (apart(args, b.args) < apart(args, a.args) ? b : a));
    return { ...best.answer, asked: best.args };
  }
}

// Remembers what was answered, for the file that "save" writes.
export class Remembering {
  constructor(source, limit) {
    this.source = source;
    this.limit = limit;
    this.kept = new Map();
  }

  async ask(name, args = {}, more = undefined) {
    const answer = await this.source.ask(name, args, more);
    if (name === "catalogue") this.catalogue = answer;
    else {
      const key = keyOf(name, answer.asked ?? args);
      this.kept.delete(key);
      const { asked, ...rest } = answer;
      this.kept.set(key, { ask: name, args: asked ?? args, answer: rest });
      // Of the tracks only the newest; the ground that they lie on is always needed.
      const tracks = [...this.kept].filter(([, entry]) => entry.ask === "tracks");
      if (tracks.length > this.limit) this.kept.delete(tracks[0][0]);
    }
    return answer;
  }
}

// Calls `work` with the newest arguments only: while one call runs, later ones replace each other.
export const newest = (work) => {
  let running = false;
  let next = null;
  const call = async (...args) => {
    if (running) return void (next = args);
    running = true;
    try {
      await work(...args);
    } finally {
      running = false;
      if (next) {
        const again = next;
        next = null;
        call(...again);
      }
    }
  };
  return call;
};
