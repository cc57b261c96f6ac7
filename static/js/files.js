// Choosing files by dropping or pasting, with their names shown. In the composer they go into the
// draft at once, with their progress; elsewhere they go with the form.
import { adopt, composerOf } from "./drafts.js";
import { csrfToken, post, words } from "./words.js";

export function startFiles() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file]")) chosen(event.target);
  });
  document.addEventListener("click", (event) => {
    const drop = event.target.closest("[data-drop-file]");
    if (drop) takeOut(drop);
  });
  document.addEventListener("dragover", (event) => hover(event, true));
  document.addEventListener("dragleave", (event) => hover(event, false));
  document.addEventListener("drop", (event) => {
    const zone = hover(event, false);
    if (zone) add(zone.querySelector("input[type=file]"), event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const input = event.target.closest?.("form")?.querySelector("input[type=file]");
    if (files.length && input) {
      event.preventDefault();
      add(input, files);
    }
  });
}

function hover(event, over) {
  const zone = event.target.closest?.("[data-file-drop]");
  if (!zone) return null;
  event.preventDefault();
  zone.classList.toggle("is-over", over);
  return zone;
}

function add(input, files) {
  if (!input) return;
  const kept = new DataTransfer();
  for (const file of [...(input.multiple ? input.files : []), ...files]) kept.items.add(file);
  input.files = kept.files;
  chosen(input);
}

function chosen(input) {
  const composer = composerOf(input);
  if (composer?.dataset.filesUrl) upload(composer, input);
  else showNames(input);
}

const kindOf = (composer) => (composer.dataset.mode === "note" ? "internal" : "public");
const slotOf = (composer, mode) => composer.querySelector(`[data-draft-files="${mode}"]`);

function upload(composer, input) {
  const mode = composer.dataset.mode;
  const body = new FormData();
  body.set("kind", kindOf(composer));
  for (const file of input.files) body.append("attachments", file);
  const [bar, said] = progressChip([...input.files]);
  composer.querySelector("[data-file-names]").append(bar);
  input.value = "";
  // fetch cannot tell how far an upload is.
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.querySelector("progress").value = event.loaded / event.total;
  });
  request.addEventListener("loadend", () => {
    if (request.status === 200 && !request.getResponseHeader("Content-Type").includes("json")) {
      bar.remove();
      slotOf(composer, mode).innerHTML = request.responseText;
      adopt(composer, request.getResponseHeader("X-Draft-Revision") ?? "");
      return;
    }
    bar.querySelector("progress").remove();
    said.textContent = problemOf(request);
    said.classList.add("composer__error");
    bar.setAttribute("role", "alert");
  });
  request.open("POST", composer.dataset.filesUrl);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.setRequestHeader("HX-Request", "true");
  request.send(body);
}

function problemOf(request) {
  try {
    return JSON.parse(request.responseText).problem ?? words("upload_failed");
  } catch {
    return words("upload_failed");
  }
}

function progressChip(files) {
  const bar = document.createElement("span");
  bar.className = "chip chip--box";
  const said = document.createElement("span");
  said.textContent = files.map((file) => file.name).join(", ");
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute("aria-label", words("uploading", { name: said.textContent }));
  bar.append(said, progress);
  return [bar, said];
}

async function takeOut(button) {
  const composer = composerOf(button);
  const mode = composer.dataset.mode;
  const answer = await post(button.dataset.dropFile, { kind: kindOf(composer) }).catch(() => null);
  if (!answer?.ok) return;
  slotOf(composer, mode).innerHTML = await answer.text();
  composer.querySelector(".composer__text").focus();
}

function showNames(input) {
  const place = input.form?.querySelector("[data-file-names]");
  if (!place) return;
  place.replaceChildren(
    ...[...input.files].map((file) => {
      const chip = document.createElement("span");
      chip.className = "chip chip--box";
      chip.textContent = `${file.name} ${Math.max(1, Math.round(file.size / 1024))} KB`;
      return chip;
    }),
  );
}
