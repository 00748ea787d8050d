// What moves: lighting up a step's neighbours on the map, and sliders and choices that apply themselves.
// Every page works without.

document.documentElement.classList.add("js");

for (const map of document.querySelectorAll("svg.process-map")) {
  const parts = [...map.querySelectorAll(".edge, .label, .node")];
  const light = (activity) => {
    map.classList.toggle("lit", activity !== null);
    if (activity === null) return;
    const near = new Set([activity]);
    for (const part of parts) {
      if (part.dataset.from === undefined) continue;
      const on = part.dataset.from === activity || part.dataset.to === activity;
      part.classList.toggle("on", on);
      if (on) near.add(part.dataset.from).add(part.dataset.to);
    }
    for (const part of parts) {
      if (part.dataset.activity !== undefined) part.classList.toggle("on", near.has(part.dataset.activity));
    }
  };
  for (const node of map.querySelectorAll(".node")) {
    const target = node.closest("a") ?? node;
    target.addEventListener("pointerenter", () => light(node.dataset.activity));
    target.addEventListener("pointerleave", () => light(null));
    target.addEventListener("focus", () => light(node.dataset.activity));
    target.addEventListener("blur", () => light(null));
  }
}

for (const form of document.querySelectorAll("form[data-live]")) {
  form.addEventListener("input", (event) => {
    const shown = form.querySelector(`output[for="${event.target.id}"]`);
    if (shown) shown.value = shown.dataset.unit === "%" ? `${Math.round(event.target.value * 100)} %` : event.target.value;
  });
  form.addEventListener("change", () => form.requestSubmit());
}

// On a narrow screen the map opens on its main path.
for (const canvas of document.querySelectorAll(".canvas")) {
  const start = canvas.querySelector(".terminal.start");
  if (start === null || canvas.scrollWidth <= canvas.clientWidth) continue;
  const place = start.getBoundingClientRect();
  canvas.scrollLeft = place.left + place.width / 2 - canvas.getBoundingClientRect().left - canvas.clientWidth / 2;
}

// Empty choices stay out of the address.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}
