// The way from the browser to the script.

const STALE_MS = 3_000; // without an answer: whatever was to answer is busy or gone
const SOON_MS = 300; // a script run that began before an event may end after it

/** Tells the script where a person is: the last place wins, and one at a time is on its way. */
class Sender {
  constructor() {
    this.instance = Math.random().toString(36).slice(2);
    this.serial = 0;
    this.sent = 0;
    this.handled = 0;
    this.send = null;
  }

  tell(place, isPlaying) {
    this.serial += 1;
    this.latest = { place, is_playing: isPlaying };
    if (this.sent <= this.handled || this.waited() > STALE_MS) this.flush();
  }

  waited() {
    return performance.now() - this.sentAt;
  }

  flush() {
    if (!this.send) return;
    this.sent = this.serial;
    this.sentAt = performance.now();
    const { instance, serial, placeSerial: place_serial } = this;
    this.send({ instance, serial, place_serial, ...this.latest });
  }

  /** The script has sent the stepper elsewhere: what was not told by then is of no interest. */
  follow(placeSerial) {
    this.handled = this.serial;
    this.placeSerial = placeSerial;
  }

  /** After a script run: it may have been begun before the event, or broken off after it. */
  onAnswer(instance, handled) {
    if (instance === this.instance) this.handled = Math.max(this.handled, handled);
    const isUnderWay = this.sent > this.handled && this.waited() < SOON_MS;
    if (this.serial > this.handled && !isUnderWay) this.flush();
  }
}
