// The bar that plays a backward pass, and the legend of its colours.

const SPEEDS = [1, 2, 5, 10, 25, 100, 500]; // steps a second
const WISHED_SECONDS = 25; // that a whole pass takes at the speed first chosen

class Playbar {
  /** onStep: another step is shown; onPulse(share): how far the pulses of this step have come. */
  constructor(root, listen, { onStep, onPulse }) {
    this.root = root;
    this.bar = root.querySelector("[data-part=playback]");
    this.legend = root.querySelector("[data-part=legend]");
    this.slider = this.bar.querySelector("input");
    this.speed = this.bar.querySelector("select");
    this.line = this.bar.querySelector("[data-part=step]");
    this.playButton = this.bar.querySelector("[data-action=play]");
    this.onStep = onStep;
    this.onPulse = onPulse;
    this.playback = null;
    this.frame = 0;
    this.speed.replaceChildren(...SPEEDS.map((speed) => new Option(`${speed} a second`, speed)));
    const goes = {
      first: () => this.go(-1),
      back: () => this.go(this.playback.step - 1),
      play: () => (this.isPlaying ? this.pause() : this.play()),
      next: () => this.go(this.playback.step + 1),
      last: () => this.go(this.playback.numSteps),
    };
    for (const [name, go] of Object.entries(goes)) {
      listen(this.bar.querySelector(`[data-action=${name}]`), "click", go);
    }
    listen(this.slider, "input", () => this.go(Number(this.slider.value)));
  }

  get isPlaying() {
    return this.frame !== 0;
  }

  setPlayback(playback) {
    this.pause();
    this.playback = playback;
    this.bar.hidden = this.legend.hidden = !playback;
    if (!playback) return;
    this.slider.min = -1;
    this.slider.max = playback.numSteps;
    const speed = SPEEDS.find((each) => each * WISHED_SECONDS >= playback.numSteps);
    this.speed.value = Math.max(2, speed ?? SPEEDS.at(-1));
    this.show();
  }

  go(step) {
    this.pause();
    this.playback.step = clamp(step, -1, this.playback.numSteps);
    this.show();
    this.onStep();
  }

  play() {
    const { playback } = this;
    if (playback.isFinal) playback.step = -1;
    let share = 1; // the first step begins at once
    let before;
    const move = (now) => {
      share += ((now - (before ?? now)) / 1000) * Number(this.speed.value);
      before = now;
      if (share >= 1) {
        playback.step = Math.min(playback.numSteps, playback.step + Math.floor(share));
        share %= 1;
        this.show();
        this.onStep();
      }
      this.onPulse(wantsLessMotion() ? 0.5 : share);
      if (playback.isFinal) this.pause();
      else this.frame = requestAnimationFrame(move);
    };
    this.frame = requestAnimationFrame(move);
    this.showButton();
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.onPulse(0.5);
    this.showButton();
  }

  showButton() {
    this.playButton.dataset.icon = this.isPlaying ? "pause" : "play";
    this.playButton.setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    this.playButton.title = this.isPlaying ? "Pause" : "Play";
    this.root.dataset.playing = this.isPlaying;
  }

  show() {
    const { playback } = this;
    this.slider.value = playback.step;
    const share = (playback.step + 1) / (playback.numSteps + 1);
    this.slider.style.setProperty("--graph-share", `${100 * share}%`);
    this.slider.setAttribute("aria-valuetext", playback.line);
    this.line.textContent = playback.line;
    this.root.dataset.step = playback.step;
    const button = (name) => this.bar.querySelector(`[data-action=${name}]`);
    button("first").disabled = button("back").disabled = playback.step < 0;
    button("next").disabled = button("last").disabled = playback.isFinal;
  }

  showLegend(theme) {
    const { playback } = this;
    if (!playback) return;
    const [low, high] = this.legend.querySelectorAll("[data-part=end]");
    const scale = this.legend.querySelector("[data-part=scale]");
    scale.style.background = `linear-gradient(to right, ${theme.norms.join(", ")})`;
    this.legend.querySelector("[data-part=zero]").style.background = theme.zero;
    this.legend.querySelector("[data-part=broken]").style.background = theme.error;
    const { from, to } = playback.decades ?? { from: 0, to: 1 };
    low.textContent = `1e${from}`.replace("-", "−");
    high.textContent = `1e${to}`.replace("-", "−");
    const has = (edgeClass) => playback.finalClass.includes(edgeClass);
    this.legend.querySelector("[data-of=zero]").hidden = !has(EDGE_ZERO);
    this.legend.querySelector("[data-of=broken]").hidden = !has(EDGE_BROKEN);
  }
}
