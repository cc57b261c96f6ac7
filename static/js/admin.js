// The administration: after a refused form one stands at the first thing to correct.
(() => {
  // The page is shown once its own script has started, and until then nothing on it takes the
  // focus. What stands there may still be drawn anew: it is asked for each time, until somebody acts.
  const first = () => document.querySelector("form [aria-invalid='true']");
  const until = performance.now() + 20_000;
  let acted = false;

  function standThere() {
    if (acted || performance.now() > until) return;
    if (document.activeElement === document.body) first()?.focus();
    requestAnimationFrame(standThere);
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!first()) return;
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (acted = true), { once: true });
    standThere();
  });
})();

// Select2 draws a box of its own over a list of choices and leaves it without a name.
(() => {
  function name() {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible[id]")) {
      const box = select.nextElementSibling?.querySelector(".select2-selection");
      const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      const words = label?.textContent.trim() || select.getAttribute("aria-label") || select.name;
      if (!box || box.getAttribute("aria-label") === words) continue;
      for (const part of [box, ...box.querySelectorAll("[role=textbox]")]) {
        part.setAttribute("aria-label", words);
        part.removeAttribute("aria-labelledby");
      }
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
    name();
  });
})();
