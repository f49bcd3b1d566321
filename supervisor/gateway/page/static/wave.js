// The audio as bars: what was heard, what came, and what is still to come.

const GAP = 4, WIDTH = 2.5; // CSS pixels from bar to bar, and of a bar.

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} peaks of 20 ms each @param {number} shown seconds that the whole width stands for
 * @param {number} position seconds
 */
export function drawWave(canvas, peaks, shown, position) {
  const { clientWidth: width, clientHeight: height } = canvas, scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const [heard, came] = [style.color, style.borderColor], bars = Math.floor(width / GAP);
  for (let bar = 0; bar < bars; bar += 1) {
    const from = Math.floor((bar / bars) * shown * 50), to = Math.max(from + 1, Math.floor(((bar + 1) / bars) * shown * 50));
    let loud = null;
    for (let i = from; i < to && i < peaks.length; i += 1) loud = Math.max(loud ?? 0, peaks[i]);
    const tall = loud === null ? 2 : Math.max(3, Math.min(1, Math.sqrt(loud) * 1.1) * height);
    pen.fillStyle = loud !== null && (bar / bars) * shown < position ? heard : came;
    pen.globalAlpha = loud === null ? 0.5 : 1;
    pen.beginPath();
    pen.roundRect(bar * GAP, (height - tall) / 2, WIDTH, tall, 1.25);
    pen.fill();
  }
}
