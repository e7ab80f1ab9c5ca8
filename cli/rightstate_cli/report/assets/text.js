// Text and elements. Whatever comes from the ledger becomes a text node, never HTML.

const SVG = "http://www.w3.org/2000/svg";
const number = new Intl.NumberFormat("en-GB");
const DAY = 86_400_000;

// As `plain` of the command line: characters that are not seen, or reorder the line, are shown as escapes.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const visible = (text) =>
  String(text).replace(UNSEEN, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Text of somebody else's: it cannot reorder what stands around it.
function foreign(text, longest = 160) {
  const shown = visible(text);
  return shown.length <= longest
    ? el("bdi", {}, shown)
    : el("bdi", { title: shown.slice(0, 2000) }, `${shown.slice(0, longest)}…`);
}

const whole = (text) => foreign(text, Infinity);

const counted = (count, noun) =>
  `${number.format(count)} ${count === 1 ? noun : noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;

const time = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ");
const exactly = (milliseconds) => new Date(milliseconds).toISOString().replace("T", " ").replace("Z", " UTC");

function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined || milliseconds < 0) return "";
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function share(compliant, of) {
  if (!of) return "–";
  // 99.96 % is not all.
  const tenths = compliant === of ? 1000 : Math.min(Math.round((1000 * compliant) / of), 999);
  return `${(tenths / 10).toFixed(tenths === 1000 || tenths === 0 ? 0 : 1)} %`;
}

function value(given) {
  if (given === null || given === undefined) return "not set";
  if (Array.isArray(given)) return given.join(", ") || "none";
  return String(given);
}

// A setting before and after; of a list only what goes and comes.
function difference(change, longest = 160) {
  const { before, after } = change;
  const line = el("div", { class: "change" }, el("span", { class: "setting" }, foreign(change.setting, longest)));
  if (Array.isArray(before) && Array.isArray(after)) {
    const gone = before.filter((item) => !after.includes(item));
    const come = after.filter((item) => !before.includes(item));
    const items = [
      ...gone.map((item) => el("li", {}, el("del", {}, "− ", foreign(item, longest)))),
      ...come.map((item) => el("li", {}, el("ins", {}, "+ ", foreign(item, longest)))),
    ];
    const few = longest === Infinity ? items : items.slice(0, 4);
    line.append(el("ul", {}, few, few.length < items.length ? el("li", { class: "muted" }, `and ${items.length - few.length} more`) : null));
  } else {
    line.append(
      // Spaces, so that a line can break between the values and not inside of one.
      " ",
      el("del", {}, foreign(value(before), longest)),
      el("span", { class: "to", "aria-label": "to" }, " → "),
      el("ins", {}, foreign(value(after), longest)),
    );
  }
  return line;
}

const badge = (text, kind) => el("span", { class: `badge ${kind}` }, visible(text));
const small = (...children) => el("span", { class: "small" }, ...children);
const empty = (title, text) => el("p", { class: "empty" }, el("strong", {}, title), text);
