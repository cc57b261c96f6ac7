// An answer that was sent but may be taken back: a toast counts down, undo brings the text back.
// The server decides; the seconds here are only drawn, and never read out.
import { post, words } from "./words.js";
import { toast } from "./toast.js";

export function startHeld() {
  document.addEventListener("held", (event) => show(event.detail));
  document.addEventListener("submit", onSubmit);
  document.addEventListener("htmx:load", tick);
  document.addEventListener("live:returned", (event) => {
    toast(words("held_returned", { number: event.detail.ticket, problem: event.detail.problem }));
    reopen(event.detail.ticket);
  });
  setInterval(tick, 1000);
  tick();
}

// `number` of the ticket, or `many` where one answer goes to several.
function show({ text, undo, seconds, number, many }) {
  const until = Date.now() + seconds * 1000;
  const shown = toast(text, {
    seconds,
    act: () => takeBack(undo, number),
    // The sentence is read once; what counts beside it is for the eye.
    draw: (place) => {
      const sentence = number ? "held" : "held_many";
      place.textContent = words(sentence, { number, many, seconds: left(until) });
    },
  });
  if (shown) shown.dataset.held = number ?? "";
}

const left = (until) => Math.max(0, Math.ceil((until - Date.now()) / 1000));

function tick() {
  for (const place of document.querySelectorAll("[data-send-at]")) {
    const seconds = left(new Date(place.dataset.sendAt).getTime());
    const text = words("held_left", { seconds });
    if (place.textContent !== text) place.textContent = text;
  }
}

function onSubmit(event) {
  const form = event.target.closest("[data-take-back]");
  if (!form) return;
  event.preventDefault();
  takeBack(form.action, document.querySelector("[data-composer]")?.dataset.ticket);
}

async function takeBack(url, number) {
  const answer = await post(url).catch(() => null);
  if (!answer?.ok) {
    toast(words("toast_offline"));
    return;
  }
  const told = await answer.json();
  document.querySelector(`.toast[data-held="${number ?? ""}"]`)?.remove();
  toast(told.text);
  document.dispatchEvent(new CustomEvent("live:resync"));
  if (told.taken && !(await reopen(number))) location.assign(told.url);
}

// The composer again, as the server keeps it; false where another ticket is open.
async function reopen(number) {
  const composer = document.querySelector(`[data-composer][data-ticket="${number}"]`);
  if (!composer) return false;
  const url = `/desk/t/${number}/part/composer/${location.search}`;
  await window.htmx.ajax("GET", url, { target: composer.parentElement, swap: "innerHTML" });
  const text = document.querySelector("[data-composer] .composer__text");
  text?.focus();
  text?.setSelectionRange(text.value.length, text.value.length);
  return true;
}
