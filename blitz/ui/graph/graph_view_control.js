// Tells a graph view what changes with every script run, without sending its drawing again:
// which event the script has taken up, and what it wants selected.

export default function ({ data }) {
  window.blitzGraphViews ??= new Map();
  if (!window.blitzGraphViews.has(data.view)) window.blitzGraphViews.set(data.view, {});
  const meeting = window.blitzGraphViews.get(data.view);
  meeting.control = data;
  meeting.onControl?.();
}
