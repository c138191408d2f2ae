"use strict";

// Without this script, only the switches and the sentences are missing. Text of the corpus is set by textContent alone,
// and no style is an attribute: the page's policy forbids both.

const data = JSON.parse(document.getElementById("data").textContent);
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

const percent = (share) => (share >= 1000 ? ">\u202f99.9\u202f%" : share <= 0 ? "<\u202f0.1\u202f%" : `${(share / 10).toFixed(1)}\u202f%`);
const counted = (amount, one, many) => `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;

/* ---- light and dark ------------------------------------------------------------------------------------------- */

function startTheme() {
  const store = (use) => {
    try {
      return use(localStorage);
    } catch {
      return null; // a sandboxed frame, as in MLflow's UI, has no storage
    }
  };
  const key = "tagger-report-theme";
  const buttons = [...document.querySelectorAll("input[name=theme]")];
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    for (const button of buttons) button.checked = button.value === theme;
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

/* ---- links within the page: in a sandboxed frame of a blob, as in MLflow's UI, they lead nowhere by themselves - */

function startLinks() {
  if (location.protocol !== "blob:") return;
  for (const link of document.querySelectorAll("a[href^='#']")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      find(link.hash.slice(1)).scrollIntoView();
    });
  }
}

/* ---- confusion matrices: one is shown ------------------------------------------------------------------------- */

function startMatrices() {
  const buttons = [...document.querySelectorAll("input[name=matrix]")];
  const apply = () => {
    for (const button of buttons) find(`matrix-${button.value}`).hidden = !button.checked;
  };
  for (const button of buttons) button.addEventListener("change", apply);
  apply();
  // A cell is a short cut of the mouse: the list of errors and the filters lead to the same place by keyboard.
  const tagsOf = (cell) => {
    const head = cell.closest("table").tHead.rows[0];
    return [cell.parentElement.cells[0].textContent, head.cells[cell.cellIndex].textContent];
  };
  for (const table of document.querySelectorAll("table.matrix")) {
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("tbody td");
      if (!cell || cell.title) return;
      const [gold, predicted] = tagsOf(cell);
      cell.title = `gold ${gold}, predicted ${predicted}: ${counted(Number(cell.textContent), "word", "words")}`;
    });
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("tbody td[class]");
      if (cell) browser.show(table.dataset.loss, ...tagsOf(cell));
    });
  }
  for (const button of document.querySelectorAll("button.pair")) {
    button.addEventListener("click", () => browser.show(button.dataset.loss, button.dataset.gold, button.dataset.predicted));
  }
}

/* ---- the sentence browser ------------------------------------------------------------------------------------- */

const PAGE = 20; // sentences
const WORDS = 250; // of a sentence, before the reader asks for more
const LEVELS = [990, 900, 700, 500]; // thousandths: the lowest confidence of each colour, the palest first

// [number, words, gold tags (-1 if there is none), places of unknown words, distributions of the first loss, of the second, ...]
const sentences = data.sentences.map(([number, words, gold, unknown, ...distributions]) => {
  const lower = words.map((word) => word.normalize().toLowerCase());
  const known = new Set(unknown);
  return {
    number,
    words,
    gold,
    distributions,
    lower,
    unknown: words.map((_, place) => known.has(place)),
    disagree: words.map((_, place) => distributions.some((each) => each[place][0] !== distributions[0][place][0])),
    all: false,
  };
});

const level = (share) => LEVELS.findIndex((least) => share >= least) + 1 || LEVELS.length + 1;

const browser = {
  start() {
    this.form = find("filters");
    if (!this.form) return;
    const option = (id) => element("option", { value: id, textContent: data.tags[id] });
    const order = [...data.tags.keys()].sort((a, b) => (data.tags[a] < data.tags[b] ? -1 : 1));
    this.form.gold.append(...order.filter((id) => data.gold.includes(id)).map(option));
    this.form.predicted.append(...order.filter((id) => id < data.known).map(option));
    let waiting;
    this.form.addEventListener("change", (event) => {
      if (event.target !== this.form.text) this.update(); // that one has been heard while it was typed into
    });
    this.form.text.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.update(), 150); // until typing rests
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("reset", () => setTimeout(() => this.update()));
    for (const [id, step] of [["first", -Infinity], ["previous", -1], ["next", 1], ["last", Infinity]]) {
      find(id).addEventListener("click", () => this.turn(step));
    }
    tip.start(find("sentence-list"));
    this.update();
  },

  show(loss, gold, predicted) {
    this.form.reset();
    this.form.loss.value = loss;
    this.form.gold.value = String(data.tags.indexOf(gold));
    this.form.predicted.value = String(data.tags.indexOf(predicted));
    setTimeout(() => {
      this.update();
      find("sentences").scrollIntoView();
      find("sentences-title").focus({ preventScroll: true });
    });
  },

  update() {
    const form = this.form;
    this.loss = Number(form.loss.value);
    const wanted = {
      gold: form.gold.value === "" ? null : Number(form.gold.value),
      predicted: form.predicted.value === "" ? null : Number(form.predicted.value),
      outcome: form.outcome.value,
      unknown: form.unknown.checked,
      disagree: form.disagree?.checked ?? false,
      text: form.text.value.normalize().toLowerCase().trim().replace(/\s+/gu, " "),
    };
    this.filtering = Object.values(wanted).some((value) => value !== null && value !== "" && value !== false);
    this.matches = [];
    let words = 0;
    for (const sentence of sentences) {
      const hits = matching(sentence, this.loss, wanted);
      if (!hits.size && (this.filtering || sentence.words.length)) continue;
      words += hits.size;
      this.matches.push({ sentence, hits, rank: rank(sentence, this.loss, form.order.value) });
    }
    this.matches.sort((a, b) => a.rank - b.rank || a.sentence.number - b.sentence.number);
    const found = `${counted(words, "word", "words")} in ${counted(this.matches.length, "sentence", "sentences")}`;
    find("count").textContent = !this.filtering
      ? `No filter: all ${found} on this page.`
      : words
        ? `${found} of ${sentences.length.toLocaleString("en")} ${words === 1 ? "matches" : "match"}.`
        : "No word matches. Widen or reset the filters.";
    this.page = 0;
    this.draw();
  },

  turn(step) {
    const pages = Math.max(1, Math.ceil(this.matches.length / PAGE));
    this.page = Math.min(pages - 1, Math.max(0, this.page + step));
    this.draw();
    find("count").scrollIntoView({ block: "start" });
  },

  draw() {
    tip.hide();
    const pages = Math.max(1, Math.ceil(this.matches.length / PAGE));
    const part = this.matches.slice(this.page * PAGE, (this.page + 1) * PAGE);
    find("sentence-list").replaceChildren(...part.map((match) => this.item(match)));
    find("page").textContent = `Page ${this.page + 1} of ${pages.toLocaleString("en")}`;
    find("pager").hidden = pages === 1;
    for (const id of ["first", "previous"]) find(id).disabled = this.page === 0;
    for (const id of ["next", "last"]) find(id).disabled = this.page === pages - 1;
  },

  item(match) {
    const { sentence, hits } = match;
    const length = sentence.words.length;
    const wrong = sentence.gold.filter((gold, place) => isWrong(sentence.distributions[this.loss][place][0], gold)).length;
    const verdict = wrong ? `${wrong} of ${counted(length, "word", "words")} wrong` : `${counted(length, "word", "words")}, all right`;
    // dir=auto takes the direction of the first strong letter; the labels below the words have a direction of their own.
    const words = element("div", { className: "words", dir: "auto", role: "group" });
    words.setAttribute("aria-label", `Sentence ${sentence.number}`);
    const first = hits.size && this.filtering ? Math.min(...hits) : 0;
    const shown = sentence.all ? length : Math.min(length, Math.max(WORDS, first + 50));
    for (let place = 0; place < shown; place += 1) words.append(this.word(match, place), " ");
    if (words.firstChild) words.firstChild.tabIndex = 0;
    const item = element(
      "li",
      { className: "sentence" },
      element(
        "p",
        { className: "sentence-head" },
        element("span", { className: "number", textContent: `Sentence ${sentence.number.toLocaleString("en")}` }),
        element("span", { className: wrong ? "verdict bad" : "verdict", textContent: verdict }),
      ),
      words,
    );
    if (shown < length) {
      const more = element("button", {
        type: "button",
        className: "plain",
        textContent: `Show the other ${counted(length - shown, "word", "words")} of sentence ${sentence.number}`,
      });
      more.addEventListener("click", () => {
        sentence.all = true;
        const whole = this.item(match);
        item.replaceWith(whole);
        whole.querySelectorAll("button.word")[shown].focus();
      });
      item.append(more);
    }
    return item;
  },

  word({ sentence, hits }, place) {
    const distribution = sentence.distributions[this.loss][place];
    const [predicted, share] = distribution;
    const gold = sentence.gold[place];
    const right = !isWrong(predicted, gold);
    const marks = ["word", `c${level(share)}`];
    if (!right) marks.push("wrong");
    if (sentence.unknown[place]) marks.push("unknown");
    if (sentence.disagree[place]) marks.push("disagree");
    if (this.filtering && hits.has(place)) marks.push("hit");
    // What is marked for the eye is said in words that only a screen reader gets, inside the direction of the labels.
    const said = (text) => element("span", { className: "hidden", textContent: text });
    const label = element("span", { className: "tags", dir: "ltr" });
    if (!right) label.append(said(", predicted "), element("s", { textContent: data.tags[predicted] }), " ");
    label.append(said(right ? ", " : ", wrong, gold is "), element("span", { textContent: data.tags[right ? predicted : gold] }));
    const more = [percent(share)];
    if (sentence.unknown[place]) more.push("unknown word");
    if (sentence.disagree[place]) more.push("losses disagree");
    label.append(said(`, ${more.join(", ")}`));
    const text = element("span", { className: "text", textContent: sentence.words[place] });
    const button = element("button", { type: "button", className: marks.join(" "), tabIndex: -1 }, text, label);
    button.token = { sentence, place };
    return button;
  },
};

function isWrong(predicted, gold) {
  return gold >= 0 && predicted !== gold;
}

function matching(sentence, loss, wanted) {
  const hits = new Set();
  const within = wanted.text ? overlapping(sentence, wanted.text) : null;
  for (let place = 0; place < sentence.words.length; place += 1) {
    const gold = sentence.gold[place];
    const predicted = sentence.distributions[loss][place][0];
    if (wanted.gold !== null && gold !== wanted.gold) continue;
    if (wanted.predicted !== null && predicted !== wanted.predicted) continue;
    if (wanted.outcome && (gold < 0 || (predicted === gold) !== (wanted.outcome === "right"))) continue;
    if (wanted.unknown && !sentence.unknown[place]) continue;
    if (wanted.disagree && !sentence.disagree[place]) continue;
    if (within && !within.has(place)) continue;
    hits.add(place);
  }
  return hits;
}

function overlapping(sentence, text) {
  const places = new Set();
  const line = sentence.lower.join(" ");
  const starts = [];
  let end = 0;
  for (const word of sentence.lower) {
    starts.push(end);
    end += word.length + 1;
  }
  for (let at = line.indexOf(text), word = 0; at >= 0; at = line.indexOf(text, at + 1)) {
    while (word + 1 < starts.length && starts[word + 1] <= at) word += 1;
    for (let next = word; next < starts.length && starts[next] < at + text.length; next += 1) places.add(next);
  }
  return places;
}

function rank(sentence, loss, order) {
  if (order === "corpus") return 0;
  const distributions = sentence.distributions[loss];
  const wrong = sentence.gold.filter((gold, place) => isWrong(distributions[place][0], gold)).length;
  if (order === "errors") return -wrong;
  return Math.min(...[1000].concat(distributions.map((distribution) => distribution[1])));
}

/* ---- the distribution of a word ------------------------------------------------------------------------------- */

const tip = {
  start(list) {
    this.box = find("tip");
    this.list = list;
    const wordAt = (event) => event.target.closest?.("button.word");
    list.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse" && wordAt(event)) this.show(wordAt(event));
    });
    for (const area of [list, this.box]) {
      area.addEventListener("pointerleave", (event) => {
        if (event.pointerType === "mouse") this.leaving = setTimeout(() => this.show(this.focused()), 200);
      });
    }
    this.box.addEventListener("pointerenter", () => clearTimeout(this.leaving));
    list.addEventListener("focusin", (event) => this.show(wordAt(event)));
    list.addEventListener("focusout", () => this.hide());
    list.addEventListener("click", (event) => {
      // Not every browser focuses a button that is tapped.
      if (wordAt(event)) wordAt(event).focus();
    });
    list.addEventListener("keydown", (event) => this.move(event, wordAt(event)));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    addEventListener("resize", () => this.hide());
  },

  focused() {
    return this.list.contains(document.activeElement) ? document.activeElement.closest("button.word") : null;
  },

  hide() {
    clearTimeout(this.leaving);
    this.owner?.removeAttribute("aria-describedby");
    this.owner = null;
    if (this.box) this.box.hidden = true;
  },

  show(button) {
    if (button && button === this.owner) {
      clearTimeout(this.leaving);
      return;
    }
    this.hide();
    if (!button) return;
    this.owner = button;
    this.box.replaceChildren(...describe(button.token));
    this.box.hidden = false;
    button.setAttribute("aria-describedby", "tip");
    this.place(button.getBoundingClientRect());
  },

  // Below the word where there is room, else above it; the style sheet makes it a sheet at the bottom of a phone.
  place(word) {
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const { clientWidth, clientHeight } = document.documentElement;
    const left = Math.max(8, Math.min(word.left + word.width / 2 - width / 2, clientWidth - width - 8));
    const below = word.bottom + height + 8 <= clientHeight || word.top < height + 8;
    const top = below ? word.bottom + 6 : word.top - height - 6;
    this.box.style.left = `${left + scrollX}px`;
    this.box.style.top = `${top + scrollY}px`;
    const sheet = getComputedStyle(this.box).position === "fixed";
    const covered = word.bottom + height + 8 - clientHeight;
    if (sheet && covered > 0) scrollBy(0, Math.min(covered, word.top - 8));
  },

  move(event, button) {
    if (!button || event.altKey || event.ctrlKey || event.metaKey) return;
    const words = [...button.parentElement.querySelectorAll("button.word")];
    const forward = getComputedStyle(button.parentElement).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const items = [...this.list.querySelectorAll(".words")];
    const line = items[items.indexOf(button.parentElement) + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
    const next = {
      ArrowLeft: words[words.indexOf(button) + (forward === "ArrowLeft" ? 1 : -1)],
      ArrowRight: words[words.indexOf(button) + (forward === "ArrowRight" ? 1 : -1)],
      ArrowUp: line?.querySelector("button.word[tabindex='0']"),
      ArrowDown: line?.querySelector("button.word[tabindex='0']"),
      Home: words[0],
      End: words.at(-1),
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    const target = next[event.key];
    if (!target) return;
    if (target.parentElement === button.parentElement) {
      button.tabIndex = -1;
      target.tabIndex = 0;
    }
    target.focus();
  },
};

function describe({ sentence, place }) {
  const gold = sentence.gold[place];
  const columns = sentence.distributions.map((each) => {
    const shares = new Map();
    for (let at = 0; at < each[place].length; at += 2) shares.set(each[place][at], each[place][at + 1]);
    return shares;
  });
  const tags = [...new Set(columns.flatMap((shares) => [...shares.keys()]))];
  const most = (tag) => Math.max(...columns.map((shares) => shares.get(tag) ?? 0));
  tags.sort((a, b) => most(b) - most(a) || a - b);
  const facts = [gold < 0 ? "no gold tag" : `gold ${data.tags[gold]}`];
  if (gold >= data.known) facts.push("tag not seen in training");
  facts.push(sentence.unknown[place] ? "unknown word" : "word seen in training");
  const head = element(
    "p",
    { className: "tip-head" },
    element("bdi", { className: "tip-word", textContent: sentence.words[place] }),
    " ",
    element("span", { className: "tip-facts", textContent: facts.join(", ") }),
  );
  const top = element("tr", {}, element("th", { scope: "col", textContent: "tag" }));
  for (const [index, loss] of data.losses.entries()) {
    const wrong = isWrong(sentence.distributions[index][place][0], gold);
    const outcome = wrong ? "wrong" : "right";
    top.append(
      element(
        "th",
        { scope: "col" },
        element("span", { className: "tip-loss" }, ...breakable(loss)),
        " ",
        element("span", { className: wrong ? "outcome bad" : "outcome", textContent: gold < 0 ? "" : outcome }),
      ),
    );
  }
  const body = element("tbody");
  for (const tag of tags) {
    const name = element("th", { scope: "row" }, element("span", { textContent: data.tags[tag] }));
    if (tag === gold) name.append(" ", element("span", { className: "gold-mark", textContent: "gold" }));
    const row = element("tr", {}, name);
    for (const [index, shares] of columns.entries()) {
      const best = sentence.distributions[index][place][0] === tag;
      // Of the gold tag there is always a number, though 0 for one that the model does not know.
      const none = !shares.has(tag) || (tag === gold && gold >= data.known);
      row.append(none ? element("td", { textContent: "–" }) : bar(shares.get(tag), best));
    }
    body.append(row);
  }
  const rests = columns.map((shares) => 1000 - [...shares.values()].reduce((sum, share) => sum + share, 0));
  if (rests.some((rest) => rest >= 1)) {
    const row = element("tr", { className: "rest" }, element("th", { scope: "row", textContent: "all others (–)" }));
    for (const rest of rests) row.append(rest >= 1 ? bar(rest, false) : element("td", { textContent: "–" }));
    body.append(row);
  }
  return [head, element("table", { className: "tip-table" }, element("thead", {}, top), body)];
}

function breakable(name) {
  return name.split(/(?<=_)/u).flatMap((part) => [element("wbr"), part]);
}

function bar(share, best) {
  const fill = element("span", { className: "fill" });
  fill.style.width = `${Math.min(100, Math.max(0, share / 10))}%`;
  return element(
    "td",
    { className: best ? "best" : "" },
    element("span", { className: "value", textContent: percent(share) }),
    element("span", { className: "bar" }, fill),
  );
}

startTheme();
startLinks();
startMatrices();
browser.start();
