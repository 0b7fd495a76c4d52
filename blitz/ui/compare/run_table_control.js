// Tells the table of runs what may change with every script run: which events were taken up, and
// which runs, order and filter the page has.

export default function ({ data }) {
  window.blitzRunTables ??= new Map();
  if (!window.blitzRunTables.has(data.view)) window.blitzRunTables.set(data.view, {});
  const meeting = window.blitzRunTables.get(data.view);
  meeting.control = data;
  meeting.table?.onControl();
}
