// What a requester writes in a form is kept on the server until it is sent: a closed window loses
// nothing, and a machine that people share holds nothing.
import { csrfToken, words } from "./words.js";

const SAVE_AFTER = 700;
// Browsers send no more than this while a page goes away.
const MOST_WHILE_LEAVING = 60_000;

export function startKept() {
  document.querySelectorAll("form[data-kept]").forEach(keep);
}

function keep(form) {
  let timer = 0;
  let running = null;
  let saved = read(form);

  const say = (key) => {
    const place = form.querySelector("[data-kept-state]");
    const text = key ? words(`composer_${key}`) : "";
    if (place && place.textContent !== text) place.textContent = text;
  };

  async function save(leaving = false) {
    clearTimeout(timer);
    const body = read(form);
    if (body === saved) return;
    running?.abort();
    const mine = (running = new AbortController());
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": csrfToken() };
    const keepalive = leaving && body.length < MOST_WHILE_LEAVING;
    try {
      const answer = await fetch(form.dataset.kept, { method: "POST", body, headers, keepalive, signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      saved = body;
      say((await answer.json()).kept ? "saved" : "");
    } catch (problem) {
      if (problem.name !== "AbortError") say("");
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  });
  // Sending takes it along, and beginning anew too: no late save may bring it back.
  document.addEventListener("submit", ({ target }) => {
    if (target !== form && target.id !== "kept-forget") return;
    clearTimeout(timer);
    running?.abort();
    saved = read(form);
  });
  window.addEventListener("pagehide", () => save(true));
}

// The form without files and the token of the session; "" where no words are in it.
function read(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  const texts = form.querySelectorAll("textarea, input[type=text], input[type=email], input[type=number], input[type=url]");
  return [...texts].some((field) => field.value.trim()) ? String(new URLSearchParams(fields)) : "";
}
