// The page: first what is in it ready counted, then the entries, when they are there.

const view = JSON.parse(document.querySelector("#view").textContent);
const NAMES = { compliant: "Compliant", broken: "Not compliant", waiting: "Waits for approval", left: "Left alone", exempt: "Exempt" };
const COMPLIANT = view.states.indexOf("compliant");
const EXEMPT = view.states.indexOf("exempt");
const form = document.querySelector("#filter");
const status = document.querySelector("#status");
let records = null;
let filter = { ...ALL };
let current = view.figures;

for (const each of [...(view.requests ?? []), ...(view.halts ?? []), ...view.broken.rows]) {
  const [account, region, type, ...id] = each.resource.split("/");
  Object.assign(each, { account, region, type, name: id.join("/") });
}
for (const day of view.figures.days) day.number = Date.parse(day.day) / DAY;

// Exempt pairs count neither for nor against.
const ofPairs = (pairs) => [pairs[COMPLIANT], pairs.reduce((sum, count) => sum + count, 0) - pairs[EXEMPT]];

const bars = (pairs) => {
  const shown = view.states.map((state, place) => [state, pairs[place]]).filter(([, count]) => count);
  const text = shown.map(([state, count]) => `${NAMES[state]} ${number.format(count)}`).join(", ");
  const made = el("div", { class: "bars", role: "img", "aria-label": text, title: text });
  for (const [state, count] of shown) {
    const part = el("i", { class: `is-${state}` });
    part.style.flex = `${count} 0 0`;
    made.append(part);
  }
  return made;
};

// --- What the figures fill ---

function about() {
  const days = (from, to) => (from.slice(0, 10) === to.slice(0, 10) ? from.slice(0, 10) : `${from.slice(0, 10)} to ${to.slice(0, 10)}`);
  // What was asked for ends before the beginning of a day; what was found has its last.
  const asked = view.since && view.until ? days(view.since, new Date(Date.parse(view.until) - 1).toISOString()) : "";
  const accounts = Object.keys(view.accounts).length;
  const filters = [
    ...(view.filters.account ?? []).map((account) => ["account ", foreign(account, 40)]),
    ...(view.filters.since ?? []).map((since) => `from ${exactly(Date.parse(since))}`),
    ...(view.filters.until ?? []).map((until) => `before ${exactly(Date.parse(until))}`),
    ...(view.filters.severity ?? []).map((severity) => `policies of severity ${severity} or higher`),
    ...(view.filters.framework ?? []).map((framework) => `policies of ${framework}`),
  ];
  const rows = [
    ["Period", asked || (view.first ? days(view.since || view.first, view.last) : "no entries")],
    ["Accounts", accounts === 1 ? Object.entries(view.accounts)[0].filter(Boolean).map((text) => foreign(`${text} `, 60)) : number.format(accounts)],
    ["Ledger", foreign(view.source, 100)],
    ["Filters", filters.length ? el("strong", {}, "only ", filters.map((each, place) => (place ? [", ", each] : each))) : "none, all of the ledger"],
    ["Written", `${time(Date.parse(view.generated))} UTC`],
    ["Version", view.version],
  ];
  document.querySelector("#about").append(...rows.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))));
}

function card(name, shown, more, kind = "", below = null) {
  return el("div", { class: `card ${kind}` }, el("span", { class: "name" }, name), el("span", { class: "value" }, shown), el("span", { class: "more" }, more), below);
}

function haltsChosen() {
  return (view.halts ?? []).filter(
    (each) => (!filter.account || each.account === filter.account) && (!filter.type || each.type === filter.type) && (!filter.policy || each.policy === filter.policy),
  );
}

function exemptionsChosen() {
  return (view.exemptions ?? []).filter(
    (each) => (!filter.account || each.account === filter.account) && (!filter.policy || !each.policies.length || each.policies.includes(filter.policy)),
  );
}

