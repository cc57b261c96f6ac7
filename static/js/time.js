// Keeps times and clocks fresh, in the person's zone. The server's words are right without it.
import { words } from "./words.js";

const TICK = 30_000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const SOON = HOUR;
const DAY = 24 * HOUR;
const WEEK = 6 * DAY;

// Day before month, as the server writes it.
const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const zone = document.documentElement.dataset.zone || undefined;
const format = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayMonth = format({ day: "numeric", month: "short" });
const dayMonthYear = format({ day: "numeric", month: "short", year: "numeric" });
const weekday = format({ weekday: "short" });
const full = format({ dateStyle: "long", timeStyle: "short" });
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: zone });

export function startTimes() {
  refresh(document);
  setInterval(() => refresh(document), TICK);
  document.addEventListener("htmx:load", (event) => refresh(event.detail.elt));
}

export function clockNow() {
  return clock.format(new Date());
}

function refresh(root) {
  for (const element of within(root, "time[data-time]")) {
    const when = new Date(element.dateTime);
    setText(element, element.dataset.time === "clock" ? clockWords(when) : relativeWords(when));
    element.title = full.format(when);
  }
  for (const element of within(root, "[data-due]")) tickClock(element);
}

function within(root, selector) {
  const inside = [...(root.querySelectorAll?.(selector) ?? [])];
  return root.matches?.(selector) ? [root, ...inside] : inside;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function dayAge(when) {
  const today = new Date(isoDay.format(new Date()));
  return Math.round((today - new Date(isoDay.format(when))) / 86_400_000);
}

function shortDate(when) {
  const sameYear = isoDay.format(when).slice(0, 4) === isoDay.format(new Date()).slice(0, 4);
  return (sameYear ? dayMonth : dayMonthYear).format(when);
}

function clockWords(when) {
  const age = dayAge(when);
  if (age === 0) return clock.format(when);
  if (age === 1) return words("yesterday_at", { time: clock.format(when) });
  return `${shortDate(when)}, ${clock.format(when)}`;
}

function relativeWords(when) {
  const seconds = (Date.now() - when) / 1000;
  if (seconds >= 0 && seconds < MINUTE) return words("now");
  if (seconds >= 0 && seconds < HOUR) {
    return words("minutes", { count: Math.floor(seconds / MINUTE) });
  }
  const age = dayAge(when);
  if (age === 0) return clock.format(when);
  return age === 1 ? words("yesterday") : shortDate(when);
}

export function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / MINUTE);
  if (minutes < 60) return words("span_m", { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    return words("span_h", { hours, minutes: String(minutes % 60).padStart(2, "0") });
  }
  return words("span_d", { days: Math.floor(hours / 24), hours: hours % 24 });
}

function left(due, seconds) {
  if (seconds < DAY) return span(seconds);
  const when = new Date(due);
  return seconds < WEEK ? `${weekday.format(when)} ${clock.format(when)}` : shortDate(when);
}

// far -> soon -> late: the word, the icon and the colour change together.
function tickClock(element) {
  const seconds = (new Date(element.dataset.due) - Date.now()) / 1000;
  const late = seconds < 0;
  const state = late ? "late" : seconds < SOON ? "soon" : "far";
  const text = late ? words("late", { span: span(seconds) }) : left(element.dataset.due, seconds);
  setText(element.querySelector(".sla__text") ?? element, text);
  if (!element.classList.contains("sla")) return;
  element.classList.toggle("sla--soon", state === "soon");
  element.classList.toggle("sla--late", late);
  drawIcon(element, { far: "", soon: "clock", late: "alert" }[state]);
}

function drawIcon(element, name) {
  const drawn = element.querySelector("svg.icon");
  if (!name) return drawn?.remove();
  const href = `${document.body.dataset.sprite}#${name}`;
  if (drawn) return drawn.firstElementChild.setAttribute("href", href);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon icon--13");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", href);
  svg.append(use);
  return element.prepend(svg);
}
