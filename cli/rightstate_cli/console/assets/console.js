// What pages do beside what htmx does: the theme, copying a command, choosing rows.
(() => {
  "use strict";
  const root = document.documentElement;
  const said = document.querySelector("#said");

  const name = () => {
    const button = document.querySelector("#theme");
    const other = root.dataset.theme === "dark" ? "light" : "dark";
    button.textContent = other === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `Change to ${other}`);
  };

  function changeTheme() {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Then it lasts for this page.
    }
    name();
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.closest(".command").querySelector("code").textContent);
    said.textContent = "The command is copied.";
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  // The boxes of a table, all at once, and how many are chosen.
  function count(form) {
    const boxes = [...form.querySelectorAll("input[type=checkbox][data-row]:not(:disabled)")];
    const chosen = boxes.filter((box) => box.checked).length;
    const every = form.querySelector("input[data-every]");
    if (every) {
      every.checked = boxes.length > 0 && chosen === boxes.length;
      every.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    for (const each of form.querySelectorAll("[data-chosen]")) each.textContent = chosen;
    for (const each of form.querySelectorAll("[data-needs-chosen]")) each.disabled = chosen === 0;
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("#theme")) changeTheme();
    const button = target.closest("[data-copy]");
    if (button) copy(button);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (event.target.matches("input[data-every]"))
      for (const box of form.querySelectorAll("input[data-row]:not(:disabled)")) box.checked = event.target.checked;
    if (event.target.matches("input[type=checkbox]")) count(form);
  });

  const begin = (host) => {
    for (const form of host.querySelectorAll("form[data-choosing]")) count(form);
  };
  // htmx puts what an error page says in the place of the part that it asked for.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400) event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:afterSwap", () => begin(document));
  document.addEventListener("htmx:sendError", () => {
    said.textContent = "The console does not answer. Perhaps it was stopped in the terminal.";
    said.classList.add("shown");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) said.classList.remove("shown");
  });
  // On a phone the menu is wider than the window.
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  name();
  begin(document);
})();
