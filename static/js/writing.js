// Help with Markdown: tools that put marks around what is selected, and the preview.
import { composerOf, textOf } from "./drafts.js";
import { csrfToken } from "./words.js";

const AROUND = { bold: "**", italic: "*", code: "`" };
const BEFORE = { bullets: () => "- ", numbers: (at) => `${at + 1}. `, quote: () => "> " };

export function startWriting() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
}

// Through the browser's own editing, so that Ctrl+Z takes it back.
export function put(area, text, from, to) {
  area.focus();
  area.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function onClick(event) {
  const tool = event.target.closest("[data-md]");
  if (tool) mark(composerOf(tool), tool.dataset.md);
  const preview = event.target.closest("[data-preview]");
  if (preview) turn(composerOf(preview), preview);
}

function onKey(event) {
  const composer = composerOf(event.target);
  if (!composer || event.defaultPrevented) return;
  const control = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  const kind = control && { b: "bold", i: "italic" }[event.key.toLowerCase()];
  if (kind && event.target === textOf(composer)) {
    event.preventDefault();
    mark(composer, kind);
  } else if (event.key === "Escape" && event.target.closest("[data-preview-box]")) {
    event.preventDefault();
    endPreview(composer);
    textOf(composer).focus();
  } else if (event.target.closest("[data-roving]")) {
    rove(event);
  }
}

// One stop of Tab for a whole toolbar; arrows go on inside it.
function rove(event) {
  const tools = [...event.target.closest("[data-roving]").querySelectorAll("button")];
  const here = tools.indexOf(event.target);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = event.key === "Home" ? 0 : event.key === "End" ? tools.length - 1 : (here + step + tools.length) % tools.length;
  if (here < 0 || Number.isNaN(next)) return;
  event.preventDefault();
  for (const tool of tools) tool.tabIndex = tool === tools[next] ? 0 : -1;
  tools[next].focus();
}

function mark(composer, kind) {
  endPreview(composer);
  const area = textOf(composer);
  const { selectionStart: from, selectionEnd: to, value } = area;
  const chosen = value.slice(from, to);
  if (kind in BEFORE) lines(area, BEFORE[kind]);
  else if (kind === "link") {
    put(area, `[${chosen}](https://)`, from, to);
    const at = chosen ? from + chosen.length + 3 : from + 1;
    area.setSelectionRange(at, chosen ? at + 8 : at);
  } else around(area, AROUND[kind], chosen, from, to);
}

function around(area, sign, chosen, from, to) {
  const size = sign.length;
  const marked = chosen.length > 2 * size && chosen.startsWith(sign) && chosen.endsWith(sign);
  const inner = marked ? chosen.slice(size, -size) : chosen;
  put(area, marked ? inner : sign + inner + sign, from, to);
  const start = marked ? from : from + size;
  area.setSelectionRange(start, start + inner.length);
}

function lines(area, before) {
  const { value } = area;
  const from = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const end = value.indexOf("\n", area.selectionEnd);
  const to = end < 0 ? value.length : end;
  const rows = value.slice(from, to).split("\n");
  const all = rows.every((row, at) => row.startsWith(before(at)));
  const text = rows.map((row, at) => (all ? row.slice(before(at).length) : before(at) + row)).join("\n");
  put(area, text, from, to);
}

// --- The preview -----------------------------------------------------------------------------

async function turn(composer, button) {
  if (button.getAttribute("aria-pressed") === "true") {
    endPreview(composer);
    textOf(composer).focus();
    return;
  }
  const kind = composer.dataset.mode === "note" ? "internal" : "public";
  const body = new URLSearchParams({ kind, text: textOf(composer).value });
  const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true" };
  const answer = await fetch(button.dataset.preview, { method: "POST", body, headers }).catch(() => null);
  if (!answer?.ok) {
    document.dispatchEvent(new CustomEvent("htmx:sendError", { bubbles: true }));
    return;
  }
  const box = composer.querySelector("[data-preview-box]");
  box.innerHTML = await answer.text();
  box.hidden = false;
  textOf(composer).hidden = true;
  button.setAttribute("aria-pressed", "true");
  box.focus();
}

export function endPreview(composer) {
  const box = composer.querySelector("[data-preview-box]");
  if (!box || box.hidden) return;
  box.hidden = true;
  textOf(composer).hidden = false;
  composer.querySelector("[data-preview]").setAttribute("aria-pressed", "false");
}
