// What the chart of many runs holds of each: its thinned curve as far as it was fetched, with more
// of its points where somebody has zoomed in.

/** What is held of a run once an answer of the server is in, of at most about `numPoints` points. */
function heldAfter(before, answer, numPoints) {
  const { x, y, means, last_id: lastId, is_whole: isWhole, ...about } = answer;
  const added = withMeans({ x, y, means });
  const kept = isWhole || !before ? added : before;
  if (kept !== added) append(kept, added);
  const hasDetail = kept !== added && before.hasDetail;
  const wantsWhole = kept.x.length > 2.5 * numPoints && !hasDetail;
  return { ...kept, ...about, lastId, hasDetail, wantsWhole };
}

/** The same with the points between `from` and `to` that another answer has. */
function refined(run, answer, from, to) {
  const detail = withMeans(answer);
  const columns = splice({ x: run.x, y: run.y }, detail, from, to);
  const means = splice(run.means, detail.means, from, to);
  return { ...run, ...columns, means, hasDetail: true };
}
