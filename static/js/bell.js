// The bell: the socket says that something is new, the bell and an open list fetch it themselves.
export function startBell() {
  document.addEventListener("live:notification", () => {
    for (const element of document.querySelectorAll("#bell, #notification-rows")) refresh(element);
  });
}

// An open list is never replaced under the reader's hand: it waits until it is closed.
function refresh(element) {
  const open = element.querySelector("details.menu[open]");
  if (open) open.addEventListener("toggle", () => refresh(element), { once: true });
  else window.htmx.trigger(element, "live");
}
