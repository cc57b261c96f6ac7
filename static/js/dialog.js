// Dialogs, drawers and menus: native elements, opened and closed by attributes.
//   data-dialog="#id" opens, data-close closes; a <dialog data-open> that htmx swaps in opens itself.
//   <details class="menu"> closes on Escape, on a click elsewhere and when another opens.
let opener = null;

export function startDialogs() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("toggle", onToggle, true);
  document.addEventListener("htmx:load", (event) => openSwapped(event.detail.elt));
  document.addEventListener("close", restoreFocus, true);
  // What was chosen in a menu is on its way: the menu has done its work.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const menu = detail.elt.matches?.(".popover form, .popover [data-menu-closes]") && detail.elt.closest("details.menu");
    if (menu) menu.open = false;
  });
  // What was refused is there to be corrected.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.xhr?.status !== 422) return;
    const menu = document.querySelector(".popover [autofocus][aria-invalid]")?.closest("details.menu");
    if (menu) menu.open = true;
  });
}

function onClick(event) {
  const target = event.target;
  const button = target.closest("[data-dialog]");
  if (button) {
    event.preventDefault();
    openDialog(document.querySelector(button.dataset.dialog), button);
    return;
  }
  const pane = target.closest("[data-pane]");
  if (pane) togglePane(document.querySelector(pane.dataset.pane), pane);
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement && target.open && outside(target, event)) target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

export function openDialog(dialog, from = document.activeElement) {
  if (!dialog || dialog.open) return;
  opener = from;
  dialog.showModal();
  (dialog.querySelector("[autofocus], input:not([type=hidden]), textarea") ?? dialog).focus();
}

function openSwapped(element) {
  const dialog = element.matches?.("dialog[data-open]") ? element : element.querySelector?.("dialog[data-open]");
  if (dialog) openDialog(dialog);
}

function outside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left && event.clientX <= box.right &&
    event.clientY >= box.top && event.clientY <= box.bottom;
  // A click made by the Enter key has no position.
  return !inside && (event.clientX !== 0 || event.clientY !== 0);
}

function togglePane(pane, button) {
  if (!pane) return;
  const open = pane.classList.toggle("is-open");
  for (const each of document.querySelectorAll(`[data-pane="${button.dataset.pane}"]`)) {
    each.setAttribute("aria-expanded", String(open));
  }
  if (open) {
    opener = button;
    pane.querySelector("button, a, input")?.focus();
  } else {
    opener?.focus();
  }
}

function onEscape(event) {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
    event.preventDefault();
    return;
  }
  const pane = document.querySelector(".pane--context.is-open");
  if (pane) {
    pane.classList.remove("is-open");
    opener?.focus();
    event.preventDefault();
  }
}

function onToggle(event) {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  for (const other of document.querySelectorAll("details.menu[open]")) {
    if (other !== menu && !other.contains(menu)) other.open = false;
  }
  const wrong = menu.querySelector("[aria-invalid='true']");
  (wrong ?? menu.querySelector("input[type=search], [autofocus], .picker__row, .input"))?.focus();
}

function restoreFocus(event) {
  if (!(event.target instanceof HTMLDialogElement)) return;
  // What opened it may be gone: a live refetch, or the dialog's own work, replaced it.
  if (opener?.isConnected) opener.focus();
  else document.getElementById("main")?.focus();
}
