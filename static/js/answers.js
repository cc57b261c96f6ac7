// Shows an answer of the assistant while it is being written, then has the page fetch the whole.

const streams = new WeakMap();

function addSentence(turn, sentence) {
  turn.querySelector("[data-answer-wait]")?.remove();
  const line = document.createElement("p");
  // Bold and code marks are drawn by the page once the answer is whole.
  const words = sentence.text.replaceAll("**", "").replaceAll("`", "");
  line.textContent = sentence.step ? `${sentence.step}. ${words}` : words;
  for (const number of sentence.citations ?? []) {
    const mark = document.createElement("span");
    mark.className = "citation";
    mark.textContent = String(number);
    line.append(" ", mark);
  }
  turn.querySelector(".turn__answer")?.append(line);
}

function listen(turn) {
  if (streams.has(turn)) return;
  const source = new EventSource(turn.dataset.answerStream);
  streams.set(turn, source);
  source.addEventListener("sentence", (event) => {
    if (turn.isConnected) addSentence(turn, JSON.parse(event.data));
    else source.close();
  });
  source.addEventListener("done", () => {
    source.close();
    if (turn.isConnected) window.htmx.trigger(turn, "answered");
  });
  // The page asks for the whole answer every few seconds anyway: no need to insist.
  source.addEventListener("error", () => source.close());
}

function find(root) {
  for (const turn of root.querySelectorAll?.("[data-answer-stream]") ?? []) listen(turn);
}

/** Listens to every open answer, also to those that htmx brings later. */
export function startAnswers() {
  find(document);
  document.addEventListener("htmx:load", (event) => {
    const node = event.detail.elt;
    if (node.matches?.("[data-answer-stream]")) listen(node);
    find(node);
  });
}
