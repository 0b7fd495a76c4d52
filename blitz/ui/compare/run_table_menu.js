// The menu of one or more runs, and the small window in which tags and notes are written.

/** A list of actions at a button: arrow keys lead through it, Escape leaves it. */
class RunMenu {
  constructor(root) {
    this.root = root;
    this.list = document.createElement("div");
    this.list.className = "menu";
    this.list.setAttribute("role", "menu");
    this.list.hidden = true;
    root.append(this.list);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("focusout", (event) => {
      if (!this.list.contains(event.relatedTarget)) this.close();
    });
  }

  /** entries: [title, action] each; an action of null cannot be chosen now. */
  open(button, entries) {
    this.button = button;
    this.list.replaceChildren(...entries.map(([title, action]) => this.entry(title, action)));
    this.list.hidden = false;
    const place = button.getBoundingClientRect();
    const frame = this.root.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.list;
    const isAbove = place.bottom + height > window.innerHeight && place.top > height;
    this.list.style.left = `${Math.max(0, Math.min(place.left - frame.left, frame.width - width))}px`;
    this.list.style.top = `${(isAbove ? place.top - height : place.bottom) - frame.top}px`;
    button.setAttribute("aria-expanded", "true");
    this.entries()[0]?.focus({ preventScroll: true });
  }

  entry(title, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.disabled = action === null;
    button.setAttribute("role", "menuitem");
    button.textContent = title;
    button.addEventListener("click", () => {
      this.close(true);
      action();
    });
    return button;
  }

  entries() {
    return [...this.list.querySelectorAll("button:enabled")];
  }

  onKey(event) {
    const entries = this.entries();
    const at = entries.indexOf(document.activeElement);
    const count = entries.length;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + count, Home: 0, End: count - 1 }[event.key];
    if (event.key === "Escape") this.close(true);
    else if (to === undefined) return;
    else entries[to % count].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  close(returnsFocus = false) {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.button.removeAttribute("aria-expanded");
    if (returnsFocus) this.button.focus({ preventScroll: true });
  }
}

/**
 * Ask for a text in a window of its own.
 *
 * fault(text): why it cannot be saved, nothing where it can; save(text): called unless it is left.
 */
function askForText(root, { title, help, value, limit, fault = () => "", save }) {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = `<form method="dialog"><label><b></b><span></span>
    <textarea rows="5"></textarea></label><div><button value="save">Save</button>
    <button formnovalidate>Cancel</button></div></form>`;
  const text = dialog.querySelector("textarea");
  dialog.querySelector("b").textContent = title;
  dialog.querySelector("span").textContent = help;
  text.value = value;
  text.maxLength = limit;
  text.addEventListener("input", () => text.setCustomValidity(fault(text.value)));
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      dialog.querySelector("form").requestSubmit(dialog.querySelector("[value=save]"));
    }
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "save") save(text.value);
  });
  root.append(dialog);
  dialog.showModal();
}
