// Tells a strip of cards what may change with every script run, without sending its cards again:
// which of them is chosen.

export default function ({ data }) {
  window.blitzStrips ??= new Map();
  if (!window.blitzStrips.has(data.view)) window.blitzStrips.set(data.view, {});
  const meeting = window.blitzStrips.get(data.view);
  meeting.control = data;
  meeting.strip?.onControl();
}
