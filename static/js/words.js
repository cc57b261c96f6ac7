// Words that scripts show, translated by the server into <script type="application/json" id="words">.
const element = document.getElementById("words");
const table = element ? JSON.parse(element.textContent) : {};

export function words(key, values = {}) {
  let text = table[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replace(`{${name}}`, value);
  return text;
}

export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
}

export async function post(url, fields = {}) {
  const body = new URLSearchParams(fields);
  const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true" };
  return fetch(url, { method: "POST", body, headers, credentials: "same-origin" });
}
