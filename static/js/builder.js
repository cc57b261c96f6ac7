// Builders of conditions and actions without leaving the page. The server draws everything; this
// asks it to draw again when a button is pressed or a choice changes what may follow. It knows
// nothing of the page around it: [data-builder] holds the address to ask.
export function startBuilders() {
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
}

const builderOf = (element) => element.closest?.("[data-builder]");
const queues = new WeakMap();

function onClick(event) {
  const button = event.target.closest?.("button[name$='-press']");
  const builder = button && builderOf(button);
  if (!builder?.dataset.builder) return;
  event.preventDefault();
  redraw(builder, { press: button.value });
}

function onChange(event) {
  const builder = builderOf(event.target);
  if (event.target.name === "organization") {
    for (const each of event.target.form?.querySelectorAll("[data-builder]") ?? []) redraw(each, { still: true });
  }
  if (!builder?.dataset.builder) return;
  if (event.target.dataset.redraws) redraw(builder, { part: event.target.dataset.redraws });
}

// Alt with an arrow moves the action in which one stands.
function onKey(event) {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const step = event.target.closest?.("[data-builder] [data-index]");
  if (!step) return;
  event.preventDefault();
  const way = event.key === "ArrowUp" ? "up" : "down";
  step.querySelector(`button[value="${way}:${step.dataset.index}"]`)?.click();
}

// One at a time: what is asked while the server draws waits its turn, the same thing only once.
function redraw(builder, wish) {
  const waiting = queues.get(builder);
  if (!waiting) {
    queues.set(builder, [wish]);
    builder.setAttribute("aria-busy", "true");
    work(builder);
  } else if (!wish.part || !waiting.slice(1).some((other) => other.part === wish.part)) {
    waiting.push(wish);
  }
}

async function work(builder) {
  const waiting = queues.get(builder);
  try {
    for (; waiting.length; waiting.shift()) await draw(builder, waiting[0]);
  } catch {
    // The server could not draw: from now on the buttons work as they do without script.
    builder.dataset.builder = "";
  }
  queues.delete(builder);
  builder.removeAttribute("aria-busy");
}

async function draw(builder, wish) {
  let sent, html;
  // Whatever was typed while the server drew is sent again: nothing typed is lost.
  do {
    sent = holds(builder, wish.press);
    const answer = await fetch(builder.dataset.builder, { method: "POST", body: sent, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    html = await answer.text();
  } while (asText(sent) !== asText(holds(builder, wish.press)));
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-builder]");
  if (!fresh) throw new Error("empty");
  if (wish.part) swapPart(builder, fresh, wish.part);
  else swapAll(builder, fresh, wish.still);
}

function holds(builder, press) {
  const form = builder.closest("form");
  const data = new FormData();
  const name = builder.dataset.name;
  for (const [key, value] of new FormData(form)) {
    if (key === name || key.startsWith(`${name}-`) || ["csrfmiddlewaretoken", "organization"].includes(key)) data.append(key, value);
  }
  data.append("builder", name);
  if (press) data.append(`${name}-press`, press);
  return data;
}

const asText = (data) => JSON.stringify([...data]);

// The control that was changed stays as it is, with its focus; what depends on it is replaced.
function swapPart(builder, fresh, id) {
  const name = builder.dataset.name;
  for (const part of [id, `${name}-text`]) {
    const old = builder.querySelector(`#${CSS.escape(part)}`);
    const now = fresh.querySelector(`#${CSS.escape(part)}`);
    if (!old || !now) continue;
    if (part === `${name}-text`) now.open = old.open;
    swap(old, now);
  }
  const was = id.replace(/(rest|asked)$/, "was");
  const field = builder.querySelector(`[name="${CSS.escape(was)}"]`);
  if (field) field.value = fresh.querySelector(`[name="${CSS.escape(was)}"]`)?.value ?? "";
}

// What holds the focus stays the same element: somebody may be typing in it.
function swap(old, now) {
  const focused = document.activeElement;
  const kept = [...old.children].find((child) => child.contains(focused));
  const twin = kept && [...now.children].find((child) => child.querySelector(`#${CSS.escape(focused.id)}`));
  if (!twin) {
    old.replaceWith(now);
    return;
  }
  for (const child of [...old.children]) if (child !== kept) child.remove();
  let before = true;
  for (const child of [...now.children]) {
    if (child === twin) before = false;
    else if (before) old.insertBefore(child, kept);
    else old.append(child);
  }
}

function swapAll(builder, fresh, still) {
  const text = fresh.querySelector(".builder__text");
  if (text) text.open = text.open || builder.querySelector(".builder__text")?.open;
  builder.replaceChildren(...fresh.childNodes);
  builder.dataset.focus = fresh.dataset.focus ?? "";
  if (still) return;
  const target = document.getElementById(builder.dataset.focus);
  (target ?? builder.querySelector("select, button"))?.focus();
}
