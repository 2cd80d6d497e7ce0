// Adds keys, stepping through matches and a theme switch. Every page works without it.
"use strict";

const query = document.getElementById("q");
const marks = [...document.querySelectorAll("article mark[id]")];
const results = [...document.querySelectorAll(".results > li h3 a, .lines .line")];
let match = -1;
let result = -1;

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function toMatch(step) {
  if (!marks.length) return;
  if (match < 0) match = nearest(step);
  else match = (match + step + marks.length) % marks.length;
  marks.forEach((mark, at) => mark.classList.toggle("current", at === match));
  marks[match].scrollIntoView({ block: "center" });
  marks[match].focus({ preventScroll: true });
  const where = document.querySelector(".matches .where");
  if (where) where.textContent = `${match + 1} of ${marks.length}`;
}

// The first step goes to the first match below the top of the window, or to the last one above it.
function nearest(step) {
  const below = marks.findIndex((mark) => mark.getBoundingClientRect().top > 60);
  if (step > 0) return below < 0 ? 0 : below;
  return below <= 0 ? marks.length - 1 : below - 1;
}

function toResult(step) {
  if (!results.length) return;
  result = Math.max(0, Math.min(results.length - 1, result + step));
  results[result].focus();
  results[result].closest("li").scrollIntoView({ block: "nearest" });
}

for (const [name, step] of [["next", 1], ["previous", -1]]) {
  document.querySelector(`.matches .${name}`)?.addEventListener("click", (event) => {
    event.preventDefault();
    toMatch(step);
  });
}

document.addEventListener("keydown", (event) => {
  const help = document.querySelector(".help");
  if (event.key === "Escape") {
    help.open = false;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    return;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    "/": () => { query.focus(); query.select(); },
    "?": () => { help.open = !help.open; },
    j: () => toResult(1),
    k: () => toResult(-1),
    o: () => results[result]?.click(),
    n: () => toMatch(1),
    p: () => toMatch(-1),
  };
  if (actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});

document.addEventListener("click", (event) => {
  const help = document.querySelector(".help");
  if (help.open && !help.contains(event.target)) help.open = false;
});

// Ways to go on with what is typed; the last answer that was asked for is the one that is shown.
const suggestions = document.getElementById("suggestions");
let waiting = 0;
let asked = "";

async function suggest() {
  const typed = query.value;
  if (typed === asked || [...suggestions.options].some((option) => option.value === typed)) return;
  asked = typed;
  const answer = await fetch(`${query.dataset.suggest}?q=${encodeURIComponent(typed)}`).catch(() => null);
  if (!answer?.ok || asked !== typed) return;
  const found = (await answer.json()).suggestions;
  suggestions.replaceChildren(...found.map(({ kind, text, query, count }) => {
    const option = document.createElement("option");
    option.value = query;
    option.label = kind === "word" ? text : `${text} (${kind}${kind === "title" ? "" : `, ${count}`})`;
    return option;
  }));
}

query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(suggest, 120);
});

// The filters are folded on a small screen, once the page can unfold them again.
const fold = document.querySelector(".filters .fold");
if (fold && matchMedia("(max-width: 900px)").matches) fold.open = false;

const themes = ["auto", "light", "dark"];
const button = document.createElement("button");
button.type = "button";
button.className = "theme";

function show(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = { auto: "◐", light: "○", dark: "●" }[theme];
  button.title = `Colours: ${theme}`;
  button.setAttribute("aria-label", `Colours: ${theme}`);
}

let theme = localStorage.getItem("theme");
if (!themes.includes(theme)) theme = "auto";
show(theme);
button.addEventListener("click", () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  localStorage.setItem("theme", theme);
  show(theme);
});
document.querySelector("header.top").append(button);
