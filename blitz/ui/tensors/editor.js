// A small editor for programs: a text field over a coloured copy of its text.
//
// What stands in the field is the truth: script runs bring marks, never letters, unless the page
// sets another text, which has another revision. The names to suggest come here; what changes with
// every script run comes through editor_control.js. Both meet in window.blitzEditors.

const DELAY_MS = 350; // after the last key
const COUNTED_FROM = 0.9; // of the most characters
const INDENTATION = "    ";
const MARGIN = 20; // pixels between the caret and the frame

const SKELETON = `<div class="blitz-editor-frame">
    <div class="blitz-editor-gutter" data-part="gutter"></div>
    <div class="blitz-editor-code">
      <div class="blitz-editor-copy" data-part="copy" aria-hidden="true"></div>
      <textarea aria-label="Program" aria-autocomplete="list" aria-haspopup="listbox" wrap="off"
        rows="1" spellcheck="false" autocapitalize="off" autocomplete="off" autocorrect="off"
        data-gramm="false"></textarea>
    </div>
  </div>
  <ul class="blitz-editor-suggestions" data-part="suggestions" role="listbox"
    aria-label="Suggestions" hidden></ul>
  <p class="blitz-editor-foot"><span data-part="hint">Runs as you type, with Ctrl+Enter at once<span
    class="blitz-editor-unseen">. Tab inserts four spaces; Escape, then Tab, leaves the
    editor.</span></span><span data-part="count" role="status"></span></p>
  <p class="blitz-editor-unseen" data-part="fault"></p>`;

