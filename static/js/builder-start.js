// For pages whose own start does not know builders, such as the administration.
import { startBuilders } from "./builder.js";

startBuilders();

// After an error of the form one stands at the first thing to correct. The administration shows
// its page only once its own script has started, and until then nothing on it takes the focus.
// What stands there may still be drawn anew: it is asked for each time, until somebody acts.
const first = () => document.querySelector("[data-builder] [aria-invalid='true']");
const until = performance.now() + 20_000;
let acted = false;
for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (acted = true), { once: true });

function standThere() {
  if (acted || performance.now() > until) return;
  if (document.activeElement === document.body) first()?.focus();
  requestAnimationFrame(standThere);
}

if (first()) standThere();
