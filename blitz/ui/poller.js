// Joined with the script of each component that keeps itself up to date without script runs.

const LONGEST_RETRY_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** Asks again and again, one request at a time, while its page is looked at. */
class Poller {
  /**
   * ask(signal): one round; answers after how many milliseconds to ask again, null for not at all.
   * tell(notice): shows why there is nothing new, or null that there is.
   */
  constructor(ask, tell) {
    this.ask = ask;
    this.tell = tell;
    this.failures = 0;
    this.listening = new AbortController();
    const { signal } = this.listening;
    document.addEventListener("visibilitychange", () => this.wake(), { signal });
  }

  /** Ask now; while a request is under way, ask again as soon as it is done. */
  wake() {
    clearTimeout(this.timer);
    if (this.isAsking) this.isDue = true;
    else this.timer = setTimeout(() => this.round());
  }

  /** What is being asked is of no interest any more: ask anew. */
  startOver() {
    this.request?.abort();
    this.wake();
  }

  close() {
    this.isClosed = true;
    this.listening.abort();
    this.request?.abort();
    clearTimeout(this.timer);
  }

  async round() {
    if (this.isClosed || document.hidden) return;
    this.isAsking = true;
    this.isDue = false;
    let pause;
    const request = new AbortController();
    this.request = request;
    try {
      pause = await this.ask(request.signal);
      this.failures = 0;
      this.tell(null);
    } catch (error) {
      pause = request.signal.aborted ? 0 : this.retryLater(error);
    }
    this.isAsking = false;
    if (this.isClosed) return;
    if (this.isDue) this.wake();
    else if (pause !== null) this.timer = setTimeout(() => this.round(), pause);
  }

  retryLater(error) {
    if (error.isFinal) {
      this.tell(error.message);
      return null;
    }
    this.failures += 1;
    // fetch itself raises TypeError; the server's own words are worth showing.
    const isServers = error.constructor === Error;
    this.tell(`${isServers ? error.message : "connection lost"}, trying again`);
    return Math.min(LONGEST_RETRY_MS, 700 * 2 ** this.failures);
  }
}

/** The answer of a data route; an Error carries the server's own words, final where it has none. */
async function fetchJson(address, parameters, signal) {
  const response = await fetch(`${address}?${new URLSearchParams(parameters)}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.error), { isFinal: response.status === 404 });
}
