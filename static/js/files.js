// Choosing files by dropping or pasting, with their names shown.
export function startFiles() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file]")) showNames(event.target);
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
  showNames(input);
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