function headline(found) {
  const [compliant, of] = ofPairs(found.pairs);
  const exemptions = exemptionsChosen();
  const ending = exemptions.filter((each) => each.state === "ending").length;
  const active = exemptions.filter((each) => each.state !== "expired").length;
  document.querySelector("#headline").replaceChildren(
    card("Resources looked at", number.format(found.resources), [counted(found.records, "execution"), found.unread ? el("strong", {}, `, ${number.format(found.unread)} could not be read`) : null]),
    card("Compliant", share(compliant, of), `${number.format(compliant)} of ${counted(of, "check")}`, "", of ? bars(found.pairs) : null),
    card("Settings changed", number.format(found.changed.settings), `in ${counted(found.changed.records, "execution")}`),
    found.fixed.length
      ? card("Time to remediate", duration(found.fixed[1]), `from event to verified, for half of ${number.format(found.fixed[0])}; 95 % in ${duration(found.fixed[2])}`)
      : card("Time to remediate", "–", "no event led to a change"),
    card("Failed", number.format(found.failed), found.records ? `${share(found.failed, found.records)} of executions` : "no executions", found.failed ? "bad" : ""),
    card("Waiting", number.format(found.waiting), `${found.waiting === 1 ? "resource" : "resources"}, for an approval${view.requests ? "" : ", by the entries alone"}`, found.waiting ? "wait" : ""),
    view.exemptions
      ? card("Exemptions ending", number.format(ending), active ? `within 14 days, of ${number.format(active)} in force` : "none is in force", ending ? "soon" : "")
      : card("Exemptions ending", "–", "the settings are not known"),
    coverageCard(),
  );
}

function coverageCard() {
  const { policies, accounts, local } = view.coverage;
  const of = accounts.filter((each) => !filter.account || each.account === filter.account);
  if (!of.length) return card("Not enabled", "–", local ? "without settings, all policies count" : "the settings are not known");
  const off = of.reduce((sum, each) => sum + each.off.length, 0);
  const none = of.filter((each) => each.off.length === policies).length;
  return card("Not enabled", share(off, policies * of.length), [`of ${number.format(policies)} policies in ${counted(of.length, "account")}`, none ? el("strong", {}, `; ${number.format(none)} with none`) : null], none ? "soon" : "");
}

const chosenOf = (rows) => rows.filter((each) => (!filter.account || each.account === filter.account) && (!filter.type || !each.type || each.type === filter.type));

function brokenChosen() {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return chosenOf(view.broken.rows).filter((each) => {
    const text = words.length ? JSON.stringify(each).toLowerCase() : "";
    return (!filter.policy || filter.policy in each.policies) && words.every((word) => text.includes(word));
  });
}

const FEW = NARROW ? 5 : 10;
const shownAll = new Set();

function posture(host, rows, name, choose) {
  const sorted = Object.entries(rows).sort(([a, one], [b, two]) => {
    const [[c, of], [d, other]] = [ofPairs(one), ofPairs(two)];
    return (of ? c / of : 2) - (other ? d / other : 2) || other - of || (a < b ? -1 : 1);
  });
  if (!sorted.length) return host.replaceChildren(empty("Nothing is known", "No policy has looked at a resource in what is chosen."));
  const all = shownAll.has(host.id) || sorted.length <= FEW + 2;
  const columns = view.states.filter((state) => state !== "compliant");
  host.replaceChildren(
    el("table", { class: "posture" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, host.id === "by-policy" ? "Policy" : "Account"), el("th", { scope: "col" }, el("span", { class: "unseen" }, "Share")), el("th", { scope: "col", class: "number" }, "Compliant"),
        host.id === "by-policy" ? columns.map((state) => el("th", { scope: "col", class: "number wide-only" }, NAMES[state])) : el("th", { scope: "col", class: "number" }, "Of"))),
      el("tbody", {}, (all ? sorted : sorted.slice(0, FEW)).map(([key, pairs]) => {
        const [compliant, of] = ofPairs(pairs);
        return el("tr", {},
          el("td", {}, el("button", { type: "button", class: "link", disabled: !records, onclick: () => choose(key) }, name(key))),
          el("td", { class: "bar-cell" }, bars(pairs)),
          el("td", { class: "number" }, share(compliant, of)),
          host.id === "by-policy"
            ? columns.map((state) => el("td", { class: "number wide-only" }, pairs[view.states.indexOf(state)] ? number.format(pairs[view.states.indexOf(state)]) : el("span", { class: "muted" }, "–")))
            : el("td", { class: "number" }, number.format(of)));
      }))));
  if (!all || shownAll.has(host.id))
    host.append(el("p", { class: "note" }, el("button", {
      type: "button", class: "link more",
      onclick: () => {
        if (!shownAll.delete(host.id)) shownAll.add(host.id);
        posture(host, rows, name, choose);
      },
    }, all ? "Show the worst only" : `Show all ${sorted.length}`)));
}

