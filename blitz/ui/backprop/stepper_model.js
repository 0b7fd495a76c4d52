// A calculation in the browser: its steps, and what is known at each of them.

/** A calculation as the script sent it, and what is known of it at each step. */
class Model {
  constructor(message) {
    Object.assign(this, message);
    this.numbers = new Map(this.names.map((name, number) => [name, number]));
    this.numSteps = this.steps.name.length;
  }

  kind(step) {
    return this.kinds[this.steps.kind[step]][0];
  }

  isForward(step) {
    return this.kinds[this.steps.kind[step]][1];
  }

  /** What the diagram writes at a step: a function of a part's name, and whether it is lit. */
  known(place, isRoomy) {
    const found = new Map();
    for (let step = 0; step <= place; step += 1) {
      const shown = this.kinds[this.steps.kind[step]][2];
      if (!shown) continue;
      const about = this.names[this.steps.about[step]];
      if (!found.has(about)) found.set(about, {});
      found.get(about)[shown] = this.steps.label[step];
    }
    return (name, isLit) => {
      const known = found.get(name) ?? {};
      if (name[0] !== "w" && name[0] !== "b") return this.unitText(name, known);
      if (isLit) return this.parameterText(name, known);
      return isRoomy ? this.parameterText(name, {}) : "";
    };
  }

  unitText(name, { linear, output }) {
    if (name[0] === "i") return this.given[name][2];
    const value = output ?? (linear === undefined ? "" : `l ${linear}`);
    if (name[0] !== "o" || !this.has_target_labels) return value;
    return `${value || " "}<br>${this.given[name][0]} ${this.given[name][2]}`;
  }

  parameterText(name, { gradient, update }) {
    const value = `${name} = ${this.given[name][2]}`;
    if (!this.has_gradient_labels || gradient === undefined) return value;
    const changed = update === undefined ? value : `${value} → ${update}`;
    return name[0] === "w" ? `${changed}<br>∂ ${gradient}` : changed;
  }

  /** All that is known of a part of the network at a step, a line each. */
  facts(name, place) {
    const about = this.numbers.get(name);
    const found = [];
    for (let step = 0; step <= place; step += 1) {
      if (this.steps.about[step] !== about) continue;
      found.push(`${this.steps.name[step]} = ${this.steps.value[step]}`);
    }
    const [givenName, value] = this.given[name] ?? [];
    if (givenName === name) return [`${name} = ${value}`, ...found];
    return [name, ...(givenName ? [`${givenName} = ${value}`] : []), ...found];
  }

  /** Where a click on a part of the network leads: to the next of its steps in turn. */
  stopAfter(name, place) {
    const stops = this.stops[name];
    return stops[(stops.indexOf(place) + 1) % stops.length];
  }
}
