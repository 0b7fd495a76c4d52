// Tells a stepper what changes with every script run, without sending its calculation again: which
// event the script has taken up, and where it wants the stepper to be.

export default function ({ data }) {
  window.blitzSteppers ??= new Map();
  if (!window.blitzSteppers.has(data.view)) window.blitzSteppers.set(data.view, {});
  const meeting = window.blitzSteppers.get(data.view);
  meeting.control = data;
  meeting.stepper?.onControl();
}
