// Drafts are kept on the server while somebody types; this device keeps what did not get there.
// Two windows never write over each other unseen: each save names the revision it knows.
import { csrfToken, words } from "./words.js";

const SAVE_AFTER = 700;
const books = new WeakMap();

export const composerOf = (element) => element?.closest?.("[data-composer]");
export const textOf = (composer) => composer.querySelector(".composer__text");

export function startDrafts() {
  open(document);
  document.addEventListener("htmx:load", (event) => open(event.detail.elt));
  document.addEventListener("input", onInput);
  document.addEventListener("click", onClick);
  // What is being typed leaves with the page, or with the pane that another ticket replaces.
  window.addEventListener("pagehide", () => each((composer) => flush(composer)));
  document.addEventListener("htmx:beforeSwap", (event) => {
    for (const composer of event.detail.target?.querySelectorAll?.("[data-composer]") ?? []) flush(composer);
  });
}

const each = (run) => document.querySelectorAll("[data-composer]").forEach(run);
const storeKey = (composer, mode) => `omnidesk.draft.${composer.dataset.composer}.${mode}`;

function open(root) {
  const found = root.matches?.("[data-composer]") ? [root] : (root.querySelectorAll?.("[data-composer]") ?? []);
  for (const composer of found) {
    const book = { timer: 0, running: null, again: false, modes: {} };
    for (const mode of ["reply", "note"]) {
      const text = composer.querySelector(`[data-draft-text="${mode}"]`)?.content.textContent ?? "";
      book.modes[mode] = { text, saved: text, revision: composer.dataset[`${mode}Revision`] ?? "" };
      const left = readLocal(composer, mode);
      if (left && left.text !== text) Object.assign(book.modes[mode], left);
    }
    books.set(composer, book);
    const page = book.modes[composer.dataset.mode];
    const field = textOf(composer);
    // After a refusal without script the field holds what was typed.
    if (field.value === "" || field.value === page.saved) field.value = page.text;
    if (page.text !== page.saved) plan(composer);
    else if (page.text) say(composer, "saved");
  }
}

function readLocal(composer, mode) {
  const kept = localStorage.getItem(storeKey(composer, mode));
  if (kept === null) return null;
  try {
    const { text, revision } = JSON.parse(kept);
    return { text: String(text), revision: String(revision) };
  } catch {
    return { text: kept, revision: "" };
  }
}

function keepLocal(composer, mode) {
  const { text, revision, saved } = books.get(composer).modes[mode];
  if (text === saved) localStorage.removeItem(storeKey(composer, mode));
  else localStorage.setItem(storeKey(composer, mode), JSON.stringify({ text, revision }));
}

function onInput(event) {
  const composer = composerOf(event.target);
  if (composer && event.target.matches(".composer__text, [name=cc]")) touch(composer, event.target.name === "cc");
}

// Something in the composer changed: remember it, save it soon.
export function touch(composer, force = false) {
  const book = books.get(composer);
  if (!book) return;
  const mode = composer.dataset.mode;
  book.modes[mode].text = textOf(composer).value;
  if (force) book.modes[mode].saved = null;
  keepLocal(composer, mode);
  plan(composer);
}

function plan(composer) {
  const book = books.get(composer);
  clearTimeout(book.timer);
  book.timer = setTimeout(() => save(composer), SAVE_AFTER);
}

// Save now, also while the page goes away.
export function flush(composer) {
  const book = books.get(composer);
  if (!book) return;
  clearTimeout(book.timer);
  save(composer, true);
}

async function save(composer, leaving = false) {
  const book = books.get(composer);
  const mode = composer.dataset.mode;
  const page = book.modes[mode];
  if (page.text === page.saved || page.clash) return;
  if (book.running && !leaving) {
    book.again = true;
    return;
  }
  const text = page.text;
  book.running = new AbortController();
  try {
    const answer = await send(composer, mode, page, leaving ? undefined : book.running.signal);
    const told = await answer.json();
    if (told.clash) clash(composer, mode, told);
    else if (!answer.ok || told.problem) say(composer, "kept");
    else {
      page.revision = told.revision;
      page.saved = text;
      keepLocal(composer, mode);
      if (composer.dataset.mode === mode) say(composer, text ? "saved" : "");
    }
  } catch (problem) {
    if (problem.name !== "AbortError") say(composer, "kept");
  } finally {
    book.running = null;
    if (book.again) plan(composer);
    book.again = false;
  }
}

function send(composer, mode, page, signal) {
  const body = new URLSearchParams({ kind: mode === "note" ? "internal" : "public", text: page.text, revision: page.revision });
  if (mode === "reply") body.set("cc", composer.querySelector("[name=cc]")?.value ?? "");
  const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true" };
  return fetch(composer.dataset.draftUrl, { method: "POST", body, headers, signal, keepalive: page.text.length < 15_000 });
}

// --- Another window wrote as well -------------------------------------------------------------

function clash(composer, mode, told) {
  const page = books.get(composer).modes[mode];
  page.clash = told;
  const box = composer.querySelector("[data-clash]");
  box.querySelector("[data-clash-words]").textContent = told.clash;
  box.hidden = false;
  say(composer, "kept");
}

function onClick(event) {
  const mine = event.target.closest("[data-clash-mine]");
  const theirs = event.target.closest("[data-clash-theirs]");
  if (!mine && !theirs) return;
  const composer = composerOf(mine ?? theirs);
  const page = books.get(composer).modes[composer.dataset.mode];
  const other = page.clash;
  composer.querySelector("[data-clash]").hidden = true;
  if (!other) return;
  page.clash = null;
  page.revision = other.revision;
  page.saved = other.text;
  if (theirs) textOf(composer).value = other.text;
  touch(composer);
  textOf(composer).focus();
}

// --- What the composer asks for ----------------------------------------------------------------

// The other tab's text comes in, this one's is kept.
export function turnTo(composer, mode) {
  flush(composer);
  composer.dataset.mode = mode;
  const page = books.get(composer)?.modes[mode];
  textOf(composer).value = page?.text ?? "";
  composer.querySelector("[data-clash]").hidden = !page?.clash;
  say(composer, page?.text && page.text === page.saved ? "saved" : "");
}

// A file began a draft: its revision is ours.
export function adopt(composer, revision) {
  const page = books.get(composer)?.modes[composer.dataset.mode];
  if (page && !page.revision) page.revision = revision;
}

// Sending takes the draft with it: no late save may bring it back.
export function stopSaving(composer) {
  const book = books.get(composer);
  clearTimeout(book?.timer);
  book?.running?.abort();
}

export function sent(composer) {
  stopSaving(composer);
  const mode = composer.dataset.mode;
  Object.assign(books.get(composer).modes[mode], { text: "", saved: "", revision: "", clash: null });
  localStorage.removeItem(storeKey(composer, mode));
  composer.querySelector("[data-clash]").hidden = true;
  composer.querySelector(`[data-draft-files="${mode}"]`)?.replaceChildren();
}

export function say(element, key) {
  const place = composerOf(element)?.querySelector("[data-composer-state]");
  const text = key ? words(`composer_${key}`) : "";
  // Said once, not at every save: it is read out.
  if (place && place.textContent !== text) place.textContent = text;
}
