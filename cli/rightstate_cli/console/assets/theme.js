// Light or dark, before anything is painted: as this browser was told, else as the system is.
(() => {
  "use strict";
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be switched off.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => (document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", show);
  show();
})();
