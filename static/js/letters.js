// Letters: HTML that other people wrote, each in a frame of its own where nothing runs. The page fits
// the frame to its text and hands on the keys that are pressed in it.
import { atEnd } from "./scroll.js";

const known = new WeakSet();
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) fit(target);
});

export function startLetters() {
  find(document);
  document.addEventListener("htmx:load", (event) => find(event.detail.elt));
}

function find(root) {
  for (const frame of root.querySelectorAll?.("[data-letter]") ?? []) {
    // A frame that outlives a live refetch is known already; the line below it is new.
    if (!known.has(frame)) {
      known.add(frame);
      frame.addEventListener("load", () => opened(frame));
      sizes.observe(frame);
    }
    opened(frame);
  }
}

function opened(frame) {
  const letter = frame.contentDocument;
  if (letter?.readyState !== "complete" || !letter.URL.startsWith(location.origin)) return;
  const offer = document.getElementById(`${frame.id}-pictures`);
  if (offer && new URL(letter.URL).searchParams.has("pictures")) {
    if (offer.contains(document.activeElement)) frame.focus();
    offer.hidden = true;
  }
  if (!known.has(letter)) {
    known.add(letter);
    const { theme } = document.documentElement.dataset;
    if (theme) letter.documentElement.dataset.theme = theme;
    else delete letter.documentElement.dataset.theme;
    letter.addEventListener("keydown", (event) => handOn(event, frame));
    // Open menus close at a click anywhere, here too.
    letter.addEventListener("click", () => frame.dispatchEvent(new MouseEvent("click", { bubbles: true })));
  }
  fit(frame);
}

function fit(frame) {
  const body = frame.contentDocument?.body;
  if (!body || frame.contentDocument.readyState !== "complete") return;
  const height = String(Math.ceil(body.getBoundingClientRect().height) + 1);
  if (height === "1" || frame.height === height) return;
  const box = frame.closest("[data-stick]");
  const follows = box && atEnd(box);
  frame.height = height;
  if (follows) box.scrollTop = box.scrollHeight;
}

function handOn(event, frame) {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  const copy = new KeyboardEvent("keydown", {
    key, ctrlKey, metaKey, altKey, shiftKey, bubbles: true, cancelable: true,
  });
  if (!frame.dispatchEvent(copy)) event.preventDefault();
}
