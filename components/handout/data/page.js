"use strict";
// Figures are unpacked and drawn when they come into sight, for a light or a dark page.
const NEAR = "400px";
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let figures = {};
let ready = null;
let darkOnScreen = false;

async function unpack(name) {
  const packed = document.getElementById(name).textContent;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function begin() {
  if (ready === null) {
    ready = load();
  }
  return ready;
}

async function load() {
  const script = document.createElement("script");
  script.textContent = await unpack("packed-plotly");
  document.head.append(script);
  figures = JSON.parse(await unpack("packed-figures"));
}

function isDark() {
  return root.dataset.theme === "dark";
}

function change(plot, patch) {
  const [path, ...values] = patch;
  let inner = plot;
  for (const key of path.slice(0, -1)) {
    inner = inner[key];
  }
  const last = path[path.length - 1];
  if (values.length) {
    inner[last] = values[0];
  } else {
    delete inner[last];
  }
}

function plotOf(name) {
  const plot = structuredClone(figures[name].plot);
  if (isDark()) {
    figures[name].dark.forEach((patch) => change(plot, patch));
  }
  return plot;
}

async function draw(place) {
  await begin();
  const { data, layout, frames } = plotOf(place.dataset.figure);
  const [ruler] = layout.sliders ?? [];
  delete layout.sliders;
  const config = {
    responsive: true,
    displaylogo: false,
    // Plotly has a button that uploads a figure to its makers' cloud.
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines"],
  };
  place.dataset.drawn = "";
  await Plotly.newPlot(place, { data, layout, frames, config });
  if (ruler) {
    await putRuler(place, ruler);
  }
}

function putRuler(place, ruler) {
  // Plotly's own is a drawing that no key moves and no reader hears.
  const there = place.parentElement.querySelector(".ruler input");
  if (there) {
    return there.value === String(ruler.active) ? null : showLayer(place, ruler, there);
  }
  const input = document.createElement("input");
  input.type = "range";
  input.max = String(ruler.steps.length - 1);
  input.value = String(ruler.active);
  const shown = document.createElement("output");
  shown.setAttribute("aria-hidden", "true");
  const around = document.createElement("div");
  around.className = "ruler";
  around.append(labelled("Layer", input), shown);
  input.addEventListener("input", () => showLayer(place, ruler, input));
  place.after(around);
  return tellLayer(ruler, input);
}

function showLayer(place, ruler, input) {
  tellLayer(ruler, input);
  return Plotly.animate(place, ...ruler.steps[Number(input.value)].args);
}

function tellLayer(ruler, input) {
  const { label } = ruler.steps[Number(input.value)];
  input.setAttribute("aria-valuetext", `layer ${label}`);
  input.closest(".ruler").querySelector("output").textContent = label;
}

function tell(place, error) {
  const said = document.createElement("p");
  said.className = "lacking";
  said.textContent = `This figure could not be drawn (${error.message}). Its numbers are below.`;
  place.replaceChildren(said);
}

function drawOrTell(place) {
  return draw(place).catch((error) => tell(place, error));
}

function watch() {
  const eye = new IntersectionObserver(
    (seen) => {
      for (const each of seen) {
        if (each.isIntersecting) {
          eye.unobserve(each.target);
          drawOrTell(each.target);
        }
      }
    },
    { rootMargin: NEAR },
  );
  document.querySelectorAll(".plot").forEach((place) => eye.observe(place));
}

function setTheme(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").textContent = isDark() ? "Light page" : "Dark page";
  document.querySelectorAll(".plot[data-drawn]").forEach(drawOrTell);
}

function rowsOf(text) {
  // CSV as the tables are written: a quote inside quotes is doubled.
  const rows = [[]];
  const cell = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g;
  let found = cell.exec(text);
  while (found !== null && found.index < text.length) {
    const raw = found[1];
    const value = raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw;
    rows[rows.length - 1].push(value);
    if (found[2] !== ",") {
      rows.push([]);
    }
    found = cell.exec(text);
  }
  return rows.filter((row) => row.length > 0);
}

function short(value) {
  // A number of very many digits is shown with four; the saved file has all.
  return /^-?\d+\.\d{5,}$/.test(value) ? String(Number(Number(value).toPrecision(4))) : value;
}

function line(values, kind) {
  const row = document.createElement("tr");
  for (const value of values) {
    const cell = document.createElement(kind);
    cell.textContent = short(value);
    cell.title = value;
    row.append(cell);
  }
  return row;
}

function tableOf(text) {
  const [head, ...rows] = rowsOf(text);
  const table = document.createElement("table");
  const top = table.createTHead();
  top.append(line(head, "th"));
  top.querySelectorAll("th").forEach((cell) => cell.setAttribute("scope", "col"));
  table.createTBody().append(...rows.map((row) => line(row, "td")));
  return table;
}

function saveLink(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.textContent = "Save as CSV";
  return link;
}

async function fillTwin(twin) {
  if (!twin.open || twin.dataset.filled !== undefined) {
    return;
  }
  twin.dataset.filled = "";
  await begin();
  const text = figures[twin.dataset.figure].table;
  const around = document.createElement("div");
  around.tabIndex = 0;
  around.setAttribute("role", "region");
  const title = twin.closest("figure").querySelector("h3").textContent;
  around.setAttribute("aria-label", `Numbers of ${title}, ${twin.dataset.figure}`);
  around.append(tableOf(text));
  twin.append(saveLink(twin.dataset.figure, text), around);
}

function labelled(words, control) {
  const label = document.createElement("label");
  const said = document.createElement("span");
  said.textContent = words;
  label.append(said, control);
  return label;
}

function choices(texts) {
  const select = document.createElement("select");
  texts.forEach((text, place) => select.append(new Option(text, String(place))));
  return select;
}

function answerCard(title, answer) {
  const card = document.createElement("article");
  card.className = "card";
  const head = document.createElement("h3");
  head.textContent = title;
  const text = document.createElement("p");
  text.dir = "auto";
  text.textContent = answer.text || "(nothing: the answer ended at once)";
  const read = document.createElement("p");
  read.className = "about";
  const language = answer.language ? `Reads as ${answer.language}; ` : "";
  read.textContent = `${language}${Math.round(100 * answer.repetition)} % of three-word sequences said before.`;
  card.append(head, text, read);
  return card;
}

function showTurns(turns) {
  const place = document.getElementById("turns");
  const which = choices(turns.map((turn) => (turn.works ? turn.title : `${turn.title} · does not work`)));
  const controls = document.createElement("div");
  controls.className = "controls";
  const shown = document.createElement("div");
  shown.setAttribute("aria-live", "polite");
  controls.append(labelled("What was pushed", which));
  const inner = document.createElement("div");
  inner.className = "controls";
  place.append(controls, inner, shown);
  const choose = () => chooseTurn(turns[Number(which.value)], inner, shown);
  which.addEventListener("change", choose);
  choose();
}

function chooseTurn(turn, controls, shown) {
  const prompt = choices(turn.prompts.map((each) => each.text));
  const strength = choices(turn.strengths.map((each) => `${each}`));
  strength.value = String(turn.strengths.indexOf(turn.strength));
  const show = () => showAnswers(turn, Number(prompt.value), Number(strength.value), shown);
  prompt.addEventListener("change", show);
  strength.addEventListener("change", show);
  controls.replaceChildren(labelled("Prompt", prompt), labelled("Strength", strength));
  show();
}

function showAnswers(turn, which, step, shown) {
  const prompt = turn.prompts[which];
  const strength = turn.strengths[step];
  const cards = document.createElement("div");
  cards.className = "answers";
  cards.append(
    answerCard("Baseline, recorded", prompt.baseline),
    answerCard(`Steered, strength ${strength}, recorded`, prompt.steered[step]),
    answerCard(`Random twin, strength ${strength}, recorded`, prompt.twins[step]),
  );
  const verdict = document.createElement("p");
  verdict.textContent = turn.verdict;
  shown.replaceChildren(cards, verdict);
}

async function showRecorded() {
  if (document.getElementById("turns")) {
    showTurns(JSON.parse(await unpack("packed-answers")).turns);
  }
}

function toPaper() {
  // Paper is light, whatever the page is.
  darkOnScreen = isDark();
  if (darkOnScreen) {
    setTheme("light");
  }
  document.querySelectorAll(".plot:not([data-drawn])").forEach(drawOrTell);
}

function toScreen() {
  if (darkOnScreen) {
    setTheme("dark");
  }
}

setTheme(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
document.querySelectorAll(".twin").forEach((twin) => twin.addEventListener("toggle", () => fillTwin(twin)));
window.addEventListener("beforeprint", toPaper);
window.addEventListener("afterprint", toScreen);
watch();
showRecorded();
