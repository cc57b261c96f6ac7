// The conversation follows new messages only if its end is in view; otherwise a button says so.
const NEAR = 80;
let wasAtEnd = true;

export function startScroll() {
  toEnd(document);
  document.addEventListener("htmx:load", (event) => toEnd(event.detail.elt));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const box = event.detail.target;
    if (box?.matches?.("[data-stick]")) wasAtEnd = atEnd(box);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const box = event.detail.target;
    if (!box?.matches?.("[data-stick]")) return;
    if (wasAtEnd) box.scrollTop = box.scrollHeight;
    else offer(box, true);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-to-end]");
    const box = button && document.querySelector("[data-stick]");
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    offer(box, false);
  });
}

export const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;

function toEnd(root) {
  const box = root.matches?.("[data-stick]") ? root : root.querySelector?.("[data-stick]");
  if (box) box.scrollTop = box.scrollHeight;
}

function offer(box, show) {
  const button = box.parentElement.querySelector("[data-to-end]");
  if (button) button.hidden = !show;
}
