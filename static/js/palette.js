// The palette: a combobox over what the server finds. It knows which tickets are at hand, the
// ticked ones or the open one, and what is done in it is done to them.
import { words } from "./words.js";

export function startPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  palette.addEventListener("keydown", onKey);
  palette.addEventListener("click", onClick);
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-dialog="#palette"]')) open(palette);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (target.id === "palette-results") found(palette);
    if (target.id === "palette-near") leaveOut(palette, target);
    if (target.id.startsWith("palette-")) chooseAgain(palette);
  });
}

const input = (palette) => palette.querySelector("[role=combobox]");
const options = (palette) => [...palette.querySelectorAll("[role=option]")];

function open(palette) {
  const ticked = [...document.querySelectorAll("[data-tick]:checked")].map((box) => box.value);
  const open = document.querySelector("[data-presence]")?.dataset.presence;
  set(palette, ticked.length ? ticked : open ? [open] : []);
}

function set(palette, numbers) {
  const at = palette.querySelector("[data-palette-at]");
  at.hidden = numbers.length === 0;
  palette.querySelector("[data-palette-at-text]").textContent =
    numbers.length === 1 ? words("palette_on", { number: numbers[0] }) : words("selected", { count: numbers.length });
  palette.querySelector("[data-palette-numbers]").replaceChildren(
    ...numbers.map((number) => Object.assign(document.createElement("input"), { type: "hidden", name: "number", value: number })),
  );
  if (numbers.length || input(palette).value) window.htmx.trigger(input(palette), "palette:open");
}

// Words are there at once; what is close in meaning follows, without what is shown already.
function found(palette) {
  const near = palette.querySelector("#palette-near");
  const typed = input(palette).value.trim();
  if (typed.length > 2 && !/^[>#@]/.test(typed)) window.htmx.trigger(near, "palette:near");
  else near.replaceChildren();
}

function leaveOut(palette, near) {
  const shown = new Set([...palette.querySelectorAll("#palette-results a")].map((link) => link.href));
  for (const link of near.querySelectorAll("a")) if (shown.has(link.href)) link.remove();
  if (near.querySelector("[role=group]") && !near.querySelector("a")) near.replaceChildren();
}

// Results that arrive later must not take away what somebody has chosen meanwhile. The same place
// with other words is another thing.
let chosen = "";
const named = (option) => `${option.id} ${option.textContent}`;

function chooseAgain(palette) {
  choose(palette, options(palette).find((option) => named(option) === chosen) ?? null);
}

function choose(palette, option) {
  chosen = option ? named(option) : "";
  for (const each of options(palette)) each.setAttribute("aria-selected", String(each === option));
  const field = input(palette);
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function onKey(event) {
  const palette = event.currentTarget;
  const found = options(palette);
  // By name, not by mark: the same choice may just have come anew, without its mark.
  const here = chosen ? found.findIndex((option) => named(option) === chosen) : -1;
  if (["ArrowDown", "ArrowUp"].includes(event.key) && found.length) {
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(palette, found[here < 0 && step < 0 ? found.length - 1 : (here + step + found.length) % found.length]);
  } else if (event.key === "Enter" && here >= 0 && event.target.matches("input")) {
    found[here].click();
  } else if (event.key === "Backspace" && event.target.matches("input") && event.target.value === "") {
    set(palette, []);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function onClick(event) {
  const palette = event.currentTarget;
  if (event.target.closest("[data-palette-drop]")) {
    set(palette, []);
    window.htmx.trigger(input(palette), "palette:open");
    input(palette).focus();
  }
  if (event.target.closest("[data-palette-act]")) setTimeout(() => palette.close());
}
