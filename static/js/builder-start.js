// For pages whose own start does not know builders, such as the administration.
import { startBuilders } from "./builder.js";

startBuilders();

// After an error of the form one stands at the first thing to correct.
document.querySelector("[data-builder] [aria-invalid='true']")?.focus();
