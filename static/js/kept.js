// What a requester writes in a form is kept on the server until it is sent: a closed window loses
// nothing, and a machine that people share holds nothing. Two windows never write over each other
// unseen: each save names the one it knows.
import { csrfToken, words } from "./words.js";

const SAVE_AFTER = 700;
// Browsers send no more than this while a page goes away.
const MOST_WHILE_LEAVING = 60_000;

export function startKept() {
  document.querySelectorAll("form[data-kept]").forEach(keep);
  document.querySelectorAll("form[data-unkept]").forEach(warn);
}

function keep(form) {
  const mine = String(Math.random()).slice(2);
  const box = form.querySelector("[data-kept-clash]");
  let timer = 0;
  let running = null;
  let saved = read(form);
  let known = form.dataset.keptKnown ?? "";
  let clash = null;

  const say = (key) => {
    const place = form.querySelector("[data-kept-state]");
    const text = key ? words(`composer_${key}`) : "";
    if (place && place.textContent !== text) place.textContent = text;
  };

  async function save(leaving = false) {
    clearTimeout(timer);
    const typed = read(form);
    if (typed === saved || clash) return;
    running?.abort();
    const own = (running = new AbortController());
    const body = new URLSearchParams(typed);
    body.set("window", mine);
    body.set("known", known);
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": csrfToken() };
    const keepalive = leaving && typed.length < MOST_WHILE_LEAVING;
    try {
      const answer = await fetch(form.dataset.kept, { method: "POST", body, headers, keepalive, signal: own.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      if (told.clash) return show(told);
      saved = typed;
      known = told.known;
      say(told.kept ? "saved" : "");
    } catch (problem) {
      if (problem.name !== "AbortError") say("");
    }
  }

  // The other window's text opens in one of its own: this one's stays until somebody decides.
  function show(told) {
    clash = told;
    say("");
    box.hidden = false;
    box.querySelector("[data-kept-words]").textContent = told.clash;
    box.querySelector("[data-kept-theirs]").href = told.page;
  }

  box?.querySelector("[data-kept-mine]").addEventListener("click", () => {
    known = clash?.known ?? "";
    clash = null;
    box.hidden = true;
    save();
  });
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

// A guest's words are kept nowhere: nobody signed in, and whoever comes next would read them. The
// browser asks before it closes what was not sent.
function warn(form) {
  const begun = read(form);
  const ask = (event) => read(form) !== begun && event.preventDefault();
  form.addEventListener("input", () => window.addEventListener("beforeunload", ask), { once: true });
  form.addEventListener("submit", () => window.removeEventListener("beforeunload", ask));
}

// The form without files and the token of the session; "" where no words are in it.
function read(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  const texts = form.querySelectorAll("textarea, input[type=text], input[type=email], input[type=number], input[type=url]");
  return [...texts].some((field) => field.value.trim()) ? String(new URLSearchParams(fields)) : "";
}
