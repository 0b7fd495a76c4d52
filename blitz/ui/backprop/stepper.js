// The stepper: a diagram of the network, a player and a list of steps, which show the same step.
//
// The calculation comes as bytes, and again only when it is another one; the small things that
// change with every script run come through stepper_control.js. Both meet in window.blitzSteppers.

const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
};

const SKELETON = `<div class="blitz-stepper-frame">
  <div class="blitz-stepper-body">
    <div class="blitz-stepper-diagram">
      <div data-part="plot" role="img"></div>
      <div class="blitz-stepper-key" aria-hidden="true">
        <span><i data-line="positive"></i>positive</span>
        <span><i data-line="negative"></i>negative</span>
      </div>
      <div class="blitz-stepper-tooltip" data-part="tooltip" hidden></div>
      <p class="blitz-stepper-notice" role="alert" hidden></p>
    </div>
    <div class="blitz-stepper-player">
      <div class="blitz-stepper-buttons" role="group" aria-label="Player">
        ${button("first", "First step", "Home")}
        ${button("back", "One step back", "←")}
        ${button("play", "Play", "Space")}
        ${button("next", "Next step", "→")}
        ${button("last", "Last step", "End")}
      </div>
      <label class="blitz-stepper-speed" title="Steps a second">
        <select aria-label="Steps a second">
          <option value="0.5">0.5/s</option>
          <option value="1">1/s</option>
          <option value="2" selected>2/s</option>
          <option value="5">5/s</option>
          <option value="10">10/s</option>
        </select>
      </label>
      <input type="range" min="0" step="1" aria-label="Step">
      <span class="blitz-stepper-count" data-part="count"></span>
      <p class="blitz-stepper-now"><b data-part="kind"></b> <span data-part="result"></span></p>
    </div>
  </div>
  <div class="blitz-stepper-side">
    <div class="blitz-stepper-list" data-part="list" role="region" aria-label="All steps"
      tabindex="0"></div>
  </div></div>`;

function button(name, label, key) {
  return `<button type="button" data-go="${name}" aria-label="${label}" title="${label} (${key})">
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[name]}"/></svg></button>`;
}

