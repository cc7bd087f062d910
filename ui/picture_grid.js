// The pictures of a style: drawn from data as text, never as HTML; tells the lab what was done with them.
//
// What is done shows at once and is told as numbered events. Those that the lab has not confirmed are told again, and a
// caption that is typed is kept in the tab until it is: neither a refresh nor a lost message takes it away. It is told
// with the captions that it may be written over: the one that was shown, and what was typed since.

const DRAFTS = "lora_lab_caption_drafts";
const TYPED_MS = 500, TOLD_MS = 120, BUSY_MS = 100, AGAIN_MS = 400, TRIES = 6, TAIL = 10, OWN = 20;
const KEYS = "Arrow keys move, Space selects, Shift selects a row of them, Enter opens a picture large. " +
  "In a caption Enter goes on to the next one, Shift+Enter to the one before. Captions are saved as you type.";

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cards");
  root.grid ??= new Grid(parentElement);
  root.grid.send = (events) => setTriggerValue("events", { style: root.grid.data.style, events });
  root.grid.draw(data);
}

class Grid {
  constructor(parent) {
    this.list = parent.querySelector(".cards");
    this.dialog = parent.querySelector("dialog");
    this.keys = parent.querySelector(".keys");
    this.cards = new Map();
    this.pending = [];
    this.told = new Map();
    this.drafts = {};
    this.tries = this.last = 0;
    this.current = this.anchor = this.opened = this.edge = null;
    // The page's own shortcuts do not see that a key was meant for a field in here.
    for (const one of [this.list, this.dialog]) one.addEventListener("keydown", (event) => event.stopPropagation());
    this.prepareDialog();
  }

  draw(data) {
    if (this.data?.style !== data.style) this.enter(data.style);
    const turned = this.data && (this.data.page !== data.page);
    this.data = data;
    this.pending = this.pending.filter(([number]) => number > data.confirmed);
    this.settleDrafts();
    this.chosen = new Set(data.chosen);
    for (const [, kind, names, value] of this.pending)
      if (kind === "choose") for (const name of names) this.chosen[value ? "add" : "delete"](name);
    this.names = data.cards.map((card) => card.name);
    this.byName = new Map(data.cards.map((card) => [card.name, card]));
    if (!this.byName.has(this.current)) this.current = this.names[0] ?? null;
    this.place();
    this.keys.textContent = this.names.length ? KEYS : "";
    if (this.edge && turned && this.names.length) this.open(this.edge === "first" ? this.names[0] : this.names.at(-1));
    else if (this.opened && !this.byName.has(this.opened)) this.dialog.close();
    this.drawOpened();
    if (data.cards.some((card) => card.is_waiting)) this.later(() => this.tell("more", [], null), 30, "more");
    if (!this.pending.length) this.tries = 0;
    else if (this.tries < TRIES) this.later(() => this.flush(), AGAIN_MS, "flush");
  }

  enter(style) {
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
    this.pending = [];
    this.told.clear();
    this.current = this.anchor = null;
    this.drafts = {};
    try {
      for (const [name, kept] of Object.entries(JSON.parse(sessionStorage.getItem(DRAFTS) ?? "{}")[style] ?? {}))
        this.drafts[name] = typeof kept === "string" ? { text: kept, over: null } : kept;
    } catch (refused) { console.info("drafts of captions cannot be read:", refused.message); }
    for (const name of Object.keys(this.drafts)) setTimeout(() => this.save(name), 0);
  }

  // -- what the lab is told

  tell(kind, names, value, within = TOLD_MS) {
    // Above what is confirmed even when this computer's clock was set back.
    this.last = Math.max(this.last + 1, Date.now(), this.data.confirmed + 1);
    this.pending.push([this.last, kind, names, value]);
    this.later(() => this.flush(), within, "flush");
    return this.last;
  }

