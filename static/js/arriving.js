// What stands beside a ticket is asked for in parts when the page opens. They are shown together:
// one after the other they would push each other down under the reader's eyes. What takes long
// (the style sheet knows how long) is not waited for.
const LONGEST = 1_500;

export function startArriving() {
  gather(document);
  document.addEventListener("htmx:load", (event) => gather(event.detail.elt));
}

function gather(root) {
  const pane = root.matches?.("[data-arriving]") ? root : root.querySelector?.("[data-arriving]");
  if (!pane) return;
  const awaited = new Set(pane.querySelectorAll("[hx-trigger*=load]"));
  const show = () => {
    pane.removeAttribute("data-arriving");
    document.removeEventListener("htmx:afterRequest", arrived);
  };
  const arrived = ({ detail }) => {
    awaited.delete(detail.elt);
    if (!awaited.size) show();
  };
  document.addEventListener("htmx:afterRequest", arrived);
  setTimeout(show, LONGEST);
}
