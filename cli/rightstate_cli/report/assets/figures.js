// The figures of what is chosen, as figures.py counts them for the first view.

const ALL = { text: "", account: "", type: "", policy: "", outcome: "", from: "", to: "" };
const group = (outcome) => view.groups[outcome] ?? view.alone;

// Which entries count for the posture, and which are shown.
function chosen(records, filter) {
  const having = records.having(filter.text);
  const from = filter.from ? Date.parse(filter.from) : -Infinity;
  const to = filter.to ? Date.parse(filter.to) + DAY : Infinity;
  const resources = records.resources.map(
    (each) => (!filter.account || each.account === filter.account) && (!filter.type || each.type === filter.type),
  );
  const effects = filter.policy
    ? records.columns.effect.values.map(([, states]) => states.some(([policy]) => policy === filter.policy))
    : null;
  const counting = new Uint8Array(records.count);
  const shown = [];
  for (let i = 0; i < records.count; i++) {
    const started = records.started[i];
    if (started < from || started >= to || !resources[records.place("resource", i) - 1]) continue;
    counting[i] = 1;
    if (effects && !effects[records.place("effect", i) - 1]) continue;
    if (filter.outcome && records.get("outcome", i) !== filter.outcome) continue;
    if (having && !having[i]) continue;
    shown.push(i);
  }
  const looks = records.looks.filter(
    (each) => (!filter.account || each.account === filter.account) && (!filter.type || each.type === filter.type) && each.at >= from && each.at < to,
  );
  // A look knows nothing of outcomes and words.
  return { counting, shown, looks, hits: Boolean(filter.text || filter.outcome || filter.policy) };
}

// The open requests of what is chosen, and whether that goes on to when the report was written.
function asked(filter) {
  const to = filter.to ? Date.parse(filter.to) + DAY : Infinity;
  const end = Math.min(to, view.until ? Date.parse(view.until) : Infinity) - 1;
  return {
    requests: (view.requests ?? []).filter(
      (each) =>
        (!filter.account || each.account === filter.account) &&
        (!filter.type || each.type === filter.type) &&
        (!filter.policy || each.policies.includes(filter.policy)) &&
        Date.parse(each.asked_at) < to,
    ),
    until_now: view.until_now && end >= Date.parse(view.generated),
    day: Math.floor(Math.min(end, Date.parse(view.generated)) / DAY),
  };
}

