// Sections that fold: <details data-fold="name">. A person's choice is kept on this device and
// holds on every ticket, also after a live refetch replaced the section.
const STORE = "omnidesk.folds";

export function startFolds() {
  restore(document);
  document.addEventListener("htmx:load", (event) => restore(event.detail.elt));
  // The click comes from a person; `toggle` would also come from restoring.
  document.addEventListener("click", (event) => {
    const fold = event.target.closest("summary")?.parentElement;
    if (fold?.dataset.fold) remember(fold.dataset.fold, !fold.open);
  });
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    return {};
  }
}

function remember(name, open) {
  localStorage.setItem(STORE, JSON.stringify({ ...kept(), [name]: open }));
}

function restore(root) {
  const choices = kept();
  const inside = root.querySelectorAll?.("details[data-fold]") ?? [];
  for (const fold of root.matches?.("details[data-fold]") ? [root, ...inside] : inside) {
    if (fold.dataset.fold in choices) fold.open = choices[fold.dataset.fold];
  }
}
