// The ticket list: J/K, selection, and live rows that never move under the cursor.
//   <div data-list data-list-url="..."> holds <article class="row" id="row-42" data-version="7">.
import { command } from "./keys.js";
import { words } from "./words.js";

const IDLE = 30_000;
let lastTouch = Date.now();
let fresh = null;
let asking = false;
// Numbers of tickets that changed since they were read; null among them: nobody can say which.
const outdated = new Set();
// So many changed rows are asked for alone, more with the whole page.
const FEW = 10;

export function startList() {
  for (const kind of ["pointermove", "keydown", "wheel", "touchstart"]) {
    document.addEventListener(kind, () => (lastTouch = Date.now()), { passive: true });
  }
  document.addEventListener("live", onLive);
  document.addEventListener("click", onClick);
  document.addEventListener("change", onTick);
  document.addEventListener("bulk:done", untick);
  list()?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  command("j", () => move(1));
  command("k", () => move(-1));
  command("ArrowDown", () => arrow(1));
  command("ArrowUp", () => arrow(-1));
  command("x", tickCurrent);
  command("Shift+J", () => extend(1));
  command("Shift+K", () => extend(-1));
  command("Shift+E", resolveAndGoOn);
  command(".", showNew);
}

const list = () => document.querySelector("[data-list]");
const rowsOf = (root) => [...(root?.querySelectorAll("[data-row]") ?? [])];

function current() {
  const rows = rowsOf(list());
  const focused = rows.find((row) => row.contains(document.activeElement));
  return focused ?? rows.find((row) => row.getAttribute("aria-current") === "true");
}

function move(step) {
  const rows = rowsOf(list());
  if (!rows.length) return false;
  const here = rows.indexOf(current());
  const next = rows[here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1)];
  const link = next.querySelector("a");
  link.focus();
  next.scrollIntoView({ block: "nearest" });
  // With a ticket open beside the list, moving opens; in a table it only moves.
  if (document.querySelector(".workspace .pane--context") && here !== rows.indexOf(next)) link.click();
  return true;
}

function arrow(step) {
  return list()?.contains(document.activeElement) ? move(step) : false;
}

function tickCurrent() {
  const box = current()?.querySelector("[data-tick]");
  if (!box) return false;
  box.click();
  return true;
}

// From the row one stands at to the next one, both ticked.
function extend(step) {
  if (!current()?.querySelector("[data-tick]")) return false;
  for (const turn of [0, step]) {
    if (turn) move(turn);
    const box = current().querySelector("[data-tick]");
    if (!box.checked) box.click();
  }
  return true;
}

// Where the workflow refuses, the ticket stays open and the answer says why.
function resolveAndGoOn() {
  const resolve = document.querySelector(".resolve [data-key=e]");
  const next = document.getElementById("next-ticket");
  if (!resolve?.checkVisibility()) return false;
  if (next) {
    const goOn = () => document.querySelector("#ticket-head[data-settled]") && next.click();
    resolve.form.addEventListener("htmx:afterRequest", () => setTimeout(goOn), { once: true });
  }
  resolve.click();
  return true;
}

function onTick(event) {
  if (event.target.matches("[data-tick-all]")) {
    for (const box of document.querySelectorAll("[data-tick]")) box.checked = event.target.checked;
  }
  if (!event.target.matches("[data-tick], [data-tick-all]")) return;
  const bar = document.querySelector("[data-bulk-bar]");
  const ticked = document.querySelectorAll("[data-tick]:checked").length;
  if (!bar) return;
  bar.hidden = ticked === 0;
  bar.querySelector("[data-bulk-count]").textContent = words("selected", { count: ticked });
}

function onClick(event) {
  if (event.target.closest("[data-show-new]")) showNew();
  if (event.target.closest("[data-untick]")) untick();
  const row = event.target.closest("[data-row]");
  if (row && event.target.closest("a")) markCurrent(row);
}

function untick() {
  for (const box of document.querySelectorAll("[data-tick]:checked")) box.click();
  for (const box of document.querySelectorAll("[data-tick-all], [name=all]")) box.checked = false;
}

function markCurrent(row) {
  for (const each of rowsOf(list())) each.setAttribute("aria-current", String(each === row));
}

// One answer at a time: an older one that comes later would bring back what was.
async function onLive(event) {
  const root = list();
  if (!root || event.target !== root) return;
  for (const ticket of event.detail.tickets ?? [null]) outdated.add(ticket);
  if (asking) return;
  asking = true;
  try {
    while (outdated.size && root.isConnected) {
      const tickets = [...outdated];
      outdated.clear();
      await read(root, tickets);
    }
  } finally {
    asking = false;
  }
}

