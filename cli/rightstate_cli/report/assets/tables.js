// Tables that are sorted by their headings and shown a page at a time.

const PAGE = 25;
// On a phone a row is as high as ten lines.
const NARROW = matchMedia("(max-width: 720px)").matches;

// `columns` have a title, `cell(row)`, and where it can be sorted by them `key(row)`.
class Table {
  constructor(host, { columns, sorted, nothing, opens, caption, each = PAGE }) {
    Object.assign(this, { host, columns, nothing, opens, caption, each: NARROW ? Math.min(each, 6) : each });
    this.by = columns.findIndex((column) => column.title === sorted);
    this.down = true;
    this.rows = [];
    this.page = 0;
  }

  show(rows) {
    this.rows = rows;
    this.page = 0;
    this._sort();
  }

  _sort() {
    const { key } = this.columns[this.by] ?? {};
    if (key) {
      const keyed = this.rows.map((row, place) => [key(row), place, row]);
      const sign = this.down ? -1 : 1;
      keyed.sort(([a, place], [b, other]) => (a < b ? -sign : a > b ? sign : place - other));
      this.order = keyed.map(([, , row]) => row);
    } else this.order = this.rows;
    this.render();
  }

  _by(place) {
    this.down = this.by === place ? !this.down : true;
    this.by = place;
    this.page = 0;
    this._sort();
    this.host.querySelectorAll("th")[place].querySelector("button").focus();
  }

  render() {
    if (!this.rows.length) return this.host.replaceChildren(empty(...this.nothing()));
    const first = this.page * this.each;
    const some = this.order.slice(first, first + this.each);
    this.host.replaceChildren(
      el("table", { class: "stacked" }, el("caption", { class: "unseen" }, this.caption), this._heading(), el("tbody", {}, some.map((row) => this._row(row)))),
    );
    if (this.rows.length > this.each) this.host.append(this._pager(first, some.length));
  }

  _heading() {
    const cells = this.columns.map(({ title, key, kind }, place) =>
      el(
        "th",
        { scope: "col", class: kind, "aria-sort": this.by === place ? (this.down ? "descending" : "ascending") : null },
        key ? el("button", { type: "button", onclick: () => this._by(place) }, title) : title,
      ),
    );
    return el("thead", {}, el("tr", {}, cells));
  }

  _row(row) {
    const cells = this.columns.map(({ title, cell, kind }, place) =>
      el("td", { class: [kind, place === 0 ? "first" : ""].filter(Boolean).join(" "), "data-label": title }, cell(row)),
    );
    const made = el("tr", { class: this.opens ? "opens" : null }, cells);
    if (this.opens)
      made.addEventListener("click", (event) => {
        // Text can be selected, and what is pressed inside does its own.
        if (!event.target.closest("button, a") && !String(getSelection())) this.opens(row);
      });
    return made;
  }

  _pager(first, some) {
    const pages = Math.ceil(this.rows.length / this.each);
    const go = (title, page) =>
      el("button", {
        type: "button", class: "quiet", disabled: page < 0 || page >= pages,
        onclick: () => {
          this.page = page;
          this.render();
          this.host.closest("section")?.scrollIntoView();
        },
      }, title);
    return el(
      "div",
      { class: "pager" },
      el("span", {}, `${number.format(first + 1)} to ${number.format(first + some)} of ${number.format(this.rows.length)}`),
      el("div", {}, go("Previous", this.page - 1), go("Next", this.page + 1)),
    );
  }
}

// What stands in the cells of entries.

const opening = (i) => {
  const { id, type, account, region } = records.resource(i);
  return [
    el("button", { type: "button", class: "link", onclick: () => openEntry(i) }, foreign(id || "*", 80)),
    small(visible(type), " · ", named(account), " · ", foreign(region, 40)),
  ];
};
const named = (account) => {
  const name = view.accounts[account];
  return name ? [foreign(name, 40), " "] : foreign(account, 40);
};
const outcome = (i) => badge(records.get("outcome", i), group(records.get("outcome", i)));

// The end of an ARN says who it is.
const who = (principal) =>
  el("span", { title: visible(principal).slice(0, 2000) }, foreign(principal.replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:(assumed-role\/)?/, ""), 60));

function causedBy(i) {
  const principal = records.get("principal", i) || records.get("principal_id", i) || records.get("source", i);
  const call = records.get("event_name", i);
  const by = principal || records.get("requester", i);
  if (!by) return call ? [foreign("not named"), small("by ", foreign(call, 60))] : el("span", { class: "muted" }, "no API call");
  return [who(by), call ? small("by ", foreign(call, 60)) : null];
}

function verified(i) {
  const made = records.get("made", i);
  const undone = records.undoneBy(i);
  return [
    made === "yes" ? badge("verified", "compliant") : made === "partly" ? badge("verified in part", "failed") : made === "unverified" ? badge("not verified", "failed") : badge("look at the reason", "found"),
    undone !== undefined ? small("undone later") : null,
    records.place("undo", i) ? small("takes another back") : null,
  ];
}

