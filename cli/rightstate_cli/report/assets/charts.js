// The plots, in the colours of the page.

const GROUPS = {
  changed: "Changed",
  found: "Found, left as it was",
  waiting: "Waiting",
  failed: "Failed",
  complied: "Complied",
  alone: "Left alone",
};
const COLOUR_OF = { changed: "changed", found: "left", waiting: "waiting", failed: "broken", complied: "compliant", alone: "exempt" };
// What complied is most, and would hide the rest.
const hidden = new Set(["complied", "alone"]);
const plots = {};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Days, or weeks where there are many.
function spans(days) {
  if (!days.length) return [];
  const last = days[days.length - 1].number;
  const step = last - days[0].number > 120 ? 7 : 1;
  // 1970 began on a Thursday; weeks begin on Mondays.
  const begin = (number) => (step === 7 ? number - ((number + 3) % 7) : number);
  const made = [];
  let next = 0;
  let pairs = days[0].pairs;
  for (let number = begin(days[0].number); number <= last; number += step) {
    const outcomes = {};
    for (; next < days.length && days[next].number < number + step; next++) {
      pairs = days[next].pairs;
      for (const [name, count] of Object.entries(days[next].outcomes)) outcomes[name] = (outcomes[name] ?? 0) + count;
    }
    made.push({ label: new Date(number * DAY).toISOString().slice(0, 10), outcomes, pairs, step });
  }
  return made;
}

function scales(y, stacked, offset) {
  const text = { color: colour("muted"), font: { size: 11 } };
  return {
    x: { stacked, offset, grid: { display: false }, border: { color: colour("line") }, ticks: { ...text, maxRotation: 0, autoSkipPadding: 24 } },
    y: { stacked, beginAtZero: true, border: { display: false }, grid: { color: colour("line") }, ticks: { ...text, precision: 0, maxTicksLimit: 6 }, ...y(text) },
  };
}

function draw(name, config) {
  plots[name]?.destroy();
  const font = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.family = font;
  plots[name] = new Chart(document.getElementById(name), {
    ...config,
    options: {
      ...config.options,
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: {
          backgroundColor: colour("ink"),
          titleColor: colour("surface"),
          bodyColor: colour("surface"),
          padding: 10,
          boxWidth: 10,
          boxHeight: 10,
          ...config.tooltip,
        },
      },
    },
  });
}

function drawPosture(found) {
  const over = spans(found.days);
  const last = over[over.length - 1];
  document
    .getElementById("posture-plot")
    .setAttribute("aria-label", last ? `Compliant share over time, ${share(...ofPairs(last.pairs))} at the end` : "No entries");
  const shares = over.map(({ pairs }) => ofPairs(pairs)).map(([compliant, of]) => (of ? (100 * compliant) / of : null));
  const lowest = Math.min(100, ...shares.filter((each) => each !== null));
  draw("posture-plot", {
    type: "line",
    data: {
      labels: over.map((each) => each.label),
      datasets: [{
        data: shares,
        borderColor: colour("compliant"),
        backgroundColor: `${colour("compliant")}22`,
        fill: true,
        borderWidth: 2,
        tension: 0.2,
        pointRadius: over.length === 1 ? 4 : 0,
        pointHitRadius: 12,
        pointBackgroundColor: colour("compliant"),
      }],
    },
    options: {
      scales: scales(
        (text) => ({
          beginAtZero: false,
          min: Math.max(0, Math.floor((lowest - 5) / 10) * 10),
          max: 100,
          ticks: { ...text, maxTicksLimit: 6, callback: (tick) => `${tick} %` },
        }),
        false,
        // A single day stands in the middle.
        over.length === 1,
      ),
    },
    tooltip: {
      displayColors: false,
      callbacks: {
        label: ({ dataIndex }) => `${share(...ofPairs(over[dataIndex].pairs))} compliant`,
        afterLabel: ({ dataIndex }) =>
          view.states.map((state, place) => `${NAMES[state]} ${number.format(over[dataIndex].pairs[place])}`),
      },
    },
  });
}

function drawActivity(found) {
  const over = spans(found.days);
  const names = Object.keys(GROUPS);
  const label = names.map((name) => `${GROUPS[name]} ${found.days.reduce((sum, day) => sum + (day.outcomes[name] ?? 0), 0)}`);
  document.getElementById("activity-plot").setAttribute("aria-label", `Executions over time. ${label.join(", ")}`);
  draw("activity-plot", {
    type: "bar",
    data: {
      labels: over.map((each) => (each.step === 7 ? `Week of ${each.label}` : each.label)),
      datasets: names.map((name) => ({
        label: GROUPS[name],
        data: over.map((each) => each.outcomes[name] ?? 0),
        backgroundColor: colour(COLOUR_OF[name]),
        hidden: hidden.has(name),
        maxBarThickness: 40,
        categoryPercentage: 0.86,
        barPercentage: 1,
      })),
    },
    options: { scales: scales(() => ({}), true, true) },
    tooltip: { filter: (item) => item.raw > 0 },
  });
  const legend = document.getElementById("activity-legend");
  legend.replaceChildren(
    ...names.map((name, place) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": String(!hidden.has(name)),
          onclick: () => {
            if (!hidden.delete(name)) hidden.add(name);
            drawActivity(found);
            legend.children[place].focus();
          },
        },
        el("span", { class: `dot is-${name}` }),
        `${GROUPS[name]} ${number.format(found.days.reduce((sum, day) => sum + (day.outcomes[name] ?? 0), 0))}`,
      ),
    ),
  );
}
