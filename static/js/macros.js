// The macro picker: its text goes where the person writes, its effects wait as chips until sending.
export function startMacros() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("composer:sent", () => unstage(document.querySelector("[data-staged]")));
}

function onClick(event) {
  const insert = event.target.closest("[data-macro-insert]");
  if (insert) use(insert);
  const leave = event.target.closest("[data-unstage]");
  if (leave) unstage(leave.closest("[data-staged]"));
}

function use(button) {
  const composer = document.querySelector("[data-composer]");
  const text = document.getElementById("macro-text")?.textContent ?? "";
  const staged = composer?.querySelector("[data-staged]");
  if (!composer || !staged) return;
  unstage(staged);
  const effects = document.getElementById("macro-effects");
  const field = staged.querySelector("[name=macro]");
  if (button.dataset.macroInsert) {
    field.value = button.dataset.macroInsert;
    field.disabled = false;
    if (effects) {
      staged.querySelector("[data-staged-list]").append(...[...effects.children].map((chip) => chip.cloneNode(true)));
      staged.hidden = false;
    }
  }
  button.closest("dialog")?.close();
  const area = composer.querySelector(".composer__text");
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.focus();
}

function unstage(staged) {
  if (!staged) return;
  const field = staged.querySelector("[name=macro]");
  field.value = "";
  field.disabled = true;
  staged.querySelector("[data-staged-list]").replaceChildren();
  staged.hidden = true;
}

function onKey(event) {
  const dialog = event.target.closest?.("#macros");
  if (!dialog || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
  const rows = [...dialog.querySelectorAll("[data-macro]")];
  const at = rows.indexOf(document.activeElement);
  if (event.key === "Enter") {
    if (at < 0 && !event.target.matches("input")) return;
    event.preventDefault();
    const wanted = event.shiftKey ? '[data-macro-insert=""]' : "[data-macro-insert]";
    dialog.querySelector(wanted)?.click();
    return;
  }
  event.preventDefault();
  rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))]?.focus();
}
