// The composer: reply or note, Ctrl+Enter sends, the draft survives on this device.
import { words } from "./words.js";

const SAVE_AFTER = 600;
const timers = new WeakMap();

export function startComposer() {
  prepare(document);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("click", onClick);
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:beforeRequest", (event) => state(event.detail.elt, "sending"));
  document.addEventListener("htmx:afterRequest", onAnswer);
  // The server says so: an answer may also be a question ("somebody wrote meanwhile").
  document.addEventListener("composer:sent", (event) => onSent(composerOf(event.target)));
  document.addEventListener("htmx:afterSettle", keepSeen);
}

const composerOf = (element) => element?.closest?.("[data-composer]");
const textOf = (composer) => composer.querySelector(".composer__text");
const storeKey = (composer) => `omnidesk.draft.${composer.dataset.composer}.${composer.dataset.mode}`;

function prepare(root) {
  const found = root.matches?.("[data-composer]") ? [root] : root.querySelectorAll?.("[data-composer]") ?? [];
  for (const composer of found) {
    const text = textOf(composer);
    if (text.value === "") text.value = localStorage.getItem(storeKey(composer)) ?? "";
    grow(text);
  }
}

function onClick(event) {
  const tab = event.target.closest("[data-mode-tab]");
  if (tab) setMode(composerOf(tab), tab.dataset.modeTab);
  const use = event.target.closest("[data-use-draft]");
  if (use) useText(use);
}

export function setMode(composer, mode) {
  if (!composer) return;
  const text = textOf(composer);
  if (composer.dataset.mode !== mode) {
    save(composer);
    composer.dataset.mode = mode;
    text.value = localStorage.getItem(storeKey(composer)) ?? "";
  }
  composer.querySelector("[name=kind]").value = mode === "note" ? "internal" : "public";
  text.placeholder = text.dataset[mode] ?? "";
  for (const tab of composer.querySelectorAll("[data-mode-tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.modeTab === mode));
  }
  for (const part of composer.querySelectorAll("[data-only]")) {
    part.hidden = part.dataset.only !== mode;
  }
  grow(text);
  text.focus();
}

// data-use-draft="#id": the text of that element goes where the person writes, marked as a draft
// until they edit it; data-suggestion (optional) is kept in the form as its origin.
function useText(button) {
  const composer = document.querySelector("[data-composer]");
  const source = document.querySelector(button.dataset.useDraft);
  if (!composer || !source) return;
  setMode(composer, "reply");
  const text = textOf(composer);
  text.value = source.value ?? source.textContent.trim();
  composer.querySelector("[data-draft-bar]")?.removeAttribute("hidden");
  const origin = composer.querySelector("[name=suggestion]");
  if (origin) origin.value = button.dataset.suggestion ?? "";
  save(composer);
  grow(text);
  text.focus();
}

function onInput(event) {
  const composer = composerOf(event.target);
  if (!composer || !event.target.matches(".composer__text")) return;
  grow(event.target);
  composer.querySelector("[data-draft-bar]")?.setAttribute("hidden", "");
  clearTimeout(timers.get(composer));
  timers.set(composer, setTimeout(() => save(composer, true), SAVE_AFTER));
  composer.dispatchEvent(new CustomEvent("composer:typing", { bubbles: true }));
}

function save(composer, tell = false) {
  const value = textOf(composer).value;
  if (value) localStorage.setItem(storeKey(composer), value);
  else localStorage.removeItem(storeKey(composer));
  if (tell) state(composer, value ? "kept" : "");
}

function state(element, key) {
  const place = composerOf(element)?.querySelector("[data-composer-state]");
  if (place) place.textContent = key ? words(`composer_${key}`) : "";
}

function onKey(event) {
  const composer = composerOf(event.target);
  if (!composer) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const resolve = event.shiftKey && composer.querySelector("[data-send-resolve]:not([hidden])");
    composer.requestSubmit(resolve || composer.querySelector("[data-send]:not([hidden])"));
  } else if (event.key === "Escape") {
    event.target.blur();
    event.preventDefault();
  }
}

function onAnswer(event) {
  const composer = composerOf(event.detail.elt);
  if (composer && composer === event.detail.elt) state(composer, event.detail.successful ? "" : "failed");
}

function onSent(composer) {
  if (!composer) return;
  clearTimeout(timers.get(composer));
  localStorage.removeItem(storeKey(composer));
  composer.reset();
  composer.querySelector("#composer-problem")?.replaceChildren();
  composer.querySelector("[data-file-names]")?.replaceChildren();
  composer.querySelector("[data-draft-bar]")?.setAttribute("hidden", "");
  for (const field of composer.querySelectorAll("[name=suggestion]")) field.value = "";
  setMode(composer, "reply");
  state(composer, "sent");
}

// Who has not begun to write has seen what the conversation shows now.
function keepSeen() {
  const last = document.querySelector("[data-last-message]")?.dataset.lastMessage;
  const composer = document.querySelector("[data-composer]");
  if (!last || !composer || textOf(composer).value) return;
  const seen = composer.querySelector("[name=seen]");
  if (seen) seen.value = last;
}

// Where field-sizing is unknown the height follows the text by hand.
function grow(text) {
  if (!text || CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}