function figures(records, { counting, shown, looks, hits }, policy, waits) {
  const row = () => view.states.map(() => 0);
  const pairs = row();
  const policies = new Map();
  const accounts = new Map();
  const stands = new Map();
  const cleared = new Map();
  const outcomes = {};
  const changed = { records: 0, settings: 0 };
  const lookedAt = new Set();
  const failures = new Map();
  const days = [];
  const scopes = new Map();
  const coarse = new Set();
  const latest = new Map();
  const took = [];
  let day = null;
  let next = 0;
  let nextLook = 0;
  const rowOf = (map, key) => map.get(key) ?? map.set(key, row()).get(key);

  for (let i = 0; i < records.count; i++) {
    const isShown = shown[next] === i;
    if (!counting[i]) continue;
    looksUntil(records.started[i]);
    begin(records.started[i]);
    stand(i);
    day.pairs = [...pairs];
    if (isShown) {
      next++;
      show(i);
    }
  }

  looksUntil(Infinity);

  function begin(time) {
    const number = Math.floor(time / DAY);
    if (day && day.number === number) return;
    day = { number, day: new Date(number * DAY).toISOString().slice(0, 10), outcomes: {}, pairs };
    days.push(day);
  }

  function looksUntil(time) {
    for (; nextLook < looks.length && looks[nextLook].at <= time; nextLook++) {
      begin(looks[nextLook].at);
      look(looks[nextLook]);
      day.pairs = [...pairs];
    }
  }

  // In place of all that was known of its scope, save what ended after it was read.
  function look(each) {
    latest.set(each.scope, each);
    for (const [key, row] of scopes.get(each.scope) ?? []) add(each.account, key, row, -1);
    coarse.delete(each.scope);
    const found = new Map(Object.entries(each.rows).filter(([key]) => !policy || key === policy).map(([key, row]) => [key, [...row]]));
    scopes.set(each.scope, found);
    for (const [key, row] of found) add(each.account, key, row, 1);
    for (const place of records.ofScope.get(each.scope) ?? []) see(each, place);
    if (!each.last) coarse.add(each.scope);
  }

  function see(each, place) {
    const had = stands.get(place) ?? new Map();
    const line = each.last ? records.seen.get(records.resources[place - 1].all) : null;
    const read = line ? line.at : each.since;
    const has = new Map(Object.entries(line?.states ?? {}).filter(([key]) => !policy || key === policy).map(([key, state]) => [key, { state, since: read }]));
    stands.set(place, has);
    if (each.last) cleared.set(place, Math.max(cleared.get(place) ?? 0, read));
    for (const [key, { state, since }] of had) {
      if (!each.last) has.set(key, { state, since });
      else if (since > read || line?.unread) set(place, has, key, state, since);
    }
  }

  function add(account, key, row, sign) {
    for (const count of [pairs, rowOf(policies, key), rowOf(accounts, account)]) row.forEach((n, state) => (count[state] += sign * n));
  }

  function stand(i) {
    const [clear, states] = records.get("effect", i);
    if (!clear && !states.length) return;
    const place = records.place("resource", i);
    let has = stands.get(place);
    if (!has) stands.set(place, (has = new Map()));
    const ended = records.started[i] + Math.max(records.took[i], 0);
    const gone = cleared.get(place) ?? 0;
    if (clear) cleared.set(place, Math.max(gone, ended));
    const after = new Map(clear ? [...has.keys()].map((key) => [key, -1]) : []);
    for (const [key, state] of states) after.set(key, state);
    for (const [key, state] of after) {
      if (policy && key !== policy) continue;
      // One that has waited for hours, e.g. for an approval, knows more than what began meanwhile.
      if (ended >= (has.get(key)?.since ?? gone)) set(place, has, key, state, ended);
    }
  }

  // `place` is that of the resource, or its name where no entry is about it.
  function set(place, has, key, state, since) {
    const before = has.get(key)?.state ?? -1;
    has.set(key, { state, since });
    const [account, region, type] = (records.resources[place - 1]?.all ?? place).split("/");
    const scope = `${account}/${region}/${type}`;
    if (coarse.has(scope)) return;
    const moved = row();
    if (before >= 0) moved[before]--;
    if (state >= 0) moved[state]++;
    if (!scopes.has(scope)) scopes.set(scope, new Map());
    const count = rowOf(scopes.get(scope), key);
    moved.forEach((n, each) => (count[each] += n));
    add(account, key, moved, 1);
  }

  // What waits for an approval, after all entries; of what goes on until now nothing else waits.
  function wait({ requests, until_now, day: number }) {
    const of = new Map();
    for (const { resource, policies } of requests) of.set(resource, new Set([...(of.get(resource) ?? []), ...policies]));
    const places = new Map(records.resources.map(({ all }, place) => [all, place + 1]));
    const waiting = view.states.indexOf("waiting");
    if (until_now)
      for (const [place, has] of stands) {
        const all = records.resources[place - 1]?.all ?? place;
        for (const [key, { state, since }] of has)
          if (state === waiting && !of.get(all)?.has(key)) set(place, has, key, view.states.indexOf("broken"), since);
      }
    for (const [resource, keys] of of) {
      const place = places.get(resource) ?? resource;
      if (!stands.has(place)) stands.set(place, new Map());
      for (const key of keys) if (!policy || key === policy) set(place, stands.get(place), key, waiting, 0);
    }
    if (String(pairs) === String(day ? day.pairs : row())) return;
    if (!day || day.number < number) days.push((day = { number, day: new Date(number * DAY).toISOString().slice(0, 10), outcomes: {} }));
    day.pairs = [...pairs];
  }

  function show(i) {
    const outcome = records.get("outcome", i);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    day.outcomes[group(outcome)] = (day.outcomes[group(outcome)] ?? 0) + 1;
    const place = records.place("resource", i);
    const { id, account } = records.resource(i);
    if (outcome !== "fanned-out" && outcome !== "rejected" && id !== "" && id !== "*") lookedAt.add(place);
    if (records.fixed[i] >= 0) took.push(records.fixed[i]);
    const made = records.get("made", i);
    if (made === "yes" || made === "partly") {
      const read = records.get("verified", i) ?? {};
      changed.records++;
      changed.settings += records.get("changes", i).filter((change) => made === "yes" || Object.hasOwn(read, change.setting)).length;
    }
    if (group(outcome) === "failed") {
      const error = records.get("error", i) ?? outcome;
      let failure = failures.get(error);
      if (!failure) failures.set(error, (failure = { error, count: 0, places: new Set(), accounts: new Set() }));
      failure.count++;
      failure.places.add(place);
      failure.accounts.add(account);
      failure.last = records.started[i];
      failure.reason = records.get("reason", i) ?? "";
    }
  }

  // Those of the looks, and those of executions that no look saw.
  function seenResources() {
    const of = [...lookedAt].filter((place) => {
      const { account, region, type, all } = records.resources[place - 1];
      const each = latest.get(`${account}/${region}/${type}`);
      return !each || (each.last && !records.seen.has(all));
    });
    return [...latest.values()].reduce((sum, each) => sum + each.resources, of.length);
  }

  wait(waits);
  const waiting = view.states.indexOf("waiting");
  const rows = (map) =>
    Object.fromEntries([...map].filter(([, count]) => count.some(Boolean)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    records: shown.length,
    resources: hits ? lookedAt.size : seenResources(),
    unread: hits ? 0 : [...latest.values()].reduce((sum, each) => sum + each.unread, 0),
    fixed: quantiles(took),
    pairs,
    changed,
    failed: (outcomes.failed ?? 0) + (outcomes.died ?? 0),
    waiting: [...stands.values()].filter((has) => [...has.values()].some(({ state }) => state === waiting)).length,
    outcomes,
    policies: rows(policies),
    accounts: rows(accounts),
    days,
    failures: [...failures.values()]
      .map(({ places, ...each }) => ({
        ...each,
        resources: places.size,
        accounts: [...each.accounts].sort(),
        last: new Date(each.last).toISOString(),
      }))
      .sort((a, b) => b.count - a.count || (a.error < b.error ? -1 : 1)),
  };
}

// How many, the time in which half of them were done, and that of 95 of 100.
function quantiles(times) {
  const found = times.sort((a, b) => a - b);
  return found.length ? [found.length, found[(found.length - 1) >> 1], found[Math.floor((found.length * 95 - 1) / 100)]] : [];
}
