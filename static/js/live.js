// Live updates. The socket says what changed; the page refetches what it shows through the gate.
//   <section data-live="ticket:42 org:7" hx-get="..." hx-trigger="live"> refetches by itself;
//   elements that want finer control listen for the "live" event (list.js). With data-live-late it
//   comes after what people look at first; data-live-unless="ticket.noted message." names (by their
//   beginnings) the changes that do not concern it.
import { words } from "./words.js";
import { clockNow } from "./time.js";

const PING = 25_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const SHOW_STRIP_AFTER = 3_000;
const SIGN_IN_NEEDED = 4401;
// One change is told by several messages that come together; who changes much is read at this pace.
const COLLECT = 20;
const PACE = 250;
// What stands beside the conversation leaves the connection to it first. So does a page that made
// the change itself: the answer to its form shows it, and others wait to see it.
const LATE = 400;
const OWN = 150;
const BUSY_WAIT = 1_000;
const PRESENCE_EVERY = 20_000;
const PRESENCE_KEPT = 45_000;

let socket = null;
let seq = 0;
let delay = FIRST_DELAY;
let retry = 0;
let lostAt = "";
let stripTimer = 0;
let wasConnected = false;
const subscribed = new Set();
const pending = new Map();
const refetched = new Map();
const people = new Map();
let lastTyping = 0;
let posting = 0;
let posted = -OWN;

export function startLive() {
  if (!document.querySelector("[data-live]")) return;
  connect();
  setInterval(() => send({ type: "ping" }), PING);
  setInterval(announce, PRESENCE_EVERY);
  document.addEventListener("htmx:load", syncChannels);
  document.addEventListener("htmx:beforeSwap", keepBusy);
  document.addEventListener("htmx:beforeSend", (event) => own(event, 1));
  document.addEventListener("htmx:afterRequest", (event) => own(event, -1));
  document.addEventListener("live:resync", () => resync());
  document.addEventListener("composer:sent", ({ detail }) => showSent(detail.ticket));
  document.addEventListener("composer:typing", onTyping);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-reconnect]")) connectNow();
  });
  window.addEventListener("online", connectNow);
  window.addEventListener("pagehide", () => presence("gone"));
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/`);
  socket.addEventListener("open", onOpen);
  socket.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
  socket.addEventListener("close", onClose);
}

function connectNow() {
  if (socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return;
  clearTimeout(retry);
  connect();
}

function onOpen() {
  // Also where the first connection came late: the page may be older than it.
  const late = wasConnected || lostAt !== "";
  delay = FIRST_DELAY;
  lostAt = "";
  clearTimeout(stripTimer);
  showStrip(false);
  subscribed.clear();
  // First of all: `since` counts the messages of the connection that was lost.
  if (late) send({ type: "resume", since: seq });
  syncChannels();
  wasConnected = true;
  seq = 0;
  announce();
}

function onClose(event) {
  if (event.code === SIGN_IN_NEEDED) return;
  if (!lostAt) {
    lostAt = clockNow();
    stripTimer = setTimeout(() => showStrip(true), SHOW_STRIP_AFTER);
  }
  // Jitter keeps a thousand browsers from coming back in the same second.
  retry = setTimeout(connect, delay / 2 + Math.random() * delay);
  delay = Math.min(delay * 2, LONGEST_DELAY);
}

function onMessage(message) {
  if (message.seq) seq = message.seq;
  if (message.type === "ticket.changed") changed(message);
  else if (message.type === "resync") resync();
  else if (message.type === "presence") seen(message);
  else if (message.type === "subscribed") catchUp(message);
  else document.dispatchEvent(new CustomEvent(`live:${message.type}`, { detail: message }));
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function channels() {
  const wanted = new Set();
  for (const element of document.querySelectorAll("[data-live]")) {
    for (const channel of element.dataset.live.split(/\s+/)) if (channel) wanted.add(channel);
  }
  return wanted;
}

function syncChannels() {
  const wanted = channels();
  for (const channel of wanted) {
    if (subscribed.has(channel)) continue;
    subscribed.add(channel);
    send({ type: "subscribe", channel });
    if (channel.startsWith("ticket:")) announce();
  }
  for (const channel of [...subscribed]) {
    if (wanted.has(channel)) continue;
    subscribed.delete(channel);
    send({ type: "unsubscribe", channel });
  }
}

function changed(message) {
  for (const element of document.querySelectorAll("[data-live]")) {
    const heard = element.dataset.live.split(/\s+/);
    const mine = heard.includes(`ticket:${message.ticket}`);
    const wide = heard.some((channel) => /^(org|queue):/.test(channel));
    if ((mine || wide) && concerns(element, message)) soon(element, message.many ? null : message.ticket);
  }
}

// A change that nobody named, and one that is not known here, concerns everybody.
function concerns(element, { verbs = [] }) {
  const others = (element.dataset.liveUnless ?? "").split(/\s+/).filter(Boolean);
  return !verbs.length || verbs.some((verb) => !others.some((start) => verb.startsWith(start)));
}

// A form of this page is on its way, or its answer has just come.
function own({ detail }, step) {
  if (detail.requestConfig.verb !== "post") return;
  posting = Math.max(0, posting + step);
  posted = performance.now();
}

const isOwn = () => posting > 0 || performance.now() - posted < OWN;

// What happened between the page's making and its subscription was told to nobody.
function catchUp({ channel, version }) {
  const shown = document.querySelector(`[data-version][data-live~="${channel}"]`);
  if (!shown || !(version > Number(shown.dataset.version))) return;
  shown.dataset.version = version;
  changed({ ticket: Number(channel.split(":")[1]) });
}

// The first change is read at once. What follows waits for its turn, and never puts it off: a
// refetch shows everything that was committed before it began. `ticket` is the number of the only
// one that changed; the element hears of all that came together, null where nobody can say which.
function soon(element, ticket = null) {
  if (pending.has(element)) return void pending.get(element).add(ticket);
  pending.set(element, new Set([ticket]));
  setTimeout(() => {
    const tickets = pending.get(element);
    if (!pending.delete(element) || !element.isConnected) return;
    if (busy(element)) return tickets.forEach((one) => soon(element, one));
    refetched.set(nameOf(element), performance.now());
    window.htmx.trigger(element, "live", { tickets: tickets.has(null) ? null : [...tickets] });
  }, waits(element));
}

// Whoever wrote sees it at once, whatever of it was to come later.
function showSent(ticket) {
  const element = document.querySelector(`#conversation[data-live~="ticket:${ticket}"]`);
  if (!element) return;
  pending.delete(element);
  refetched.set(nameOf(element), performance.now());
  window.htmx.trigger(element, "live", {});
}

