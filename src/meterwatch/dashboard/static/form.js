// Shows the end of an absence only where somebody is away, and sends a report once.
"use strict";

const outcome = document.getElementById("outcome");
const away = document.getElementById("away");
if (outcome && away) {
  const settle = () => { away.hidden = !outcome.dataset.away.split(" ").includes(outcome.value); };
  outcome.addEventListener("change", settle);
  settle();
}
for (const form of document.querySelectorAll("form.visit")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}
