// The drawing as a PNG file.

const PICTURE_RATIO = 2; // pixels of the file for one of the view
const MAX_SIDE = 8192;
const MAX_PIXELS = 48e6;
const WHOLE_MARGIN = 24;

/** A picture of what the camera sees. */
function pictureOfView(painting, overlay, camera) {
  const ratio = Math.min(PICTURE_RATIO, MAX_SIDE / Math.max(camera.width, camera.height));
  return paintPicture({ ...painting, camera, ratio }, overlay);
}

/** A picture of all of it, at scale 1 or as large as a file may be. */
function pictureOfWhole(painting, overlay) {
  const { x0, y0, x1, y1 } = painting.drawing.bounds;
  const wide = x1 - x0;
  const high = y1 - y0;
  const room = MAX_SIDE / PICTURE_RATIO - 2 * WHOLE_MARGIN;
  const byArea = Math.sqrt(MAX_PIXELS / PICTURE_RATIO ** 2 / Math.max(1, wide * high));
  const scale = Math.min(1, room / Math.max(1, wide), room / Math.max(1, high), byArea);
  const camera = new Camera(() => {});
  Object.assign(camera, {
    x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale,
    width: wide * scale + 2 * WHOLE_MARGIN, height: high * scale + 2 * WHOLE_MARGIN,
  });
  return paintPicture({ ...painting, camera, ratio: PICTURE_RATIO }, overlay);
}

function paintPicture(painting, overlay) {
  const { camera, ratio } = painting;
  const sheet = () => {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.floor(camera.width * ratio));
    canvas.height = Math.max(1, Math.floor(camera.height * ratio));
    return canvas;
  };
  const [below, above] = [sheet(), sheet()];
  new Scene().paint({ ...painting, context: below.getContext("2d") });
  overlay.paint({ ...painting, context: above.getContext("2d") });
  const context = below.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(above, 0, 0);
  return below;
}

function download(canvas, name) {
  return new Promise((resolve) => {
    canvas.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "graph"}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      resolve();
    }, "image/png");
  });
}
