// The entries, as columns.py wrote them.

const SEARCHED = [
  "resource", "execution", "outcome", "error", "reason", "rule", "why", "requester", "event", "event_name",
  "principal", "principal_id", "source", "changes", "verified", "plan", "approval", "undo", "batch", "verdicts",
];

class Records {
  constructor(data) {
    this.count = data.started.length;
    this.took = data.took;
    this.started = new Float64Array(this.count);
    let time = 0;
    data.started.forEach((gap, i) => (this.started[i] = time += gap));
    this.columns = data;
    this.fixed = data.fixed;
    this.looks = data.looks.map(([account, region, type, at, since, last, resources, unread, rows]) => (
      { account, region, type, scope: `${account}/${region}/${type}`, at, since, last, resources, unread, rows }));
    this.seen = new Map(Object.entries(data.seen).map(([all, [at, unread, states]]) => [all, { at, unread, states }]));
    const resources = data.resource.values.map((resource) => {
      const [account, region, type, ...id] = resource.split("/");
      return { account, region, type, id: id.join("/"), all: resource };
    });
    this.resources = resources;
    this.ofScope = new Map();
    resources.forEach(({ account, region, type }, place) => {
      const scope = `${account}/${region}/${type}`;
      if (!this.ofScope.has(scope)) this.ofScope.set(scope, []);
      this.ofScope.get(scope).push(place + 1);
    });
    this.lower = {};
    this.executions = null;
  }

  // The place of its value in a column, from 1; 0 for none.
  place(name, i) {
    const { entries } = this.columns[name];
    return entries ? entries[i] : i + 1;
  }

  get(name, i) {
    const place = this.place(name, i);
    return place ? this.columns[name].values[place - 1] : null;
  }

  resource(i) {
    return this.resources[this.place("resource", i) - 1];
  }

  verdicts(i) {
    return (this.get("verdicts", i) ?? []).map((place) => this.columns.verdict.values[place - 1]);
  }

  name(i) {
    return (this.get("execution", i) ?? "").split(":").pop();
  }

  path(i) {
    const times = this.get("times", i);
    return (this.get("route", i) ?? []).map((state, step) => ({ state, after: times[step][0], took: times[step][1] }));
  }

  // The entries of an execution, and those that took its changes back.
  of(execution) {
    this._index();
    return this.executions.get(execution);
  }

  undoneBy(i) {
    this._index();
    return this.undone.get(this.get("execution", i));
  }

  _index() {
    if (this.executions) return;
    this.executions = new Map();
    this.undone = new Map();
    for (let i = 0; i < this.count; i++) {
      this.executions.set(this.get("execution", i), i);
      if (this.place("undo", i) && this.get("outcome", i) === "undone") this.undone.set(this.get("undo", i), i);
    }
  }

  // For each entry whether it has every word somewhere. A value is looked at once, however often it occurs.
  having(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const found = new Uint8Array(this.count).fill(1);
    for (const word of words) {
      const columns = SEARCHED.map((name) => [name, this._matches(name, word)]).filter(([, matches]) => matches);
      for (let i = 0; i < this.count; i++) {
        if (found[i] && !columns.some(([name, matches]) => matches[this.place(name, i)])) found[i] = 0;
      }
    }
    return found;
  }

  _matches(name, word) {
    const texts = (this.lower[name] ??= this._texts(name));
    const matches = new Uint8Array(texts.length + 1);
    let any = false;
    texts.forEach((text, place) => {
      if (text.includes(word)) matches[place + 1] = any = true;
    });
    return any ? matches : null;
  }

  _texts(name) {
    const { values } = this.columns[name];
    const text = (given) => (typeof given === "string" ? given : JSON.stringify(given)).toLowerCase();
    if (name !== "verdicts") return values.map(text);
    const verdicts = this.columns.verdict.values.map(text);
    return values.map((places) => places.map((place) => verdicts[place - 1]).join(" "));
  }
}

function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const made = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) made[i] = binary.charCodeAt(i);
  return made;
}

async function load(element) {
  const packed = new Blob([bytes(element.textContent)]);
  element.remove();
  const text = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
  return new Records(JSON.parse(text));
}
