import type uPlot from 'uplot';
import type { ICurveContent } from './curveContent.js';

/** Radius of a mark, in pixels of the page. */
const SWITCH = 4;
const ENDING = 3;

/** Thin lines where tasks are compared. */
export function drawRungs(plot: uPlot, { rungs }: ICurveContent, ink: string): void {
  within(plot, ({ ctx, bbox }) => {
    ctx.strokeStyle = ink;
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const rung of rungs) {
      const x = Math.round(plot.valToPos(rung, 'x', true)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  });
}

/** A dot where a task goes on in another way. */
export function drawSwitches(plot: uPlot, { lines, looks }: ICurveContent, paper: string): void {
  within(plot, ({ ctx }) => {
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.fillStyle = paper;
    lines.forEach(({ switches }, i) => {
      ctx.strokeStyle = looks[i]?.colour ?? '#000';
      for (const { x, y } of switches) {
        ctx.beginPath();
        ctx.arc(
          plot.valToPos(x, 'x', true),
          plot.valToPos(y, 'y', true),
          SWITCH * devicePixelRatio,
          0,
          2 * Math.PI
        );
        ctx.fill();
        ctx.stroke();
      }
    });
  });
}

/** A cross where a task was given up. */
export function drawEndings(plot: uPlot, { lines, looks }: ICurveContent): void {
  within(plot, ({ ctx }) => {
    const size = ENDING * devicePixelRatio;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    lines.forEach(({ ending }, i) => {
      if (ending) {
        const [x, y] = [plot.valToPos(ending.x, 'x', true), plot.valToPos(ending.y, 'y', true)];
        ctx.strokeStyle = looks[i]?.colour ?? '#000';
        ctx.beginPath();
        ctx.moveTo(x - size, y - size);
        ctx.lineTo(x + size, y + size);
        ctx.moveTo(x - size, y + size);
        ctx.lineTo(x + size, y - size);
        ctx.stroke();
      }
    });
  });
}

/** Draw where curves are, and nowhere else. */
function within(plot: uPlot, draw: (plot: uPlot) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(plot);
  ctx.restore();
}
