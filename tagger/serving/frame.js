"use strict";

// Text from the user and the models is only set by textContent; the page's policy forbids other ways.

const TOP = 4; // tags that a word shows when it is opened
const ROWS = 300; // words, before the reader asks for more
const PAUSE = 350; // milliseconds without a key before the text is tagged
const find = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const counted = (amount, one, many) => `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;

function percent(share) {
  if (share > 0.999 && share < 1) return ">\u202f99.9\u202f%";
  if (share > 0 && share < 0.001) return "<\u202f0.1\u202f%";
  return `${(share * 100).toFixed(1)}\u202f%`;
}

/* ---- light and dark ------------------------------------------------------------------------------------------- */

function startTheme() {
  const key = "tagger-theme";
  const buttons = [...document.querySelectorAll("input[name=theme]")];
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    for (const button of buttons) button.checked = button.value === theme;
  };
  const store = (use) => {
    try {
      return use(localStorage);
    } catch {
      return null; // the browser keeps nothing for this page
    }
  };
  const kept = store((storage) => storage.getItem(key));
  apply(buttons.some((button) => button.value === kept) ? kept : "auto");
  for (const button of buttons) {
    button.addEventListener("change", () => {
      apply(button.value);
      store((storage) => storage.setItem(key, button.value));
    });
  }
}

/* ---- text into words ------------------------------------------------------------------------------------------ */

// What corpora such as the English Web Treebank take as words of their own: marks around a word, and these endings.
const OPENING = /^["'“”‘’«„¿¡([$£€]/u;
const CLOSING = /(?:\.{2,}|[!?]+|["'“”‘’»)\],.:;…%])$/u;
const ENDING = /(?:n['’]t|['’](?:s|m|d|re|ve|ll))$/iu;
const WHOLE = /^(?:(?:\p{L}\.)+|(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|vs|etc)\.|[^\p{L}\p{N}]+)$/u; // U.S. and Dr. and :-)

function wordsOf(text) {
  return text.split(/\s+/u).filter(Boolean).flatMap((word) => {
    const before = [];
    const after = [];
    let rest = word;
    const take = (pattern, parts) => {
      const found = rest.match(pattern)?.[0];
      if (!found || found === rest || WHOLE.test(rest)) return false;
      rest = parts === before ? rest.slice(found.length) : rest.slice(0, -found.length);
      if (parts === before) before.push(found);
      else after.unshift(found);
      return true;
    };
    while (take(OPENING, before));
    while (take(CLOSING, after));
    take(ENDING, after);
    return [...before, rest, ...after];
  });
}

/* ---- the words ------------------------------------------------------------------------------------------------ */

function cell(model, tag, probability) {
  const fill = element("span", { className: "fill" });
  fill.style.width = `${probability * 100}%`;
  return element(
    "span",
    { className: `cell m${model}` },
    element("span", { className: "tag", textContent: tag }),
    element("span", { className: "bar" }, fill),
    element("span", { className: "value", textContent: percent(probability) }),
  );
}

function othersOf(sentence, position) {
  const row = element("tr", { className: "others" }, element("th", { scope: "row" }, element("span", { className: "hidden", textContent: "next tags" })));
  sentence.taggings.forEach((tagging, model) => {
    const others = tagging.alternatives[position].slice(1).map(({ tag, probability }) => cell(model, tag, probability));
    row.append(element("td", {}, ...others));
  });
  return row;
}

function rowOf(sentence, position) {
  const tags = sentence.taggings.map((tagging) => tagging.tags[position]);
  const differs = tags.some((tag) => tag !== tags[0]);
  const button = element("button", { type: "button", className: "word" }, element("bdi", { textContent: sentence.words[position] }));
  button.ariaExpanded = "false";
  if (differs) button.append(element("span", { className: "hidden", textContent: ", the models differ" }));
  const row = element("tr", { className: differs ? "differs" : "" }, element("th", { scope: "row" }, button));
  sentence.taggings.forEach((tagging, model) => {
    row.append(element("td", {}, cell(model, tags[model], tagging.probabilities[position])));
  });
  let others = null;
  button.addEventListener("click", () => {
    const open = button.ariaExpanded === "false";
    button.ariaExpanded = String(open);
    row.classList.toggle("open", open);
    if (open) row.after((others ??= othersOf(sentence, position)));
    else others.remove();
  });
  return row;
}

function tableOf(sentence, number, models, alone) {
  const head = element("tr", {}, element("th", { scope: "col", className: "head-word", textContent: "Word" }));
  models.forEach((name, model) => {
    const title = models.length > 1 ? [element("span", { className: "dot" }), element("span", { className: "model", textContent: name })] : ["Tag and probability"];
    head.append(element("th", { scope: "col", className: `m${model}` }, ...title));
  });
  const body = element("tbody");
  const caption = element("caption", { className: alone ? "hidden" : "", textContent: `Sentence ${number}` });
  const table = element("table", { className: models.length > 1 ? "words two" : "words" }, caption, element("thead", {}, head), body);
  const append = (from, to) => {
    for (let position = from; position < Math.min(to, sentence.words.length); position += 1) body.append(rowOf(sentence, position));
  };
  append(0, ROWS);
  const rest = sentence.words.length - ROWS;
  if (rest <= 0) return [table];
  const more = element("button", { type: "button", className: "more", textContent: `Show ${counted(rest, "more word", "more words")}` });
  more.addEventListener("click", () => {
    append(ROWS, Infinity);
    more.remove();
    body.rows[ROWS].querySelector("button").focus();
  });
  return [table, more];
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

const tagger = {
  start() {
    this.field = find("text");
    if (!this.field) return;
    this.field.addEventListener("input", () => this.later());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault(); // Shift+Enter makes a new line
      this.ask();
    });
    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    find("split").addEventListener("change", () => this.ask());
    for (const button of document.querySelectorAll(".example")) {
      button.addEventListener("click", () => {
        this.field.value = button.textContent;
        this.ask();
      });
    }
    if (this.field.value) this.ask(); // the browser has kept it
  },

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), PAUSE);
  },

  async ask() {
    clearTimeout(this.timer);
    this.request?.abort(); // an earlier answer would come too late
    const request = (this.request = new AbortController());
    const lines = this.field.value.split("\n").filter((line) => line.trim());
    const sentences = find("split").checked ? lines.map(wordsOf) : lines;
    if (!sentences.length) return this.show(null, "");
    const late = setTimeout(() => (find("status").textContent = "Tagging …"), 400);
    try {
      const answer = await fetch("/api/tag", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ sentences, top: TOP }),
        signal: request.signal,
      });
      const content = await answer.json().catch(() => ({ detail: `the server answered with status ${answer.status}` }));
      if (request.signal.aborted) return;
      if (answer.ok) this.show(content, "");
      else this.show(null, content.detail);
    } catch (error) {
      if (error.name !== "AbortError") this.show(null, "the server does not answer");
    } finally {
      clearTimeout(late);
    }
  },

  show(answer, problem) {
    const problems = find("problem");
    problems.hidden = !problem;
    problems.textContent = problem;
    const { models, sentences } = answer ?? { models: [], sentences: [] };
    const alone = sentences.length === 1;
    find("result").replaceChildren(...sentences.flatMap((sentence, index) => tableOf(sentence, index + 1, models, alone)));
    find("status").textContent = sentences.length ? this.summary(models, sentences) : "";
  },

  summary(models, sentences) {
    const words = sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
    const found = `${counted(words, "word", "words")} in ${counted(sentences.length, "sentence", "sentences")}`;
    if (models.length < 2) return `${found}. Open a word to see its next tags.`;
    let differ = 0;
    for (const { taggings } of sentences) differ += taggings[0].tags.filter((tag, place) => tag !== taggings[1].tags[place]).length;
    return `${found}; the models differ on ${differ || "none"}. Open a word to see its next tags.`;
  },
};

startTheme();
tagger.start();
