// Keyboard map. A key is declared where it is printed: data-key="r", "Shift+D", "Ctrl+K", "g m".
// Pressing it clicks (or focuses) the first visible element that declares it. Matching uses
// event.key, so QWERTZ and AZERTY work; single keys are off in fields and can be switched off.
const SEQUENCE_TIME = 1200;
const STORE = "omnidesk.single-keys";
const commands = new Map();
let first = "";
let firstTimer = 0;

export function command(key, run) {
  commands.set(key, run);
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", filterPicker);
  document.addEventListener("keydown", movePicker);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-single-keys]")) {
      localStorage.setItem(STORE, event.target.checked ? "on" : "off");
    }
  });
  const toggle = document.querySelector("[data-single-keys]");
  if (toggle) toggle.checked = singleKeysOn();
  command("F6", nextPane);
  // Where a page has no search field of its own, "/" does what the search box in the rail does.
  command("/", () => {
    const search = target("Ctrl+K");
    if (!search) return false;
    activate(search);
    return true;
  });
}

function singleKeysOn() {
  return localStorage.getItem(STORE) !== "off";
}

function name(event) {
  const control = event.ctrlKey || event.metaKey;
  const letter = /^\p{L}$/u.test(event.key);
  const shift = event.shiftKey && (letter || event.key.length > 1);
  const key = letter ? (shift || control ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
  return [control && "Ctrl", shift && "Shift", key].filter(Boolean).join("+");
}

function typing(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const pressed = name(event);
  const plain = !pressed.startsWith("Ctrl+") && !/^F\d+$/.test(event.key);
  if (plain && (typing(event.target) || !singleKeysOn())) return;
  // Who is writing takes back letters, as everywhere.
  if (pressed === "Ctrl+Z" && typing(event.target) && event.target.value) return;
  const key = first && plain ? `${first} ${pressed}` : pressed;
  const found = target(key);
  clearTimeout(firstTimer);
  first = "";
  if (found) {
    event.preventDefault();
    activate(found);
  } else if (commands.has(key) && !document.querySelector("dialog[open]")) {
    if (commands.get(key)(event) !== false) event.preventDefault();
  } else if (pressed === "g") {
    first = "g";
    firstTimer = setTimeout(() => (first = ""), SEQUENCE_TIME);
  }
}

// The topmost layer alone answers: an open dialog, then an open menu, then the page.
function target(key) {
  const layer = document.querySelector("dialog[open]") ?? document;
  for (const element of layer.querySelectorAll("[data-key]")) {
    // data-always: the button sits in a closed menu, its key works nevertheless.
    const reachable = element.checkVisibility() || "always" in element.dataset;
    if (matches(element.dataset.key, key) && reachable && !element.disabled) return element;
  }
  return null;
}

function matches(declared, key) {
  if (declared === key) return true;
  // Buttons print capitals for single letters.
  return /^\p{Lu}$/u.test(declared) && declared.toLowerCase() === key;
}

function activate(element) {
  if (element.matches("input, textarea, select")) element.focus();
  else if (element.matches("summary")) {
    element.click();
    element.focus();
  } else element.click();
}

function nextPane() {
  const panes = [...document.querySelectorAll("[data-f6]")].filter((pane) => pane.checkVisibility());
  const here = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes[(here + 1) % panes.length];
  // A narrow window's own buttons are there and hidden.
  const inside = [...(next?.querySelectorAll("a, button, input, textarea") ?? [])].filter((one) => one.checkVisibility());
  // Rather a link or a button than a field: in a field, single keys are letters.
  const calm = inside.find((one) => one.matches("a, button"));
  (inside.find((one) => one.closest("[aria-current=true]")) ?? calm ?? inside[0])?.focus();
}

// Pickers: type to filter, arrows move, Enter applies (native).
function filterPicker(event) {
  const field = event.target.closest("[data-picker-filter]");
  if (!field) return;
  const wanted = field.value.trim().toLocaleLowerCase();
  for (const row of field.closest(".popover, dialog").querySelectorAll(".picker__row")) {
    row.hidden = wanted !== "" && !row.textContent.toLocaleLowerCase().includes(wanted);
  }
}

function movePicker(event) {
  const box = event.target.closest?.(".popover");
  if (!box || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const rows = [...box.querySelectorAll(".picker__row")].filter((row) => row.checkVisibility());
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  rows[(here + step + rows.length) % rows.length].focus();
  event.preventDefault();
}
