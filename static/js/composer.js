// The composer: reply or note, Ctrl+Enter sends. Its text is kept by drafts.js.
import { composerOf, flush, say, sent, stopSaving, textOf, touch, turnTo } from "./drafts.js";
import { post } from "./words.js";
import { endPreview } from "./writing.js";

export function startComposer() {
  prepare(document);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("click", onClick);
  document.addEventListener("input", onInput);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:beforeRequest", onSending);
  document.addEventListener("htmx:afterRequest", onAnswer);
  // The server says so: an answer may also be a question ("somebody wrote meanwhile").
  document.addEventListener("composer:sent", ({ detail }) => {
    onSent(document.getElementById(`composer-${detail.ticket}`), detail.held);
  });
  document.addEventListener("htmx:afterSettle", keepSeen);
}

// data-ready-draft: a draft that stands in the empty composer by itself, once. It is nobody's text yet:
// nothing is saved before the person changes or sends it.
function putReady(root) {
  const button = root.querySelector?.("[data-ready-draft]");
  const composer = button && document.querySelector("[data-composer]");
  if (!composer || composer.dataset.ready === button.dataset.suggestion) return;
  const text = textOf(composer);
  if (composer.dataset.mode !== "reply" || text.value || document.activeElement === text) return;
  composer.dataset.ready = button.dataset.suggestion;
  fill(composer, document.querySelector(button.dataset.useDraft), button);
}

function fill(composer, source, button) {
  const text = textOf(composer);
  if (!source) return;
  text.value = source.value ?? source.textContent.trim();
  composer.querySelector("[data-draft-bar]")?.removeAttribute("hidden");
  const origin = composer.querySelector("[name=suggestion]");
  if (origin) origin.value = button.dataset.suggestion ?? "";
  grow(text);
}

function prepare(root) {
  const found = root.matches?.("[data-composer]") ? [root] : (root.querySelectorAll?.("[data-composer]") ?? []);
  for (const composer of found) grow(textOf(composer));
  putReady(root);
}

function onClick(event) {
  const tab = event.target.closest("[data-mode-tab]");
  if (tab) setMode(composerOf(tab), tab.dataset.modeTab);
  const use = event.target.closest("[data-use-draft]");
  if (use) useText(use);
}

export function setMode(composer, mode) {
  if (!composer) return;
  endPreview(composer);
  const text = textOf(composer);
  if (composer.dataset.mode !== mode) turnTo(composer, mode);
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
  fill(composer, source, button);
  touch(composer);
  textOf(composer).focus();
}

function onInput(event) {
  const composer = composerOf(event.target);
  if (!composer || !event.target.matches(".composer__text")) return;
  grow(event.target);
  composer.querySelector("[data-draft-bar]")?.setAttribute("hidden", "");
  composer.dispatchEvent(new CustomEvent("composer:typing", { bubbles: true }));
}

// The choice in the send menu is kept when it is made.
function onChange(event) {
  const choice = event.target.closest("[data-opens-next]");
  if (!choice) return;
  choice.defaultChecked = choice.checked;
  post(choice.dataset.opensNext, choice.checked ? { go_next: "on" } : {}).catch(() => undefined);
}

function onKey(event) {
  const composer = composerOf(event.target);
  if (!composer || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    const resolve = event.shiftKey && composer.dataset.mode === "reply" && composer.querySelector("[data-send-resolve]");
    // A click, because htmx sends along only a button that was clicked.
    (resolve || composer.querySelector("[data-send]:not([hidden])")).click();
  } else if (event.key === "Escape" && event.target === textOf(composer)) {
    flush(composer);
    event.target.blur();
    event.preventDefault();
  }
}

function onSending(event) {
  const composer = composerOf(event.detail.elt);
  if (!composer || composer !== event.detail.elt) return;
  stopSaving(composer);
  composer.querySelector(".send-menu")?.removeAttribute("open");
  say(composer, "sending");
}

function onAnswer(event) {
  const composer = composerOf(event.detail.elt);
  if (!composer || composer !== event.detail.elt) return;
  const stays = composer.dataset.mode && textOf(composer).value;
  if (!event.detail.successful) say(composer, "failed");
  else if (stays) {
    // Not sent but asked: what was typed is a draft again, and one stands in it again.
    say(composer, "");
    touch(composer);
    if (document.activeElement === document.body) textOf(composer).focus();
  }
}

function onSent(composer, held = false) {
  if (!composer) return;
  sent(composer);
  composer.reset();
  textOf(composer).value = textOf(composer).defaultValue = "";
  composer.querySelector("#composer-problem")?.replaceChildren();
  composer.querySelector("[data-file-names]")?.replaceChildren();
  composer.querySelector("[data-draft-bar]")?.setAttribute("hidden", "");
  for (const field of composer.querySelectorAll("[name=suggestion]")) field.value = "";
  setMode(composer, "reply");
  say(composer, held ? "" : "sent");
}

// Who has not begun to write has seen what the conversation shows now.
function keepSeen() {
  const shown = document.querySelector("[data-last-message]")?.dataset;
  const composer = document.querySelector("[data-composer]");
  if (!shown || !composer || textOf(composer).value) return;
  composer.querySelector("[name=seen]").value = shown.lastMessage;
  composer.querySelector("[name=seen_change]").value = shown.lastChange;
}

// Where field-sizing is unknown the height follows the text by hand.
function grow(text) {
  if (!text || CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}
