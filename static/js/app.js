// Starts the page's small modules. Each finds its own elements and works after htmx swaps too.
import { startAnswers } from "./answers.js";
import { startArriving } from "./arriving.js";
import { startBell } from "./bell.js";
import { startBoard } from "./board.js";
import { startComposer } from "./composer.js";
import { startConditions } from "./conditions.js";
import { startDialogs } from "./dialog.js";
import { startDrafts } from "./drafts.js";
import { startFiles } from "./files.js";
import { startFolds } from "./folds.js";
import { startHeld } from "./held.js";
import { startInserts } from "./inserts.js";
import { startInstall } from "./install.js";
import { startKeys } from "./keys.js";
import { startKept } from "./kept.js";
import { startLetters } from "./letters.js";
import { startList } from "./list.js";
import { startLive } from "./live.js";
import { startMacros } from "./macros.js";
import { startPalette } from "./palette.js";
import { startScroll } from "./scroll.js";
import { startSegments } from "./segments.js";
import { startTheme } from "./theme.js";
import { startTimes } from "./time.js";
import { startToasts } from "./toast.js";
import { startWriting } from "./writing.js";

startTheme();
startArriving();
startTimes();
startToasts();
startDialogs();
startConditions();
startFolds();
startKeys();
startFiles();
startDrafts();
startInserts();
startWriting();
startComposer();
startHeld();
startMacros();
startSegments();
startList();
startBoard();
startPalette();
startScroll();
startLetters();
startLive();
startBell();
startAnswers();
startInstall();
startKept();

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form?.requestSubmit();
});

// A validation answer (422) is a form with its errors: show it like any other answer.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
