// One entry with all its facts, and the way that its execution took.

const sheet = document.querySelector("#entry");

function openEntry(i) {
  const { id, type, account, region } = records.resource(i);
  const close = el("button", { type: "button", class: "quiet", onclick: () => sheet.close() }, "Close");
  sheet.querySelector(".sheet").replaceChildren(
    el("header", {},
      el("div", {}, el("h2", { id: "entry-title" }, whole(id || "*")),
        el("p", { class: "muted" }, visible(type), " in ", foreign(account), view.accounts[account] ? [" (", foreign(view.accounts[account], 60), ")"] : null, ", ", foreign(region, 40))),
      close),
    el("div", { class: "columns" },
      el("div", {}, facts(i), changes(i), verdicts(i)),
      el("div", {}, way(i))),
  );
  if (!sheet.open) sheet.showModal();
  sheet.querySelector(".sheet").scrollTop = 0;
  close.focus();
}

sheet.addEventListener("click", (event) => {
  if (event.target === sheet) sheet.close();
});

function facts(i) {
  const get = (name) => records.get(name, i);
  const approval = get("approval");
  const other = (execution) => {
    const place = records.of(execution);
    const name = whole(execution.split(":").pop());
    return place === undefined ? [name, " (not in this report)"] : el("button", { type: "button", class: "link", onclick: () => openEntry(place) }, name);
  };
  const undone = records.undoneBy(i);
  const rows = [
    ["Outcome", [outcome(i), get("error") ? [" ", el("strong", {}, whole(get("error")))] : null]],
    ["Reason", get("reason")],
    ["Rule", get("rule")],
    ["Started", exactly(records.started[i]) + (records.took[i] >= 0 ? `, took ${duration(records.took[i])}` : "")],
    ["Caused by", get("principal") || get("principal_id")],
    ["Call", get("event_name") && [whole(get("event_name")), get("event_time") ? [" at ", whole(get("event_time"))] : null, get("source") ? [" from ", whole(get("source"))] : null]],
    ["Event", get("event")],
    ["Requested by", get("requester")],
    ["Why", get("why")],
    ["Approved by", approval && [whole(approval.arn || approval.by), approval.at ? [" at ", whole(approval.at)] : null]],
    ["Approver's id", approval?.arn && approval.by],
    ["Approval", approval && [whole(approval.id ?? ""), approval.reason ? [": ", whole(approval.reason)] : null]],
    ["Window", approval && (approval.not_before || approval.not_after) && `${approval.not_before || "any time"} to ${approval.not_after || "any time"}`],
    ["Plan", get("plan")],
    ["Takes back", get("undo") && other(get("undo"))],
    ["Undone by", undone !== undefined && other(records.get("execution", undone))],
    ["API calls", get("calls") && get("calls").join(", ")],
    ["Batch", get("batch")],
    ["Version", get("version")],
    ["Execution", get("execution")],
  ];
  return el("dl", { class: "facts" }, rows.filter(([, text]) => text).map(([name, text]) => [el("dt", {}, name), el("dd", {}, typeof text === "string" ? whole(text) : text)]));
}

const MADE = {
  yes: "Changed",
  partly: "Changed, and verified in part",
  unverified: "Changed, but not verified",
  unknown: "To be changed; the reason says how far it came",
  no: "Would be changed",
};

function changes(i) {
  const found = records.get("changes", i);
  if (!found) return null;
  const read = records.get("verified", i) ?? {};
  const made = records.get("made", i);
  const shown = ({ setting }) => (setting in read ? ["; a fresh read shows ", foreign(value(read[setting]), 400)] : made === "partly" ? "; not verified" : null);
  return [
    el("h3", {}, MADE[made]),
    ...found.map((change) =>
      el("div", { class: "change" }, difference(change, Infinity),
        small("for ", foreign(change.policies.join(", "), 400), shown(change)))),
  ];
}

const OF_STATUS = { compliant: "compliant", broken: "broken", exempt: "exempt", halted: "left", managed: "left", held: "left" };

function verdicts(i) {
  const found = records.verdicts(i);
  if (!found.length) return null;
  return [
    el("h3", {}, `Policies (${found.length})`),
    el("table", { class: "stacked" },
      el("thead", {}, el("tr", {}, ["Policy", "Mode", "Status", "Found"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, found.map((verdict) =>
        el("tr", {},
          el("td", {}, foreign(verdict.policy, 100), small(visible(view.titles[verdict.policy] ?? ""))),
          el("td", {}, visible(verdict.mode)),
          el("td", {}, badge(verdict.status, OF_STATUS[verdict.status] ?? "")),
          el("td", {}, verdict.findings.map((finding) => difference(finding, 400)), verdict.reason ? small(whole(verdict.reason)) : null, verdict.rule ? small("by ", whole(verdict.rule)) : null, inCode(verdict)))))),
  ];
}

// Infrastructure as code manages the resource: what somebody has to change there.
function inCode({ code }) {
  return code ? [small(view.managed), code.map((line) => small(el("code", {}, visible(line))))] : null;
}

function way(i) {
  const path = records.path(i);
  const svg = document.querySelector("#machine").content.firstElementChild.cloneNode(true);
  const states = new Map([...svg.querySelectorAll("[data-state]")].map((state) => [state.dataset.state, state]));
  const visits = new Map();
  for (const step of path) visits.set(step.state, [...(visits.get(step.state) ?? []), step]);
  for (const [name, steps] of visits) {
    const state = states.get(name);
    if (!state) continue;
    state.classList.add("entered");
    const took = steps.reduce((sum, step) => sum + (step.took ?? 0), 0);
    state.querySelector(".time").textContent = [duration(took), steps.length > 1 ? `×${steps.length}` : ""].filter(Boolean).join(" ");
  }
  path.slice(1).forEach(({ state }, place) => {
    for (const line of svg.querySelectorAll(".way"))
      if (line.dataset.source === path[place].state && line.dataset.target === state) {
        line.classList.add("taken");
        // Above those that were not.
        line.parentNode.insertBefore(line, svg.querySelector("[data-state]"));
      }
  });
  const unknown = [...visits.keys()].filter((name) => !states.has(name));
  return [
    el("h3", {}, path.length ? `The way through the state machine (${path.length} states)` : "The state machine"),
    path.length ? null : el("p", { class: "muted" }, "The ledger has no path for this execution."),
    svg,
    unknown.length ? el("p", { class: "muted" }, "Also entered, of another version: ", foreign(unknown.join(", "), 400)) : null,
    path.length ? el("ol", { class: "unseen" }, path.map((step) => el("li", {}, visible(step.state), ", entered after ", duration(step.after), ", took ", duration(step.took)))) : null,
  ];
}
