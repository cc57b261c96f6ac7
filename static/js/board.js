// The board: a card is moved by dragging, by Shift and an arrow key, or by its menu. The server
// decides; the card moves once it has agreed, and asks in a dialog where the step needs a reason.
let dragged = null;

export function startBoard() {
  document.addEventListener("dragstart", onDragStart);
  document.addEventListener("dragover", onDragOver);
  document.addEventListener("dragleave", (event) => mark(event.target, false));
  document.addEventListener("drop", onDrop);
  document.addEventListener("dragend", endDrag);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onMenu);
  document.addEventListener("board:moved", (event) => place(event.detail));
}

const columnOf = (element) => element?.closest?.("[data-column]");
const cardOf = (element) => element?.closest?.("[data-board] [data-row]");

function onDragStart(event) {
  dragged = cardOf(event.target);
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.id);
  dragged.classList.add("is-dragged");
}

function onDragOver(event) {
  const column = dragged && columnOf(event.target);
  if (!column) return;
  event.preventDefault();
  mark(event.target, true);
}

function mark(target, over) {
  columnOf(target)?.classList?.toggle("is-over", over);
}

function onDrop(event) {
  const column = dragged && columnOf(event.target);
  if (!column) return;
  event.preventDefault();
  const card = document.getElementById(dragged.id);
  endDrag();
  if (column !== columnOf(card)) move(card, column.dataset.column);
}

function endDrag() {
  for (const column of document.querySelectorAll(".board__column.is-over")) column.classList.remove("is-over");
  dragged?.classList.remove("is-dragged");
  dragged = null;
}

function onMenu(event) {
  const choice = event.target.closest("[data-move]");
  if (!choice) return;
  event.preventDefault();
  choice.closest("details").open = false;
  move(cardOf(choice), choice.value);
}

function onKey(event) {
  const card = cardOf(event.target);
  if (!card || event.altKey || event.ctrlKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const columns = [...document.querySelectorAll("[data-column]")];
  const step = event.key === "ArrowRight" ? 1 : -1;
  const here = columns.indexOf(columnOf(card));
  event.preventDefault();
  if (event.shiftKey) {
    const next = columns[here + step];
    if (next) move(card, next.dataset.column);
    return;
  }
  for (let at = here + step; at >= 0 && at < columns.length; at += step) {
    const link = columns[at].querySelector("[data-row] a");
    if (link) return link.focus();
  }
}

// Asked by the board itself: a live update may replace the card before the answer comes.
function move(card, status) {
  window.htmx.ajax("POST", card.dataset.moveUrl, {
    source: card.closest("[data-list]"), target: "#dialog-slot", swap: "innerHTML", values: { status },
  });
}

function place({ number, status }) {
  const card = document.getElementById(`row-${number}`);
  const column = document.querySelector(`[data-column="${CSS.escape(status)}"]`);
  if (!card || !column || columnOf(card) === column) return;
  const from = columnOf(card);
  const focused = card.contains(document.activeElement) || document.activeElement === document.body;
  column.querySelector("[data-cards]").prepend(card);
  count(from, -1);
  count(column, 1);
  if (focused) card.querySelector("a").focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function count(column, step) {
  const place = column?.querySelector("[data-column-count]");
  if (place) place.textContent = String(Number(place.textContent) + step);
}
