// Names that may follow a dot, in a small list under the caret.

const MAX_SUGGESTIONS = 60;

/** What may be written at the caret: { typed, found }, or null where nothing is to be suggested. */
function suggestionsAt(names, text, caret) {
  const within = tokens(text).find(({ start, end }) => start < caret && caret <= end);
  if (within && within.kind !== "module") return null;
  const [, before, owner, typed] =
    /(^|[^\p{L}\p{N}_.])([\p{L}\p{N}_.]*)\.([\p{L}\p{N}_]*)$/u.exec(text.slice(0, caret)) ?? [];
  if (typed === undefined) return null;
  if (!owner && !")]".includes(before || " ")) return null;
  const members = names.get(owner) ?? (MODULES.has(owner.split(".")[0]) ? [] : names.get(""));
  const wanted = typed.toLowerCase();
  const begin = members.filter(({ name }) => name.toLowerCase().startsWith(wanted));
  const contain = members.filter(({ name }) => name.toLowerCase().indexOf(wanted) > 0);
  const found = [...begin, ...contain].slice(0, MAX_SUGGESTIONS);
  return found.length ? { typed, found } : null;
}

/** Names by what stands before their dot; those of values of any type under "". */
function namesByOwner(names) {
  const owners = new Map([["", []]]);
  for (const [path, signature] of names) {
    const dot = path.lastIndexOf(".");
    if (dot < 0) continue;
    const owner = MODULES.has(path.split(".")[0]) ? path.slice(0, dot) : "";
    const name = path.slice(dot + 1);
    if (!owners.has(owner)) owners.set(owner, []);
    const members = owners.get(owner);
    if (!members.some((member) => member.name === name)) members.push({ name, signature });
  }
  for (const members of owners.values()) {
    members.sort((one, other) => (one.name < other.name ? -1 : 1));
  }
  return owners;
}

class SuggestionList {
  /** onTake: called with what was typed of a name, and the name. */
  constructor(node, area, onTake) {
    this.node = node;
    this.area = area;
    this.onTake = onTake;
    this.close();
    // The caret stays where it is, and with it this list.
    node.addEventListener("mousedown", (event) => event.preventDefault());
    node.addEventListener("click", (event) => {
      const option = event.target.closest("li");
      if (option) this.take(Number(option.dataset.at));
    });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  open({ typed, found }) {
    this.typed = typed;
    this.found = found;
    this.node.replaceChildren(...found.map((member, at) => this.option(member, at)));
    this.node.hidden = false;
    this.area.setAttribute("aria-controls", this.node.id);
    this.choose(0);
  }

  option({ name, signature }, at) {
    const option = document.createElement("li");
    option.id = `${this.node.id}-${at}`;
    option.dataset.at = at;
    option.setAttribute("role", "option");
    const [strong, rest] = [document.createElement("b"), document.createElement("span")];
    strong.textContent = name;
    rest.textContent = signature.startsWith(name) ? signature.slice(name.length) : ` ${signature}`;
    option.append(strong, rest);
    return option;
  }

  close() {
    this.node.hidden = true;
    this.area.removeAttribute("aria-controls");
    this.area.removeAttribute("aria-activedescendant");
  }

  choose(at) {
    this.at = (at + this.found.length) % this.found.length;
    for (const option of this.node.children) {
      option.setAttribute("aria-selected", Number(option.dataset.at) === this.at);
    }
    const chosen = this.node.children[this.at];
    this.area.setAttribute("aria-activedescendant", chosen.id);
    // Not scrollIntoView, which would move the page too.
    const { offsetTop: top, offsetHeight: height } = chosen;
    const { scrollTop, clientHeight } = this.node;
    this.node.scrollTop = Math.max(Math.min(scrollTop, top), top + height - clientHeight);
  }

  take(at) {
    const { typed } = this;
    const { name } = this.found[at];
    this.close();
    this.onTake(typed, name);
  }

  /** Whether a key was meant for the list. */
  onKey({ key }) {
    if (key === "ArrowDown") this.choose(this.at + 1);
    else if (key === "ArrowUp") this.choose(this.at - 1);
    else if (key === "Escape") this.close();
    else if (key === "Tab") this.take(this.at);
    else if (key === "Enter") {
      // A name that stands there in full needs nothing any more but a new line.
      if (this.found[this.at].name === this.typed) return false;
      this.take(this.at);
    } else return false;
    return true;
  }
}
