"use strict";

// Texts as `searchable` in words.py prepares those of the entries.
const ALONE = /[\p{So}\u{1f3fb}-\u{1f3ff}\u0e00-\u0eff\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/gu;
const searchable = text => {
  const folded = text.normalize("NFKD").toLowerCase().normalize("NFKD").replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, "");
  const spaced = folded.replace(ALONE, " $& ").replace(/[^\p{L}\p{N}\p{Mc}\p{So}\u{1f3fb}-\u{1f3ff}]/gu, " ");
  return spaced.split(" ").filter(Boolean).map(word => ` ${word}`).join("");
};

const order = {
  newest: (a, b) => a.place - b.place,
  oldest: (a, b) => b.place - a.place,
  liked: (a, b) => b.likes - a.likes || a.place - b.place,
};

const form = document.querySelector("form.dcg-filters");
if (form) {
  const list = document.querySelector(".dcg-cards");
  const status = document.querySelector("[role=status]");
  const cards = [...list.children].map((element, place) => ({
    element,
    place,
    words: element.dataset.words,
    likes: Number(element.dataset.likes),
    day: element.dataset.created.slice(0, 10),
  }));
  let sorted = "newest";

  const show = () => {
    const asked = Object.fromEntries(new FormData(form));
    const parts = asked.q.split(/\s+/u).map(searchable).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const found =
        parts.every(part => card.words.includes(part)) &&
        card.likes >= Number(asked.likes) &&
        (!asked.since || card.day >= asked.since) &&
        (!asked.until || card.day <= asked.until);
      card.element.hidden = !found;
      shown += found;
    }
    if (asked.order !== sorted) {
      sorted = asked.order;
      list.append(...[...cards].sort(order[sorted]).map(card => card.element));
    }
    const all = `${cards.length} ${cards.length === 1 ? "entry" : "entries"}`;
    status.textContent =
      cards.length === 0 ? "Nothing has been published yet." : shown === cards.length ? all : `${shown} of ${all}`;
    return asked;
  };

  const keep = asked => {
    const said = Object.entries(asked).filter(([name, value]) => value && !(name === "order" && value === "newest"));
    history.replaceState(null, "", said.length ? `#${new URLSearchParams(said)}` : location.pathname);
  };

  const restore = () => {
    form.reset();
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = form.elements.namedItem(name);
      if (field && (name !== "order" || Object.hasOwn(order, value))) field.value = value;
    }
    show();
  };

  form.addEventListener("input", () => keep(show()));
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => keep(show())));
  addEventListener("hashchange", restore);
  form.hidden = false;
  restore();
}

for (const range of document.querySelectorAll(".dcg-wipe input")) {
  const wipe = () => range.parentElement.style.setProperty("--dcg-at", `${range.value}%`);
  range.addEventListener("input", wipe);
  range.hidden = false;
  wipe();
}