function failures(found) {
  document.querySelector("#errors").replaceChildren(
    ...(found.failures.length
      ? found.failures.map((each) => {
          const accounts = each.accounts.length > 3 ? `${each.accounts.slice(0, 3).join(", ")} and others` : each.accounts.join(", ");
          const step = (view.steps[each.error] ?? "The execution's history has the state that failed, and why.").replaceAll("{account}", visible(accounts));
          return el("div", { class: "failure" },
            el("div", { class: "count" }, number.format(each.count)),
            el("div", {},
              el("h3", {}, foreign(each.error, 80)),
              el("p", { class: "muted" }, `${counted(each.resources, "resource")}, last on ${time(Date.parse(each.last))}: `, foreign(each.reason, 300)),
              el("p", {}, step.split("`").map((part, place) => (place % 2 ? el("code", {}, part) : part)))));
        })
      : [empty("No failure", "Every execution in what is chosen has ended as it should.")]),
  );
}

function redraw() {
  drawPosture(current);
  drawActivity(current);
}

function show(found) {
  current = found;
  headline(found);
  posture(document.querySelector("#by-policy"), found.policies, (key) => [foreign(key, 80), small(visible(view.titles[key] ?? ""))], (key) => choose({ policy: key }));
  posture(document.querySelector("#by-account"), found.accounts, (key) => [foreign(view.accounts[key] || key, 40), view.accounts[key] ? small(foreign(key, 40)) : null], (key) => choose({ account: key }));
  redraw();
  failures(found);
}

// --- Filter ---

const tables = Object.fromEntries(
  Object.entries(TABLES).map(([name, given]) => [name, new Table(document.querySelector(`#${name} .table`), { ...given, opens: (i) => openEntry(i) })]),
);
const requestsTable = new Table(document.querySelector("#requests"), REQUESTS);
const haltsTable = new Table(document.querySelector("#halts .table"), HALTS);
const brokenTable = new Table(document.querySelector("#broken .table"), BROKEN);
const enabledTable = new Table(document.querySelector("#enabled"), ENABLED);
const assessedTable = new Table(document.querySelector("#assessed"), ASSESSED);
const exemptionsTable = new Table(document.querySelector("#exemptions .table"), EXEMPTIONS);

function choose(some) {
  for (const [name, given] of Object.entries(some)) form.elements[name].value = given;
  apply();
  document.querySelector("#headline").scrollIntoView({ block: "center" });
}

function apply() {
  filter = { ...ALL, ...Object.fromEntries(new FormData(form)) };
  const narrowed = Object.keys(ALL).some((name) => filter[name]);
  form.querySelector("[type=reset]").hidden = !narrowed;
  bringHits(Boolean(filter.text || filter.outcome));
  remember();
  const found = chosen(records, filter);
  show(narrowed ? figures(records, found, filter.policy, asked(filter)) : view.figures);
  fill(found.shown);
  status.textContent = narrowed ? `${number.format(found.shown.length)} of ${counted(records.count, "execution")} are shown.` : "";
}

const WRITTEN = new Set(["remediated", "undone", "failed", "died"]);
const APPROVED = new Set(["awaiting-approval", "denied"]);

function fillSettings() {
  brokenTable.show(brokenChosen());
  enabledTable.show(chosenOf(view.coverage.accounts));
  assessedTable.show(chosenOf(view.assessed));
  requestsTable.show(requestsShown());
  haltsTable.show(haltsChosen());
  exemptionsTable.show(exemptionsChosen());
}

// What a search finds stands above the posture, which it does not narrow.
const hitsSection = document.querySelector("#executions");
function bringHits(up) {
  if (up) {
    hitsSection.querySelector("details").open = true;
    document.querySelector("#headline").before(hitsSection);
  } else if (hitsSection.nextElementSibling) hitsSection.parentNode.append(hitsSection);
}

// --- The address has the filters: #section&account=…&type=… ---

const inAddress = (filter) => Object.entries(filter).filter(([, given]) => given).map(([name, given]) => `${name}=${encodeURIComponent(given)}`);
const sectionIn = () => location.hash.slice(1).split("&").find((part) => part && !part.includes("=")) ?? "";

function remember(section = sectionIn()) {
  const hash = [section, ...inAddress(filter)].filter(Boolean).join("&");
  if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : `${location.pathname}${location.search}`);
}

function restore() {
  for (const part of location.hash.slice(1).split("&")) {
    const [name, ...given] = part.split("=");
    if (!given.length || !(name in ALL)) continue;
    try {
      form.elements[name].value = decodeURIComponent(given.join("="));
    } catch {
      // Cut off by whoever copied it.
    }
  }
}

function go(section) {
  const target = document.getElementById(section);
  const details = target?.querySelector(":scope > details");
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
}

