// Short messages at the bottom left: at most three, ten seconds, paused on hover and focus.
import { post, words } from "./words.js";

const MOST = 3;
const SHOWN = 10_000;

export function startToasts() {
  for (const shown of document.querySelectorAll("[data-toast]")) expire(shown);
  // HX-Trigger: {"toast": {"text": "...", "undo": "/desk/t/42/undo/"}}
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.undo));
  document.addEventListener("htmx:sendError", () => failure("offline"));
  document.addEventListener("htmx:responseError", (event) => {
    const reference = event.detail.xhr.getResponseHeader("X-Correlation-ID") ?? "";
    failure("failed", reference.slice(0, 8));
  });
}

function failure(kind, reference = "") {
  toast(words(`toast_${kind}`, { reference }));
}

// `undo` is the URL that takes the change back, or what runs by itself: {seconds, act, draw}.
export function toast(text, undo = "") {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template) return null;
  const element = template.content.firstElementChild.cloneNode(true);
  element.querySelector(".toast__text").textContent = text;
  const action = element.querySelector(".toast__action");
  if (undo) {
    action.hidden = false;
    // The key takes back what was done last.
    for (const older of region.querySelectorAll("[data-key]")) delete older.dataset.key;
    action.dataset.key = "Ctrl+Z";
    action.setAttribute("aria-keyshortcuts", "Control+Z");
    action.addEventListener("click", () => (undo.act ? undo.act() : takeBack(element, undo)));
  }
  while (region.childElementCount >= MOST) region.firstElementChild.remove();
  region.append(element);
  if (undo.seconds) count(element, undo);
  else expire(element);
  return element;
}

// Ends when the time is over, whoever points at it: the server does not wait either.
function count(element, { seconds, draw }) {
  const said = element.querySelector(".toast__text");
  const drawn = said.cloneNode();
  drawn.setAttribute("aria-hidden", "true");
  said.classList.add("visually-hidden");
  said.after(drawn);
  element.classList.add("toast--counting");
  element.style.setProperty("--toast-time", `${seconds}s`);
  draw(drawn);
  const timer = setInterval(() => draw(drawn), 500);
  setTimeout(() => {
    clearInterval(timer);
    element.remove();
  }, seconds * 1000);
}

async function takeBack(element, url) {
  element.remove();
  const answer = await post(url).catch(() => null);
  if (answer?.ok) document.dispatchEvent(new CustomEvent("live:resync"));
  else failure("failed");
}

function expire(element) {
  let left = SHOWN;
  let started = Date.now();
  let timer = setTimeout(() => element.remove(), left);
  const pause = () => {
    clearTimeout(timer);
    left -= Date.now() - started;
  };
  const go = () => {
    started = Date.now();
    timer = setTimeout(() => element.remove(), Math.max(left, 1000));
  };
  element.addEventListener("mouseenter", pause);
  element.addEventListener("mouseleave", go);
  element.addEventListener("focusin", pause);
  element.addEventListener("focusout", go);
}
