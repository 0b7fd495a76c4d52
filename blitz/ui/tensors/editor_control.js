// Tells an editor what changes with every script run, without sending its names again: a text from
// outside, and what is marked in the text that the script has read.

export default function ({ data }) {
  window.blitzEditors ??= new Map();
  if (!window.blitzEditors.has(data.view)) window.blitzEditors.set(data.view, {});
  const meeting = window.blitzEditors.get(data.view);
  meeting.control = data;
  meeting.editor?.onControl();
}
