// Keeps a screen alive: one stream from the server, running timers, the sound of unclaimed alerts,
// and the banner that says when what is shown is no longer true.
"use strict";

const STALE_SECONDS = 20;
const REFRESH_SECONDS = 30;
const RETRY_MILLISECONDS = 3000;

const root = document.documentElement;
const show = (id, on) => {
  const element = document.getElementById(id);
  if (element && element.hidden === on) element.hidden = !on;
};

// --- the server's time ------------------------------------------------------------------------
// The clock of decisions, told by the page and by every message since. It may run ahead of ours.
let offset = Number(root.dataset.now) * 1000 - Date.now();
let heard = performance.now();
let lastTold = new Date();
const serverNow = () => Date.now() + offset;

const two = (number) => String(number).padStart(2, "0");
function running(milliseconds) {
  let seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  seconds %= 60;
  if (days) return `${days}${root.dataset.day}${two(hours)}:${two(minutes)}:${two(seconds)}`;
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
}
function showTimers() {
  for (const timer of document.querySelectorAll("[data-since]")) {
    const text = running(serverNow() - Number(timer.dataset.since) * 1000);
    if (timer.textContent !== text) timer.textContent = text;
  }
}

// --- sound: until somebody claims -------------------------------------------------------------
let audio = null;
let calling = 0;
function chime() {
  if (!audio || audio.state !== "running") return;
  [0, 0.28, 0.56].forEach((after, index) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = index === 1 ? 660 : 880;
    const start = audio.currentTime + after;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.35, start + 0.02);
    volume.gain.linearRampToValueAtTime(0, start + 0.24);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.26);
  });
  root.dataset.chimes = String(Number(root.dataset.chimes || 0) + 1);
}
function soundOn() {
  audio ??= new AudioContext();
  const settle = () => show("mute", audio.state !== "running");
  audio.onstatechange = settle;
  audio.resume().then(settle, settle);
  settle();
}
if ("AudioContext" in window && document.getElementById("mute")) {
  soundOn();
  document.getElementById("unmute").addEventListener("click", () => { soundOn(); setTimeout(chime, 60); });
  document.addEventListener("pointerdown", soundOn, { once: true });
  document.addEventListener("keydown", soundOn, { once: true });
}

// --- the parts of the page --------------------------------------------------------------------
const board = document.getElementById("board");
const title = document.title;
let refreshed = performance.now();
function busy() {
  const queue = document.getElementById("queue");
  return queue !== null && (queue.contains(document.activeElement) || queue.matches(":hover"));
}
function typing() {
  const here = document.activeElement;
  return here && board?.contains(here) && here.matches("input:not([type=hidden]), textarea") && here.value !== "";
}
function refresh() {
  if (!board || typing()) return;
  refreshed = performance.now();
  board.dispatchEvent(new CustomEvent("refresh"));
}
// While the keyboard or the pointer is in the queue, its rows keep their places.
let sortAgain = false;
document.addEventListener("htmx:config:request", (event) => {
  const body = event.detail.ctx.request.body;
  if (!sortAgain && busy()) {
    const rows = [...document.querySelectorAll("#queue [data-alert]")];
    body.set("keep", rows.map((row) => row.dataset.alert).join(","));
  }
  sortAgain = false;
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-resort]")) return;
  sortAgain = true;
  refresh();
});
// A claimed row has another button where the keyboard was: stay in the row.
let rowInUse = null;
// The server does not know what a reader has unfolded: unfold it again.
let unfolded = [];
document.addEventListener("htmx:before:swap", () => {
  rowInUse = document.activeElement?.closest("#queue [data-alert]")?.id ?? null;
  unfolded = [...document.querySelectorAll("#board details[open][id]")].map((part) => part.id);
});
document.addEventListener("htmx:after:swap", () => {
  showTimers();
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  const gone = document.activeElement === document.body || document.activeElement === null;
  const row = rowInUse && document.getElementById(rowInUse);
  if (gone && row) row.querySelector("h2 a").focus({ preventScroll: true });
});

// --- the stream -------------------------------------------------------------------------------
let source = null;
let known = null;
function take(event) {
  const told = JSON.parse(event.data);
  heard = performance.now();
  lastTold = new Date();
  offset = told.now * 1000 - Date.now();
  calling = told.calling;
  document.title = told.unclaimed ? `(${told.unclaimed}) ${title}` : title;
  const screen = document.getElementById("screen");
  if (screen) screen.textContent = clock(serverNow());
  if (calling) chime();
  if (known !== null && told.unclaimed > known) announce(told.unclaimed);
  known = told.unclaimed;
  root.dataset.ticks = String(Number(root.dataset.ticks || 0) + 1);
}
const screenText = document.getElementById("screen")?.textContent ?? "";
const zoneShift = screenText ? shiftOf(screenText) : 0;
function shiftOf(text) {
  // The deployment's zone, from the time that the server wrote into the page.
  const [hours, minutes] = text.split(":").map(Number);
  const there = new Date(serverNow());
  const minutesApart = hours * 60 + minutes - (there.getUTCHours() * 60 + there.getUTCMinutes());
  return Math.round(minutesApart / 15) * 15 * 60000;
}
function clock(milliseconds) {
  const there = new Date(milliseconds + zoneShift);
  return `${two(there.getUTCHours())}:${two(there.getUTCMinutes())}:${two(there.getUTCSeconds())}`;
}
function announce(count) {
  const voice = document.getElementById("speak");
  const row = document.querySelector("#truth .warn dt");
  if (voice && row) voice.textContent = `${row.textContent} ${count}`;
}
function connect() {
  source = new EventSource("/live");
  source.addEventListener("tick", (event) => {
    take(event);
    if (performance.now() - refreshed > REFRESH_SECONDS * 1000) refresh();
  });
  source.addEventListener("changed", (event) => { take(event); refresh(); });
  source.addEventListener("out", () => { source.close(); show("out", true); });
  source.addEventListener("open", () => { if (root.dataset.stale) refresh(); });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;  // the browser tries again by itself
    setTimeout(reconnect, RETRY_MILLISECONDS);
  });
}
async function reconnect() {
  const answer = await fetch("/login", { redirect: "manual" }).catch(() => null);
  if (answer?.type === "basic" && answer.ok) show("out", true);  // the login is shown: we are out
  else connect();
}
function showStale() {
  const silent = (performance.now() - heard) / 1000;
  const stale = silent > STALE_SECONDS;
  const banner = document.getElementById("stale");
  if (stale && !root.dataset.stale) {
    banner.textContent = `${banner.dataset.text} ${lastTold.toTimeString().slice(0, 8)}`;
    root.dataset.stale = "yes";
    chime();
  }
  if (!stale) delete root.dataset.stale;
  show("stale", stale);
}
if (document.querySelector(".tools .who")) {
  connect();
  setInterval(() => { showTimers(); showStale(); }, 1000);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}