function waits(element) {
  if (busy(element)) return BUSY_WAIT;
  const rest = (refetched.get(nameOf(element)) ?? -PACE) + PACE - performance.now();
  return Math.max(rest, "liveLate" in element.dataset || isOwn() ? LATE : COLLECT);
}

// A refetched element may be another one of the same name.
const nameOf = (element) => element.id || element.dataset.listUrl;

// The refetch may have been on its way when the menu opened.
function keepBusy(event) {
  const element = event.detail.requestConfig?.elt;
  if (!element?.dataset.live || !busy(element)) return;
  event.detail.shouldSwap = false;
  soon(element);
}

// An open menu or a field being typed in is never replaced; the refetch waits.
function busy(element) {
  if (element.querySelector("details.menu[open]")) return true;
  const active = document.activeElement;
  return element.contains(active) && active.matches("input, textarea, select");
}

function resync() {
  for (const element of document.querySelectorAll("[data-live]")) soon(element);
}

function showStrip(show) {
  const strip = document.getElementById("offline-strip");
  if (!strip) return;
  strip.hidden = !show;
  const since = strip.querySelector("[data-since]");
  if (since && show) since.textContent = words("offline_since", { time: lostAt });
}

// --- Who else is here -------------------------------------------------------------------------

function currentTicket() {
  return document.querySelector("[data-presence]")?.dataset.presence ?? "";
}

function presence(activity) {
  const ticket = Number(currentTicket());
  if (ticket) send({ type: "presence", ticket, activity });
}

function announce() {
  presence(Date.now() - lastTyping < PRESENCE_EVERY ? "replying" : "viewing");
  for (const [id, person] of people) {
    if (Date.now() - person.at > PRESENCE_KEPT) people.delete(id);
  }
  drawPresence();
}

function onTyping() {
  const quiet = Date.now() - lastTyping > PRESENCE_EVERY;
  lastTyping = Date.now();
  if (quiet) presence("replying");
}

function seen(message) {
  if (String(message.person.id) === document.body.dataset.person) return;
  const known = people.has(message.person.id);
  if (message.activity === "gone") people.delete(message.person.id);
  else people.set(message.person.id, { ...message, at: Date.now() });
  drawPresence();
  // A newcomer does not know who was here before.
  if (!known && message.activity !== "gone") announce();
}

function drawPresence() {
  const slot = document.querySelector("[data-presence]");
  if (!slot) return;
  const here = [...people.values()].filter((one) => String(one.ticket) === currentTicket());
  here.sort((a, b) => Number(b.activity === "replying") - Number(a.activity === "replying"));
  const [first] = here;
  slot.hidden = !first;
  if (!first) return;
  slot.classList.toggle("presence--viewing", first.activity !== "replying");
  slot.querySelector(".avatar").textContent = first.person.initials;
  slot.querySelector("[data-presence-text]").textContent = words(`presence_${first.activity}`, {
    name: first.person.name.split(" ")[0],
  });
}