class Editor {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.renders = 0;
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.names = namesByOwner([]);
    this.root = document.createElement("section");
    this.root.className = "blitz-editor";
    this.root.innerHTML = SKELETON;
    parent.append(this.root);
    this.area = this.root.querySelector("textarea");
    this.parts = {};
    for (const node of this.root.querySelectorAll("[data-part]")) {
      this.parts[node.dataset.part] = node;
      node.id = `blitz-editor-${this.instance}-${node.dataset.part}`;
    }
    this.suggestions = new SuggestionList(this.parts.suggestions, this.area, (typed, name) =>
      this.replaceTyped(typed, name),
    );
    this.connect();
    this.onControl();
  }

  connect() {
    const { area } = this;
    area.addEventListener("input", () => this.onInput());
    area.addEventListener("keydown", (event) => this.onKey(event));
    area.addEventListener("compositionend", () => this.onInput());
    area.addEventListener("keyup", () => this.keepCaretInSight());
    area.addEventListener("blur", () => this.onBlur());
    area.addEventListener("mousedown", () => this.suggestions.close());
    area.addEventListener("mousemove", (event) => this.onPointer(event));
  }

  // What Streamlit gives

  render({ data, setStateValue }) {
    this.send = (value) => setStateValue("typed", value);
    const text = new TextDecoder().decode(data);
    if (text === this.message) return;
    this.message = text;
    const { names, max_length } = JSON.parse(text);
    this.names = namesByOwner(names);
    this.maxLength = max_length;
    this.draw();
  }

  onControl() {
    const { control } = this.meeting;
    if (!control) return;
    // An editor that came back may have met what was said before it went.
    const isUntouched = this.serial === 0 && this.area.value === this.told;
    if (control.revision !== this.revision || isUntouched) this.setText(control);
    this.draw();
  }

  setText({ source, revision }) {
    clearTimeout(this.timer);
    this.revision = revision;
    this.told = source;
    if (this.area.value === source) return;
    this.suggestions.close();
    this.area.value = source;
  }

  close() {
    clearTimeout(this.timer);
    this.root.remove();
  }

  // What a person does

  onInput() {
    this.draw();
    this.keepCaretInSight();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), DELAY_MS);
    this.suggest();
  }

  onBlur() {
    this.suggestions.close();
    this.leaves = false;
    this.tell(); // whatever is clicked next is about this text
  }

  onKey(event) {
    if (event.isComposing) return;
    const { key, shiftKey, altKey } = event;
    const hasCommand = event.ctrlKey || event.metaKey;
    if (key === "Enter" && hasCommand) this.runAtOnce();
    else if (hasCommand || altKey) return;
    else if (this.suggestions.isOpen && !shiftKey && this.suggestions.onKey(event)) this.leaves = false;
    else if (key === "Tab" && !shiftKey && !this.leaves) this.insert(INDENTATION);
    else if (key === "Enter") this.insert(`\n${this.nextIndentation()}`);
    else {
      if (key === "Escape") this.leaves = true;
      else if (key !== "Tab" && key !== "Shift") this.leaves = false;
      if (/^(Arrow|Home|End|Page)/.test(key)) this.suggestions.close();
      return;
    }
    event.preventDefault();
  }

  onPointer({ clientX: x, clientY: y }) {
    const boxes = [...this.parts.copy.querySelectorAll(".fault")].flatMap((piece) => [
      ...piece.getClientRects(),
    ]);
    const isOver = boxes.some((box) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom);
    this.area.title = isOver ? this.parts.fault.textContent : "";
  }

  // The text

  /** Insert as typing does, so that undo knows of it. */
  insert(text) {
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
      this.onInput();
    }
  }

  replaceTyped(typed, name) {
    this.area.selectionStart = this.area.selectionEnd - typed.length;
    this.insert(name);
    this.suggestions.close();
  }

  /** As deep as this line, and deeper after a colon. */
  nextIndentation() {
    const before = this.area.value.slice(0, this.area.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    return /^ */.exec(line)[0] + (/:\s*$/.test(line) ? INDENTATION : "");
  }

  suggest() {
    const { value, selectionStart: caret, selectionEnd } = this.area;
    const found = caret === selectionEnd && suggestionsAt(this.names, value, caret);
    if (!found) {
      this.suggestions.close();
      return;
    }
    this.suggestions.open(found);
    this.place(caret - found.typed.length);
  }

  /** The list under the line, where the name begins, within the editor's width. */
  place(offset) {
    const [frame, caret] = [this.root.getBoundingClientRect(), this.boxAt(offset)];
    const { node } = this.suggestions;
    const left = Math.min(caret.left - frame.left, frame.width - node.offsetWidth);
    node.style.left = `${Math.max(0, left)}px`;
    node.style.top = `${caret.bottom - frame.top}px`;
  }

  /** Where on the screen a character of the copy is. */
  boxAt(offset) {
    const walker = document.createTreeWalker(this.parts.copy, NodeFilter.SHOW_TEXT);
    let rest = offset;
    while (walker.nextNode() && rest >= walker.currentNode.length) rest -= walker.currentNode.length;
    const range = document.createRange();
    range.setStart(walker.currentNode, rest);
    range.setEnd(walker.currentNode, rest + 1);
    return range.getBoundingClientRect();
  }

  /** The browser does so itself, but before the copy has grown, and also beneath the gutter. */
  keepCaretInSight() {
    const frame = this.root.querySelector(".blitz-editor-frame");
    const { right, top, bottom } = frame.getBoundingClientRect();
    const { right: left } = this.parts.gutter.getBoundingClientRect();
    const caret = this.boxAt(this.area.selectionEnd);
    const beyond = (place, from, to) => Math.min(place - MARGIN - from, 0) || Math.max(place + MARGIN - to, 0);
    frame.scrollLeft += beyond(caret.left, left, right);
    frame.scrollTop += beyond((caret.top + caret.bottom) / 2, top, bottom);
  }

  // The way to the script

  runAtOnce() {
    this.suggestions.close();
    this.told = null; // also a text that was run before
    this.tell();
  }

  tell() {
    clearTimeout(this.timer);
    const { value } = this.area;
    if (value === this.told || this.isTooLong() || !this.send) return;
    this.told = value;
    this.serial += 1;
    const { instance, serial, revision } = this;
    this.send({ instance, serial, revision, source: value });
  }

  isTooLong() {
    return [...this.area.value].length > this.maxLength;
  }

  // Drawing

  draw() {
    const { value } = this.area;
    const { fault = null, marked = null, fault_text = "" } = this.meeting.control ?? {};
    const wrong = this.mark(fault, "fault");
    const marks = [wrong, this.mark(marked, "marked")].filter(Boolean);
    // A last line without letters has no height of its own.
    this.parts.copy.replaceChildren(...pieces(value, marks).flatMap(pieceNodes), "\u200b");
    const isWrong = Boolean(fault_text) && (!fault || Boolean(wrong));
    this.parts.fault.textContent = isWrong ? fault_text : "";
    this.area.setAttribute("aria-invalid", isWrong);
    this.area.setAttribute("aria-describedby", `${this.parts.fault.id} ${this.parts.hint.id}`);
    this.drawGutter(value, wrong);
    this.drawCount();
  }

  /** A span of the text that the script has read, in the text as it is now. */
  mark(span, kind) {
    if (!span) return null;
    const { source } = this.meeting.control;
    const range = movedRange(widened(source, rangeOf(source, span)), source, this.area.value);
    return range && { ...range, kind };
  }

  drawGutter(value, wrong) {
    const wrongLine = wrong && value.slice(0, wrong.start).split("\n").length;
    const numbers = value.split("\n").map((_, at) => {
      const number = document.createElement("div");
      number.textContent = at + 1;
      if (at + 1 === wrongLine) {
        number.className = "fault";
        number.title = this.parts.fault.textContent;
      }
      return number;
    });
    this.parts.gutter.replaceChildren(...numbers);
  }

  drawCount() {
    const count = [...this.area.value].length;
    const { maxLength: max = Infinity } = this;
    const text = (number) => number.toLocaleString("en-GB");
    const isTooLong = count > max;
    this.parts.hint.hidden = isTooLong;
    this.parts.count.classList.toggle("too-long", isTooLong);
    this.parts.count.textContent = isTooLong
      ? `Too long to run: ${text(count)} characters, and at most ${text(max)}`
      : count > COUNTED_FROM * max
        ? `${text(count)} of ${text(max)} characters`
        : "";
  }
}

function pieceNodes({ text, kinds, behind }) {
  const nodes = [];
  if (behind.length) nodes.push(spanOf("", [...behind, "nothing"]));
  if (text) nodes.push(kinds.length ? spanOf(text, kinds) : document.createTextNode(text));
  return nodes;
}

function spanOf(text, kinds) {
  const node = document.createElement("span");
  node.className = kinds.join(" ");
  node.textContent = text;
  return node;
}

const editors = new WeakMap();

function meetingOf(name) {
  window.blitzEditors ??= new Map();
  if (!window.blitzEditors.has(name)) window.blitzEditors.set(name, {});
  return window.blitzEditors.get(name);
}

export default function (component) {
  const { parentElement, data } = component;
  let editor = editors.get(parentElement);
  if (!editor) {
    const { view } = JSON.parse(new TextDecoder().decode(data));
    editor = new Editor(parentElement, meetingOf(view));
    editors.set(parentElement, editor);
  }
  editor.meeting.editor = editor;
  editor.render(component);
  editor.renders += 1;
  const mine = editor.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (editor.renders !== mine) return;
    editor.close();
    editors.delete(parentElement);
    if (editor.meeting.editor === editor) editor.meeting.editor = null;
  };
}
