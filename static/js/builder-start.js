// For pages whose own start does not know builders, such as the administration.
import { startBuilders } from "./builder.js";

startBuilders();

// After an error of the form one stands at the first thing to correct. The administration shows
// its page only once its own script has started, and until then nothing on it takes the focus.
const wrong = document.querySelector("[data-builder] [aria-invalid='true']");
const until = performance.now() + 20_000;

function standThere() {
  wrong.focus();
  if (document.activeElement === document.body && performance.now() < until) requestAnimationFrame(standThere);
}

if (wrong) standThere();