// A board counts its columns, so it is read as a whole.
async function read(root, tickets) {
  const whole = tickets.includes(null) || tickets.length > FEW || root.querySelector("[data-column]");
  if (!whole && (await readRows(root, tickets))) return;
  const page = await fetched(root.dataset.listUrl);
  if (page) merge(root, page);
}

// The rows that changed, where each still has its place. One that came or went changes the count
// and what the page holds.
async function readRows(root, tickets) {
  const url = new URL(root.dataset.listUrl, location.href);
  url.searchParams.set("rows", tickets.join(","));
  const page = await fetched(url);
  if (!page) return false;
  const incoming = new Map(rowsOf(page).map((row) => [row.id, row]));
  const ids = tickets.map((ticket) => `row-${ticket}`);
  const here = rowsOf(root).filter((row) => !row.classList.contains("is-gone"));
  const shown = new Map(here.map((row) => [row.id, row]));
  if (ids.some((id) => shown.has(id) !== incoming.has(id))) return false;
  for (const [id, next] of incoming) {
    const old = fresh?.querySelector(`#${id}`);
    old?.replaceWith(document.importNode(next, true));
    const row = shown.get(id);
    if (next.dataset.version !== row.dataset.version) refresh(row, next);
  }
  return true;
}

async function fetched(url) {
  const answer = await fetch(url, {
    headers: { "HX-Request": "true", "HX-Target": "rows" },
    credentials: "same-origin",
  }).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  const text = await answer.text().catch(() => "");
  if (!text) return null;
  // In a template a row of a table may stand alone.
  const held = document.createElement("template");
  held.innerHTML = text;
  return held.content;
}

function merge(root, page) {
  const incoming = new Map(rowsOf(page).map((row) => [row.id, row]));
  let unseen = 0;
  for (const row of rowsOf(root)) {
    const next = incoming.get(row.id);
    if (!next) leave(row);
    else if (next.dataset.version !== row.dataset.version) refresh(row, next);
  }
  for (const id of incoming.keys()) if (!document.getElementById(id)) unseen += 1;
  for (const column of page.querySelectorAll("[data-column]")) recount(root, column);
  fresh = page.querySelector("[data-rows]");
  const count = document.querySelector("[data-list-count]");
  if (count && fresh) count.textContent = fresh.dataset.count;
  if (unseen && idle(root)) showNew();
  else announce(root, unseen);
}

function recount(root, column) {
  const shown = root.querySelector(`[data-column="${CSS.escape(column.dataset.column)}"] [data-column-count]`);
  if (shown) shown.textContent = column.querySelector("[data-column-count]").textContent;
}

function idle(root) {
  const quiet = Date.now() - lastTouch > IDLE;
  const ticked = root.querySelector("[data-tick]:checked");
  return quiet && !ticked && root.scrollTop === 0 && !root.contains(document.activeElement);
}

function refresh(row, next) {
  // The browser ends a drag whose element goes away.
  if (row.matches(".is-dragged")) return;
  const marked = row.getAttribute("aria-current");
  const ticked = row.querySelector("[data-tick]")?.checked;
  const focused = row.contains(document.activeElement);
  const adopted = document.importNode(next, true);
  if (marked) adopted.setAttribute("aria-current", marked);
  adopted.classList.add("is-changed");
  row.replaceWith(adopted);
  window.htmx.process(adopted);
  if (ticked) adopted.querySelector("[data-tick]").checked = true;
  if (focused) adopted.querySelector("a")?.focus();
  // On a board a card keeps its slot; where it belongs now is said on it until the next look.
  const [here, there] = [adopted, next].map((one) => one.closest("[data-column]"));
  if (here && there && here.dataset.column !== there.dataset.column) {
    note(adopted, words("now_in", { status: there.dataset.columnName }));
  }
}

function note(row, text) {
  const said = document.createElement("span");
  said.textContent = text;
  row.querySelector("[data-row-note]")?.replaceChildren(said);
}

function leave(row) {
  if (row.classList.contains("is-gone")) return;
  row.classList.add("is-gone");
  note(row, words("left_view"));
}

function announce(root, unseen) {
  const button = document.querySelector("[data-show-new]");
  if (!button) return;
  button.hidden = unseen === 0;
  button.querySelector("[data-new-text]").textContent =
    unseen === 1 ? words("new_one") : words("new_many", { count: unseen });
}

function showNew() {
  const root = list();
  if (!root || !fresh) return false;
  const marked = current()?.id;
  const adopted = document.importNode(fresh, true);
  root.querySelector("[data-rows]").replaceWith(adopted);
  window.htmx.process(adopted);
  fresh = null;
  announce(root, 0);
  root.scrollTop = 0;
  const row = marked && document.getElementById(marked);
  if (row) row.setAttribute("aria-current", "true");
  return true;
}