class Stepper {
  constructor(parent, meeting) {
    this.meeting = meeting;
    this.renders = 0;
    this.place = 0;
    this.root = document.createElement("section");
    this.root.className = "blitz-stepper";
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "The calculation step by step");
    this.root.innerHTML = SKELETON;
    parent.append(this.root);
    this.parts = Object.fromEntries(
      [...this.root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]),
    );
    this.slider = this.root.querySelector("input");
    this.speed = this.root.querySelector("select");
    this.diagram = new Diagram(this.root.querySelector(".blitz-stepper-diagram"), (name) => {
      const stop = this.model.stopAfter(name, this.place);
      if (stop !== undefined) this.moveTo(stop);
    });
    this.list = new StepList(this.parts.list, (step) => this.moveTo(step));
    this.listening = new AbortController();
    this.connect();
  }

  listen(target, name, handler) {
    target.addEventListener(name, handler, { signal: this.listening.signal });
  }

  connect() {
    for (const node of this.root.querySelectorAll("[data-go]")) {
      this.listen(node, "click", () => this.go(node.dataset.go));
    }
    this.listen(this.slider, "input", () => this.moveTo(Number(this.slider.value)));
    this.listen(this.speed, "change", () => this.isPlaying && this.schedule());
    this.listen(this.root, "keydown", (event) => this.onKey(event));
    this.listen(document, "visibilitychange", () => document.hidden && this.pause());
  }

  // What Streamlit gives

  render({ data, setTriggerValue }) {
    this.meeting.sender.send = (value) => setTriggerValue("event", value);
    const text = new TextDecoder().decode(data);
    if (text !== this.text) {
      this.text = text;
      this.setModel(new Model(JSON.parse(text)));
    }
    this.draw();
  }

  setModel(model) {
    this.model = model;
    this.slider.max = model.numSteps - 1;
    this.list.setSteps(model.steps);
    this.followScript();
    this.place = Math.min(this.place, model.numSteps - 1);
    this.root.dataset.calculation = model.calculation_key;
  }

  async draw() {
    const notice = this.root.querySelector(".blitz-stepper-notice");
    this.diagram.takeColors();
    this.show(); // the list and the player need not wait
    try {
      await loadPlotly(this.model.plotly_url);
      notice.hidden = true;
    } catch (error) {
      notice.hidden = false;
      notice.textContent = error.message;
      return;
    }
    if (!this.isClosed) this.diagram.draw(this.model, this.place);
  }

  close() {
    this.isClosed = true;
    this.stop();
    this.listening.abort();
    this.list.destroy();
    this.diagram.destroy();
    this.root.remove();
  }

  onControl() {
    const { control, sender } = this.meeting;
    sender.onAnswer(control.instance, control.handled);
    if (this.model && this.followScript()) this.show();
  }

  /** Go where the script wants; before anybody moved, where it says. */
  followScript() {
    const { control } = this.meeting;
    if (!control || (this.hasMoved && control.place_serial === this.placeSerial)) return false;
    if (this.placeSerial !== control.place_serial) {
      this.stop();
      this.meeting.sender.follow(control.place_serial);
    }
    this.placeSerial = control.place_serial;
    this.place = Math.min(control.place, this.model.numSteps - 1);
    return true;
  }

  // Moving

  /** A person goes to a step. */
  moveTo(place) {
    const target = Math.max(0, Math.min(place, this.model.numSteps - 1));
    if (this.isPlaying) this.schedule(); // a step chosen by hand is looked at as long as others
    if (target === this.place) return;
    this.place = target;
    this.hasMoved = true;
    if (target === this.model.numSteps - 1) this.stop();
    this.meeting.sender.tell(target, Boolean(this.isPlaying));
    this.show();
  }

  go(name) {
    const last = this.model.numSteps - 1;
    if (name === "play") this.togglePlay();
    else this.moveTo({ first: 0, back: this.place - 1, next: this.place + 1, last }[name]);
  }

  togglePlay() {
    if (this.isPlaying) {
      this.pause();
      return;
    }
    this.isPlaying = true;
    if (this.place === this.model.numSteps - 1) this.moveTo(0);
    this.schedule();
    this.showPlayer();
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.moveTo(this.place + 1), 1_000 / Number(this.speed.value));
  }

  pause() {
    if (!this.isPlaying) return;
    this.stop();
    this.meeting.sender.tell(this.place, false);
    this.showPlayer();
  }

  stop() {
    this.isPlaying = false;
    clearTimeout(this.timer);
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === this.speed) return;
    const name = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play" }[
      event.key
    ];
    const isPressed = event.key === " " && event.target.closest("button");
    if (!name || isPressed) return;
    event.preventDefault();
    this.go(name);
  }

  // Showing

  show() {
    const { model, place } = this;
    this.list.show(place, model.isForward(place));
    // Until another calculation is drawn, its steps are not those of the diagram.
    if (this.diagram.model === model) this.diagram.show(place);
    this.showPlayer();
  }

  showPlayer() {
    const { model, place, parts } = this;
    const last = model.numSteps - 1;
    this.slider.value = place;
    this.slider.setAttribute("aria-valuetext", `step ${place + 1}: ${model.steps.name[place]}`);
    parts.count.textContent = `step ${place + 1} of ${model.numSteps}`;
    parts.kind.textContent = model.kind(place);
    parts.result.textContent = `${model.steps.name[place]} = ${model.steps.value[place]}`;
    this.root.dataset.place = place;
    this.root.dataset.way = model.isForward(place) ? "forward" : "backward";
    this.root.dataset.playing = Boolean(this.isPlaying);
    const [first, back, play, next, end] = this.root.querySelectorAll("[data-go]");
    for (const node of [first, back]) node.setAttribute("aria-disabled", place === 0);
    for (const node of [next, end]) node.setAttribute("aria-disabled", place === last);
    const name = this.isPlaying ? "pause" : "play";
    play.querySelector("path").setAttribute("d", ICONS[name]);
    const label = this.isPlaying ? "Pause" : "Play";
    play.setAttribute("aria-label", label);
    play.title = `${label} (Space)`;
  }
}

const steppers = new WeakMap();

function meetingOf(name) {
  window.blitzSteppers ??= new Map();
  if (!window.blitzSteppers.has(name)) window.blitzSteppers.set(name, {});
  const meeting = window.blitzSteppers.get(name);
  meeting.sender ??= new Sender();
  return meeting;
}

export default function (component) {
  const { parentElement, data } = component;
  let stepper = steppers.get(parentElement);
  if (!stepper) {
    const { view } = JSON.parse(new TextDecoder().decode(data));
    stepper = new Stepper(parentElement, meetingOf(view));
    steppers.set(parentElement, stepper);
  }
  stepper.meeting.stepper = stepper;
  stepper.render(component);
  stepper.renders += 1;
  const mine = stepper.renders;
  return () => {
    // Streamlit may drop an earlier call after a later one: only the last call's end is the end.
    if (stepper.renders !== mine) return;
    stepper.close();
    steppers.delete(parentElement);
    if (stepper.meeting.stepper === stepper) stepper.meeting.stepper = null;
  };
}
