// How many text messages an answer is billed as, while it is written. Counts like
// integrations/texting/segments.py; tests/channels/sms/test_segments.py holds both to one table.
const GSM = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ" +
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const DOUBLE = new Set("^{}\\[~]|€\f");

export function countSegments(text) {
  const characters = [...text];
  const gsm = characters.every((one) => GSM.has(one) || DOUBLE.has(one));
  const costs = characters.map((one) => (gsm ? (DOUBLE.has(one) ? 2 : 1) : one.length));
  const [single, joined] = gsm ? [160, 153] : [70, 67];
  const units = costs.reduce((sum, cost) => sum + cost, 0);
  if (units <= single) return { encoding: gsm ? "gsm" : "ucs2", units, segments: 1, room: single };
  let used = 0;
  let segments = 1;
  for (const cost of costs) {
    if (used + cost > joined) {
      segments += 1;
      used = 0;
    }
    used += cost;
  }
  return { encoding: gsm ? "gsm" : "ucs2", units, segments, room: joined * segments };
}

export function startSegments() {
  document.addEventListener("input", (event) => show(event.target.closest?.("[data-composer]")));
  document.addEventListener("htmx:load", (event) => show(event.detail.elt.closest?.("[data-composer]")));
}

function show(composer) {
  const place = composer?.querySelector("[data-segments]");
  if (!place) return;
  const { units, segments, room } = countSegments(composer.querySelector(".composer__text").value.trim());
  place.textContent = place.dataset.words
    .replace("{units}", String(units))
    .replace("{room}", String(room))
    .replace("{count}", String(segments));
}