for (const link of document.querySelectorAll(".sections a"))
  link.addEventListener("click", (event) => {
    event.preventDefault();
    remember(link.hash.slice(1));
    go(link.hash.slice(1));
  });
addEventListener("hashchange", () => {
  if (!records) return;
  form.reset();
  restore();
  apply();
  go(sectionIn());
});

// On a phone each section opens when it is asked for; on paper all are open.
if (NARROW) for (const details of document.querySelectorAll("main section > details")) if (details.parentNode.id !== "posture") details.open = false;
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("main section > details:not([open])")];
  for (const details of closed) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
});

function fill(shown) {
  tables.changes.show(shown.filter((i) => records.place("changes", i) && WRITTEN.has(records.get("outcome", i))));
  tables.approvals.show(shown.filter((i) => records.place("approval", i) || APPROVED.has(records.get("outcome", i))));
  tables.executions.show(shown);
  fillSettings();
}

// Of an outcome that an execution has only once it waits no more there are none.
function requestsShown() {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (filter.outcome && filter.outcome !== "awaiting-approval") return [];
  return asked(filter).requests.filter((each) => {
    const text = JSON.stringify(each).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function options(name, texts) {
  form.elements[name].append(...texts.map(([given, text]) => el("option", { value: given }, visible(text ?? given).slice(0, 80))));
}

let waiting = 0;
form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(apply, event.target.name === "text" ? 200 : 0);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(apply));

// --- Light and dark ---

const root = document.documentElement;
const toggle = document.querySelector("#theme");
const preference = matchMedia("(prefers-color-scheme: dark)");
let theme = preference.matches ? "dark" : "light";

function setTheme(name) {
  root.dataset.theme = name;
  redraw();
}

function switchTo(name) {
  theme = name;
  toggle.textContent = name === "dark" ? "Light" : "Dark";
  setTheme(name);
}

toggle.addEventListener("click", () => switchTo(theme === "dark" ? "light" : "dark"));
preference.addEventListener("change", () => switchTo(preference.matches ? "dark" : "light"));
// Paper is light.
matchMedia("print").addEventListener("change", ({ matches }) => setTheme(matches ? "light" : theme));

// --- Begin ---

// Where the reader is.
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries)
      if (isIntersecting)
        for (const link of document.querySelectorAll(".sections a")) link.classList.toggle("here", link.hash === `#${target.id}`);
  },
  { rootMargin: "-20% 0px -70% 0px" },
);
for (const section of document.querySelectorAll("main section[aria-labelledby]")) seen.observe(section);

about();
if (view.missing.length)
  document.querySelector("#exemptions .head").append(
    el("p", {}, el("strong", {}, "Not complete: "), "the settings of these accounts are not understood: ", foreign(view.missing.join(", "), 400)),
  );
document.querySelector("#legend").append(...view.states.map((state) => el("span", {}, el("span", { class: `dot is-${state}` }), NAMES[state])));
root.dataset.theme = theme;
toggle.textContent = theme === "dark" ? "Light" : "Dark";
show(view.figures);
fillSettings();
if (view.broken.more)
  document.querySelector("#broken .head").append(el("p", {}, el("strong", {}, "Not all: "), `the first ${number.format(view.broken.rows.length)} are listed. The posture counts all of them.`));
if (view.looks === null)
  document.querySelector("#coverage .head").append(el("p", {}, "Without surveys: they are not in the file that the report was made from, or could not be read."));
status.textContent = `Reading ${counted(view.figures.records, "execution")}…`;
performance.mark("first-view");

document.addEventListener("DOMContentLoaded", async () => {
  try {
    records = await load(document.querySelector("#data"));
  } catch (error) {
    status.textContent = `The entries in this page cannot be read (${error.message}). The files beside it have them.`;
    return;
  }
  options("account", Object.entries(view.accounts).map(([id, name]) => [id, name ? `${name} (${id})` : id]));
  options("type", [...new Set([...records.resources, ...(view.requests ?? [])].map((each) => each.type))].sort().map((type) => [type]));
  options("policy", Object.keys(view.figures.policies).map((policy) => [policy]));
  options("outcome", Object.keys(view.figures.outcomes).map((name) => [name]));
  for (const name of ["from", "to"]) {
    form.elements[name].min = view.first.slice(0, 10);
    form.elements[name].max = view.last.slice(0, 10);
  }
  form.querySelector("fieldset").disabled = false;
  restore();
  apply();
  if (sectionIn()) go(sectionIn());
  performance.mark("entries");
  root.dataset.ready = "yes";
});