  // What is told on the heels of a click on another page brings this one back, and a run may end with another page: so
  // it waits until no run goes on (seen on 1.67). A caption that is not told then is told when the grid is there again.
  flush() {
    if (!this.list.isConnected) return;
    if (document.querySelector("[data-testid='stApp']")?.dataset.testScriptState === "running") {
      this.later(() => this.flush(), BUSY_MS, "flush");
      return;
    }
    this.tries += 1;
    if (this.pending.length) this.send(this.pending);
  }

  later(action, ms, name) {
    this.timers ??= {};
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, ms);
  }

  choose(names, value) {
    for (const name of names) this.chosen[value ? "add" : "delete"](name);
    this.tries = 0;
    this.tell("choose", names, value);
    for (const name of names) if (this.cards.has(name)) this.fill(this.cards.get(name), this.byName.get(name));
    this.drawOpened();
  }

  // -- captions

  typed(name, text) {
    const draft = this.drafts[name] ??= { over: [this.recorded(name)] };
    // Whoever types on has read what stands there instead, and means to replace it.
    if (name in this.data.failed && !this.told.has(name)) draft.over = [this.recorded(name)];
    draft.text = text;
    this.keepDrafts();
    this.showState(name);
    this.later(() => this.save(name), TYPED_MS, `caption ${name}`);
  }

  save(name) {
    clearTimeout(this.timers?.[`caption ${name}`]);
    const draft = this.drafts[name];
    if (draft === undefined || this.told.get(name)?.text === draft.text) return;
    const { text, over } = draft;
    this.tries = 0;
    this.pending = this.pending.filter(([, kind, names]) => kind !== "caption" || names[0] !== name);
    this.told.set(name, { text, number: this.tell("caption", [name], { text, over }) });
    if (over) draft.over = [...over, text].slice(-OWN);  // it may be written before this tab learns of it
    this.keepDrafts();
  }

  settleDrafts() {
    for (const [name, { text, number }] of this.told) {
      if (number > this.data.confirmed) continue;
      this.told.delete(name);
      if (!(name in this.data.failed) && this.drafts[name]?.text === text) delete this.drafts[name];
    }
    this.keepDrafts();
  }

  keepDrafts() {
    const style = this.data.style;
    try {
      const all = JSON.parse(sessionStorage.getItem(DRAFTS) ?? "{}");
      if (Object.keys(this.drafts).length) all[style] = this.drafts; else delete all[style];
      sessionStorage.setItem(DRAFTS, JSON.stringify(all));
    } catch (refused) { console.info("drafts of captions are not kept:", refused.message); }
  }

  recorded(name) { return this.byName.get(name)?.caption ?? ""; }

  text(name) { return this.drafts[name]?.text ?? this.recorded(name); }

  showText(area, name) {
    const text = this.text(name), isTyping = area.getRootNode().activeElement === area;
    if (area.value !== text && !(isTyping && oneLine(area.value) === oneLine(text))) area.value = text;
  }

  showState(name) {
    const card = this.byName.get(name), failed = this.data.failed[name], isDraft = name in this.drafts;
    const text = failed && isDraft ? `Not saved. ${failed}` : isDraft ? "Saving …" : card?.problem ?? "";
    const kind = failed && isDraft ? "is-failed" : !isDraft && card?.problem ? "is-problem" : "";
    const places = [this.cards.get(name)?.querySelector(".state")];
    if (this.opened === name) places.push(this.dialog.querySelector(".state"));
    for (const place of places) if (place) { put(place, text); place.className = `state ${kind}`; }
  }

  // -- the cards

  place() {
    for (const [name, element] of this.cards)
      if (!this.byName.has(name)) { element.remove(); this.cards.delete(name); }
    this.names.forEach((name, index) => {
      if (!this.cards.has(name)) this.cards.set(name, this.made(name));
      const element = this.cards.get(name);
      this.fill(element, this.byName.get(name));
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
  }

  made(name) {
    const card = make("li", "card"), picture = make("div", "picture"), pick = make("button", "pick");
    pick.type = "button";
    pick.setAttribute("role", "checkbox");
    const image = make("img");
    image.alt = "";
    image.loading = "lazy";
    image.decoding = "async";
    image.onerror = () => retry(image);
    const mark = make("span", "mark"), none = make("span", "none");
    mark.setAttribute("aria-hidden", "true");
    pick.append(image, none, mark);
    const open = make("button", "open");
    open.type = "button";
    open.textContent = "Open";
    picture.append(pick, open);
    const told = make("div", "told"), area = make("textarea");
    area.rows = 3;
    area.placeholder = "No caption";
    const title = make("div", "name");
    title.append(make("span", "head"), make("span", "tail"));
    told.append(title, make("div", "facts"), area, make("div", "state"));
    card.append(picture, told);
    pick.onclick = (event) => this.clicked(name, event.shiftKey);
    pick.ondblclick = () => this.open(name);
    pick.onkeydown = (event) => this.moved(name, event);
    open.onclick = () => this.open(name);
    card.onfocusin = () => this.makeCurrent(name);
    this.prepareArea(area, () => name, (by) => this.cards.get(this.names[this.names.indexOf(name) + by])
      ?.querySelector("textarea"));
    return card;
  }

  fill(element, card) {
    const { name } = card, isChosen = this.chosen.has(name), pick = element.querySelector(".pick");
    element.classList.toggle("is-chosen", isChosen);
    pick.setAttribute("aria-checked", String(isChosen));
    pick.setAttribute("aria-label", [name, card.size, card.place, card.problem].filter(Boolean).join(", "));
    put(element.querySelector(".mark"), isChosen ? "✓" : "");
    const image = element.querySelector("img"), none = element.querySelector(".none");
    image.hidden = !card.url;
    image.style.display = card.url ? "" : "none";
    none.style.display = card.url ? "none" : "";
    put(none, card.url ? "" : card.is_waiting ? "…" : "No picture that can be shown");
    show(image, card.url);
    // Names often differ in their ends only: what is cut is the middle.
    put(element.querySelector(".head"), name.slice(0, -TAIL));
    put(element.querySelector(".tail"), name.slice(-TAIL));
    element.querySelector(".name").title = name;
    put(element.querySelector(".facts"), [card.size, card.place].filter(Boolean).join(" · "));
    const area = element.querySelector("textarea");
    area.setAttribute("aria-label", `Caption of ${name}`);
    element.querySelector(".open").setAttribute("aria-label", `Open ${name}`);
    this.showText(area, name);
    this.showState(name);
    for (const one of element.querySelectorAll("button, textarea")) one.tabIndex = name === this.current ? 0 : -1;
  }

  makeCurrent(name) {
    const before = this.current;
    this.current = name;
    for (const one of [before, name])
      for (const part of this.cards.get(one)?.querySelectorAll("button, textarea") ?? [])
        part.tabIndex = one === name ? 0 : -1;
  }

  clicked(name, isRange) {
    const from = this.names.indexOf(this.anchor), to = this.names.indexOf(name);
    const value = !this.chosen.has(name);
    const names = isRange && from >= 0 ? this.names.slice(Math.min(from, to), Math.max(from, to) + 1) : [name];
    this.anchor = name;
    this.choose(names, isRange ? true : value);
  }

  moved(name, event) {
    const at = this.names.indexOf(name), row = this.rowLength();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: this.names.length - 1 - at };
    if (event.key === "Enter") this.open(name);
    else if (event.key in steps && !event.altKey) {
      const next = this.names[at + steps[event.key]];
      if (next && event.shiftKey) this.choose([name, next], true);
      if (next) this.cards.get(next).querySelector(".pick").focus();
    } else return;
    event.preventDefault();
  }

  rowLength() {
    const tops = [...this.list.children].map((card) => card.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  prepareArea(area, name, neighbour) {
    area.oninput = () => this.typed(name(), area.value);
    area.onblur = () => this.save(name());
    area.onkeydown = (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") {
        event.preventDefault();
        this.save(name());
        const next = neighbour(event.shiftKey ? -1 : 1);
        if (next) { next.focus(); next.setSelectionRange(next.value.length, next.value.length); }
      }
    };
  }

  // -- one picture, large

  prepareDialog() {
    const part = (name) => this.dialog.querySelector(name);
    this.prepareArea(part("textarea"), () => this.opened, (by) => { this.step(by); return null; });
    part(".close").onclick = () => this.dialog.close();
    part(".before").onclick = () => this.step(-1);
    part(".after").onclick = () => this.step(1);
    part(".choose").onclick = () => this.choose([this.opened], !this.chosen.has(this.opened));
    part(".stage img").onerror = () => retry(part(".stage img"));
    this.dialog.addEventListener("keydown", (event) => {
      if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        event.preventDefault();
        this.step(event.key === "ArrowLeft" ? -1 : 1);
      }
    });
    this.dialog.onclose = () => {
      const name = this.opened;
      if (name === null) return;
      this.save(name);
      this.opened = this.edge = null;
      this.cards.get(name)?.querySelector(".pick").focus();
    };
  }

  open(name) {
    if (this.opened && this.opened !== name) this.save(this.opened);
    this.opened = name;
    this.edge = null;
    this.makeCurrent(name);
    this.drawOpened();
    if (!this.dialog.open) this.dialog.showModal();
    const area = this.dialog.querySelector("textarea");
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
    this.tell("open", [name], null);
  }

  step(by) {
    const next = this.names[this.names.indexOf(this.opened) + by];
    if (next) this.open(next);
    else if (this.data.page + by >= 0 && this.data.page + by < this.data.pages) {
      this.save(this.opened);
      this.edge = by > 0 ? "first" : "last";
      this.tell("turn", [], by);
    }
  }

  drawOpened() {
    const card = this.byName.get(this.opened);
    if (!card) return;
    const part = (name) => this.dialog.querySelector(name), isChosen = this.chosen.has(card.name);
    const { opened, page, pages, first, of } = this.data, at = this.names.indexOf(card.name);
    put(part("h3"), card.name);
    put(part(".facts"), [card.size, card.bytes, card.place].filter(Boolean).join(" · "));
    show(part(".stage img"), opened?.name === card.name && opened.url ? opened.url : card.url);
    this.showText(part("textarea"), card.name);
    this.showState(card.name);
    part(".choose").setAttribute("aria-checked", String(isChosen));
    put(part(".choose .box"), isChosen ? "✓" : "");
    put(part(".place"), `${first + at + 1} of ${of}`);
    part(".before").disabled = at === 0 && page === 0;
    part(".after").disabled = at === this.names.length - 1 && page === pages - 1;
  }
}

const make = (tag, name) => Object.assign(document.createElement(tag), name ? { className: name } : {});
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const oneLine = (text) => text.split(/\s+/).filter(Boolean).join(" ");

// The address lies below the folder that the app is served from, which only its own files tell.
function show(image, address) {
  const url = address ? new URL(address.replace(/^\//, ""), base()).href : "";
  if (image.dataset.shown === url) return;
  image.dataset.shown = url;
  image.dataset.tries = "0";
  if (url) image.src = url; else image.removeAttribute("src");
}

function base() {
  const own = document.querySelector("script[src*='static/']")?.src ?? document.baseURI;
  return own.replace(/static\/.*$/, "");
}

// Between two runs of the page its pictures may be gone for a moment.
function retry(image) {
  const tries = Number(image.dataset.tries ?? 0) + 1;
  image.dataset.tries = String(tries);
  if (tries <= 5 && image.dataset.shown)
    setTimeout(() => { image.src = ""; image.src = image.dataset.shown; }, 400 * tries);
}