const approver = (i) => records.get("approval", i)?.arn || records.get("approval", i)?.by || "";

function approvedBy(i) {
  const approval = records.get("approval", i);
  if (!approval) return null;
  return [who(approver(i)), small(foreign((approval.at ?? "").slice(0, 16).replace("T", " ")))];
}

const reason = (i) => {
  const error = records.get("error", i);
  return el("div", { class: "clip" }, error ? el("strong", {}, foreign(error, 60), " ") : null, foreign(records.get("reason", i) ?? "", 260));
};
const started = { title: "Started (UTC)", kind: "fixed", key: (i) => records.started[i], cell: (i) => time(records.started[i]) };
const resource = { title: "Resource", key: (i) => records.resource(i).id, cell: opening };

const TABLES = {
  changes: {
    caption: "Changes",
    each: 15,
    sorted: "Started (UTC)",
    nothing: () => ["No change", "Nothing was written in what is chosen."],
    columns: [
      started,
      resource,
      {
        title: "Changed",
        key: (i) => records.get("changes", i)[0].setting,
        cell: (i) => {
          const changes = records.get("changes", i);
          return [changes.slice(0, 4).map((change) => difference(change, 80)), changes.length > 4 ? small(`and ${changes.length - 4} more`) : null];
        },
      },
      { title: "Caused by", key: (i) => records.get("principal", i) ?? "", cell: causedBy },
      { title: "Approved by", key: approver, cell: approvedBy },
      { title: "Result", key: (i) => records.get("made", i), cell: verified },
    ],
  },
  approvals: {
    caption: "Approvals",
    each: 10,
    sorted: "Started (UTC)",
    nothing: () => ["No approval", "No plan has waited for one in what is chosen."],
    columns: [
      started,
      resource,
      { title: "State", key: (i) => records.get("outcome", i), cell: outcome },
      { title: "Approved by", key: approver, cell: approvedBy },
      { title: "Reason", cell: (i) => el("div", { class: "clip" }, foreign(records.get("approval", i)?.reason || records.get("reason", i) || "", 200)) },
      { title: "Plan", cell: (i) => el("code", {}, foreign((records.get("plan", i) || records.get("approval", i)?.plan || "").slice(0, 12))) },
    ],
  },
  executions: {
    caption: "Executions",
    sorted: "Started (UTC)",
    nothing: () => ["Nothing is chosen", records?.count ? "No entry is like the filter above; clear it to see all." : "The ledger has no entry of this period."],
    columns: [
      started,
      resource,
      { title: "Outcome", key: (i) => records.get("outcome", i), cell: outcome },
      { title: "Reason", key: (i) => records.get("error", i) ?? "", cell: reason },
      { title: "Took", kind: "number", key: (i) => records.took[i], cell: (i) => duration(records.took[i]) },
    ],
  },
};

const REQUESTS = {
  caption: "Waiting for an approval",
  each: 10,
  sorted: "",
  nothing: () =>
    view.requests
      ? ["Nothing waits", "No approval was asked for in what is chosen that could still be given when the report was written."]
      : ["Not known", "The report was made from a file, which does not have what waits for an approval."],
  columns: [
    { title: "Asked (UTC)", kind: "fixed", key: (each) => each.asked_at, cell: (each) => time(Date.parse(each.asked_at)) },
    { title: "Resource", key: (each) => each.name, cell: (each) => [foreign(each.name, 80), small(visible(each.type), " · ", named(each.account), " · ", foreign(each.region, 40))] },
    {
      title: "Would change",
      cell: ({ changes, policies }) => [changes.slice(0, 4).map((change) => difference(change, 80)), changes.length > 4 ? small(`and ${changes.length - 4} more`) : null, small("for ", foreign(policies.join(", "), 160))],
    },
    {
      title: "Caused by",
      key: (each) => each.principal,
      cell: ({ principal, call, why }) => [
        principal ? who(principal) : el("span", { class: "muted" }, call ? "not named" : "no API call"),
        call ? small("by ", foreign(call, 60)) : null,
        why ? small(foreign(why, 160)) : null,
      ],
    },
    { title: "Until (UTC)", kind: "fixed", key: (each) => each.until, cell: (each) => [time(Date.parse(each.until)), el("br"), badge("waits", "waiting")] },
    { title: "Plan", cell: (each) => [el("code", {}, foreign(each.id, 40)), small(el("code", {}, foreign(each.plan.slice(0, 12))))] },
  ],
};

