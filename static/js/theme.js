// Light, dark or the system's choice. The server renders the saved choice; this only switches it.
import { post } from "./words.js";

export function startTheme() {
  mark(document.documentElement.dataset.theme ?? "system");
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-value]");
    if (choice) choose(choice.dataset.themeValue, choice.closest("[data-theme-switch]"));
  });
}

function choose(value, group) {
  const frames = [...document.querySelectorAll("[data-letter]")].map((frame) => frame.contentDocument);
  for (const page of [document, ...frames]) {
    if (value === "system") delete page?.documentElement.dataset.theme;
    else if (page) page.documentElement.dataset.theme = value;
  }
  mark(value);
  const url = group?.dataset.themeSwitch;
  if (url) post(url, { theme: value === "system" ? "" : value }).catch(() => undefined);
}

function mark(value) {
  for (const choice of document.querySelectorAll("[data-theme-value]")) {
    choice.setAttribute("aria-checked", String(choice.dataset.themeValue === value));
  }
}
