// Draws the last hours of a home against its usual; hours that are unknown are hatched, not empty.
"use strict";

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();

function hatch(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour("--no_data");
  pen.globalAlpha = 0.45;
  pen.beginPath();
  for (const start of [-8, 0, 8]) { pen.moveTo(start, 8); pen.lineTo(start + 8, 0); }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

function unknownHours(values) {
  return { hooks: { drawClear: [(plot) => {
    const context = plot.ctx;
    context.save();
    const unknown = hatch(context);
    values.forEach((litres, index) => {
      const left = plot.valToPos(index - 0.5, "x", true);
      const right = plot.valToPos(index + 0.5, "x", true);
      const foot = plot.bbox.top + plot.bbox.height;
      if (litres === null) {
        context.fillStyle = unknown;
        context.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
      } else if (litres === 0) {  // known to be zero: a mark on the ground, where unknown has none
        context.fillStyle = colour("--accent");
        context.fillRect(left + (right - left) * 0.14, foot - 3 * devicePixelRatio, (right - left) * 0.72, 3 * devicePixelRatio);
      }
    });
    context.restore();
  }] } };
}

function draw(place) {
  const told = JSON.parse(place.dataset.chart);
  const at = told.labels.map((_, index) => index);
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const most = Math.max(10, ...told.litres.map(Number), ...told.usual.map(Number));
  const ticks = new Map(told.ticks.map(([index, label]) => [index, label]));
  const hours = (plot) => told.ticks.filter(([, , hour]) => hour % (plot.width < 620 ? 12 : 6) === 0);
  const axis = { stroke: colour("--soft"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const options = {
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    plugins: [unknownHours(told.litres)],
    scales: { x: { time: false, range: [-0.5, at.length - 0.5] }, y: { range: [0, most * 1.1] } },
    axes: [
      { ...axis, size: 30, splits: (plot) => hours(plot).map(([index]) => index), values: (_, splits) => splits.map((split) => ticks.get(split)), space: 30 },
      { ...axis, size: 46 },
    ],
    series: [
      {},
      { fill: colour("--accent"), stroke: colour("--accent"), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.72] }) },
      { stroke: colour("--important"), width: 2, dash: [5, 4], points: { show: false }, paths: uPlot.paths.stepped({ align: 0 }) },
    ],
  };
  place.replaceChildren();
  return new uPlot(options, [at, told.litres, told.usual], place);
}

for (const place of document.querySelectorAll("[data-chart]")) {
  let plot = draw(place);
  new ResizeObserver(() => {
    if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: place.clientHeight });
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { plot.destroy(); plot = draw(place); });
}
