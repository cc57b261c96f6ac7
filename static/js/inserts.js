// What is offered at the caret: "::" a macro's text, "??" an article, "@@" a person. The field keeps
// the focus; the list is its listbox. Rows come from the server.
import { composerOf } from "./drafts.js";
import { put } from "./writing.js";

const SIGN = /(?:^|[\s(])(::|\?\?|@@)([^\s:?@][^\n:?@]{0,39})?$/u;
const KINDS = { "::": "snippet", "??": "article", "@@": "person" };
const WAIT = 120;
let field = null;
let from = -1;
let left = -1;
let timer = 0;
let asking = null;

export function startInserts() {
  document.addEventListener("input", (event) => look(event.target));
  // Before everybody else: these keys mean the list as long as it is open.
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", onClick);
  document.addEventListener("pointerdown", (event) => {
    // A row must not take the focus out of the field.
    if (event.target.closest?.("[data-insert]")) event.preventDefault();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === field) close();
  });
}

const box = () => composerOf(field)?.querySelector("[data-inserts-box]");
const options = () => [...(box()?.querySelectorAll("[role=option]") ?? [])];

function look(target) {
  if (!target.matches?.("[data-inserts]")) return;
  clearTimeout(timer);
  const found = target.selectionStart === target.selectionEnd && SIGN.exec(target.value.slice(0, target.selectionStart));
  const start = found ? target.selectionStart - found[1].length - (found[2]?.length ?? 0) : -1;
  if (start !== left) left = -1;
  if (!found || start === left) {
    close();
    return;
  }
  field = target;
  from = start;
  timer = setTimeout(() => ask(KINDS[found[1]], found[2] ?? ""), WAIT);
}

async function ask(kind, words) {
  asking?.abort();
  const request = (asking = new AbortController());
  const query = new URLSearchParams({ q: words, mode: composerOf(field)?.dataset.mode ?? "" });
  const url = field.dataset.inserts.replace(/kind\/$/, `${kind}/`);
  try {
    const answer = await fetch(`${url}?${query}`, { headers: { "HX-Request": "true" }, signal: request.signal });
    const html = answer.ok ? await answer.text() : "";
    if (asking === request && document.activeElement === field) show(html, words);
  } catch {
    if (asking === request) close();
  }
}

function show(html, words) {
  const place = box();
  if (!place || !html) return close();
  place.innerHTML = html;
  // A sentence that goes on was not meant for the list.
  if (!options().length && words.includes(" ")) return close();
  const said = place.querySelector("[data-said]")?.dataset.said ?? "";
  composerOf(field).querySelector("[data-inserts-said]").textContent = said;
  if (!place.matches(":popover-open")) place.showPopover();
  lay(place);
  if (!options().length) {
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
    return;
  }
  field.setAttribute("aria-controls", "inserts-list");
  choose(options()[0]);
}

// Above the caret's line, because the composer stands at the bottom; below it where there is room.
function lay(place) {
  const caret = caretOf(field, from);
  const width = place.offsetWidth;
  const height = place.offsetHeight;
  const above = caret.top - height - 4;
  place.style.left = `${Math.max(8, Math.min(caret.left, innerWidth - width - 8))}px`;
  place.style.top = `${above > 8 ? above : Math.min(caret.bottom + 4, innerHeight - height - 8)}px`;
}

// A copy of the field up to the caret says where the caret is.
function caretOf(area, at) {
  const copy = document.createElement("div");
  const look = getComputedStyle(area);
  for (const name of ["font", "letterSpacing", "padding", "borderWidth", "boxSizing", "textAlign", "direction"]) {
    copy.style[name] = look[name];
  }
  Object.assign(copy.style, { position: "fixed", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "anywhere" });
  const frame = area.getBoundingClientRect();
  Object.assign(copy.style, { left: `${frame.left}px`, top: `${frame.top}px`, width: `${frame.width}px` });
  const mark = document.createElement("span");
  mark.textContent = "|";
  copy.append(area.value.slice(0, at), mark);
  document.body.append(copy);
  const { left: x, top, bottom } = mark.getBoundingClientRect();
  copy.remove();
  const inside = (y) => Math.max(frame.top, Math.min(y - area.scrollTop, frame.bottom));
  return { left: x, top: inside(top), bottom: inside(bottom) };
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  if (event.target !== field || !box()?.matches(":popover-open") || event.isComposing) return;
  const rows = options();
  const here = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (plain && step && rows.length) choose(rows[(here + step + rows.length) % rows.length]);
  else if (plain && ["Enter", "Tab"].includes(event.key) && here >= 0) take(rows[here]);
  else if (event.key === "Escape") {
    // It stays away until another sign is typed.
    left = from;
    close();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

function onClick(event) {
  const row = event.target.closest("[data-insert]");
  if (row && field) take(row);
  const start = event.target.closest("[data-insert-start]");
  if (!start) return;
  const area = composerOf(start).querySelector("[data-inserts]");
  const at = area.selectionEnd;
  const gap = at > 0 && /\S/.test(area.value[at - 1]) ? " " : "";
  put(area, gap + start.dataset.insertStart, at, at);
}

function take(row) {
  const area = field;
  const start = from;
  close();
  put(area, row.dataset.insert, start, area.selectionStart);
}

function close() {
  clearTimeout(timer);
  asking?.abort();
  asking = null;
  const place = box();
  if (place?.matches(":popover-open")) place.hidePopover();
  field?.removeAttribute("aria-activedescendant");
  field?.removeAttribute("aria-controls");
}
