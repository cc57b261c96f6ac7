// Fields that are asked only when others have a value. Without script all are there, and the
// server leaves out what is not asked.
const PREFIX = "f_";

export function startConditions() {
  const update = (event) => {
    const form = event.target.closest?.("form");
    if (form?.querySelector("[data-when]")) show(form);
  };
  document.addEventListener("input", update);
  document.addEventListener("change", update);
  document.addEventListener("htmx:load", (event) => {
    for (const form of event.target.querySelectorAll?.("form") ?? []) show(form);
  });
  for (const form of document.forms) show(form);
}

function show(form) {
  // A field may depend on one that depends on another: three passes settle what people build.
  for (let pass = 0; pass < 3; pass += 1) {
    for (const part of form.querySelectorAll("[data-when]")) {
      const conditions = JSON.parse(part.dataset.when);
      const asked = conditions.every(({ field, values }) => holds(form, field, values));
      part.hidden = !asked;
      for (const control of part.querySelectorAll("input, select, textarea")) {
        control.disabled = !asked;
      }
    }
  }
}

function holds(form, field, values) {
  const facts = JSON.parse(form.dataset.facts || "{}");
  const given = facts[field] ?? new FormData(form).getAll(PREFIX + field);
  const wanted = values.map((value) => value.toLocaleLowerCase());
  return given.some((value) => wanted.includes(String(value).toLocaleLowerCase()));
}