const HALTS = {
  caption: "Halted",
  each: 10,
  sorted: "",
  nothing: () =>
    view.halts
      ? ["Nothing is halted", "Nothing sets changes back again and again in what is chosen."]
      : ["Not known", "The report was made from a file, which does not have what is halted."],
  columns: [
    { title: "Since (UTC)", kind: "fixed", key: (each) => each.since, cell: (each) => time(Date.parse(each.since)) },
    { title: "Resource", key: (each) => each.name, cell: (each) => [foreign(each.name, 80), small(visible(each.type), " · ", named(each.account), " · ", foreign(each.region, 40))] },
    { title: "Policy", key: (each) => each.policy, cell: (each) => foreign(each.policy, 80) },
    { title: "Changes", kind: "number", key: (each) => each.applies, cell: (each) => [number.format(each.applies), small(`and ${counted(each.tries, "look")} since`)] },
    { title: "Looked at again (UTC)", kind: "fixed", key: (each) => each.look_again, cell: (each) => (each.look_again ? time(Date.parse(each.look_again)) : "soon") },
  ],
};

const ENDS = { expired: "expired", ending: "ends soon", active: "active" };
const EXEMPTIONS = {
  caption: "Exemptions",
  sorted: "",
  nothing: () =>
    view.exemptions
      ? ["No exemption", "Every policy that is enabled counts for every resource in what is chosen."]
      : ["Not known", "The report was made from a file; --settings gives it the accounts' exemptions."],
  columns: [
    { title: "Exemption", key: (each) => each.id, cell: (each) => [el("code", {}, visible(each.id)), small(named(each.account))] },
    {
      title: "Leaves alone",
      cell: (each) => [
        each.resource ? foreign(each.resource, 120) : each.tag ? ["tagged ", foreign(each.tag, 120)] : "the whole account",
        small(each.policies.length ? foreign(each.policies.join(", "), 160) : "all policies"),
        each.counts ? null : small("counts for nothing: the account lets no tag exempt"),
      ],
    },
    { title: "Why", cell: (each) => el("div", { class: "clip" }, foreign(each.reason, 240)) },
    { title: "Approved by", key: (each) => each.approver, cell: (each) => [foreign(each.approver, 80), small("since ", visible(each.created.slice(0, 10)))] },
    { title: "Until (UTC)", kind: "fixed", key: (each) => each.until, cell: (each) => [visible(each.until.slice(0, 16).replace("T", " ")), el("br"), badge(ENDS[each.state], each.state)] },
  ],
};

const BROKEN = {
  caption: "Broken",
  each: 10,
  sorted: "",
  nothing: () => ["Nothing is broken", "No survey and no execution has found anything wrong in what is chosen."],
  columns: [
    { title: "Resource", key: (each) => each.name, cell: (each) => [foreign(each.name, 80), small(visible(each.type), " · ", named(each.account), " · ", foreign(each.region, 40))] },
    {
      title: "Policies",
      key: (each) => Object.keys(each.policies).length,
      cell: ({ policies }) => {
        const all = Object.entries(policies);
        if (!all.length) return badge("could not be read", "failed");
        return [all.slice(0, 4).map(([policy, state]) => el("div", {}, el("span", { class: `dot is-${state}` }), " ", foreign(policy, 80), state === "broken" ? null : small(NAMES[state]))), all.length > 4 ? small(`and ${all.length - 4} more`) : null];
      },
    },
    { title: "Why", cell: (each) => el("div", { class: "clip" }, foreign(each.reason, 240)) },
    { title: "Found (UTC)", kind: "fixed", key: (each) => each.at ?? 0, cell: (each) => (each.at ? time(each.at) : "waits") },
  ],
};

const ENABLED = {
  caption: "Enabled policies by account",
  each: 10,
  sorted: "",
  nothing: () => ["Not known", "The report was made without the settings of accounts."],
  columns: [
    { title: "Account", key: (each) => each.name || each.account, cell: (each) => [foreign(each.name || each.account, 40), each.name ? small(foreign(each.account, 40)) : null, each.registered ? null : small(el("strong", {}, "not registered"))] },
    { title: "Off", kind: "number", key: (each) => each.off.length, cell: (each) => `${each.off.length} of ${view.coverage.policies}` },
    ...["report", "approve", "auto"].map((mode) => ({ title: `In mode ${mode}`, kind: "number", key: (each) => each.modes[mode], cell: (each) => number.format(each.modes[mode]) })),
    { title: "Regions", cell: (each) => foreign(each.regions.join(", ") || (each.registered ? "the hub's" : "none"), 120) },
  ],
};

const SOURCES = { execution: "an execution, of one resource", sweep: "a sweep or backfill", "local survey": "a local survey" };
const ASSESSED = {
  caption: "Last assessed",
  each: 10,
  sorted: "",
  nothing: () => ["Never", "Nothing in what is chosen was assessed in this period."],
  columns: [
    { title: "Last assessed (UTC)", kind: "fixed", key: (each) => each.at, cell: (each) => time(each.at) },
    { title: "Account", key: (each) => each.account, cell: (each) => named(each.account) },
    { title: "Region", key: (each) => each.region, cell: (each) => foreign(each.region, 40) },
    { title: "Type", key: (each) => each.type, cell: (each) => foreign(each.type, 40) },
    { title: "By", key: (each) => each.source, cell: (each) => [SOURCES[each.source] ?? visible(each.source), small(foreign(each.by.split(":").pop(), 60))] },
  ],
};
