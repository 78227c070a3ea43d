// Moving time on takes some seconds: its buttons say so, and are not to be pressed twice.
"use strict";

const slow = [...document.querySelectorAll("form[data-slow]")];
const labels = slow.map((form) => form.querySelector("button").textContent);
for (const form of slow) {
  form.addEventListener("submit", () => {
    for (const other of slow) other.querySelector("button").disabled = true;
    form.querySelector("button").textContent = form.dataset.slow;
  });
}
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  slow.forEach((form, index) => {
    const button = form.querySelector("button");
    button.disabled = false;
    button.textContent = labels[index];
  });
});
